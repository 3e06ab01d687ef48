/**
 * Owns: what secondary indexes of CreateTable and UpdateTable must look like, and their way into
 * stored form.
 */
import type {
  AttributeDefinition,
  CreateTableInput,
  GlobalSecondaryIndex,
  LocalSecondaryIndex,
  Projection,
} from '@aws-sdk/client-dynamodb';
import { invalidParameter } from '../errors.ts';
import type { KeyParts, StoredIndex, StoredTable } from '../storage/stored-table.ts';
import { keysOf, throughputOf } from './schema-checks.ts';
import { onDemandLimitsOf, raisedWarmThroughput, warmThroughputOf } from './table-settings.ts';

const localIndexesMax = 5;
export const globalIndexesMax = 20;
const projectedAttributesMax = 100;

/** The indexes of a new table, local ones first. */
export function indexesOf(
  input: CreateTableInput,
  keys: KeyParts,
  billingMode: StoredTable['billingMode'],
): StoredIndex[] {
  const definitions = input.AttributeDefinitions ?? [];
  const indexes: StoredIndex[] = [];
  const { LocalSecondaryIndexes: local, GlobalSecondaryIndexes: global } = input;
  if (local?.length === 0) throw invalidParameter('List of LocalSecondaryIndexes is empty');
  if (global?.length === 0) throw invalidParameter('List of GlobalSecondaryIndexes is empty');
  if (local !== undefined && keys.sortKey === undefined) {
    throw invalidParameter(
      'Table KeySchema does not have a range key, which is required when specifying a ' +
        'LocalSecondaryIndex',
    );
  }
  for (const one of local ?? []) indexes.push(localIndex(one, definitions, keys, indexes));
  if (indexes.length > localIndexesMax) {
    throw invalidParameter('Number of LocalSecondaryIndexes exceeds per-table limit of 5');
  }
  for (const one of global ?? []) {
    indexes.push(globalIndex(one, definitions, billingMode, indexes, indexes.length + 1));
  }
  if ((global ?? []).length > globalIndexesMax) {
    throw invalidParameter('GlobalSecondaryIndex count exceeds the per-table limit of 20');
  }
  checkProjectedCount(indexes);
  return indexes;
}

function localIndex(
  given: LocalSecondaryIndex,
  definitions: readonly AttributeDefinition[],
  table: KeyParts,
  before: readonly StoredIndex[],
): StoredIndex {
  const name = given.IndexName ?? '';
  const keys = keysOf(given.KeySchema ?? [], definitions);
  if (keys.sortKey === undefined) {
    throw invalidParameter(`Index KeySchema does not have a range key for index: ${name}`);
  }
  if (keys.partitionKey.name !== table.partitionKey.name) {
    throw invalidParameter(
      'Index KeySchema does not have the same leading hash key as table KeySchema for index: ' +
        `${name}. index hash key: ${keys.partitionKey.name}, ` +
        `table hash key: ${table.partitionKey.name}`,
    );
  }
  const projection = projectionOf(given.Projection);
  checkName(name, before);
  return {
    id: before.length + 1,
    name,
    kind: 'LOCAL',
    ...keys,
    projection,
    throughput: undefined,
    backfilling: false,
    tieKey: table.sortKey,
  };
}

export function globalIndex(
  given: GlobalSecondaryIndex,
  definitions: readonly AttributeDefinition[],
  billingMode: StoredTable['billingMode'],
  before: readonly StoredIndex[],
  id: number,
): StoredIndex {
  const name = given.IndexName ?? '';
  const keys = keysOf(given.KeySchema ?? [], definitions, true);
  const projection = projectionOf(given.Projection);
  checkCapacityGiven(name, billingMode, given.ProvisionedThroughput);
  checkName(name, before);
  const throughput = throughputOf(billingMode, given.ProvisionedThroughput, name);
  const { OnDemandThroughput: most, WarmThroughput: warm } = given;
  return {
    id,
    name,
    kind: 'GLOBAL',
    ...keys,
    projection,
    throughput,
    onDemandLimits: onDemandLimitsOf(billingMode, most, undefined),
    warmThroughput:
      warm && raisedWarmThroughput(warmThroughputOf(billingMode, throughput, undefined), warm),
    backfilling: false,
  };
}

/** Throws where an index has no capacity and needs one, or has one and cannot. */
export function checkCapacityGiven(
  name: string,
  billingMode: StoredTable['billingMode'],
  capacity: unknown,
): void {
  if (billingMode === 'PAY_PER_REQUEST' && capacity !== undefined) {
    throw invalidParameter(
      `ProvisionedThroughput should not be specified for index: ${name} when BillingMode is ` +
        'PAY_PER_REQUEST',
    );
  }
  if (billingMode === 'PROVISIONED' && capacity === undefined) {
    throw invalidParameter(`ProvisionedThroughput must be specified for index: ${name}`);
  }
}

function checkName(name: string, before: readonly StoredIndex[]): void {
  if (before.some((index) => index.name === name)) {
    throw invalidParameter(`Duplicate index name: ${name}`);
  }
}

function projectionOf(given: Projection | undefined): StoredIndex['projection'] {
  const type = given?.ProjectionType;
  if (type === undefined) throw invalidParameter('Unknown ProjectionType: null');
  const nonKeyAttributes = given?.NonKeyAttributes ?? [];
  if (nonKeyAttributes.length > 0 && type !== 'INCLUDE') {
    throw invalidParameter(`ProjectionType is ${type}, but NonKeyAttributes is specified`);
  }
  if (nonKeyAttributes.length === 0 && type === 'INCLUDE') {
    throw invalidParameter(`ProjectionType is ${type}, but NonKeyAttributes is not specified`);
  }
  return { type, nonKeyAttributes };
}

export function checkProjectedCount(indexes: readonly StoredIndex[]): void {
  const count = indexes.reduce((sum, index) => sum + index.projection.nonKeyAttributes.length, 0);
  if (count <= projectedAttributesMax) return;
  throw invalidParameter(
    `The total number of projected attributes ${count} exceeds the limit of ` +
      `${projectedAttributesMax}`,
  );
}
