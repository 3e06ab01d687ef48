/**
 * A region dies under load from three places, over real sockets: clients are answered by the next
 * best region within the bound, nothing acknowledged is lost, and the region comes back by itself.
 */
import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { after, before, it } from 'node:test';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { type CloudProcess, startCloud } from './cloud-process.ts';
import { eventually, sleep } from './eventually.ts';
import { PlaceClient } from './place-client.ts';

const app = resolve(import.meta.dirname, '..', '..', '..', 'examples', 'orders');
const timeScale = 10;
/** 10 s checks, threshold 3, TTL: within 45 s, divided by the time scale. */
const boundMs = 45_000 / timeScale;
/** For a machine with other work: what its processes wait for the processor is not scaled. */
const slackMs = 2_000;
const orders = 'http://api.orders.test/orders';

let cloud: CloudProcess;
const clients: PlaceClient[] = [];

before(async () => {
  cloud = await startCloud({ args: [app, '--time-scale', String(timeScale)] });
  for (const place of ['tokyo', 'frankfurt', 'new-york']) {
    clients.push(new PlaceClient(cloud.status.proxy, place));
  }
});

after(async () => {
  for (const client of clients) client.close();
  await cloud?.[Symbol.asyncDispose]();
});

interface Write {
  readonly id: string;
  readonly place: string;
  readonly at: number;
  readonly status: number;
  readonly region: string;
}

/** Posts orders from one place, one after another, until told to stop. */
async function post(client: PlaceClient, writes: Write[], until: () => boolean): Promise<void> {
  for (let count = 0; !until(); count += 1) {
    const id = `${client.place}-${count}`;
    const body = { id, customer: client.place, item: 'astrolabe' };
    // When it was sent: an answer may be on its way back while its region dies.
    const at = performance.now();
    const { status, region } = await client.send(orders, { body, timeoutMs: 5_000 });
    writes.push({ id, place: client.place, at, status, region });
    await sleep(20);
  }
}

const taken = (write: Write): boolean => write.status === 201;

async function idsIn(region: string): Promise<Set<string>> {
  const endpoint = cloud.status.endpoint;
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = new DynamoDBClient({ region, endpoint, credentials });
  const ids = new Set<string>();
  let ExclusiveStartKey: Record<string, { S: string }> | undefined;
  do {
    const page = await client.send(
      new ScanCommand({
        TableName: 'orders',
        ProjectionExpression: 'id',
        ...(ExclusiveStartKey && { ExclusiveStartKey }),
      }),
    );
    for (const item of page.Items ?? []) ids.add(item['id']?.S ?? '');
    ExclusiveStartKey = page.LastEvaluatedKey as typeof ExclusiveStartKey;
  } while (ExclusiveStartKey !== undefined);
  return ids;
}

it('moves clients to the next best region, loses nothing, and takes the region back', async (context) => {
  const nearest = { tokyo: 'ap-northeast-1', frankfurt: 'eu-central-1', 'new-york': 'us-east-1' };
  const writes: Write[] = [];
  let stop = false;
  await eventually(
    async () => {
      for (const client of clients) {
        const { region } = await client.send('http://api.orders.test/health');
        assert.equal(region, nearest[client.place as keyof typeof nearest], client.place);
      }
    },
    { timeoutMs: 60_000 },
  );
  const load = clients.map((client) => post(client, writes, () => stop));
  context.after(async () => {
    stop = true;
    await Promise.all(load);
  });
  await sleep(1_500);

  const { regions } = await cloud.admin<CloudProcess['status']>('GET', '/api/status');
  const victim = regions.find((region) => region.id === 'ap-northeast-1');
  assert.ok(victim?.pid, 'the victim runs');
  const killedAt = performance.now();
  process.kill(victim.pid, 'SIGKILL');

  const moved = await eventually(
    () => {
      const first = writes.find(
        (write) => write.place === 'tokyo' && write.at > killedAt && taken(write),
      );
      assert.ok(first, 'nobody answers Tokyo yet');
      return first;
    },
    { timeoutMs: boundMs + slackMs },
  );
  assert.notEqual(moved.region, 'ap-northeast-1');
  await sleep(500);
  const since = writes.filter((write) => write.at > moved.at && write.place === 'tokyo');
  assert.ok(since.length > 0 && since.every(taken), 'once moved, Tokyo is served without a gap');
  const others = writes.filter((write) => write.place !== 'tokyo');
  assert.deepEqual(
    others.filter((write) => !taken(write)),
    [],
    'nobody else notices',
  );

  const [outage] = await cloud.admin<{ action: string; cause: string }[]>('GET', '/api/faults');
  assert.deepEqual([outage?.action, outage?.cause], ['region-outage', 'process-killed']);
  const stopped = await cloud.orrery('fault', 'stop', 'region-outage', 'ap-northeast-1');
  assert.equal(stopped.code, 0, stopped.stderr);
  await eventually(
    async () => {
      const last = writes.findLast((write) => write.place === 'tokyo');
      assert.equal(last?.region, 'ap-northeast-1', 'Tokyo is served at home again');
    },
    { timeoutMs: 2 * (boundMs + slackMs) },
  );
  stop = true;
  await Promise.all(load);

  const acknowledged = writes.filter(taken).map((write) => write.id);
  assert.ok(acknowledged.length > 50, `only ${acknowledged.length} writes`);
  for (const region of Object.values(nearest)) {
    await eventually(async () => {
      const found = await idsIn(region);
      const missing = acknowledged.filter((id) => !found.has(id));
      assert.deepEqual(missing, [], `missing in ${region}`);
    });
  }
});
