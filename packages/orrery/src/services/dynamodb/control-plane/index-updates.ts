/**
 * Owns: what UpdateTable does to global indexes, one at a time.
 * Refuses to own: filling and removing their entries (`lifecycle.ts`).
 */
import type { GlobalSecondaryIndexUpdate, UpdateTableInput } from '@aws-sdk/client-dynamodb';
import { limitExceeded, tableNotFound, validationError } from '../errors.ts';
import { keyAttributes, type StoredIndex, type StoredTable } from '../storage/stored-table.ts';
import type { KeyType } from '../values/attribute-value.ts';
import {
  checkCapacityGiven,
  checkProjectedCount,
  globalIndex,
  globalIndexesMax,
} from './index-checks.ts';
import { throughputOf } from './schema-checks.ts';
import {
  onDemandLimitsOf,
  raisedWarmThroughput,
  refuseUnchanged,
  warmThroughputOf,
} from './table-settings.ts';

export interface Changed {
  readonly next: StoredTable;
  readonly droppedIndex: number | undefined;
}

/** The indexes of a table whose billing has just changed. */
export function inNewMode(table: StoredTable): StoredTable {
  const { billingMode } = table;
  if (billingMode === 'PROVISIONED') {
    const lacking = table.indexes.filter(
      ({ kind, throughput }) => kind === 'GLOBAL' && (throughput?.readCapacityUnits ?? 0) === 0,
    );
    const names = lacking.map(({ name }) => name).join(',');
    if (names !== '') checkCapacityGiven(names, billingMode, undefined);
  }
  const indexes = table.indexes.map((index): StoredIndex => {
    if (index.kind === 'LOCAL') return index;
    return billingMode === 'PROVISIONED'
      ? { ...index, onDemandLimits: undefined }
      : { ...index, throughput: throughputOf(billingMode, undefined) };
  });
  return { ...table, indexes };
}

/** Creates one, deletes one, or changes the capacity of any number of them. */
export function withIndexes(table: StoredTable, input: UpdateTableInput): Changed {
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
  return { next: withUsedAttributes(next, droppedIndex), droppedIndex };
}

/** A table defines the attributes that its keys and those of its indexes use, and no others. */
function withUsedAttributes(table: StoredTable, droppedIndex: number | undefined): StoredTable {
  const indexes = table.indexes.filter(({ id }) => id !== droppedIndex);
  const used = new Set([table, ...indexes].flatMap(keyAttributes).map(({ name }) => name));
  return { ...table, attributes: table.attributes.filter(({ name }) => used.has(name)) };
}

function withIndex(
  table: StoredTable,
  { Create: create }: GlobalSecondaryIndexUpdate,
  input: UpdateTableInput,
): StoredTable {
  const name = create?.IndexName;
  if (table.indexes.some((one) => one.name === name)) {
    throw validationError('Attempting to create an index which already exists');
  }
  const before = table.indexes.filter(({ kind }) => kind === 'GLOBAL').length;
  if (before >= globalIndexesMax) {
    throw limitExceeded(
      'Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit of ' +
        `${globalIndexesMax}`,
    );
  }
  // Told of an index that is added as of a table, where a new table's index is named.
  if (table.billingMode === 'PAY_PER_REQUEST') {
    throughputOf(table.billingMode, create?.ProvisionedThroughput);
  }
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
  if (units !== undefined && index.throughput !== undefined) {
    refuseUnchanged(`index ${index.name}`, index.throughput, now);
  }
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
  throw tableNotFound();
}
