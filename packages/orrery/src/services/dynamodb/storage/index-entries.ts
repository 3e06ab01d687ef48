/**
 * Owns: the entries of secondary indexes: their keys, and that they follow the records.
 * Refuses to own: queries on them (`data-plane/query.ts`).
 *
 * X1  An index has exactly one entry per item that has all the index's key attributes with the
 *     right types. The entry's value is the item's key; the item itself is stored once.
 * X2  What comes and goes is counted. Of an index that is still being filled the entry itself says
 *     whether it was there.
 * X3  Entries of one index and partition key order by index sort key, then, in a local index, by the
 *     table's sort key, then by item key's hash. A sort key of several attributes orders by the
 *     first, then the second, and so on.
 */
import type { WriteTransaction } from '../../../io/io.ts';
import { present } from '../../../stdx/assert.ts';
import { sha256 } from '../../../stdx/digest.ts';
import { itemOfRecord } from '../replication/version.ts';
import {
  type AttributeMap,
  type AttributeValue,
  member,
  parseMap,
} from '../values/attribute-value.ts';
import { countCollection } from './collection-sizes.ts';
import { expiryKeyOf } from './expiry-index.ts';
import { type ItemCounts, textLength } from './item-counts.ts';
import {
  after,
  encodeSortKey,
  indexPrefix,
  type KeyAttribute,
  type KeyLayout,
  type KeyRange,
  partitionHash,
} from './key-encoding.ts';
import { projectToIndex } from './projections.ts';
import {
  keyAttributes,
  partitionKeysOf,
  type StoredIndex,
  type StoredTimeToLive,
  sortKeysOf,
} from './stored-table.ts';

export interface IndexedTable extends KeyLayout {
  readonly indexes: readonly StoredIndex[];
  readonly timeToLive?: StoredTimeToLive | undefined;
}

/** What is told of an index's items (`item-counts.ts`). */
export type CountIndex = ItemCounts['countIndex'];

/** Brings the table's index entries from the previous record to the new one. */
export function maintainIndexes(
  transaction: WriteTransaction,
  table: IndexedTable,
  itemKey: Uint8Array,
  previous: string | undefined,
  record: string | undefined,
  count: CountIndex,
): void {
  const { id, indexes, timeToLive } = table;
  if (indexes.length === 0 && timeToLive === undefined) return;
  const before = previous === undefined ? undefined : itemOf(previous);
  const now = record === undefined ? undefined : itemOf(record);
  countCollection(transaction, table, itemKey, before, now);
  let digest: Uint8Array | undefined;
  for (const index of indexes) {
    const stays = before !== undefined && now !== undefined && staysInPlace(index, before, now);
    if (stays && !index.backfilling) {
      // An entry that is there stays there: only what it holds may have changed.
      if (index.projection.type === 'KEYS_ONLY' || !isIn(index, now)) continue;
      const grown =
        heldLength(table, index, now, record) - heldLength(table, index, before, previous);
      count(id, index.id, 0, grown);
      continue;
    }
    digest ??= digestOfKey(itemKey);
    const old = before && indexKeyOf(id, index, before, itemKey, digest);
    const fresh = now && indexKeyOf(id, index, now, itemKey, digest);
    const wasThere =
      old !== undefined && (!index.backfilling || transaction.get(old) !== undefined);
    moveEntry(transaction, old, fresh, itemKey);
    const gone = wasThere ? heldLength(table, index, before, previous) : 0;
    const come = fresh === undefined ? 0 : heldLength(table, index, now, record);
    if (index.backfilling && fresh !== undefined) putEntry(transaction, fresh, itemKey);
    count(id, index.id, Number(fresh !== undefined) - Number(wasThere), come - gone);
  }
  if (timeToLive === undefined) return;
  const old = before && expiryKeyOf(id, timeToLive, before, itemKey);
  moveEntry(transaction, old, now && expiryKeyOf(id, timeToLive, now, itemKey), itemKey);
}

/** Makes the entry of an item that was there before the index, unless a write has made it. */
export function fillIndex(
  transaction: WriteTransaction,
  table: IndexedTable,
  index: StoredIndex,
  itemKey: Uint8Array,
  record: string,
  count: CountIndex,
): void {
  const item = itemOf(record);
  const entry = indexKeyOf(table.id, index, item, itemKey);
  if (entry === undefined || transaction.get(entry) !== undefined) return;
  putEntry(transaction, entry, itemKey);
  count(table.id, index.id, 1, heldLength(table, index, item, record));
}

