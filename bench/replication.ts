/**
 * Replication lag from Tokyo to Frankfurt at 500 writes per second, seen from outside: from the
 * moment a write is acknowledged to the moment a read of the replica finds it, less the modelled
 * time of one message between the regions.
 */
import { Agent, request as httpRequest } from 'node:http';
import { rttMs } from '../packages/orrery/src/world/latency.ts';
import { startCloud } from '../packages/orrery/test/cloud-process.ts';
import { eventually, sleep } from '../packages/orrery/test/eventually.ts';

const from = 'ap-northeast-1';
const to = 'eu-central-1';
const writesPerSecond = 500;
const seconds = 10;
/** One write of so many is watched at the replica. */
const watchEvery = 5;
const oneWayMs = rttMs(from, to) / 2;
const agent = new Agent({ keepAlive: true, maxSockets: 64 });

function call(
  endpoint: string,
  region: string,
  operation: string,
  input: unknown,
): Promise<string> {
  const { hostname, port } = new URL(endpoint);
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': `DynamoDB_20120810.${operation}`,
    authorization: `AWS4-HMAC-SHA256 Credential=test/20261124/${region}/dynamodb/aws4_request, SignedHeaders=host, Signature=0`,
  };
  return new Promise((done, fail) => {
    const sent = httpRequest({ agent, hostname, port, method: 'POST', path: '/', headers });
    sent.on('error', fail);
    sent.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        text += piece;
      });
      response.on('end', () =>
        response.statusCode === 200 ? done(text) : fail(new Error(`${operation}: ${text}`)),
      );
    });
    sent.end(JSON.stringify(input));
  });
}

export async function run(): Promise<void> {
  await using cloud = await startCloud({ args: ['--regions', `${from},${to}`] });
  const endpointOf = (region: string): string =>
    cloud.status.regions.find(({ id }) => id === region)?.endpoint ?? '';
  const write = (operation: string, input: unknown): Promise<string> =>
    call(endpointOf(from), from, operation, input);
  const read = (operation: string, input: unknown): Promise<string> =>
    call(endpointOf(to), to, operation, input);
  const TableName = 'lag';
  await write('CreateTable', {
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  });
  await eventually(async () => {
    await write('UpdateTable', {
      TableName,
      ReplicaUpdates: [{ Create: { RegionName: to } }],
    });
  });
  await eventually(async () => {
    const text = await write('DescribeTable', { TableName });
    if (!text.includes('"ReplicaStatus":"ACTIVE"')) throw new Error(text);
  });

  const lags: number[] = [];
  const watching: Promise<void>[] = [];
  const watch = async (id: string, acknowledgedAt: number): Promise<void> => {
    await sleep(Math.max(0, oneWayMs - 10));
    for (;;) {
      const text = await read('GetItem', { TableName, Key: { id: { S: id } } });
      if (text.includes('"Item"')) break;
      if (performance.now() - acknowledgedAt > 10_000) throw new Error(`${id} never arrived`);
      await sleep(1);
    }
    lags.push(performance.now() - acknowledgedAt - oneWayMs);
  };
  const startedAt = performance.now();
  let sent = 0;
  while (performance.now() - startedAt < seconds * 1000) {
    const due = Math.floor(((performance.now() - startedAt) / 1000) * writesPerSecond);
    for (; sent < due; sent += 1) {
      const id = `order-${sent}`;
      const isWatched = sent % watchEvery === 0;
      const Item = { id: { S: id }, note: { S: 'x'.repeat(400) } };
      const written = write('PutItem', { TableName, Item }).then(async () => {
        if (isWatched) await watch(id, performance.now());
      });
      watching.push(written);
    }
    await sleep(1);
  }
  await Promise.all(watching);
  lags.sort((a, b) => a - b);
  const at = (share: number): string =>
    `${(lags[Math.min(lags.length - 1, Math.floor(lags.length * share))] ?? Number.NaN).toFixed(1)} ms`;
  console.log(`\nReplication ${from} → ${to}, ${writesPerSecond} writes/s for ${seconds} s`);
  console.log(`  lag above the modelled ${oneWayMs.toFixed(1)} ms one way   (goal: p99 ≤ 20 ms)`);
  console.log(
    `  p50 ${at(0.5)}   p99 ${at(0.99)}   most ${at(1)}   (${lags.length} of ${sent} watched)`,
  );
  agent.destroy();
}
