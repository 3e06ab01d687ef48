/**
 * Many seeds, one verdict. Owns what counts as a failed campaign: a broken invariant, or a
 * situation that was asked for (`sometimes`) and that no seed of a large campaign reached.
 */
import type { RunResult } from './run-plan.ts';

/** Below so many seeds, a situation that was not reached says nothing. */
export const seedsForSometimes = 50;

export interface CampaignSummary {
  readonly seeds: number;
  readonly failures: readonly RunResult[];
  readonly events: number;
  readonly virtualMs: number;
  readonly operations: number;
  readonly acknowledged: number;
  readonly recoveryMsMax: number;
  readonly sometimes: readonly (readonly [what: string, count: number])[];
  /** Situations that no seed reached, where the campaign was large enough for that to count. */
  readonly unreached: readonly string[];
}

/** Adds up the results of a campaign; their order does not matter. */
export function summarize(results: readonly RunResult[]): CampaignSummary {
  const sometimes = new Map<string, number>();
  for (const result of results) {
    for (const [what, count] of result.sometimes) {
      sometimes.set(what, (sometimes.get(what) ?? 0) + count);
    }
  }
  const sorted = [...sometimes].sort(([a], [b]) => (a < b ? -1 : 1));
  const sum = (value: (result: RunResult) => number): number =>
    results.reduce((total, result) => total + value(result), 0);
  return {
    seeds: results.length,
    failures: results
      .filter(({ broken }) => broken !== undefined)
      .sort((a, b) => a.plan.seed - b.plan.seed),
    events: sum(({ events }) => events),
    virtualMs: sum(({ virtualMs }) => virtualMs),
    operations: sum(({ operations }) => operations),
    acknowledged: sum(({ acknowledged }) => acknowledged),
    recoveryMsMax: Math.max(0, ...results.map(({ recoveryMs }) => recoveryMs ?? 0)),
    sometimes: sorted,
    unreached:
      results.length < seedsForSometimes
        ? []
        : sorted.filter(([, count]) => count === 0).map(([what]) => what),
  };
}

export function campaignFailed(summary: CampaignSummary): boolean {
  return summary.failures.length > 0 || summary.unreached.length > 0;
}
