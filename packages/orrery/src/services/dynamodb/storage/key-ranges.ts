/**
 * Owns: which keys of the store hold the items that a key condition or a Scan segment asks for.
 *
 * M1  A range holds exactly the entries for which the test is true, in order of the sort key.
 */
import type { AttributeValue } from '../values/attribute-value.ts';
import { terminated, terminatedWithPrefix } from './index-entries.ts';
import { after, encodeSortKey, indexPrefix, itemKeyOf, type KeyRange } from './key-encoding.ts';

export interface SortTest {
  readonly operator: '=' | '<' | '<=' | '>' | '>=' | 'BETWEEN' | 'begins_with';
  readonly values: readonly AttributeValue[];
}

/** Items of one partition key whose sort key passes the test; all of them without one. */
export function itemRange(tableId: number, hash: Uint8Array, test: SortTest | undefined): KeyRange {
  const prefix = itemKeyOf(tableId, hash, new Uint8Array(0));
  return rangeUnder(prefix, test, {
    // The bytes of one sort key may begin those of another: the next key is one zero byte longer.
    from: (bytes) => bytes,
    behind: (bytes) => Buffer.concat([bytes, Uint8Array.of(0)]),
    prefixed: (bytes) => ({
      start: Buffer.concat([prefix, bytes]),
      end: after(Buffer.concat([prefix, bytes])),
    }),
  });
}

/**
 * Entries of one partition key of an index likewise. There is a test for each of the sort key's
 * attributes from the first on; all but the last are equalities.
 */
export function indexRange(
  tableId: number,
  indexId: number,
  hash: Uint8Array,
  tests: readonly SortTest[],
): KeyRange {
  const equal = tests.slice(0, -1).flatMap(({ values }) => values.slice(0, 1));
  const prefix = Buffer.concat([
    indexPrefix(tableId, indexId, hash),
    ...equal.map((value) => terminated(encodeSortKey(value))),
  ]);
  return rangeUnder(prefix, tests.at(-1), {
    from: terminated,
    behind: (bytes) => after(terminated(bytes)),
    prefixed: (bytes) => {
      const { start, end } = terminatedWithPrefix(bytes);
      return { start: Buffer.concat([prefix, start]), end: Buffer.concat([prefix, end]) };
    },
  });
}

interface Bounds {
  /** Least bytes of an entry with that sort key. */
  readonly from: (sortKey: Uint8Array) => Uint8Array;
  /** Least bytes greater than those of every entry with that sort key. */
  readonly behind: (sortKey: Uint8Array) => Uint8Array;
  readonly prefixed: (sortKey: Uint8Array) => KeyRange;
}

function rangeUnder(prefix: Buffer, test: SortTest | undefined, bounds: Bounds): KeyRange {
  const all = { start: prefix, end: after(prefix) };
  const [first, second] = (test?.values ?? []).map(encodeSortKey);
  if (test === undefined || first === undefined) return all;
  const under = (bytes: Uint8Array): Buffer => Buffer.concat([prefix, bytes]);
  const from = under(bounds.from(first));
  const behind = under(bounds.behind(first));
  switch (test.operator) {
    case '=':
      return { start: from, end: behind };
    case '<':
      return { start: prefix, end: from };
    case '<=':
      return { start: prefix, end: behind };
    case '>':
      return { start: behind, end: all.end };
    case '>=':
      return { start: from, end: all.end };
    case 'BETWEEN':
      return { start: from, end: under(bounds.behind(second ?? first)) };
    case 'begins_with':
      return first.length === 0 ? all : bounds.prefixed(first);
  }
}

/** The segment of a table's or index's hashes: equal parts, in order, without gaps. */
export function segmentRange(prefix: KeyRange, segment: number, total: number): KeyRange {
  const bound = (part: number): Buffer => {
    // 48 bits of the hash are far more than segments can be.
    const value = Math.floor((2 ** 48 / total) * part);
    const bytes = Buffer.alloc(6);
    bytes.writeUIntBE(value, 0, 6);
    return Buffer.concat([prefix.start, bytes]);
  };
  return {
    start: segment === 0 ? prefix.start : bound(segment),
    end: segment === total - 1 ? prefix.end : bound(segment + 1),
  };
}

/** All entries of an index. */
export function wholeIndex(tableId: number, indexId: number): KeyRange {
  const start = indexPrefix(tableId, indexId, new Uint8Array(0));
  return { start, end: after(start) };
}
