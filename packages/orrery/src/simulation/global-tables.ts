/**
 * Regions that each run the real DynamoDB and the real global tables, with one table in all of
 * them. Clients speak DynamoDB's JSON protocol, as an SDK would. Owns the translation between plans
 * and that API; reads the storage of a region with the service's own decoders, to know which
 * version a write got: its clients are not told.
 */
import { createEndpoint } from '../endpoint/endpoint.ts';
import { requestJson } from '../endpoint/internal-json.ts';
import { type HttpRequest, type HttpResponse, type Io, NetError } from '../io/io.ts';
import type { ApplyRequest } from '../services/dynamodb/api.ts';
import { decodeVersion } from '../services/dynamodb/replication/replica-tables.ts';
import { createDynamoDbService } from '../services/dynamodb/service.ts';
import { spaces } from '../services/dynamodb/storage/key-encoding.ts';
import type { StatusResponse } from '../services/global-tables/api.ts';
import { createGlobalTablesService } from '../services/global-tables/service.ts';
import { utf8Decode, utf8Encode } from '../stdx/bytes.ts';
import type { Completion, Operation } from './history.ts';
import type { Plan } from './plan.ts';
import type { Held, OwnWrite, Replica, StoredWrites, Target } from './target.ts';

const tableName = 'orders';
const accountId = '000000000000';
const observerDeadlineMs = 5_000;
const pollMs = 200;

/** The target of `orrery sim`. */
export function createGlobalTablesTarget(plan: Plan): Target {
  return {
    mustTell: ['dynamodb.conflict'],
    boot: (io) => boot(io, plan),
    prepare: (io) => prepare(io, plan.regions),
    addReplicas: (io) => addReplicas(io, plan.regions),
    perform: (io, operation) => perform(io, operation, plan),
    pauseReplication,
    replica: readReplica,
    ownWrites,
    backlog,
  };
}

async function boot(io: Io, plan: Plan): Promise<void> {
  const region = io.location;
  const services = [
    await createDynamoDbService(io, {
      accountId,
      region,
      ...(plan.plant === 'ties-by-arrival' ? { compare: byTimeAlone } : {}),
    }),
    await createGlobalTablesService(io, {
      region,
      tombstoneKeepMs: plan.tombstoneKeepMs,
      tombstoneEveryMs: 1_000,
    }),
  ];
  const endpoint = createEndpoint({
    io,
    region,
    accountId,
    services,
    auth: { mode: 'open' },
    regions: plan.regions,
    globalServices: new Set(),
  });
  await endpoint.start();
}

/** The planted bug: of two writes of one instant, the one that arrives later loses. */
function byTimeAlone(a: { readonly timestamp: string }, b: { readonly timestamp: string }): number {
  return a.timestamp < b.timestamp ? -1 : a.timestamp > b.timestamp ? 1 : 0;
}

async function prepare(io: Io, [first = '']: readonly string[]): Promise<void> {
  const created = await send(
    io,
    first,
    'CreateTable',
    {
      TableName: tableName,
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    },
    observerDeadlineMs,
  );
  if (created.status !== 200) throw refused('CreateTable', created);
  for (;;) {
    const table = await describe(io, first);
    if (table?.TableStatus === 'ACTIVE') return;
    await io.timers.sleep(pollMs, 'wait for the table');
  }
}

/** As a deployment tool does: one replica at a time, asking again whatever the answer was. */
async function addReplicas(io: Io, [first = '', ...others]: readonly string[]): Promise<void> {
  for (;;) {
    const table = await describe(io, first);
    const known = new Map(
      table?.Replicas?.map(({ RegionName, ReplicaStatus }) => [RegionName, ReplicaStatus]),
    );
    if (others.every((region) => known.get(region) === 'ACTIVE')) return;
    const missing = others.find((region) => !known.has(region));
    if (table?.TableStatus === 'ACTIVE' && missing !== undefined) {
      const ReplicaUpdates = [{ Create: { RegionName: missing } }];
      const input = { TableName: tableName, ReplicaUpdates };
      await orUndefined(send(io, first, 'UpdateTable', input, observerDeadlineMs));
    }
    await io.timers.sleep(pollMs, 'wait for replicas');
  }
}

interface TableDescription {
  readonly TableStatus: string;
  readonly Replicas?: readonly { readonly RegionName: string; readonly ReplicaStatus: string }[];
}

async function describe(io: Io, region: string): Promise<TableDescription | undefined> {
  const input = { TableName: tableName };
  const response = await orUndefined(send(io, region, 'DescribeTable', input, observerDeadlineMs));
  if (response?.status !== 200) return undefined;
  return (JSON.parse(utf8Decode(response.body)) as { Table: TableDescription }).Table;
}

