/**
 * DynamoDB of one region, on one screen: its operations, its internal address, its state.
 *
 * S1  A write is answered after the store has flushed it, a refused one after what it was refused
 *     for is flushed. Both would otherwise tell of something that a crash still can undo.
 * S2  So is a consistent read; other reads are answered at once.
 */
import type { Operation, RequestContext, Service } from '../../endpoint/service.ts';
import type { Io } from '../../io/io.ts';
import json from '../../wire/generated/dynamodb.json' with { type: 'json' };
import { asModel } from '../../wire/models.ts';
import { createBackupKeeper } from './control-plane/backup-keeper.ts';
import {
  createBackup,
  deleteBackup,
  describeBackup,
  listBackups,
} from './control-plane/backups.ts';
import {
  describeContinuousBackups,
  updateContinuousBackups,
} from './control-plane/continuous-backups.ts';
import {
  describeContributorInsights,
  listContributorInsights,
  updateContributorInsights,
} from './control-plane/contributor-insights.ts';
import type { ControlPlane } from './control-plane/control-plane.ts';
import { createTable } from './control-plane/create-table.ts';
import { deleteTable } from './control-plane/delete-table.ts';
import {
  describeEndpoints,
  describeLimits,
  describeTable,
  listTables,
} from './control-plane/describe-table.ts';
import { createLifecycle } from './control-plane/lifecycle.ts';
import {
  describeGlobalTable,
  describeKinesisStreamingDestination,
  listExports,
  listGlobalTables,
  listImports,
} from './control-plane/nothing-there.ts';
import {
  deleteResourcePolicy,
  getResourcePolicy,
  putResourcePolicy,
} from './control-plane/resource-policies.ts';
import { restoreTableFromBackup } from './control-plane/restore-table.ts';
import { listTagsOfResource, tagResource, untagResource } from './control-plane/tags.ts';
import {
  describeTimeToLive,
  setTimeToLive,
  updateTimeToLive,
} from './control-plane/time-to-live.ts';
import { updateTable } from './control-plane/update-table.ts';
import { batchGetItem } from './data-plane/batch-get-item.ts';
import { batchWriteItem } from './data-plane/batch-write-item.ts';
import { deleteItem } from './data-plane/delete-item.ts';
import type { Engine } from './data-plane/engine.ts';
import { getItem } from './data-plane/get-item.ts';
import { putItem } from './data-plane/put-item.ts';
import { query } from './data-plane/query.ts';
import { scan } from './data-plane/scan.ts';
import { createThrottle } from './data-plane/throttle.ts';
import { transactGetItems } from './data-plane/transact-get-items.ts';
import { transactWriteItems } from './data-plane/transact-write-items.ts';
import { updateItem } from './data-plane/update-item.ts';
import { batchExecuteStatement } from './partiql/batch-execute-statement.ts';
import { executeStatement } from './partiql/execute-statement.ts';
import { executeTransaction } from './partiql/execute-transaction.ts';
import { clockStart } from './replication/clock-start.ts';
import { createHybridLogicalClock } from './replication/hybrid-logical-clock.ts';
import { createReplicaHandler, type ReplicaHandlerOptions } from './replication/replica-handler.ts';
import { createLocalWriter } from './storage/local-writer.ts';
import { openRequestTokens } from './storage/request-tokens.ts';
import type { StreamLogOptions } from './storage/stream-log.ts';
import { openTableCatalog } from './storage/table-catalog.ts';
import { openTableStorage } from './storage/table-storage.ts';
import { createStreamsService } from './streams/service.ts';
import { createStreamKeeper } from './streams/stream-keeper.ts';
import { createStreamWatch } from './streams/stream-watch.ts';
import { retentionMsDefault } from './streams/streams.ts';
import { createSweeper, type SweeperOptions } from './time-to-live/sweeper.ts';
import { createTurns } from './turns.ts';

export interface DynamoDbOptions extends Pick<ReplicaHandlerOptions, 'compare'> {
  readonly region: string;
  readonly accountId: string;
  /** How long CREATING, UPDATING and DELETING last; 0, the default: not at all. */
  readonly transitionMs?: number;
  /** Whether requests beyond tables' capacities are throttled; `off` is the default. */
  readonly capacity?: 'off' | 'enforce';
  /** How long stream records stay readable; 24 hours. */
  readonly streamRetentionMs?: number;
  /** How long streams go without being trimmed; a minute. */
  readonly streamTrimIntervalMs?: number;
  readonly streamShards?: StreamLogOptions;
  readonly timeToLive?: SweeperOptions;
  /** Items that are gone through before others have their turn (`turns.ts`); 1,000. */
  readonly turnRows?: number;
  /** Bytes that an item collection of a table with local indexes may have; 10 GB. */
  readonly itemCollectionBytesMax?: number;
}

/** Of one request, however many items it holds. */
const requestBytesMax = 16 * 1024 * 1024;

/** DynamoDB, and its streams: an API of its own under the same signing name. */
export interface DynamoDbService extends Service {
  readonly streams: Service;
}

