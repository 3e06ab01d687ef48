/** DynamoDB against dynalite on disk and against bare node:http, at 16 connections. */
import { join } from 'node:path';
import { startCloud } from '../packages/orrery/test/cloud-process.ts';
import { httpRequest, load } from './load.ts';
import { type Contender, report, rounds } from './rounds.ts';
import { forkServer, freePort, spawnServer, temporaryFolder } from './servers.ts';

const items = 10_000;
const durationMs = 1_000;
const roundCount = 7;
const credential = 'test/20261124/us-east-1/dynamodb/aws4_request';
const headers = (operation: string): Record<string, string> => ({
  host: '127.0.0.1',
  'content-type': 'application/x-amz-json-1.0',
  'x-amz-target': `DynamoDB_20120810.${operation}`,
  'x-amz-date': '20261124T000000Z',
  authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host;x-amz-date;x-amz-target, Signature=${'0'.repeat(64)}`,
});

const call = (operation: string, input: unknown): Buffer =>
  httpRequest('POST', '/', headers(operation), JSON.stringify(input));

const pk = (n: number): { S: string } => ({ S: `customer-${Math.floor((n % items) / 100)}` });
const sk = (n: number): { S: string } => ({ S: `order-${String(n % 100).padStart(3, '0')}` });
const TableName = 'bench';

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
  readonly request: (n: number) => Buffer;
  /** What a right answer holds: the end of an item, or the number of items. */
  readonly expected: string;
  readonly goal: string;
}

const operations: Readonly<Record<string, Measured>> = {
  PutItem: {
    request: (n) => call('PutItem', { TableName, Item: item(n) }),
    expected: '{}',
    goal: 'goal ≥ 4 ×',
  },
  GetItem: {
    request: (n) => call('GetItem', { TableName, Key: { pk: pk(n), sk: sk(n) } }),
    expected: '"sku":{"S":"astrolabe"}',
    goal: 'goal ≥ 4 ×',
  },
  UpdateItem: {
    request: (n) =>
      call('UpdateItem', {
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
  return call('Query', {
    TableName,
    KeyConditionExpression: 'pk = :p',
    ExpressionAttributeValues: { ':p': pk(n) },
    ...(Limit === undefined ? {} : { Limit }),
  });
}

const createTable = call('CreateTable', {
  TableName,
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: ['pk', 'sk'].map((name) => ({ AttributeName: name, AttributeType: 'S' })),
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
});

interface Target {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly pid: number;
}

async function fill(target: Target): Promise<void> {
  const once = { host: target.host, port: target.port, pids: [target.pid] };
  const post = async (bytes: Buffer): Promise<void> => {
    await load({ ...once, connections: 1, durationMs: 0, request: () => bytes });
  };
  await post(createTable);
  await new Promise((wake) => setTimeout(wake, 1_500));
  let next = 0;
  const request = (): Buffer => {
    next += 1;
    return call('PutItem', { TableName, Item: item(next) });
  };
  while (next < items) await load({ ...once, connections: 16, durationMs: 500, request });
}

export async function run(): Promise<void> {
  await using cloud = await startCloud({ args: ['--regions', 'us-east-1'] });
  const region = cloud.status.regions[0];
  const dynalitePort = await freePort();
  const cli = join(import.meta.dirname, 'node_modules', 'dynalite', 'cli.js');
  const dynalite = await spawnServer(
    process.execPath,
    [cli, '--port', String(dynalitePort), '--path', temporaryFolder(), '--createTableMs', '0'],
    /Listening/i,
    { port: dynalitePort },
  );
  const bare = await forkServer('node-http.ts');
  const ours: Target = {
    name: 'orrery',
    host: region?.ip ?? '',
    port: Number(new URL(region?.endpoint ?? '').port),
    pid: region?.pid ?? 0,
  };
  const peer: Target = { name: 'dynalite --path', host: '127.0.0.1', ...dynalite };
  const limit: Target = { name: 'bare node:http echo', host: '127.0.0.1', ...bare };
  await fill(ours);
  await fill(peer);
  for (const [name, { request, expected, goal }] of Object.entries(operations)) {
    const contenders = [ours, peer, limit].map(
      (target): Contender => ({
        name: target.name,
        run: () =>
          load({
            host: target.host,
            port: target.port,
            pids: [target.pid],
            connections: 16,
            durationMs,
            request,
            // The echo answers what it was asked.
            ...(target === limit ? {} : { expected }),
          }),
      }),
    );
    report(`DynamoDB ${name}`, await rounds(contenders, roundCount), goal);
  }
  dynalite.stop();
  bare.stop();
}
