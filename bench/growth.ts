/**
 * A table of a million items of 1 KB (`--items 10000000` for ten): point reads against those of ten
 * thousand items, memory apart from the page cache, time to open, and how long a read waits beside
 * each kind of work that goes through all of it. `--keep DIRECTORY` leaves the data there, and takes
 * up what an earlier run has left.
 */
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DynamoDB, type ScanInput } from '@aws-sdk/client-dynamodb';
import { type CloudProcess, startCloud } from '../packages/orrery/test/cloud-process.ts';
import { beside, measureTurns } from './beside.ts';
import { dynamoDbRequest } from './dynamodb-request.ts';
import { load, sendAll } from './load.ts';
import { temporaryFolder } from './servers.ts';

const smallCount = 10_000;
const region = 'us-east-1';
const TableName = 'grown';
/** Many small items in one partition: 1 MB holds thousands of them. */
const tinyName = 'tiny';
const tinyCount = 200_000;
/** Few large items: what is read or written of them at once is as much as a request may be. */
const wideName = 'wide';
const wideCount = 100;
const wideCharacters = 160_000;
const args = ['--regions', region, '--latency', 'off'];
const padding = 'x'.repeat(960);
const probesPerSecond = 250;
/** A backup and a restored table hold all items again. */
const backedUpMost = 2_000_000;

export interface GrowthOptions {
  readonly items?: string;
  readonly keep?: string;
  readonly only?: string;
}

interface Grown {
  readonly cloud: CloudProcess;
  readonly client: DynamoDB;
  readonly host: string;
  readonly port: number;
  readonly pid: number;
  readonly itemCount: number;
  readonly only: string | undefined;
}

export async function run(options: GrowthOptions): Promise<void> {
  const { items = '1000000', keep, only } = options;
  const itemCount = Number(items);
  const dataDir = keep === undefined ? temporaryFolder() : resolve(keep);
  mkdirSync(dataDir, { recursive: true });
  measureTurns();
  const grown = await open(dataDir, itemCount, only);
  if (!(await isBuilt(grown))) {
    await createTables(grown);
    await fill(grown, TableName, 0, smallCount);
    const before = await readsPerCpuSecond(grown, smallCount);
    console.log(`before it grows, ten thousand items: ${before.toFixed(0)} reads/CPU-s`);
    await fill(grown, tinyName, 0, tinyCount);
    await fill(grown, wideName, 0, wideCount);
    await fill(grown, TableName, smallCount, itemCount);
  }
  if (only === undefined) await compareReads(grown);
  await allBeside(grown, dataDir);
  console.log(`memory of the region's process: ${memory(grown)}`);
  grown.client.destroy();
  await grown.cloud.stop();
  const openedAt = performance.now();
  const again = await open(dataDir, itemCount, only);
  console.log(`open again: ${(performance.now() - openedAt).toFixed(0)} ms for the whole cloud`);
  console.log(`memory of the region's process: ${memory(again)}`);
  again.client.destroy();
  await again.cloud.stop();
}

