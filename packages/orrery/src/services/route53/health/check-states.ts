/** What is known of a check and its checkers, as it is shown. */
import type { Timer } from '../../../io/io.ts';
import type { CheckerState, HealthCheckState } from '../api.ts';
import type { HealthCheck, HealthCheckConfig } from '../record-set.ts';
import type { ProbeResult } from './probe.ts';
import type { Place } from './turns.ts';
import type { Vote } from './vote.ts';

/** A result and when it came. */
interface Kept {
  readonly result: ProbeResult;
  readonly atMs: number;
}

export interface Checker {
  readonly watched: Watched;
  readonly region: string;
  readonly ip: string;
  vote: Vote;
  last: Kept | undefined;
  lastFailure: Kept | undefined;
  /** Armed until its first probe; then it waits at its place, but while a probe is under way. */
  first: Timer | undefined;
  readonly place: Place<Checker>;
  probing: boolean;
}

export interface Watched {
  check: HealthCheck;
  checkers: readonly Checker[];
  healthy: boolean;
  /** Set once it is no longer this check's business, so that a late answer changes nothing. */
  removed: boolean;
}

/** What a check looks at, in a line. */
export function targetOf(config: HealthCheckConfig): string {
  if (config.Type === 'CALCULATED') {
    const children = config.ChildHealthChecks ?? [];
    return `${config.HealthThreshold ?? 0} of ${children.join(', ')}`;
  }
  const { AlarmIdentifier: alarm, RoutingControlArn: control } = config;
  if (alarm !== undefined) return `alarm ${alarm.Name} in ${alarm.Region}`;
  if (control !== undefined) return `routing control ${control}`;
  const tls = config.Type.startsWith('HTTPS');
  const host = config.FullyQualifiedDomainName ?? config.IPAddress ?? '';
  const port = config.Port ?? (tls ? 443 : 80);
  if (config.Type === 'TCP') return `tcp://${host}:${port}`;
  const path = config.ResourcePath ?? '/';
  return `${tls ? 'https' : 'http'}://${host}:${port}${path.startsWith('/') ? '' : '/'}${path}`;
}

export function stateOf({ check, checkers, healthy }: Watched): HealthCheckState {
  const failures = checkers
    .map(({ lastFailure }) => lastFailure)
    .filter((each) => each !== undefined);
  failures.sort((a, b) => b.atMs - a.atMs);
  return {
    id: check.id,
    type: check.config.Type,
    target: targetOf(check.config),
    healthy,
    disabled: check.config.Disabled === true,
    inverted: check.config.Inverted === true,
    measuresLatency: check.config.MeasureLatency === true,
    healthyVotes: checkers.filter(({ vote }) => vote.healthy).length,
    votes: checkers.length,
    lastFailure: failures[0]?.result.status ?? null,
    checkers: checkers.map((checker) => checkerState(checker, checker.last)),
  };
}

export function checkerState(checker: Checker, kept: Checker['last']): CheckerState {
  return {
    region: checker.region,
    ip: checker.ip,
    healthy: checker.vote.healthy,
    against: checker.vote.against,
    lastStatus: kept?.result.status ?? null,
    checkedAtMs: kept?.atMs ?? null,
    latencyMs: kept?.result.latencyMs ?? null,
  };
}
