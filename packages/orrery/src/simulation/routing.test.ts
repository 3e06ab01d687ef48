/** Route 53, its checkers and clients' resolvers under faults: seeds and planted bugs. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type RoutingResult, runRouting } from './routing.ts';
import { boundMsOf, drawRoutingPlan, type RoutingPlan, routingPlants } from './routing-plan.ts';

const describeBroken = ({ plan, broken }: RoutingResult): string =>
  `seed ${plan.seed}: ${broken?.invariant}: ${broken?.detail}`;

const invariantOf = {
  'deaf-checkers': 'a dead region is found out in time',
  'hasty-checkers': 'a region that is well is not taken out',
  'stale-answers': 'no answer names a region that is known dead',
  'sticky-clients': 'no answer is used for longer than it may be',
} as const;

describe('routing', () => {
  it('keeps its promises under thirty seeds of faults', async () => {
    const reached = new Map<string, number>();
    let answers = 0;
    for (let seed = 1; seed <= 30; seed += 1) {
      const result = await runRouting(drawRoutingPlan(seed));
      assert.equal(result.broken, undefined, describeBroken(result));
      answers += result.answers;
      for (const [what, count] of result.sometimes) {
        reached.set(what, (reached.get(what) ?? 0) + count);
      }
    }
    assert.ok(answers > 30_000, `${answers} answers`);
    for (const [what, count] of reached) assert.ok(count > 0, what);
  });

  it('runs the same twice', async () => {
    const [first, second] = [
      await runRouting(drawRoutingPlan(5)),
      await runRouting(drawRoutingPlan(5)),
    ];
    assert.deepEqual([first.traceHash, first.answers], [second.traceHash, second.answers]);
  });

  for (const plant of routingPlants) {
    it(`does not hide the planted bug ${plant}`, async () => {
      const found = new Set<string>();
      for (let seed = 1; seed <= 6; seed += 1) {
        const { broken } = await runRouting(drawRoutingPlan(seed, plant));
        if (broken !== undefined) found.add(broken.invariant);
      }
      assert.ok(found.has(invariantOf[plant]), [...found].join('; ') || 'nothing was found');
    });
  }

  it('finds a dead region out, and not before the threshold', async () => {
    const drawn = drawRoutingPlan(1);
    const checks = { intervalSeconds: 10, failureThreshold: 3 } as const;
    const outage = (durationMs: number): RoutingPlan => ({
      ...drawn,
      ...checks,
      policy: 'latency',
      regions: ['us-east-1', 'eu-central-1'],
      chaosMs: 4 * boundMsOf(checks),
      faults: [{ kind: 'outage', region: 'us-east-1', atMs: boundMsOf(checks), durationMs }],
    });
    const short = await runRouting(outage(15_000));
    assert.equal(short.broken, undefined, describeBroken(short));
    assert.equal(short.sometimes.get('a dead region had left the answers'), 0);
    const long = await runRouting(outage(2 * boundMsOf(checks)));
    assert.equal(long.broken, undefined, describeBroken(long));
    assert.ok((long.sometimes.get('a dead region had left the answers') ?? 0) > 0);
  });
});
