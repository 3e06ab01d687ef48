/**
 * Makes a failing plan short: tries plans with less in them and keeps each that still breaks the
 * same invariant. Named streams make this work: what is left out shifts nothing else.
 *
 * Owns what is tried and in which order. Bounded by a number of runs and of events.
 */
import type { Plan, PlannedFault, Workload } from './plan.ts';
import type { RunResult } from './run-plan.ts';

export interface ShrinkOptions {
  readonly run: (plan: Plan) => Promise<RunResult>;
  readonly runsMax: number;
  readonly eventsMax: number;
}

export interface Shrunk {
  readonly result: RunResult;
  readonly runs: number;
}

/** The shortest plan found that breaks the invariant that `failed` broke. */
export async function shrink(failed: RunResult, options: ShrinkOptions): Promise<Shrunk> {
  let best = failed;
  let runs = 0;
  let events = 0;
  const tried = new Set<string>();
  const affordable = (): boolean => runs < options.runsMax && events < options.eventsMax;
  const attempt = async (plan: Plan): Promise<boolean> => {
    const key = JSON.stringify(plan);
    if (key === JSON.stringify(best.plan) || tried.has(key) || !affordable()) return false;
    tried.add(key);
    runs += 1;
    const result = await options.run(plan);
    events += result.events;
    if (result.broken?.invariant !== failed.broken?.invariant) return false;
    best = result;
    return true;
  };
  for (let progress = true; progress && affordable(); ) {
    progress = false;
    for (const candidatesOf of steps) {
      // After each success the list is made anew from the shorter plan.
      for (let found = true; found; ) {
        found = false;
        for (const candidate of candidatesOf(best.plan)) {
          if (!(await attempt(candidate))) continue;
          found = true;
          progress = true;
          break;
        }
      }
    }
  }
  return { result: best, runs };
}

type Candidates = (plan: Plan) => Iterable<Plan>;

/** From what saves most to what saves least. */
const steps: readonly Candidates[] = [
  shorterHorizons,
  fewerFaults,
  soonFaults,
  earlierFaults,
  fewerClients,
  fewerOperations,
  plainer,
  shorterFaults,
  finerHorizons,
];

function* shorterHorizons(plan: Plan): Generator<Plan> {
  for (const share of [16, 8, 4, 2]) {
    const chaosMs = Math.ceil(plan.chaosMs / share);
    if (chaosMs < 1_000) continue;
    yield { ...plan, chaosMs, faults: plan.faults.filter(({ atMs }) => atMs < chaosMs) };
  }
}

function* finerHorizons(plan: Plan): Generator<Plan> {
  for (const percent of [60, 80, 90]) {
    const chaosMs = Math.ceil((plan.chaosMs * percent) / 100);
    if (chaosMs < 500) continue;
    yield { ...plan, chaosMs, faults: plan.faults.filter(({ atMs }) => atMs < chaosMs) };
  }
}

/** None; then ever smaller pieces left out. */
function* fewerFaults(plan: Plan): Generator<Plan> {
  const { faults } = plan;
  for (let size = faults.length; size >= 1; size = Math.floor(size / 2)) {
    for (let start = 0; start < faults.length; start += size) {
      const kept = [...faults.slice(0, start), ...faults.slice(start + size)];
      yield { ...plan, faults: kept };
    }
  }
}

/**
 * The first fault within the first seconds, the others as far behind it as they were. A fault that
 * has to meet a moment finds another such moment there, if it is tried at enough of them; runs
 * that are over so soon cost little.
 */
function* soonFaults(plan: Plan): Generator<Plan> {
  const { faults } = plan;
  const first = Math.min(...faults.map(({ atMs }) => atMs));
  const end = Math.max(...faults.map(({ atMs, durationMs }) => atMs + durationMs));
  const positions = faults.length > 2 ? 8 : 32;
  for (let index = 0; index < positions; index += 1) {
    const atMs = 300 + 170 * index;
    if (atMs > first / 2) return;
    const byMs = first - atMs;
    const moved = faults.map((fault) => ({ ...fault, atMs: fault.atMs - byMs }));
    yield { ...plan, chaosMs: Math.min(plan.chaosMs, end - byMs + 1_000), faults: moved };
  }
}

/** All of them sooner by as much, and the end with them. */
function* earlierFaults(plan: Plan): Generator<Plan> {
  const first = Math.min(...plan.faults.map(({ atMs }) => atMs));
  if (!Number.isFinite(first)) return;
  for (const percent of [90, 50, 20]) {
    const byMs = Math.floor((first * percent) / 100);
    if (byMs < 500) continue;
    const faults = plan.faults.map((fault) => ({ ...fault, atMs: fault.atMs - byMs }));
    yield { ...plan, chaosMs: plan.chaosMs - byMs, faults };
  }
}

function* fewerClients(plan: Plan): Generator<Plan> {
  const { workload } = plan;
  for (const clientsPerRegion of [1, 2]) {
    if (clientsPerRegion >= workload.clientsPerRegion) break;
    yield { ...plan, workload: { ...workload, clientsPerRegion } };
  }
}

function* fewerOperations(plan: Plan): Generator<Plan> {
  const { workload } = plan;
  const { weights } = workload;
  const change = (part: Partial<Workload>): Plan => ({
    ...plan,
    workload: { ...workload, ...part },
  });
  for (const [kind, weight] of Object.entries(weights)) {
    const less = { ...weights, [kind]: 0 };
    if (weight === 0 || Object.values(less).every((other) => other === 0)) continue;
    yield change({ weights: less });
  }
  if (workload.records > 0) yield change({ records: 0 });
  if (workload.registers > 1) yield change({ registers: 1 });
  if (workload.registers > 1) yield change({ registers: Math.floor(workload.registers / 2) });
  if (workload.periodMs > 0) yield change({ periodMs: 0 });
}

function* plainer(plan: Plan): Generator<Plan> {
  if (plan.replicasAtMs > 0) yield { ...plan, replicasAtMs: 0 };
  if (plan.replicasAtMs > 1_000) yield { ...plan, replicasAtMs: 1_000 };
  if (plan.buggify) yield { ...plan, buggify: false };
  if (plan.jitterUs > 0) yield { ...plan, jitterUs: 0 };
  if (Object.values(plan.skewMs).some((skew) => skew !== 0)) {
    yield { ...plan, skewMs: Object.fromEntries(plan.regions.map((region) => [region, 0])) };
  }
}

function* shorterFaults(plan: Plan): Generator<Plan> {
  const replaced = (index: number, fault: PlannedFault): Plan => ({
    ...plan,
    faults: plan.faults.map((other, at) => (at === index ? fault : other)),
  });
  for (const [index, fault] of plan.faults.entries()) {
    for (const share of [10, 2]) {
      const durationMs = Math.ceil(fault.durationMs / share);
      if (durationMs < 50 || durationMs === fault.durationMs) continue;
      yield replaced(index, { ...fault, durationMs });
    }
  }
}
