/**
 * Owns: how large every item collection is: the items of one partition key of a table with local
 * indexes, and their entries in those.
 * Refuses to own: how large one may become (`data-plane/item-collections.ts`).
 *
 * O1  A size is stored in the transaction that changes the items. A table without local index has
 *     none, and pays nothing.
 * O2  It is the sum of the sizes of the items and of what each local index holds of them; an empty
 *     collection has no entry.
 */
import type { ReadTransaction, WriteTransaction } from '../../../io/io.ts';
import { type AttributeMap, member } from '../values/attribute-value.ts';
import { itemSize } from '../values/size.ts';
import { type KeyLayout, partitionPrefixLength, spaces } from './key-encoding.ts';
import { projectToIndex } from './projections.ts';
import type { StoredIndex } from './stored-table.ts';

export interface CollectedTable extends KeyLayout {
  readonly indexes: readonly StoredIndex[];
}

/** Whether the table's items are in collections that have a size. */
export function hasCollections({ indexes }: CollectedTable): boolean {
  return indexes.length > 0 && indexes.some(({ kind }) => kind === 'LOCAL');
}

/** Where the size of the collection stands that the item with that key is in. */
export function collectionKeyOf(itemKey: Uint8Array): Buffer {
  const bytes = Buffer.from(itemKey.subarray(0, partitionPrefixLength));
  bytes[0] = spaces.collections;
  return bytes;
}

/** Bytes of the collection that the item with that key is in. */
export function collectionBytes(transaction: ReadTransaction, itemKey: Uint8Array): number {
  return Number(transaction.get(collectionKeyOf(itemKey)) ?? '0');
}

/** What putting one item in the place of another adds to its collection. */
export function collectionGrowth(
  table: CollectedTable,
  before: AttributeMap | undefined,
  now: AttributeMap | undefined,
): number {
  return bytesOf(table, now) - bytesOf(table, before);
}

function bytesOf(table: CollectedTable, item: AttributeMap | undefined): number {
  if (item === undefined) return 0;
  let bytes = itemSize(item);
  for (const index of table.indexes) {
    const { kind, sortKey } = index;
    if (kind !== 'LOCAL' || sortKey === undefined) continue;
    if (member(item, sortKey.name)?.[sortKey.type] === undefined) continue;
    bytes += itemSize(projectToIndex(table, index, item));
  }
  return bytes;
}

/** Counts what a write has made of an item. */
export function countCollection(
  transaction: WriteTransaction,
  table: CollectedTable,
  itemKey: Uint8Array,
  before: AttributeMap | undefined,
  now: AttributeMap | undefined,
): void {
  if (!hasCollections(table)) return;
  const growth = collectionGrowth(table, before, now);
  if (growth === 0) return;
  const key = collectionKeyOf(itemKey);
  const bytes = Number(transaction.get(key) ?? '0') + growth;
  // Below zero where items are older than their sizes.
  if (bytes > 0) transaction.put(key, String(bytes));
  else transaction.delete(key);
}
