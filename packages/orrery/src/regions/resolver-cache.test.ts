import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type CachePolicy, type Known, type Reply, ResolverCache } from './resolver-cache.ts';

const s = 1e6;
const policy = (more: Partial<CachePolicy> = {}): CachePolicy => ({
  serveStaleUs: 0,
  recheckUs: 30 * s,
  failureUs: s,
  maxEntries: 100,
  ...more,
});
const found = (address: string, ttlSeconds: number): Reply => ({
  kind: 'addresses',
  addresses: [address],
  ttlSeconds,
});
const denied = (ttlSeconds: number, reason = 'NXDOMAIN'): Reply => ({
  kind: 'none',
  reason,
  ttlSeconds,
});
const silence: Reply = { kind: 'failed', reason: 'no answer', silent: true };
const broken: Reply = { kind: 'failed', reason: 'SERVFAIL', silent: false };

/** `how value`, or `ask`. */
function said(known: Known | undefined): string {
  if (known === undefined) return 'ask';
  const { answer, how } = known;
  return `${how} ${answer.kind === 'none' ? answer.reason : answer.addresses.join(' ')}`;
}

describe('a cache', () => {
  it('uses an answer for its TTL, to the microsecond', () => {
    const cache = new ResolverCache(policy());
    assert.equal(said(cache.find('a', 0)), 'ask');
    assert.equal(said(cache.learn('a', found('1', 10), 0)), 'fresh 1');
    assert.equal(said(cache.find('a', 10 * s - 1)), 'cached 1');
    assert.equal(said(cache.find('a', 10 * s)), 'ask');
    assert.equal(said(cache.learn('b', found('1', 0), 0)), 'fresh 1');
    assert.equal(said(cache.find('b', 0)), 'ask', 'TTL 0 is not cached');
  });

  it('keeps denials too, and bounds what a TTL may say', () => {
    const cache = new ResolverCache(policy());
    assert.equal(said(cache.learn('a', denied(900), 0)), 'fresh NXDOMAIN');
    assert.equal(said(cache.find('a', 899 * s)), 'cached NXDOMAIN');
    assert.equal(said(cache.find('a', 900 * s)), 'ask');
    cache.learn('a', denied(86_400, 'NODATA'), 0);
    assert.equal(said(cache.find('a', 10_799 * s)), 'cached NODATA');
    assert.equal(said(cache.find('a', 10_800 * s)), 'ask', 'three hours at most');
    cache.learn('a', found('1', 2 ** 31 - 1), 0);
    assert.equal(said(cache.find('a', 604_799 * s)), 'cached 1');
    assert.equal(said(cache.find('a', 604_800 * s)), 'ask', 'a week at most');
  });

  it('remembers a failure for its pause', () => {
    const cache = new ResolverCache(policy());
    const first = cache.learn('a', silence, 0);
    assert.deepEqual([said(first), first.waited], ['fresh no answer', true]);
    assert.equal(said(cache.find('a', s - 1)), 'cached no answer');
    assert.equal(said(cache.find('a', s)), 'ask');
    assert.equal(said(cache.learn('a', found('1', 10), s)), 'fresh 1');
    assert.equal(said(cache.find('a', s)), 'cached 1');
  });

  it('without serve-stale gives nothing once a TTL is over and nobody answers', () => {
    const cache = new ResolverCache(policy());
    cache.learn('a', found('1', 10), 0);
    assert.equal(said(cache.learn('a', broken, 11 * s)), 'fresh SERVFAIL');
  });

  it('with serve-stale bridges failures, asks again after the pause, and ends in time', () => {
    const cache = new ResolverCache(policy({ serveStaleUs: 100 * s }));
    cache.learn('a', found('1', 10), 0);
    const first = cache.learn('a', silence, 12 * s);
    assert.deepEqual([said(first), first.waited], ['stale 1', true]);
    const second = cache.find('a', 41 * s);
    assert.deepEqual([said(second), second?.waited], ['stale 1', false], 'nobody waits twice');
    assert.equal(said(cache.find('a', 42 * s)), 'ask');
    assert.equal(said(cache.learn('a', broken, 109 * s)), 'stale 1');
    assert.equal(said(cache.find('a', 110 * s)), 'ask', '100 s after the TTL');
    assert.equal(said(cache.learn('a', silence, 110 * s)), 'fresh no answer');
    assert.equal(said(cache.learn('a', found('2', 10), 120 * s)), 'fresh 2');
  });

  it('takes a denial for what it is: never stale data instead', () => {
    const cache = new ResolverCache(policy({ serveStaleUs: 1000 * s }));
    cache.learn('a', found('1', 10), 0);
    assert.equal(said(cache.learn('a', denied(5), 20 * s)), 'fresh NXDOMAIN');
    assert.equal(said(cache.learn('a', silence, 30 * s)), 'stale NXDOMAIN');
  });

  it('holds an answer as long as a client says that ignores TTLs', () => {
    const cache = new ResolverCache(policy({ holdUs: () => Number.POSITIVE_INFINITY }));
    cache.learn('a', found('1', 10), 0);
    assert.equal(said(cache.find('a', 1e15)), 'cached 1');
    assert.deepEqual(
      [...cache.list(20)].map(([key, , leftUs]) => [key, leftUs]),
      [['a', Number.POSITIVE_INFINITY]],
    );
  });

  it('forgets what it learnt longest ago', () => {
    const cache = new ResolverCache(policy({ maxEntries: 2 }));
    cache.learn('a', found('1', 10), 0);
    cache.learn('b', found('1', 10), 1);
    cache.learn('a', found('2', 10), 2);
    cache.learn('c', found('1', 10), 3);
    assert.deepEqual(
      ['a', 'b', 'c'].map((key) => said(cache.find(key, 4))),
      ['cached 2', 'ask', 'cached 1'],
    );
    for (let n = 0; n < 10; n += 1) cache.learn(`x${n}`, silence, 5);
    assert.equal(said(cache.find('x7', 6)), 'ask');
    assert.equal(said(cache.find('x9', 6)), 'cached no answer');
    cache.clear();
    assert.equal(said(cache.find('c', 4)), 'ask');
  });
});

