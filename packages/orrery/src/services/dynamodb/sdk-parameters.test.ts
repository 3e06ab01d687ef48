/**
 * Parameters that few clients send, through an unmodified SDK client over HTTP: those of before
 * expressions, keys of several attributes, item collections, and what throttling tells.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  ConditionalCheckFailedException,
  type CreateTableInput,
  ItemCollectionSizeLimitExceededException,
  ProvisionedThroughputExceededException,
  paginateQuery,
  ThrottlingException,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import { hashTable, indexedTable } from './dynamodb.fake.ts';
import { type Running, region, run, stop } from './sdk-server.fake.ts';

let directory: string;
let running: Running;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'orrery-parameters-'));
  running = await run(directory, { capacity: 'enforce', itemCollectionBytesMax: 2_000 });
  await running.client.createTable(hashTable as CreateTableInput);
  await running.client.createTable(indexedTable as CreateTableInput);
});
after(async () => {
  await stop(running);
  await rm(directory, { recursive: true });
});

const arnOf = (table: string) => `arn:aws:dynamodb:${region}:000000000000:table/${table}`;

test('the parameters of before expressions still work', async () => {
  const { client } = running;
  const TableName = 'hash';
  const Key = { pk: { S: 'old' } };
  const absent = { pk: { Exists: false } };
  await client.putItem({ TableName, Item: { ...Key, n: { N: '1' } }, Expected: absent });
  await assert.rejects(
    client.putItem({ TableName, Item: Key, Expected: absent }),
    ConditionalCheckFailedException,
  );
  const { Attributes } = await client.updateItem({
    TableName,
    Key,
    AttributeUpdates: {
      n: { Action: 'ADD', Value: { N: '2' } },
      tags: { Action: 'ADD', Value: { SS: ['a', 'b'] } },
      note: { Action: 'PUT', Value: { S: 'hello' } },
    },
    Expected: {
      n: { ComparisonOperator: 'BETWEEN', AttributeValueList: [{ N: '0' }, { N: '1' }] },
      gone: { ComparisonOperator: 'NOT_NULL' },
    },
    ConditionalOperator: 'OR',
    ReturnValues: 'ALL_NEW',
  });
  assert.deepEqual(Attributes, {
    ...Key,
    n: { N: '3' },
    tags: { SS: ['a', 'b'] },
    note: { S: 'hello' },
  });
  const { Item } = await client.getItem({ TableName, Key, AttributesToGet: ['n', 'nothing'] });
  assert.deepEqual(Item, { n: { N: '3' } });
  const equal = (value: string) => ({
    ComparisonOperator: 'EQ' as const,
    AttributeValueList: [{ S: value }],
  });
  const queried = await client.query({
    TableName,
    KeyConditions: { pk: equal('old') },
    QueryFilter: { note: { ComparisonOperator: 'CONTAINS', AttributeValueList: [{ S: 'ell' }] } },
    AttributesToGet: ['note'],
  });
  assert.deepEqual(queried.Items, [{ note: { S: 'hello' } }]);
  const scanned = await client.scan({
    TableName,
    ScanFilter: { note: equal('hello'), tags: { ComparisonOperator: 'NULL' } },
  });
  assert.equal(scanned.Count, 0);
  await client.deleteItem({ TableName, Key, Expected: { note: { Value: { S: 'hello' } } } });
});

test('a global index has keys of several attributes', async () => {
  const { client } = running;
  const TableName = 'matches';
  const IndexName = 'byPlace';
  const element = (AttributeName: string, KeyType: 'HASH' | 'RANGE') => ({
    AttributeName,
    KeyType,
  });
  const names = ['id', 'tournament', 'region', 'round', 'bracket'];
  await client.createTable({
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: names.map((AttributeName) => ({
      AttributeName,
      AttributeType: AttributeName === 'round' ? 'N' : 'S',
    })),
    KeySchema: [element('id', 'HASH')],
    GlobalSecondaryIndexes: [
      {
        IndexName,
        KeySchema: [
          element('tournament', 'HASH'),
          element('region', 'HASH'),
          element('round', 'RANGE'),
          element('bracket', 'RANGE'),
        ],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
  });
  for (let i = 0; i < 12; i += 1) {
    const place = { tournament: { S: 't' }, region: { S: i % 2 === 0 ? 'north' : 'south' } };
    const Item = {
      id: { S: `${i}` },
      ...place,
      round: { N: `${i >> 2}` },
      bracket: { S: `b${i}` },
    };
    await client.putItem({ TableName, Item });
  }
  const found: string[] = [];
  const pages = paginateQuery(
    { client, pageSize: 1 },
    {
      TableName,
      IndexName,
      KeyConditionExpression: 'tournament = :t AND #r = :r AND #round >= :one',
      ExpressionAttributeNames: { '#r': 'region', '#round': 'round' },
      ExpressionAttributeValues: { ':t': { S: 't' }, ':r': { S: 'north' }, ':one': { N: '1' } },
    },
  );
  for await (const { Items = [] } of pages) found.push(...Items.map(({ id }) => id?.S ?? ''));
  assert.deepEqual(found, ['4', '6', '10', '8']);
  const { Table } = await client.describeTable({ TableName });
  assert.equal(Table?.GlobalSecondaryIndexes?.[0]?.KeySchema?.length, 4);
});

test('item collections are told, and have a limit', async () => {
  const { client } = running;
  const TableName = 'indexed';
  const item = (sk: string, bytes: number) => ({
    pk: { S: 'p' },
    sk: { S: sk },
    data: { S: 'x'.repeat(bytes) },
  });
  const told = { ItemCollectionKey: { pk: { S: 'p' } }, SizeEstimateRangeGB: [0, 1] };
  const size = { ReturnItemCollectionMetrics: 'SIZE' as const };
  const put = await client.putItem({ TableName, Item: item('1', 900), ...size });
  assert.deepEqual(put.ItemCollectionMetrics, told);
  const batch = await client.batchWriteItem({
    RequestItems: { [TableName]: [{ PutRequest: { Item: item('2', 900) } }] },
    ...size,
  });
  assert.deepEqual(batch.ItemCollectionMetrics, { [TableName]: [told] });
  await assert.rejects(
    client.putItem({ TableName, Item: item('3', 900) }),
    ItemCollectionSizeLimitExceededException,
  );
  const Put = { TableName, Item: item('3', 900) };
  const [reason] = await reasonsOf(client.transactWriteItems({ TransactItems: [{ Put }] }));
  assert.equal(reason?.Code, 'ItemCollectionSizeLimitExceeded');
  const deleted = await client.transactWriteItems({
    TransactItems: [{ Delete: { TableName, Key: { pk: { S: 'p' }, sk: { S: '1' } } } }],
    ...size,
  });
  assert.deepEqual(deleted.ItemCollectionMetrics, { [TableName]: [told] });
});

async function reasonsOf(request: Promise<unknown>) {
  try {
    await request;
  } catch (error) {
    if (error instanceof TransactionCanceledException) return error.CancellationReasons ?? [];
    throw error;
  }
  return [];
}

/** Costs so much that nothing more passes for minutes. */
const costly = (pk: string) => ({ pk: { S: pk }, data: { S: 'x'.repeat(300_000) } });

