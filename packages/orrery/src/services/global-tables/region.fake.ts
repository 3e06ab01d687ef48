/**
 * One region for this folder's tests: the real engine and replication of DynamoDB and the real
 * global tables in a simulated process, behind a front door of three operations and no checks.
 */
import { jsonHandler } from '../../endpoint/internal-json.ts';
import { ServiceError } from '../../endpoint/service.ts';
import type { Handler, Io } from '../../io/io.ts';
import { createHybridLogicalClock } from '../dynamodb/replication/hybrid-logical-clock.ts';
import { createReplicaHandler } from '../dynamodb/replication/replica-handler.ts';
import {
  type HeldVersion,
  type ReplicaContext,
  readHeld,
} from '../dynamodb/replication/replica-tables.ts';
import { encodeItemKey } from '../dynamodb/storage/key-encoding.ts';
import { createLocalWriter } from '../dynamodb/storage/local-writer.ts';
import type { StoredTable } from '../dynamodb/storage/stored-table.ts';
import { openTableCatalog } from '../dynamodb/storage/table-catalog.ts';
import { openTableStorage } from '../dynamodb/storage/table-storage.ts';
import { createTurns } from '../dynamodb/turns.ts';
import { createGlobalTablesService, type GlobalTablesOptions } from './service.ts';

export interface WriteRequest {
  readonly tableName: string;
  readonly id: string;
  /** Null deletes. */
  readonly item: Record<string, unknown> | null;
}

/** Versions as `<timestamp>@<region>`; null where there is none. */
export interface WriteAnswer {
  readonly written: string | null;
  readonly replaced: string | null;
}

export interface HeldAnswer {
  readonly held: { readonly item: string | null; readonly version: string } | null;
}

export interface FakeOptions extends Omit<GlobalTablesOptions, 'region'> {
  /**
   * Told of each write as it commits, before anybody is answered. A delete without replicas writes
   * null: it leaves no tombstone.
   */
  readonly onWrite?: (written: string | null, replaced: string | null) => void;
}

/** Boots the region at the process's location. Serves `dynamodb` and `test` besides. */
export async function bootRegion(io: Io, { onWrite, ...options }: FakeOptions = {}): Promise<void> {
  const region = io.location;
  const storage = openTableStorage(await io.storage.open('dynamodb'), io.clock);
  const catalog = openTableCatalog(storage.store);
  const clock = createHybridLogicalClock(io.clock);
  const context: ReplicaContext = { io, region, catalog, storage, clock, turns: createTurns(io) };
  const writer = createLocalWriter(storage, clock, region);
  const service = await createGlobalTablesService(io, { ...options, region });

  const test = jsonHandler({
    '/write': async (body): Promise<WriteAnswer> => {
      const { tableName, id, item } = body as unknown as WriteRequest;
      const answer = storage.transaction((transaction) => {
        const table = tableOf(context, tableName);
        const map = { pk: { S: id } };
        const key = encodeItemKey(table, map);
        const previous = storage.readRecord(transaction, key);
        const json = item === null ? null : JSON.stringify(typed({ pk: id, ...item }));
        const replaced = readHeld(storage, transaction, key);
        writer.write(transaction, table, key, previous, json, map);
        const written = readHeld(storage, transaction, key);
        return { written: versionText(written), replaced: versionText(replaced) };
      });
      const { written, replaced } = answer;
      // Deleting what is deleted already writes nothing.
      if (written !== replaced) onWrite?.(written, replaced);
      await storage.store.flushed();
      return answer;
    },
    '/read': (body): HeldAnswer => {
      const { tableName, id } = body as unknown as WriteRequest;
      const key = encodeItemKey(tableOf(context, tableName), { pk: { S: id } });
      const held = readHeld(storage, storage.store, key);
      if (held === undefined) return { held: null };
      return { held: { item: held.deleted ? null : held.body, version: versionText(held) ?? '' } };
    },
  });
  io.network.serve('dynamodb', dynamoDb(context));
  io.network.serve('dynamodb-replica', createReplicaHandler(context));
  io.network.serve('test', test);
  for (const [name, handler] of Object.entries(service.internal ?? {})) {
    io.network.serve(name, handler);
  }
  await service.start?.();
}

function versionText(held: HeldVersion | undefined): string | null {
  return held === undefined ? null : `${held.version.timestamp}@${held.version.region}`;
}

/** Attribute values of texts and numbers. */
function typed(item: Record<string, unknown>): object {
  const values = Object.entries(item).map(([name, value]) => [
    name,
    typeof value === 'number' ? { N: String(value) } : { S: String(value) },
  ]);
  return Object.fromEntries(values) as object;
}

function tableOf({ catalog }: ReplicaContext, tableName: string): StoredTable {
  const table = catalog.find(tableName);
  if (table !== undefined) return table;
  throw new ServiceError('ResourceNotFoundException', 'Requested resource not found');
}

function dynamoDb(context: ReplicaContext): Handler {
  const route = (operation: string, input: { readonly TableName: string }): object => {
    const name = input.TableName;
    if (operation === 'CreateTable') {
      if (context.catalog.find(name) !== undefined) {
        throw new ServiceError('ResourceInUseException', `Table already exists: ${name}`);
      }
      context.catalog.create((id) => newTable(id, name));
    }
    if (operation === 'DeleteTable') context.catalog.drop(name);
    if (operation === 'DescribeTimeToLive') return { TimeToLiveDescription: {} };
    if (operation !== 'DescribeTable') return {};
    const { replicas, status } = tableOf(context, name);
    return {
      Table: {
        TableName: name,
        TableStatus: status,
        KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
        Replicas: replicas.filter((one) => one.region !== context.region),
      },
    };
  };
  return (request, from) => {
    const operation = request.headers['x-amz-target']?.split('.')[1] ?? '';
    return jsonHandler({ '/': (body) => route(operation, body as never) })(request, from);
  };
}

function newTable(id: number, name: string): StoredTable {
  return {
    id,
    name,
    arn: `arn:aws:dynamodb:us-east-1:000000000000:table/${name}`,
    tableId: '00000000-0000-4000-8000-000000000001',
    createdMs: 0,
    status: 'ACTIVE',
    billingMode: 'PAY_PER_REQUEST',
    onDemandSinceMs: 0,
    throughput: { readCapacityUnits: 0, writeCapacityUnits: 0 },
    throughputDecreases: 0,
    partitionKey: { name: 'pk', type: 'S' },
    sortKey: undefined,
    attributes: [{ name: 'pk', type: 'S' }],
    indexes: [],
    nextIndexId: 1,
    streamView: undefined,
    streamLabel: undefined,
    tableClass: undefined,
    tableClassUpdatedMs: undefined,
    deletionProtection: false,
    sse: undefined,
    tags: {},
    timeToLive: undefined,
    replicas: [],
  };
}
