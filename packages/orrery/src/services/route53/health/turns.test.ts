import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Timer } from '../../../io/io.ts';
import { newPlace, type Place, Turns } from './turns.ts';

class Member {
  readonly place: Place<Member> = newPlace();
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** Ten seconds' turns on a clock that goes when it is told to; each event is `name@ms`. */
function setUp(comesBack = false) {
  let nowMs = 0;
  const armed = new Map<Timer, { readonly atMs: number; readonly run: () => void }>();
  const taken: string[] = [];
  const io = {
    clock: { wallMs: () => nowMs, monotonicUs: () => nowMs * 1_000 },
    timers: {
      after: (delayMs: number, _label: string, run: () => void): Timer => {
        const timer = { cancel: () => void armed.delete(timer) };
        armed.set(timer, { atMs: nowMs + delayMs, run });
        return timer;
      },
      every: () => assert.fail(),
      sleep: () => assert.fail(),
    },
  };
  const turns: Turns<Member> = new Turns(io, 10_000, 'turns', (one) => {
    taken.push(`${one.name}@${nowMs}`);
    if (comesBack) turns.wait(one);
  });
  const goTo = (ms: number): void => {
    for (;;) {
      const next = [...armed].sort(([, a], [, b]) => a.atMs - b.atMs)[0];
      if (next === undefined || next[1].atMs > ms) break;
      armed.delete(next[0]);
      nowMs = next[1].atMs;
      next[1].run();
    }
    nowMs = ms;
  };
  return { turns, taken, goTo, armed };
}

describe('turns', () => {
  test('come after the wait, together where they are due almost together', () => {
    const { turns, taken, goTo, armed } = setUp();
    for (const [name, ms] of [
      ['a', 0],
      ['b', 3],
      ['c', 10],
      ['d', 20],
      ['e', 500],
    ] as const) {
      goTo(ms);
      turns.wait(new Member(name));
      assert.equal(armed.size, 1);
    }
    goTo(10_019);
    assert.deepEqual(taken, []);
    goTo(20_000);
    assert.deepEqual(taken, ['a@10020', 'b@10020', 'c@10020', 'd@10020', 'e@10520']);
    assert.equal(armed.size, 0, 'nobody waits, no timer');
  });

  test('go on as long as members come back', () => {
    const { turns, taken, goTo } = setUp(true);
    turns.wait(new Member('a'));
    goTo(35_000);
    assert.deepEqual(taken, ['a@10020', 'a@20040', 'a@30060']);
  });

  test('are nobody’s who has left, from any place of the queue', () => {
    for (const leaving of [0, 1, 2]) {
      const { turns, taken, goTo, armed } = setUp();
      const members = ['a', 'b', 'c'].map((name) => new Member(name));
      for (const one of members) turns.wait(one);
      members[leaving]?.place.queue?.leave(members[leaving] ?? new Member(''));
      goTo(10_020);
      const left = members.filter((_, n) => n !== leaving);
      assert.deepEqual(
        taken,
        left.map(({ name }) => `${name}@10020`),
      );
      assert.equal(armed.size, 0);
    }
  });
});
