/**
 * A run of `orrery sim --workload routing` as data: regions behind one name, what is checked how, which
 * clients ask, and what goes wrong when. Owns drawing it from a seed. Each part has a stream of its own.
 */
import type { Random } from '../io/io.ts';
import { namedRandom } from '../io/simulated/random.ts';
import type { ResolverSettings } from '../regions/client-resolver.ts';
import { checkerRegions } from '../services/route53/health/checkers.ts';

/** `alias`: latency aliases that evaluate a record with a health check below each. */
export const routingPolicies = ['latency', 'weighted', 'failover', 'multivalue', 'alias'] as const;
export type PolicyUnderTest = (typeof routingPolicies)[number];

/**
 * Bugs to be caught: checkers that are told that all is well in the first region; checks that turn at
 * the first failure; name servers that repeat their first answer; clients that keep an answer for ever
 * though they should obey.
 */
export const routingPlants = [
  'deaf-checkers',
  'hasty-checkers',
  'stale-answers',
  'sticky-clients',
] as const;
export type RoutingPlant = (typeof routingPlants)[number];

interface Window {
  readonly atMs: number;
  readonly durationMs: number;
}

/** What a region suffers. `errors` answers 503; the others are what they are called. */
export type RegionFault = Window & { readonly region: string } & (
    | { readonly kind: 'outage' | 'hang' | 'errors' }
    /** Fails for `failMs`, then is well for `wellMs`, and so on: too short for the threshold. */
    | { readonly kind: 'flapping'; readonly failMs: number; readonly wellMs: number }
    /** Health checkers of these regions cannot reach it; clients can. */
    | { readonly kind: 'partition'; readonly checkers: readonly string[] }
  );

export type RoutingFault =
  | RegionFault
  /** Resolvers get no answer; the edge dies and comes back on the same disk. */
  | (Window & { readonly kind: 'dns-silence' | 'edge-crash' })
  /** From then on the wall clock of the edge is wrong by so much. */
  | { readonly kind: 'clock'; readonly atMs: number; readonly skewMs: number };

export interface RoutingPlan {
  readonly seed: number;
  readonly plant: RoutingPlant | null;
  readonly policy: PolicyUnderTest;
  readonly regions: readonly string[];
  readonly places: readonly string[];
  readonly intervalSeconds: 10 | 30;
  readonly failureThreshold: number;
  readonly ttlSeconds: number;
  readonly chaosMs: number;
  readonly stepMs: number;
  readonly jitterUs: number;
  readonly resolver: ResolverSettings;
  readonly faults: readonly RoutingFault[];
}

const allRegions = [
  'us-east-1',
  'eu-central-1',
  'ap-northeast-1',
  'sa-east-1',
  'us-west-2',
  'ap-southeast-2',
];
const allPlaces = ['tokyo', 'frankfurt', 'new-york', 'sao-paulo', 'lagos', 'mumbai', 'sydney'];
const regionFaultKinds = ['outage', 'hang', 'errors', 'flapping', 'partition'] as const;
const edgeFaultKinds = ['dns-silence', 'edge-crash', 'clock', 'all-down'] as const;

/**
 * How long checkers may take to agree: each waits its interval, and up to 4 s for a silent endpoint, as
 * often as the threshold says, the first time up to one of them later.
 */
export function boundMsOf(plan: Pick<RoutingPlan, 'intervalSeconds' | 'failureThreshold'>): number {
  return plan.failureThreshold * (plan.intervalSeconds * 1000 + 4_500) + 2_000;
}

/** The plan of a seed. With a plant, drawn where the planted bug has a chance to show. */
export function drawRoutingPlan(seed: number, plant: RoutingPlant | null = null): RoutingPlan {
  const stream = (name: string): Random => namedRandom(seed, `routing/${name}`);
  const pick = <T>(name: string, values: readonly T[]): T =>
    values[stream(name).int(0, values.length - 1)] as T;
  const policy = pick('policy', routingPolicies);
  const [least, most] = policy === 'failover' ? [2, 2] : [2, 4];
  const regions = some(stream('regions'), allRegions, stream('how many').int(least, most));
  const checks = {
    intervalSeconds: pick('interval', [10, 10, 30] as const),
    failureThreshold: plant === 'hasty-checkers' ? 3 : pick('threshold', [1, 2, 3, 3, 4]),
  };
  const boundMs = boundMsOf(checks);
  const chaosMs = 8 * boundMs;
  const base = { seed, plant, policy, regions, ...checks, chaosMs };
  return {
    ...base,
    places: some(stream('places'), allPlaces, 4),
    ttlSeconds: pick('ttl', [5, 10, 60]),
    stepMs: Math.round(boundMs / 40),
    jitterUs: pick('jitter', [0, 500, 20_000]),
    resolver: drawResolver(stream('resolver'), seed, plant),
    faults: drawFaults(stream('faults'), base, boundMs),
  };
}

