/**
 * A simulated run as data: who works, what goes wrong and when. Owns the types and the reading of
 * plan files. Refuses to own how a plan is drawn (draw-plan.ts) and carried out (run-plan.ts).
 *
 * P1  A plan and the code are all that a run depends on: a plan file replays to the same trace.
 * P2  Everything is an integer or a text, so a plan survives JSON unchanged.
 */
import { isRegion } from '../world/regions.ts';

/** Bugs that can be planted, to see that they are caught. */
export const plants = ['ack-before-flush', 'ties-by-arrival'] as const;
export type Plant = (typeof plants)[number];

export const faultKinds = [
  'region-outage',
  'region-crash',
  'region-hang',
  'partition',
  'partition-one-way',
  'latency',
  'packet-loss',
  'replication-pause',
  'clock-skew',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** One thing that goes wrong for a while. `targets` are regions. */
export interface PlannedFault {
  readonly kind: FaultKind;
  readonly targets: readonly string[];
  readonly atMs: number;
  readonly durationMs: number;
  /** Milliseconds of `latency` and `clock-skew`, percent of `packet-loss`; 0 elsewhere. */
  readonly amount: number;
}

/** `create` writes an item under a key of its own, once: what is lost of these cannot hide. */
export const operationKinds = [
  'create',
  'put',
  'conditional-put',
  'update',
  'delete',
  'get',
  'consistent-get',
] as const;
export type OperationKind = (typeof operationKinds)[number];

export interface Workload {
  readonly clientsPerRegion: number;
  /** Keys of which none is ever deleted: these are checked for linearizability. */
  readonly registers: number;
  /** Keys that are deleted too. */
  readonly records: number;
  /** Mean pause of a client between two operations. */
  readonly thinkMs: number;
  /**
   * 0: clients pause by chance. Otherwise all clients act on one key at every multiple of this
   * period by their own wall clock, as scheduled jobs do: that is when timestamps tie.
   */
  readonly periodMs: number;
  readonly deadlineMs: number;
  readonly weights: Readonly<Record<OperationKind, number>>;
}

export interface Plan {
  readonly seed: number;
  readonly plant: Plant | null;
  readonly regions: readonly string[];
  /** Clients work and faults strike for so long; then all is healed. */
  readonly chaosMs: number;
  /** Bound of recovery after healing. */
  readonly recoveryMs: number;
  readonly workload: Workload;
  readonly flushLowUs: number;
  readonly flushHighUs: number;
  readonly jitterUs: number;
  /**
   * 0: the table is in all regions before work begins. Otherwise it begins in the first region, and
   * the others are added so long after the clients and the faults have begun.
   */
  readonly replicasAtMs: number;
  /** Age at which tombstones may be forgotten. */
  readonly tombstoneKeepMs: number;
  /** Error of each region's wall clock, over the whole run. */
  readonly skewMs: Readonly<Record<string, number>>;
  /** Whether disks stall now and then, and `probe.buggify` may say yes. */
  readonly buggify: boolean;
  readonly faults: readonly PlannedFault[];
}

/** A plan file that cannot be used; the message says what is wrong where. */
export class PlanError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PlanError';
  }
}

type Json = Readonly<Record<string, unknown>>;

/** Reads the JSON text of a plan. Throws `PlanError`. */
export function parsePlan(text: string): Plan {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new PlanError(`not JSON: ${(error as Error).message}`);
  }
  const plan = object(value, 'the plan');
  const workload = object(plan['workload'], 'workload');
  const weights = object(workload['weights'], 'workload.weights');
  const regions = list(plan['regions'], 'regions').map((region) => regionId(region, 'regions'));
  if (regions.length === 0 || regions.length > 10) throw new PlanError('regions: 1 to 10 of them');
  const skews = object(plan['skewMs'], 'skewMs');
  return {
    seed: integer(plan, 'seed', 0, Number.MAX_SAFE_INTEGER),
    plant: plan['plant'] === null ? null : oneOf(plan['plant'], plants, 'plant'),
    regions,
    chaosMs: integer(plan, 'chaosMs', 1, 86_400_000),
    recoveryMs: integer(plan, 'recoveryMs', 1, 86_400_000),
    workload: {
      clientsPerRegion: integer(workload, 'clientsPerRegion', 1, 100),
      registers: integer(workload, 'registers', 0, 1_000),
      records: integer(workload, 'records', 0, 1_000),
      thinkMs: integer(workload, 'thinkMs', 1, 3_600_000),
      periodMs: integer(workload, 'periodMs', 0, 3_600_000),
      deadlineMs: integer(workload, 'deadlineMs', 1, 3_600_000),
      weights: weightsOf(weights),
    },
    flushLowUs: integer(plan, 'flushLowUs', 0, 60_000_000),
    flushHighUs: integer(plan, 'flushHighUs', 0, 60_000_000),
    jitterUs: integer(plan, 'jitterUs', 0, 60_000_000),
    replicasAtMs: integer(plan, 'replicasAtMs', 0, 86_400_000),
    tombstoneKeepMs: integer(plan, 'tombstoneKeepMs', 1, 86_400_000),
    skewMs: Object.fromEntries(
      regions.map((region) => [
        region,
        region in skews ? integer(skews, region, -3_600_000, 3_600_000) : 0,
      ]),
    ),
    buggify: plan['buggify'] === true,
    faults: list(plan['faults'], 'faults').map((fault, index) => faultOf(fault, index)),
  };
}

function weightsOf(weights: Json): Record<OperationKind, number> {
  const entries = operationKinds.map((kind) => [kind, integer(weights, kind, 0, 1_000)] as const);
  if (entries.every(([, weight]) => weight === 0)) throw new PlanError('workload.weights: all 0');
  return Object.fromEntries(entries) as Record<OperationKind, number>;
}

function faultOf(value: unknown, index: number): PlannedFault {
  const where = `faults[${index}]`;
  const fault = object(value, where);
  return {
    kind: oneOf(fault['kind'], faultKinds, `${where}.kind`),
    targets: list(fault['targets'], `${where}.targets`).map((region) => regionId(region, where)),
    atMs: integer(fault, 'atMs', 0, 86_400_000),
    durationMs: integer(fault, 'durationMs', 0, 86_400_000),
    amount: integer(fault, 'amount', -3_600_000, 3_600_000),
  };
}

function object(value: unknown, where: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw new PlanError(`${where}: an object is expected`);
}

function list(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value) && value.length <= 10_000) return value;
  throw new PlanError(`${where}: a list is expected`);
}

function integer(holder: Json, name: string, low: number, high: number): number {
  const value = holder[name];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= low && value <= high) {
    return value;
  }
  throw new PlanError(`${name}: an integer from ${low} to ${high} is expected`);
}

function oneOf<T extends string>(value: unknown, choices: readonly T[], where: string): T {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  throw new PlanError(`${where}: one of ${choices.join(', ')} is expected`);
}

function regionId(value: unknown, where: string): string {
  if (typeof value === 'string' && isRegion(value)) return value;
  throw new PlanError(`${where}: ${String(value)} is not a region`);
}
