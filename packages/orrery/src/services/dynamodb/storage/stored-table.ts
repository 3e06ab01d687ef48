/**
 * Owns: what is kept of a table besides its items. Plain data, stored as JSON.
 * Refuses to own: how it is shown (`control-plane/table-description.ts`) and where it is kept
 * (`table-catalog.ts`).
 */
import type { KeyAttribute, KeyLayout } from './key-encoding.ts';

export type TableStatus = 'CREATING' | 'ACTIVE' | 'UPDATING' | 'DELETING';

export interface Throughput {
  readonly readCapacityUnits: number;
  readonly writeCapacityUnits: number;
}

/** Units per second that can be taken at once. */
export interface StoredWarmThroughput {
  readonly reads: number;
  readonly writes: number;
}

/** Units per second at most; -1 for no limit. */
export interface StoredOnDemandLimits {
  readonly reads: number;
  readonly writes: number;
}

export interface Projection {
  readonly type: 'ALL' | 'KEYS_ONLY' | 'INCLUDE';
  readonly nonKeyAttributes: readonly string[];
}

/** The key of a table or index. Only that of a global index has further attributes. */
export interface KeyParts extends Pick<KeyLayout, 'partitionKey' | 'sortKey'> {
  readonly furtherPartitionKeys?: readonly KeyAttribute[];
  readonly furtherSortKeys?: readonly KeyAttribute[];
}

export function partitionKeysOf(keys: KeyParts): readonly KeyAttribute[] {
  const { partitionKey, furtherPartitionKeys: further } = keys;
  return further === undefined ? [partitionKey] : [partitionKey, ...further];
}

export function sortKeysOf(keys: KeyParts): readonly KeyAttribute[] {
  const { sortKey, furtherSortKeys: further } = keys;
  if (sortKey === undefined) return [];
  return further === undefined ? [sortKey] : [sortKey, ...further];
}

/** All key attributes in the order of the key schema. */
export function keyAttributes(keys: KeyParts): readonly KeyAttribute[] {
  return [...partitionKeysOf(keys), ...sortKeysOf(keys)];
}

/** A secondary index. Ids are never used twice in a table. */
export interface StoredIndex extends KeyParts {
  readonly id: number;
  readonly name: string;
  readonly kind: 'LOCAL' | 'GLOBAL';
  readonly projection: Projection;
  readonly throughput: Throughput | undefined;
  readonly warmThroughput?: StoredWarmThroughput | undefined;
  readonly onDemandLimits?: StoredOnDemandLimits | undefined;
  /** Entries of items that were there before the index are still being made. */
  readonly backfilling: boolean;
  /**
   * Of a local index: the table's sort key, by which items with the same key of the index are ordered.
   * Indexes that are older than this have none.
   */
  readonly tieKey?: KeyAttribute | undefined;
}

/** Time to Live that is on, and its index of expiry times (`expiry-index.ts`). */
export interface StoredTimeToLive {
  readonly attribute: string;
  /** Of the same numbers as secondary indexes. */
  readonly indexId: number;
  /** Entries of items that were there before are still being made. */
  readonly filling: boolean;
}

export interface StoredReplica {
  readonly region: string;
  /** As DynamoDB names them: CREATING, ACTIVE, DELETING, … */
  readonly status: string;
}

export interface StoredPolicy {
  readonly policy: string;
  readonly revisionId: string;
}

/** Contributor Insights, as it was last switched. */
export interface StoredInsights {
  readonly enabled: boolean;
  readonly mode: string;
  readonly changedMs: number;
}

export interface StoredRestore {
  readonly backupArn: string;
  readonly sourceArn: string;
  readonly restoredMs: number;
  readonly inProgress: boolean;
}

export interface StoredTable extends KeyLayout {
  readonly name: string;
  readonly arn: string;
  readonly tableId: string;
  readonly createdMs: number;
  readonly status: TableStatus;
  readonly billingMode: 'PROVISIONED' | 'PAY_PER_REQUEST';
  /** When it last became on-demand, if ever. */
  readonly onDemandSinceMs: number | undefined;
  readonly throughput: Throughput;
  /** On the UTC day of the last decrease. */
  readonly throughputDecreases: number;
  readonly decreasedMs?: number | undefined;
  /** What was asked for, beyond what the capacity mode gives. */
  readonly warmThroughput?: StoredWarmThroughput | undefined;
  readonly onDemandLimits?: StoredOnDemandLimits | undefined;
  /** In the order in which the caller gave them. */
  readonly attributes: readonly KeyAttribute[];
  readonly indexes: readonly StoredIndex[];
  readonly nextIndexId: number;
  /** View type of the stream; undefined while it is off. */
  readonly streamView: string | undefined;
  /** Of the newest stream, also after it was turned off. */
  readonly streamLabel: string | undefined;
  readonly tableClass: string | undefined;
  readonly tableClassUpdatedMs: number | undefined;
  readonly deletionProtection: boolean;
  readonly sse: { readonly type: string; readonly keyArn: string | undefined } | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly timeToLive: StoredTimeToLive | undefined;
  /** Kept and shown, not enforced. */
  readonly resourcePolicy?: StoredPolicy;
  /** The same of its streams, by their labels. */
  readonly streamPolicies?: Readonly<Record<string, StoredPolicy>>;
  /** By the names of indexes; the table's own stands under the empty name. */
  readonly insights?: Readonly<Record<string, StoredInsights>>;
  /** Days that point-in-time recovery would reach back, and since when; undefined while it is off. */
  readonly pointInTimeRecovery?: { readonly days: number; readonly sinceMs: number } | undefined;
  /** Where its items came from, if from a backup. */
  readonly restored?: StoredRestore;
  /** The other regions' copies and this one, as the global control plane told us; mostly empty. */
  readonly replicas: readonly StoredReplica[];
  /** Set while writes from before it had replicas are still being put into its change log. */
  readonly logsEarlier?: boolean;
}

/** Whether local writes leave tombstones and change-log entries. */
export function isReplicated(table: StoredTable): boolean {
  return table.replicas.length > 0;
}

/**
 * Its status as this region's clients see it: a replica that is still being filled is CREATING and
 * serves nothing; a table that is getting a replica elsewhere is UPDATING and serves on.
 */
export function statusIn(table: StoredTable, region: string): TableStatus {
  if (table.status !== 'ACTIVE' || table.replicas.length === 0) return table.status;
  let status: TableStatus = 'ACTIVE';
  for (const replica of table.replicas) {
    if (replica.status !== 'CREATING') continue;
    if (replica.region === region) return 'CREATING';
    status = 'UPDATING';
  }
  return status;
}

export function isKeyAttribute(table: KeyLayout, name: string): boolean {
  return name === table.partitionKey.name || name === table.sortKey?.name;
}

/** Label of a stream that is turned on at that time: ISO 8601 without the zone. */
export function streamLabel(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, -1);
}

/** Label of the table's next stream, which none before it had. */
export function nextStreamLabel({ streamLabel: label }: StoredTable, nowMs: number): string {
  return streamLabel(label === undefined ? nowMs : Math.max(nowMs, Date.parse(`${label}Z`) + 1));
}
