/**
 * Owns: items, tombstones and change logs in the store, and that they agree. Every write of an item,
 * local or from another region, goes through here.
 * Refuses to own: versions and who wins (`replication/`), checks of items (`values/`, `data-plane/`).
 *
 * T1  A key has a record or a tombstone or neither, never both.
 * T2  Index entries change in the transaction that changes the record.
 * T3  A change-log entry is written in the transaction of the local write that it tells of, with a
 *     sequence number greater than all before; what came from elsewhere is not logged.
 * T4  The head of a change log, its sequence number and its timestamp, survives trimming and restarts.
 */
import type { Entry, ReadTransaction, Store, WriteTransaction } from '../../../io/io.ts';
import type { HlcTimestamp, Version } from '../api.ts';
import { type IndexedTable, maintainIndexes } from './index-entries.ts';
import {
  changeKey,
  itemKeyOfTombstone,
  type KeyRange,
  sequenceOf,
  spaces,
  tableKey,
  tableRange,
  tombstoneKeyOf,
} from './key-encoding.ts';
import { wholeIndex } from './key-ranges.ts';
import type { Dropped } from './table-catalog.ts';

/** One entry of a table's change log: that this region wrote that item, in that version. */
export interface Change {
  readonly sequence: number;
  readonly key: Buffer;
  readonly version: Version;
}

/** What a deleted item leaves in a table with replicas. */
export interface Tombstone {
  /** Version and vector, without an item: it ends with the bar (`replication/version.ts`). */
  readonly record: string;
  /** The item's key as a JSON attribute map: a partition key cannot be read out of its hash. */
  readonly key: string;
}

export interface StoredTombstone extends Tombstone {
  readonly itemKey: Buffer;
}

export interface TableStorage {
  readonly store: Store;

  readRecord(transaction: ReadTransaction, key: Uint8Array): string | undefined;
  /** Keys are item keys also where tombstones are meant. */
  readTombstone(transaction: ReadTransaction, key: Uint8Array): Tombstone | undefined;

  /** Puts a record in the place of the previous one, which the caller has just read. */
  putRecord(
    transaction: WriteTransaction,
    table: IndexedTable,
    key: Uint8Array,
    record: string,
    previous: string | undefined,
  ): void;
  /** Removes a record, which the caller has just read. */
  deleteRecord(
    transaction: WriteTransaction,
    table: IndexedTable,
    key: Uint8Array,
    previous: string,
  ): void;
  putTombstone(transaction: WriteTransaction, key: Uint8Array, tombstone: Tombstone): void;
  deleteTombstone(transaction: WriteTransaction, key: Uint8Array): void;

  /** Logs a local write; returns its sequence number. */
  appendChange(
    transaction: WriteTransaction,
    tableId: number,
    key: Uint8Array,
    version: Version,
  ): number;
  /** Changes with a sequence number greater than `afterSequence`, in order. */
  changes(
    transaction: ReadTransaction,
    tableId: number,
    afterSequence: number,
    limit: number,
  ): Change[];
  /** Sequence number of the newest change, 0 where there was none yet. */
  head(tableId: number): number;
  /** The newest timestamp of a logged local write of these tables: where the clock goes on. */
  latestTimestamp(tableIds: readonly number[]): HlcTimestamp | undefined;
  /** Drops changes at or below `throughSequence`. Not to be called within a transaction. */
  trimChanges(tableId: number, throughSequence: number): void;
  /** Calls back after each committed transaction that logged a change of that table. */
  onChange(tableId: number, listener: () => void): () => void;
  /** Runs the transaction, then the listeners of what it logged. */
  transaction<T>(run: (transaction: WriteTransaction) => T): T;

  /** Records of a table from `start` (an item key, inclusive) on, in key order. */
  rangeRecords(
    transaction: ReadTransaction,
    tableId: number,
    start: Uint8Array | undefined,
    limit: number,
  ): Iterable<Entry>;
  /** Tombstones likewise, by the key of the item that they stand for. */
  rangeTombstones(
    transaction: ReadTransaction,
    tableId: number,
    start: Uint8Array | undefined,
    limit: number,
  ): Iterable<StoredTombstone>;
  /** Removes up to `limit` keys of what was dropped; false once nothing is left. */
  purge(dropped: Dropped, limit: number): boolean;
}

const tableSpaces = [
  spaces.items,
  spaces.tombstones,
  spaces.index,
  spaces.changes,
  spaces.heads,
] as const;

export function openTableStorage(store: Store): TableStorage {
  const log = openChangeLog(store);
  return {
    store,
    ...log,
    readRecord: (transaction, key) => transaction.get(key),
    readTombstone: (transaction, key) => {
      const text = transaction.get(tombstoneKeyOf(key));
      return text === undefined ? undefined : decodeTombstone(text);
    },
    putRecord: (transaction, table, key, record, previous) => {
      transaction.put(key, record);
      if (table.indexes.length > 0) maintainIndexes(transaction, table, key, previous, record);
    },
    deleteRecord: (transaction, table, key, previous) => {
      transaction.delete(key);
      if (table.indexes.length > 0) maintainIndexes(transaction, table, key, previous, undefined);
    },
    putTombstone: (transaction, key, { record, key: keyJson }) => {
      transaction.put(tombstoneKeyOf(key), record + keyJson);
    },
    deleteTombstone: (transaction, key) => transaction.delete(tombstoneKeyOf(key)),
    rangeRecords: (transaction, tableId, start, limit) => {
      const range = tableRange(spaces.items, tableId);
      return transaction.range({ start: start ?? range.start, end: range.end, limit });
    },
    rangeTombstones: (transaction, tableId, start, limit) => {
      const range = tableRange(spaces.tombstones, tableId);
      const from = start === undefined ? range.start : tombstoneKeyOf(start);
      return tombstonesOf(transaction.range({ start: from, end: range.end, limit }));
    },
    purge: (dropped, limit) =>
      store.transaction((transaction) => {
        const keys: Uint8Array[] = [];
        for (const keyRange of rangesOf(dropped)) {
          const left = limit - keys.length;
          if (left === 0) break;
          const range = transaction.range({ ...keyRange, limit: left });
          for (const { key } of range) keys.push(Buffer.from(key));
        }
        for (const key of keys) transaction.delete(key);
        return keys.length > 0;
      }),
  };
}

