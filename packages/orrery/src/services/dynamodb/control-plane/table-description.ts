/**
 * Owns: a stored table as DescribeTable shows it. Pure.
 */
import type {
  GlobalSecondaryIndexDescription,
  KeySchemaElement,
  LocalSecondaryIndexDescription,
  Projection,
  ReplicaDescription,
  TableDescription,
} from '@aws-sdk/client-dynamodb';
import type { TableCount } from '../storage/item-counts.ts';
import {
  isReplicated,
  type KeyParts,
  partitionKeysOf,
  type StoredIndex,
  type StoredTable,
  sortKeysOf,
  statusIn,
  type Throughput,
} from '../storage/stored-table.ts';

import { onDemandDescription, warmThroughputOf } from './table-settings.ts';

/** Timestamps are epoch milliseconds, as everywhere between operations and the endpoint. */
type Described = Omit<
  TableDescription,
  'CreationDateTime' | 'BillingModeSummary' | 'TableClassSummary' | 'RestoreSummary'
> & {
  CreationDateTime: number;
  BillingModeSummary?: object;
  TableClassSummary?: object;
  RestoreSummary?: object;
};

const nothing: TableCount = { items: 0, bytes: 0, indexes: new Map() };

/** `count` is that of its items; a table that is only just being made has none. */
export function describe(
  table: StoredTable,
  region: string,
  count: TableCount = nothing,
): Described {
  const { streamView } = table;
  const local = table.indexes.filter(({ kind }) => kind === 'LOCAL');
  const global = table.indexes.filter(({ kind }) => kind === 'GLOBAL');
  return {
    AttributeDefinitions: table.attributes.map(({ name, type }) => ({
      AttributeName: name,
      AttributeType: type,
    })),
    TableName: table.name,
    KeySchema: keySchema(table),
    TableStatus: statusIn(table, region),
    CreationDateTime: table.createdMs,
    ProvisionedThroughput: throughput(table.throughput, table.throughputDecreases),
    TableSizeBytes: count.bytes,
    ItemCount: count.items,
    TableArn: table.arn,
    TableId: table.tableId,
    ...(table.onDemandSinceMs !== undefined && {
      BillingModeSummary: {
        BillingMode: table.billingMode,
        LastUpdateToPayPerRequestDateTime: table.onDemandSinceMs,
      },
    }),
    ...(local.length > 0 && {
      LocalSecondaryIndexes: local.map((one) => localIndex(table, one, count)),
    }),
    ...(global.length > 0 && {
      GlobalSecondaryIndexes: global.map((one) => globalIndex(table, one, count)),
    }),
    ...(streamView !== undefined && {
      StreamSpecification: {
        StreamEnabled: true,
        StreamViewType: streamView as 'NEW_AND_OLD_IMAGES',
      },
    }),
    ...streamNames(table),
    ...(isReplicated(table) && {
      GlobalTableVersion: '2019.11.21',
      Replicas: replicas(table, region),
    }),
    ...(table.sse !== undefined && {
      SSEDescription: {
        Status: 'ENABLED',
        SSEType: table.sse.type as 'KMS',
        ...(table.sse.keyArn !== undefined && { KMSMasterKeyArn: table.sse.keyArn }),
      },
    }),
    ...(table.tableClass !== undefined && {
      TableClassSummary: {
        TableClass: table.tableClass,
        ...(table.tableClassUpdatedMs !== undefined && {
          LastUpdateDateTime: table.tableClassUpdatedMs,
        }),
      },
    }),
    ...(table.restored !== undefined && {
      RestoreSummary: {
        SourceBackupArn: table.restored.backupArn,
        SourceTableArn: table.restored.sourceArn,
        RestoreDateTime: table.restored.restoredMs,
        RestoreInProgress: table.restored.inProgress,
      },
    }),
    ...onDemandDescription(table.onDemandLimits),
    WarmThroughput: warmth(table, table.throughput, table),
    DeletionProtectionEnabled: table.deletionProtection,
  };
}

export function keySchema(keys: KeyParts): KeySchemaElement[] {
  return [
    ...partitionKeysOf(keys).map(({ name }) => ({ AttributeName: name, KeyType: 'HASH' as const })),
    ...sortKeysOf(keys).map(({ name }) => ({ AttributeName: name, KeyType: 'RANGE' as const })),
  ];
}

function streamNames(table: StoredTable): { LatestStreamLabel?: string; LatestStreamArn?: string } {
  const label = table.streamLabel;
  if (label === undefined) return {};
  return { LatestStreamLabel: label, LatestStreamArn: `${table.arn}/stream/${label}` };
}

function replicas(table: StoredTable, region: string): ReplicaDescription[] {
  return table.replicas
    .filter((replica) => replica.region !== region)
    .map((replica) => ({
      RegionName: replica.region,
      ReplicaStatus: replica.status as 'ACTIVE',
      ReplicaArn: table.arn.replace(`:${region}:`, `:${replica.region}:`),
    }));
}

function localIndex(
  table: StoredTable,
  index: StoredIndex,
  count: TableCount,
): LocalSecondaryIndexDescription {
  const { items, bytes } = count.indexes.get(index.id) ?? nothing;
  return {
    IndexName: index.name,
    KeySchema: keySchema(index),
    Projection: projection(index),
    IndexSizeBytes: bytes,
    ItemCount: items,
    IndexArn: `${table.arn}/index/${index.name}`,
  };
}

function globalIndex(
  table: StoredTable,
  index: StoredIndex,
  count: TableCount,
): GlobalSecondaryIndexDescription {
  const making = index.backfilling || table.status === 'CREATING';
  return {
    ...localIndex(table, index, count),
    IndexStatus: making ? 'CREATING' : 'ACTIVE',
    ...(index.backfilling && { Backfilling: true }),
    ProvisionedThroughput: throughput(index.throughput ?? none, 0),
    ...onDemandDescription(index.onDemandLimits),
    WarmThroughput: warmth(table, index.throughput ?? none, index),
  };
}

function warmth(
  { billingMode, status }: StoredTable,
  units: Throughput,
  { warmThroughput }: Pick<StoredTable, 'warmThroughput'>,
) {
  const { reads, writes } = warmThroughputOf(billingMode, units, warmThroughput);
  const now = status === 'UPDATING' ? ('UPDATING' as const) : ('ACTIVE' as const);
  return { ReadUnitsPerSecond: reads, WriteUnitsPerSecond: writes, Status: now };
}

const none: Throughput = { readCapacityUnits: 0, writeCapacityUnits: 0 };

function throughput(units: Throughput, decreases: number) {
  return {
    NumberOfDecreasesToday: decreases,
    ReadCapacityUnits: units.readCapacityUnits,
    WriteCapacityUnits: units.writeCapacityUnits,
  };
}

function projection({ projection: { type, nonKeyAttributes } }: StoredIndex): Projection {
  return {
    ProjectionType: type,
    ...(nonKeyAttributes.length > 0 && { NonKeyAttributes: [...nonKeyAttributes] }),
  };
}
