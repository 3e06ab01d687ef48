import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hashTable, indexedTable, testedService } from '../dynamodb.fake.ts';
import { collectionBytes } from '../storage/collection-sizes.ts';
import { encodeItemKey } from '../storage/key-encoding.ts';
import { openTableCatalog } from '../storage/table-catalog.ts';
import type { AttributeMap } from '../values/attribute-value.ts';

const S = (text: string) => ({ S: text });
const N = (number: string) => ({ N: number });
const size = { ReturnItemCollectionMetrics: 'SIZE' };
const metricsOf = (pk: string) => ({
  ItemCollectionKey: { pk: S(pk) },
  SizeEstimateRangeGB: [0, 1],
});

async function withTables(options = {}) {
  const tested = await testedService(undefined, options);
  await tested.call('CreateTable', indexedTable);
  await tested.call('CreateTable', hashTable);
  return tested;
}

test('writes tell of item collections where there are local indexes', async () => {
  const { call } = await withTables();
  const key = { pk: S('a'), sk: S('b') };
  const told = { ItemCollectionMetrics: metricsOf('a') };
  const TableName = 'indexed';
  assert.deepEqual(await call('PutItem', { TableName, Item: key, ...size }), told);
  assert.deepEqual(await call('UpdateItem', { TableName, Key: key, ...size }), told);
  const removed = await call('DeleteItem', {
    TableName,
    Key: key,
    ReturnValues: 'ALL_OLD',
    ReturnConsumedCapacity: 'TOTAL',
    ...size,
  });
  assert.deepEqual(removed, {
    Attributes: key,
    ConsumedCapacity: { TableName, CapacityUnits: 1 },
    ...told,
  });
  assert.deepEqual(await call('PutItem', { TableName, Item: key }), {});
  const none = { ReturnItemCollectionMetrics: 'NONE' };
  assert.deepEqual(await call('PutItem', { TableName, Item: key, ...none }), {});
  assert.deepEqual(await call('PutItem', { TableName: 'hash', Item: { pk: S('a') }, ...size }), {});
});

test('batches and transactions tell of each collection once', async () => {
  const { call } = await withTables();
  const put = (pk: string, sk: string) => ({ PutRequest: { Item: { pk: S(pk), sk: S(sk) } } });
  const written = await call('BatchWriteItem', {
    RequestItems: {
      indexed: [put('a', '1'), put('b', '1'), put('a', '2')],
      hash: [{ PutRequest: { Item: { pk: S('a') } } }],
    },
    ...size,
  });
  assert.deepEqual(written, {
    UnprocessedItems: {},
    ItemCollectionMetrics: { indexed: [metricsOf('a'), metricsOf('b')] },
  });
  const TableName = 'indexed';
  const transacted = await call('TransactWriteItems', {
    TransactItems: [
      { Put: { TableName, Item: { pk: S('c'), sk: S('1') } } },
      { Delete: { TableName, Key: { pk: S('a'), sk: S('1') } } },
      {
        ConditionCheck: {
          TableName,
          Key: { pk: S('d'), sk: S('1') },
          ConditionExpression: 'attribute_not_exists(pk)',
        },
      },
    ],
    ...size,
  });
  assert.deepEqual(transacted, {
    ItemCollectionMetrics: { indexed: [metricsOf('c'), metricsOf('a')] },
  });
});

