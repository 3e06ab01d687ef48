import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Entry, ReadTransaction } from '../../../io/io.ts';
import { keyOf, reversedName } from '../keys.ts';
import type { RecordSet } from '../record-set.ts';
import { ZoneSets } from './zone-sets.ts';

const key = (zone: string, name: string, type: string, id = ''): Uint8Array =>
  keyOf('set', zone, reversedName(name), type, id);

/** A store that counts how often a place in it is looked for. */
class Sorted implements ReadTransaction {
  readonly entries: readonly Entry[];
  looks = 0;
  constructor(entries: readonly Entry[]) {
    this.entries = [...entries].sort((a, b) => Buffer.compare(a.key, b.key));
  }
  get(): undefined {
    assert.fail();
  }
  view(): undefined {
    assert.fail();
  }
  visit(): void {
    assert.fail();
  }
  range({ start, end }: { start: Uint8Array; end: Uint8Array }): Iterable<Entry> {
    this.looks += 1;
    return this.entries.filter(
      (one) => Buffer.compare(one.key, start) >= 0 && Buffer.compare(one.key, end) < 0,
    );
  }
}

const entry = (zone: string, Name: string, Type: string): Entry => ({
  key: key(zone, Name, Type),
  value: JSON.stringify({ Name, Type } satisfies RecordSet),
});

describe('the sets of a zone', () => {
  const labels = fc.constantFrom('a', 'b', 'ab', 'a-b', '\\052', '_x', 'z9', '0');
  const names = fc
    .array(labels, { maxLength: 3 })
    .map((parts) => [...parts, 'zone', 'test', ''].join('.'));
  const types = fc.constantFrom('A', 'AAAA', 'TXT');
  const stored = fc.uniqueArray(fc.tuple(names, types), { selector: String, maxLength: 60 });

  test('are the same one by one and read ahead', () => {
    fc.assert(
      fc.property(stored, fc.array(names, { maxLength: 20 }), (list, asked) => {
        const all = ['Y', 'Z', 'ZZ'].flatMap((zone) =>
          list.map(([name, type]) => entry(zone, name, type)),
        );
        const sets = new ZoneSets(new Sorted(all), 'Z');
        sets.readAll(asked);
        for (const name of asked) {
          const expected = list.filter(([other]) => other === name).map(([, type]) => type);
          const found = sets.at(name);
          assert.deepEqual(
            found.map(({ Type }) => Type),
            expected.sort(),
          );
          assert.ok(found.every(({ Name }) => Name === name));
          assert.deepEqual(new ZoneSets(new Sorted(all), 'Z').at(name), found);
        }
      }),
    );
  });

  test('of neighbours are found at one look, of scattered names at one each', () => {
    const many = Array.from({ length: 1_000 }, (_, n) => `h${String(n).padStart(4, '0')}.z.test.`);
    const store = new Sorted(many.map((name) => entry('Z', name, 'A')));
    new ZoneSets(store, 'Z').readAll(many.slice(100, 900));
    assert.equal(store.looks, 1);
    store.looks = 0;
    new ZoneSets(store, 'Z').readAll(many.filter((_, n) => n % 100 === 0));
    assert.equal(store.looks, 10);
  });
});
