/**
 * What may be expected of answers, told from the plan alone: how each region looks to the checkers of
 * each place, since when, and so which regions must be known to be well or ill. Owns the rules of
 * AWS's aggregation once more, in other words than the service: more than 18 % of the checkers keep a
 * region up, which is two of eight places (four of sixteen), and not one of them (two of sixteen).
 */
import { checkerRegions } from '../services/route53/health/checkers.ts';
import {
  boundMsOf,
  type RegionFault,
  type RoutingFault,
  type RoutingPlan,
} from './routing-plan.ts';

/** How a region looks from one place, and since when. `unsure` is worth nothing to a judge. */
interface View {
  state: 'well' | 'ill' | 'unsure';
  sinceMs: number;
}

const places = checkerRegions.length;
const enoughWell = 2;
const enoughIll = places - enoughWell + 1;
/** RFC 8767: after a failure a resolver may serve stale data for so long without asking. */
const recheckMs = 31_000;

const isNow = (fault: { atMs: number; durationMs: number }, nowMs: number): boolean =>
  nowMs >= fault.atMs && nowMs < fault.atMs + fault.durationMs;

/** The faults of a plan that are in force, of one region or of the edge. */
export function faultsNow(plan: RoutingPlan, nowMs: number): readonly RoutingFault[] {
  return plan.faults.filter((fault) => fault.kind !== 'clock' && isNow(fault, nowMs));
}

export const isRegionFault = (fault: RoutingFault): fault is RegionFault => 'region' in fault;

/** Whether a region that flaps is in a window in which it fails. */
export function failsByFlapping(fault: RegionFault, nowMs: number): boolean {
  if (fault.kind !== 'flapping') return false;
  return (nowMs - fault.atMs) % (fault.failMs + fault.wellMs) < fault.failMs;
}

export class RoutingOracle {
  private readonly plan: RoutingPlan;
  private readonly boundMs: number;
  private readonly views = new Map<string, View[]>();
  private silentUntilMs = Number.NEGATIVE_INFINITY;
  private nowMs = 0;

  constructor(plan: RoutingPlan) {
    this.plan = plan;
    this.boundMs = boundMsOf(plan);
    for (const region of plan.regions) {
      const views = checkerRegions.map((): View => ({ state: 'well', sinceMs: 0 }));
      this.views.set(region, views);
    }
  }

  /** Moves to a time. Called at every step, after the faults of that time are in force. */
  step(nowMs: number): void {
    this.nowMs = nowMs;
    const faults = faultsNow(this.plan, nowMs);
    if (faults.some(({ kind }) => kind === 'dns-silence' || kind === 'edge-crash')) {
      this.silentUntilMs = nowMs;
    }
    const isEdgeDown = faults.some(({ kind }) => kind === 'edge-crash');
    for (const [region, views] of this.views) {
      const own = faults.filter((fault) => isRegionFault(fault) && fault.region === region);
      const blind = this.blindPlaces(region);
      const isIll = own.some(({ kind }) => kind !== 'flapping' && kind !== 'partition');
      const flaps = own.some(({ kind }) => kind === 'flapping');
      for (const [at, view] of views.entries()) {
        this.look(view, isIll || blind.has(checkerRegions[at] ?? ''), flaps, isEdgeDown);
      }
    }
  }

  /** Must be out of the answers, from that time on; infinity where nobody can say. */
  illSinceMs(region: string): number {
    return this.sinceMs(region, 'ill', enoughIll);
  }

  /** Must be in, likewise. */
  wellSinceMs(region: string): number {
    return this.sinceMs(region, 'well', enoughWell);
  }

  /** Whether no answer may name the region: it is known to be ill, and another to be well. */
  isForbidden(region: string, lateMs = 0): boolean {
    const others = this.plan.regions.filter((other) => other !== region);
    const wellMs = Math.min(...others.map((other) => this.wellSinceMs(other)));
    return this.nowMs > Math.max(this.illSinceMs(region), wellMs) + lateMs;
  }

  /** Whether resolvers have been answered for so long that none need live on what it has. */
  hasDnsAnswered(forMs: number): boolean {
    return this.nowMs - this.silentUntilMs > forMs + recheckMs;
  }

  /** How many places of checkers are cut off from a region that is well otherwise. */
  blindOf(region: string): number {
    const isWell = faultsNow(this.plan, this.nowMs).every(
      (fault) => fault.kind === 'partition' || !isRegionFault(fault) || fault.region !== region,
    );
    return isWell ? this.blindPlaces(region).size : 0;
  }

  /** Where checkers cannot reach a region. A link that is cut is cut for both of its ends. */
  private blindPlaces(region: string): ReadonlySet<string> {
    const blind = new Set<string>();
    for (const fault of faultsNow(this.plan, this.nowMs)) {
      if (fault.kind !== 'partition') continue;
      if (fault.region === region) for (const place of fault.checkers) blind.add(place);
      else if (fault.checkers.includes(region)) blind.add(fault.region);
    }
    return new Set(checkerRegions.filter((place) => blind.has(place)));
  }

  private sinceMs(region: string, state: View['state'], enough: number): number {
    const since = (this.views.get(region) ?? [])
      .filter((view) => view.state === state)
      .map(({ sinceMs }) => sinceMs)
      .sort((a, b) => a - b)[enough - 1];
    return since === undefined ? Number.POSITIVE_INFINITY : since + this.boundMs;
  }

  private look(view: View, isIll: boolean, flaps: boolean, isEdgeDown: boolean): void {
    const isSettled = view.state === 'well' && this.nowMs - view.sinceMs >= this.boundMs;
    // A checker that turned to ill before a region began to flap never sees enough good answers in a
    // row; and an edge that comes back has forgotten its votes.
    const next = isIll ? 'ill' : flaps && !isSettled ? 'unsure' : 'well';
    if (view.state === next && !isEdgeDown) return;
    view.state = next;
    view.sinceMs = this.nowMs;
  }
}
