/**
 * Which records answer: routing policies, health, alias trees. Pure but for the chance it is given.
 *
 * Owns: facts of AWS "How Route 53 chooses records when health checking is configured". Refuses to
 * own: DNS semantics (`resolve.ts`), where a client is, and what a health check says.
 *
 * Invariants:
 *  C1  Health never makes an answer empty: where all candidates are unhealthy, all are taken for
 *      healthy (last resort), at each level of an alias tree.
 *  C2  An alias that evaluates its target is unhealthy where everything below is: so the choice
 *      backs out of a dead branch. One that does not is never unhealthy by its target.
 *  C3  Equals are broken by the set identifier, never by the order in which sets came.
 *  C4  `chance` is set where another draw could answer otherwise, `location` where another client
 *      could get another answer: answers without them may be cached.
 */
import type { Random } from '../../../io/io.ts';
import type { WireName } from '../../../wire/dns/name.ts';
import { placeToRegionRttMs } from '../../../world/latency.ts';
import type { Place } from '../../../world/places.ts';
import type { CompiledRecord, Group } from './zone-table.ts';
import { awsTtlSeconds } from './zone-table.ts';

/** An answer of multivalue sets holds at most so many records, to fit 512 octets. */
const maxMultivalue = 8;

/** Alias trees are finite, but a loop of aliases could be stored piece by piece. */
const maxDepth = 32;

/** What was found of each group's health during one decision; `undefined` while it is looked at. */
type Verdicts = Map<Group, boolean | undefined>;

export interface DecisionContext {
  readonly health: { isHealthy(healthCheckId: string): boolean };
  readonly place: Place;
  readonly random: Random;
  /** Groups of the same zone, for alias targets. */
  readonly lookup: (name: WireName, type: number) => Group | undefined;
  /** Filled step by step where somebody wants to know why. */
  readonly steps?: Step[];
}

export interface Decision {
  readonly data: readonly Uint8Array[];
  readonly ttl: number;
  readonly chance: boolean;
  readonly location: boolean;
}

/** One group on the way, for explanations. */
export interface Step {
  readonly group: Group;
  readonly candidates: readonly Candidate[];
  readonly lastResort: boolean;
}

export interface Candidate {
  readonly record: CompiledRecord;
  /** Undefined where it is healthy. */
  readonly unhealthy: string | undefined;
  readonly latencyMs: number | undefined;
  readonly chosen: boolean;
}

/** Chooses among the sets of a group, and follows aliases to the records that answer. */
export function decide(group: Group, context: DecisionContext): Decision {
  return follow(group, context, new Map(), 0);
}

interface Choice {
  readonly records: readonly CompiledRecord[];
  readonly chance: boolean;
}

function follow(group: Group, context: DecisionContext, known: Verdicts, depth: number): Decision {
  const verdicts = group.records.map((record) => whyUnhealthy(record, group.type, context, known));
  const healthy = group.records.filter((_, i) => verdicts[i] === undefined);
  const lastResort = healthy.length === 0;
  const choice = choose(group, lastResort ? group.records : healthy, context);
  context.steps?.push({
    group,
    lastResort,
    candidates: group.records.map((record, i) => ({
      record,
      unhealthy: verdicts[i],
      latencyMs: latencyOf(record, context),
      chosen: choice.records.includes(record),
    })),
  });
  const data: Uint8Array[] = [];
  let ttl: number | undefined;
  let { chance } = choice;
  let location = group.policy === 'latency';
  for (const record of choice.records) {
    const found = valuesOf(record, group.type, context, known, depth);
    data.push(...found.data);
    ttl = Math.min(ttl ?? found.ttl, found.ttl);
    chance ||= found.chance;
    location ||= found.location;
  }
  return { data, ttl: ttl ?? 0, chance, location };
}

function latencyOf(record: CompiledRecord, context: DecisionContext): number | undefined {
  const region = record.set.Region;
  return region === undefined ? undefined : placeToRegionRttMs(context.place, region);
}