async function open(dataDir: string, itemCount: number, only: string | undefined): Promise<Grown> {
  const cloud = await startCloud({ args, dataDir });
  const [{ endpoint = '', pid } = {}] = cloud.status.regions;
  const client = new DynamoDB({
    endpoint,
    region,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  const { hostname: host, port } = new URL(endpoint);
  return { cloud, client, host, port: Number(port), pid: pid ?? 0, itemCount, only };
}

async function isBuilt({ client, itemCount }: Grown): Promise<boolean> {
  const { TableNames = [] } = await client.listTables();
  if (!TableNames.includes(TableName)) return false;
  // The last one that does not expire: it is written at the end.
  const last = itemCount - 1 - (itemCount % 10 === 0 ? 1 : 0);
  const { Item } = await client.getItem({ TableName, Key: { id: { S: `item-${last}` } } });
  if (Item === undefined) throw new Error('the table that was kept has not as many items');
  return true;
}

async function createTables({ client }: Grown): Promise<void> {
  const BillingMode = 'PAY_PER_REQUEST';
  const id = { AttributeName: 'id', AttributeType: 'S' } as const;
  const n = { AttributeName: 'n', AttributeType: 'N' } as const;
  await client.createTable({
    TableName,
    BillingMode,
    AttributeDefinitions: [id],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  });
  await client.createTable({
    TableName: wideName,
    BillingMode,
    AttributeDefinitions: [id],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  });
  await client.createTable({
    TableName: tinyName,
    BillingMode,
    AttributeDefinitions: [id, n],
    KeySchema: [
      { AttributeName: 'id', KeyType: 'HASH' },
      { AttributeName: 'n', KeyType: 'RANGE' },
    ],
  });
}

/** A tenth of the items has expired long ago, and all have a colour to be indexed by. */
function itemOf(n: number) {
  return {
    id: { S: `item-${n}` },
    colour: { S: `colour-${n % 1_000}` },
    padding: { S: padding },
    ...(n % 10 === 9 && { until: { N: '1790000000' } }),
  };
}

const wideOf = (n: number) => ({
  id: { S: `wide-${n}` },
  padding: { S: 'x'.repeat(wideCharacters) },
});
const tinyOf = (n: number) => ({ id: { S: 'a' }, n: { N: String(n) } });

async function fill(grown: Grown, name: string, from: number, to: number): Promise<void> {
  const startedAt = performance.now();
  const tell = (done: number): void => {
    const seconds = (performance.now() - startedAt) / 1_000;
    const rate = (done - from) / seconds;
    console.log(`  ${name}: ${done} items, ${rate.toFixed(0)} a second`);
  };
  const item = name === TableName ? itemOf : name === tinyName ? tinyOf : wideOf;
  const batches = function* (): Generator<Buffer> {
    let toldAt = startedAt;
    for (let first = from; first < to; first += 25) {
      if (performance.now() > toldAt + 15_000) {
        toldAt = performance.now();
        tell(first);
      }
      const writes = Array.from({ length: Math.min(25, to - first) }, (_, i) => ({
        PutRequest: { Item: item(first + i) },
      }));
      yield dynamoDbRequest('BatchWriteItem', { RequestItems: { [name]: writes } });
    }
  };
  await sendAll({ host: grown.host, port: grown.port, connections: 4 }, batches());
  tell(to);
}

function readsPerCpuSecond({ host, port, pid }: Grown, count: number): Promise<number> {
  // Multiples of a prime: all over the table, the same in every run.
  const request = (n: number): Buffer => {
    const id = { S: `item-${(n * 7_919) % count}` };
    return dynamoDbRequest('GetItem', { TableName, Key: { id } });
  };
  const options = { connections: 16, durationMs: 3_000, pids: [pid] };
  return load({ host, port, ...options, request }).then(({ perCpuSecond, failures }) => {
    if (failures > 0) throw new Error(`${failures} reads failed`);
    return perCpuSecond;
  });
}

/** In turns, so that both have the same machine. */
async function compareReads(grown: Grown): Promise<void> {
  const ratios: number[] = [];
  await readsPerCpuSecond(grown, grown.itemCount);
  for (let round = 0; round < 5; round += 1) {
    const small = await readsPerCpuSecond(grown, smallCount);
    const large = await readsPerCpuSecond(grown, grown.itemCount);
    console.log(`  ${small.toFixed(0)} reads/CPU-s of ten thousand, ${large.toFixed(0)} of all`);
    ratios.push(small / large);
  }
  const ratio = ratios.sort((a, b) => a - b)[2] ?? Number.NaN;
  console.log(`a read of all costs ${ratio.toFixed(2)} × one of ten thousand   (goal ≤ 1.5 ×)`);
}

async function allBeside(grown: Grown, dataDir: string): Promise<void> {
  const { client } = grown;
  const scan = (input: ScanInput) => () => pages((from) => client.scan({ ...input, ...from }));
  const all = { TableName, FilterExpression: 'attribute_exists(nothing)' };
  const tiny = {
    TableName: tinyName,
    KeyConditionExpression: 'id = :a',
    FilterExpression: 'attribute_exists(nothing)',
    ExpressionAttributeValues: { ':a': { S: 'a' } },
  };
  console.log('\nA single read beside …                        (goal: never more than 20 ms)');
  await line(grown, 'nothing else', () => new Promise((done) => setTimeout(done, 5_000)));
  await line(grown, 'a Scan of all, filtered', scan(all));
  await line(grown, 'a Scan of all, counted with its cost', () =>
    pages((from) =>
      client.scan({ TableName, Select: 'COUNT', ReturnConsumedCapacity: 'TOTAL', ...from }),
    ),
  );
  await line(grown, 'four segments of a Scan at once', () =>
    Promise.all([0, 1, 2, 3].map((Segment) => scan({ ...all, Segment, TotalSegments: 4 })())),
  );
  await line(grown, 'a Query of tiny items, filtered', () =>
    pages((from) => client.query({ ...tiny, ...from })),
  );
  await line(grown, 'a Query of tiny items, all told', () =>
    pages((from) => client.query({ ...tiny, FilterExpression: undefined, ...from })),
  );
  await line(grown, 'a SELECT of tiny items', () =>
    statementPages(client, `SELECT * FROM "${tinyName}" WHERE id = 'a'`),
  );
  await line(grown, 'a SELECT over all, one column', () =>
    statementPages(client, `SELECT colour FROM "${TableName}"`, 500),
  );
  await line(grown, 'BatchGetItem of 16 MB', () => times(10, () => getWide(client)));
  await line(grown, 'BatchWriteItem of 4 MB', () => times(10, () => putWide(client)));
  await line(grown, 'TransactWriteItems of 4 MB', () => times(10, () => transactWide(client)));
  await line(grown, 'an index being filled', () => createIndex(client));
  await line(grown, 'a Scan of that index', scan({ ...all, IndexName: 'byColour' }));
  await line(grown, 'an index being removed', () => deleteIndex(grown, dataDir));
  await line(grown, 'expiry times gathered, a tenth deleted', () => sweep(grown));
  if (grown.itemCount > backedUpMost) {
    console.log(`  backups of more than ${backedUpMost} items are left out: they fill the disk`);
    return;
  }
  await line(grown, 'a backup being made', () => backUp(client));
  await line(grown, 'a backup being restored', () => restore(client));
  await line(grown, 'its table being deleted, and the backup', () => removeCopies(grown, dataDir));
}

interface Paged {
  readonly LastEvaluatedKey?: Record<string, unknown> | undefined;
}

async function times(count: number, run: () => Promise<unknown>): Promise<void> {
  for (let n = 0; n < count; n += 1) await run();
}

function getWide(client: DynamoDB): Promise<unknown> {
  const Keys = Array.from({ length: wideCount }, (_, n) => ({ id: wideOf(n).id }));
  return client.batchGetItem({ RequestItems: { [wideName]: { Keys } } });
}

function putWide(client: DynamoDB): Promise<unknown> {
  const writes = Array.from({ length: 25 }, (_, n) => ({ PutRequest: { Item: wideOf(n) } }));
  return client.batchWriteItem({ RequestItems: { [wideName]: writes } });
}

function transactWide(client: DynamoDB): Promise<unknown> {
  const TransactItems = Array.from({ length: 25 }, (_, n) => ({
    Put: { TableName: wideName, Item: wideOf(n) },
  }));
  return client.transactWriteItems({ TransactItems });
}

/** At most so many pages: what is longer says nothing more. */
async function pages(read: (from: object) => Promise<Paged>, most = 2_000): Promise<void> {
  let from = {};
  for (let count = 0; count < most; count += 1) {
    const { LastEvaluatedKey } = await read(from);
    if (LastEvaluatedKey === undefined) return;
    from = { ExclusiveStartKey: LastEvaluatedKey };
  }
}

function statementPages(client: DynamoDB, Statement: string, most?: number): Promise<void> {
  let NextToken: string | undefined;
  return pages(async () => {
    const page = await client.executeStatement({ Statement, NextToken });
    NextToken = page.NextToken;
    return { LastEvaluatedKey: NextToken === undefined ? undefined : {} };
  }, most);
}

async function createIndex(client: DynamoDB): Promise<void> {
  const { Table: before } = await client.describeTable({ TableName });
  // A run that was ended leaves it half filled: it is filled anew at the start.
  if (before?.GlobalSecondaryIndexes === undefined) await addIndex(client);
  await until(async () => {
    const { Table } = await client.describeTable({ TableName });
    return Table?.GlobalSecondaryIndexes?.[0]?.IndexStatus === 'ACTIVE';
  });
}

async function addIndex(client: DynamoDB): Promise<void> {
  await client.updateTable({
    TableName,
    AttributeDefinitions: ['id', 'colour'].map((AttributeName) => ({
      AttributeName,
      AttributeType: 'S',
    })),
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
}

async function deleteIndex({ client }: Grown, dataDir: string): Promise<void> {
  const Delete = { IndexName: 'byColour' };
  await client.updateTable({ TableName, GlobalSecondaryIndexUpdates: [{ Delete }] });
  await quiet(dataDir);
}

async function sweep({ client, itemCount }: Grown): Promise<void> {
  const specification = { AttributeName: 'until' };
  const set = (Enabled: boolean) =>
    client.updateTimeToLive({
      TableName,
      TimeToLiveSpecification: { ...specification, Enabled },
    });
  await set(true);
  const left = itemCount - Math.floor(itemCount / 10);
  await until(async () => (await countItems(client)) <= left);
  await until(async () => {
    const { TimeToLiveDescription: told } = await client.describeTimeToLive({ TableName });
    return told?.TimeToLiveStatus === 'ENABLED';
  });
  await set(false);
}

async function countItems(client: DynamoDB): Promise<number> {
  return (await client.describeTable({ TableName })).Table?.ItemCount ?? 0;
}

const copyName = 'copy';

async function backUp(client: DynamoDB): Promise<void> {
  const { BackupDetails } = await client.createBackup({ TableName, BackupName: 'growth' });
  const BackupArn = BackupDetails?.BackupArn ?? '';
  await until(async () => {
    const { BackupDescription } = await client.describeBackup({ BackupArn });
    return BackupDescription?.BackupDetails?.BackupStatus === 'AVAILABLE';
  });
}

async function backupArn(client: DynamoDB): Promise<string> {
  return (await client.listBackups({ TableName })).BackupSummaries?.[0]?.BackupArn ?? '';
}

async function restore(client: DynamoDB): Promise<void> {
  const BackupArn = await backupArn(client);
  await client.restoreTableFromBackup({ TargetTableName: copyName, BackupArn });
  await until(async () => {
    const { Table } = await client.describeTable({ TableName: copyName });
    return Table?.TableStatus === 'ACTIVE';
  });
}

async function removeCopies({ client }: Grown, dataDir: string): Promise<void> {
  const BackupArn = await backupArn(client);
  await client.deleteTable({ TableName: copyName });
  await client.deleteBackup({ BackupArn });
  await quiet(dataDir);
}

/** Until the store has not been written to for a second. */
async function quiet(dataDir: string): Promise<void> {
  const path = join(dataDir, region, 'dynamodb', 'data.mdb');
  if (!existsSync(path)) throw new Error(`there is no ${path}`);
  await until(async () => Date.now() - statSync(path).mtimeMs > 1_000);
}

async function until(done: () => Promise<boolean>): Promise<void> {
  while (!(await done())) await new Promise((wake) => setTimeout(wake, 250));
}

async function line(grown: Grown, what: string, work: () => Promise<unknown>): Promise<void> {
  const { host, port, pid, itemCount, only } = grown;
  if (only !== undefined && !what.includes(only)) return;
  const probe = { host, port, tableName: TableName, itemCount, perSecond: probesPerSecond };
  const told = await beside(pid, probe, work);
  const ms = (value: number): string => value.toFixed(1).padStart(6);
  const { median, percentile99, longest, longestTurn, system, seconds, failures } = told;
  console.log(
    `  ${what.padEnd(42)} ${seconds.toFixed(0).padStart(4)} s: median ${ms(median)}, ` +
      `99 % ${ms(percentile99)}, longest ${ms(longest)} ms; longest turn ${ms(longestTurn)} ms, ` +
      `${ms(system)} in the kernel` +
      `${failures > 0 ? `, ${failures} FAILED` : ''}`,
  );
}

function memory({ pid }: Grown): string {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  const megabytes = (name: string): string =>
    (Number(new RegExp(`${name}:\\s+(\\d+)`).exec(text)?.[1] ?? 0) / 1024).toFixed(0);
  return `${megabytes('RssAnon')} MB of its own, ${megabytes('RssFile')} MB of mapped files`;
}
