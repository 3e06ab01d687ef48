/** The real DynamoDB and global tables under faults: seeds, planted bugs, and what once failed. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { campaignFailed, summarize } from './campaign.ts';
import { drawPlan } from './draw-plan.ts';
import { createGlobalTablesTarget } from './global-tables.ts';
import { type Plan, parsePlan } from './plan.ts';
import { describeResult } from './report.ts';
import { type RunResult, runPlan } from './run-plan.ts';
import { shrink } from './shrink.ts';

const run = (plan: Plan): Promise<RunResult> => runPlan(plan, createGlobalTablesTarget);

const corpus = join(import.meta.dirname, 'seeds');

/** A plan that once failed: what it found, and which invariant it breaks today, if any. */
interface CorpusEntry {
  readonly found: string;
  readonly breaks: string | null;
  readonly plan: unknown;
}

describe('the corpus', () => {
  for (const file of readdirSync(corpus).sort()) {
    const entry = JSON.parse(readFileSync(join(corpus, file), 'utf8')) as CorpusEntry;
    it(`${file}: ${entry.found}`, async () => {
      const plan = parsePlan(JSON.stringify(entry.plan));
      const result = await run(plan);
      assert.equal(
        result.broken?.invariant,
        entry.breaks ?? undefined,
        describeResult(result).join('\n'),
      );
      assert.equal(plan.plant !== null, entry.breaks !== null, 'only planted bugs are still there');
    });
  }
});

describe('regions with DynamoDB and global tables', () => {
  it('keep every promise under twenty seeds of faults', async () => {
    const results: RunResult[] = [];
    for (let seed = 1; seed <= 20; seed += 1) results.push(await run(drawPlan(seed)));
    const summary = summarize(results);
    const [failed] = summary.failures;
    assert.ok(failed === undefined, failed && describeResult(failed).join('\n'));
    assert.ok(!campaignFailed(summary));
    assert.ok(summary.acknowledged > 5_000, `${summary.acknowledged} acknowledged`);
    assert.ok(summary.virtualMs > 20 * 60_000);
    assert.ok(
      summary.sometimes.every(([, count]) => count > 0),
      summary.sometimes.join(' '),
    );
  });

  for (const plant of ['ack-before-flush', 'ties-by-arrival'] as const) {
    it(`do not hide the planted bug ${plant}, whose plan becomes short`, async () => {
      let failed: RunResult | undefined;
      for (let seed = 1; seed <= 8 && failed === undefined; seed += 1) {
        const result = await run(drawPlan(seed, plant));
        if (result.broken !== undefined) failed = result;
      }
      assert.ok(failed !== undefined, 'eight seeds and not seen');
      const { result } = await shrink(failed, { run, runsMax: 250, eventsMax: 2_000_000 });
      assert.equal(result.broken?.invariant, failed.broken?.invariant);
      const { faults, workload } = result.plan;
      assert.ok(faults.length <= 1, JSON.stringify(faults));
      assert.ok(result.operations <= failed.operations / 10, `${result.operations} operations`);
      const kinds = Object.values(workload.weights).filter((weight) => weight > 0);
      assert.ok(kinds.length <= 3, JSON.stringify(workload.weights));
      const again = await run(parsePlan(JSON.stringify(result.plan)));
      assert.equal(again.traceHash, result.traceHash);
    });
  }
});
