/**
 * Routing under faults: regions behind one name die, hang, fail, flap and are cut off from some of the
 * checkers; the edge crashes, its clock jumps, name servers fall silent; and clients ask all the time,
 * some of them ignoring TTLs. Owns the order of the run and the verdict. The plan is in
 * `routing-plan.ts`, what may be expected in `routing-oracle.ts`.
 */

import { namedRandom } from '../io/simulated/random.ts';
import { createUniverse, type Universe } from '../io/simulated/universe.ts';
import {
  type ClientResolver,
  createClientResolver,
  ignoresTtls,
  type Resolution,
} from '../regions/client-resolver.ts';
import { checkerRegions } from '../services/route53/health/checkers.ts';
import { regionOfIp } from '../world/addresses.ts';
import { type Place, placeByName } from '../world/places.ts';
import {
  administrator,
  appName,
  bootRouting,
  edge,
  makeRecords,
  type RoutingCloud,
} from './routing-cloud.ts';
import { failsByFlapping, faultsNow, isRegionFault, RoutingOracle } from './routing-oracle.ts';
import type { RoutingFault, RoutingPlan } from './routing-plan.ts';

export interface RoutingResult {
  readonly plan: RoutingPlan;
  readonly traceHash: string;
  readonly events: number;
  readonly virtualMs: number;
  readonly answers: number;
  readonly lookups: number;
  readonly broken: { readonly invariant: string; readonly detail: string } | undefined;
  readonly sometimes: ReadonlyMap<string, number>;
}

/** Two in each place: which of them ignore TTLs is the seed's to say. */
const clients = ['anna', 'ben'];

const situations = {
  left: 'a dead region had left the answers',
  lastResort: 'all regions were dead, and the last resort answered',
  half: 'half of the checkers or more were blind, and the region stayed',
  blinded: 'all checkers but those of one place were blind, and a region that was well went',
  flapped: 'an endpoint flapped, and its region stayed',
  ignored: 'a client that ignores TTLs went on to a dead region',
  stale: 'a stale answer bridged silence',
  lost: 'silence left a client without an answer',
  restarted: 'the edge came back on its disk',
} as const;

/** Runs a plan to its end, or to the first broken invariant. */
export async function runRouting(plan: RoutingPlan): Promise<RoutingResult> {
  const universe = await createUniverse({
    seed: plan.seed,
    strict: false,
    network: { jitterUs: plan.jitterUs },
  });
  const run = new RoutingRun(universe, plan);
  await run.carryOut();
  const [failure] = universe.failures;
  return {
    plan,
    traceHash: universe.traceHash,
    events: universe.events,
    virtualMs: Math.round(universe.nowUs / 1000),
    answers: run.answers,
    lookups: run.lookups,
    broken: failure && { invariant: failure.invariant, detail: failure.detail },
    sometimes: run.sometimes,
  };
}

class RoutingRun {
  answers = 0;
  lookups = 0;
  readonly sometimes = new Map<string, number>(Object.values(situations).map((what) => [what, 0]));
  private readonly universe: Universe;
  private readonly plan: RoutingPlan;
  private readonly oracle: RoutingOracle;
  private readonly cloud: RoutingCloud;
  private readonly resolver: ClientResolver;
  private readonly places: readonly Place[];
  private readonly hung = new Set<string>();
  private startUs = 0;
  private nowMs = 0;
  private faults: readonly RoutingFault[] = [];

  constructor(universe: Universe, plan: RoutingPlan) {
    this.universe = universe;
    this.plan = plan;
    this.oracle = new RoutingOracle(plan);
    this.places = plan.places.map(placeByName).filter((place) => place !== undefined);
    this.cloud = bootRouting(universe, plan, (region) => this.isFailing(region));
    this.resolver = createClientResolver({
      clock: { wallMs: () => 0, monotonicUs: () => universe.nowUs },
      random: namedRandom(plan.seed, 'routing/client-resolver'),
      settings:
        plan.plant === 'sticky-clients'
          ? { ...plan.resolver, ttlIgnoring: 1, holdSeconds: 'forever' }
          : plan.resolver,
      answer: (packet) => (this.isNow('dns-silence') ? undefined : this.cloud.answer(packet)),
    });
  }

  async carryOut(): Promise<void> {
    const { universe, plan } = this;
    await universe.perform(administrator, (io) => makeRecords(io, plan), 60_000);
    this.startUs = universe.nowUs;
    for (let nowMs = 0; nowMs <= plan.chaosMs; nowMs += plan.stepMs) {
      this.nowMs = nowMs;
      this.faults = faultsNow(plan, nowMs);
      this.oracle.step(nowMs);
      this.bringAbout();
      await universe.runUntil(this.startUs + (nowMs + plan.stepMs) * 1000);
      if (universe.failures.length > 0) return;
      this.nowMs = nowMs + plan.stepMs;
      this.judgeAnswers();
      this.judgeClients();
      if (universe.failures.length > 0) return;
    }
  }

  private isNow(kind: RoutingFault['kind'], region?: string): boolean {
    return this.faults.some(
      (fault) =>
        fault.kind === kind &&
        (region === undefined || (isRegionFault(fault) && fault.region === region)),
    );
  }

  /** What the door of a region answers at this very moment. */
  private isFailing(region: string): boolean {
    const nowMs = (this.universe.nowUs - this.startUs) / 1000;
    return this.faults.some(
      (fault) =>
        isRegionFault(fault) &&
        fault.region === region &&
        (fault.kind === 'errors' || failsByFlapping(fault, nowMs)),
    );
  }

