/**
 * Routing controls, as health checks of type RECOVERY_CONTROL follow them. Application Recovery
 * Controller itself is not here: a control is there as soon as a health check names its ARN.
 */
import type { RoutingControlState } from '../api.ts';
import type { HealthCheck } from '../record-set.ts';

/** All that a health check names, in order of ARN, with their state. */
export function routingControlsOf(
  checks: Iterable<HealthCheck>,
  isOn: (arn: string) => boolean,
): readonly RoutingControlState[] {
  const byArn = new Map<string, string[]>();
  for (const { id, config } of checks) {
    const arn = config.RoutingControlArn;
    if (arn !== undefined) byArn.set(arn, [...(byArn.get(arn) ?? []), id]);
  }
  return [...byArn]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([arn, ids]) => ({ arn, on: isOn(arn), healthCheckIds: ids.sort() }));
}

/**
 * The control that a name means: its ARN, the end of its ARN, or a health check that follows it.
 * A text says what is wrong where it means none, or several.
 */
export function routingControlNamed(
  controls: readonly RoutingControlState[],
  name: string,
): RoutingControlState | string {
  const exact = controls.find(({ arn }) => arn === name);
  if (exact !== undefined) return exact;
  const found = controls.filter(
    ({ arn, healthCheckIds }) => arn.endsWith(`/${name}`) || healthCheckIds.includes(name),
  );
  const [first, ...others] = found;
  if (first !== undefined && others.length === 0) return first;
  const list = (first === undefined ? controls : found).map(({ arn }) => arn).join(', ');
  if (first !== undefined) return `"${name}" is the end of several ARNs: ${list}.`;
  const known =
    controls.length === 0
      ? 'No health check of type RECOVERY_CONTROL names any.'
      : `There are: ${list}.`;
  return `There is no routing control "${name}". ${known}`;
}
