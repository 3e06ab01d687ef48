/**
 * UpdateTable: capacity, class, protection, encryption, stream, and global indexes here; replicas are
 * the affair of `global-tables`, which is asked over the network and answers for it.
 */
import type { UpdateTableInput } from '@aws-sdk/client-dynamodb';
import { requestJson } from '../../../endpoint/internal-json.ts';
import { notBuilt, resourceInUse, validationError } from '../errors.ts';
import { isReplicated, nextStreamLabel, type StoredTable } from '../storage/stored-table.ts';
import { type ControlPlane, existingTable } from './control-plane.ts';
import { streamViewOf } from './create-table.ts';
import { type Changed, inNewMode, withIndexes } from './index-updates.ts';
import { refuseVectorIndexes, throughputOf } from './schema-checks.ts';
import { describe } from './table-description.ts';
import {
  countedDecrease,
  onDemandLimitsOf,
  raisedWarmThroughput,
  refuseUnchanged,
  warmThroughputOf,
} from './table-settings.ts';
import { checkUpdate } from './update-checks.ts';

const replicaDeadlineMs = 15_000;

export async function updateTable(plane: ControlPlane, input: UpdateTableInput): Promise<object> {
  checkUpdate(input);
  const table = existingTable(plane, input.TableName);
  if (input.MultiRegionConsistency === 'STRONG') {
    throw notBuilt('A global table with strong consistency');
  }
  if (input.GlobalTableWitnessUpdates !== undefined) {
    throw notBuilt('A witness of a global table');
  }
  refuseVectorIndexes(input, 'VectorIndexUpdates');
  if (input.DisassociationProtectionEnabled === true) {
    throw notBuilt('DisassociationProtectionEnabled');
  }
  if (input.ReplicaUpdates !== undefined && input.ReplicaUpdates.length > 0) {
    return updateReplicas(plane, table, input);
  }
  if (table.status !== 'ACTIVE') {
    const doing = { CREATING: 'created', UPDATING: 'updated', DELETING: 'deleted' }[table.status];
    throw resourceInUse(
      'Attempt to change a resource which is still in use: Table is being ' +
        `${doing}: ${table.name}`,
    );
  }
  const { next, droppedIndex } = change(plane, table, input);
  const updating = { ...next, status: 'UPDATING' as const };
  switchStream(plane, table, updating);
  if (droppedIndex !== undefined) {
    plane.catalog.dropIndex(updating, droppedIndex);
    plane.lifecycle.purge();
  }
  const description = describe(updating, plane.region, plane.storage.counts.of(table.id));
  const dropped = table.indexes.find(({ id }) => id === droppedIndex);
  for (const index of description.GlobalSecondaryIndexes ?? []) {
    if (index.IndexName === dropped?.name) index.IndexStatus = 'DELETING';
  }
  plane.lifecycle.settle(table.name);
  return { TableDescription: description };
}

/** Replaces the table; its stream is turned on or off in the same transaction. */
function switchStream({ catalog, storage }: ControlPlane, old: StoredTable, now: StoredTable) {
  const { streams } = storage;
  catalog.replace(now, (transaction) => {
    if (old.streamView === now.streamView) return;
    if (now.streamView === undefined) streams.disable(transaction, now.id);
    else streams.enable(transaction, now);
  });
  if (old.streamView !== now.streamView) streams.refresh();
}

async function updateReplicas(
  plane: ControlPlane,
  table: StoredTable,
  input: UpdateTableInput,
): Promise<object> {
  const to = { region: plane.region, service: 'global-tables' };
  const body = { tableName: table.name, updates: input.ReplicaUpdates };
  await requestJson(plane.io.network, to, '/replica-updates', body, {
    deadlineMs: replicaDeadlineMs,
  });
  const now = existingTable(plane, table.name);
  return {
    TableDescription: {
      ...describe(now, plane.region, plane.storage.counts.of(table.id)),
      TableStatus: 'UPDATING',
    },
  };
}

function change(plane: ControlPlane, table: StoredTable, input: UpdateTableInput): Changed {
  const nowMs = plane.io.clock.wallMs();
  let next = withCapacity(table, input, nowMs);
  next = withStream(next, input, nowMs);
  next = withLimits(next, input);
  if (input.TableClass !== undefined && input.TableClass !== (table.tableClass ?? 'STANDARD')) {
    next = { ...next, tableClass: input.TableClass, tableClassUpdatedMs: nowMs };
  }
  if (input.DeletionProtectionEnabled !== undefined) {
    next = { ...next, deletionProtection: input.DeletionProtectionEnabled };
  }
  if (input.SSESpecification !== undefined) {
    const { Enabled: enabled, KMSMasterKeyId: keyArn } = input.SSESpecification;
    next = { ...next, sse: enabled === true ? { type: 'KMS', keyArn } : undefined };
  }
  const { next: indexed, droppedIndex } = withIndexes(next, input);
  const changed = indexed.billingMode === table.billingMode ? indexed : inNewMode(indexed);
  return { next: changed, droppedIndex };
}

function withCapacity(table: StoredTable, input: UpdateTableInput, nowMs: number): StoredTable {
  const { BillingMode: mode, ProvisionedThroughput: given } = input;
  if (mode === undefined && given === undefined) return table;
  const billingMode = mode ?? table.billingMode;
  const throughput =
    billingMode === 'PROVISIONED' && given === undefined && table.billingMode === 'PROVISIONED'
      ? table.throughput
      : throughputOf(billingMode, given);
  if (mode === undefined) refuseUnchanged('table', table.throughput, throughput);
  const becomesOnDemand = billingMode === 'PAY_PER_REQUEST' && table.billingMode !== billingMode;
  return {
    ...table,
    billingMode,
    throughput,
    ...countedDecrease(table, throughput, nowMs),
    onDemandSinceMs: becomesOnDemand ? nowMs : table.onDemandSinceMs,
  };
}

function withLimits(table: StoredTable, input: UpdateTableInput): StoredTable {
  const { billingMode, throughput, warmThroughput: before } = table;
  const warm = input.WarmThroughput;
  return {
    ...table,
    onDemandLimits: onDemandLimitsOf(billingMode, input.OnDemandThroughput, table.onDemandLimits),
    warmThroughput:
      warm === undefined
        ? before
        : raisedWarmThroughput(warmThroughputOf(billingMode, throughput, before), warm),
  };
}

function withStream(table: StoredTable, input: UpdateTableInput, nowMs: number): StoredTable {
  if (input.StreamSpecification === undefined) return table;
  const streamView = streamViewOf(input.StreamSpecification);
  if (streamView !== undefined) {
    if (table.streamView !== undefined) {
      throw validationError(`Table already has an enabled stream: TableName: ${table.name}`);
    }
    return { ...table, streamView, streamLabel: nextStreamLabel(table, nowMs) };
  }
  if (isReplicated(table)) {
    throw validationError(
      'Cannot disable the stream of a table that has replicas in other regions',
    );
  }
  if (table.streamView === undefined) {
    throw validationError(`Table has no stream to disable: TableName: ${table.name}`);
  }
  return { ...table, streamView: undefined };
}