  /** Makes the world as the faults of this step say. */
  private bringAbout(): void {
    const { universe, plan } = this;
    for (const region of plan.regions) {
      if (this.isNow('outage', region)) {
        universe.crash(region);
        this.hung.delete(region);
        continue;
      }
      const hangs = this.isNow('hang', region);
      if (this.hung.has(region) && !hangs) {
        universe.resume(region);
        this.hung.delete(region);
      }
      if (!this.hung.has(region)) universe.restart(region);
      if (hangs) {
        universe.pause(region);
        this.hung.add(region);
      }
    }
    if (this.isNow('edge-crash')) universe.crash(edge);
    else if (!universe.isUp(edge)) {
      universe.restart(edge);
      this.reached('restarted');
    }
    for (const fault of plan.faults) {
      const isDue = fault.atMs >= this.nowMs && fault.atMs < this.nowMs + plan.stepMs;
      if (fault.kind === 'clock' && isDue) universe.setSkewMs(edge, fault.skewMs);
    }
    universe.conditions.links = this.faults.flatMap((fault) =>
      fault.kind === 'partition'
        ? fault.checkers.map((a) => ({ a, b: fault.region, cut: true }))
        : [],
    );
  }

  /** What the name servers say, and what they think of each region. */
  private judgeAnswers(): void {
    const { oracle, plan } = this;
    const [first] = this.places;
    if (first === undefined || this.isNow('edge-crash')) return;
    for (const region of plan.regions) {
      const isWell = this.cloud.isTakenForWell(region, first);
      if (isWell === undefined) continue;
      const mustBeWell = this.nowMs > oracle.wellSinceMs(region);
      const mustBeIll = this.nowMs > oracle.illSinceMs(region);
      if (mustBeWell && !isWell) this.fail('a region that is well is not taken out', region);
      if (mustBeIll && isWell) this.fail('a dead region is found out in time', region);
      this.tell(region, isWell, mustBeWell);
    }
    const allIll = plan.regions.every((region) => this.nowMs > oracle.illSinceMs(region));
    for (const place of this.places) {
      const answer = this.cloud.dig(place);
      if (answer === undefined) continue;
      this.answers += 1;
      if (answer.length === 0) this.fail('health never empties an answer', place.name);
      else if (allIll) this.reached('lastResort');
      for (const region of answer) {
        if (!oracle.isForbidden(region)) continue;
        this.fail('no answer names a region that is known dead', `${place.name} → ${region}`);
      }
      const away = plan.regions.filter((region) => oracle.isForbidden(region));
      if (away.length > 0) this.reached('left');
    }
  }

  /** Counts what a campaign should reach, of one region. */
  private tell(region: string, isWell: boolean, mustBeWell: boolean): void {
    const blind = this.oracle.blindOf(region);
    const half = checkerRegions.length / 2;
    if (blind >= half && blind < checkerRegions.length - 1 && mustBeWell) this.reached('half');
    if (blind === checkerRegions.length - 1 && !isWell) this.reached('blinded');
    if (this.isNow('flapping', region) && mustBeWell && isWell) this.reached('flapped');
  }

  /** Where clients go, and by which answer. */
  private judgeClients(): void {
    const { plan } = this;
    for (const place of this.places) {
      for (const client of clients) {
        const ignores = ignoresTtls(plan.resolver, place.name, client);
        const found = this.resolver.resolve(place, appName, client);
        this.lookups += 1;
        this.judgeLookup(`${client} in ${place.name}`, ignores, found);
      }
    }
  }

  private judgeLookup(who: string, ignores: boolean, found: Resolution): void {
    const { oracle, plan } = this;
    const { holdSeconds, serveStaleSeconds } = plan.resolver;
    const holdMs = ignores && holdSeconds !== 'forever' ? holdSeconds * 1000 : 0;
    const ttlMs = plan.ttlSeconds * 1000;
    const hasAnswered = oracle.hasDnsAnswered(0);
    if (found.kind === 'none') {
      if (hasAnswered) this.fail('a client finds an address', `${who}: ${found.reason}`);
      else this.reached('lost');
      return;
    }
    const oldestMs = {
      fresh: 0,
      cached: ttlMs,
      stale: ttlMs + serveStaleSeconds * 1000,
      held: ttlMs + holdMs,
    }[found.how];
    const aged = `${who}: ${found.how} for ${found.ageMs} ms`;
    if (found.ageMs > oldestMs) this.fail('no answer is used for longer than it may be', aged);
    if (found.how === 'stale') {
      if (hasAnswered) this.fail('stale answers bridge silence only', aged);
      this.reached('stale');
    }
    const lateMs = ttlMs + holdMs;
    for (const region of found.addresses.map((ip) => regionOfIp(ip) ?? ip)) {
      if (found.how === 'held' && oracle.isForbidden(region)) this.reached('ignored');
      if (!oracle.hasDnsAnswered(lateMs) || !oracle.isForbidden(region, lateMs)) continue;
      this.fail('no client goes to a region that is known dead', `${aged} → ${region}`);
    }
  }

  private reached(situation: keyof typeof situations): void {
    const what = situations[situation];
    this.sometimes.set(what, (this.sometimes.get(what) ?? 0) + 1);
  }

  private fail(invariant: string, detail: string): void {
    this.universe.fail(invariant, `at ${this.nowMs} ms: ${detail}`);
  }
}
