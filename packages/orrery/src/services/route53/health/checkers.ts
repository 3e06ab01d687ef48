/**
 * The health checkers: sixteen of them, two in each of eight regions, each probing on its own.
 *
 * Owns: when probes are sent, the votes, and the status of every check, calculated ones included.
 * Refuses to own: configuration (it is propagated state), one probe (`probe.ts`), the rules
 * (`vote.ts`).
 *
 * Invariants:
 *  K1  A checker waits its interval between the end of a probe and the next one; it never has two
 *      under way. First probes are spread over one interval.
 *  K2  A status changes only by a result, a child's status or the configuration; each change is
 *      told once, after the status can be read.
 *  K3  Nothing is probed for a check that is disabled, removed or calculated.
 */
import type { Io, Random } from '../../../io/io.ts';
import type { CheckerState, HealthCheckState } from '../api.ts';
import { type HealthCheck, type HealthCheckConfig, isProbed } from '../record-set.ts';
import { type Checker, checkerState, stateOf, targetOf, type Watched } from './check-states.ts';
import { type ProbeContext, type ProbeResult, probe } from './probe.ts';
import { newPlace, Turns } from './turns.ts';
import { isHealthyByChildren, isHealthyByVotes, nextVote, statusOf } from './vote.ts';

/** Addresses of two checkers per region, from the ranges that AWS publishes for them. */
export const checkerAddresses: Readonly<Record<string, readonly [string, string]>> = {
  'us-east-1': ['54.243.31.197', '107.23.255.9'],
  'us-west-1': ['54.183.255.135', '54.241.32.71'],
  'us-west-2': ['54.244.52.199', '54.245.168.7'],
  'eu-west-1': ['54.228.16.7', '176.34.159.199'],
  'ap-southeast-1': ['54.251.31.135', '54.255.254.199'],
  'ap-southeast-2': ['54.252.79.135', '54.252.254.199'],
  'ap-northeast-1': ['54.248.220.7', '54.250.253.199'],
  'sa-east-1': ['54.232.40.71', '177.71.207.135'],
};

export const checkerRegions: readonly string[] = Object.keys(checkerAddresses);

/** AWS: a connection within 4 s (10 s for TCP checks), then the status within 2 s. */
const silenceMs = 4000;
const answerMs = 2000;
const connectMs = 10_000;
/** Modelled round trips and cold starts are not scaled, so no limit is cut below this. */
const minLimitMs = 1000;

export interface CheckersOptions {
  readonly io: Io;
  readonly timeScale: number;
  readonly resolve: (hostName: string) => string | undefined;
  /** The status that a check had before this process started; undefined for a new one. */
  readonly lastStatus: (id: string) => boolean | undefined;
  /** Whether a routing control is on. */
  readonly routingControl: (arn: string) => boolean;
  readonly onChange: (id: string, healthy: boolean) => void;
}

export class HealthCheckers {
  private readonly options: CheckersOptions;
  private readonly random: Random;
  private readonly context: ProbeContext;
  private readonly watched = new Map<string, Watched>();
  private readonly turnsByMs = new Map<number, Turns<Checker>>();
  private stopped = false;

  constructor(options: CheckersOptions) {
    this.options = options;
    const { io, timeScale, resolve } = options;
    this.context = {
      network: io.network,
      clock: io.clock,
      limits: {
        silenceMs: Math.max(minLimitMs, silenceMs / timeScale),
        answerMs: Math.max(minLimitMs, answerMs / timeScale),
        connectMs: Math.max(minLimitMs, connectMs / timeScale),
      },
      resolve,
    };
    this.random = options.io.random.split('route53-health-checkers');
  }

  /**
   * The status of a check; before it is watched, what it was in the last run. One that is not
   * known (deleted) never takes a record out.
   */
  isHealthy(id: string): boolean {
    return this.watched.get(id)?.healthy ?? this.options.lastStatus(id) ?? true;
  }

  /** What the statuses would be if some endpoints failed. Changes nothing. */
  hypothetical(fails: (check: HealthCheck) => boolean): { isHealthy(id: string): boolean } {
    const known = new Map<string, boolean>();
    const isHealthy = (id: string): boolean => {
      const before = known.get(id);
      const watched = this.watched.get(id);
      if (before !== undefined || watched === undefined) return before ?? this.isHealthy(id);
      known.set(id, watched.healthy);
      const { check } = watched;
      const children = check.config.ChildHealthChecks;
      let healthy = watched.healthy;
      if (fails(check)) healthy = statusOf(check.config, false);
      else if (children !== undefined) {
        const alive = children.filter(isHealthy).length;
        healthy = statusOf(
          check.config,
          isHealthyByChildren(alive, check.config.HealthThreshold ?? 0),
        );
      }
      known.set(id, healthy);
      return healthy;
    };
    return { isHealthy };
  }

