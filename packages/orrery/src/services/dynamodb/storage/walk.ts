/**
 * Owns: going over a range of the store in turns, and writing meanwhile.
 *
 *  A1  A range is not written to while it is read: entries are read some at a time, then visited.
 *  A2  Every turn gets on, if only by one entry: a walk ends.
 */
import type { ReadTransaction, WriteTransaction } from '../../../io/io.ts';
import type { Turn } from '../turns.ts';
import { type KeyRange, nextKey } from './key-encoding.ts';

const entriesAtOnce = 64;
const charactersAtOnce = 1 << 20;

interface Read {
  readonly key: Buffer;
  readonly value: string;
}

/**
 * Visits the entries of the range in order until the turn is over. Returns where the next turn
 * goes on; undefined where nothing is left. The turn knows how long reading takes: where a visit is
 * much more work, few entries at once keep it from being late.
 */
export function walk(
  transaction: ReadTransaction,
  { start, end }: KeyRange,
  turn: Turn,
  visit: (key: Buffer, value: string) => void,
  atOnce = entriesAtOnce,
): Buffer | undefined {
  let from = start;
  for (;;) {
    const { entries, over, more } = readSome(transaction, { start: from, end }, turn, atOnce);
    for (const { key, value } of entries) visit(key, value);
    const last = entries.at(-1);
    if (last === undefined || !more) return undefined;
    const next = nextKey(last.key);
    if (over) return next;
    from = next;
  }
}

function readSome(
  transaction: ReadTransaction,
  range: KeyRange,
  turn: Turn,
  limit: number,
): { readonly entries: readonly Read[]; readonly over: boolean; readonly more: boolean } {
  const entries: Read[] = [];
  let characters = 0;
  for (const { key, value } of transaction.range({ ...range, limit })) {
    entries.push({ key: Buffer.from(key), value });
    characters += value.length;
    const over = turn.over(value.length);
    if (over || characters >= charactersAtOnce) return { entries, over, more: true };
  }
  return { entries, over: false, more: entries.length === limit };
}

/** Deletes entries of these ranges until the turn is over; false once nothing is left. */
export function clear(
  transaction: WriteTransaction,
  ranges: readonly KeyRange[],
  turn: Turn,
): boolean {
  for (const range of ranges) {
    const next = walk(transaction, range, turn, (key) => transaction.delete(key));
    if (next !== undefined) return true;
  }
  return false;
}
