import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ProbeData } from '../io/io.ts';
import type { TraceEvent } from './recorder.ts';
import { isTimelineEvent, timelineOf } from './timeline.ts';

function traceOf(...list: readonly (readonly [atMs: number, kind: string, data: ProbeData])[]) {
  return list.map(([atMs, kind, data], at): TraceEvent => ({ sequence: at + 1, atMs, kind, data }));
}

const outage = { id: 'fault-1', action: 'region-outage', targets: 'ap-northeast-1' };
const target = 'https://abc.execute-api.ap-northeast-1.amazonaws.com:443/health';
const check = { id: 'check-1', target };
const vote = (healthy: boolean, healthyVotes: number): ProbeData => ({
  ...check,
  region: 'sa-east-1',
  healthy,
  healthyVotes,
  votes: 16,
  status: 'Failure: Connection refused. Resolved IP: 127.0.30.1',
});
const tokyo = { place: 'tokyo', client: '', name: 'api.orders.test' };
const moved = { name: 'api.orders.test', type: 'A', from: 'ap-northeast-1', to: 'us-east-1' };

const story = traceOf(
  [1_000, 'fault-started', { ...outage, cause: 'process-killed' }],
  [1_040, 'client-failed', { ...tokyo, region: 'ap-northeast-1', why: 'ECONNREFUSED' }],
  [1_900, 'health-check-doubt', vote(false, 16)],
  [2_000, 'endpoint.answer', {}],
  [4_000, 'health-check-vote', vote(false, 15)],
  [
    4_100,
    'client-failed',
    { ...tokyo, client: 'b', region: 'ap-northeast-1', why: 'ECONNREFUSED' },
  ],
  [4_500, 'health-check-vote', vote(false, 2)],
  [4_500, 'health-check', { ...check, healthy: false, healthyVotes: 2, votes: 16 }],
  [
    4_501,
    'dns-answers',
    { ...moved, places: 'hyderabad jakarta seoul osaka tokyo perth', count: 6 },
  ],
  [4_900, 'health-check-vote', vote(false, 1)],
  [5_000, 'health-check-vote', vote(false, 0)],
  [5_100, 'client-lookup', { ...tokyo, from: 'ap-northeast-1', to: 'us-east-1', how: 'fresh' }],
  [
    5_240,
    'client-answered',
    { ...tokyo, from: 'ap-northeast-1', region: 'us-east-1', status: 200, failedMs: 4_200 },
  ],
  [9_000, 'fault-stopped', { ...outage, cause: 'process-killed' }],
  [13_000, 'health-check', { ...check, healthy: true, healthyVotes: 3, votes: 16 }],
);

describe('a timeline', () => {
  it('tells a failover in order, step by step', () => {
    const { incidents, timeScale } = timelineOf(story, 10);
    assert.equal(timeScale, 10);
    const [down, up] = incidents;
    assert.deepEqual(
      down?.steps.map(({ offsetMs, untilMs, text }) => `${offsetMs}-${untilMs - 1_000} ${text}`),
      [
        '0-0 region-outage ap-northeast-1 started (its process was killed from outside)',
        '40-3100 tokyo: 2 clients fail at ap-northeast-1: ECONNREFUSED',
        '900-900 ap-northeast-1: a first checker, in sa-east-1, finds it failing: Connection refused',
        '3000-3500 ap-northeast-1: 2 checkers turn to unhealthy; 2 of 16 say healthy now',
        '3500-3500 ap-northeast-1: health check UNHEALTHY, 2 of 16 checkers say healthy',
        '3501-3501 DNS answers us-east-1 instead of ap-northeast-1 for api.orders.test to tokyo, ' +
          'hyderabad, jakarta, seoul, osaka, … (6 places)',
        '3900-4000 ap-northeast-1: 2 checkers turn to unhealthy; 0 of 16 say healthy now',
        '4100-4100 tokyo: the first client looks api.orders.test up: us-east-1 instead of ' +
          'ap-northeast-1 (fresh)',
        '4240-4240 tokyo: the first client is answered by us-east-1, after 4.2 s without',
      ],
    );
    assert.deepEqual(down?.summary, {
      noticedMs: 3_500,
      movedMs: 3_501,
      clients: [{ place: 'tokyo', region: 'us-east-1', withoutMs: 4_200 }],
    });
    assert.equal(up?.title, 'region-outage ap-northeast-1 stopped');
    assert.deepEqual(up?.summary, { noticedMs: 4_000, movedMs: null, clients: [] });
    assert.deepEqual([down?.id, up?.id], [1, 14]);
  });

  it('takes faults that come together for one beginning', () => {
    const other = { ...outage, id: 'fault-2', targets: 'us-east-1' };
    const { incidents } = timelineOf(
      traceOf(
        [0, 'fault-started', outage],
        [100, 'client-failed', { ...tokyo, region: 'ap-northeast-1', why: 'x' }],
        [2_000, 'fault-started', other],
        [20_000, 'fault-stopped', other],
      ),
      1,
    );
    assert.deepEqual(
      incidents.map(({ title }) => title),
      [
        'region-outage ap-northeast-1 started; region-outage us-east-1 started',
        'region-outage us-east-1 stopped',
      ],
    );
  });

  it('begins anew after a time of quiet, which is shorter where time is scaled', () => {
    const list = traceOf(
      [0, 'health-check-doubt', vote(false, 16)],
      [60_000, 'health-check', check],
    );
    assert.equal(timelineOf(list, 1).incidents.length, 1);
    assert.equal(timelineOf(list, 10).incidents.length, 2);
    assert.equal(timelineOf([], 1).incidents.length, 0);
  });

  it('loses no event, invents none, and keeps their order', () => {
    const kinds = [...new Set(story.map(({ kind }) => kind))];
    const events = fc
      .array(fc.tuple(fc.integer({ min: 0, max: 20_000 }), fc.nat(story.length - 1)), {
        maxLength: 60,
      })
      .map((list) => {
        let atMs = 0;
        return traceOf(
          ...list.map(([pauseMs, at]) => {
            atMs += pauseMs;
            const { kind = '', data = {} } = story[at] ?? {};
            return [atMs, kind, data] as const;
          }),
        );
      });
    fc.assert(
      fc.property(events, fc.integer({ min: 1, max: 100 }), (list, timeScale) => {
        const { incidents } = timelineOf(list, timeScale);
        const steps = incidents.flatMap((incident) => incident.steps);
        const told = list.filter(({ kind }) => isTimelineEvent(kind));
        assert.equal(
          steps.reduce((sum, { count }) => sum + count, 0),
          told.length,
        );
        const ids = steps.map(({ id }) => id);
        assert.deepEqual(
          ids,
          [...ids].sort((a, b) => a - b),
        );
        for (const step of steps) {
          assert.ok(step.offsetMs >= 0 && step.untilMs >= step.atMs);
          assert.equal(list[step.id - 1]?.atMs, step.atMs);
          assert.ok(!step.text.includes('undefined'), step.text);
        }
      }),
    );
    assert.ok(kinds.length > 8);
  });
});
