/**
 * A table of a million items of 1 KB (`GROWTH_ITEMS=10000000` for ten): point reads against those of
 * ten thousand items, memory apart from the page cache, time to open, and the longest that a read
 * waits while the table is scanned, indexed, and swept by Time to Live.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { type CloudProcess, startCloud } from '../packages/orrery/test/cloud-process.ts';
import { httpRequest, load } from './load.ts';

const itemCount = Number(process.env['GROWTH_ITEMS'] ?? 1_000_000);
const smallCount = 10_000;
const region = 'us-east-1';
const TableName = 'grown';
const args = ['--regions', region, '--latency', 'off'];
const credential = `test/20261124/${region}/dynamodb/aws4_request`;
const padding = 'x'.repeat(960);

interface Grown {
  readonly cloud: CloudProcess;
  readonly client: DynamoDB;
}

export async function run(): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'orrery-growth-'));
  try {
    const grown = await open(dataDir);
    await createTable(grown.client);
    await fill(grown, 0, smallCount);
    // Once to warm up: the compiler has its part in the first seconds.
    await readsPerCpuSecond(grown, smallCount);
    const small = await readsPerCpuSecond(grown, smallCount);
    const startedAt = performance.now();
    await fill(grown, smallCount, itemCount);
    const seconds = (performance.now() - startedAt) / 1000;
    console.log(`${itemCount} items of 1 KB written in ${seconds.toFixed(0)} s`);
    const large = await readsPerCpuSecond(grown, itemCount);
    console.log(`point reads per CPU second: ${small.toFixed(0)} of ten thousand items,`);
    console.log(
      `  ${large.toFixed(0)} of all: one costs ${(small / large).toFixed(2)} times as much`,
    );
    await stalls(grown);
    console.log(`memory of the region's process: ${memory(grown.cloud)}`);
    grown.client.destroy();
    await grown.cloud.stop();
    const openedAt = performance.now();
    const again = await open(dataDir);
    console.log(`open again: ${(performance.now() - openedAt).toFixed(0)} ms for the whole cloud`);
    again.client.destroy();
    await again.cloud.stop();
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function open(dataDir: string): Promise<Grown> {
  const cloud = await startCloud({ args, dataDir });
  const client = new DynamoDB({
    endpoint: cloud.status.regions[0]?.endpoint ?? '',
    region,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  return { cloud, client };
}

async function createTable(client: DynamoDB): Promise<void> {
  await client.createTable({
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  });
}

/** A tenth of the items has expired long ago, and all have a colour to be indexed by. */
async function fill({ client }: Grown, from: number, to: number): Promise<void> {
  const batch = 25;
  let next = from;
  const worker = async (): Promise<void> => {
    while (next < to) {
      const first = next;
      next += batch;
      const writes = Array.from({ length: Math.min(batch, to - first) }, (_, i) => ({
        PutRequest: { Item: itemOf(first + i) },
      }));
      await client.batchWriteItem({ RequestItems: { [TableName]: writes } });
    }
  };
  await Promise.all(Array.from({ length: 4 }, worker));
}

function itemOf(n: number) {
  return {
    id: { S: `item-${n}` },
    colour: { S: `colour-${n % 1_000}` },
    padding: { S: padding },
    ...(n % 10 === 9 && { until: { N: '1790000000' } }),
  };
}

async function readsPerCpuSecond({ cloud }: Grown, count: number): Promise<number> {
  const [{ endpoint = '', pid = 0 } = {}] = cloud.status.regions;
  const { hostname, port } = new URL(endpoint);
  const { perCpuSecond, failures } = await load({
    host: hostname,
    port: Number(port),
    connections: 16,
    durationMs: 4_000,
    pids: [pid ?? 0],
    // Multiples of a prime: all over the table, the same in every run.
    request: (n) => getItem((n * 7_919) % count),
  });
  if (failures > 0) throw new Error(`${failures} reads failed`);
  return perCpuSecond;
}

function getItem(n: number): Buffer {
  const headers = {
    host: '127.0.0.1',
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': 'DynamoDB_20120810.GetItem',
    'x-amz-date': '20261124T000000Z',
    authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host;x-amz-date;x-amz-target, Signature=${'0'.repeat(64)}`,
  };
  const body = { TableName, Key: { id: { S: `item-${n}` } } };
  return httpRequest('POST', '/', headers, JSON.stringify(body));
}

async function stalls(grown: Grown): Promise<void> {
  const { client } = grown;
  await waiting(grown, 'nothing else', () => new Promise((done) => setTimeout(done, 3_000)));
  await waiting(grown, 'a Scan of all', async () => {
    const ProjectionExpression = 'id';
    let start = (await client.scan({ TableName, ProjectionExpression })).LastEvaluatedKey;
    while (start !== undefined) {
      const page = { TableName, ProjectionExpression, ExclusiveStartKey: start };
      start = (await client.scan(page)).LastEvaluatedKey;
    }
  });
  await waiting(grown, 'an index being filled', async () => {
    await client.updateTable({
      TableName,
      AttributeDefinitions: [
        { AttributeName: 'id', AttributeType: 'S' },
        { AttributeName: 'colour', AttributeType: 'S' },
      ],
      GlobalSecondaryIndexUpdates: [
        {
          Create: {
            IndexName: 'byColour',
            KeySchema: [{ AttributeName: 'colour', KeyType: 'HASH' }],
            Projection: { ProjectionType: 'ALL' },
          },
        },
      ],
    });
    await until(async () => {
      const { Table } = await client.describeTable({ TableName });
      return Table?.GlobalSecondaryIndexes?.[0]?.IndexStatus === 'ACTIVE';
    });
  });
  await waiting(grown, 'expiry times being gathered, and a tenth swept', async () => {
    const TimeToLiveSpecification = { Enabled: true, AttributeName: 'until' };
    await client.updateTimeToLive({ TableName, TimeToLiveSpecification });
    const last = itemCount - (itemCount % 10) - 1;
    await until(async () => {
      const keys = Array.from({ length: 50 }, (_, i) => ({ id: { S: `item-${last - i * 10}` } }));
      const RequestItems = { [TableName]: { Keys: keys } };
      const { Responses } = await client.batchGetItem({ RequestItems });
      return Responses?.[TableName]?.length === 0;
    });
  });
}

async function until(done: () => Promise<boolean>): Promise<void> {
  while (!(await done())) await new Promise((wake) => setTimeout(wake, 250));
}

/** How long single reads take while `work` goes on. */
async function waiting({ client }: Grown, what: string, work: () => Promise<void>): Promise<void> {
  const times: number[] = [];
  let busy = true;
  const startedAt = performance.now();
  const probe = (async () => {
    while (busy) {
      const id = { S: `item-${Math.floor(Math.random() * itemCount)}` };
      const sentAt = performance.now();
      await client.getItem({ TableName, Key: { id } });
      times.push(performance.now() - sentAt);
      await new Promise((wake) => setTimeout(wake, 2));
    }
  })();
  await work();
  busy = false;
  await probe;
  times.sort((a, b) => a - b);
  const at = (share: number): string =>
    (times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0).toFixed(1);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  console.log(
    `a read beside ${what} (${seconds} s): median ${at(0.5)}, 99 % ${at(0.99)}, longest ${at(1)} ms`,
  );
}

function memory({ status }: CloudProcess): string {
  const text = readFileSync(`/proc/${status.regions[0]?.pid}/status`, 'utf8');
  const megabytes = (name: string): string =>
    (Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)?.[1] ?? 0) / 1024).toFixed(0);
  return `${megabytes('RssAnon')} MB of its own, ${megabytes('RssFile')} MB of mapped files`;
}
