/**
 * Carries out one plan: chaos, then healing, then recovery within a bound, then the checks. Owns
 * the order of these phases and the names of the invariants.
 *
 * Clock errors stay after healing: a run in which all becomes perfect again would hide what only
 * perfection repairs.
 */

import type { Io } from '../io/io.ts';
import type { DrainMode } from '../io/simulated/drain.ts';
import type { TraceSink } from '../io/simulated/kernel.ts';
import { createUniverse, type Universe } from '../io/simulated/universe.ts';
import {
  explainDoubleReplacement,
  explainForgottenWrite,
  explainInventedRead,
  explainNotLinear,
} from './checkers/reads.ts';
import { explainDivergence, explainInvention, explainLostWrite } from './checkers/replicas.ts';
import { emptyHistory, type History } from './history.ts';
import { observerOf, processOf, regionOf, startNemesis } from './nemesis.ts';
import type { Plan } from './plan.ts';
import { situationsOf } from './situations.ts';
import type { CreateTarget, Replica, Target } from './target.ts';
import { runClient } from './workload.ts';

export interface BrokenInvariant {
  readonly invariant: string;
  readonly detail: string;
  readonly timeMs: number;
}

export interface RunResult {
  readonly plan: Plan;
  readonly traceHash: string;
  readonly events: number;
  readonly virtualMs: number;
  readonly operations: number;
  readonly acknowledged: number;
  /** From healing until all regions were equal and nothing waited; undefined where they never were. */
  readonly recoveryMs: number | undefined;
  readonly broken: BrokenInvariant | undefined;
  readonly sometimes: ReadonlyMap<string, number>;
}

export interface RunOptions {
  readonly traceSink?: TraceSink;
  readonly drainMode?: DrainMode;
}

const stepMs = 250;
const prepareMs = 60_000;

/** Runs a plan to its end, or to the first broken invariant. */
export async function runPlan(
  plan: Plan,
  createTarget: CreateTarget,
  options: RunOptions = {},
): Promise<RunResult> {
  const target = createTarget(plan);
  const history = emptyHistory();
  const universe: Universe = await createUniverse({
    seed: plan.seed,
    buggify: plan.buggify,
    network: { jitterUs: plan.jitterUs },
    storage: {
      flushLowUs: plan.flushLowUs,
      flushHighUs: Math.max(plan.flushLowUs, plan.flushHighUs),
      stallProbability: plan.buggify ? 0.02 : 0,
      ackBeforeFlush: plan.plant === 'ack-before-flush',
    },
    commitSink: (processId, store, writes) => {
      const region = regionOf(processId);
      for (const own of target.ownWrites(region, store, writes)) {
        history.commits.push({ ...own, region, atUs: universe.nowUs });
      }
    },
    ...options,
  });
  const recoveryMs = await carryOut(universe, plan, target, history);
  const { failures, traceHash, events, nowUs } = universe;
  const [failure] = failures;
  return {
    plan,
    traceHash,
    events,
    virtualMs: Math.round(nowUs / 1000),
    operations: history.operations.length,
    acknowledged: history.operations.filter(({ outcome }) => outcome === 'ok').length,
    recoveryMs,
    broken:
      failure === undefined
        ? undefined
        : {
            invariant: failure.invariant,
            detail: `${failure.owner}: ${failure.detail}`,
            timeMs: Math.round(failure.timeUs / 1000),
          },
    sometimes: situations(universe, target, history),
  };
}

/** What services asked for by `sometimes`, and what the run itself should reach. */
function situations(universe: Universe, target: Target, history: History): Map<string, number> {
  const reached = new Map([...universe.sometimes, ...situationsOf(history)]);
  for (const kind of target.mustTell) reached.set(`event ${kind}`, universe.told.get(kind) ?? 0);
  return reached;
}

async function carryOut(
  universe: Universe,
  plan: Plan,
  target: Target,
  history: History,
): Promise<number | undefined> {
  for (const region of plan.regions) {
    universe.setSkewMs(processOf(region), plan.skewMs[region] ?? 0);
    universe.spawn(processOf(region), region, (io) => target.boot(io));
    universe.spawn(observerOf(region), region);
  }
  const [first = ''] = plan.regions;
  await universe.runUntil(universe.nowUs + stepMs * 1000);
  if (!(await isPrepared(universe, first, target, plan.replicasAtMs))) return undefined;
  let over = false;
  if (plan.replicasAtMs > 0) {
    universe.spawn('administrator', first, async (io) => {
      await io.timers.sleep(plan.replicasAtMs, 'add replicas');
      await target.addReplicas(io);
    });
  }
  startClients(universe, plan, target, history, () => over);
  const nemesis = startNemesis({ universe, plan, target });
  await universe.runUntil(universe.nowUs + plan.chaosMs * 1000);
  over = true;
  nemesis.healAll();
  // Whatever clients still wait for ends with their deadlines.
  await universe.runUntil(universe.nowUs + (plan.workload.deadlineMs + stepMs) * 1000);
  if (universe.failures.length > 0) return undefined;
  checkReads(universe, plan, history);
  const settled = await settle(universe, plan, target);
  if (settled === undefined || universe.failures.length > 0) return undefined;
  check(universe, 'no value appears that nobody wrote', explainInvention(history, settled.replica));
  check(universe, 'no acknowledged write is lost', explainLostWrite(history, settled.replica));
  return settled.recoveryMs;
}

