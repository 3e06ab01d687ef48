/**
 * From a table's stream to a function: how fast a backlog is worked off, how long a write is on its
 * way to a function that has nothing to do, and what fifty mappings cost while nothing happens.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { Lambda } from '@aws-sdk/client-lambda';
import { zipSync } from 'fflate';
import { startCloud } from '../packages/orrery/test/cloud-process.ts';
import { eventually, sleep } from '../packages/orrery/test/eventually.ts';
import { temporaryFolder } from './servers.ts';

const backlog = 20_000;
const settings = [
  { BatchSize: 100, ParallelizationFactor: 1 },
  { BatchSize: 1_000, ParallelizationFactor: 1 },
  { BatchSize: 100, ParallelizationFactor: 4 },
] as const;
const watched = 100;
const mappings = 50;
const idleSeconds = 20;

/** Writes a line for each record: when it came, and what the item says of when it was written. */
const handler = `
import { appendFileSync } from 'node:fs';
export const handler = async ({ Records }) => {
  const line = ({ dynamodb }) => Date.now() + ' ' + (dynamodb.NewImage.at?.N ?? 0) + '\\n';
  appendFileSync(process.env.OUT_FILE, Records.map(line).join(''));
};`;

/** Seconds of processor time that a process has used. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

export async function run(): Promise<void> {
  await using cloud = await startCloud({ args: ['--regions', 'us-east-1'] });
  const pid = cloud.status.regions[0]?.pid ?? 0;
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  const client = { region: 'us-east-1', endpoint: cloud.status.endpoint, credentials };
  const [dynamodb, lambda] = [new DynamoDB(client), new Lambda(client)];
  const outFile = join(temporaryFolder(), 'seen');
  const seen = (): string[] => readFileSync(outFile, 'utf8').split('\n').slice(0, -1);
  const makeTable = async (TableName: string): Promise<string> => {
    const { TableDescription } = await dynamodb.createTable({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
    });
    return TableDescription?.LatestStreamArn ?? '';
  };
  const map = (EventSourceArn: string, more: object) =>
    lambda.createEventSourceMapping({
      FunctionName: 'consumer',
      EventSourceArn,
      StartingPosition: 'TRIM_HORIZON',
      ...more,
    });
  const unmap = async (UUID: string | undefined): Promise<void> => {
    await eventually(() => lambda.deleteEventSourceMapping({ UUID }));
    await eventually(async () => {
      const { EventSourceMappings } = await lambda.listEventSourceMappings({});
      if (EventSourceMappings?.length !== 0) throw new Error('it is there still');
    });
  };

  const streamArn = await makeTable('orders');
  await lambda.createFunction({
    FunctionName: 'consumer',
    Role: 'arn:aws:iam::000000000000:role/any',
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
    Timeout: 60,
    Environment: { Variables: { OUT_FILE: outFile } },
    Code: { ZipFile: zipSync({ 'index.mjs': new TextEncoder().encode(handler) }) },
  });
  for (let n = 0; n < backlog; n += 25) {
    const puts = Array.from({ length: 25 }, (_, i) => ({
      PutRequest: { Item: { id: { S: `order-${n + i}` }, note: { S: 'x'.repeat(900) } } },
    }));
    await dynamodb.batchWriteItem({ RequestItems: { orders: puts } });
  }

  console.log(`\nStream → function, a backlog of ${backlog} records of about 1 KB`);
  for (const setting of settings) {
    writeFileSync(outFile, '');
    const [startedAt, startedCpu] = [performance.now(), cpuSeconds(pid)];
    const { UUID } = await map(streamArn, setting);
    while (seen().length < backlog) await sleep(20);
    const seconds = (performance.now() - startedAt) / 1000;
    const micros = ((cpuSeconds(pid) - startedCpu) * 1e6) / backlog;
    const { BatchSize, ParallelizationFactor } = setting;
    console.log(
      `  BatchSize ${BatchSize}, ParallelizationFactor ${ParallelizationFactor}: ` +
        `${Math.round(backlog / seconds)} records/s, ${micros.toFixed(0)} µs of the region each`,
    );
    await unmap(UUID);
  }

  writeFileSync(outFile, '');
  await map(streamArn, { StartingPosition: 'LATEST' });
  for (let n = 0; n < watched; n += 1) {
    const Item = { id: { S: `late-${n}` }, at: { N: String(Date.now()) } };
    await dynamodb.putItem({ TableName: 'orders', Item });
    await eventually(() => {
      if (seen().length <= n) throw new Error(`write ${n} is not there`);
    });
    await sleep(300 + 4 * n);
  }
  const delays = seen()
    .map((line) => Number(line.split(' ')[0]) - Number(line.split(' ')[1]))
    .sort((a, b) => a - b);
  const [p50, p90] = [delays[watched / 2], delays[(watched * 9) / 10]];
  console.log(
    `  from the write to the function: p50 ${p50} ms, p90 ${p90} ms, most ${delays.at(-1)} ms`,
  );

  for (let n = 0; n < mappings; n += 1) await map(await makeTable(`idle-${n}`), {});
  await sleep(2_000);
  const before = cpuSeconds(pid);
  await sleep(idleSeconds * 1000);
  const share = ((cpuSeconds(pid) - before) / idleSeconds) * 100;
  console.log(`  ${mappings + 1} mappings while nothing happens: ${share.toFixed(2)} % of a core`);
}
