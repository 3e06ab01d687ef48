/**
 * What console and CLI may ask of a running cloud: the types of the admin interface. The HTTP side
 * is `admin.ts`; who answers is the composition root.
 */
import type { Fault, FaultSpec } from '../faults/fault.ts';
import type { Remembered, ResolverSettings } from '../regions/client-resolver.ts';
import type { LogAnswer, LogQuery } from '../regions/logs.ts';
import type { LatencySetting } from '../regions/options.ts';
import type { Conflict } from '../services/dynamodb/api.ts';
import type { RoutingControlState, World } from '../services/route53/api.ts';
import type { TraceEvent } from '../trace/recorder.ts';
import type { Timeline } from '../trace/timeline.ts';

export interface ExplainQuestion {
  readonly name: string;
  readonly type: string;
  /** Where the client is: a place, */
  readonly place?: string;
  /** or an address or subnet; */
  readonly ip?: string;
  /** for private zones the VPC that it is in: an id, or a region for all there. */
  readonly vpc?: string;
  /** Regions and health checks that are taken as failed for this question. */
  readonly down: readonly string[];
}

export type WorldQuestion = Pick<ExplainQuestion, 'name' | 'type' | 'down'>;

export type RegionState = 'starting' | 'running' | 'hung' | 'down';

/** How one table of one region stands towards one peer. Times in milliseconds. */
export interface ReplicationStatus {
  readonly tableName: string;
  readonly peer: string;
  readonly queueDepth: number;
  readonly lagMs: number;
  readonly paused: boolean;
  readonly lastError: string | null;
}

export interface RegionStatus {
  readonly id: string;
  readonly name: string;
  readonly state: RegionState;
  readonly ip: string;
  readonly endpoint: string;
  readonly pid: number | null;
  readonly dataDir: string;
  readonly replication: readonly ReplicationStatus[];
}

export interface HealthCheckStatus {
  readonly id: string;
  readonly target: string;
  readonly healthy: boolean;
  readonly healthyVotes: number;
  readonly votes: number;
  readonly lastFailure: string | null;
}

export interface CloudStatus {
  readonly version: string;
  readonly pid: number;
  readonly startedAtMs: number;
  readonly endpoint: string;
  readonly dns: string;
  readonly proxy: string;
  readonly admin: string;
  readonly timeScale: number;
  readonly latency: LatencySetting;
  readonly app: string | null;
  /** Names with address records in the hosted zones: what clients of the app ask for. */
  readonly hostNames: readonly string[];
  readonly regions: readonly RegionStatus[];
  readonly healthChecks: readonly HealthCheckStatus[];
  readonly faults: readonly Fault[];
  readonly resolver: ResolverStatus;
}

/** How the resolvers of clients are set, and the newest things that they remember. */
export interface ResolverStatus extends ResolverSettings {
  readonly lookups: readonly Remembered[];
}

/** A list from all regions, and the regions that could not be asked. */
export interface Gathered<T> {
  readonly items: readonly T[];
  readonly unreachable: readonly string[];
}

/** What was asked cannot be done; the message says why and is for the caller. */
export class ControlError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ControlError';
  }
}

export interface DeployedStack {
  readonly name: string;
  readonly region: string;
  readonly action: string;
  readonly outputs: Readonly<Record<string, string>>;
}

/** What the admin interface can have done. Throws `FaultError` or `ControlError`. */
export interface CloudControl {
  status(): Promise<CloudStatus>;
  startFault(spec: FaultSpec): Promise<Fault>;
  stopFault(which: { id: string } | { action: string; targets: readonly string[] }): Promise<Fault>;
  conflicts(limit: number): Promise<Gathered<Conflict>>;
  logs(query: LogQuery): Promise<LogAnswer>;
  /** Events after a sequence number of the edge's own trace. */
  events(after: number, limit: number): readonly TraceEvent[];
  /** Faults, votes, changes of answers and what clients lived through, put together. */
  timeline(): Timeline;
  /** What the resolvers of clients remember, newest first. */
  lookups(limit: number): readonly Remembered[];
  /** Route 53's decision for a name, type and place, as data. */
  explain(question: ExplainQuestion): Promise<unknown>;
  /** The same for every place, without the reasons. */
  world(question: WorldQuestion): Promise<World>;
  routingControls(): Promise<readonly RoutingControlState[]>;
  /** By ARN, the end of an ARN, or the id of a health check that follows it. */
  setRoutingControl(name: string, on: boolean): Promise<RoutingControlState>;
  /** Synthesizes and deploys an app (the one that runs, where none is named) to what runs now. */
  deploy(path: string | undefined): Promise<readonly DeployedStack[]>;
  /** Deletes the stacks of the app that runs. */
  destroy(): Promise<readonly DeployedStack[]>;
  /** Stops every region, deletes all data and starts again, the app included. */
  reset(): Promise<void>;
}
