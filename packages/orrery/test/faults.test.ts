/** Every fault, started and stopped by the command, with what it does to those who call. */
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { Fault } from '../src/faults/fault.ts';
import { type CloudProcess, startCloud } from './cloud-process.ts';
import { eventually, sleep } from './eventually.ts';
import { PlaceClient } from './place-client.ts';

const app = resolve(import.meta.dirname, '..', '..', '..', 'examples', 'orders');
let cloud: CloudProcess;
let tokyo: PlaceClient;

before(async () => {
  cloud = await startCloud({ args: [app, '--latency', '0.1', '--time-scale', '20'] });
  tokyo = new PlaceClient(cloud.status.proxy, 'tokyo');
});

after(async () => {
  tokyo?.close();
  await cloud?.[Symbol.asyncDispose]();
});

async function fault(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await cloud.orrery('fault', ...args);
  assert.equal(code, 0, stderr);
  return stdout;
}

function client(region: string): DynamoDBClient {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  return new DynamoDBClient({ region, endpoint: cloud.status.endpoint, credentials });
}

async function put(region: string, id: string): Promise<void> {
  await client(region).send(new PutItemCommand({ TableName: 'orders', Item: { id: { S: id } } }));
}

async function has(region: string, id: string): Promise<boolean> {
  const Key = { id: { S: id } };
  const { Item } = await client(region).send(new GetItemCommand({ TableName: 'orders', Key }));
  return Item !== undefined;
}

/** Milliseconds from a write in one region to its being read in another. */
async function lagMs(from: string, to: string, id: string): Promise<number> {
  await put(from, id);
  const startedAt = performance.now();
  await eventually(async () => assert.ok(await has(to, id)), { everyMs: 2 });
  return performance.now() - startedAt;
}

const health = 'http://api.orders.test/health';

describe('faults', () => {
  it('replication-pause keeps writes back, in and out, until it ends', async () => {
    await fault('start', 'replication-pause', 'eu-central-1');
    await put('us-east-1', 'in');
    await put('eu-central-1', 'out');
    await sleep(500);
    assert.ok(!(await has('eu-central-1', 'in')));
    assert.ok(!(await has('us-east-1', 'out')));
    assert.match((await cloud.orrery('status')).stdout, /paused/);
    await fault('stop', 'replication-pause', 'eu-central-1');
    await eventually(async () => {
      assert.ok(await has('eu-central-1', 'in'));
      assert.ok(await has('us-east-1', 'out'));
    });
  });

  it('latency delays what crosses the link, and nothing after it has ended', async () => {
    await fault('start', 'latency', 'us-east-1', 'eu-central-1', '--ms', '400');
    assert.ok((await lagMs('us-east-1', 'eu-central-1', 'slow')) >= 400);
    await fault('stop', '--all');
    // What was under way has arrived; the next write takes the usual time.
    await eventually(async () =>
      assert.ok((await lagMs('us-east-1', 'eu-central-1', `fast-${Math.random()}`)) < 300),
    );
  });

  it('packet-loss loses messages, not writes', async () => {
    await fault('start', 'packet-loss', 'us-east-1', 'eu-central-1', '--percent', '50');
    for (let n = 0; n < 5; n += 1) await put('us-east-1', `lossy-${n}`);
    await fault('stop', '--all');
    for (let n = 0; n < 5; n += 1) {
      await eventually(async () => assert.ok(await has('eu-central-1', `lossy-${n}`)), {
        timeoutMs: 30_000,
      });
    }
  });

  it('region-hang: connections open, nothing answers; then clients move', async () => {
    await eventually(async () => {
      assert.equal((await tokyo.send(health)).region, 'ap-northeast-1');
    });
    await fault('start', 'region-hang', 'ap-northeast-1');
    const { status } = await tokyo.send(health, { timeoutMs: 500 });
    assert.equal(status, 0, 'it accepts and stays silent');
    await eventually(
      async () => {
        const answer = await tokyo.send(health, { timeoutMs: 1_000 });
        assert.equal(answer.status, 200);
        assert.notEqual(answer.region, 'ap-northeast-1');
      },
      { timeoutMs: 20_000 },
    );
    await fault('stop', 'region-hang', 'ap-northeast-1');
    await eventually(
      async () => assert.equal((await tokyo.send(health)).region, 'ap-northeast-1'),
      { timeoutMs: 20_000 },
    );
  });

  it('region-outage ends by itself after its duration', async () => {
    await fault('start', 'region-outage', 'eu-central-1', '--duration', '1500ms');
    const [active] = JSON.parse(await fault('list', '--json')) as Fault[];
    assert.equal(active?.action, 'region-outage');
    assert.match((await cloud.orrery('status')).stdout, /eu-central-1 +down/);
    await eventually(async () => {
      assert.match((await cloud.orrery('status')).stdout, /eu-central-1 +running/);
    });
    assert.match(await fault('list'), /No fault is in force/);
    assert.ok(await has('eu-central-1', 'in'), 'with all that it had');
  });

  it('that cannot be are refused in words', async () => {
    const refused = async (words: RegExp, ...args: readonly string[]): Promise<void> => {
      const { code, stderr } = await cloud.orrery('fault', 'start', ...args);
      assert.notEqual(code, 0);
      assert.match(stderr, words);
    };
    await refused(/no fault "earthquake".*region-outage/, 'earthquake', 'us-east-1');
    await refused(/not a region of this cloud, which has us-east-1/, 'region-outage', 'mars-1');
    await refused(/Usage: .*partition/, 'partition', 'us-east-1');
    await refused(/30s, 5m or 1h/, 'region-outage', 'us-east-1', '--duration', 'soon');
  });
});
