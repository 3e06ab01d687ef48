/**
 * Kills a region's process with SIGKILL at random instants under mixed writes, and looks afterwards at
 * what is left.
 *
 *  K1  Every acknowledged write is there; one that got no answer happened wholly or not at all.
 *  K2  The two items of a transaction are always of one value.
 *  K3  The global index holds exactly the items of the table.
 *  K4  The stream, read from its beginning, is the history of the table: each old image is what the
 *      records before it made, and the last ones make what the table holds.
 */
import assert from 'node:assert/strict';
import { type AttributeValue, DynamoDB } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreams, type _Record as StreamRecord } from '@aws-sdk/client-dynamodb-streams';
import { type CloudProcess, startCloud } from './cloud-process.ts';
import { eventually, sleep } from './eventually.ts';

export interface CampaignResult {
  readonly kills: number;
  readonly acknowledged: number;
  /** Requests without an answer. */
  readonly unanswered: number;
  readonly streamRecords: number;
}

const region = 'us-east-1';
const TableName = 'killed';
const writers = 6;
const keysPerWriter = 8;
const owners = 3;

/** Null where the item is not there. */
type Value = number | null;

interface Expected {
  acknowledged: Value;
  /** What the request without an answer would have made. */
  unanswered?: Value;
}

interface Campaign {
  readonly cloud: CloudProcess;
  readonly client: DynamoDB;
  readonly streams: DynamoDBStreams;
  readonly expected: Map<string, Expected>;
  value: number;
  acknowledged: number;
  unanswered: number;
}

/** Throws an AssertionError at the first promise that is broken. */
export async function runKillCampaign(kills: number): Promise<CampaignResult> {
  await using cloud = await startCloud({ args: ['--regions', region, '--latency', 'off'] });
  const config = {
    endpoint: cloud.status.endpoint,
    region,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  };
  const campaign: Campaign = {
    cloud,
    client: new DynamoDB(config),
    streams: new DynamoDBStreams(config),
    expected: new Map(),
    value: 0,
    acknowledged: 0,
    unanswered: 0,
  };
  await createTable(campaign.client);
  let streamRecords = 0;
  for (let kill = 0; kill < kills; kill += 1) {
    await writeUntilKilled(campaign);
    await comeBack(campaign);
    streamRecords = await check(campaign);
  }
  campaign.client.destroy();
  campaign.streams.destroy();
  const { acknowledged, unanswered } = campaign;
  return { kills, acknowledged, unanswered, streamRecords };
}

