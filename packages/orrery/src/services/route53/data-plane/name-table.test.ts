import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { NameTable } from './name-table.ts';

const text = (length: number, seed: number): string =>
  String.fromCharCode(...Array.from({ length }, (_, i) => (seed * 31 + i * 7) % 256));

describe('a table of names', () => {
  test('is a map, whatever is put into it and taken away', () => {
    const name = fc.oneof(
      fc.nat(60).map((n) => `\x05name${n}\0`),
      fc.uint8Array({ minLength: 1, maxLength: 255 }).map((bytes) => String.fromCharCode(...bytes)),
    );
    const change = fc.record({
      name,
      length: fc.oneof(
        { weight: 8, arbitrary: fc.nat(40) },
        { weight: 1, arbitrary: fc.integer({ min: 4000, max: 5000 }) },
      ),
      seed: fc.nat(255),
      isDelete: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 400 }), (changes) => {
        const table = new NameTable();
        const model = new Map<string, string>();
        for (const each of changes) {
          if (each.isDelete) {
            table.delete(each.name);
            model.delete(each.name);
          } else {
            table.set(each.name, text(each.length, each.seed));
            model.set(each.name, text(each.length, each.seed));
          }
        }
        assert.equal(table.size, model.size);
        for (const { name: asked } of changes) {
          assert.equal(table.get(asked), model.get(asked));
          assert.equal(table.has(asked), model.has(asked));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('keeps a hundred thousand names through growth, change and shrinking', () => {
    const table = new NameTable();
    const count = 100_000;
    const name = (n: number): string => `\x0bhost-${String(n).padStart(6, '0')}\x04test\0`;
    for (let n = 0; n < count; n++) table.set(name(n), `value ${n}`);
    assert.equal(table.size, count);
    const full = table.octets;
    assert.ok(full < 90 * count, `${full / count} octets per name`);
    // Ten times over, with texts that fit the old place and texts that do not.
    for (let round = 0; round < 10; round++) {
      for (let n = 0; n < count; n++) table.set(name(n), `${'x'.repeat(round * 3)}${n}`);
    }
    for (let n = 0; n < count; n += 97) assert.equal(table.get(name(n)), `${'x'.repeat(27)}${n}`);
    assert.ok(table.octets < 2.5 * full, 'what is overwritten does not pile up');
    for (let n = 0; n < count; n++) if (n % 100 !== 0) table.delete(name(n));
    assert.equal(table.size, count / 100);
    assert.ok(table.octets < full / 2, 'what is deleted gives its room back');
    for (let n = 0; n < count; n += 50) assert.equal(table.has(name(n)), n % 100 === 0);
  });
});
