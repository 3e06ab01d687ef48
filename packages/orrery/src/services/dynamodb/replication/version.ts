/**
 * Versions and version vectors: their order, their union, and their text in a stored record.
 *
 * A record is `<timestamp>@<region>[,<timestamp>@<region>…]|<item json>`. The first entry is the
 * version itself, the others are the newest writes of other regions among its ancestors. Nothing
 * after the bar is a tombstone. A region that writes alone pays 16 digits and its own name.
 *
 * Refuses to own: who wins (`last-writer-wins.ts`), what the time is
 * (`hybrid-logical-clock.ts`).
 *
 * Invariants:
 *  V1  A vector holds its own version: `vector[version.region] === version.timestamp`.
 *  V2  A version is greater than every other entry of its vector: nothing precedes its ancestors.
 *  V3  Text is canonical: the other regions stand in ascending order, so equal means equal bytes.
 */
import type { ValueView } from '../../../io/io.ts';
import type { HlcTimestamp, Version, VersionVector } from '../api.ts';

/** A stored record taken apart. `item` is null for a tombstone. */
export interface VersionedRecord {
  readonly version: Version;
  readonly vector: VersionVector;
  readonly item: string | null;
}

/** A vector and a region's name are ASCII, and have none. */
const barCode = 124;

/** Digits of a timestamp; an entry's `@` stands right behind them. */
const digits = 16;

/** Total order of versions: later timestamp, then greater region id. Negative, 0 or positive. */
export function compareVersions(a: Version, b: Version): number {
  if (a.timestamp !== b.timestamp) return a.timestamp < b.timestamp ? -1 : 1;
  if (a.region === b.region) return 0;
  return a.region < b.region ? -1 : 1;
}

/** Whether a version is the vector's own or among its ancestors. */
export function includesVersion(vector: VersionVector, version: Version): boolean {
  const seen = vector[version.region];
  return seen !== undefined && seen >= version.timestamp;
}

/** The newest write of each region that either has seen. Returns `a` itself if `b` adds nothing. */
export function mergeVectors(a: VersionVector, b: VersionVector): VersionVector {
  let merged: Record<string, HlcTimestamp> | undefined;
  for (const region in b) {
    const theirs = b[region] as HlcTimestamp;
    const ours = a[region];
    if (ours !== undefined && ours >= theirs) continue;
    merged ??= { ...a };
    merged[region] = theirs;
  }
  return merged ?? a;
}

/** Vector of a local write that replaces a record with vector `replaced` (undefined: nothing). */
export function succeedingVector(
  version: Version,
  replaced: VersionVector | undefined,
): VersionVector {
  return { ...replaced, [version.region]: version.timestamp };
}

/** Text of a record: version, vector, bar, item. */
export function encodeRecord(version: Version, vector: VersionVector, item: string | null): string {
  let head = `${version.timestamp}@${version.region}`;
  let others: string[] | undefined;
  for (const region in vector) {
    if (region === version.region) continue;
    others ??= [];
    others.push(region);
  }
  if (others !== undefined) {
    if (others.length > 1) others.sort();
    for (const region of others) head += `,${vector[region]}@${region}`;
  }
  return item === null ? `${head}|` : `${head}|${item}`;
}

/**
 * Text of the record that a local write leaves over `replaced` (the text of the record before it,
 * undefined where there was none). The same as decoding, `succeedingVector` and `encodeRecord`.
 */
export function encodeSuccessor(
  version: Version,
  replaced: string | undefined,
  item: string | null,
): string {
  const tail = item === null ? '|' : `|${item}`;
  const own = `${version.timestamp}@${version.region}`;
  // Alone in its history: the common case of a region that no other writes against.
  if (replaced === undefined) return own + tail;
  const bar = barOf(replaced);
  const sole = bar === digits + 1 + version.region.length;
  if (sole && replaced.startsWith(version.region, digits + 1)) return own + tail;
  return encodeRecord(version, succeedingVector(version, decodeHead(replaced, bar).vector), item);
}

/** The item's JSON text of a record, or null for a tombstone; the rest is not looked at. */
export function itemOfRecord(record: string): string | null {
  const bar = barOf(record);
  return bar === record.length - 1 ? null : record.slice(bar + 1);
}

/** Where the item's text begins in the bytes of a record. */
export function itemStartOf({ bytes, length }: ValueView): number {
  let at = digits;
  while (at < length && bytes[at] !== barCode) at += 1;
  if (at < length) return at + 1;
  throw corrupt(Buffer.from(bytes.subarray(0, length)).toString());
}

/** The version of a record, without its vector. */
export function versionOfRecord(record: string): Version {
  const bar = barOf(record);
  const comma = record.indexOf(',', digits);
  const end = comma === -1 || comma > bar ? bar : comma;
  return { timestamp: record.slice(0, digits), region: record.slice(digits + 1, end) };
}

/** Takes a record apart. Throws RangeError where the text is none: the store is corrupt. */
export function decodeRecord(record: string): VersionedRecord {
  const bar = barOf(record);
  const { version, vector } = decodeHead(record, bar);
  return { version, vector, item: bar === record.length - 1 ? null : record.slice(bar + 1) };
}

function decodeHead(record: string, bar: number): { version: Version; vector: VersionVector } {
  const vector: Record<string, HlcTimestamp> = {};
  let version: Version | undefined;
  for (let start = 0; start < bar; ) {
    const comma = record.indexOf(',', start);
    const end = comma === -1 || comma > bar ? bar : comma;
    const timestamp = record.slice(start, start + digits);
    const region = record.slice(start + digits + 1, end);
    if (record[start + digits] !== '@' || region === '') throw corrupt(record);
    version ??= { timestamp, region };
    vector[region] = timestamp;
    start = end + 1;
  }
  if (version === undefined) throw corrupt(record);
  return { version, vector };
}

function barOf(record: string): number {
  const bar = record.indexOf('|', digits);
  if (bar === -1) throw corrupt(record);
  return bar;
}

function corrupt(record: string): RangeError {
  return new RangeError(`not a versioned record: ${record.slice(0, 64)}`);
}