async function perform(io: Io, operation: Operation, plan: Plan): Promise<Completion> {
  const [action, input] = callOf(operation);
  let response: HttpResponse;
  try {
    response = await send(io, operation.region, action, input, plan.workload.deadlineMs);
  } catch (error) {
    if (!(error instanceof NetError)) throw error;
    return { outcome: error.maybeApplied ? 'unknown' : 'failed' };
  }
  // Internal errors and gateways in between leave it open whether the write was made.
  if (response.status >= 500) return { outcome: 'unknown' };
  const body = JSON.parse(utf8Decode(response.body)) as Answer;
  const code = body.__type?.split('#')[1];
  if (code === 'ConditionalCheckFailedException') return { outcome: 'failed' };
  // A replica that is still to come.
  const early = plan.replicasAtMs > 0 && operation.region !== plan.regions[0];
  if (early && code === 'ResourceNotFoundException') return { outcome: 'failed' };
  if (response.status !== 200) throw refused(action, response);
  if (operation.kind === 'get' || operation.kind === 'consistent-get') {
    return { outcome: 'ok', observed: body.Item?.v?.S ?? null };
  }
  if (operation.kind !== 'update') return { outcome: 'ok' };
  return { outcome: 'ok', observed: body.Attributes?.v?.S ?? null };
}

interface Item {
  readonly pk?: { readonly S: string };
  readonly v?: { readonly S: string };
}

interface Answer {
  readonly __type?: string;
  readonly Item?: Item;
  readonly Attributes?: Item;
}

/** The API call that stands for an operation. */
function callOf(operation: Operation): readonly [action: string, input: object] {
  const { kind, key, value = '', expected } = operation;
  const item = { TableName: tableName, Item: { pk: { S: key }, v: { S: value } } };
  const at = { TableName: tableName, Key: { pk: { S: key } } };
  const absent = { ConditionExpression: 'attribute_not_exists(pk)' };
  switch (kind) {
    case 'put':
      return ['PutItem', item];
    case 'create':
      return ['PutItem', { ...item, ...absent }];
    case 'conditional-put':
      if (expected === null) return ['PutItem', { ...item, ...absent }];
      return [
        'PutItem',
        {
          ...item,
          ConditionExpression: 'v = :expected',
          ExpressionAttributeValues: { ':expected': { S: expected } },
        },
      ];
    case 'update':
      return [
        'UpdateItem',
        {
          ...at,
          UpdateExpression: 'SET v = :v',
          ExpressionAttributeValues: { ':v': { S: value } },
          ReturnValues: 'ALL_OLD',
        },
      ];
    case 'delete':
      return ['DeleteItem', at];
    default:
      return ['GetItem', { ...at, ConsistentRead: kind === 'consistent-get' }];
  }
}

async function send(
  io: Io,
  region: string,
  action: string,
  input: object,
  deadlineMs: number,
): Promise<HttpResponse> {
  const request: HttpRequest = {
    method: 'POST',
    path: '/',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDB_20120810.${action}`,
      host: `dynamodb.${region}.amazonaws.com`,
    },
    body: utf8Encode(JSON.stringify(input)),
  };
  return io.network.request({ region, service: 'dynamodb' }, request, { deadlineMs });
}

function refused(action: string, response: HttpResponse): Error {
  return new Error(`${action} was refused: ${response.status} ${utf8Decode(response.body)}`);
}

async function pauseReplication(io: Io, region: string, paused: boolean): Promise<boolean> {
  const to = { region, service: 'global-tables' };
  const call = { deadlineMs: observerDeadlineMs };
  const asked = requestJson(io.network, to, '/pause', { paused }, call);
  return (await orUndefined(asked)) !== undefined;
}

async function readReplica(io: Io, region: string): Promise<Replica | undefined> {
  const held = new Map<string, Held>();
  let start: string | null = null;
  do {
    const response: HttpResponse | undefined = await orUndefined(
      io.network.request(
        { region, service: 'dynamodb-replica' },
        {
          method: 'POST',
          path: '/snapshot',
          headers: { 'content-type': 'application/json' },
          body: utf8Encode(JSON.stringify({ tableName, start, limit: 1_000 })),
        },
        { deadlineMs: observerDeadlineMs },
      ),
    );
    if (response?.status !== 200) return undefined;
    const { versions } = JSON.parse(utf8Decode(response.body)) as ApplyRequest;
    for (const each of versions) {
      const { key, value, version } = contentOf(each.record, each.deleted);
      held.set(key, { value, version });
    }
    start = (response.headers['orrery-next'] as string | undefined) ?? null;
  } while (start !== null);
  return held;
}

/** Items and tombstones that a transaction of DynamoDB's store left in a version of this region. */
function* ownWrites(region: string, store: string, writes: StoredWrites): Iterable<OwnWrite> {
  if (store !== 'dynamodb') return;
  for (const [key, record] of writes) {
    const deleted = key[0] === spaces.tombstones;
    if (record === undefined || (key[0] !== spaces.items && !deleted)) continue;
    const write = contentOf(record, deleted);
    if (write.version.region === region) yield write;
  }
}

function contentOf(record: string, deleted: boolean): OwnWrite {
  const { version, body } = decodeVersion({ key: '', record, deleted });
  const item = JSON.parse(body) as Item;
  return { key: item.pk?.S ?? '', value: deleted ? null : (item.v?.S ?? ''), version };
}

async function backlog(io: Io, region: string): Promise<number | undefined> {
  const to = { region, service: 'global-tables' };
  const status = await orUndefined(
    requestJson<StatusResponse>(
      io.network,
      to,
      '/status',
      { tableName },
      {
        deadlineMs: observerDeadlineMs,
      },
    ),
  );
  const table = status?.tables.find((one) => one.tableName === tableName);
  return table?.peers.reduce((sum, { queueDepth }) => sum + queueDepth, 0);
}

async function orUndefined<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof NetError) return undefined;
    throw error;
  }
}