/** Opens the region's store `dynamodb` and takes up what a restart has interrupted at `start`. */
export async function createDynamoDbService(
  io: Io,
  options: DynamoDbOptions,
): Promise<DynamoDbService> {
  const { region, accountId, transitionMs = 0 } = options;
  const retentionMs = options.streamRetentionMs ?? retentionMsDefault;
  const store = await io.storage.open('dynamodb');
  const storage = openTableStorage(store, io.clock, options.streamShards);
  const catalog = openTableCatalog(store);
  const clock = createHybridLogicalClock(io.clock, clockStart(storage, catalog));
  const turns = createTurns(io, options.turnRows);
  const lifecycle = createLifecycle({ io, turns, catalog, storage, transitionMs });
  const writer = createLocalWriter(storage, clock, region);
  const tokens = openRequestTokens(store, io.clock, io.timers);
  const throttle = options.capacity === 'enforce' ? createThrottle(io.clock) : undefined;
  const engine: Engine = {
    ...{ catalog, storage, writer, tokens, turns, region },
    ...(throttle && { throttle }),
    ...(options.itemCollectionBytesMax !== undefined && {
      itemCollectionBytesMax: options.itemCollectionBytesMax,
    }),
  };
  const sweeper = createSweeper(
    { io, turns, region, catalog, storage, writer },
    options.timeToLive,
  );
  const backups = createBackupKeeper({ turns, catalog, storage, lifecycle, writer });
  const plane: ControlPlane = {
    io,
    catalog,
    storage,
    lifecycle,
    sweeper,
    backups,
    region,
    accountId,
  };
  const streams = { io, log: storage.streams, catalog, region, retentionMs };
  const keeper = createStreamKeeper(io, turns, storage.streams, {
    retentionMs,
    ...(options.streamTrimIntervalMs !== undefined && {
      intervalMs: options.streamTrimIntervalMs,
    }),
  });

  return {
    name: 'dynamodb',
    streams: createStreamsService(streams, store),
    model: asModel(json),
    blobs: 'base64',
    validatesRequired: true,
    longRequestIds: true,
    bodyBytesMax: requestBytesMax,
    operations: operationsOf(engine, plane),
    internal: {
      'dynamodb-streams': createStreamWatch(io, streams),
      'dynamodb-replica': createReplicaHandler(
        { io, region, catalog, storage, clock, turns },
        { ...options, setTimeToLive: (request) => setTimeToLive(plane, request) },
      ),
    },
    start: async () => {
      lifecycle.resume();
      backups.resume();
      tokens.resume();
      keeper.start();
      sweeper.arm();
    },
    stop: () => {
      turns.stop();
      lifecycle.stop();
      tokens.stop();
      keeper.stop();
      sweeper.stop();
      return store.close();
    },
  };
}

interface ReadInput {
  readonly ConsistentRead?: boolean;
  readonly RequestItems?: Readonly<Record<string, { readonly ConsistentRead?: boolean }>>;
}

/** Whether a read, or one of the tables of a batch, asks to be consistent. */
function isConsistent({ ConsistentRead, RequestItems }: ReadInput): boolean {
  if (RequestItems === undefined) return ConsistentRead === true;
  return Object.values(RequestItems).some((table) => table.ConsistentRead === true);
}

function operationsOf(engine: Engine, plane: ControlPlane): Record<string, Operation> {
  const { store } = engine.storage;
  const flushed = (output: unknown): Promise<unknown> => store.flushed().then(() => output);
  const refused = (error: unknown): Promise<never> =>
    store.flushed().then(() => {
      throw error;
    });
  const read =
    <I>(run: (engine: Engine, input: I) => unknown): Operation =>
    (input) => {
      const output = run(engine, input);
      return isConsistent(input) ? store.flushed().then(() => output) : output;
    };
  const write =
    <I>(run: (engine: Engine, input: I) => unknown): Operation =>
    (input) => {
      let output: unknown;
      try {
        output = run(engine, input);
      } catch (error) {
        return refused(error);
      }
      // Only what reads many items takes its time.
      if (output instanceof Promise) return output.then(flushed, refused);
      return flushed(output);
    };
  const control =
    <I>(run: (plane: ControlPlane, input: I, context: RequestContext) => unknown): Operation =>
    async (input, context) => {
      const output = await run(plane, input, context);
      await store.flushed();
      return output;
    };

  return {
    GetItem: read(getItem),
    BatchGetItem: read(batchGetItem),
    Query: read(query),
    Scan: read(scan),

    PutItem: write(putItem),
    UpdateItem: write(updateItem),
    DeleteItem: write(deleteItem),
    BatchWriteItem: write(batchWriteItem),
    TransactWriteItems: write(transactWriteItems),
    TransactGetItems: write(transactGetItems),

    ExecuteStatement: write(executeStatement),
    BatchExecuteStatement: write(batchExecuteStatement),
    ExecuteTransaction: write(executeTransaction),

    CreateTable: control(createTable),
    UpdateTable: control(updateTable),
    DeleteTable: control(deleteTable),
    DescribeTable: control(describeTable),
    ListTables: control(listTables),
    TagResource: control(tagResource),
    UntagResource: control(untagResource),
    ListTagsOfResource: control(listTagsOfResource),
    UpdateTimeToLive: control(updateTimeToLive),
    DescribeTimeToLive: control(describeTimeToLive),
    CreateBackup: control(createBackup),
    DescribeBackup: control(describeBackup),
    ListBackups: control(listBackups),
    DeleteBackup: control(deleteBackup),
    RestoreTableFromBackup: control(restoreTableFromBackup),
    UpdateContinuousBackups: control(updateContinuousBackups),
    DescribeContinuousBackups: control(describeContinuousBackups),
    PutResourcePolicy: control(putResourcePolicy),
    GetResourcePolicy: control(getResourcePolicy),
    DeleteResourcePolicy: control(deleteResourcePolicy),
    UpdateContributorInsights: control(updateContributorInsights),
    DescribeContributorInsights: control(describeContributorInsights),
    ListContributorInsights: control(listContributorInsights),
    ListExports: control(listExports),
    ListImports: control(listImports),
    ListGlobalTables: control(listGlobalTables),
    DescribeGlobalTable: control(describeGlobalTable),
    DescribeKinesisStreamingDestination: control(describeKinesisStreamingDestination),
    DescribeLimits: control(describeLimits),
    DescribeEndpoints: control(describeEndpoints),
  };
}