async function createTable(client: DynamoDB): Promise<void> {
  await client.createTable({
    TableName,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [
      { AttributeName: 'id', AttributeType: 'S' },
      { AttributeName: 'owner', AttributeType: 'S' },
    ],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'byOwner',
        KeySchema: [{ AttributeName: 'owner', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
  });
}

async function writeUntilKilled(campaign: Campaign): Promise<void> {
  const pid = await pidOf(campaign.cloud);
  let killed = false;
  const all = Array.from({ length: writers }, async (_, writer) => {
    while (!killed) await writeOnce(campaign, writer);
  });
  await sleep(30 + Math.random() * 400);
  process.kill(pid, 'SIGKILL');
  await sleep(20);
  killed = true;
  await Promise.all(all);
}

async function pidOf(cloud: CloudProcess): Promise<number> {
  const status = await cloud.admin<CloudProcess['status']>('GET', '/api/status');
  const { pid, state } = status.regions[0] ?? {};
  assert.equal(state, 'running');
  assert.ok(typeof pid === 'number');
  return pid;
}

async function comeBack({ cloud, client }: Campaign): Promise<void> {
  const { code, stderr } = await eventually(async () => {
    const result = await cloud.orrery('fault', 'stop', 'region-outage', region);
    if (result.code !== 0) throw new Error(result.stderr);
    return result;
  });
  assert.equal(code, 0, stderr);
  await eventually(() => client.describeTable({ TableName }));
}

/** One write of a kind by chance, to keys that no other writer writes. */
async function writeOnce(campaign: Campaign, writer: number): Promise<void> {
  campaign.value += 1;
  const value = campaign.value;
  const kind = Math.floor(Math.random() * 4);
  const number = Math.floor(Math.random() * keysPerWriter);
  const id = kind === 3 ? `${writer}-pair` : `${writer}-${number}`;
  const ids = kind === 3 ? [`${id}-a`, `${id}-b`] : [id];
  const next: Value = kind === 2 ? null : value;
  const before = ids.map((one) => campaign.expected.get(one) ?? { acknowledged: null });
  // A key whose last write got no answer rests until the region is back and tells.
  if (before.some((one) => 'unanswered' in one)) return sleep(1);
  try {
    await send(campaign.client, kind, ids, value);
    campaign.acknowledged += 1;
    for (const one of ids) campaign.expected.set(one, { acknowledged: next });
  } catch (error) {
    assert.notEqual((error as Error).name, 'ValidationException', String(error));
    campaign.unanswered += 1;
    ids.forEach((one, i) => {
      const acknowledged = before[i]?.acknowledged ?? null;
      campaign.expected.set(one, { acknowledged, unanswered: next });
    });
  }
}

async function send(
  client: DynamoDB,
  kind: number,
  ids: readonly string[],
  value: number,
): Promise<void> {
  const Key = { id: { S: ids[0] ?? '' } };
  const owner = { S: `owner-${value % owners}` };
  const item = (id: string) => ({ id: { S: id }, owner, v: { N: String(value) } });
  if (kind === 0) await client.putItem({ TableName, Item: item(ids[0] ?? '') });
  else if (kind === 1) {
    await client.updateItem({
      TableName,
      Key,
      UpdateExpression: 'SET v = :v, #o = :o',
      ExpressionAttributeNames: { '#o': 'owner' },
      ExpressionAttributeValues: { ':v': { N: String(value) }, ':o': owner },
    });
  } else if (kind === 2) await client.deleteItem({ TableName, Key });
  else {
    const TransactItems = ids.map((id) => ({ Put: { TableName, Item: item(id) } }));
    await client.transactWriteItems({ TransactItems });
  }
}

type Items = Map<string, Record<string, AttributeValue>>;

/** Answers how many records the stream has. */
async function check({ client, streams, expected }: Campaign): Promise<number> {
  const { Items: rows = [] } = await client.scan({ TableName, ConsistentRead: true });
  const items: Items = new Map(rows.map((item) => [item['id']?.S ?? '', item]));
  for (const [id, one] of expected) {
    const found = valueIn(items.get(id));
    const allowed = 'unanswered' in one ? [one.acknowledged, one.unanswered] : [one.acknowledged];
    assert.ok(allowed.includes(found), `${id} is ${found}, not one of ${allowed.join(', ')}`);
    expected.set(id, { acknowledged: found });
  }
  for (let writer = 0; writer < writers; writer += 1) {
    const [a, b] = ['a', 'b'].map((half) => valueIn(items.get(`${writer}-pair-${half}`)));
    assert.equal(a, b, 'a transaction is whole');
  }
  assert.deepEqual(sorted(await indexed(client)), sorted(rows), 'the index is the table');
  const records = await allRecords(streams);
  assert.deepEqual(sorted([...replayed(records).values()]), sorted(rows), 'so is the stream');
  return records.length;
}

function valueIn(item: Record<string, AttributeValue> | undefined): Value {
  return item === undefined ? null : Number(item['v']?.N);
}

function sorted(items: readonly Record<string, AttributeValue>[]): object[] {
  return items
    .map(({ id, owner, v }) => ({ id: id?.S ?? '', owner: owner?.S, v: v?.N }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

async function indexed(client: DynamoDB): Promise<Record<string, AttributeValue>[]> {
  const pages = Array.from({ length: owners }, (_, owner) =>
    client.query({
      TableName,
      IndexName: 'byOwner',
      KeyConditionExpression: '#o = :o',
      ExpressionAttributeNames: { '#o': 'owner' },
      ExpressionAttributeValues: { ':o': { S: `owner-${owner}` } },
    }),
  );
  return (await Promise.all(pages)).flatMap(({ Items: found }) => found ?? []);
}

async function allRecords(streams: DynamoDBStreams): Promise<StreamRecord[]> {
  const { Streams } = await streams.listStreams({ TableName });
  const StreamArn = Streams?.[0]?.StreamArn;
  const { StreamDescription } = await streams.describeStream({ StreamArn });
  const records: StreamRecord[] = [];
  for (const { ShardId } of StreamDescription?.Shards ?? []) {
    const place = { StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' } as const;
    let { ShardIterator } = await streams.getShardIterator(place);
    while (ShardIterator !== undefined) {
      const { Records = [], NextShardIterator } = await streams.getRecords({ ShardIterator });
      records.push(...Records);
      ShardIterator = Records.length === 0 ? undefined : NextShardIterator;
    }
  }
  return records;
}

function replayed(records: readonly StreamRecord[]): Items {
  const items: Items = new Map();
  let last = '';
  for (const { dynamodb } of records) {
    const number = dynamodb?.SequenceNumber ?? '';
    assert.ok(number > last, 'sequence numbers ascend');
    last = number;
    const id = dynamodb?.Keys?.['id']?.S ?? '';
    assert.deepEqual(dynamodb?.OldImage, items.get(id), `${number}: what was there before`);
    if (dynamodb?.NewImage === undefined) items.delete(id);
    else items.set(id, dynamodb.NewImage);
  }
  return items;
}
