/**
 * DynamoDB against dynalite on disk, DynamoDB Local (where there are Java and Maven) and bare node:http
 * on LMDB, at 16 connections; and our own plain writes against those with a stream and two global indexes.
 */
import { join } from 'node:path';
import { startCloud } from '../packages/orrery/test/cloud-process.ts';
import { startDynamoDbLocal } from './dynamodb-local.ts';
import { dynamoDbRequest } from './dynamodb-request.ts';
import { load } from './load.ts';
import { type Contender, report, rounds } from './rounds.ts';
import { forkServer, freePort, spawnServer, temporaryFolder } from './servers.ts';

const items = 10_000;
const durationMs = 1_000;
const roundCount = 7;
const pk = (n: number): { S: string } => ({ S: `customer-${Math.floor((n % items) / 100)}` });
const sk = (n: number): { S: string } => ({ S: `order-${String(n % 100).padStart(3, '0')}` });
const plainName = 'bench';
/** The same with a stream and two global indexes, one of whose keys every write changes. */
const richName = 'bench-rich';

/** An item of about 1 KB. */
const item = (n: number): unknown => ({
  pk: pk(n),
  sk: sk(n),
  total: { N: String(n) },
  status: { S: 'accepted' },
  tags: { SS: ['a', 'b', 'c'] },
  lines: { L: [{ M: { sku: { S: 'astrolabe' }, quantity: { N: '2' } } }] },
  note: { S: 'x'.repeat(800) },
});

interface Measured {
  readonly request: (n: number, TableName?: string) => Buffer;
  /** What a right answer holds: the end of an item, or the number of items. */
  readonly expected: string;
  readonly goal: string;
}

const operations: Readonly<Record<string, Measured>> = {
  PutItem: {
    request: (n, TableName = plainName) => dynamoDbRequest('PutItem', { TableName, Item: item(n) }),
    expected: '{}',
    goal: 'goal ≥ 4 ×',
  },
  GetItem: {
    request: (n) =>
      dynamoDbRequest('GetItem', { TableName: plainName, Key: { pk: pk(n), sk: sk(n) } }),
    expected: '"sku":{"S":"astrolabe"}',
    goal: 'goal ≥ 4 ×',
  },
  UpdateItem: {
    request: (n, TableName = plainName) =>
      dynamoDbRequest('UpdateItem', {
        TableName,
        Key: { pk: pk(n), sk: sk(n) },
        UpdateExpression: 'SET #s = :s, #t = #t + :one',
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeNames: { '#s': 'status', '#t': 'total' },
        ExpressionAttributeValues: { ':s': { S: 'paid' }, ':one': { N: '1' } },
      }),
    expected: '{}',
    goal: 'goal ≥ 4.5 ×',
  },
  'Query, Limit 10': {
    request: (n) => query(n, 10),
    expected: '"Count":10,',
    goal: 'goal ≥ 11 ×',
  },
  'Query, 100 items': {
    request: (n) => query(n, undefined),
    expected: '"Count":100,',
    goal: 'goal ≥ 10 ×',
  },
};

function query(n: number, Limit: number | undefined): Buffer {
  return dynamoDbRequest('Query', {
    TableName: plainName,
    KeyConditionExpression: 'pk = :p',
    ExpressionAttributeValues: { ':p': pk(n) },
    ...(Limit === undefined ? {} : { Limit }),
  });
}

const key = (hash: string, range: string) => [
  { AttributeName: hash, KeyType: 'HASH' },
  { AttributeName: range, KeyType: 'RANGE' },
];
const attribute = (AttributeName: string, AttributeType = 'S') => ({
  AttributeName,
  AttributeType,
});
const Projection = { ProjectionType: 'ALL' };