test('a collection cannot grow beyond its limit, only shrink', async () => {
  const { call, problem, failure } = await withTables({ itemCollectionBytesMax: 1000 });
  const TableName = 'indexed';
  const item = (pk: string, sk: string, bytes: number) => ({
    pk: S(pk),
    sk: S(sk),
    data: S('x'.repeat(bytes)),
  });
  const tooLarge = 'ItemCollectionSizeLimitExceededException: Collection size exceeded.';
  await call('PutItem', { TableName, Item: item('a', '1', 600) });
  assert.equal(await problem('PutItem', { TableName, Item: item('a', '2', 600) }), tooLarge);
  await call('PutItem', { TableName, Item: item('b', '2', 600) });
  // What a local index holds of it counts too.
  const weighty = { ...item('a', '2', 370), weight: N('1') };
  assert.equal(await problem('PutItem', { TableName, Item: weighty }), tooLarge);
  await call('PutItem', { TableName, Item: item('a', '2', 370) });
  const update = {
    TableName,
    Key: { pk: S('a'), sk: S('1') },
    UpdateExpression: 'SET more = :more',
    ExpressionAttributeValues: { ':more': S('x'.repeat(50)) },
  };
  assert.equal(await problem('UpdateItem', update), tooLarge);
  const batch = { RequestItems: { indexed: [{ PutRequest: { Item: item('a', '3', 50) } }] } };
  assert.equal(await problem('BatchWriteItem', batch), tooLarge);

  const transaction = {
    TransactItems: [
      { Put: { TableName, Item: item('c', '1', 400) } },
      { Put: { TableName, Item: item('c', '2', 400) } },
      { Put: { TableName, Item: item('c', '3', 400) } },
    ],
  };
  const { fields } = await failure('TransactWriteItems', transaction);
  const reason = { Code: 'ItemCollectionSizeLimitExceeded', Message: 'Collection size exceeded.' };
  assert.deepEqual(fields['CancellationReasons'], [{ Code: 'None' }, { Code: 'None' }, reason]);
  const insert = `INSERT INTO indexed VALUE {'pk': 'a', 'sk': '4', 'd': '${'x'.repeat(50)}'}`;
  assert.equal(await problem('ExecuteStatement', { Statement: insert }), tooLarge);

  await call('DeleteItem', { TableName, Key: { pk: S('a'), sk: S('1') } });
  await call('PutItem', { TableName, Item: item('a', '1', 500) });
  await call('PutItem', { TableName, Item: item('a', '1', 400) });
});

test('sizes come with a restored table, and go with a deleted one', async () => {
  const { call, io, advance } = await withTables();
  const Item = { pk: S('p'), sk: S('s'), weight: N('1') };
  await call('PutItem', { TableName: 'indexed', Item });
  const made = await call('CreateBackup', { TableName: 'indexed', BackupName: 'first' });
  const { BackupArn } = made['BackupDetails'] as { BackupArn: string };
  advance(0);
  await call('RestoreTableFromBackup', { TargetTableName: 'again', BackupArn });
  advance(0);
  const store = await io.storage.open('dynamodb');
  const sizeIn = (TableName: string): (() => number) => {
    const table = openTableCatalog(store).find(TableName);
    assert.ok(table !== undefined, TableName);
    const itemKey = encodeItemKey(table, Item);
    return () => collectionBytes(store, itemKey);
  };
  const [first, again] = [sizeIn('indexed'), sizeIn('again')];
  assert.ok(first() > 0);
  assert.equal(again(), first());
  await call('DeleteTable', { TableName: 'indexed' });
  advance(1_000);
  assert.equal(first(), 0);
  assert.ok(again() > 0);
});

test('stored sizes are those of the items, whatever was written', async () => {
  const { call, io } = await withTables();
  const names = ['1', '2', '3'];
  const write = fc.record({
    sk: fc.constantFrom(...names),
    data: fc.string({ maxLength: 20 }),
    weight: fc.option(fc.integer(), { nil: undefined }),
    remove: fc.boolean(),
  });
  const TableName = 'indexed';
  const store = await io.storage.open('dynamodb');
  const table = openTableCatalog(store).find(TableName);
  assert.ok(table !== undefined);
  const pk = { pk: S('p') };
  await fc.assert(
    fc.asyncProperty(fc.array(write, { minLength: 1, maxLength: 6 }), async (writes) => {
      for (const { sk, data, weight, remove } of writes) {
        const Key = { ...pk, sk: S(sk) };
        const Item: AttributeMap = { ...Key, data: S(data) };
        if (weight !== undefined) Item['weight'] = N(String(weight));
        if (remove) await call('DeleteItem', { TableName, Key });
        else await call('PutItem', { TableName, Item });
      }
      let expected = 0;
      for (const sk of names) {
        const { Item } = await call('GetItem', { TableName, Key: { ...pk, sk: S(sk) } });
        const item = Item as AttributeMap | undefined;
        if (item === undefined) continue;
        const { data = {}, weight } = item;
        const key = 'pk'.length + 1 + 'sk'.length + 1;
        expected += key + 'data'.length + Buffer.byteLength(data.S ?? '');
        if (weight?.N === undefined) continue;
        const digits = weight.N.replace('-', '').replace(/(00)+$/, '');
        const bytes =
          weight.N === '0' ? 1 : 1 + (weight.N < '0' ? 1 : 0) + ((digits.length + 1) >> 1);
        // In the item and in the local index, which holds keys alone.
        expected += key + 2 * ('weight'.length + bytes);
      }
      const itemKey = encodeItemKey(table, { ...pk, sk: S('1') });
      assert.equal(collectionBytes(store, itemKey), expected);
    }),
    { numRuns: 100 },
  );
});
