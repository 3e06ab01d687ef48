/**
 * Owns: what writes say of item collections (`ItemCollectionMetrics`), and that none of them grows
 * beyond 10 GB.
 * Refuses to own: counting (`storage/collection-sizes.ts`).
 *
 * J1  Only what makes a collection larger is refused: one that is too large can be made smaller.
 * J2  Writes that come from other regions are not refused: their region has let them pass.
 */
import type { ReadTransaction } from '../../../io/io.ts';
import { collectionTooLarge } from '../errors.ts';
import {
  collectionBytes,
  collectionGrowth,
  collectionKeyOf,
  hasCollections,
} from '../storage/collection-sizes.ts';
import type { StoredTable } from '../storage/stored-table.ts';
import { type AttributeMap, member, parseMap } from '../values/attribute-value.ts';
import type { Engine } from './engine.ts';
import { itemOf } from './item-operation.ts';

const gigabyte = 1024 ** 3;
const collectionBytesMax = 10 * gigabyte;
/** No transaction adds as much to a collection: sizes further from the limit need no closer look. */
const surelyFits = gigabyte;

export interface CollectionMetrics {
  readonly ItemCollectionKey: AttributeMap;
  /** Whole gigabytes that the size lies between. */
  readonly SizeEstimateRangeGB: readonly [number, number];
}

export type CollectionMode = 'SIZE' | 'NONE' | undefined;

export interface Change {
  readonly before: AttributeMap | undefined;
  readonly after: AttributeMap | undefined;
}

/** Looks at the writes of one transaction of the store, all before the first of them is made. */
export interface CollectionGuard {
  /** Throws where putting `after` in the place of `before` makes the collection too large. */
  admit(table: StoredTable, itemKey: Uint8Array, change: Change): void;
}

export function collectionGuard(engine: Engine, transaction: ReadTransaction): CollectionGuard {
  const max = bytesMax(engine);
  const pending = new Map<string, number>();
  return {
    admit: (table, itemKey, change) => {
      if (!hasCollections(table)) return;
      const bytes = collectionBytes(transaction, itemKey);
      if (bytes + surelyFits < max) return;
      const growth = collectionGrowth(table, change.before, change.after);
      const name = collectionKeyOf(itemKey).toString('latin1');
      const grown = (pending.get(name) ?? 0) + growth;
      if (growth > 0 && bytes + grown > max) throw collectionTooLarge();
      pending.set(name, grown);
    },
  };
}

/** The same for a write that is made at once. `after` may be JSON: it is hardly ever looked at. */
export function admitWrite(
  engine: Engine,
  transaction: ReadTransaction,
  table: StoredTable,
  itemKey: Uint8Array,
  record: string | undefined,
  after: AttributeMap | string | undefined,
): void {
  if (!hasCollections(table)) return;
  const max = bytesMax(engine);
  const bytes = collectionBytes(transaction, itemKey);
  if (bytes + surelyFits < max) return;
  const now = typeof after === 'string' ? parseMap(after) : after;
  const growth = collectionGrowth(table, itemOf(record), now);
  if (growth > 0 && bytes + growth > max) throw collectionTooLarge();
}

function bytesMax({ itemCollectionBytesMax: max }: Engine): number {
  return max ?? collectionBytesMax;
}

/** The response's form; undefined where it was not asked for, or the table has no local index. */
export function collectionMetrics(
  { storage }: Engine,
  table: StoredTable,
  itemKey: Uint8Array,
  key: AttributeMap,
  mode: CollectionMode,
): CollectionMetrics | undefined {
  if (mode !== 'SIZE' || !hasCollections(table)) return undefined;
  const lower = Math.floor(collectionBytes(storage.store, itemKey) / gigabyte);
  const { name } = table.partitionKey;
  return {
    ItemCollectionKey: { [name]: member(key, name) ?? {} },
    SizeEstimateRangeGB: [lower, lower + 1],
  };
}

export interface CollectionWrite {
  readonly table: StoredTable;
  readonly key: Uint8Array;
  /** Holds at least the key attributes. */
  readonly map: AttributeMap;
}

/** The same of several writes: each collection once, by the names of the tables. */
export function collectionMetricsOf(
  engine: Engine,
  writes: readonly CollectionWrite[],
  mode: CollectionMode,
): { ItemCollectionMetrics?: Record<string, CollectionMetrics[]> } {
  if (mode !== 'SIZE') return {};
  const found: Record<string, CollectionMetrics[]> = {};
  const seen = new Set<string>();
  for (const { table, key, map } of writes) {
    const name = collectionKeyOf(key).toString('latin1');
    const metrics = collectionMetrics(engine, table, key, map, mode);
    if (metrics === undefined || seen.has(name)) continue;
    seen.add(name);
    found[table.name] = [...(found[table.name] ?? []), metrics];
  }
  return Object.keys(found).length === 0 ? {} : { ItemCollectionMetrics: found };
}