/** Lets the target make its tables; a cloud that cannot even do that fails the run. */
async function isPrepared(
  universe: Universe,
  region: string,
  target: Target,
  late: number,
): Promise<boolean> {
  let reason = `not within ${prepareMs} ms`;
  const prepare = async (io: Io): Promise<boolean> => {
    try {
      await target.prepare(io);
      if (late === 0) await target.addReplicas(io);
      return true;
    } catch (error) {
      reason = String(error);
      return false;
    }
  };
  if ((await universe.perform(observerOf(region), prepare, prepareMs)) === true) return true;
  if (universe.failures.length === 0) universe.fail('a healthy cloud starts', reason);
  return false;
}

function startClients(
  universe: Universe,
  plan: Plan,
  target: Target,
  history: History,
  isOver: () => boolean,
): void {
  const world = { nowUs: () => universe.nowUs, isOver };
  for (const region of plan.regions) {
    for (let index = 1; index <= plan.workload.clientsPerRegion; index += 1) {
      // A client's clock is that of its region's time server: in rhythm with it, in error with it.
      const id = `client/${region}/${index}`;
      universe.setSkewMs(id, plan.skewMs[region] ?? 0);
      universe.spawn(id, region, (io) => runClient(io, region, plan, target, history, world));
    }
  }
}

function checkReads(universe: Universe, plan: Plan, history: History): void {
  check(universe, 'no value is read that nobody wrote', explainInventedRead(history));
  check(universe, 'a pinned client reads its own writes', explainForgottenWrite(history));
  check(universe, 'a value is replaced once', explainDoubleReplacement(history));
  for (const region of plan.regions) {
    check(
      universe,
      'consistent reads of one region are linearizable',
      explainNotLinear(history, region),
    );
  }
}

function check(universe: Universe, invariant: string, explanation: string | undefined): void {
  if (explanation !== undefined && universe.failures.length === 0) {
    universe.fail(invariant, explanation);
  }
}

/** Waits until nothing is under way and all regions hold the same; fails where that takes too long. */
async function settle(
  universe: Universe,
  plan: Plan,
  target: Target,
): Promise<{ readonly replica: Replica; readonly recoveryMs: number } | undefined> {
  const startUs = universe.nowUs;
  for (;;) {
    const backlog = await backlogOf(universe, plan, target);
    const replicas = backlog === 0 ? await replicasOf(universe, plan, target) : undefined;
    if (universe.failures.length > 0) return undefined;
    const difference = replicas === undefined ? undefined : explainDivergence(replicas);
    const recoveryMs = Math.round((universe.nowUs - startUs) / 1000);
    const [replica] = replicas?.values() ?? [];
    if (replica !== undefined && difference === undefined) return { replica, recoveryMs };
    if (recoveryMs > plan.recoveryMs) {
      if (difference !== undefined) universe.fail('replicas converge', difference);
      else universe.fail('the backlog drains', `${backlog ?? 'unknown'} changes still wait`);
      return undefined;
    }
    // Looks often at first, for the figure; then seldom, for a wait that may last to the bound.
    await universe.runUntil(universe.nowUs + Math.max(stepMs, recoveryMs / 4) * 1000);
  }
}

async function backlogOf(
  universe: Universe,
  plan: Plan,
  target: Target,
): Promise<number | undefined> {
  let sum = 0;
  for (const region of plan.regions) {
    const count = await universe.perform(
      observerOf(region),
      (io) => target.backlog(io, region),
      10_000,
    );
    if (count === undefined) return undefined;
    sum += count;
  }
  return sum;
}

async function replicasOf(
  universe: Universe,
  plan: Plan,
  target: Target,
): Promise<ReadonlyMap<string, Replica> | undefined> {
  const replicas = new Map<string, Replica>();
  for (const region of plan.regions) {
    const replica = await universe.perform(
      observerOf(region),
      (io) => target.replica(io, region),
      10_000,
    );
    if (replica === undefined) return undefined;
    replicas.set(region, replica);
  }
  return replicas;
}
