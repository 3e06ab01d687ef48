/**
 * Owns: what key schemas, indexes and capacities of CreateTable and UpdateTable must look like, and
 * their way into stored form.
 */
import type {
  AttributeDefinition,
  CreateTableInput,
  GlobalSecondaryIndex,
  KeySchemaElement,
  LocalSecondaryIndex,
  Projection,
  ProvisionedThroughput,
} from '@aws-sdk/client-dynamodb';
import { present } from '../../../stdx/assert.ts';
import {
  atLeast,
  collectProblems,
  lengthAtLeast,
  lengthAtMost,
  matches,
  oneOf,
  type Rules,
  required,
} from '../constraints.ts';
import { invalidParameter, notBuilt, validationError } from '../errors.ts';
import type { KeyAttribute } from '../storage/key-encoding.ts';
import type { StoredIndex, StoredTable, Throughput } from '../storage/stored-table.ts';
import type { KeyType } from '../values/attribute-value.ts';

const unitsMax = 1_000_000_000_000;
const localIndexesMax = 5;
const globalIndexesMax = 20;
const projectedAttributesMax = 100;

export const indexNameConstraints = [
  required,
  matches('[a-zA-Z0-9_.-]+'),
  lengthAtLeast(3),
  lengthAtMost(255),
] as const;

const elementRules: Rules = [
  ['AttributeName', required, lengthAtLeast(1), lengthAtMost(255)],
  ['KeyType', required, oneOf('HASH', 'RANGE')],
];
const definitionRules: Rules = [
  ['AttributeName', required, lengthAtLeast(1), lengthAtMost(255)],
  ['AttributeType', required, oneOf('B', 'N', 'S')],
];
const throughputRules: Rules = [
  ['WriteCapacityUnits', required, atLeast(1)],
  ['ReadCapacityUnits', required, atLeast(1)],
];
const indexRules: Rules = [
  ['IndexName', ...indexNameConstraints],
  ['KeySchema', required, lengthAtLeast(1)],
  ['Projection', required],
];
const projectionRules: Rules = [
  ['ProjectionType', oneOf('ALL', 'INCLUDE', 'KEYS_ONLY')],
  ['NonKeyAttributes', lengthAtLeast(1)],
];

/** Adds what is wrong with the members of the schema, one by one. */
export function collectSchemaProblems(input: CreateTableInput, problems: string[]): void {
  each(input.AttributeDefinitions, 'attributeDefinitions', definitionRules, problems);
  if (input.ProvisionedThroughput !== undefined) {
    collectProblems(
      input.ProvisionedThroughput,
      throughputRules,
      'provisionedThroughput.',
      problems,
    );
  }
  each(input.KeySchema, 'keySchema', elementRules, problems);
  collectIndexProblems(input.LocalSecondaryIndexes, 'localSecondaryIndexes', problems);
  collectIndexProblems(input.GlobalSecondaryIndexes, 'globalSecondaryIndexes', problems);
}

export function collectIndexProblems(
  indexes: readonly (LocalSecondaryIndex | GlobalSecondaryIndex)[] | undefined,
  name: string,
  problems: string[],
): void {
  indexes?.forEach((index, i) => {
    const prefix = `${name}.${i + 1}.member.`;
    collectProblems(index, indexRules, prefix, problems);
    each(index.KeySchema, `${prefix}keySchema`, elementRules, problems);
    if (index.Projection !== undefined) {
      collectProblems(index.Projection, projectionRules, `${prefix}projection.`, problems);
    }
    const units = 'ProvisionedThroughput' in index ? index.ProvisionedThroughput : undefined;
    if (units !== undefined) {
      collectProblems(units, throughputRules, `${prefix}provisionedThroughput.`, problems);
    }
  });
}

function each(
  list: readonly object[] | undefined,
  name: string,
  rules: Rules,
  problems: string[],
): void {
  list?.forEach((element, i) => {
    collectProblems(element, rules, `${name}.${i + 1}.member.`, problems);
  });
}

export interface Keys {
  readonly partitionKey: KeyAttribute;
  readonly sortKey: KeyAttribute | undefined;
}

