/**
 * Owns: how many items every table holds, and the length of their texts.
 *
 *  C1  Counts are stored in the transaction that changes the items, once for each: they are exact,
 *      after a crash too.
 *  C2  What a transaction that failed has counted is forgotten.
 */
import type { ReadTransaction, WriteTransaction } from '../../../io/io.ts';
import { spaces, tableKey } from './key-encoding.ts';

export interface ItemCount {
  readonly items: number;
  /** Characters of the items' JSON. */
  readonly bytes: number;
}

export interface ItemCounts {
  of(tableId: number): ItemCount;
  /** One record comes into the place of another; undefined where there is none. */
  count(tableId: number, previous: string | undefined, record: string | undefined): void;
  /** At the end of a transaction: stores what it has counted. */
  store(transaction: WriteTransaction): void;
  committed(): void;
  restore(): void;
}

/** Changes of a transaction, and where their table's count stands. */
interface Pending {
  readonly key: Uint8Array;
  items: number;
  bytes: number;
  touched: boolean;
}

export function openItemCounts(store: ReadTransaction): ItemCounts {
  const known = new Map<number, ItemCount>();
  const changes = new Map<number, Pending>();
  const touched: number[] = [];

  const of = (tableId: number): ItemCount => {
    const found = known.get(tableId);
    if (found !== undefined) return found;
    const [items = 0, bytes = 0] =
      store.get(tableKey(spaces.counts, tableId))?.split(' ').map(Number) ?? [];
    const count = { items, bytes };
    known.set(tableId, count);
    return count;
  };
  const settle = (keep: boolean): void => {
    for (const tableId of touched) {
      const change = changes.get(tableId);
      if (change === undefined) continue;
      const { items, bytes } = of(tableId);
      if (keep) known.set(tableId, { items: items + change.items, bytes: bytes + change.bytes });
      change.items = 0;
      change.bytes = 0;
      change.touched = false;
    }
    touched.length = 0;
  };

  return {
    of,
    count: (tableId, previous, record) => {
      let change = changes.get(tableId);
      if (change === undefined) {
        change = { key: tableKey(spaces.counts, tableId), items: 0, bytes: 0, touched: false };
        changes.set(tableId, change);
      }
      if (!change.touched) {
        change.touched = true;
        touched.push(tableId);
      }
      if (previous === undefined) change.items += 1;
      if (record === undefined) change.items -= 1;
      change.bytes += textLength(record) - textLength(previous);
    },
    store: (transaction) => {
      for (const tableId of touched) {
        const change = changes.get(tableId);
        if (change === undefined || (change.items === 0 && change.bytes === 0)) continue;
        const { items, bytes } = of(tableId);
        transaction.put(change.key, `${items + change.items} ${bytes + change.bytes}`);
      }
    },
    committed: () => settle(true),
    restore: () => settle(false),
  };
}

/** Of what stands behind the version in a record. */
function textLength(record: string | undefined): number {
  return record === undefined ? 0 : record.length - record.indexOf('|', 16) - 1;
}
