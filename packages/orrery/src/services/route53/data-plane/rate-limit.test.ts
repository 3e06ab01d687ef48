import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseMessage, queryMessage, serializeMessage } from '../../../wire/dns/message.ts';
import { ResponseRateLimiter } from './rate-limit.ts';
import { serverWith } from './zones.fake.ts';

const server = serverWith(1);

/** The answer of the test zones to a question, by name and type. */
function answerTo(name: string, type = 1, id = 1): Uint8Array {
  const packet = serializeMessage(queryMessage({ id, name, type }));
  const answer = server.answer(packet, { ip: '192.0.2.1', tcp: false });
  assert.ok(answer);
  return answer;
}

class Clock {
  nowMs = 0;
}

const limiterWith = (perSecond: number, clock = new Clock(), includesLoopback = false) =>
  new ResponseRateLimiter({ perSecond, includesLoopback, nowMs: () => clock.nowMs, seed: 7 });

/** What became of so many answers: whole, truncated, none. */
function fates(
  limiter: ResponseRateLimiter,
  count: number,
  answer: (n: number) => Uint8Array,
  ip: (n: number) => string = () => '192.0.2.1',
): { whole: number; truncated: number; none: number } {
  const seen = { whole: 0, truncated: 0, none: 0 };
  for (let n = 0; n < count; n++) {
    const given = answer(n);
    const out = limiter.limit(given, ip(n));
    if (out === undefined) seen.none++;
    else if (out === given) seen.whole++;
    else {
      assert.ok(parseMessage(out).truncated);
      seen.truncated++;
    }
  }
  return seen;
}

const www = answerTo('www.example.test');

describe('answers to one network', () => {
  test('are so many a second, after a burst; of the rest one in two says TCP', () => {
    const clock = new Clock();
    const limiter = limiterWith(10, clock);
    assert.deepEqual(
      fates(limiter, 100, () => www),
      { whole: 20, truncated: 40, none: 40 },
    );
    clock.nowMs += 1000;
    assert.equal(fates(limiter, 100, () => www).whole, 10);
    clock.nowMs += 100;
    assert.equal(fates(limiter, 100, () => www).whole, 1);
    clock.nowMs += 3_600_000;
    assert.equal(fates(limiter, 100, () => www).whole, 20, 'no more than a burst after an hour');
  });

  test('at a steady pace below the limit are never limited', () => {
    const clock = new Clock();
    const limiter = limiterWith(10, clock);
    for (let n = 0; n < 5000; n++) {
      clock.nowMs += 100;
      assert.equal(limiter.limit(www, '192.0.2.1'), www);
    }
  });

  test('count together by /24 and /56, and no wider', () => {
    for (const [inside, outside] of [
      [(n: number) => `192.0.2.${n % 256}`, (n: number) => `192.0.${n % 200}.1`],
      [(n: number) => `::ffff:192.0.2.${n % 256}`, (n: number) => `::ffff:10.${n % 200}.3.1`],
      [
        (n: number) => `2001:db8:0:${(n % 256).toString(16)}::${n}`,
        (n: number) => `2001:db8:0:${(n % 200).toString(16)}00::1`,
      ],
    ] as const) {
      assert.equal(fates(limiterWith(10), 200, () => www, inside).whole, 20);
      assert.equal(fates(limiterWith(10), 200, () => www, outside).whole, 200);
    }
  });

  test('count by name and type, whatever the case and the id; others are not touched', () => {
    const limiter = limiterWith(10);
    const spellings = ['www.example.test', 'WWW.example.test', 'wWw.ExAmPlE.tEsT'];
    const spelt = (n: number) => answerTo(spellings[n % 3] ?? '', 1, n);
    assert.equal(fates(limiter, 60, spelt).whole, 20);
    assert.equal(limiter.limit(answerTo('zero.example.test'), '192.0.2.1')?.length, 45 + 6);
    const txt = answerTo('txt.example.test', 16);
    assert.equal(limiter.limit(txt, '192.0.2.1'), txt);
    assert.equal(fates(limiter, 60, spelt, () => '198.51.100.1').whole, 20);
  });

  test('that names do not exist, are refused or empty count by their code alone', () => {
    const random = (zone: string) => (n: number) => answerTo(`x${n}.${zone}`);
    assert.equal(fates(limiterWith(10), 100, random('example.test')).whole, 20);
    assert.equal(fates(limiterWith(10), 100, random('elsewhere.test')).whole, 20);
    const empty = (n: number) => answerTo('www.example.test', 100 + n);
    assert.equal(fates(limiterWith(10), 100, empty).whole, 20);
    const malformed = Buffer.from('000128810000000000000000', 'hex');
    assert.equal(fates(limiterWith(10), 100, () => malformed).whole, 20);
  });

  test('below a wildcard are held by the limit of all answers', () => {
    const wild = (n: number) => answerTo(`x${n}.wild.example.test`);
    assert.equal(fates(limiterWith(10), 1000, wild).whole, 100);
  });
});

describe('the limit', () => {
  test('truncated answers are no longer than their question', () => {
    const limiter = limiterWith(1);
    const big = answerTo('some.wild.example.test', 16);
    let seen = 0;
    for (let n = 0; n < 20; n++) {
      const out = limiter.limit(big, '192.0.2.1');
      if (out === undefined || out === big) continue;
      seen++;
      const { questions, answers, authorities, id, truncated } = parseMessage(out);
      assert.equal(questions[0]?.name, 'some.wild.example.test.');
      assert.deepEqual([answers, authorities, id, truncated], [[], [], 1, true]);
      assert.equal(out.length, 12 + 24 + 4);
    }
    assert.ok(seen > 5);
  });

  test('is off at 0, and for this machine unless it is set', () => {
    assert.equal(fates(limiterWith(0), 1000, () => www).whole, 1000);
    for (const ip of ['127.0.0.1', '127.0.30.1', '::1', '::ffff:127.0.0.1']) {
      assert.equal(
        fates(
          limiterWith(10),
          1000,
          () => www,
          () => ip,
        ).whole,
        1000,
        ip,
      );
      const set = limiterWith(10, new Clock(), true);
      assert.equal(
        fates(
          set,
          1000,
          () => www,
          () => ip,
        ).whole,
        20,
        ip,
      );
    }
  });

  test('is not forgotten when ten thousands of other networks are heard of', () => {
    const limiter = limiterWith(10);
    assert.equal(fates(limiter, 100, () => www).whole, 20);
    const others = (n: number) => `10.${n >> 8}.${n & 255}.1`;
    assert.equal(fates(limiter, 20_000, () => www, others).whole, 20_000);
    assert.ok(fates(limiter, 100, () => www).whole <= 2, 'the bucket in debt is kept');
  });
});