/** The keys of a schema whose attributes must be among the definitions. */
export function keysOf(
  schema: readonly KeySchemaElement[],
  definitions: readonly AttributeDefinition[],
): Keys {
  const names = schema.map(({ AttributeName }) => AttributeName ?? '');
  const defined = new Map(
    definitions.map((one) => [one.AttributeName, one.AttributeType as KeyType] as const),
  );
  if (names.some((name) => !defined.has(name))) {
    throw invalidParameter(
      'Some index key attributes are not defined in AttributeDefinitions. ' +
        `Keys: [${names.join(', ')}], AttributeDefinitions: [${[...defined.keys()].join(', ')}]`,
    );
  }
  if (schema.length > 2) throw notBuilt('A key of more than two attributes');
  const [first, second] = names;
  if (first === second) {
    throw validationError(
      'Both the Hash Key and the Range Key element in the KeySchema have the same name',
    );
  }
  if (schema[0]?.KeyType !== 'HASH') {
    throw validationError('Invalid KeySchema: The first KeySchemaElement is not a HASH key type');
  }
  if (schema[1] !== undefined && schema[1].KeyType !== 'RANGE') {
    throw validationError('Invalid KeySchema: The second KeySchemaElement is not a RANGE key type');
  }
  const attribute = (name: string): KeyAttribute => ({
    name,
    type: present(defined.get(name), 'the type of a key attribute'),
  });
  return {
    partitionKey: attribute(first ?? ''),
    sortKey: second === undefined ? undefined : attribute(second),
  };
}

export function throughputOf(
  billingMode: StoredTable['billingMode'],
  given: ProvisionedThroughput | undefined,
): Throughput {
  if (billingMode === 'PAY_PER_REQUEST') {
    if (given === undefined) return { readCapacityUnits: 0, writeCapacityUnits: 0 };
    throw invalidParameter(
      'Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is ' +
        'PAY_PER_REQUEST',
    );
  }
  if (given?.ReadCapacityUnits === undefined || given.WriteCapacityUnits === undefined) {
    throw invalidParameter(
      'ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is ' +
        'PROVISIONED',
    );
  }
  for (const name of ['ReadCapacityUnits', 'WriteCapacityUnits'] as const) {
    if ((given[name] ?? 0) <= unitsMax) continue;
    throw validationError(`Given value ${given[name]} for ${name} is out of bounds`);
  }
  return {
    readCapacityUnits: given.ReadCapacityUnits,
    writeCapacityUnits: given.WriteCapacityUnits,
  };
}

/** The indexes of a new table, local ones first. */
export function indexesOf(
  input: CreateTableInput,
  keys: Keys,
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
  table: Keys,
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
  const keys = keysOf(given.KeySchema ?? [], definitions);
  const projection = projectionOf(given.Projection);
  if (billingMode === 'PAY_PER_REQUEST' && given.ProvisionedThroughput !== undefined) {
    throw invalidParameter(
      `ProvisionedThroughput should not be specified for index: ${name} when BillingMode is ` +
        'PAY_PER_REQUEST',
    );
  }
  if (billingMode === 'PROVISIONED' && given.ProvisionedThroughput === undefined) {
    throw invalidParameter(`ProvisionedThroughput must be specified for index: ${name}`);
  }
  checkName(name, before);
  const throughput = throughputOf(billingMode, given.ProvisionedThroughput);
  return { id, name, kind: 'GLOBAL', ...keys, projection, throughput, backfilling: false };
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

/** Every definition must belong to a key, and is told where it does not. */
export function checkDefinitionsUsed(
  definitions: readonly AttributeDefinition[],
  keys: Keys,
  indexes: readonly StoredIndex[],
): void {
  const used = new Set<string>();
  for (const { partitionKey, sortKey } of [keys, ...indexes]) {
    used.add(partitionKey.name);
    if (sortKey !== undefined) used.add(sortKey.name);
  }
  const defined = definitions.map(({ AttributeName }) => AttributeName ?? '');
  if (defined.length === used.size && defined.every((name) => used.has(name))) return;
  if (indexes.length === 0) {
    throw invalidParameter(
      'Number of attributes in KeySchema does not exactly match number of attributes defined in ' +
        'AttributeDefinitions',
    );
  }
  throw invalidParameter(
    'Some AttributeDefinitions are not used. AttributeDefinitions: ' +
      `[${defined.join(', ')}], keys used: [${[...used].join(', ')}]`,
  );
}
