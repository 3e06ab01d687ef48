import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  explainNotLinearizable,
  type RegisterRead,
  type RegisterWrite,
} from './linearizability.ts';

const never = Number.POSITIVE_INFINITY;
const write = (value: string, invokedUs: number, completedUs: number): RegisterWrite => ({
  value,
  invokedUs,
  completedUs,
});
const read = (value: string | null, invokedUs: number, completedUs: number): RegisterRead => ({
  value,
  invokedUs,
  completedUs,
});

/** The definition itself, by trying every order: for histories of a few operations. */
function linearizable(writes: readonly RegisterWrite[], reads: readonly RegisterRead[]): boolean {
  type Step = { value: string | null; from: number; to: number; writes: boolean };
  const steps: Step[] = [
    ...writes.map((w) => ({ value: w.value, from: w.invokedUs, to: w.completedUs, writes: true })),
    ...reads.map((r) => ({ value: r.value, from: r.invokedUs, to: r.completedUs, writes: false })),
  ];
  const search = (left: readonly Step[], held: string | null): boolean => {
    if (left.every((step) => step.to === never)) return true;
    const firstEnd = Math.min(...left.map((step) => step.to));
    return left.some((step) => {
      if (step.from > firstEnd || (!step.writes && step.value !== held)) return false;
      return search(
        left.filter((other) => other !== step),
        step.writes ? step.value : held,
      );
    });
  };
  return search(steps, null);
}

describe('linearizability of unique values', () => {
  it('accepts and refuses textbook histories', () => {
    const fine = explainNotLinearizable;
    assert.equal(fine([], []), undefined);
    assert.equal(fine([write('a', 0, 10)], [read(null, 5, 6), read('a', 7, 8)]), undefined);
    assert.match(fine([write('a', 0, 10)], [read('a', 5, 6), read(null, 7, 8)]) ?? '', /nothing/);
    assert.match(fine([write('a', 0, 1)], [read(null, 2, 3)]) ?? '', /nothing|a/);
    assert.match(fine([], [read('x', 0, 1)]) ?? '', /nobody wrote/);
    assert.match(fine([write('a', 5, 6)], [read('a', 0, 1)]) ?? '', /before it is written/);
    const stale = [write('a', 0, 1), write('b', 2, 3)];
    assert.match(fine(stale, [read('a', 4, 5)]) ?? '', /b/);
    assert.equal(fine([write('a', 0, never), write('b', 2, 3)], [read('a', 4, 5)]), undefined);
    assert.equal(fine([write('a', 0, never)], [read(null, 100, 101)]), undefined);
  });

  it('agrees with the definition', () => {
    const interval = fc.tuple(fc.nat(30), fc.integer({ min: 1, max: 12 }));
    const writesOf = fc
      .array(fc.tuple(interval, fc.boolean()), { maxLength: 4 })
      .map((list) =>
        list.map(([[from, length], unknown], index) =>
          write(`v${index}`, 2 * from, unknown ? never : 2 * (from + length)),
        ),
      );
    const readsOf = fc
      .array(fc.tuple(fc.integer({ min: -1, max: 3 }), interval), { maxLength: 4 })
      .map((list) =>
        list.map(([index, [from, length]]) =>
          read(index < 0 ? null : `v${index}`, 2 * from + 1, 2 * (from + length) + 1),
        ),
      );
    let refused = 0;
    fc.assert(
      fc.property(writesOf, readsOf, (writes, reads) => {
        const verdict = explainNotLinearizable(writes, reads) === undefined;
        if (!verdict) refused += 1;
        assert.equal(verdict, linearizable(writes, reads));
      }),
      { numRuns: 3_000 },
    );
    assert.ok(refused > 300 && refused < 2_900, `${refused} of 3000 refused`);
  });

  it('checks a hundred thousand operations in a moment', () => {
    const writes: RegisterWrite[] = [];
    const reads: RegisterRead[] = [];
    for (let index = 0; index < 50_000; index += 1) {
      writes.push(write(`v${index}`, 10 * index, index % 100 === 0 ? never : 10 * index + 12));
      reads.push(read(`v${index}`, 10 * index + 8, 10 * index + 13));
    }
    assert.equal(explainNotLinearizable(writes, reads), undefined);
    assert.notEqual(
      explainNotLinearizable(writes, [...reads, read('v100', 490_000, 490_001)]),
      undefined,
    );
  });
});
