/** Writes to one key on both sides of a partition: one wins everywhere, the other is listed. */
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { after, before, it } from 'node:test';
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { Gathered } from '../src/admin/api.ts';
import type { Conflict } from '../src/services/dynamodb/api.ts';
import { type CloudProcess, startCloud } from './cloud-process.ts';
import { eventually, sleep } from './eventually.ts';

const app = resolve(import.meta.dirname, '..', '..', '..', 'examples', 'orders');
let cloud: CloudProcess;

before(async () => {
  cloud = await startCloud({ args: [app, '--latency', '0.2'] });
});

after(async () => {
  await cloud?.[Symbol.asyncDispose]();
});

const Key = { id: { S: 'order-1' } };

function client(region: string): DynamoDBClient {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  return new DynamoDBClient({ region, endpoint: cloud.status.endpoint, credentials });
}

async function put(region: string, item: string): Promise<void> {
  const Item = { ...Key, item: { S: item } };
  await client(region).send(new PutItemCommand({ TableName: 'orders', Item }));
}

async function read(region: string): Promise<string | undefined> {
  const answer = await client(region).send(new GetItemCommand({ TableName: 'orders', Key }));
  return answer.Item?.['item']?.S;
}

it('heals to equal replicas and lists the loser with both versions, regions and times', async () => {
  const startedAt = Date.now();
  const { code, stderr } = await cloud.orrery(
    'fault',
    'start',
    'partition',
    'us-east-1',
    'eu-central-1',
  );
  assert.equal(code, 0, stderr);
  await put('us-east-1', 'written in virginia');
  await sleep(20);
  await put('eu-central-1', 'written in frankfurt');
  await sleep(300);
  assert.equal(await read('us-east-1'), 'written in virginia');
  assert.equal(await read('eu-central-1'), 'written in frankfurt');

  assert.equal((await cloud.orrery('fault', 'stop', '--all')).code, 0);
  for (const region of ['us-east-1', 'eu-central-1', 'ap-northeast-1']) {
    await eventually(async () => assert.equal(await read(region), 'written in frankfurt', region), {
      timeoutMs: 20_000,
    });
  }
  const { items, unreachable } = await cloud.admin<Gathered<Conflict>>('GET', '/api/conflicts');
  assert.deepEqual(unreachable, []);
  assert.equal(items.length, 1, 'both sides saw it; it is one conflict');
  const conflict = items[0];
  assert.ok(conflict);
  assert.equal(conflict.tableName, 'orders');
  assert.deepEqual(JSON.parse(conflict.key), Key);
  const { winner, loser } = conflict;
  assert.deepEqual([winner.version.region, loser.version.region], ['eu-central-1', 'us-east-1']);
  assert.match(winner.item ?? '', /written in frankfurt/);
  assert.match(loser.item ?? '', /written in virginia/);
  assert.ok(loser.writtenAtMs >= startedAt && winner.writtenAtMs > loser.writtenAtMs);

  const listed = await cloud.orrery('conflicts');
  assert.match(
    listed.stdout,
    /won .*eu-central-1[\s\S]*lost .*us-east-1[\s\S]*written in virginia/,
  );
});
