/**
 * Owns: how many items every table and every index holds, and the length of their texts.
 *
 *  C1  Counts are stored in the transaction that changes the items, once for each table: they are
 *      exact, after a crash too.
 *  C2  What a transaction that failed has counted is forgotten.
 */
import type { ReadTransaction, WriteTransaction } from '../../../io/io.ts';
import { spaces, tableKey } from './key-encoding.ts';

export interface ItemCount {
  readonly items: number;
  /** Characters of the items' JSON. */
  readonly bytes: number;
}

export interface TableCount extends ItemCount {
  /** By the indexes' numbers; those that hold nothing may be absent. */
  readonly indexes: ReadonlyMap<number, ItemCount>;
}

export interface ItemCounts {
  of(tableId: number): TableCount;
  /** One record comes into the place of another; undefined where there is none. */
  count(tableId: number, previous: string | undefined, record: string | undefined): void;
  /** So many items, and characters of them, more or fewer are in the index. */
  countIndex(tableId: number, indexId: number, items: number, bytes: number): void;
  /** At the end of a transaction: stores what it has counted. */
  store(transaction: WriteTransaction): void;
  committed(): void;
  restore(): void;
  /** What was stored here is not there: it is read anew. */
  forget(): void;
  /** The index is gone: its count is forgotten, at once and in the transaction. */
  dropIndex(transaction: WriteTransaction, tableId: number, indexId: number): void;
}

interface Sum {
  items: number;
  bytes: number;
}

/** Changes of a transaction. */
interface Pending extends Sum {
  readonly tableId: number;
  readonly key: Uint8Array;
  readonly indexes: Map<number, Sum>;
  touched: boolean;
}

export function openItemCounts(store: ReadTransaction): ItemCounts {
  const known = new Map<number, TableCount>();
  const changes = new Map<number, Pending>();
  const touched: Pending[] = [];

  const of = (tableId: number): TableCount => {
    const found = known.get(tableId);
    if (found !== undefined) return found;
    const count = decode(store.get(tableKey(spaces.counts, tableId)));
    known.set(tableId, count);
    return count;
  };
  const changeOf = (tableId: number): Pending => {
    let change = changes.get(tableId);
    if (change === undefined) {
      const key = tableKey(spaces.counts, tableId);
      change = { tableId, key, items: 0, bytes: 0, indexes: new Map(), touched: false };
      changes.set(tableId, change);
    }
    if (!change.touched) {
      change.touched = true;
      touched.push(change);
    }
    return change;
  };
  const settle = (keep: boolean): void => {
    for (const change of touched) {
      if (keep && isChange(change)) known.set(change.tableId, sumOf(of(change.tableId), change));
      change.items = 0;
      change.bytes = 0;
      change.indexes.clear();
      change.touched = false;
    }
    touched.length = 0;
  };

  return {
    of,
    count: (tableId, previous, record) => {
      const change = changeOf(tableId);
      if (previous === undefined) change.items += 1;
      if (record === undefined) change.items -= 1;
      change.bytes += textLength(record) - textLength(previous);
    },
    countIndex: (tableId, indexId, items, bytes) => {
      if (items === 0 && bytes === 0) return;
      const { indexes } = changeOf(tableId);
      const sum = indexes.get(indexId);
      if (sum === undefined) indexes.set(indexId, { items, bytes });
      else {
        sum.items += items;
        sum.bytes += bytes;
      }
    },
    store: (transaction) => {
      for (const change of touched) {
        if (!isChange(change)) continue;
        transaction.put(change.key, encode(sumOf(of(change.tableId), change)));
      }
    },
    committed: () => settle(true),
    restore: () => settle(false),
    forget: () => known.clear(),
    dropIndex: (transaction, tableId, indexId) => {
      const { items, bytes, indexes } = of(tableId);
      if (!indexes.has(indexId)) return;
      const left = new Map(indexes);
      left.delete(indexId);
      const count = { items, bytes, indexes: left };
      transaction.put(tableKey(spaces.counts, tableId), encode(count));
      known.set(tableId, count);
    },
  };
}

function isChange({ items, bytes, indexes }: Pending): boolean {
  return items !== 0 || bytes !== 0 || indexes.size > 0;
}

function sumOf(count: TableCount, change: Pending): TableCount {
  const { items, bytes } = added(count, change);
  if (change.indexes.size === 0) return { items, bytes, indexes: count.indexes };
  const indexes = new Map(count.indexes);
  for (const [id, sum] of change.indexes) indexes.set(id, added(indexes.get(id) ?? none, sum));
  return { items, bytes, indexes };
}

const none: ItemCount = { items: 0, bytes: 0 };

function added(count: ItemCount, change: ItemCount): ItemCount {
  return { items: count.items + change.items, bytes: count.bytes + change.bytes };
}

/** The table's two numbers, then three of each index. */
function encode({ items, bytes, indexes }: TableCount): string {
  let text = `${items} ${bytes}`;
  for (const [id, sum] of indexes) text += ` ${id} ${sum.items} ${sum.bytes}`;
  return text;
}

function decode(text: string | undefined): TableCount {
  const numbers = text?.split(' ').map(Number) ?? [];
  const [items = 0, bytes = 0] = numbers;
  const indexes = new Map<number, ItemCount>();
  for (let at = 2; at + 2 < numbers.length; at += 3) {
    const [id = 0, inIndex = 0, length = 0] = numbers.slice(at, at + 3);
    indexes.set(id, { items: inIndex, bytes: length });
  }
  return { items, bytes, indexes };
}

/** Of what stands behind the version in a record. */
export function textLength(record: string | undefined): number {
  return record === undefined ? 0 : record.length - record.indexOf('|', 16) - 1;
}
