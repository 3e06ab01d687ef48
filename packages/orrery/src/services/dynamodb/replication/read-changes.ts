/**
 * Owns: reading this region's own writes after a cursor, for a shipper. Refuses to own: cursors and
 * the sending (global-tables).
 *
 *  D1  Only what is flushed leaves the region: the log is read at one moment and answered once
 *      everything committed before that moment survives a crash.
 *  D2  An item that changed several times is sent once, in its present version.
 *  D3  An answer holds at most `limit` versions and, beyond the first, a mebibyte.
 *  D4  What is sent knows of the floor of this table: replicas that still have the tombstone of an
 *      item written anew do not take the two for concurrent.
 */
import { utf8Encode } from '../../../stdx/bytes.ts';
import type { ChangesHeaders, ChangesRequest, HlcTimestamp, ItemVersion } from '../api.ts';
import type { StoredTable } from '../storage/stored-table.ts';
import type { Change } from '../storage/table-storage.ts';
import {
  type HeldVersion,
  portableKey,
  type ReplicaContext,
  readHeld,
  replicatedTable,
} from './replica-tables.ts';
import { readFloor } from './tombstones.ts';
import { encodeRecord, mergeVectors } from './version.ts';

export interface ChangesAnswer {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

const limitMax = 1_000;
const bytesMax = 1 << 20;
const waitMsMax = 30_000;
/** Trimming is a write; it waits until it is worth one. */
const trimEvery = 512;

/** A reader of one engine's change logs; it remembers how far each was trimmed. */
export function createChangeReader(
  context: ReplicaContext,
): (request: ChangesRequest) => Promise<ChangesAnswer> {
  const trimmed = new Map<number, number>();

  function trim(table: StoredTable, through: number): void {
    if (through < (trimmed.get(table.id) ?? 0) + trimEvery) return;
    trimmed.set(table.id, through);
    context.storage.trimChanges(table.id, through);
  }

  return async (request) => {
    const { storage, io } = context;
    const known = replicatedTable(context, request.tableName);
    trim(known, Math.min(request.trimThrough, request.after));
    const waitMs = Math.min(request.waitMs, waitMsMax);
    if (waitMs > 0 && storage.head(known.id) <= request.after) {
      await changeOrTimeout(context, known.id, waitMs);
    }
    if (request.lingerMs > 0 && storage.head(known.id) > request.after) {
      await io.timers.sleep(Math.min(request.lingerMs, waitMsMax), 'dynamodb.linger');
    }
    // While it waited the table may have gone or become another.
    const table = replicatedTable(context, request.tableName);
    const answer = read(context, table, request);
    await storage.store.flushed();
    return answer;
  };
}

function read(
  context: ReplicaContext,
  table: StoredTable,
  { after, limit }: ChangesRequest,
): ChangesAnswer {
  const { storage } = context;
  const head = storage.head(table.id);
  const log =
    head > after ? storage.changes(storage.store, table.id, after, Math.min(limit, limitMax)) : [];
  const { versions, last } = coalesce(context, table, log);
  const through = last?.sequence ?? Math.max(after, head);
  const headers: ChangesHeaders = {
    'orrery-through': String(through),
    'orrery-head': String(head),
    'orrery-count': String(versions.length),
    'orrery-stamped':
      last === undefined || last.sequence >= head ? context.clock.next() : last.version.timestamp,
    ...oldestOf(log[0]?.version.timestamp),
  };
  const body = utf8Encode(JSON.stringify({ tableName: table.name, versions }));
  return { headers: { ...headers }, body };
}

function oldestOf(timestamp: HlcTimestamp | undefined): { 'orrery-oldest'?: HlcTimestamp } {
  return timestamp === undefined ? {} : { 'orrery-oldest': timestamp };
}

function coalesce(
  { storage }: ReplicaContext,
  table: StoredTable,
  log: readonly Change[],
): { versions: ItemVersion[]; last: Change | undefined } {
  const floor = readFloor(storage.store, table.id);
  const sent = new Set<string>();
  const versions: ItemVersion[] = [];
  let bytes = 0;
  let last: Change | undefined;
  for (const change of log) {
    const key = portableKey(change.key);
    if (!sent.has(key)) {
      const held = readHeld(storage, storage.store, change.key);
      // Neither item nor tombstone: every replica knew of the tombstone before it was collected.
      if (held !== undefined) {
        const record = recordToSend(held, floor);
        if (versions.length > 0 && bytes + record.length > bytesMax) break;
        bytes += record.length;
        versions.push({ key, record, deleted: held.deleted });
      }
      sent.add(key);
    }
    last = change;
  }
  return { versions, last };
}

function recordToSend(held: HeldVersion, floor: HeldVersion['vector']): string {
  const vector = mergeVectors(held.vector, floor);
  return vector === held.vector ? held.text : encodeRecord(held.version, vector, held.body);
}

function changeOrTimeout(
  { storage, io }: ReplicaContext,
  tableId: number,
  waitMs: number,
): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stopListening();
      timer.cancel();
      resolve();
    };
    const stopListening = storage.onChange(tableId, done);
    const timer = io.timers.after(waitMs, 'dynamodb.long-poll', done);
  });
}
