/**
 * Owns: going over a range of the store in turns, and writing meanwhile.
 *
 *  A1  A range is not written to while it is read: entries are read some at a time, then visited.
 *  A2  Every turn gets on, if only by one entry: a walk ends.
 *  A3  A turn that is over ends with the entry that is being visited; what was read beyond is read
 *      again in the next, as it is then.
 */
import type { ReadTransaction, WriteTransaction } from '../../../io/io.ts';
import type { Turn } from '../turns.ts';
import { type KeyRange, nextKey } from './key-encoding.ts';

/** Few: what is read beyond the end of a turn is read in vain. */
const entriesAtOnce = 8;
const charactersAtOnce = 1 << 20;

interface Read {
  readonly key: Buffer;
  readonly value: string;
}

/**
 * Visits the entries of the range in order until the turn is over. Returns where the next turn
 * goes on; undefined where nothing is left.
 */
export function walk(
  transaction: ReadTransaction,
  { start, end }: KeyRange,
  turn: Turn,
  visit: (key: Buffer, value: string) => void,
): Buffer | undefined {
  let from = start;
  for (;;) {
    const { entries, more } = readSome(transaction, { start: from, end }, turn);
    for (const { key, value } of entries) {
      visit(key, value);
      if (turn.over(value.length)) return nextKey(key);
    }
    const last = entries.at(-1);
    if (last === undefined || !more) return undefined;
    from = nextKey(last.key);
  }
}

function readSome(
  transaction: ReadTransaction,
  range: KeyRange,
  turn: Turn,
): { readonly entries: readonly Read[]; readonly more: boolean } {
  const entries: Read[] = [];
  let characters = 0;
  for (const { key, value } of transaction.range({ ...range, limit: entriesAtOnce })) {
    entries.push({ key: Buffer.from(key), value });
    characters += value.length;
    const isLate = turn.late(value.length);
    if (isLate || characters >= charactersAtOnce) return { entries, more: true };
  }
  return { entries, more: entries.length === entriesAtOnce };
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