/** The records that the policy takes from those that may be taken. There is at least one. */
function choose(group: Group, pool: readonly CompiledRecord[], context: DecisionContext): Choice {
  switch (group.policy) {
    case 'simple':
      return { records: pool.slice(0, 1), chance: false };
    case 'weighted':
      return chooseWeighted(pool, context.random);
    case 'latency':
      return { records: nearest(pool, context), chance: false };
    case 'failover': {
      const primary = pool.find((record) => record.set.Failover === 'PRIMARY');
      return { records: [primary ?? pool[0]].filter((each) => each !== undefined), chance: false };
    }
    case 'multivalue':
      return {
        records: shuffled(pool, context.random).slice(0, maxMultivalue),
        chance: pool.length > 1,
      };
  }
}

/** Weight 0 is never taken beside a greater one; where all are 0, all are equal. */
function chooseWeighted(pool: readonly CompiledRecord[], random: Random): Choice {
  const heavy = pool.filter((record) => (record.set.Weight ?? 0) > 0);
  const candidates = heavy.length > 0 ? heavy : pool;
  if (candidates.length <= 1) return { records: candidates, chance: false };
  const weightOf = (record: CompiledRecord): number =>
    heavy.length > 0 ? (record.set.Weight ?? 0) : 1;
  const total = candidates.reduce((sum, record) => sum + weightOf(record), 0);
  let draw = random.int(1, total);
  for (const record of candidates) {
    draw -= weightOf(record);
    if (draw <= 0) return { records: [record], chance: true };
  }
  return { records: candidates.slice(-1), chance: true };
}

/** The set whose Region is nearest to the client; the lesser region id of equals. */
function nearest(pool: readonly CompiledRecord[], context: DecisionContext): CompiledRecord[] {
  let best: CompiledRecord | undefined;
  let bestMs = Number.POSITIVE_INFINITY;
  for (const record of pool) {
    const ms = latencyOf(record, context) ?? Number.POSITIVE_INFINITY;
    const earlier = (record.set.Region ?? '') < (best?.set.Region ?? '');
    if (best === undefined || ms < bestMs || (ms === bestMs && earlier)) {
      best = record;
      bestMs = ms;
    }
  }
  return best === undefined ? [] : [best];
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = random.int(0, i);
    const [a, b] = [out[i], out[j]];
    if (a !== undefined && b !== undefined) [out[i], out[j]] = [b, a];
  }
  return out;
}

/** What a chosen record answers: its values in random order, or those of its alias target. */
function valuesOf(
  record: CompiledRecord,
  type: number,
  context: DecisionContext,
  known: Verdicts,
  depth: number,
): Decision {
  const { alias } = record;
  if (alias === undefined) {
    const many = record.data.length > 1;
    const data = many ? shuffled(record.data, context.random) : record.data;
    return { data, ttl: record.ttl, chance: many, location: false };
  }
  if (alias.to === 'aws') {
    return { data: alias.data, ttl: awsTtlSeconds, chance: false, location: false };
  }
  const target = context.lookup(alias.name, type);
  if (target === undefined || depth >= maxDepth) {
    return { data: [], ttl: awsTtlSeconds, chance: false, location: false };
  }
  return follow(target, context, known, depth + 1);
}

/** Why a record is unhealthy, or undefined. A record without check and evaluation never is. */
function whyUnhealthy(
  record: CompiledRecord,
  type: number,
  context: DecisionContext,
  known: Verdicts,
): string | undefined {
  const check = record.set.HealthCheckId;
  if (check !== undefined && !context.health.isHealthy(check)) {
    return `health check ${check} is unhealthy`;
  }
  const { alias } = record;
  // AWS resources behind an alias fail only as whole services do: they count as healthy.
  if (alias === undefined || !alias.evaluate || alias.to === 'aws') return undefined;
  const target = context.lookup(alias.name, type);
  if (target === undefined) return 'the alias target does not exist';
  return isAlive(target, context, known)
    ? undefined
    : 'all records of the alias target are unhealthy';
}

/** Whether a record of a group is healthy. A circle of aliases has nothing alive in it. */
function isAlive(group: Group, context: DecisionContext, known: Verdicts): boolean {
  const before = known.get(group);
  if (before !== undefined || known.has(group)) return before ?? false;
  known.set(group, undefined);
  const alive = group.records.some(
    (record) => whyUnhealthy(record, group.type, context, known) === undefined,
  );
  known.set(group, alive);
  return alive;
}
