import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  createHybridLogicalClock,
  isTimestamp,
  timestampAtMs,
  writtenAtMs,
  zeroTimestamp,
} from './hybrid-logical-clock.ts';

function wallClock(startMs: number) {
  const wall = { ms: startMs, wallMs: () => wall.ms, monotonicUs: () => 0 };
  return wall;
}

test('a timestamp holds the wall clock in its first twelve digits', () => {
  const clock = createHybridLogicalClock(wallClock(1_795_516_000_000));
  const first = clock.next();
  assert.equal(writtenAtMs(first), 1_795_516_000_000);
  assert.equal(first.slice(12), '0000');
  assert.equal(clock.next().slice(12), '0001');
  assert.equal(timestampAtMs(1_795_516_000_000), first);
});

test('timestamps grow whatever the wall clock does, over restarts, and past all observed', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('step' as const), ms: fc.integer({ min: -500, max: 500 }) }),
    fc.record({ kind: fc.constant('write' as const) }),
    fc.record({ kind: fc.constant('restart' as const) }),
    fc.record({
      kind: fc.constant('observe' as const),
      ms: fc.integer({ min: -500, max: 2_000 }),
      counter: fc.integer({ min: 0, max: 0xffff }),
    }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const wall = wallClock(1_000_000);
      let clock = createHybridLogicalClock(wall);
      let greatest = zeroTimestamp;
      for (const action of steps) {
        if (action.kind === 'step') wall.ms += action.ms;
        else if (action.kind === 'restart') clock = createHybridLogicalClock(wall, greatest);
        else if (action.kind === 'observe') {
          const counter = action.counter.toString(16).padStart(4, '0');
          const seen = timestampAtMs(wall.ms + action.ms).slice(0, 12) + counter;
          clock.observe(seen);
          if (seen > greatest) greatest = seen;
        } else {
          const stamped = clock.next();
          assert.ok(isTimestamp(stamped));
          assert.ok(stamped > greatest, `${stamped} after ${greatest}`);
          greatest = stamped;
        }
        assert.equal(clock.latest() >= greatest, true);
      }
    }),
  );
});

test('a counter that overflows borrows the next millisecond', () => {
  const wall = wallClock(5_000);
  const clock = createHybridLogicalClock(wall, `${timestampAtMs(5_000).slice(0, 12)}fffe`);
  assert.equal(clock.next(), `${timestampAtMs(5_000).slice(0, 12)}ffff`);
  assert.equal(clock.next(), timestampAtMs(5_001));
  wall.ms = 5_002;
  assert.equal(clock.next(), timestampAtMs(5_002));
});

test('the clock of an idle region that saw nothing newer follows its wall clock', () => {
  const wall = wallClock(5_000);
  const clock = createHybridLogicalClock(wall);
  clock.next();
  wall.ms = 9_000;
  clock.observe(timestampAtMs(8_000));
  assert.equal(clock.next(), timestampAtMs(9_000));
});

test('what is no timestamp is refused', () => {
  for (const text of ['', '12', 'zz00018f00000001', '0000018F00000001', 7, null]) {
    assert.equal(isTimestamp(text), false);
  }
  assert.throws(() => createHybridLogicalClock(wallClock(1), 'nonsense'), RangeError);
  assert.throws(() => createHybridLogicalClock(wallClock(2 ** 48)).next(), RangeError);
});