/** Whether the item has all key attributes of the index with the right types. */
function isIn(index: StoredIndex, item: AttributeMap): boolean {
  return keyAttributes(index).every(({ name, type }) => member(item, name)?.[type] !== undefined);
}

/** Characters of the JSON of what the index holds of the item. */
function heldLength(
  table: IndexedTable,
  index: StoredIndex,
  item: AttributeMap | undefined,
  record: string | undefined,
): number {
  if (item === undefined || index.projection.type === 'ALL') return textLength(record);
  return JSON.stringify(projectToIndex(table, index, item)).length;
}

/** Whether both items have the same texts as key attributes: then their entry is the same. */
function staysInPlace(index: StoredIndex, before: AttributeMap, now: AttributeMap): boolean {
  return keyAttributes(index).every(({ name, type }) => {
    const [old, fresh] = [member(before, name), member(now, name)];
    return old?.[type] === fresh?.[type];
  });
}

function moveEntry(
  transaction: WriteTransaction,
  old: Buffer | undefined,
  fresh: Buffer | undefined,
  itemKey: Uint8Array,
): void {
  if (old !== undefined && fresh !== undefined && old.equals(fresh)) return;
  if (old !== undefined) transaction.delete(old);
  if (fresh !== undefined) putEntry(transaction, fresh, itemKey);
}

/** Puts the entry of the item with that key. */
export function putEntry(
  transaction: WriteTransaction,
  entry: Uint8Array,
  itemKey: Uint8Array,
): void {
  transaction.put(entry, Buffer.from(itemKey).toString('base64'));
}

function itemOf(record: string): AttributeMap {
  return parseMap(present(itemOfRecord(record), 'the item of a record'));
}

/**
 * Key of the item's entry in the index; undefined where the item does not belong in it. `digest` is
 * that of the item's key, where it is known.
 */
export function indexKeyOf(
  tableId: number,
  index: StoredIndex,
  item: AttributeMap,
  itemKey: Uint8Array,
  digest?: Uint8Array,
): Buffer | undefined {
  const partition = keyValues(partitionKeysOf(index), item);
  const sort = keyValues(sortKeysOf(index), item);
  if (partition === undefined || sort === undefined) return undefined;
  const parts = [indexPrefix(tableId, index.id, partitionHashOf(partition))];
  for (const value of sort) parts.push(terminated(encodeSortKey(value)));
  const tie = index.tieKey === undefined ? undefined : member(item, index.tieKey.name);
  if (tie !== undefined) parts.push(terminated(encodeSortKey(tie).subarray(0, tieBytesMax)));
  parts.push(Buffer.from(digest ?? digestOfKey(itemKey)));
  return Buffer.concat(parts);
}

/** What is longer is not ordered by the rest: a key of the store has 1,900 bytes. */
const tieBytesMax = 512;

/** Undefined where one is absent or of another type. */
function keyValues(
  attributes: readonly KeyAttribute[],
  item: AttributeMap,
): AttributeValue[] | undefined {
  const values: AttributeValue[] = [];
  for (const { name, type } of attributes) {
    const value = member(item, name);
    if (value === undefined || !(type in value)) return undefined;
    values.push(value);
  }
  return values;
}

/** Hash of a partition key of one or several attributes. */
export function partitionHashOf(values: readonly AttributeValue[]): Uint8Array {
  const [first] = values;
  if (first !== undefined && values.length === 1) return partitionHash(first);
  return digestOfKey(Buffer.concat(values.map((value) => terminated(encodeSortKey(value)))));
}

function digestOfKey(bytes: Uint8Array): Uint8Array {
  return sha256(bytes).subarray(0, 16);
}

/** The item key that an entry's value holds. */
export function itemKeyOfEntry(value: string): Buffer {
  return Buffer.from(value, 'base64');
}

const group = 8;

/**
 * Bytes in groups of eight, each followed by how many of them count: ordered like the bytes, and
 * no encoding is a prefix of another, so that something may follow.
 */
export function terminated(bytes: Uint8Array): Buffer {
  const groups = Math.floor(bytes.length / group) + 1;
  const out = Buffer.alloc(groups * (group + 1));
  for (let i = 0; i < groups; i += 1) {
    const part = bytes.subarray(i * group, (i + 1) * group);
    out.set(part, i * (group + 1));
    out[i * (group + 1) + group] = part.length;
  }
  return out;
}

/** The range of `terminated` that holds exactly the bytes with this prefix. */
export function terminatedWithPrefix(prefix: Uint8Array): KeyRange {
  const start = terminated(prefix);
  const whole = Math.floor(prefix.length / group) * (group + 1);
  return { start, end: after(start.subarray(0, whole + (prefix.length % group))) };
}