test('throttling tells why, of provisioned tables and of those on demand', async () => {
  const { client } = running;
  const table = { ...hashTable, TableName: 'slow' } as CreateTableInput;
  await client.createTable({
    ...table,
    BillingMode: 'PROVISIONED',
    ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 },
  });
  await client.putItem({ TableName: 'slow', Item: costly('a') });
  await assert.rejects(client.putItem({ TableName: 'slow', Item: costly('b') }), (error) => {
    assert.ok(error instanceof ProvisionedThroughputExceededException);
    assert.deepEqual(error.ThrottlingReasons, [
      { reason: 'TableWriteProvisionedThroughputExceeded', resource: arnOf('slow') },
    ]);
    return true;
  });
  const [reason] = await reasonsOf(
    client.transactWriteItems({
      TransactItems: [{ Put: { TableName: 'slow', Item: { pk: { S: 'c' } } } }],
    }),
  );
  assert.equal(reason?.Code, 'ProvisionedThroughputExceeded');

  await client.createTable({
    ...table,
    TableName: 'limited',
    OnDemandThroughput: { MaxReadRequestUnits: 1, MaxWriteRequestUnits: 400 },
  });
  await client.putItem({ TableName: 'limited', Item: costly('a') });
  const get = { TableName: 'limited', Key: { pk: { S: 'a' } }, ConsistentRead: true };
  await client.getItem(get);
  await assert.rejects(client.getItem(get), (error) => {
    assert.ok(error instanceof ThrottlingException);
    assert.deepEqual(error.throttlingReasons, [
      { reason: 'TableReadMaxOnDemandThroughputExceeded', resource: arnOf('limited') },
    ]);
    return true;
  });
});
