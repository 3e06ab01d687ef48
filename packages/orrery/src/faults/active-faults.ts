/**
 * The faults in force. Owns the set, its ids and its end times; pulls levers through `Levers`.
 *
 * Invariants:
 *  1. At most one fault of an action on the same targets.
 *  2. `links()` is derived from the set at each call.
 */
import type { LinkCondition } from '../io/conditions.ts';
import type { Clock, Timer, Timers } from '../io/io.ts';
import { canonicalTarget, checkFault, faultAction } from './catalog.ts';
import { type Fault, FaultError, type FaultSpec, type Levers } from './fault.ts';

export interface ActiveFaultsOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly levers: Levers;
  readonly regions: readonly string[];
  /** Called after every change of `links()`. */
  readonly onLinks: (links: readonly LinkCondition[]) => void;
  readonly onChange?: (fault: Fault, change: 'started' | 'stopped') => void;
}

export interface ActiveFaults {
  list(): readonly Fault[];
  /** Starts a fault and resolves once it is in force. Throws `FaultError`. */
  start(request: FaultSpec): Promise<Fault>;
  /** Stops by id, or by action and targets. Throws `FaultError` where nothing matches. */
  stop(which: { id: string } | { action: string; targets: readonly string[] }): Promise<Fault>;
  /** Writes down an outage that happened by itself. */
  note(region: string, cause: 'process-killed' | 'data-unusable'): Fault;
}

const sameTargets = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((target) => b.includes(target));

/** Makes the (empty) set of active faults of a cloud. */
export function createActiveFaults(options: ActiveFaultsOptions): ActiveFaults {
  const { clock, timers, levers } = options;
  const active = new Map<string, Fault>();
  const endings = new Map<string, Timer>();
  let count = 0;

  const find = (action: string, targets: readonly string[]): Fault | undefined =>
    [...active.values()].find(
      (fault) => fault.action === action && sameTargets(fault.targets, targets),
    );

  const linksOf = (): readonly LinkCondition[] =>
    [...active.values()].flatMap((fault) => faultAction(fault.action).links?.(fault) ?? []);

  const add = (spec: FaultSpec, cause: Fault['cause']): Fault => {
    const startedAtMs = clock.wallMs();
    count += 1;
    const fault: Fault = {
      ...spec,
      id: `fault-${count}`,
      startedAtMs,
      cause,
      ...(spec.durationMs === undefined ? {} : { endsAtMs: startedAtMs + spec.durationMs }),
    };
    active.set(fault.id, fault);
    return fault;
  };

  const remove = async (fault: Fault): Promise<Fault> => {
    active.delete(fault.id);
    endings.get(fault.id)?.cancel();
    endings.delete(fault.id);
    options.onLinks(linksOf());
    await faultAction(fault.action).stop?.(fault, levers);
    options.onChange?.(fault, 'stopped');
    return fault;
  };

  const start = async (request: FaultSpec): Promise<Fault> => {
    const spec = checkFault(request, options.regions);
    const present = find(spec.action, spec.targets);
    if (present !== undefined) {
      throw new FaultError(`${spec.action} ${spec.targets.join(' ')} is already in force.`);
    }
    const fault = add(spec, 'requested');
    options.onLinks(linksOf());
    try {
      await faultAction(spec.action).start?.(spec, levers);
    } catch (error) {
      active.delete(fault.id);
      options.onLinks(linksOf());
      throw error;
    }
    options.onChange?.(fault, 'started');
    if (spec.durationMs !== undefined) {
      const ending = timers.after(spec.durationMs, `end of ${fault.id}`, () => void remove(fault));
      endings.set(fault.id, ending);
    }
    return fault;
  };

  return {
    list: () => [...active.values()],
    start,
    stop: async (which) => {
      const fault =
        'id' in which
          ? active.get(which.id)
          : find(faultAction(which.action).name, which.targets.map(canonicalTarget));
      if (fault === undefined) {
        const present = [...active.values()]
          .map((one) => `${one.id} (${one.action} ${one.targets.join(' ')})`)
          .join(', ');
        throw new FaultError(`No such fault is in force. In force: ${present || 'none'}.`);
      }
      return remove(fault);
    },
    note: (region, cause) => {
      const present = find('region-outage', [region]);
      if (present !== undefined) return present;
      const spec = { action: 'region-outage', targets: [region], parameters: {} };
      const fault = add(spec, cause);
      options.onChange?.(fault, 'started');
      return fault;
    },
  };
}
