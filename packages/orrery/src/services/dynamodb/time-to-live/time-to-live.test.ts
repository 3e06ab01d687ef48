import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashTable, indexedTable, type Tested, testedService } from '../dynamodb.fake.ts';
import { encodeRecord } from '../replication/version.ts';
import { encodeItemKey } from '../storage/key-encoding.ts';

const S = (text: string) => ({ S: text });
const N = (number: number) => ({ N: String(number) });
const TableName = 'hash';
const nowSeconds = Date.UTC(2026, 10, 24) / 1_000;

const enable = ({ call }: Tested, Enabled = true, AttributeName = 'until') =>
  call('UpdateTimeToLive', { TableName, TimeToLiveSpecification: { Enabled, AttributeName } });

const status = async ({ call }: Tested): Promise<unknown> =>
  (await call('DescribeTimeToLive', { TableName }))['TimeToLiveDescription'];

async function names({ call }: Tested, table = TableName): Promise<string[]> {
  const { Items } = await call('Scan', { TableName: table });
  return (Items as { pk: { S: string } }[]).map(({ pk }) => pk.S).sort();
}

async function tableWith(items: Record<string, object>, more: object = {}): Promise<Tested> {
  const tested = await testedService();
  await tested.call('CreateTable', { ...hashTable, ...more });
  for (const [pk, rest] of Object.entries(items)) {
    await tested.call('PutItem', { TableName, Item: { pk: S(pk), ...rest } });
  }
  return tested;
}

test('expired items go, all others stay', async () => {
  const tested = await tableWith({
    past: { until: N(nowSeconds - 10) },
    fraction: { until: { N: `${nowSeconds - 9}.5` } },
    future: { until: N(nowSeconds + 3_600) },
    text: { until: S(String(nowSeconds - 10)) },
    none: {},
    negative: { until: N(-5) },
    ancient: { until: N(nowSeconds - 6 * 366 * 86_400) },
    milliseconds: { until: N(nowSeconds * 1_000) },
    huge: { until: { N: '1e100' } },
  });
  await enable(tested);
  tested.advance(10_000);
  const staying = ['ancient', 'huge', 'milliseconds', 'negative', 'none', 'text'];
  assert.deepEqual(await names(tested), [...staying, 'future'].sort());
  tested.advance(3_600_000);
  tested.advance(10_000);
  assert.deepEqual(await names(tested), staying);
  await tested.call('PutItem', { TableName, Item: { pk: S('late'), until: N(nowSeconds) } });
  tested.advance(10_000);
  assert.deepEqual(await names(tested), staying);
});

test('an item that gets another time lives by that', async () => {
  const tested = await tableWith({ a: { until: N(nowSeconds - 10) }, b: { until: N(nowSeconds) } });
  await enable(tested);
  const update = (pk: string, UpdateExpression: string, values?: object) =>
    tested.call('UpdateItem', {
      TableName,
      Key: { pk: S(pk) },
      UpdateExpression,
      ...(values && { ExpressionAttributeValues: values }),
      ExpressionAttributeNames: { '#u': 'until' },
    });
  await update('a', 'SET #u = :u', { ':u': N(nowSeconds + 60) });
  await update('b', 'REMOVE #u');
  tested.advance(10_000);
  assert.deepEqual(await names(tested), ['a', 'b']);
  tested.advance(60_000);
  assert.deepEqual(await names(tested), ['b']);
});

test('the stream tells who deleted it', async () => {
  const { StreamSpecification } = {
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'OLD_IMAGE' },
  };
  const item = { until: N(nowSeconds - 10) };
  const tested = await tableWith({ a: item, b: item }, { StreamSpecification });
  await tested.call('DeleteItem', { TableName, Key: { pk: S('b') } });
  await enable(tested);
  tested.advance(10_000);
  const { Streams } = await tested.call('ListStreams', {});
  const { StreamArn } = (Streams as { StreamArn: string }[])[0] ?? {};
  const { StreamDescription } = await tested.call('DescribeStream', { StreamArn });
  const { ShardId } = (StreamDescription as { Shards: { ShardId: string }[] }).Shards[0] ?? {};
  const place = { StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' };
  const { ShardIterator } = await tested.call('GetShardIterator', place);
  const { Records } = await tested.call('GetRecords', { ShardIterator });
  const removals = (Records as Record<string, unknown>[]).filter(
    ({ eventName }) => eventName === 'REMOVE',
  );
  assert.deepEqual(
    removals.map(({ userIdentity }) => userIdentity),
    [undefined, { PrincipalId: 'dynamodb.amazonaws.com', Type: 'Service' }],
  );
});

