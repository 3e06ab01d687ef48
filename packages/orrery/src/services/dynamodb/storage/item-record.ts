/**
 * Owns: the text that an item or a tombstone is stored as. Refuses to own: who wins between two
 * versions (`replication/`).
 *
 *   <timestamp>@<region>[,<timestamp>@<region>…]|<body>
 *
 * R1  The first entry is the version itself. The others are the vector's entries of other regions,
 *     by region name; the version's own region has no second entry.
 * R2  The body of an item is its attribute map as DynamoDB would return it, that of a tombstone the
 *     key's attribute map: a read answers it without looking inside.
 */
import { assert } from '../../../stdx/assert.ts';
import type { HlcTimestamp, Version, VersionVector } from '../api.ts';

export interface DecodedRecord {
  readonly version: Version;
  readonly vector: VersionVector;
  readonly body: string;
}

/** A record of a version with its vector, which holds the version itself or is taken to. */
export function encodeRecord(version: Version, vector: VersionVector, body: string): string {
  let header = `${version.timestamp}@${version.region}`;
  for (const region of Object.keys(vector).sort()) {
    if (region !== version.region) header += `,${vector[region] ?? ''}@${region}`;
  }
  return `${header}|${body}`;
}

export function decodeRecord(record: string): DecodedRecord {
  const bar = headerEnd(record);
  const vector: Record<string, HlcTimestamp> = {};
  let version: Version | undefined;
  for (const entry of record.slice(0, bar).split(',')) {
    const parsed = parseEntry(entry);
    version ??= parsed;
    vector[parsed.region] = parsed.timestamp;
  }
  assert(version !== undefined, 'a record has a version');
  return { version, vector, body: record.slice(bar + 1) };
}

/** The body alone: what a read answers. */
export function bodyOf(record: string): string {
  return record.slice(headerEnd(record) + 1);
}

export function timestampOf(record: string): HlcTimestamp {
  return record.slice(0, 16);
}

/** Record of a new version of that region over what was there: its vector and the new entry. */
export function succeed(old: string | undefined, version: Version, body: string): string {
  const entry = `${version.timestamp}@${version.region}`;
  if (old === undefined) return `${entry}|${body}`;
  const header = old.slice(0, headerEnd(old));
  // One region only writes to most items: no vector to carry.
  if (header.indexOf(',') < 0 && header.slice(17) === version.region) return `${entry}|${body}`;
  return encodeRecord(version, decodeRecord(old).vector, body);
}

function headerEnd(record: string): number {
  const bar = record.indexOf('|');
  assert(bar >= 18, 'a record starts with its version');
  return bar;
}

function parseEntry(entry: string): Version {
  return { timestamp: entry.slice(0, 16), region: entry.slice(17) };
}
