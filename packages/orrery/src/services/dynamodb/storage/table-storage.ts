/**
 * Owns: items, tombstones and indexes in the store, and that they agree. Every write of an item,
 * local or from another region, goes through here.
 * Refuses to own: the change log (`change-log.ts`), versions and who wins (`replication/`), checks of
 * items (`values/`, `data-plane/`).
 *
 * T1  A key has a record or a tombstone or neither, never both.
 * T2  Index entries change in the transaction that changes the record, and the record of the table's
 *     stream is written in it, wherever the change comes from. So is what a backup that is being
 *     made needs of the item before.
 */
import type {
  Clock,
  Entry,
  ReadTransaction,
  Store,
  ValueView,
  WriteTransaction,
} from '../../../io/io.ts';
import { itemOfRecord } from '../replication/version.ts';
import type { Turn } from '../turns.ts';
import { type AttributeMap, parseMap } from '../values/attribute-value.ts';
import { type BackupLog, openBackupLog } from './backup-log.ts';
import { type ChangeLog, openChangeLog } from './change-log.ts';
import { fillIndex, type IndexedTable, maintainIndexes } from './index-entries.ts';
import { type ItemCounts, openItemCounts } from './item-counts.ts';
import {
  itemKeyOfTombstone,
  type KeyRange,
  spaces,
  tableRange,
  tombstoneKeyOf,
} from './key-encoding.ts';
import { keyJson } from './key-json.ts';
import { wholeIndex } from './key-ranges.ts';
import type { StoredIndex } from './stored-table.ts';
import { openStreamLog, type StreamLog, type StreamLogOptions } from './stream-log.ts';
import type { Dropped } from './table-catalog.ts';
import { clear } from './walk.ts';

export type { Change } from './change-log.ts';

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

/** What a writer knows besides, so that it need not be found out again. */
export interface WriteDetails {
  /** Holds at least the key attributes. */
  readonly keyMap?: AttributeMap;
  /** Time to Live deletes it. */
  readonly expired?: boolean;
  /** It fills a new replica: no change for the stream. */
  readonly fills?: boolean;
}

export interface TableStorage extends ChangeLog {
  readonly store: Store;
  readonly streams: StreamLog;
  readonly backups: BackupLog;
  readonly counts: Pick<ItemCounts, 'of'>;

  readRecord(transaction: ReadTransaction, key: Uint8Array): string | undefined;
  /** The same as bytes, lent until the store is used again. */
  viewRecord(transaction: ReadTransaction, key: Uint8Array): ValueView | undefined;
  /** Keys are item keys also where tombstones are meant. */
  readTombstone(transaction: ReadTransaction, key: Uint8Array): Tombstone | undefined;

  /** Puts a record in the place of the previous one, which the caller has just read. */
  putRecord(
    transaction: WriteTransaction,
    table: IndexedTable,
    key: Uint8Array,
    record: string,
    previous: string | undefined,
    details?: WriteDetails,
  ): void;
  /** Removes a record, which the caller has just read. */
  deleteRecord(
    transaction: WriteTransaction,
    table: IndexedTable,
    key: Uint8Array,
    previous: string,
    details?: WriteDetails,
  ): void;
  /** Makes the index's entry of a record that was there before. */
  fillIndex(
    transaction: WriteTransaction,
    table: IndexedTable,
    index: StoredIndex,
    key: Uint8Array,
    record: string,
  ): void;
  putTombstone(transaction: WriteTransaction, key: Uint8Array, tombstone: Tombstone): void;
  deleteTombstone(transaction: WriteTransaction, key: Uint8Array): void;

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
  /** Removes some keys of what was dropped; false once nothing is left. */
  purge(dropped: Dropped, turn: Turn): boolean;
}

const tableSpaces = [
  spaces.items,
  spaces.tombstones,
  spaces.index,
  spaces.changes,
  spaces.heads,
  spaces.counts,
  spaces.collections,
] as const;

export function openTableStorage(
  store: Store,
  clock: Pick<Clock, 'wallMs'>,
  options: StreamLogOptions = {},
): TableStorage {
  const log = openChangeLog(store);
  const streams = openStreamLog(store, clock, options);
  const backups = openBackupLog(store);
  const counts = openItemCounts(store);
  const counting = <T>(transact: ChangeLog['transaction'], run: Run<T>): T => {
    try {
      const result = transact((transaction) => {
        const made = run(transaction);
        counts.store(transaction);
        return made;
      });
      streams.committed();
      counts.committed();
      return result;
    } catch (error) {
      streams.restore();
      counts.restore();
      throw error;
    }
  };
  store.onUndone(() => {
    counts.forget();
    streams.refresh();
  });
  return {
    store,
    streams,
    backups,
    counts,
    ...log,
    transaction: (run) => counting(log.transaction, run),
    grouped: (run) => counting(log.grouped, run),
    readRecord: (transaction, key) => transaction.get(key),
    viewRecord: (transaction, key) => transaction.view(key),
    readTombstone: (transaction, key) => {
      const text = transaction.get(tombstoneKeyOf(key));
      return text === undefined ? undefined : decodeTombstone(text);
    },
    putRecord: (transaction, table, key, record, previous, details) => {
      backups.preserve(transaction, table.id, key, previous);
      transaction.put(key, record);
      counts.count(table.id, previous, record);
      maintainIndexes(transaction, table, key, previous, record, counts.countIndex);
      logToStream(streams, transaction, table, previous, record, details);
    },
    deleteRecord: (transaction, table, key, previous, details) => {
      backups.preserve(transaction, table.id, key, previous);
      transaction.delete(key);
      counts.count(table.id, previous, undefined);
      maintainIndexes(transaction, table, key, previous, undefined, counts.countIndex);
      logToStream(streams, transaction, table, previous, undefined, details);
    },
    fillIndex: (transaction, table, index, key, record) =>
      fillIndex(transaction, table, index, key, record, counts.countIndex),
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
    purge: (dropped, turn) =>
      store.transaction((transaction) => {
        if (clear(transaction, rangesOf(dropped), turn)) return true;
        const { tableId, indexId } = dropped;
        if (indexId !== undefined) counts.dropIndex(transaction, tableId, indexId);
        return false;
      }),
  };
}

type Run<T> = (transaction: WriteTransaction) => T;

function logToStream(
  streams: StreamLog,
  transaction: WriteTransaction,
  table: IndexedTable,
  previous: string | undefined,
  record: string | undefined,
  { keyMap, expired = false, fills = false }: WriteDetails = {},
): void {
  if (fills || !streams.isOpen(table.id)) return;
  const before = previous === undefined ? undefined : (itemOfRecord(previous) ?? undefined);
  const now = record === undefined ? undefined : (itemOfRecord(record) ?? undefined);
  const keys = keyJson(table, keyMap ?? parseMap(now ?? before ?? '{}'));
  streams.append(transaction, table.id, { before, now, keys, expired });
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
