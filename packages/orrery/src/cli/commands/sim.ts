/**
 * `orrery sim`: regions with the real DynamoDB and global tables in virtual time, under faults drawn
 * from a seed. Owns reading the arguments, the threads of a campaign and the printing.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { campaignFailed, summarize } from '../../simulation/campaign.ts';
import { drawPlan } from '../../simulation/draw-plan.ts';
import { createGlobalTablesTarget } from '../../simulation/global-tables.ts';
import { type Plan, PlanError, type Plant, parsePlan, plants } from '../../simulation/plan.ts';
import {
  describeCampaign,
  describePlan,
  describeResult,
  replayCommand,
} from '../../simulation/report.ts';
import { routingPlants } from '../../simulation/routing-plan.ts';
import { type RunResult, runPlan } from '../../simulation/run-plan.ts';
import { shrink } from '../../simulation/shrink.ts';
import { transactionPlants } from '../../simulation/transaction-workload.ts';
import { type Command, CommandError, readArguments, usageError, wholeNumber } from '../command.ts';
import type { SeedRequest } from '../sim-worker.ts';
import { simulateWorkload, workloadNames } from './sim-workload.ts';

const help = `Usage: orrery sim [--seed 1] [--seeds 100] [--plant <bug>] [--plan <file>] [--json]
       orrery sim --workload transactions [--seed 1] [--seeds 500] [--plant <bug>] [--json]
       orrery sim --workload routing [--seed 1] [--seeds 1000] [--plant <bug>] [--json]

Three regions with the real DynamoDB and global tables run in virtual time, while everything that
can fail does, as the seed says. Afterwards nothing acknowledged may be lost, the replicas must be
equal, and what clients were told must have been true. The same seed is the same run, always.

With --workload transactions, clients of one region append to lists and read them, several at
once, through crashes and lost messages; the history must be strictly serialisable.

With --workload routing, regions behind one name die, hang, flap and are cut off from some of the
health checkers, Route 53 itself crashes and falls silent, and clients ask, some of which ignore
TTLs: no answer may name a region that is known dead for longer than the checks take while another
is well, and no region that is well may be taken out.

Options:
  --seed <n>      the seed, or the first one of a campaign (default 1)
  --seeds <n>     a campaign: so many seeds from there on
  --plant <bug>   plants a bug, to see it caught: ${plants.join(', ')}
                  or, of transactions: ${transactionPlants.join(', ')}
                  or, of routing: ${routingPlants.join(', ')}
  --workload <w>  global-tables (default), ${workloadNames.join(' or ')}
  --plan <file>   replays a plan that an earlier failure printed
  --jobs <n>      threads of a campaign (default: the processors there are)
  --no-shrink     does not look for a shorter plan after a failure
  --json          prints one JSON object
  -h, --help      this text

Ends with 1 where an invariant broke, or where a campaign of 50 seeds or more never reached a
situation that it should have. A failure prints its seed, what was drawn, the faults in order, the
first broken invariant, and a shorter plan with the command that replays it.

Examples:
  orrery sim --seed 7
  orrery sim --seeds 100
  orrery sim --seed 1 --plant ties-by-arrival
  orrery sim --workload transactions --seeds 500
  orrery sim --workload routing --seeds 1000`;

const shrinkRunsMax = 250;
const shrinkEventsMax = 5_000_000;

const options = {
  seed: { type: 'string' },
  seeds: { type: 'string' },
  plant: { type: 'string' },
  workload: { type: 'string', default: 'global-tables' },
  plan: { type: 'string' },
  jobs: { type: 'string' },
  'no-shrink': { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

interface Mode {
  readonly json: boolean;
  readonly shrinks: boolean;
}

export const simCommand: Command = {
  name: 'sim',
  summary: 'simulate regions and faults from a seed, and check what must hold',
  help,
  run: async (args) => {
    const { values, positionals } = readArguments('sim', args, options);
    if (values.help) {
      console.log(help);
      return 0;
    }
    if (positionals.length > 0) throw usageError(`sim takes no "${positionals[0]}".`);
    const mode = { json: values.json, shrinks: !values['no-shrink'] };
    const seed = wholeNumber('seed', values.seed, 1, [0, Number.MAX_SAFE_INTEGER]);
    if (values.workload !== 'global-tables') {
      const seeds = wholeNumber('seeds', values.seeds, 1, [1, 1_000_000]);
      return simulateWorkload(values.workload, [seed, seeds], values.plant, mode.json);
    }
    const plant = plantNamed(values.plant);
    if (values.plan !== undefined) {
      return runOne(readPlan(values.plan), { ...mode, shrinks: false }, values.plan);
    }
    if (values.seeds === undefined) return runOne(drawPlan(seed, plant), mode, undefined);
    const seeds = wholeNumber('seeds', values.seeds, 1, [1, 1_000_000]);
    const cores = availableParallelism();
    const jobs = wholeNumber('jobs', values.jobs, cores, [1, 64]);
    return runCampaign(seed, seeds, plant, Math.min(jobs, seeds), mode);
  },
};

function plantNamed(name: string | undefined): Plant | null {
  if (name === undefined) return null;
  const plant = plants.find((known) => known === name);
  if (plant === undefined) throw usageError(`--plant takes ${plants.join(' or ')}, not "${name}".`);
  return plant;
}

function readPlan(file: string): Plan {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandError(`Cannot read the plan: ${(error as Error).message}`, 2);
  }
  try {
    return parsePlan(text);
  } catch (error) {
    if (error instanceof PlanError) throw new CommandError(`${file}: ${error.message}`, 2);
    throw error;
  }
}

/** One plan: what was drawn, what came of it. Resolves with the exit code. */
async function runOne(plan: Plan, mode: Mode, planFile: string | undefined): Promise<number> {
  const startMs = performance.now();
  const result = await runPlan(plan, createGlobalTablesTarget);
  const wallMs = Math.round(performance.now() - startMs);
  const shrunk = await shrunkOf(result, mode);
  if (mode.json) {
    console.log(JSON.stringify({ ...jsonOf(result), wallMs, shrunk: shrunk && jsonOf(shrunk) }));
  } else {
    printLines([
      ...describePlan(plan),
      ...describeResult(result),
      `wall time       ${wallMs} ms`,
      ...(result.broken === undefined ? [] : [`replay          ${replayCommand(plan, planFile)}`]),
    ]);
    if (shrunk !== undefined) printShrunk(shrunk);
  }
  return result.broken === undefined ? 0 : 1;
}

