import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { hashTable, testedService } from '../dynamodb.fake.ts';

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