type ChangeLog = Pick<
  TableStorage,
  | 'appendChange'
  | 'changes'
  | 'head'
  | 'latestTimestamp'
  | 'trimChanges'
  | 'onChange'
  | 'transaction'
>;

function openChangeLog(store: Store): ChangeLog {
  /** Newest sequence number by table; a transaction that failed may leave a gap. */
  const heads = new Map<number, number>();
  const listeners = new Map<number, Set<() => void>>();
  const touched = new Set<number>();

  const head = (tableId: number): number => {
    const known = heads.get(tableId);
    if (known !== undefined) return known;
    const { sequence } = readHead(store, tableId);
    heads.set(tableId, sequence);
    return sequence;
  };

  return {
    head,
    latestTimestamp: (tableIds) => {
      const stored = tableIds.map((tableId) => readHead(store, tableId).timestamp);
      return stored
        .filter((timestamp) => timestamp !== '')
        .sort()
        .at(-1);
    },
    appendChange: (transaction, tableId, key, version) => {
      const sequence = head(tableId) + 1;
      heads.set(tableId, sequence);
      transaction.put(changeKey(tableId, sequence), encodeChange(key, version));
      touched.add(tableId);
      return sequence;
    },
    changes: (transaction, tableId, afterSequence, limit) => {
      const start = changeKey(tableId, afterSequence + 1);
      const { end } = tableRange(spaces.changes, tableId);
      const found: Change[] = [];
      for (const entry of transaction.range({ start, end, limit })) found.push(decodeChange(entry));
      return found;
    },
    trimChanges: (tableId, throughSequence) => {
      const { start } = tableRange(spaces.changes, tableId);
      const end = changeKey(tableId, throughSequence + 1);
      const { timestamp } = readHead(store, tableId);
      const newest = `${head(tableId)}@${timestamp}`;
      store.transaction((transaction) => {
        const keys: Uint8Array[] = [];
        for (const { key } of transaction.range({ start, end })) keys.push(Buffer.from(key));
        if (keys.length === 0) return;
        for (const key of keys) transaction.delete(key);
        transaction.put(tableKey(spaces.heads, tableId), newest);
      });
    },
    onChange: (tableId, listener) => {
      const known = listeners.get(tableId) ?? new Set();
      listeners.set(tableId, known.add(listener));
      return () => {
        known.delete(listener);
      };
    },
    transaction: (run) => {
      try {
        const result = store.transaction(run);
        for (const tableId of touched) {
          for (const listener of listeners.get(tableId) ?? []) listener();
        }
        return result;
      } finally {
        touched.clear();
      }
    },
  };
}

interface Head {
  readonly sequence: number;
  /** Empty where nothing was ever logged. */
  readonly timestamp: HlcTimestamp;
}

function readHead(store: Store, tableId: number): Head {
  const [sequence = '0', timestamp = ''] =
    store.get(tableKey(spaces.heads, tableId))?.split('@') ?? [];
  const range = tableRange(spaces.changes, tableId);
  for (const entry of store.range({ ...range, reverse: true, limit: 1 })) {
    const newest = decodeChange(entry);
    return { sequence: newest.sequence, timestamp: newest.version.timestamp };
  }
  return { sequence: Number(sequence), timestamp };
}

function encodeChange(key: Uint8Array, version: Version): string {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  return `${version.timestamp}@${version.region}|${bytes.toString('base64')}`;
}

function decodeChange({ key, value }: Entry): Change {
  const bar = value.indexOf('|');
  return {
    sequence: sequenceOf(key),
    key: Buffer.from(value.slice(bar + 1), 'base64'),
    version: { timestamp: value.slice(0, 16), region: value.slice(17, bar) },
  };
}

function rangesOf({ tableId, indexId }: Dropped): KeyRange[] {
  if (indexId !== undefined) return [wholeIndex(tableId, indexId)];
  return tableSpaces.map((space) => tableRange(space, tableId));
}

function decodeTombstone(text: string): Tombstone {
  const bar = text.indexOf('|');
  return { record: text.slice(0, bar + 1), key: text.slice(bar + 1) };
}

function* tombstonesOf(entries: Iterable<Entry>): Iterable<StoredTombstone> {
  for (const { key, value } of entries) {
    yield { ...decodeTombstone(value), itemKey: itemKeyOfTombstone(key) };
  }
}

/** The least key after this one: to go on after the last record that was seen. */
export function nextKey(key: Uint8Array): Buffer {
  return Buffer.concat([key, Uint8Array.of(0)]);
}
