/**
 * Owns: the index of expiry times of a table with Time to Live: its keys and their ranges.
 * Refuses to own: its upkeep (`index-entries.ts`), sweeps (`time-to-live/`).
 *
 *  Y1  An item has an entry exactly while its attribute is a number of seconds that can be one; an
 *      entry therefore never speaks of an older version of its item.
 */
import { sha256 } from '../../../stdx/digest.ts';
import { type AttributeMap, member } from '../values/attribute-value.ts';
import { indexPrefix, type KeyRange } from './key-encoding.ts';
import type { StoredTimeToLive } from './stored-table.ts';

const secondsBytes = 8;
const secondsMax = Number.MAX_SAFE_INTEGER;

/** Epoch seconds at which the item expires; undefined where it never does. */
export function expiryOf(item: AttributeMap, attribute: string): number | undefined {
  const text = member(item, attribute)?.N;
  if (text === undefined) return undefined;
  const seconds = Math.floor(Number(text));
  return seconds >= 0 && seconds < secondsMax ? seconds : undefined;
}

export function expiryKeyOf(
  tableId: number,
  { attribute, indexId }: StoredTimeToLive,
  item: AttributeMap,
  itemKey: Uint8Array,
): Buffer | undefined {
  const seconds = expiryOf(item, attribute);
  if (seconds === undefined) return undefined;
  const hash = sha256(itemKey).subarray(0, 16);
  return Buffer.concat([expiryBound(tableId, indexId, seconds), hash]);
}

/** Entries of items that expire at or after `from` and before `to`, in epoch seconds. */
export function expiryRange(tableId: number, indexId: number, from: number, to: number): KeyRange {
  return { start: expiryBound(tableId, indexId, from), end: expiryBound(tableId, indexId, to) };
}

function expiryBound(tableId: number, indexId: number, seconds: number): Buffer {
  const bytes = Buffer.allocUnsafe(secondsBytes);
  bytes.writeBigUInt64BE(BigInt(Math.max(0, seconds)));
  return indexPrefix(tableId, indexId, bytes);
}
