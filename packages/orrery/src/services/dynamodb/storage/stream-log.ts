/**
 * Owns: the streams of a region's tables: their descriptions, shards and records.
 * Refuses to own: when they are trimmed (`streams/stream-keeper.ts`), what clients see (`streams/`).
 *
 *  L1  A record is written in the transaction of the write that it tells of, under a number greater
 *      than all before in its stream; numbers are never given twice, trimmed or not.
 *  L2  A shard is a range of numbers. The shards of a stream follow each other without gap, each the
 *      child of the one before; at most the last one is open.
 *  L3  A closed shard has an end, also where nothing was written to it: its end is a number that no
 *      record has.
 *  L4  What a transaction that failed has changed here in memory is read anew from the store.
 *  L5  A listener is called after the commit of what it is told of, never from within a transaction.
 */
import type { Clock, ReadTransaction, Store, WriteTransaction } from '../../../io/io.ts';
import type { Turn } from '../turns.ts';
import {
  after,
  type KeyAttribute,
  type KeyRange,
  sequenceOf,
  spaces,
  streamRecordKey,
  tableKey,
  tableRange,
} from './key-encoding.ts';
import type { StoredTable } from './stored-table.ts';
import {
  createdMsOf,
  differs,
  encodeStreamRecord,
  type ItemChange,
  type StreamView,
} from './stream-record.ts';

export interface StoredShard {
  /** Counts from 1 in its stream. */
  readonly ordinal: number;
  readonly first: number;
  /** Undefined while it is open. */
  readonly last: number | undefined;
  readonly openedMs: number;
  readonly closedMs: number | undefined;
}

/** A stream as it is stored. */
export interface StoredStream {
  readonly id: number;
  readonly arn: string;
  readonly label: string;
  readonly tableId: number;
  readonly tableName: string;
  readonly view: StreamView;
  readonly partitionKey: KeyAttribute;
  readonly sortKey: KeyAttribute | undefined;
  readonly createdMs: number;
  readonly enabled: boolean;
  readonly shards: readonly StoredShard[];
  /** Numbers up to here were given and trimmed. */
  readonly trimmedThrough: number;
}

export interface StreamLogOptions {
  /** Age at which a shard is closed and another opened; 4 hours. */
  readonly shardMs?: number;
  /** Records after which a shard is closed and another opened; 500,000. */
  readonly shardRecords?: number;
}

export interface StreamRecordEntry {
  readonly sequence: number;
  readonly text: string;
}

export interface StreamLog {
  /** All streams, also of tables that are gone, in the order in which they were made. */
  list(): readonly StoredStream[];
  find(arn: string): StoredStream | undefined;
  /** The number of the newest record, or of the last shard's end. */
  head(stream: StoredStream): number;
  /** Whether writes to this table leave records. */
  isOpen(tableId: number): boolean;
  /** Logs a change, if it is one and the table has a stream. */
  append(transaction: WriteTransaction, tableId: number, change: ItemChange): void;
  /** Turns the table's stream on; `refresh` once the transaction has committed. */
  enable(transaction: WriteTransaction, table: StoredTable): void;
  /** Turns it off likewise; what it holds stays readable. */
  disable(transaction: WriteTransaction, tableId: number): void;
  /** Closes the open shard and opens another, if it is old and has records. */
  rollIfOld(stream: StoredStream): void;
  /** Records from that number up to `through`, at most `limit` and about 1 MB of them. */
  records(stream: StoredStream, from: number, through: number, limit: number): StreamRecordEntry[];
  /**
   * Removes records that were made before `beforeMs`, and shards that have none left and were closed
   * before; the stream itself once it is off and empty. True where there may be more.
   */
  trim(stream: StoredStream, beforeMs: number, turn: Turn): boolean;
  /** Reads anew what is stored. */
  refresh(): void;
  /** Forgets what a failed transaction has changed here in memory. */
  restore(): void;
  /** The transaction has committed: what it has changed in memory counts. */
  committed(): void;
  /**
   * Calls `listener` whenever the stream may have a new record, shard or end, or be gone. Returns
   * what ends that.
   */
  onChange(arn: string, listener: () => void): () => void;
}

/** A stream with its numbers, while it is in use. */
interface LiveStream {
  stored: StoredStream;
  head: number;
  /** Of the open shard. */
  first: number;
  openedMs: number;
}

const shardMsDefault = 4 * 3_600_000;
const shardRecordsDefault = 500_000;
const pageCharactersMax = 1_000_000;
const trimmedAtOnce = 500;

export function openStreamLog(
  store: Store,
  clock: Pick<Clock, 'wallMs'>,
  options: StreamLogOptions = {},
): StreamLog {
  return new StoredStreamLog(store, clock, options);
}