async function runCampaign(
  firstSeed: number,
  seeds: number,
  plant: Plant | null,
  jobs: number,
  mode: Mode,
): Promise<number> {
  const startMs = performance.now();
  const results = await runSeeds(firstSeed, seeds, plant, jobs);
  const summary = summarize(results);
  const wallMs = Math.round(performance.now() - startMs);
  const [first] = summary.failures;
  const shrunk = first && (await shrunkOf(first, mode));
  if (mode.json) {
    const failures = summary.failures.map(jsonOf);
    const sometimes = Object.fromEntries(summary.sometimes);
    const found = { ...summary, failures, sometimes, wallMs, shrunk: shrunk && jsonOf(shrunk) };
    console.log(JSON.stringify(found));
  } else {
    printLines([...describeCampaign(summary), `wall time       ${wallMs} ms, ${jobs} threads`]);
    printFailures(summary.failures);
    if (shrunk !== undefined) printShrunk(shrunk);
  }
  return campaignFailed(summary) ? 1 : 0;
}

/** Runs the seeds on threads, each taking the next one as it gets free. */
function runSeeds(
  firstSeed: number,
  seeds: number,
  plant: Plant | null,
  jobs: number,
): Promise<readonly RunResult[]> {
  const file = new URL(`../sim-worker${extname(import.meta.url)}`, import.meta.url);
  const results: RunResult[] = [];
  let next = firstSeed;
  return new Promise((resolve, reject) => {
    for (let job = 0; job < jobs; job += 1) {
      const worker = new Worker(file);
      const giveNext = (): void => {
        if (next < firstSeed + seeds) {
          const request: SeedRequest = { seed: next, plant };
          next += 1;
          worker.postMessage(request);
        } else void worker.terminate();
      };
      worker.on('message', (result: RunResult) => {
        results.push(result);
        if (results.length === seeds) resolve(results);
        giveNext();
      });
      worker.on('error', reject);
      giveNext();
    }
  });
}

async function shrunkOf(result: RunResult, mode: Mode): Promise<RunResult | undefined> {
  if (result.broken === undefined || !mode.shrinks) return undefined;
  const run = (plan: Plan): Promise<RunResult> => runPlan(plan, createGlobalTablesTarget);
  const limits = { runsMax: shrinkRunsMax, eventsMax: shrinkEventsMax };
  return (await shrink(result, { run, ...limits })).result;
}

function printFailures(failures: readonly RunResult[]): void {
  for (const { plan, broken } of failures.slice(0, 20)) {
    printLines([
      '',
      `FAILED          seed ${plan.seed} at ${broken?.timeMs} ms: ${broken?.invariant}`,
      `                ${broken?.detail.split('\n')[0]}`,
      `replay          ${replayCommand(plan, undefined)}`,
    ]);
  }
  if (failures.length > 20) console.log(`\n… and ${failures.length - 20} more`);
}

/** The short plan, in words, as JSON, and as a file with the command that replays it. */
function printShrunk(shrunk: RunResult): void {
  const { plan } = shrunk;
  const text = JSON.stringify(plan, null, 2);
  const plant = plan.plant === null ? '' : `-${plan.plant}`;
  const file = join(tmpdir(), `orrery-seed-${plan.seed}${plant}.json`);
  writeFileSync(file, `${text}\n`);
  printLines(['', 'SHORTER PLAN', ...describePlan(plan), ...describeResult(shrunk), text]);
  console.log(`replay          ${replayCommand(plan, file)}`);
}

function jsonOf(result: RunResult): object {
  return { ...result, sometimes: Object.fromEntries(result.sometimes) };
}

function printLines(lines: readonly string[]): void {
  console.log(lines.join('\n'));
}
