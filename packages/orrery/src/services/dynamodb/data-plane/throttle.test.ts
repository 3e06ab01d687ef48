import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashTable, indexedTable, testedService } from '../dynamodb.fake.ts';

const S = (text: string) => ({ S: text });
const arn = 'arn:aws:dynamodb:us-east-1:000000000000:table/hash';
const ProvisionedThroughput = { ReadCapacityUnits: 2, WriteCapacityUnits: 3 };
const provisioned = { ...hashTable, BillingMode: 'PROVISIONED', ProvisionedThroughput };
const put = (pk: string, more: object = {}) => ({
  TableName: 'hash',
  Item: { pk: S(pk), ...more },
});
const exceeded = 'ProvisionedThroughputExceededException';

test('provisioned capacity runs out, comes back, and is kept for bursts', async () => {
  const { call, failure, problem, advance } = await testedService(undefined, {
    capacity: 'enforce',
  });
  await call('CreateTable', provisioned);
  for (const pk of ['a', 'b', 'c']) await call('PutItem', put(pk));
  const { code, message, fields } = await failure('PutItem', put('d'));
  assert.equal(code, exceeded);
  assert.equal(
    message,
    'The level of configured provisioned throughput for the table was exceeded. Consider ' +
      'increasing your provisioning level with the UpdateTable API.',
  );
  const reason = 'TableWriteProvisionedThroughputExceeded';
  assert.deepEqual(fields, { ThrottlingReasons: [{ reason, resource: arn }] });
  const key = { TableName: 'hash', Key: { pk: S('d') } };
  assert.deepEqual(await call('GetItem', key), {}, 'reads have their own');
  advance(1_000);
  await call('PutItem', put('d', { big: S('x'.repeat(8_000)) }));
  advance(1_000);
  assert.match(await problem('DeleteItem', key), /^ProvisionedThroughput/, 'still in debt');
  advance(600_000);
  for (let i = 0; i < 900; i += 1) await call('PutItem', put(`burst-${i}`));
  assert.match(await problem('PutItem', put('e')), /^ProvisionedThroughput/);
  assert.match(await problem('DeleteItem', key), /^ProvisionedThroughput/);
});

test('a refused condition costs what a write would', async () => {
  const { call, problem } = await testedService(undefined, { capacity: 'enforce' });
  await call('CreateTable', provisioned);
  const never = { ...put('a'), ConditionExpression: 'attribute_exists(pk)' };
  for (let i = 0; i < 3; i += 1) {
    assert.match(await problem('PutItem', never), /^ConditionalCheckFailed/);
  }
  assert.match(await problem('PutItem', never), /^ProvisionedThroughput/);
});

test('batches give back what is throttled, and fail where all is', async () => {
  const { call, problem } = await testedService(undefined, { capacity: 'enforce' });
  await call('CreateTable', provisioned);
  const writes = ['a', 'b', 'c', 'd', 'e'].map((pk) => ({ PutRequest: { Item: { pk: S(pk) } } }));
  const batch = { RequestItems: { hash: writes } };
  assert.deepEqual(await call('BatchWriteItem', batch), {
    UnprocessedItems: { hash: writes.slice(3) },
  });
  assert.match(await problem('BatchWriteItem', batch), /^ProvisionedThroughput/);
  const Keys = writes.map(({ PutRequest }) => PutRequest.Item);
  const read = await call('BatchGetItem', { RequestItems: { hash: { Keys } } });
  assert.deepEqual(read['UnprocessedKeys'], { hash: { Keys: Keys.slice(4) } });
  const again = { RequestItems: { hash: { Keys: Keys.slice(4) } } };
  assert.match(await problem('BatchGetItem', again), /^ProvisionedThroughput/);
  assert.match(await problem('Scan', { TableName: 'hash' }), /^ProvisionedThroughput/);
});

test('transactions cost twice and are cancelled', async () => {
  const { call, failure } = await testedService(undefined, { capacity: 'enforce' });
  await call('CreateTable', provisioned);
  const TransactItems = ['a', 'b', 'c'].map((pk) => ({ Put: put(pk) }));
  const { code, fields } = await failure('TransactWriteItems', { TransactItems });
  assert.equal(code, 'TransactionCanceledException');
  const reasons = fields['CancellationReasons'] as { Code: string }[];
  assert.deepEqual(
    reasons.map(({ Code }) => Code),
    ['None', 'None', 'ProvisionedThroughputExceeded'],
  );
  assert.deepEqual(
    (await call('GetItem', { TableName: 'hash', Key: { pk: S('a') } }))['Item'],
    undefined,
  );
});

