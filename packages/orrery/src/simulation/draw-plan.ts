/**
 * Draws a whole plan from a seed. Each part has a stream of its own, so a new option never changes
 * what older ones draw. Swarm: each seed switches kinds of faults off, since a run in which
 * everything fails all the time is always the same run.
 */
import type { Random } from '../io/io.ts';
import { namedRandom } from '../io/simulated/random.ts';
import {
  type FaultKind,
  faultKinds,
  type OperationKind,
  type Plan,
  type PlannedFault,
  type Plant,
  type Workload,
} from './plan.ts';

const crash: FaultKind = 'region-crash';
const regions = ['us-east-1', 'eu-central-1', 'ap-northeast-1'];

/** The plan of a seed. With a plant, drawn where the planted bug has a chance to show. */
export function drawPlan(seed: number, plant: Plant | null = null): Plan {
  const stream = (name: string): Random => namedRandom(seed, `plan/${name}`);
  const times = stream('times');
  const chaosMs = times.int(60, 180) * 1000;
  const kinds = drawKinds(stream('kinds'), plant);
  const [flushLowUs, flushHighUs] = drawFlush(stream('flush'), plant);
  const skew = stream('skew');
  const skewed = kinds.includes('clock-skew') && skew.chance(0.7);
  return {
    seed,
    plant,
    regions,
    chaosMs,
    recoveryMs: 120_000,
    workload: drawWorkload(stream('workload'), plant),
    flushLowUs,
    flushHighUs,
    jitterUs: pick(stream('jitter'), plant === 'ties-by-arrival' ? [0, 200] : [0, 500, 20_000]),
    replicasAtMs: stream('replicas').chance(0.3) ? stream('replicas at').int(1_000, 30_000) : 0,
    tombstoneKeepMs: pick(stream('tombstones'), [1_000, 10_000, 86_400_000]),
    skewMs: Object.fromEntries(
      regions.map((region) => [region, skewed ? skew.int(-30_000, 30_000) : 0]),
    ),
    buggify: stream('buggify').chance(0.5),
    faults: drawFaults(stream('faults'), kinds, chaosMs),
  };
}

function drawKinds(random: Random, plant: Plant | null): readonly FaultKind[] {
  const all = faultKinds.filter((kind) => kind !== 'clock-skew' || plant !== 'ties-by-arrival');
  const drawn = all.filter(() => random.chance(0.5));
  const kinds = drawn.length > 0 ? drawn : all;
  // Planted, a crash is what the run is about: every other fault is one.
  return plant === 'ack-before-flush' ? [...kinds, ...kinds.map(() => crash)] : kinds;
}

function drawFlush(random: Random, plant: Plant | null): readonly [number, number] {
  const slow: readonly [number, number] = [5_000, 200_000];
  if (plant === 'ack-before-flush') return slow;
  return pick(random, [[100, 1_000], [500, 10_000], slow] as const);
}

function drawWorkload(random: Random, plant: Plant | null): Workload {
  const weight = (): number => pick(random, [0, 1, 1, 2, 4]);
  const weights: Record<OperationKind, number> = {
    create: weight(),
    put: 1 + weight(),
    'conditional-put': weight(),
    update: weight(),
    delete: weight(),
    get: weight(),
    'consistent-get': 1 + weight(),
  };
  const workload = {
    clientsPerRegion: random.int(1, 3),
    registers: pick(random, [1, 2, 4, 16]),
    records: pick(random, [0, 1, 4, 16]),
    thinkMs: pick(random, [100, 300, 1_000]),
    periodMs: random.chance(0.25) ? pick(random, [500, 1_000, 5_000]) : 0,
    deadlineMs: pick(random, [300, 1_000, 5_000]),
    weights,
  };
  if (plant === 'ties-by-arrival') return { ...workload, clientsPerRegion: 2, periodMs: 1_000 };
  // A lost write stays visible where nothing overwrites it.
  if (plant === 'ack-before-flush')
    return { ...workload, clientsPerRegion: 3, weights: { ...weights, create: 4 } };
  return workload;
}

function drawFaults(
  random: Random,
  kinds: readonly FaultKind[],
  chaosMs: number,
): readonly PlannedFault[] {
  const count = random.int(3, 12);
  const faults: PlannedFault[] = [];
  for (let index = 0; index < count; index += 1) {
    const one = random.split(`${index}`);
    faults.push(drawFault(one, pick(one, kinds), chaosMs));
  }
  return faults.sort((a, b) => a.atMs - b.atMs);
}

function drawFault(random: Random, kind: FaultKind, chaosMs: number): PlannedFault {
  const [first = '', second = ''] = shuffled(random, regions);
  const pair = kind.startsWith('partition') || kind === 'latency' || kind === 'packet-loss';
  const durationMs =
    kind === 'region-crash' ? random.int(100, 2_000) : pick(random, [500, 3_000, 10_000, 30_000]);
  return {
    kind,
    targets: pair ? [first, second] : [first],
    atMs: random.int(1_000, chaosMs - 1_000),
    durationMs: random.int(Math.ceil(durationMs / 2), durationMs),
    amount: drawAmount(random, kind),
  };
}

function drawAmount(random: Random, kind: FaultKind): number {
  if (kind === 'latency') return pick(random, [20, 200, 2_000]);
  if (kind === 'packet-loss') return pick(random, [5, 30, 80]);
  if (kind === 'clock-skew') return random.int(-30_000, 30_000);
  return 0;
}

function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[random.int(0, choices.length - 1)] as T;
}

function shuffled<T>(random: Random, values: readonly T[]): readonly T[] {
  const result = [...values];
  for (let index = result.length - 1; index > 0; index -= 1) {
    const other = random.int(0, index);
    [result[index], result[other]] = [result[other] as T, result[index] as T];
  }
  return result;
}