  /** Watches a check, or takes over its new configuration with the votes it has. */
  set(check: HealthCheck): void {
    const known = this.watched.get(check.id);
    const votedHealthy = known !== undefined || this.votedHealthyAtFirst(check);
    const watched: Watched = known ?? {
      check,
      checkers: [],
      healthy: statusOf(check.config, this.statusElsewhere(check.config) ?? votedHealthy),
      removed: false,
    };
    const before = new Map(watched.checkers.map((checker) => [checker.ip, checker]));
    watched.check = check;
    watched.checkers = regionsOf(check.config).flatMap((region) =>
      (checkerAddresses[region] ?? []).map(
        (ip) => before.get(ip) ?? newChecker(watched, region, ip, votedHealthy),
      ),
    );
    for (const checker of before.values()) {
      if (!watched.checkers.includes(checker)) dismiss(checker);
    }
    this.watched.set(check.id, watched);
    for (const checker of watched.checkers) this.startOrStop(watched, checker);
    this.reconsider(watched);
    this.reconsiderParents(check.id, new Set([check.id]));
  }

  remove(id: string): void {
    const watched = this.watched.get(id);
    if (watched === undefined) return;
    watched.removed = true;
    for (const checker of watched.checkers) dismiss(checker);
    this.watched.delete(id);
    this.reconsiderParents(id, new Set());
  }

  /** A routing control was switched: what hangs on it is worked out again. */
  routingControlChanged(arn: string): void {
    for (const watched of this.watched.values()) {
      if (watched.check.config.RoutingControlArn === arn) this.reconsider(watched);
    }
  }

  stop(): void {
    this.stopped = true;
    for (const { checkers } of this.watched.values()) {
      for (const checker of checkers) dismiss(checker);
    }
  }

  /** Every check with each checker's vote. */
  states(): HealthCheckState[] {
    return [...this.watched.values()].map(stateOf);
  }

  state(id: string): HealthCheckState | undefined {
    const watched = this.watched.get(id);
    return watched === undefined ? undefined : stateOf(watched);
  }

  /** Last failures by checker, for GetHealthCheckLastFailureReason. */
  lastFailures(id: string): readonly CheckerState[] {
    const checkers = this.watched.get(id)?.checkers ?? [];
    return checkers
      .filter((checker) => checker.lastFailure !== undefined)
      .map((checker) => checkerState(checker, checker.lastFailure));
  }

  /** Healthy until there is data; after a restart, what led to the status that it had. */
  private votedHealthyAtFirst({ id, config }: HealthCheck): boolean {
    const status = this.options.lastStatus(id);
    return status === undefined || status !== (config.Inverted === true);
  }

  private startOrStop(watched: Watched, checker: Checker): void {
    if (watched.check.config.Disabled === true) dismiss(checker);
    else if (checker.first === undefined && checker.place.queue === undefined && !checker.probing) {
      const delayMs = this.random.float() * intervalMs(watched, this.options.timeScale);
      const label = `health-check ${watched.check.id} from ${checker.region}`;
      checker.first = this.options.io.timers.after(Math.max(1, Math.round(delayMs)), label, () => {
        checker.first = undefined;
        void this.probeOnce(checker);
      });
    }
  }

  /** Those that wait as long as the checkers of this check. */
  private turns(watched: Watched): Turns<Checker> {
    const { io, timeScale } = this.options;
    const waitMs = intervalMs(watched, timeScale);
    let turns = this.turnsByMs.get(waitMs);
    if (turns === undefined) {
      const label = `health-checks every ${waitMs} ms`;
      turns = new Turns(io, waitMs, label, (checker) => void this.probeOnce(checker));
      this.turnsByMs.set(waitMs, turns);
    }
    return turns;
  }

