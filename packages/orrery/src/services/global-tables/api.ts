/**
 * What others may know of global tables. The service has no AWS model of its own: clients reach it
 * through DynamoDB's UpdateTable. It serves the internal address `global-tables` (JSON, POST):
 *
 *   /replica-updates  ReplicaUpdatesRequest → {}        what UpdateTable's ReplicaUpdates asks for
 *   /status           {tableName?} → StatusResponse     per table and peer
 *   /pause            PauseRequest → PauseResponse      the fault: in and out of this region
 *   /conflicts        {limit?} → dynamodb's ConflictsResponse  this region's list
 *   /members          MembersMessage → MembersMessage   between the members of a table
 *   /delivered        DeliveredRequest → DeliveredResponse     between the members of a table
 */

export type ReplicaStatus = 'CREATING' | 'ACTIVE' | 'DELETING';

/** One region's part in a table. Later epochs replace earlier ones; ties go to the greater `by`. */
export interface Member {
  readonly region: string;
  /** GONE keeps the epoch of a member that left, so that old news does not bring it back. */
  readonly status: ReplicaStatus | 'GONE';
  readonly epoch: number;
  /** The region whose control plane said so. */
  readonly by: string;
}

export interface MembersMessage {
  readonly tableName: string;
  readonly members: readonly Member[];
}

/** As UpdateTable's `ReplicaUpdates`: exactly one of the three actions in each. */
export interface ReplicaUpdate {
  readonly Create?: { readonly RegionName?: string };
  readonly Update?: { readonly RegionName?: string };
  readonly Delete?: { readonly RegionName?: string };
}

export interface ReplicaUpdatesRequest {
  readonly tableName: string;
  readonly updates: readonly ReplicaUpdate[];
}

/** Stops (or resumes) replication in both directions between this region and a peer. */
export interface PauseRequest {
  /** `*` or absent: every table. */
  readonly tableName?: string;
  /** `*` or absent: every peer. */
  readonly peer?: string;
  readonly paused: boolean;
}

export interface PauseRule {
  readonly tableName: string;
  readonly peer: string;
}

export interface PauseResponse {
  readonly rules: readonly PauseRule[];
}

export interface StatusResponse {
  readonly region: string;
  readonly tables: readonly TableStatus[];
}

export interface TableStatus {
  readonly tableName: string;
  readonly members: readonly Member[];
  readonly peers: readonly PeerStatus[];
}

export type ShipperState = 'streaming' | 'retrying' | 'paused' | 'stopped';

/** Replication from this region to one peer. */
export interface PeerStatus {
  readonly peer: string;
  readonly state: ShipperState;
  readonly paused: boolean;
  /** Changes that the peer has not acknowledged, before coalescing. */
  readonly queueDepth: number;
  /** Age of the oldest of them, by this region's wall clock; 0 where there is none. */
  readonly lagMs: number;
  /** Sequence number through which the peer has acknowledged every change. */
  readonly cursor: number;
  readonly batchesInFlight: number;
  readonly replicationLatencyMs: LatencySummary;
  readonly lastError: string | null;
}

/**
 * From the commit here to the flushed commit there: arrival of the acknowledgement minus half of
 * what the round trip took beyond the peer's own work, all by this region's clock. Of each batch
 * the oldest change counts. Null before the first batch.
 */
export interface LatencySummary {
  readonly last: number | null;
  readonly p50: number | null;
  readonly p99: number | null;
  /** Batches measured since the process started; the percentiles are over the last 1,024. */
  readonly batches: number;
}

/** How far this region's own writes have reached `peer`. */
export interface DeliveredRequest {
  readonly tableName: string;
  readonly peer: string;
}

export interface DeliveredResponse {
  /** Every own write stamped at or below was acknowledged by the peer. */
  readonly through: string;
}
