/**
 * Owns: what key schemas and capacities of CreateTable and UpdateTable must look like, and their way
 * into stored form. Refuses to own: indexes as a whole (`index-checks.ts`).
 */
import type {
  AttributeDefinition,
  CreateTableInput,
  GlobalSecondaryIndex,
  KeySchemaElement,
  LocalSecondaryIndex,
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