test('the setting changes as it does in DynamoDB', async () => {
  const tested = await tableWith({});
  const problem = (Enabled: boolean, AttributeName: string) =>
    tested.problem('UpdateTimeToLive', {
      TableName,
      TimeToLiveSpecification: { Enabled, AttributeName },
    });
  assert.deepEqual(await status(tested), { TimeToLiveStatus: 'DISABLED' });
  assert.equal(
    await problem(false, 'until'),
    'ValidationException: TimeToLive is already disabled',
  );
  assert.deepEqual(await enable(tested), {
    TimeToLiveSpecification: { Enabled: true, AttributeName: 'until' },
  });
  assert.deepEqual(await status(tested), { TimeToLiveStatus: 'ENABLED', AttributeName: 'until' });
  assert.equal(await problem(true, 'until'), 'ValidationException: TimeToLive is already enabled');
  assert.match(await problem(true, 'other'), /different AttributeName: current AttributeName is u/);
  assert.match(
    await problem(true, ''),
    /'timeToLiveSpecification.attributeName' failed to satisfy constraint/,
  );
  await enable(tested, false);
  assert.deepEqual(await status(tested), { TimeToLiveStatus: 'DISABLED' });
  await tested.call('PutItem', { TableName, Item: { pk: S('a'), until: N(nowSeconds - 5) } });
  tested.advance(10_000);
  assert.deepEqual(await names(tested), ['a'], 'nothing is swept while it is off');
});

test('turning it off leaves nothing, and many items are gathered and swept in pieces', async () => {
  const content = new Map<string, string>();
  const tested = await testedService(content, { transitionMs: 1_000 });
  await tested.call('CreateTable', hashTable);
  tested.advance(1_000);
  for (let i = 0; i < 450; i += 1) {
    const until = N(nowSeconds + (i % 2 === 0 ? -100 : 10_000));
    await tested.call('PutItem', { TableName, Item: { pk: S(`i${i}`), until } });
  }
  const size = content.size;
  await enable(tested);
  assert.deepEqual(await status(tested), { TimeToLiveStatus: 'ENABLING', AttributeName: 'until' });
  assert.match(
    await tested.problem('UpdateTimeToLive', {
      TableName,
      TimeToLiveSpecification: { Enabled: false, AttributeName: 'until' },
    }),
    /modified multiple times within a fixed interval/,
  );
  const again = await testedService(content, { transitionMs: 1_000 });
  again.advance(1_000);
  again.advance(0);
  assert.deepEqual(await status(again), { TimeToLiveStatus: 'ENABLED', AttributeName: 'until' });
  assert.equal(content.size, size + 450);
  again.advance(10_000);
  assert.equal((await names(again)).length, 225);
  assert.equal(content.size, size);
  await enable(again, false);
  again.advance(0);
  assert.equal(content.size, size - 225);
});

test('what Time to Live deletes leaves its indexes too', async () => {
  const tested = await testedService();
  await tested.call('CreateTable', indexedTable);
  const table = { TableName: 'indexed' };
  await tested.call('UpdateTimeToLive', {
    ...table,
    TimeToLiveSpecification: { Enabled: true, AttributeName: 'until' },
  });
  const item = { pk: S('p'), sk: S('s'), colour: S('red'), weight: N(1), until: N(1_700_000_000) };
  await tested.call('PutItem', { ...table, Item: item });
  tested.advance(10_000);
  const { Count } = await tested.call('Query', {
    ...table,
    IndexName: 'byColour',
    KeyConditionExpression: 'colour = :c',
    ExpressionAttributeValues: { ':c': S('red') },
  });
  assert.equal(Count, 0);
});

test('of a table with replicas the region that wrote last deletes, others later in turn', async () => {
  const tested = await testedService(new Map(), { timeToLive: { graceMs: 60_000 } });
  await tested.call('CreateTable', hashTable);
  const post = async (path: string, body: object): Promise<void> => {
    const handler = tested.service.internal?.['dynamodb-replica'];
    const request = { method: 'POST', path, headers: {}, body: Buffer.from(JSON.stringify(body)) };
    const response = await handler?.(request, 'eu-west-1');
    assert.equal(response?.status, 200, path);
  };
  const regions = ['ap-northeast-1', 'eu-west-1', 'us-east-1'];
  const replicas = regions.map((region) => ({ region, status: 'ACTIVE' }));
  await post('/replicas', { tableName: TableName, replicas });
  await post('/time-to-live', { tableName: TableName, attribute: 'until' });
  const item = (pk: string) => ({ pk: S(pk), until: N(nowSeconds - 10) });
  await tested.call('PutItem', { TableName, Item: item('own') });
  const version = (region: string, pk: string) => ({
    key: encodeItemKey(
      { id: 1, partitionKey: { name: 'pk', type: 'S' }, sortKey: undefined },
      { pk: S(pk) },
    ).toString('base64', 5),
    record: encodeRecord({ timestamp: '01ab000000000000', region }, {}, JSON.stringify(item(pk))),
    deleted: false,
  });
  const versions = [version('ap-northeast-1', 'tokyo'), version('sa-east-1', 'gone')];
  await post('/apply', { tableName: TableName, versions });
  assert.deepEqual(await names(tested), ['gone', 'own', 'tokyo']);
  tested.advance(10_000);
  assert.deepEqual(await names(tested), ['gone', 'tokyo']);
  tested.advance(60_000);
  assert.deepEqual(await names(tested), ['gone', 'tokyo'], 'Ireland is the first to stand in');
  tested.advance(60_000);
  assert.deepEqual(await names(tested), []);
});
