import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { createProbe } from './probe.ts';
import { createTimers } from './timers.ts';

describe('timers', () => {
  it('report a callback that throws, and go on', async () => {
    const broken: string[] = [];
    const timers = createTimers(
      createProbe('test', { event: () => {}, broken: (what) => broken.push(what) }),
    );
    let ticks = 0;
    const timer = timers.every(1, 'tick', () => {
      ticks += 1;
      if (ticks === 2) throw new RangeError('second');
    });
    await timers.sleep(40, 'test');
    timer.cancel();
    assert.ok(ticks > 2);
    assert.equal(broken.length, 1);
    assert.match(broken[0] ?? '', /timer tick threw: RangeError: second/);
    timers.close();
  });

  it('take delays longer than the system does', () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      const timers = createTimers(createProbe('test', undefined));
      const days = 86_400_000;
      let fired = 0;
      timers.after(60 * days, 'far', () => {
        fired += 1;
      });
      const cancelled = timers.after(60 * days, 'cancelled', () => assert.fail());
      // A step ends with the tick it falls into, so allow one hour per step.
      for (let hour = 0; hour < 60 * 24; hour++) {
        assert.equal(fired, 0, `in hour ${hour}`);
        if (hour === 1_000) cancelled.cancel();
        mock.timers.tick(days / 24);
      }
      mock.timers.tick((3 * days) / 24);
      assert.equal(fired, 1);
    } finally {
      mock.timers.reset();
    }
  });
});