test('an index without capacity throttles writes of the table', async () => {
  const { call, failure } = await testedService(undefined, { capacity: 'enforce' });
  const units = (WriteCapacityUnits: number) => ({ ReadCapacityUnits: 5, WriteCapacityUnits });
  const [index] = indexedTable.GlobalSecondaryIndexes;
  await call('CreateTable', {
    ...indexedTable,
    BillingMode: 'PROVISIONED',
    ProvisionedThroughput: units(100),
    GlobalSecondaryIndexes: [{ ...index, ProvisionedThroughput: units(1) }],
  });
  const item = (sk: string) => ({
    TableName: 'indexed',
    Item: { pk: S('p'), sk: S(sk), colour: S('red'), weight: { N: '1' } },
  });
  await call('PutItem', item('1'));
  const { fields } = await failure('PutItem', item('2'));
  assert.deepEqual(fields['ThrottlingReasons'], [
    {
      reason: 'IndexWriteProvisionedThroughputExceeded',
      resource: arn.replace('hash', 'indexed/index/byColour'),
    },
  ]);
});

test('on demand, a key and a table have their bounds, and busy tables grow', async () => {
  const { call, failure, problem, advance } = await testedService(undefined, {
    capacity: 'enforce',
  });
  await call('CreateTable', hashTable);
  const big = { big: S('x'.repeat(102_300)) };
  for (let i = 0; i < 10; i += 1) await call('PutItem', put('hot', big));
  const { code, fields } = await failure('PutItem', put('hot', big));
  assert.equal(code, 'ThrottlingException');
  const reason = 'TableWriteKeyRangeThroughputExceeded';
  assert.deepEqual(fields, { throttlingReasons: [{ reason, resource: arn }] });
  await call('PutItem', put('cold', big));
  const fill = async (): Promise<number> => {
    for (let i = 0; i < 20_000; i += 1) {
      const told = await problem('UpdateItem', {
        TableName: 'hash',
        Key: { pk: S(`key-${i}`) },
        ConditionExpression: 'attribute_exists(absent)',
      });
      if (told.startsWith('Throttling')) return i;
    }
    return 20_000;
  };
  advance(1_000);
  assert.equal(await fill(), 4_000);
  advance(31 * 60_000);
  await call('PutItem', put('cold'));
  advance(1_000);
  assert.equal(await fill(), 8_000, 'twice the busiest second of before');
});

test('on demand, limits that were set are the bound', async () => {
  const { call, failure, advance } = await testedService(undefined, { capacity: 'enforce' });
  const [index] = indexedTable.GlobalSecondaryIndexes;
  const OnDemandThroughput = { MaxReadRequestUnits: 2, MaxWriteRequestUnits: 3 };
  await call('CreateTable', {
    ...indexedTable,
    OnDemandThroughput: { ...OnDemandThroughput, MaxWriteRequestUnits: -1 },
    GlobalSecondaryIndexes: [{ ...index, OnDemandThroughput }],
  });
  const key = (sk: string) => ({ pk: S('p'), sk: S(sk) });
  const item = (sk: string) => ({
    TableName: 'indexed',
    Item: { ...key(sk), colour: S('red'), weight: { N: '1' } },
  });
  for (const sk of ['1', '2', '3']) await call('PutItem', item(sk));
  const { code, message, fields } = await failure('PutItem', item('4'));
  assert.equal(code, 'ThrottlingException');
  assert.match(message, /maximum OnDemandThroughput configured/);
  const resource = arn.replace('hash', 'indexed');
  const at = `${resource}/index/byColour`;
  const write = { reason: 'IndexWriteMaxOnDemandThroughputExceeded', resource: at };
  assert.deepEqual(fields, { throttlingReasons: [write] });
  await call('PutItem', { TableName: 'indexed', Item: { ...key('4'), weight: { N: '1' } } });

  const get = { TableName: 'indexed', Key: key('1'), ConsistentRead: true };
  for (let i = 0; i < 2; i += 1) await call('GetItem', get);
  const read = { reason: 'TableReadMaxOnDemandThroughputExceeded', resource };
  assert.deepEqual((await failure('GetItem', get)).fields, { throttlingReasons: [read] });
  await call('UpdateTable', {
    TableName: 'indexed',
    OnDemandThroughput: { MaxReadRequestUnits: -1 },
  });
  advance(1_000);
  for (let i = 0; i < 20; i += 1) await call('GetItem', get);
  await call('PutItem', item('5'));
});

test('nothing is throttled where it is not asked for', async () => {
  const { call } = await testedService();
  await call('CreateTable', provisioned);
  for (let i = 0; i < 20; i += 1) await call('PutItem', put(`${i}`));
});