class StoredStreamLog implements StreamLog {
  readonly #store: Store;
  readonly #clock: Pick<Clock, 'wallMs'>;
  readonly #shardMs: number;
  readonly #shardRecords: number;
  readonly #byArn = new Map<string, LiveStream>();
  /** Streams that are on, by table. */
  readonly #open = new Map<number, LiveStream>();
  readonly #listeners = new Map<string, Set<() => void>>();
  /** Streams with listeners that the transaction in hand has appended to. */
  readonly #appended = new Set<string>();
  #touched = false;

  constructor(store: Store, clock: Pick<Clock, 'wallMs'>, options: StreamLogOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#shardMs = options.shardMs ?? shardMsDefault;
    this.#shardRecords = options.shardRecords ?? shardRecordsDefault;
    this.refresh();
  }

  list(): readonly StoredStream[] {
    return [...this.#byArn.values()].map(({ stored }) => stored);
  }

  find(arn: string): StoredStream | undefined {
    return this.#byArn.get(arn)?.stored;
  }

  head({ arn }: StoredStream): number {
    return this.#byArn.get(arn)?.head ?? 0;
  }

  isOpen(tableId: number): boolean {
    return this.#open.has(tableId);
  }

  append(transaction: WriteTransaction, tableId: number, change: ItemChange): void {
    const live = this.#open.get(tableId);
    if (live === undefined || !differs(change.before, change.now)) return;
    const nowMs = this.#clock.wallMs();
    this.#touched = true;
    const isFull = live.head - live.first + 1 >= this.#shardRecords;
    if (isFull || this.#isOld(live, nowMs)) this.#roll(transaction, live, nowMs);
    live.head += 1;
    if (this.#listeners.size > 0) this.#appended.add(live.stored.arn);
    const text = encodeStreamRecord(change, live.stored.view, nowMs);
    transaction.put(streamRecordKey(live.stored.id, live.head), text);
  }

  enable(transaction: WriteTransaction, table: StoredTable): void {
    const counter = tableKey(spaces.streams, 0);
    const id = Number(transaction.get(counter) ?? '0') + 1;
    transaction.put(counter, String(id));
    const nowMs = this.#clock.wallMs();
    const label = table.streamLabel ?? '';
    put(transaction, {
      id,
      arn: `${table.arn}/stream/${label}`,
      label,
      tableId: table.id,
      tableName: table.name,
      view: (table.streamView ?? 'NEW_AND_OLD_IMAGES') as StreamView,
      partitionKey: table.partitionKey,
      sortKey: table.sortKey,
      createdMs: nowMs,
      enabled: true,
      shards: [{ ordinal: 1, first: 1, last: undefined, openedMs: nowMs, closedMs: undefined }],
      trimmedThrough: 0,
    });
  }

  disable(transaction: WriteTransaction, tableId: number): void {
    const live = this.#open.get(tableId);
    if (live === undefined) return;
    const { shards } = closed(live, this.#clock.wallMs());
    put(transaction, { ...live.stored, enabled: false, shards });
  }

  rollIfOld({ arn }: StoredStream): void {
    const live = this.#byArn.get(arn);
    const nowMs = this.#clock.wallMs();
    if (live === undefined || !live.stored.enabled || !this.#isOld(live, nowMs)) return;
    try {
      this.#store.transaction((transaction) => this.#roll(transaction, live, nowMs));
    } catch (error) {
      this.refresh();
      throw error;
    }
    this.#tell(arn);
  }

  records({ id }: StoredStream, from: number, through: number, limit: number): StreamRecordEntry[] {
    const range = { start: streamRecordKey(id, from), end: streamRecordKey(id, through + 1) };
    return readRecords(this.#store, range, limit, pageCharactersMax);
  }

  trim({ arn }: StoredStream, beforeMs: number, turn: Turn): boolean {
    const live = this.#byArn.get(arn);
    if (live === undefined) return false;
    const { old, firstLeft, more } = oldRecords(this.#store, live.stored.id, beforeMs, turn);
    const trimmedThrough = old.at(-1) ?? live.stored.trimmedThrough;
    const shards = live.stored.shards.filter(
      ({ last, closedMs }) =>
        closedMs === undefined || closedMs >= beforeMs || (last ?? 0) >= firstLeft,
    );
    if (shards.length === live.stored.shards.length && old.length === 0) return false;
    const next = { ...live.stored, shards, trimmedThrough };
    this.#store.transaction((transaction) => {
      for (const sequence of old) transaction.delete(streamRecordKey(next.id, sequence));
      if (shards.length === 0) transaction.delete(tableKey(spaces.streams, next.id));
      else put(transaction, next);
    });
    live.stored = next;
    if (shards.length === 0) {
      this.#byArn.delete(arn);
      this.#tell(arn);
    }
    return more;
  }

  refresh(): void {
    this.#byArn.clear();
    this.#open.clear();
    this.#touched = false;
    this.#appended.clear();
    const { start, end } = {
      start: tableKey(spaces.streams, 1),
      end: after(Uint8Array.of(spaces.streams)),
    };
    for (const { value } of this.#store.range({ start, end })) {
      const stored = JSON.parse(value) as StoredStream;
      const last = stored.shards.at(-1);
      const live: LiveStream = {
        stored,
        head: headOf(this.#store, stored),
        first: last?.first ?? 1,
        openedMs: last?.openedMs ?? 0,
      };
      this.#byArn.set(stored.arn, live);
      if (stored.enabled) this.#open.set(stored.tableId, live);
    }
    for (const arn of [...this.#listeners.keys()]) this.#tell(arn);
  }

  restore(): void {
    if (this.#touched) this.refresh();
  }

  committed(): void {
    this.#touched = false;
    if (this.#appended.size === 0) return;
    const arns = [...this.#appended];
    this.#appended.clear();
    for (const arn of arns) this.#tell(arn);
  }

  onChange(arn: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(arn) ?? new Set();
    this.#listeners.set(arn, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(arn) === listeners) {
        this.#listeners.delete(arn);
      }
    };
  }

  #tell(arn: string): void {
    for (const listener of [...(this.#listeners.get(arn) ?? [])]) listener();
  }

  #isOld(live: LiveStream, nowMs: number): boolean {
    return nowMs - live.openedMs >= this.#shardMs && live.head >= live.first;
  }

  #roll(transaction: WriteTransaction, live: LiveStream, nowMs: number): void {
    const { shards, end } = closed(live, nowMs);
    const ordinal = (shards.at(-1)?.ordinal ?? 0) + 1;
    const next: StoredShard = {
      ordinal,
      first: end + 1,
      last: undefined,
      openedMs: nowMs,
      closedMs: undefined,
    };
    live.stored = { ...live.stored, shards: [...shards, next] };
    live.head = end;
    live.first = next.first;
    live.openedMs = nowMs;
    put(transaction, live.stored);
  }
}

/** The stream's shards with the open one closed, and the number that it ends with. */
function closed(live: LiveStream, nowMs: number): { shards: StoredShard[]; end: number } {
  const shards = [...live.stored.shards];
  const open = shards.pop();
  const end = Math.max(live.head, live.first);
  if (open !== undefined) shards.push({ ...open, last: end, closedMs: nowMs });
  return { shards, end };
}

function put(transaction: WriteTransaction, stream: StoredStream): void {
  transaction.put(tableKey(spaces.streams, stream.id), JSON.stringify(stream));
}

function headOf(store: ReadTransaction, stream: StoredStream): number {
  const last = stream.shards.at(-1);
  const known = Math.max(stream.trimmedThrough, last?.last ?? (last?.first ?? 1) - 1);
  const range = tableRange(spaces.streamRecords, stream.id);
  for (const { key } of store.range({ ...range, reverse: true, limit: 1 })) {
    return Math.max(known, sequenceOf(key));
  }
  return known;
}

function readRecords(
  store: ReadTransaction,
  range: KeyRange,
  limit: number,
  bytesMax: number,
): StreamRecordEntry[] {
  const found: StreamRecordEntry[] = [];
  let bytes = 0;
  for (const { key, value } of store.range({ ...range, limit })) {
    bytes += value.length;
    if (bytes > bytesMax && found.length > 0) break;
    found.push({ sequence: sequenceOf(key), text: value });
  }
  return found;
}

function oldRecords(
  store: ReadTransaction,
  streamId: number,
  beforeMs: number,
  turn: Turn,
): { old: number[]; firstLeft: number; more: boolean } {
  const old: number[] = [];
  const range = tableRange(spaces.streamRecords, streamId);
  for (const { key, value } of store.range({ ...range, limit: trimmedAtOnce + 1 })) {
    const sequence = sequenceOf(key);
    if (createdMsOf(value) >= beforeMs) return { old, firstLeft: sequence, more: false };
    // Twice: they are deleted after all of them were read.
    const over = turn.over(2 * value.length) && old.length > 0;
    if (over || old.length === trimmedAtOnce) return { old, firstLeft: sequence, more: true };
    old.push(sequence);
  }
  return { old, firstLeft: Number.POSITIVE_INFINITY, more: false };
}
