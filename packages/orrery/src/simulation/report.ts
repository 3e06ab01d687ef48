/** Words for plans, results and campaigns. Pure: texts in, lines out. */
import type { CampaignSummary } from './campaign.ts';
import { operationKinds, type Plan, type PlannedFault } from './plan.ts';
import type { RunResult } from './run-plan.ts';

/** The drawn options, one per line. */
export function describePlan(plan: Plan): readonly string[] {
  const { workload } = plan;
  const weights = operationKinds
    .filter((kind) => workload.weights[kind] > 0)
    .map((kind) => `${kind}×${workload.weights[kind]}`);
  const pace =
    workload.periodMs === 0
      ? `pausing ${workload.thinkMs} ms on average`
      : `all at once every ${workload.periodMs} ms`;
  const skews = plan.regions.map((region) => `${region} ${plan.skewMs[region] ?? 0}`);
  return [
    `seed            ${plan.seed}${plan.plant === null ? '' : `, planted bug: ${plan.plant}`}`,
    `regions         ${plan.regions.join(' ')}`,
    `chaos           ${plan.chaosMs} ms, then recovery within ${plan.recoveryMs} ms`,
    `clients         ${workload.clientsPerRegion} per region, ${pace}, deadline ${workload.deadlineMs} ms`,
    `keys            ${workload.registers} registers, ${workload.records} records`,
    `operations      ${weights.join(' ')}`,
    `flush           ${plan.flushLowUs} to ${plan.flushHighUs} µs`,
    `jitter          up to ${plan.jitterUs} µs per message`,
    `replicas        ${plan.replicasAtMs === 0 ? 'there from the start' : `added from ${plan.replicasAtMs} ms on`}`,
    `tombstones      kept ${plan.tombstoneKeepMs} ms`,
    `clock errors    ${skews.join(', ')} (ms)`,
    `buggify         ${plan.buggify ? 'on' : 'off'}`,
    `faults          ${plan.faults.length === 0 ? 'none' : plan.faults.length}`,
    ...plan.faults.map((fault) => `  ${describeFault(fault)}`),
  ];
}

export function describeFault({ kind, targets, atMs, durationMs, amount }: PlannedFault): string {
  const unit = kind === 'packet-loss' ? '%' : ' ms';
  const how = amount === 0 ? '' : ` ${amount}${unit}`;
  return `at ${atMs} ms for ${durationMs} ms: ${kind} ${targets.join(' ')}${how}`;
}

/** What came of a run. */
export function describeResult(result: RunResult): readonly string[] {
  const recovery =
    result.recoveryMs === undefined ? 'not reached' : `${result.recoveryMs} ms after healing`;
  return [
    `trace hash      ${result.traceHash}`,
    `events          ${result.events} in ${seconds(result.virtualMs)} of virtual time`,
    `operations      ${result.operations}, ${result.acknowledged} acknowledged`,
    `converged       ${recovery}`,
    ...(result.broken === undefined
      ? ['verdict         every invariant held']
      : [
          `verdict         BROKEN at ${result.broken.timeMs} ms: ${result.broken.invariant}`,
          ...result.broken.detail.split('\n').map((line) => `                ${line}`),
        ]),
  ];
}

/** What came of a campaign, without its failures. */
export function describeCampaign(summary: CampaignSummary): readonly string[] {
  const width = Math.max(0, ...summary.sometimes.map(([what]) => what.length));
  return [
    `seeds           ${summary.seeds}, ${summary.failures.length} failed`,
    `events          ${summary.events} in ${seconds(summary.virtualMs)} of virtual time`,
    `operations      ${summary.operations}, ${summary.acknowledged} acknowledged`,
    `converged       within ${summary.recoveryMsMax} ms after healing`,
    'reached',
    ...summary.sometimes.map(([what, count]) => `  ${what.padEnd(width)}  ${count}`),
    ...summary.unreached.map((what) => `NEVER REACHED   ${what}`),
  ];
}

/** The command that replays a run. A seed says it all only while the plan is as it was drawn. */
export function replayCommand(plan: Plan, planFile: string | undefined): string {
  if (planFile !== undefined) return `npm run sim -- --plan ${planFile}`;
  const plant = plan.plant === null ? '' : ` --plant ${plan.plant}`;
  return `npm run sim -- --seed ${plan.seed}${plant}`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
