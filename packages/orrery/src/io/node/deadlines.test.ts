import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { Deadlines } from './deadlines.ts';

describe('deadlines', () => {
  it('fire in order, once, and never when cancelled', async () => {
    const fired: number[] = [];
    const list = new Deadlines(20, () => {});
    const all = [0, 1, 2, 3, 4].map((n) => list.add(() => fired.push(n)));
    // The first, one in the midst and the last: the three places of a list.
    for (const n of [0, 2, 4]) all[n]?.cancel();
    all[2]?.cancel();
    await new Promise((wake) => setTimeout(wake, 60));
    assert.deepEqual(fired, [1, 3]);
    all[1]?.cancel();
  });

  it('wait their whole delay, whatever was there before', async () => {
    const list = new Deadlines(40, () => {});
    const early = list.add(() => assert.fail());
    await new Promise((wake) => setTimeout(wake, 25));
    early.cancel();
    const startMs = performance.now();
    await new Promise<void>((resolve) => list.add(resolve));
    assert.ok(performance.now() - startMs >= 38);
  });

  it('may be set and cancelled by one that fires', async () => {
    const fired: string[] = [];
    const list = new Deadlines(10, () => {});
    await new Promise<void>((resolve) => {
      list.add(() => {
        fired.push('first');
        second.cancel();
        list.add(() => {
          fired.push('third');
          resolve();
        });
      });
      const second = list.add(() => fired.push('second'));
    });
    assert.deepEqual(fired, ['first', 'third']);
  });

  it('use one timer of the system, and say when they are over', () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      let empty = 0;
      const list = new Deadlines(1_000, () => {
        empty += 1;
      });
      for (let n = 0; n < 1_000; n += 1) list.add(() => assert.fail()).cancel();
      mock.timers.tick(1_000);
      assert.equal(empty, 1);
    } finally {
      mock.timers.reset();
    }
  });

  it('end with close', async () => {
    const list = new Deadlines(5, () => {});
    const one = list.add(() => assert.fail());
    list.close();
    one.cancel();
    await new Promise((wake) => setTimeout(wake, 20));
  });
});
