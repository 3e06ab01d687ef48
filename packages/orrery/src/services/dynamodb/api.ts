/**
 * What others may know of DynamoDB: the types of replication, and of waiting for stream records. The
 * service serves, beside its AWS API, the internal address `dynamodb-replica` (JSON bodies, POST only):
 *
 *   /changes       ChangesRequest     → ApplyRequest + cursor headers  own writes after a cursor
 *   /snapshot      SnapshotRequest    → ApplyRequest + next header     everything, for a new replica
 *   /apply         ApplyRequest       → ApplyResponse      versions from elsewhere; after flush
 *   /conflicts     ConflictsRequest   → ConflictsResponse  losers of last-writer-wins, newest first
 *   /replicas      SetReplicasRequest → {}                 who holds the table; starts the log
 *   /tombstones    CollectRequest     → CollectResponse    forgets what every replica has deleted
 *   /time-to-live  TimeToLiveRequest  → {}                 the setting, the same in all replicas
 *   /gate          GateRequest        → {}                 the fault: refuses /apply from a peer
 *
 * Bodies of /changes and /snapshot are requests to /apply as they stand, so that whoever ships them
 * passes bytes on unread; what the shipper needs to know stands in headers.
 *
 * The internal address `dynamodb-streams` spares whoever reads a stream the polling:
 *
 *   /wait          StreamWaitRequest  → StreamWaitResponse  once there is something to read
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
  /** Where it stands in every replica: the item's key bytes without the table's id, base64. */
  readonly key: string;
  /** Version, vector, bar, body (`replication/version.ts`); a tombstone's body is its key. */
  readonly record: string;
  readonly deleted: boolean;
}

export interface ChangesRequest {
  readonly tableName: string;
  /** Cursor: changes with a greater sequence number are returned. 0 for all that is kept. */
  readonly after: number;
  readonly limit: number;
  /** How long to wait for a change where there is none; 0 answers at once. */
  readonly waitMs: number;
  /** How long a change that comes soon after the last ones waits for company: larger batches. */
  readonly lingerMs: number;
  /** Changes at or below this were received by every peer and may be dropped. */
  readonly trimThrough: number;
}

/**
 * Headers of an answer to /changes, besides the body: the changes in sequence order, only flushed
 * ones, coalesced per item (its present version stands for all its changes).
 */
export interface ChangesHeaders {
  /** The cursor after these changes. */
  readonly 'orrery-through': string;
  /** Sequence number of the newest change of this table: `head - through` are waiting. */
  readonly 'orrery-head': string;
  /** Item versions in the body. */
  readonly 'orrery-count': string;
  /** Timestamp of the oldest of these changes, before coalescing; absent where there is none. */
  readonly 'orrery-oldest'?: HlcTimestamp;
  /** Every own write stamped at or below this has a sequence number of at most `through`. */
  readonly 'orrery-stamped': HlcTimestamp;
}

export interface SnapshotRequest {
  readonly tableName: string;
  /** Opaque, from the header `orrery-next` of the previous page; null for the first. */
  readonly start: string | null;
  readonly limit: number;
}

export interface ApplyRequest {
  readonly tableName: string;
  readonly versions: readonly ItemVersion[];
  /** With the last page of a snapshot: what its source has seen and forgotten since. */
  readonly floor?: VersionVector;
}

export interface ApplyResponse {
  readonly applied: number;
  /** Already held, or older than what is held. */
  readonly stale: number;
  /** Of both kinds, the concurrent ones: each has a loser, recorded where it was detected. */
  readonly conflicts: number;
  /** Time from the request to the flushed answer, for whoever measures the way. */
  readonly tookUs: number;
}

/** A region that holds the table, this one included, with DynamoDB's name for its state. */
export interface ReplicaOfTable {
  readonly region: string;
  readonly status: string;
}

export interface SetReplicasRequest {
  readonly tableName: string;
  /** None: the table is regional from now on, its change log is dropped. */
  readonly replicas: readonly ReplicaOfTable[];
}

export interface CollectRequest {
  readonly tableName: string;
  /** Tombstones younger than this stay. */
  readonly keepMs: number;
  /**
   * Of each other replica: its own writes stamped at or below are all here. Of this region: its own
   * writes stamped at or below are all there.
   */
  readonly frontier: VersionVector;
}

export interface CollectResponse {
  readonly collected: number;
}

export interface TimeToLiveRequest {
  readonly tableName: string;
  /** Null turns it off. */
  readonly attribute: string | null;
}

/** `*` stands for all. */
export interface GateRequest {
  readonly tableName: string;
  readonly peer: string;
  readonly closed: boolean;
}

export interface ConflictsRequest {
  /** At most 10,000; 100 where absent. */
  readonly limit?: number;
  readonly tableName?: string;
}

/** A write that lost: never silently out of sight. */
export interface Conflict {
  readonly tableName: string;
  /** The primary key as a JSON attribute map, `{"pk":{"S":"a"}}`. */
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

export interface StreamWaitRequest {
  readonly streamArn: string;
  /** Sequence number of the last record that was read, or empty: there was none. */
  readonly after: string;
  /** How long to wait for another one; 0 answers at once. At most 30 seconds count. */
  readonly waitMs: number;
}

export interface StreamWaitResponse {
  /** Of the newest record, or of the end of a closed shard; empty where the stream never had one. */
  readonly head: string;
}
