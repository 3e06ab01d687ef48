import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createRecorder } from './recorder.ts';

it('keeps the newest events, oldest first', () => {
  let now = 0;
  const recorder = createRecorder({ wallMs: () => now, monotonicUs: () => 0 }, 3);
  for (now = 1; now <= 5; now += 1) recorder.record('tick', { now });
  const sequences = (after: number, limit: number): number[] =>
    recorder.after(after, limit).map((event) => event.sequence);
  assert.deepEqual(sequences(0, 10), [3, 4, 5]);
  assert.deepEqual(sequences(0, 2), [4, 5]);
  assert.deepEqual(sequences(4, 10), [5]);
  assert.deepEqual(sequences(5, 10), []);
  assert.deepEqual(recorder.after(4, 1)[0], {
    sequence: 5,
    atMs: 5,
    kind: 'tick',
    data: { now: 5 },
  });
});
