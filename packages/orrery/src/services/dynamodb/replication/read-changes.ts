/**
 * Owns: reading this region's own writes after a cursor, for a shipper. Refuses to own: cursors and
 * the sending (global-tables).
 *
 *  D1  Only what is flushed leaves the region: the log is read at one moment and answered once
 *      everything committed before that moment survives a crash.
 *  D2  An item that changed several times is sent once, in its present version. What met
 *      another write before it was sent is sent as if it had not (`conflicts.ts` C3).
 *  D3  An answer holds at most `limit` versions and, beyond the first, a mebibyte.
 *  D4  What is sent knows of the floor of this table: replicas that still have the tombstone of an
 *      item written anew do not take the two for concurrent.
 */
import type { ReadTransaction } from '../../../io/io.ts';
import { utf8Encode } from '../../../stdx/bytes.ts';
import type {
  ChangesHeaders,
  ChangesRequest,
  HlcTimestamp,
  ItemVersion,
  VersionVector,
} from '../api.ts';
import type { StoredTable } from '../storage/stored-table.ts';
import type { Change } from '../storage/table-storage.ts';
import type { Turn } from '../turns.ts';
import { findLost, knewBeforeWinning } from './conflicts.ts';
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
/** A change that comes after so long a silence is not kept waiting for company. */
const loneAfterUs = 10_000;
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
    trimLog(context, table, through);
  }

  return async (request) => {
    const { storage, io } = context;
    const known = replicatedTable(context, request.tableName);
    trim(known, Math.min(request.trimThrough, request.after));
    const waitMs = Math.min(request.waitMs, waitMsMax);
    const startUs = io.clock.monotonicUs();
    if (waitMs > 0 && storage.head(known.id) <= request.after) {
      await changeOrTimeout(context, known.id, waitMs);
    }
    const lone = io.clock.monotonicUs() - startUs >= loneAfterUs;
    if (request.lingerMs > 0 && !lone && storage.head(known.id) > request.after) {
      await io.timers.sleep(Math.min(request.lingerMs, waitMsMax), 'dynamodb.linger');
    }
    // While it waited the table may have gone or become another.
    const table = replicatedTable(context, request.tableName);
    const answer = read(context, table, request);
    await storage.store.flushed();
    return answer;
  };
}

/** Drops changes that everybody has, in turns. */
function trimLog(context: ReplicaContext, { id, name }: StoredTable, through: number): void {
  const { storage, turns } = context;
  const trim = (turn: Turn): void => {
    if (storage.trimChanges(id, through, turn)) turns.add(`changes of ${name} are trimmed`, trim);
  };
  const turn = turns.begin();
  trim(turn);
  turn.end();
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
  context: ReplicaContext,
  table: StoredTable,
  log: readonly Change[],
): { versions: ItemVersion[]; last: Change | undefined } {
  const floor = readFloor(context.storage.store, table.id);
  const sent = new Set<string>();
  const versions: ItemVersion[] = [];
  let bytes = 0;
  let last: Change | undefined;
  for (const change of log) {
    const found = versionToSend(context, table, change, sent, floor);
    if (found !== undefined) {
      if (versions.length > 0 && bytes + found.record.length > bytesMax) break;
      bytes += found.record.length;
      versions.push(found);
    }
    last = change;
  }
  return { versions, last };
}

/** What a log entry adds to a batch; `sent` are the keys whose present version is in it. */
function versionToSend(
  { storage, region }: ReplicaContext,
  table: StoredTable,
  change: Change,
  sent: Set<string>,
  floor: VersionVector,
): ItemVersion | undefined {
  const key = portableKey(change.key);
  const held = readHeld(storage, storage.store, change.key);
  if (held !== undefined && held.version.region !== region) {
    const lost = findLost(storage.store, table.id, change.version);
    if (lost !== undefined) return { key, ...lost };
  }
  // Neither item nor tombstone: every replica knew of the tombstone before it was collected.
  if (held === undefined || sent.has(key)) return undefined;
  sent.add(key);
  const record = recordToSend(storage.store, table.id, held, floor);
  return { key, record, deleted: held.deleted };
}

function recordToSend(
  transaction: ReadTransaction,
  tableId: number,
  held: HeldVersion,
  floor: VersionVector,
): string {
  const { version, body, text } = held;
  // A vector of one entry is the usual one: it met nobody.
  const comma = text.indexOf(',');
  const alone = comma === -1 || comma > text.indexOf('|');
  const knew = alone ? undefined : knewBeforeWinning(transaction, tableId, version);
  const vector = mergeVectors(knew ?? held.vector, floor);
  return vector === held.vector ? text : encodeRecord(version, vector, body);
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
