/**
 * UpdateTable: capacity, class, protection, encryption, stream, and global indexes here; replicas are
 * the affair of `global-tables`, which is asked over the network and answers for it.
 */
import type { GlobalSecondaryIndexUpdate, UpdateTableInput } from '@aws-sdk/client-dynamodb';
import { requestJson } from '../../../endpoint/internal-json.ts';
import { limitExceeded, notBuilt, resourceInUse, validationError } from '../errors.ts';
import {
  isReplicated,
  nextStreamLabel,
  type StoredIndex,
  type StoredTable,
} from '../storage/stored-table.ts';
import type { KeyType } from '../values/attribute-value.ts';
import { type ControlPlane, existingTable } from './control-plane.ts';
import { streamViewOf } from './create-table.ts';
import { checkCapacityGiven, checkProjectedCount, globalIndex } from './index-checks.ts';
import { refuseVectorIndexes, throughputOf } from './schema-checks.ts';
import { describe } from './table-description.ts';
import {
  countedDecrease,
  onDemandLimitsOf,
  raisedWarmThroughput,
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

interface Changed {
  readonly next: StoredTable;
  readonly droppedIndex: number | undefined;
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
  const same =
    throughput.readCapacityUnits === table.throughput.readCapacityUnits &&
    throughput.writeCapacityUnits === table.throughput.writeCapacityUnits;
  if (same && mode === undefined) {
    throw validationError(
      'The provisioned throughput for the table will not change. The requested value equals the ' +
        `current value. Current ReadCapacityUnits provisioned for the table: ` +
        `${table.throughput.readCapacityUnits}. Requested ReadCapacityUnits: ` +
        `${throughput.readCapacityUnits}. Current WriteCapacityUnits provisioned for the table: ` +
        `${table.throughput.writeCapacityUnits}. Requested WriteCapacityUnits: ` +
        `${throughput.writeCapacityUnits}. Refer to the Amazon DynamoDB Developer Guide for ` +
        'current limits and how to request higher limits.',
    );
  }
  const becomesOnDemand = billingMode === 'PAY_PER_REQUEST' && table.billingMode !== billingMode;
  return {
    ...table,
    billingMode,
    throughput,
    ...countedDecrease(table, throughput, nowMs),
    onDemandSinceMs: becomesOnDemand ? nowMs : table.onDemandSinceMs,
  };
}

/** The indexes of a table whose billing has just changed. */
function inNewMode(table: StoredTable): StoredTable {
  const { billingMode } = table;
  const indexes = table.indexes.map((index): StoredIndex => {
    if (index.kind === 'LOCAL') return index;
    if (billingMode === 'PAY_PER_REQUEST') {
      return { ...index, throughput: throughputOf(billingMode, undefined) };
    }
    const has = (index.throughput?.readCapacityUnits ?? 0) > 0;
    checkCapacityGiven(index.name, billingMode, has ? index.throughput : undefined);
    return { ...index, onDemandLimits: undefined };
  });
  return { ...table, indexes };
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
      throw resourceInUse(`Table already has an enabled stream: ${table.name}`);
    }
    return { ...table, streamView, streamLabel: nextStreamLabel(table, nowMs) };
  }
  if (isReplicated(table)) {
    throw validationError(
      'Cannot disable the stream of a table that has replicas in other regions',
    );
  }
  if (table.streamView === undefined) {
    throw validationError(`Table is already in desired state: stream is disabled: ${table.name}`);
  }
  return { ...table, streamView: undefined };
}

function withIndexes(table: StoredTable, input: UpdateTableInput): Changed {
  const updates = input.GlobalSecondaryIndexUpdates ?? [];
  const [created, deleted] = [updates.filter((u) => u.Create), updates.filter((u) => u.Delete)];
  if (created.length + deleted.length > 1) {
    throw limitExceeded(
      'Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously ' +
        'per table',
    );
  }
  let next = table;
  let droppedIndex: number | undefined;
  for (const update of updates) {
    if (update.Create !== undefined) next = withIndex(next, update, input);
    else if (update.Update !== undefined) next = withIndexCapacity(next, update);
    else droppedIndex = indexNamed(next, update.Delete?.IndexName).id;
  }
  return { next, droppedIndex };
}

function withIndex(
  table: StoredTable,
  { Create: create }: GlobalSecondaryIndexUpdate,
  input: UpdateTableInput,
): StoredTable {
  // Attributes that the table has already must be defined once more.
  const definitions = input.AttributeDefinitions ?? [];
  const index = globalIndex(
    create ?? { IndexName: undefined, KeySchema: undefined, Projection: undefined },
    definitions,
    table.billingMode,
    table.indexes,
    table.nextIndexId,
  );
  const indexes = [...table.indexes, { ...index, backfilling: true }];
  checkProjectedCount(indexes);
  const names = new Set(table.attributes.map(({ name }) => name));
  const added = definitions
    .map((one) => ({ name: one.AttributeName ?? '', type: one.AttributeType as KeyType }))
    .filter(({ name }) => !names.has(name));
  return {
    ...table,
    attributes: [...table.attributes, ...added],
    indexes,
    nextIndexId: table.nextIndexId + 1,
  };
}

function withIndexCapacity(
  table: StoredTable,
  { Update: update }: GlobalSecondaryIndexUpdate,
): StoredTable {
  const index = indexNamed(table, update?.IndexName);
  const { billingMode } = table;
  const {
    ProvisionedThroughput: units,
    WarmThroughput: warm,
    OnDemandThroughput: most,
  } = update ?? {};
  const others = warm !== undefined || most !== undefined;
  const throughput =
    units === undefined && others ? index.throughput : throughputOf(billingMode, units);
  const now = { readCapacityUnits: 0, writeCapacityUnits: 0, ...throughput };
  const changed: StoredIndex = {
    ...index,
    throughput,
    onDemandLimits: onDemandLimitsOf(billingMode, most, index.onDemandLimits),
    warmThroughput:
      warm === undefined
        ? index.warmThroughput
        : raisedWarmThroughput(warmThroughputOf(billingMode, now, index.warmThroughput), warm),
  };
  const indexes = table.indexes.map((one) => (one.id === index.id ? changed : one));
  return { ...table, indexes };
}

function indexNamed(table: StoredTable, name: string | undefined) {
  const index = table.indexes.find((one) => one.kind === 'GLOBAL' && one.name === name);
  if (index !== undefined) return index;
  throw validationError(`The table does not have the specified index: ${name}`);
}