  private async probeOnce(checker: Checker): Promise<void> {
    const { watched } = checker;
    checker.probing = true;
    const result = await probe(watched.check, checker.region, this.context);
    checker.probing = false;
    if (this.stopped || watched.removed || !watched.checkers.includes(checker)) return;
    if (watched.check.config.Disabled === true) return;
    this.count(watched, checker, result);
    if (!this.stopped && !watched.removed) this.turns(watched).wait(checker);
  }

  private count(watched: Watched, checker: Checker, result: ProbeResult): void {
    const { io } = this.options;
    checker.last = { result, atMs: io.clock.wallMs() };
    if (!result.success) checker.lastFailure = checker.last;
    const before = checker.vote.healthy;
    const threshold = watched.check.config.FailureThreshold ?? 3;
    checker.vote = nextVote(checker.vote, result.success, threshold);
    const turns = checker.vote.healthy !== before;
    if (!turns && !isFirstDoubt(watched, checker)) return;
    io.probe.event(turns ? 'health-check-vote' : 'health-check-doubt', {
      id: watched.check.id,
      target: targetOf(watched.check.config),
      region: checker.region,
      checker: checker.ip,
      healthy: result.success,
      healthyVotes: watched.checkers.filter(({ vote }) => vote.healthy).length,
      votes: watched.checkers.length,
      status: result.status,
    });
    if (turns) this.reconsider(watched);
  }

  /** Works a status out again and tells where it has changed; then so for the checks above. */
  private reconsider(watched: Watched, seen: Set<string> = new Set()): void {
    const { id, config } = watched.check;
    if (seen.has(id)) return;
    seen.add(id);
    const healthy = statusOf(config, this.rawStatus(watched));
    if (healthy === watched.healthy) return;
    watched.healthy = healthy;
    const { healthyVotes, votes, target } = stateOf(watched);
    this.options.io.probe.event('health-check', { id, healthy, healthyVotes, votes, target });
    this.options.onChange(id, healthy);
    this.reconsiderParents(id, seen);
  }

  private reconsiderParents(id: string, seen: Set<string>): void {
    for (const parent of this.watched.values()) {
      if (parent.check.config.ChildHealthChecks?.includes(id) === true) {
        this.reconsider(parent, new Set(seen));
      }
    }
  }

  private rawStatus({ check, checkers }: Watched): boolean {
    const { config } = check;
    if (config.Type === 'CALCULATED') {
      const children = config.ChildHealthChecks ?? [];
      const healthy = children.filter((child) => this.isHealthy(child)).length;
      return isHealthyByChildren(healthy, config.HealthThreshold ?? 0);
    }
    const elsewhere = this.statusElsewhere(config);
    if (elsewhere !== undefined) return elsewhere;
    const healthy = checkers.filter(({ vote }) => vote.healthy).length;
    return isHealthyByVotes(healthy, checkers.length);
  }

  /** The status of a check that no checker probes for. */
  private statusElsewhere(config: HealthCheckConfig): boolean | undefined {
    if (config.Type === 'RECOVERY_CONTROL') {
      return this.options.routingControl(config.RoutingControlArn ?? '');
    }
    // No metrics reach this Route 53: the data are insufficient for ever, and the last known
    // status is the one that a new check has.
    if (config.Type !== 'CLOUDWATCH_METRIC') return undefined;
    return config.InsufficientDataHealthStatus !== 'Unhealthy';
  }
}

/** Whether a checker is the first to see otherwise while all of them vote as it does. */
function isFirstDoubt({ checkers }: Watched, { vote }: Checker): boolean {
  if (vote.against !== 1) return false;
  return (
    checkers.filter((each) => each.vote.against > 0).length === 1 &&
    checkers.every((each) => each.vote.healthy === vote.healthy)
  );
}

function intervalMs(watched: Watched, timeScale: number): number {
  return ((watched.check.config.RequestInterval ?? 30) * 1000) / timeScale;
}

/** It probes no more; what is under way changes nothing. */
function dismiss(checker: Checker): void {
  checker.first?.cancel();
  checker.first = undefined;
  checker.place.queue?.leave(checker);
}

function newChecker(watched: Watched, region: string, ip: string, healthy: boolean): Checker {
  return {
    watched,
    region,
    ip,
    vote: { healthy, against: 0 },
    last: undefined,
    lastFailure: undefined,
    first: undefined,
    place: newPlace(),
    probing: false,
  };
}

function regionsOf(config: HealthCheckConfig): readonly string[] {
  if (!isProbed(config.Type)) return [];
  return config.Regions ?? checkerRegions;
}
