/**
 * Carries out the faults of a plan. Owns when they begin and end. What a link suffers is said by
 * `faults/` where it has the fault, so a simulated partition means what a live one means.
 *
 * N1  Conditions are derived from the whole set in force; overlapping faults end one by one.
 * N2  `healAll` ends everything: links, outages, hangs and clock errors that came with faults.
 */

import { latency } from '../faults/latency.ts';
import { packetLoss } from '../faults/packet-loss.ts';
import { partition } from '../faults/partition.ts';
import type { LinkCondition } from '../io/conditions.ts';
import type { Universe } from '../io/simulated/universe.ts';
import { unreachable } from '../stdx/assert.ts';
import type { Plan, PlannedFault } from './plan.ts';
import type { Target } from './target.ts';

/** What a nemesis works on. */
export interface Victims {
  readonly universe: Universe;
  readonly plan: Plan;
  readonly target: Target;
}

export interface Nemesis {
  healAll(): void;
}

/** Process id of a region. */
export function processOf(region: string): string {
  return `region/${region}`;
}

/** Process that looks at a region, and asks things of it, without being one of its clients. */
export function observerOf(region: string): string {
  return `observer/${region}`;
}

export function regionOf(processId: string): string {
  return processId.slice(processOf('').length);
}

/** Schedules the faults of a plan, counted from now. */
export function startNemesis(victims: Victims): Nemesis {
  const { universe, plan } = victims;
  const startUs = universe.nowUs;
  const active = new Set<PlannedFault>();
  const pauses = new Map<string, Pause>();
  let over = false;
  const apply = (): void => {
    universe.conditions.links = [...active].flatMap(linksOf);
    for (const region of plan.regions) {
      setRegion(universe, plan, region, active);
      setPaused(victims, region, active, pauses);
    }
  };
  for (const fault of plan.faults) {
    const label = `${fault.kind} ${fault.targets.join(' ')}`;
    universe.at(startUs + fault.atMs * 1000, `begin ${label}`, () => {
      if (over) return;
      active.add(fault);
      apply();
    });
    universe.at(startUs + (fault.atMs + fault.durationMs) * 1000, `end ${label}`, () => {
      if (over) return;
      active.delete(fault);
      apply();
    });
  }
  return {
    healAll: () => {
      over = true;
      active.clear();
      apply();
    },
  };
}

function setRegion(
  universe: Universe,
  plan: Plan,
  region: string,
  active: ReadonlySet<PlannedFault>,
): void {
  const id = processOf(region);
  const here = [...active].filter(({ targets }) => targets.includes(region));
  if (here.some(({ kind }) => kind === 'region-outage' || kind === 'region-crash')) {
    universe.crash(id);
  } else {
    universe.restart(id);
    if (here.some(({ kind }) => kind === 'region-hang')) universe.pause(id);
    else universe.resume(id);
  }
  const skews = here.filter(({ kind }) => kind === 'clock-skew').map(({ amount }) => amount);
  const total = (plan.skewMs[region] ?? 0) + skews.reduce((sum, amount) => sum + amount, 0);
  universe.setSkewMs(id, Math.max(-30_000, Math.min(30_000, total)));
}

/** What is wanted of a region's replication, and what it was last asked for. */
interface Pause {
  wanted: boolean;
  asked: boolean;
  busy: boolean;
}

/**
 * Asks for the pause once, since it may find nobody there, and for its end until that is heard. One
 * request at a time: the end of a pause must not overtake its beginning.
 */
function setPaused(
  { universe, target }: Victims,
  region: string,
  active: ReadonlySet<PlannedFault>,
  pauses: Map<string, Pause>,
): void {
  const pause = pauses.get(region) ?? { wanted: false, asked: false, busy: false };
  pauses.set(region, pause);
  pause.wanted = [...active].some(
    ({ kind, targets }) => kind === 'replication-pause' && targets.includes(region),
  );
  if (pause.wanted === pause.asked || pause.busy) return;
  pause.busy = true;
  universe.act(observerOf(region), 'replication-pause', async (io) => {
    while (pause.wanted !== pause.asked) {
      const { wanted } = pause;
      const heard = await target.pauseReplication(io, region, wanted);
      if (heard || wanted) pause.asked = wanted;
      else await io.timers.sleep(500, 'replication-pause');
    }
    pause.busy = false;
  });
}

function linksOf(fault: PlannedFault): readonly LinkCondition[] {
  const { kind, targets, amount } = fault;
  const spec = { action: kind, targets };
  switch (kind) {
    case 'partition':
      return partition.links?.({ ...spec, parameters: {} }) ?? [];
    case 'partition-one-way': {
      const [a = '', b = ''] = targets;
      return [{ a, b, oneWay: true, cut: true }];
    }
    case 'latency':
      return latency.links?.({ ...spec, parameters: { ms: amount } }) ?? [];
    case 'packet-loss':
      return packetLoss.links?.({ ...spec, parameters: { percent: amount } }) ?? [];
    case 'region-outage':
    case 'region-crash':
    case 'region-hang':
    case 'replication-pause':
    case 'clock-skew':
      return [];
    default:
      return unreachable(kind);
  }
}
