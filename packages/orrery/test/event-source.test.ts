/**
 * A CDK app with a `DynamoEventSource` on a global table: real handlers in Frankfurt see what is
 * written there, what arrives from Tokyo, and what had arrived when the region died.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { Lambda } from '@aws-sdk/client-lambda';
import type { DeployedStack } from '../src/admin/api.ts';
import { type CloudProcess, startCloud } from './cloud-process.ts';
import { eventually } from './eventually.ts';

const [frankfurt, tokyo] = ['eu-central-1', 'ap-northeast-1'] as const;

/** Notes what it gets in the table `seen` of its region; fails for `poison`, and says where. */
const handler = `
const { DynamoDB } = require('@aws-sdk/client-dynamodb');
const db = new DynamoDB();
exports.handler = async ({ Records }) => {
  for (const { eventName, eventID, awsRegion, dynamodb } of Records) {
    const pk = dynamodb.Keys.pk.S;
    if (pk === 'poison') {
      return { batchItemFailures: [{ itemIdentifier: dynamodb.SequenceNumber }] };
    }
    const image = JSON.stringify(dynamodb.NewImage ?? null);
    const Item = { pk: { S: eventID }, what: { S: [eventName, pk, awsRegion, image].join(' ') } };
    await db.putItem({ TableName: 'seen', Item });
  }
};`;

const app = `
import { App, Duration, Stack } from 'aws-cdk-lib';
import { AttributeType, Billing, StreamViewType, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Code, FilterCriteria, FilterRule, Function as Fn, Runtime, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { DynamoEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';

const stack = new Stack(new App(), 'Events', { env: { region: '${frankfurt}' } });
const partitionKey = { name: 'pk', type: AttributeType.STRING };
const events = new TableV2(stack, 'Items', {
  tableName: 'items',
  partitionKey,
  dynamoStream: StreamViewType.NEW_AND_OLD_IMAGES,
  replicas: [{ region: '${tokyo}' }],
});
const seen = new TableV2(stack, 'Seen', { tableName: 'seen', partitionKey });
const consumer = new Fn(stack, 'Consumer', {
  functionName: 'consumer',
  runtime: Runtime.NODEJS_24_X,
  handler: 'index.handler',
  timeout: Duration.seconds(30),
  code: Code.fromInline(${JSON.stringify(handler)}),
});
seen.grantWriteData(consumer);
consumer.addEventSource(
  new DynamoEventSource(events, {
    startingPosition: StartingPosition.TRIM_HORIZON,
    batchSize: 10,
    retryAttempts: 1,
    bisectBatchOnError: true,
    reportBatchItemFailures: true,
    filters: [FilterCriteria.filter({ eventName: FilterRule.or('INSERT', 'MODIFY') })],
  }),
);
`;

let cloud: CloudProcess;
let folder: string;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'orrery-streams-'));
  const root = resolve(import.meta.dirname, '..', '..', '..');
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(join(folder, 'app.ts'), app);
  writeFileSync(join(folder, 'cdk.json'), '{"app":"node app.ts"}');
  const regions = `${frankfurt},${tokyo}`;
  cloud = await startCloud({
    args: ['--regions', regions, '--latency', '0.2', '--time-scale', '10'],
  });
  const { code, stdout, stderr } = await cloud.orrery('deploy', join(folder, 'app.ts'), '--json');
  assert.equal(code, 0, stderr);
  const [stack] = JSON.parse(stdout) as DeployedStack[];
  assert.equal(stack?.action, 'create');
});

after(async () => {
  await cloud?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };

function dynamoDb(region: string): DynamoDB {
  return new DynamoDB({ region, endpoint: cloud.status.endpoint, credentials });
}

async function put(region: string, pk: string, n: number): Promise<void> {
  const Item = { pk: { S: pk }, n: { N: String(n) } };
  await dynamoDb(region).putItem({ TableName: 'items', Item });
}

async function seen(): Promise<readonly string[]> {
  const { Items = [] } = await dynamoDb(frankfurt).scan({ TableName: 'seen' });
  return Items.map(({ what }) => what?.S ?? '');
}

async function untilSeen(...wanted: readonly string[]): Promise<void> {
  await eventually(
    async () => {
      const all = await seen();
      for (const what of wanted) assert.ok(all.includes(what), `${what} in\n${all.join('\n')}`);
    },
    { timeoutMs: 30_000, everyMs: 50 },
  );
}

const inserted = (pk: string, n: number): string =>
  `INSERT ${pk} ${frankfurt} {"pk":{"S":"${pk}"},"n":{"N":"${n}"}}`;

describe('a handler in Frankfurt', () => {
  it('sees what is written there, and what is written in Tokyo', async () => {
    await put(frankfurt, 'here', 1);
    await put(tokyo, 'there', 2);
    await untilSeen(inserted('here', 1), inserted('there', 2));
  });

  it('is told of no poison, and of nothing that its filter keeps back', async () => {
    await put(tokyo, 'poison', 3);
    await dynamoDb(frankfurt).deleteItem({ TableName: 'items', Key: { pk: { S: 'here' } } });
    await put(frankfurt, 'after', 4);
    await untilSeen(inserted('after', 4));
    assert.deepEqual(
      (await seen()).filter((what) => /REMOVE|poison/.test(what)),
      [],
    );
  });

  it('sees everything over an outage that comes in the middle of its work', async () => {
    const all = Array.from({ length: 120 }, (_, n) => n);
    const write = (n: number): Promise<void> => put(tokyo, `busy-${n}`, n);
    await Promise.all(all.slice(0, 100).map(write));
    const fault = await cloud.orrery('fault', 'start', 'region-outage', frankfurt);
    assert.equal(fault.code, 0, fault.stderr);
    await Promise.all(all.slice(100).map(write));
    assert.equal((await cloud.orrery('fault', 'stop', '--all')).code, 0);
    await untilSeen(...all.map((n) => inserted(`busy-${n}`, n)));
  });

  it('is left alone once the app is destroyed', async () => {
    const { code, stderr } = await cloud.orrery('destroy', '--json');
    assert.equal(code, 0, stderr);
    const lambda = new Lambda({ region: frankfurt, endpoint: cloud.status.endpoint, credentials });
    const { EventSourceMappings } = await lambda.listEventSourceMappings({});
    assert.deepEqual(EventSourceMappings, []);
  });
});