describe('whatever happens, a cache', () => {
  const replies = fc.oneof(
    fc.record({ kind: fc.constant('addresses' as const), ttl: fc.integer({ min: 0, max: 40 }) }),
    fc.record({ kind: fc.constant('none' as const), ttl: fc.integer({ min: 0, max: 40 }) }),
    fc.constant({ kind: 'failed' as const, ttl: 0 }),
  );
  const steps = fc.array(fc.tuple(fc.integer({ min: 1, max: 30 * s }), replies), {
    minLength: 1,
    maxLength: 80,
  });

  it('never serves what has run out but after a failure, within the policy', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 0, max: 60 }), (list, serveStale) => {
        const cache = new ResolverCache(policy({ serveStaleUs: serveStale * s, recheckUs: 7 * s }));
        let nowUs = 0;
        let serial = 0;
        /** What the name servers said last, and when asking last failed. */
        let truth: { said: string; atUs: number; ttlUs: number } | undefined;
        let failedAtUs = Number.NEGATIVE_INFINITY;
        for (const [pauseUs, { kind, ttl }] of list) {
          nowUs += pauseUs;
          let known = cache.find('a', nowUs);
          const wasAsked = known === undefined;
          const isValid = truth !== undefined && nowUs < truth.atUs + truth.ttlUs;
          if (isValid) assert.ok(!wasAsked, 'nobody asks while an answer is valid');
          if (known === undefined) {
            serial += 1;
            const value = `v${serial}`;
            const reply: Reply =
              kind === 'failed' ? broken : kind === 'none' ? denied(ttl, value) : found(value, ttl);
            known = cache.learn('a', reply, nowUs);
            if (kind === 'failed') failedAtUs = nowUs;
            else truth = { said: value, atUs: nowUs, ttlUs: ttl * s };
          }
          const value = said(known).split(' ')[1];
          if (value === 'SERVFAIL') {
            assert.ok(nowUs - failedAtUs < s, 'a failure is remembered for a second');
            const isOver = truth === undefined || nowUs >= truth.atUs + truth.ttlUs;
            assert.ok(isOver, 'a failure never hides a valid answer');
            continue;
          }
          assert.equal(value, truth?.said, 'the last thing that was said');
          const overUs = nowUs - (truth?.atUs ?? 0) - (truth?.ttlUs ?? 0);
          if (known.how === 'cached') assert.ok(overUs < 0);
          if (known.how === 'fresh') assert.ok(wasAsked && kind !== 'failed');
          if (known.how !== 'stale') continue;
          assert.ok(overUs < serveStale * s, 'not longer than the policy allows');
          assert.ok(nowUs - failedAtUs < 7 * s, 'a failure not longer ago than the pause');
        }
      }),
      { numRuns: 500 },
    );
  });

  it('asks at most once in a TTL, and once in a pause', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5 * s }), { maxLength: 100 }), (pauses) => {
        const cache = new ResolverCache(policy({ serveStaleUs: 1e15 }));
        const asked: number[] = [];
        let nowUs = 0;
        for (const pauseUs of [0, ...pauses]) {
          nowUs += pauseUs;
          if (cache.find('a', nowUs) !== undefined) continue;
          asked.push(nowUs);
          cache.learn('a', asked.length % 2 === 1 ? found('1', 10) : silence, nowUs);
        }
        asked.forEach((atUs, index) => {
          const before = asked[index - 1];
          if (before === undefined) return;
          assert.ok(atUs - before >= (index % 2 === 1 ? 10 * s : 30 * s));
        });
      }),
    );
  });
});