const plainTable = {
  TableName: plainName,
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [attribute('pk'), attribute('sk')],
  KeySchema: key('pk', 'sk'),
};
const richTable = {
  ...plainTable,
  TableName: richName,
  AttributeDefinitions: [
    ...plainTable.AttributeDefinitions,
    ...[attribute('status'), attribute('total', 'N')],
  ],
  GlobalSecondaryIndexes: [
    { IndexName: 'byTotal', KeySchema: key('status', 'total'), Projection },
    { IndexName: 'byStatus', KeySchema: key('status', 'sk'), Projection },
  ],
  StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
};

interface Target {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly pid: number;
}

async function fill(target: Target, table: typeof plainTable): Promise<void> {
  const once = { host: target.host, port: target.port, pids: [target.pid] };
  const create = dynamoDbRequest('CreateTable', table);
  const { failures } = await load({
    ...once,
    connections: 1,
    durationMs: 0,
    request: () => create,
  });
  if (failures > 0) throw new Error(`${target.name} makes no table`);
  await new Promise((wake) => setTimeout(wake, 1_500));
  let next = 0;
  const request = (): Buffer => {
    next += 1;
    return dynamoDbRequest('PutItem', { TableName: table.TableName, Item: item(next) });
  };
  while (next < items) await load({ ...once, connections: 16, durationMs: 500, request });
}

function contender(target: Target, { request, expected }: Omit<Measured, 'goal'>): Contender {
  const { name, host, port, pid } = target;
  const options = { host, port, pids: [pid], connections: 16, durationMs, request };
  return { name, run: () => load({ ...options, expected }) };
}

export async function run(): Promise<void> {
  await using cloud = await startCloud({ args: ['--regions', 'us-east-1'] });
  const region = cloud.status.regions[0];
  const ours: Target = {
    name: 'orrery',
    host: region?.ip ?? '',
    port: Number(new URL(region?.endpoint ?? '').port),
    pid: region?.pid ?? 0,
  };
  await fill(ours, plainTable);
  await fill(ours, richTable);
  await compareWithPeers(ours);
  await compareWrites(ours);
}

async function compareWithPeers(ours: Target): Promise<void> {
  const dynalitePort = await freePort();
  const cli = join(import.meta.dirname, 'node_modules', 'dynalite', 'cli.js');
  const dynalite = await spawnServer(
    process.execPath,
    [cli, '--port', String(dynalitePort), '--path', temporaryFolder(), '--createTableMs', '0'],
    /Listening/i,
    { port: dynalitePort },
  );
  const local = await startDynamoDbLocal();
  const bare = await forkServer('node-lmdb.ts');
  const host = '127.0.0.1';
  const peers: Target[] = [{ name: 'dynalite --path', host, ...dynalite }];
  if (typeof local === 'string') console.log(`DynamoDB Local is left out: ${local}`);
  else peers.push({ name: 'DynamoDB Local -dbPath', host, ...local });
  peers.push({ name: 'bare node:http + lmdb', host, ...bare });
  for (const peer of peers) await fill(peer, plainTable);
  for (const [name, { request, expected, goal }] of Object.entries(operations)) {
    const contenders = [ours, ...peers].map((target) => contender(target, { request, expected }));
    const [, , java] = contenders;
    // Java compiles what it has often done: it is to be measured at its best.
    if (typeof local !== 'string') for (let turn = 0; turn < 6; turn += 1) await java?.run();
    report(`DynamoDB ${name}`, await rounds(contenders, roundCount), goal);
  }
  for (const server of [dynalite, bare]) server.stop();
  if (typeof local !== 'string') local.stop();
}

async function compareWrites(ours: Target): Promise<void> {
  for (const name of ['PutItem', 'UpdateItem']) {
    const measured = operations[name];
    if (measured === undefined) continue;
    const { request, expected } = measured;
    const rich = (n: number): Buffer => request(n, richName);
    const contenders = [
      contender({ ...ours, name: 'plain table' }, { request, expected }),
      contender({ ...ours, name: 'stream, two indexes' }, { request: rich, expected }),
    ];
    report(
      `DynamoDB ${name}, cost of a plain one`,
      await rounds(contenders, roundCount),
      'goal ≤ 2.5 ×',
    );
  }
}
