/** A short run of what `npm run fuzz -- dns` does at length. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzPackets } from './packets.fake.ts';

const nowMs = (): number => performance.now();

test('60,000 hostile packets are answered or dropped', () => {
  for (const seed of [1, 2]) {
    const { codes, dropped, answered } = fuzzPackets(seed, 30_000, nowMs);
    assert.ok(dropped > 100 && answered > 20_000);
    // The generator reaches every code that there is.
    assert.deepEqual(
      [...codes.keys()].sort((a, b) => a - b),
      [0, 1, 3, 4, 5, 16],
    );
  }
});

test('what a seed gives, it gives again', () => {
  assert.deepEqual(
    { ...fuzzPackets(3, 2000, nowMs), slowestMs: 0 },
    { ...fuzzPackets(3, 2000, nowMs), slowestMs: 0 },
  );
});
