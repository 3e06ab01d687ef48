/** The record sets of a zone by name: read once, and those of neighbours together. */
import type { ReadTransaction } from '../../../io/io.ts';
import { partsOf, rangeOf, reversedName } from '../keys.ts';
import type { RecordSet } from '../record-set.ts';

/** Finding a name's place in the store costs as much as reading some entries that nobody wants. */
const skippedMax = 3;

/** For as long as nothing is written. */
export class ZoneSets {
  private readonly store: ReadTransaction;
  private readonly zoneId: string;
  private readonly known = new Map<string, RecordSet[]>();

  constructor(store: ReadTransaction, zoneId: string) {
    this.store = store;
    this.zoneId = zoneId;
  }

  /** Reads the sets of many names ahead. */
  readAll(names: Iterable<string>): void {
    const wanted = [...new Set(names)]
      .filter((name) => !this.known.has(name))
      .map((name) => ({ name, reversed: reversedName(name) }));
    // Names are ASCII, so characters are in the order of the store's octets.
    wanted.sort((a, b) => (a.reversed < b.reversed ? -1 : 1));
    for (const { name } of wanted) this.known.set(name, []);
    const last = wanted.at(-1);
    if (last === undefined) return;
    const { end } = rangeOf('set', this.zoneId, last.reversed);
    for (let next = 0; next < wanted.length; ) {
      const { start } = rangeOf('set', this.zoneId, wanted[next]?.reversed ?? '');
      next = this.readFrom(start, end, wanted, next);
    }
  }

  /** Reads until too much of it is not wanted, and returns which name is the next to look for. */
  private readFrom(
    start: Uint8Array,
    end: Uint8Array,
    wanted: readonly { readonly name: string; readonly reversed: string }[],
    from: number,
  ): number {
    let next = from;
    let skipped = 0;
    for (const { key, value } of this.store.range({ start, end })) {
      const reversed = partsOf(key)[2] ?? '';
      while (next < wanted.length && (wanted[next]?.reversed ?? '') < reversed) next += 1;
      const at = wanted[next];
      if (at?.reversed === reversed) {
        this.known.get(at.name)?.push(JSON.parse(value) as RecordSet);
        skipped = 0;
      } else {
        skipped += 1;
        if (skipped > skippedMax) return next;
      }
    }
    return wanted.length;
  }

  /** The sets of one name, of all types, in order. */
  at(name: string): readonly RecordSet[] {
    if (!this.known.has(name)) this.readAll([name]);
    return this.known.get(name) ?? [];
  }

  /** The sets of one name and type. */
  group(name: string, type: string): readonly RecordSet[] {
    const sets = this.at(name);
    return sets.every((set) => set.Type === type) ? sets : sets.filter((set) => set.Type === type);
  }
}
