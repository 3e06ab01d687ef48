import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hashTable, indexedTable, testedService } from '../dynamodb.fake.ts';

type Output = Record<string, unknown>;

describe('counts of items', () => {
  it('are what a Scan finds, whatever is done, also after a restart', async () => {
    const step = fc.record({
      operation: fc.constantFrom(
        'PutItem',
        'UpdateItem',
        'DeleteItem',
        'TransactWriteItems',
        'bad',
      ),
      pk: fc.constantFrom('a', 'b', 'c'),
      text: fc.string({ unit: 'grapheme', maxLength: 12 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const content = new Map<string, string>();
        const tested = await testedService(content);
        await tested.call('CreateTable', hashTable);
        for (const { operation, pk, text } of steps) {
          const TableName = 'hash';
          const Key = { pk: { S: pk } };
          const Item = { ...Key, text: { S: text } };
          const inputs: Record<string, object> = {
            PutItem: { TableName, Item },
            UpdateItem: {
              TableName,
              Key,
              UpdateExpression: 'SET n = :t',
              ExpressionAttributeValues: { ':t': { S: text } },
            },
            DeleteItem: { TableName, Key },
            TransactWriteItems: {
              TransactItems: [
                { Put: { TableName, Item } },
                { Delete: { TableName, Key: { pk: { S: 'd' } } } },
              ],
            },
          };
          if (operation === 'bad') {
            const bad = { ConditionExpression: 'attribute_exists(nothing)' };
            await tested.problem('PutItem', { TableName, Item, ...bad });
          } else await tested.call(operation, inputs[operation] ?? {});
        }
        for (const one of [tested, await testedService(content)]) {
          const { Items } = await one.call('Scan', { TableName: 'hash' });
          const { Table } = await one.call('DescribeTable', { TableName: 'hash' });
          const found = Items as object[];
          assert.equal((Table as Output)['ItemCount'], found.length);
          const lengths = found.map((item) => JSON.stringify(item).length);
          assert.equal(
            (Table as Output)['TableSizeBytes'],
            lengths.reduce((sum, length) => sum + length, 0),
          );
        }
      }),
      { numRuns: 60 },
    );
  });
});

type Described = { IndexName: string; ItemCount: number; IndexSizeBytes: number }[];

describe('counts of what is in indexes', () => {
  const TableName = 'indexed';
  const { GlobalSecondaryIndexes: created, ...unindexed } = indexedTable;
  const { AttributeDefinitions } = indexedTable;
  const step = fc.record({
    id: fc.nat(9),
    weight: fc.option(fc.constantFrom('1', '2', '3.5'), { nil: undefined }),
    colour: fc.option(fc.constantFrom('red', 'blue'), { nil: undefined }),
    note: fc.string({ maxLength: 9 }),
    isDeleted: fc.boolean(),
  });

  it('are what Scans of them find, also of one that is filled meanwhile, and after a restart', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), fc.nat(39), async (steps, at) => {
        const content = new Map<string, string>();
        const tested = await testedService(content, { turnRows: 2 });
        const { AttributeDefinitions: all, ...table } = unindexed;
        await tested.call('CreateTable', { ...table, AttributeDefinitions: all.slice(0, 3) });
        for (const [i, { id, weight, colour, note, isDeleted }] of steps.entries()) {
          const Key = { pk: { S: `p${id % 2}` }, sk: { S: `s${id}` } };
          const more = {
            ...(weight && { weight: { N: weight } }),
            ...(colour && { colour: { S: colour } }),
          };
          const [operation, input] = isDeleted
            ? ['DeleteItem', { TableName, Key }]
            : ['PutItem', { TableName, Item: { ...Key, ...more, note: { S: note } } }];
          // Done before the call returns, so that the filling index is met half-way.
          void tested.service.operations[operation as string]?.(input as never, {} as never);
          if (i === at) {
            const GlobalSecondaryIndexUpdates = created.map((Create) => ({ Create })).slice(0, 1);
            const update = { TableName, AttributeDefinitions, GlobalSecondaryIndexUpdates };
            void tested.service.operations['UpdateTable']?.(update as never, {} as never);
          }
          if (i > at) tested.step();
        }
        tested.advance(0);
        for (const one of [tested, await testedService(content)]) {
          const { Table } = await one.call('DescribeTable', { TableName });
          const { LocalSecondaryIndexes = [], GlobalSecondaryIndexes = [] } = Table as Record<
            string,
            Described
          >;
          for (const index of [...LocalSecondaryIndexes, ...GlobalSecondaryIndexes]) {
            const { IndexName, ItemCount, IndexSizeBytes } = index;
            const { Items } = await one.call('Scan', { TableName, IndexName });
            const found = Items as object[];
            assert.equal(ItemCount, found.length, IndexName);
            const lengths = found.map((item) => JSON.stringify(item).length);
            assert.equal(
              IndexSizeBytes,
              lengths.reduce((sum, length) => sum + length, 0),
              IndexName,
            );
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it('are forgotten with the index', async () => {
    const content = new Map<string, string>();
    const { call, advance } = await testedService(content);
    await call('CreateTable', indexedTable);
    const Item = { pk: { S: 'p' }, sk: { S: 's' }, colour: { S: 'red' }, weight: { N: '1' } };
    await call('PutItem', { TableName, Item });
    const IndexName = created[0]?.IndexName;
    const Delete = { IndexName };
    await call('UpdateTable', { TableName, GlobalSecondaryIndexUpdates: [{ Delete }] });
    advance(0);
    await call('DeleteItem', { TableName, Key: { pk: Item.pk, sk: Item.sk } });
    const Create = created[0];
    await call('UpdateTable', {
      TableName,
      AttributeDefinitions,
      GlobalSecondaryIndexUpdates: [{ Create }],
    });
    advance(0);
    const { Table } = await call('DescribeTable', { TableName });
    const found = (Table as Record<string, Described>)['GlobalSecondaryIndexes'] ?? [];
    const made = found.find((one) => one.IndexName === IndexName);
    assert.deepEqual([made?.ItemCount, made?.IndexSizeBytes], [0, 0]);
  });
});
