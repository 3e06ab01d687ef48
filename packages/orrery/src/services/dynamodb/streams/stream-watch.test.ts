import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StreamWaitRequest, StreamWaitResponse } from '../api.ts';
import { hashTable, type Tested, testedService } from '../dynamodb.fake.ts';

const streaming = {
  ...hashTable,
  StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' },
};

async function waitFor(
  { service }: Tested,
  request: StreamWaitRequest,
): Promise<StreamWaitResponse & { readonly __type?: string }> {
  const handler = service.internal?.['dynamodb-streams'];
  assert.ok(handler !== undefined);
  const body = Buffer.from(JSON.stringify(request));
  const answer = await handler({ method: 'POST', path: '/wait', headers: {}, body }, 'us-east-1');
  return JSON.parse(Buffer.from(answer.body).toString()) as StreamWaitResponse;
}

/** What has happened once everything that can go on without time has gone on. */
async function soon<T>(promise: Promise<T>): Promise<T | 'waits'> {
  const turns = new Promise<'waits'>((resolve) => setImmediate(() => resolve('waits')));
  return await Promise.race([promise, turns]);
}

async function streamOf({ call }: Tested): Promise<string> {
  await call('CreateTable', streaming);
  const { Table } = await call('DescribeTable', { TableName: 'hash' });
  return (Table as { LatestStreamArn: string }).LatestStreamArn;
}

const put = ({ call }: Tested, pk: string) =>
  call('PutItem', { TableName: 'hash', Item: { pk: { S: pk } } });

test('a wait ends with the next record, at its time, or with the end of a shard', async () => {
  const tested = await testedService(new Map(), { streamShards: { shardMs: 1_000 } });
  const streamArn = await streamOf(tested);
  assert.deepEqual(await waitFor(tested, { streamArn, after: '', waitMs: 0 }), { head: '' });

  const first = waitFor(tested, { streamArn, after: '', waitMs: 20_000 });
  assert.equal(await soon(first), 'waits');
  await put(tested, 'a');
  const { head } = await first;
  assert.match(head, /^1\d{19}1$/);
  assert.deepEqual(await waitFor(tested, { streamArn, after: '', waitMs: 20_000 }), { head });

  const second = waitFor(tested, { streamArn, after: head, waitMs: 500 });
  await tested.problem('PutItem', {
    TableName: 'hash',
    Item: { pk: { S: 'a' } },
    ConditionExpression: 'attribute_not_exists(pk)',
  });
  assert.equal(await soon(second), 'waits');
  tested.advance(500);
  assert.deepEqual(await second, { head });

  const third = waitFor(tested, { streamArn, after: head, waitMs: 20_000 });
  assert.equal(await soon(third), 'waits');
  await tested.call('DeleteTable', { TableName: 'hash' });
  assert.deepEqual(await third, { head });
});

test('a stream that is not there, or goes meanwhile, is told of', async () => {
  const tested = await testedService(new Map(), {
    streamRetentionMs: 60_000,
    streamTrimIntervalMs: 10_000,
  });
  const streamArn = await streamOf(tested);
  const unknown = await waitFor(tested, { streamArn: `${streamArn}x`, after: '', waitMs: 0 });
  assert.equal(unknown.__type, 'ResourceNotFoundException');
  await put(tested, 'a');
  await tested.call('DeleteTable', { TableName: 'hash' });
  const { head } = await waitFor(tested, { streamArn, after: '', waitMs: 0 });
  for (let i = 0; i < 5; i += 1) tested.advance(10_000);
  const waiting = waitFor(tested, { streamArn, after: head, waitMs: 30_000 });
  assert.equal(await soon(waiting), 'waits');
  for (let i = 0; i < 2; i += 1) tested.advance(10_000);
  assert.equal((await waiting).__type, 'ResourceNotFoundException');
});
