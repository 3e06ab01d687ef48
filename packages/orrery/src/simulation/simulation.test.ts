/** The framework, proven on a small replicated key-value service with known mistakes. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { campaignFailed, seedsForSometimes, summarize } from './campaign.ts';
import { drawPlan } from './draw-plan.ts';
import { faultKinds, type Plan, PlanError, type Plant, parsePlan } from './plan.ts';
import { createKvTarget, type KvMistakes } from './replicated-kv.fake.ts';
import { type RunResult, runPlan } from './run-plan.ts';
import { shrink } from './shrink.ts';

const run = (plan: Plan, mistakes: KvMistakes = {}): Promise<RunResult> =>
  runPlan(plan, createKvTarget(mistakes));

async function campaign(
  seeds: number,
  plant: Plant | null = null,
  mistakes: KvMistakes = {},
): Promise<RunResult[]> {
  const results: RunResult[] = [];
  for (let seed = 1; seed <= seeds; seed += 1) {
    results.push(await run(drawPlan(seed, plant), mistakes));
  }
  return results;
}

/** Which invariants broke, and how often. */
function broken(results: readonly RunResult[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const result of results) {
    const name = result.broken?.invariant;
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

describe('plans', () => {
  it('are drawn from the seed alone, with every kind of fault among them', () => {
    assert.deepEqual(drawPlan(7), drawPlan(7));
    assert.notDeepEqual(drawPlan(7), drawPlan(8));
    const seen = new Set<string>();
    for (let seed = 1; seed <= 100; seed += 1) {
      const { faults } = drawPlan(seed);
      assert.ok(faults.length >= 3);
      for (const { kind } of faults) seen.add(kind);
    }
    assert.deepEqual([...seen].sort(), [...faultKinds].sort());
  });

  it('survive their file', () => {
    for (const plant of [null, 'ack-before-flush', 'ties-by-arrival'] as const) {
      const plan = drawPlan(3, plant);
      assert.deepEqual(parsePlan(JSON.stringify(plan)), plan);
    }
  });

  it('say what is wrong in a file', () => {
    const refused = (change: object, words: RegExp): void => {
      const text = JSON.stringify({ ...drawPlan(3), ...change });
      assert.throws(
        () => parsePlan(text),
        (error) => error instanceof PlanError && words.test(error.message),
      );
    };
    assert.throws(() => parsePlan('{'), /not JSON/);
    assert.throws(() => parsePlan('[]'), /the plan: an object/);
    refused({ seed: 1.5 }, /seed: an integer/);
    refused({ regions: ['mars-1'] }, /mars-1 is not a region/);
    refused({ regions: [] }, /regions: 1 to 10/);
    refused({ plant: 'weeds' }, /plant: one of ack-before-flush/);
    refused({ chaosMs: 0 }, /chaosMs/);
    refused({ faults: [{ kind: 'flood' }] }, /faults\[0\].kind: one of region-outage/);
    refused({ workload: { clientsPerRegion: 1 } }, /workload.weights: an object/);
  });
});

describe('a simulated run', () => {
  it('has one trace per plan', async () => {
    const first = await run(drawPlan(5));
    assert.equal(first.broken, undefined);
    assert.ok(first.events > 1_000 && first.acknowledged > 100);
    assert.equal((await run(drawPlan(5))).traceHash, first.traceHash);
    assert.equal((await run(parsePlan(JSON.stringify(drawPlan(5))))).traceHash, first.traceHash);
    assert.notEqual((await run(drawPlan(6))).traceHash, first.traceHash);
  });

  it('breaks nothing that is sound, under every fault', async () => {
    const results = await campaign(seedsForSometimes);
    assert.deepEqual([...broken(results)], []);
    const summary = summarize(results);
    assert.ok(!campaignFailed(summary), summary.unreached.join());
    assert.ok(summary.sometimes.length >= 3);
    assert.ok(summary.virtualMs > 60 * 60 * 1000);
    assert.ok(summary.recoveryMsMax > 0);
  });

  it('catches reads that are stale', async () => {
    const names = broken(await campaign(10, null, { staleReads: true }));
    assert.ok((names.get('a pinned client reads its own writes') ?? 0) > 0, [...names].join());
  });

  it('catches replication that gives up', async () => {
    const names = broken(await campaign(12, null, { forgetsAfterFailure: true }));
    assert.ok((names.get('replicas converge') ?? 0) >= 2, [...names].join());
  });

  for (const plant of ['ack-before-flush', 'ties-by-arrival'] as const) {
    it(`catches ${plant} and shrinks it`, async () => {
      const failures = (await campaign(8, plant)).filter((result) => result.broken !== undefined);
      assert.ok(failures.length >= 3, `${failures.length} of 8`);
      const [failed] = failures as [RunResult];
      const { result, runs } = await shrink(failed, { run, runsMax: 80, eventsMax: 1_500_000 });
      assert.ok(runs <= 80);
      assert.equal(result.broken?.invariant, failed.broken?.invariant);
      assert.ok(result.plan.faults.length <= 1, JSON.stringify(result.plan.faults));
      assert.ok(result.operations < failed.operations / 4, `${result.operations} operations`);
      const again = await run(parsePlan(JSON.stringify(result.plan)));
      assert.equal(again.traceHash, result.traceHash);
    });
  }

  it('fails a campaign that never reached what it should', () => {
    const result: RunResult = {
      plan: drawPlan(1),
      traceHash: '',
      events: 0,
      virtualMs: 0,
      operations: 0,
      acknowledged: 0,
      recoveryMs: 0,
      broken: undefined,
      sometimes: new Map([['failover', 0]]),
    };
    const few = summarize(Array.from({ length: seedsForSometimes - 1 }, () => result));
    assert.equal(campaignFailed(few), false);
    const many = summarize(Array.from({ length: seedsForSometimes }, () => result));
    assert.deepEqual(many.unreached, ['failover']);
    assert.equal(campaignFailed(many), true);
  });
});
