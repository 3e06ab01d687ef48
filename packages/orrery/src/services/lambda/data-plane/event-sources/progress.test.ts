import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { Progress } from './progress.ts';

it('stands behind the first record that is not finished, whatever the order', () => {
  const plans = fc.record({
    filtered: fc.array(fc.boolean(), { minLength: 1, maxLength: 1_500 }),
    seed: fc.nat(),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(plans, ({ filtered, seed, share }) => {
      const progress = new Progress('start');
      const done = filtered.map((isFinished) => isFinished);
      filtered.forEach((isFinished, i) => {
        progress.add(String(i), isFinished);
      });
      const order = filtered.map((_, i) => i).sort((a, b) => mixed(a, seed) - mixed(b, seed));
      for (const i of order.slice(0, Math.floor(order.length * share))) {
        progress.finish(String(i));
        done[i] = true;
      }
      const first = done.indexOf(false);
      const behind = first === -1 ? done.length : first;
      assert.equal(progress.mark, behind === 0 ? 'start' : String(behind - 1));
      assert.equal(progress.size, done.length - behind);
    }),
    { numRuns: 200 },
  );
});

function mixed(i: number, seed: number): number {
  return Math.imul(i + 1, seed | 1) >>> 0;
}

it('takes a record that is finished twice once', () => {
  const progress = new Progress('');
  progress.add('1', false);
  progress.add('2', false);
  progress.finish('1');
  progress.finish('1');
  assert.deepEqual([progress.mark, progress.size], ['1', 1]);
});
