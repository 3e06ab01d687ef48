/** All faults by name, and the checks that turn a request into a fault. */
import { placeByName } from '../world/places.ts';
import { isRegion } from '../world/regions.ts';
import { dnsOutage } from './dns-outage.ts';
import { type FaultAction, FaultError, type FaultSpec } from './fault.ts';
import { latency } from './latency.ts';
import { packetLoss } from './packet-loss.ts';
import { partition } from './partition.ts';
import { regionHang } from './region-hang.ts';
import { regionOutage } from './region-outage.ts';
import { replicationPause } from './replication-pause.ts';

export const faultActions: readonly FaultAction[] = [
  regionOutage,
  regionHang,
  partition,
  latency,
  packetLoss,
  replicationPause,
  dnsOutage,
];

/** Finds an action by its name or its FIS action id. Throws `FaultError` naming those there are. */
export function faultAction(name: string): FaultAction {
  const found = faultActions.find((action) => action.name === name || action.fisAction === name);
  if (found !== undefined) return found;
  const names = faultActions.map((action) => action.name).join(', ');
  throw new FaultError(`There is no fault "${name}". There are: ${names}.`);
}

/**
 * Checks a request against the regions that run and fills in defaults. Throws `FaultError` in
 * words for a person.
 */
export function checkFault(request: FaultSpec, running: readonly string[]): FaultSpec {
  const action = faultAction(request.action);
  if (request.targets.length !== action.targetCount) {
    throw new FaultError(`Usage: orrery fault start ${action.usage}`);
  }
  const targets = request.targets.map(canonicalTarget);
  checkTargets(action, targets, running);
  return {
    action: action.name,
    targets,
    parameters: checkParameters(action, request.parameters),
    ...checkDuration(request.durationMs),
  };
}

/** A place by its one name, as locations have it; a region as it is. */
export function canonicalTarget(target: string): string {
  const place = target.startsWith('@') ? placeByName(target) : undefined;
  return place === undefined ? target : `@${place.name}`;
}

function checkTargets(
  action: FaultAction,
  targets: readonly string[],
  running: readonly string[],
): void {
  const isEnd = (target: string): boolean =>
    action.takesAnyEnd === true &&
    (isRegion(target) || (target.startsWith('@') && placeByName(target) !== undefined)) &&
    targets.some((other) => running.includes(other));
  for (const target of targets) {
    if (running.includes(target) || isEnd(target)) continue;
    const places =
      action.takesAnyEnd === true
        ? ' One end must be; the other may be any region of AWS (health checkers stand in eight) or ' +
          'a place such as @tokyo.'
        : '';
    throw new FaultError(
      `"${target}" is not a region of this cloud, which has ${running.join(', ')}.${places}`,
    );
  }
  if (new Set(targets).size !== targets.length) {
    throw new FaultError(`${action.name} needs ${action.targetCount} different regions.`);
  }
}

function checkParameters(
  action: FaultAction,
  given: Readonly<Record<string, number>>,
): Record<string, number> {
  for (const name of Object.keys(given)) {
    if (!(name in action.parameters)) {
      throw new FaultError(`${action.name} takes no --${name}. Usage: ${action.usage}`);
    }
  }
  const checked: Record<string, number> = {};
  for (const [name, fallback] of Object.entries(action.parameters)) {
    const value = given[name] ?? fallback;
    if (value === undefined) throw new FaultError(`Usage: orrery fault start ${action.usage}`);
    if (!Number.isFinite(value) || value < 0) {
      throw new FaultError(`--${name} takes a number from 0 up.`);
    }
    checked[name] = value;
  }
  return checked;
}

function checkDuration(durationMs: number | undefined): { durationMs?: number } {
  if (durationMs === undefined) return {};
  if (!Number.isFinite(durationMs) || durationMs <= 0) {
    throw new FaultError('--duration takes a time such as 30s, 5m or 1h.');
  }
  return { durationMs };
}
