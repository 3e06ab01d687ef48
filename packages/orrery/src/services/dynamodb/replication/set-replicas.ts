/**
 * Owns: what a table here knows of its replicas. Refuses to own: who they are and in which state
 * (global-tables tells).
 *
 *  M1  From the first replica on, local writes are logged and deletes leave tombstones; the last
 *      one that leaves takes the log with it.
 *  M2  What was written to a new replica between its creation and its joining is logged before it
 *      has joined: nobody else has it. A crash meanwhile leaves the mark that says so.
 *  M3  A table with replicas has a stream, as in DynamoDB: the first replica turns it on.
 */
import { ServiceError } from '../../../endpoint/service.ts';
import type { SetReplicasRequest } from '../api.ts';
import { spaces, tableRange } from '../storage/key-encoding.ts';
import { isReplicated, nextStreamLabel, type StoredTable } from '../storage/stored-table.ts';
import { walk } from '../storage/walk.ts';
import type { Turn } from '../turns.ts';
import type { ReplicaContext } from './replica-tables.ts';
import { versionOfRecord } from './version.ts';

/** Answers after the change has reached the disk. */
export async function setReplicas(
  context: ReplicaContext,
  { tableName, replicas }: SetReplicasRequest,
): Promise<object> {
  const { catalog, storage, region, io } = context;
  const table = catalog.find(tableName);
  if (table === undefined) {
    throw new ServiceError(
      'ResourceNotFoundException',
      `Requested resource not found: Table: ${tableName} not found`,
    );
  }
  if (JSON.stringify(table.replicas) !== JSON.stringify(replicas)) {
    const self = replicas.find((replica) => replica.region === region);
    const joins = table.replicas.length === 0 && self?.status === 'CREATING';
    const known = replicas.map(({ region: id, status }) => ({ region: id, status }));
    const streams = replicas.length > 0 && table.streamView === undefined;
    const stream = streams
      ? {
          streamView: 'NEW_AND_OLD_IMAGES',
          streamLabel: nextStreamLabel(table, io.clock.wallMs()),
        }
      : {};
    const { logsEarlier, ...rest } = table;
    const logs = replicas.length > 0 && (joins || logsEarlier === true);
    const next = { ...rest, ...stream, replicas: known, ...(logs && { logsEarlier: true }) };
    catalog.replace(next, (transaction) => {
      if (streams) storage.streams.enable(transaction, next);
    });
    if (streams) storage.streams.refresh();
  }
  await inTurns(context, `earlier writes of ${tableName} are logged`, (turn, start) =>
    logEarlier(context, table, turn, start),
  );
  await inTurns(context, `changes of ${tableName} are dropped`, (turn, start) =>
    dropLog(context, table, turn, start),
  );
  await storage.store.flushed();
  return {};
}

type Piece = (turn: Turn, start: Buffer | undefined) => Buffer | undefined;

async function inTurns({ turns }: ReplicaContext, label: string, piece: Piece): Promise<void> {
  let turn = turns.begin();
  let start = piece(turn, undefined);
  while (start !== undefined) {
    turn.end();
    turn = await turns.next(label);
    start = piece(turn, start);
  }
  turn.end();
}

/** Usually nothing: the table has just been made. What is written meanwhile is logged anyway. */
function logEarlier(
  { catalog, storage }: ReplicaContext,
  { id, name }: StoredTable,
  turn: Turn,
  start: Buffer | undefined,
): Buffer | undefined {
  const table = catalog.find(name);
  if (table?.id !== id || table.logsEarlier !== true) return undefined;
  const items = tableRange(spaces.items, id);
  const range = { start: start ?? items.start, end: items.end };
  const next = storage.transaction((transaction) =>
    walk(transaction, range, turn, (key, value) => {
      storage.appendChange(transaction, id, key, versionOfRecord(value));
    }),
  );
  if (next !== undefined) return next;
  const { logsEarlier: _done, ...rest } = table;
  catalog.replace(rest);
  return undefined;
}

/** Of a table without replicas. */
function dropLog(
  { catalog, storage }: ReplicaContext,
  { id, name }: StoredTable,
  turn: Turn,
  start: Buffer | undefined,
): Buffer | undefined {
  const table = catalog.find(name);
  if (table?.id !== id || isReplicated(table)) return undefined;
  const head = storage.head(id);
  if (head === 0) return undefined;
  return storage.trimChanges(id, head, turn) ? (start ?? Buffer.alloc(0)) : undefined;
}
