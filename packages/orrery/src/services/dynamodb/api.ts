/**
 * What others may know of DynamoDB: the types of replication. The service serves, beside its AWS
 * API, the internal address `dynamodb-replica` (JSON bodies, POST only):
 *
 *   /changes   ChangesRequest  → ChangesResponse   this region's own writes after a cursor
 *   /snapshot  SnapshotRequest → SnapshotResponse  every item and tombstone, for a new replica
 *   /apply     ApplyRequest    → ApplyResponse     versions from elsewhere; answered after flush
 *   /conflicts {}              → ConflictsResponse losers of last-writer-wins, newest first
 *
 * Whose turn it is when two versions meet is decided in `replication/last-writer-wins.ts`.
 */

/** 16 hex digits of a hybrid logical clock: 12 of epoch milliseconds, 4 of a counter. */
export type HlcTimestamp = string;

/** What identifies a version of an item: later timestamp wins, ties go to the greater region id. */
export interface Version {
  readonly timestamp: HlcTimestamp;
  readonly region: string;
}

/**
 * Newest write of each region that a version has seen: its ancestors. Two versions are concurrent
 * where neither's vector holds the other.
 */
export type VersionVector = Readonly<Record<string, HlcTimestamp>>;

/** One version of one item on its way to a replica. */
export interface ItemVersion {
  /** The primary key as a JSON attribute map, `{"pk":{"S":"a"}}`, members in key-schema order. */
  readonly key: string;
  /** The whole item as a JSON attribute map; null for a tombstone. */
  readonly item: string | null;
  readonly version: Version;
  readonly vector: VersionVector;
}

export interface ChangesRequest {
  readonly tableName: string;
  /** Cursor: changes with a greater sequence number are returned. 0 for all that is kept. */
  readonly after: number;
  readonly limit: number;
  /** How long to wait for a change where there is none; 0 answers at once. */
  readonly waitMs: number;
  /** Changes at or below this were received by every peer and may be dropped. */
  readonly trimThrough: number;
}

export interface ChangesResponse {
  /** In sequence order, only flushed ones, coalesced per item (the newest version stands). */
  readonly changes: readonly ItemVersion[];
  /** The cursor after these changes. */
  readonly through: number;
  /** Sequence number of the newest change of this table: `head - through` are waiting. */
  readonly head: number;
}

export interface SnapshotRequest {
  readonly tableName: string;
  /** Opaque, from the previous response. */
  readonly start: string | null;
  readonly limit: number;
}

export interface SnapshotResponse {
  readonly versions: readonly ItemVersion[];
  readonly next: string | null;
  /** Cursor to follow with `/changes` from, valid for the whole snapshot. */
  readonly head: number;
}

export interface ApplyRequest {
  readonly tableName: string;
  readonly versions: readonly ItemVersion[];
}

export interface ApplyResponse {
  readonly applied: number;
  /** Already held, or older than what is held. */
  readonly stale: number;
  /** Of both kinds, the concurrent ones: each has a loser, recorded where it was detected. */
  readonly conflicts: number;
}

/** A write that lost: never silently out of sight. */
export interface Conflict {
  readonly tableName: string;
  readonly key: string;
  readonly winner: ConflictSide;
  readonly loser: ConflictSide;
  readonly detectedIn: string;
  readonly detectedAtMs: number;
}

export interface ConflictSide {
  readonly version: Version;
  /** Epoch milliseconds that the version's timestamp holds. */
  readonly writtenAtMs: number;
  readonly item: string | null;
}

export interface ConflictsResponse {
  readonly conflicts: readonly Conflict[];
  /** Counted since the store was made; the list is bounded, the count is not. */
  readonly total: number;
}
