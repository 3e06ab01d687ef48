/**
 * Which records answer: health, the fallbacks of a policy, alias trees. Pure but for the chance it
 * is given.
 *
 * Owns: facts of AWS "How Route 53 chooses records when health checking is configured". Refuses to
 * own: the policies themselves (`choose.ts`), DNS semantics (`resolve.ts`), where a client is, and
 * what a health check says.
 *
 * Invariants:
 *  C1  Health never makes an answer empty: where all candidates are unhealthy, all are taken for
 *      healthy (last resort), at each level of an alias tree.
 *  C2  An alias that evaluates its target is unhealthy where everything below is: so the choice
 *      backs out of a dead branch. One that does not is never unhealthy by its target.
 *  C3  A client that no geolocation or IP-based record is for gets no answer (NOERROR, empty).
 *  C4  `chance` is set where another draw could answer otherwise, `location` where a client of
 *      another place could get another answer, `cidrScope` to the length of the client's prefix
 *      that the answer hangs on: answers without them may be cached.
 */
import type { WireName } from '../../../wire/dns/name.ts';
import {
  type Choice,
  type ChoiceContext,
  choose,
  distanceOf,
  latencyOf,
  shuffled,
  tiersOf,
} from './choose.ts';
import { awsTtlSeconds, type CompiledRecord, type Group } from './packed-group.ts';

/** Alias trees are finite, but a loop of aliases could be stored piece by piece. */
const maxDepth = 32;

/** Deeper than any answer, so that what is found at this depth cannot matter to one. */
const maxAliveDepth = 2 * maxDepth;

/** What was found of each group's health during one decision; `undefined` while it is looked at. */
type Verdicts = Map<Group, boolean | undefined>;

export interface DecisionContext extends ChoiceContext {
  readonly health: { isHealthy(healthCheckId: string): boolean };
  /** Groups of the same zone, for alias targets. */
  readonly lookup: (name: WireName, type: number) => Group | undefined;
  /** Filled step by step where somebody wants to know why. */
  readonly steps?: Step[];
}

/** What a decision needs besides its client and its zone. */
export type RoutingFacts = Pick<DecisionContext, 'health' | 'latencyMs' | 'biasFormula' | 'cidr'>;

export interface Decision {
  readonly data: readonly Uint8Array[];
  readonly ttl: number;
  readonly chance: boolean;
  readonly location: boolean;
  readonly cidrScope: number;
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
  /** Kilometres with the bias. */
  readonly distanceKm: number | undefined;
  /** False where the record is for clients of other places. */
  readonly applies: boolean;
  readonly chosen: boolean;
}

/** Chooses among the sets of a group, and follows aliases to the records that answer. */
export function decide(group: Group, context: DecisionContext): Decision {
  return follow(group, context, new Map(), 0);
}

function follow(group: Group, context: DecisionContext, known: Verdicts, depth: number): Decision {
  const { tiers, location: placed, cidrScope: scope } = tiersOf(group, context);
  const healthyOf = (pool: readonly CompiledRecord[]): readonly CompiledRecord[] =>
    pool.filter((record) => whyUnhealthy(record, group.type, context, known) === undefined);
  let pool: readonly CompiledRecord[] = [];
  for (const tier of tiers) {
    pool = healthyOf(tier);
    if (pool.length > 0) break;
  }
  const [first = []] = tiers;
  const lastResort = pool.length === 0 && first.length > 0;
  const choice: Choice = choose(group, lastResort ? first : pool, context);
  context.steps?.push({
    group,
    lastResort,
    candidates: group.records.map((record) => ({
      record,
      unhealthy: whyUnhealthy(record, group.type, context, known),
      latencyMs: latencyOf(record, context),
      distanceKm: distanceOf(record, context),
      applies: tiers.some((tier) => tier.includes(record)),
      chosen: choice.records.includes(record),
    })),
  });
  const data: Uint8Array[] = [];
  let ttl: number | undefined;
  let { chance } = choice;
  let location = placed;
  let cidrScope = scope;
  for (const record of choice.records) {
    const found = valuesOf(record, group.type, context, known, depth);
    data.push(...found.data);
    ttl = Math.min(ttl ?? found.ttl, found.ttl);
    chance ||= found.chance;
    location ||= found.location;
    cidrScope = Math.max(cidrScope, found.cidrScope);
  }
  return { data, ttl: ttl ?? 0, chance, location, cidrScope };
}

/** What a chosen record answers: its values in random order, or those of its alias target. */
function valuesOf(
  record: CompiledRecord,
  type: number,
  context: DecisionContext,
  known: Verdicts,
  depth: number,
): Decision {
  const everywhere = { chance: false, location: false, cidrScope: 0 };
  const { alias } = record;
  if (alias === undefined) {
    const many = record.data.length > 1;
    const data = many ? shuffled(record.data, context.random) : record.data;
    return { ...everywhere, data, ttl: record.ttl, chance: many };
  }
  if (alias.to === 'aws') return { ...everywhere, data: alias.data, ttl: awsTtlSeconds };
  const target = context.lookup(alias.name, type);
  if (target === undefined || depth >= maxDepth) {
    return { ...everywhere, data: [], ttl: awsTtlSeconds };
  }
  return follow(target, context, known, depth + 1);
}

/** Why a record is unhealthy, or undefined. A record without check and evaluation never is. */
function whyUnhealthy(
  record: CompiledRecord,
  type: number,
  context: DecisionContext,
  known: Verdicts,
  depth = 0,
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
  return isAlive(target, context, known, depth + 1)
    ? undefined
    : 'all records of the alias target are unhealthy';
}

/**
 * Whether a record of a group is healthy. A circle of aliases has nothing alive in it, nor has what
 * lies deeper than an answer would be followed to.
 */
function isAlive(group: Group, context: DecisionContext, known: Verdicts, depth: number): boolean {
  if (depth > maxAliveDepth) return false;
  const before = known.get(group);
  if (before !== undefined || known.has(group)) return before ?? false;
  known.set(group, undefined);
  const alive = group.records.some(
    (record) => whyUnhealthy(record, group.type, context, known, depth) === undefined,
  );
  known.set(group, alive);
  return alive;
}