function drawResolver(random: Random, seed: number, plant: RoutingPlant | null): ResolverSettings {
  const ttlIgnoring = random.chance(0.5) ? 0.4 : 0;
  return {
    serveStaleSeconds: random.chance(0.5) ? random.int(10, 3_600) : 0,
    ttlIgnoring: plant === 'sticky-clients' ? 0 : ttlIgnoring,
    holdSeconds: random.int(20, 200),
    seed,
  };
}

type Base = Pick<
  RoutingPlan,
  'plant' | 'regions' | 'chaosMs' | 'intervalSeconds' | 'failureThreshold'
>;

function drawFaults(random: Random, base: Base, boundMs: number): RoutingFault[] {
  const { regions, chaosMs, plant } = base;
  // Swarm: a run in which everything fails all the time is always the same run.
  const kinds = regionFaultKinds.filter(() => random.chance(0.6));
  const edgeKinds = edgeFaultKinds.filter(() => random.chance(0.3));
  const window = (): Window => ({
    atMs: random.int(0, Math.round(chaosMs * 0.8)),
    durationMs: Math.round(boundMs * (0.1 + 2.4 * random.float())),
  });
  const faults: RoutingFault[] = [];
  for (const kind of kinds) {
    const targets = kind === 'flapping' ? some(random, regions, 1) : regions;
    for (const region of targets) {
      if (kind !== 'flapping' && random.chance(0.4)) continue;
      const drawn = regionFault(random, kind, region, window(), base);
      if (drawn !== undefined) faults.push(drawn);
    }
  }
  for (const kind of edgeKinds) {
    if (kind === 'clock') {
      faults.push({ kind, atMs: window().atMs, skewMs: random.int(-3_600_000, 3_600_000) });
    } else if (kind === 'all-down') {
      const together = { ...window(), durationMs: 2 * boundMs };
      for (const region of regions) faults.push({ kind: 'outage', region, ...together });
    } else faults.push({ kind, ...window() });
  }
  return [...faults, ...plantedFaults(random, plant, base, boundMs)];
}

function regionFault(
  random: Random,
  kind: RegionFault['kind'],
  region: string,
  window: Window,
  { failureThreshold, intervalSeconds }: Base,
): RegionFault | undefined {
  if (kind === 'partition') {
    const checkers = some(random, checkerRegions, random.int(1, checkerRegions.length));
    return { kind, region, checkers, ...window };
  }
  if (kind !== 'flapping') return { kind, region, ...window };
  if (failureThreshold < 2) return undefined;
  // At most threshold - 1 probes of one checker meet a window, and each good one meets a probe.
  const intervalMs = intervalSeconds * 1000;
  const failMs = Math.round((failureThreshold - 1) * intervalMs * (0.3 + 0.5 * random.float()));
  const wellMs = Math.round(intervalMs * (1.5 + random.float()));
  return { kind, region, failMs, wellMs, ...window, durationMs: 2 * window.durationMs };
}

/** What a planted bug needs to show: all else well, for long enough. */
function plantedFaults(
  random: Random,
  plant: RoutingPlant | null,
  base: Base,
  boundMs: number,
): RoutingFault[] {
  const [region = ''] = base.regions;
  const window = { atMs: 2 * boundMs, durationMs: 6 * boundMs };
  switch (plant) {
    case 'hasty-checkers': {
      const flapping = regionFault(random, 'flapping', region, window, base);
      return flapping === undefined ? [] : [flapping];
    }
    case 'deaf-checkers':
    case 'stale-answers':
    case 'sticky-clients':
      return [{ kind: 'errors', region, ...window }];
    default:
      return [];
  }
}

/** So many of a list, in its order. */
function some<T>(random: Random, list: readonly T[], count: number): T[] {
  const left = [...list];
  while (left.length > count) left.splice(random.int(0, left.length - 1), 1);
  return left;
}
