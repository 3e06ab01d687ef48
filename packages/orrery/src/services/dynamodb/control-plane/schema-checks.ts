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
  oneOf,
  type Rules,
  required,
} from '../constraints.ts';
import { invalidParameter, notBuilt, validationError } from '../errors.ts';
import type { KeyAttribute } from '../storage/key-encoding.ts';
import {
  type KeyParts,
  keyAttributes,
  type StoredIndex,
  type StoredTable,
  type Throughput,
} from '../storage/stored-table.ts';
import { nameConstraints } from '../table-names.ts';
import type { KeyType } from '../values/attribute-value.ts';

const unitsMax = 1_000_000_000_000;

export const indexNameConstraints = [required, ...nameConstraints] as const;

const elementRules: Rules = [
  ['AttributeName', required, lengthAtLeast(1), lengthAtMost(255)],
  ['KeyType', required, oneOf('HASH', 'RANGE')],
];
export const definitionRules: Rules = [
  ['AttributeName', required, lengthAtLeast(1), lengthAtMost(255)],
  ['AttributeType', required, oneOf('B', 'N', 'S')],
];
export const throughputRules: Rules = [
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
  ['NonKeyAttributes', lengthAtLeast(1), lengthAtMost(20)],
];

const streamRules: Rules = [
  ['StreamEnabled', required],
  ['StreamViewType', oneOf('NEW_IMAGE', 'OLD_IMAGE', 'NEW_AND_OLD_IMAGES', 'KEYS_ONLY')],
];
const encryptionRules: Rules = [['SSEType', oneOf('AES256', 'KMS')]];
export const tagRules: Rules = [
  ['Key', required, lengthAtLeast(1), lengthAtMost(128)],
  ['Value', required, lengthAtMost(256)],
];

/** Vector indexes are not built. */
export function refuseVectorIndexes(input: object, member: string): void {
  const given = (input as Readonly<Record<string, unknown>>)[member];
  if (given != null) throw notBuilt(`${member}: vector indexes`);
}

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
  collectSettingProblems(input, problems);
}

/** Adds what is wrong with the members that CreateTable and UpdateTable share. */
export function collectSettingProblems(
  input: Pick<CreateTableInput, 'StreamSpecification' | 'SSESpecification' | 'Tags'>,
  problems: string[],
): void {
  const { StreamSpecification: stream, SSESpecification: encryption, Tags: tags } = input;
  if (stream != null) collectProblems(stream, streamRules, 'streamSpecification.', problems);
  if (encryption != null) {
    collectProblems(encryption, encryptionRules, 'sSESpecification.', problems);
  }
  each(tags, 'tags', tagRules, problems);
}

function collectIndexProblems(
  indexes: readonly (LocalSecondaryIndex | GlobalSecondaryIndex)[] | undefined,
  name: string,
  problems: string[],
): void {
  indexes?.forEach((index, i) => {
    collectProblemsOfIndex(index, `${name}.${i + 1}.member.`, problems);
  });
}

/** `prefix` names the index. */
export function collectProblemsOfIndex(
  index: LocalSecondaryIndex | GlobalSecondaryIndex,
  prefix: string,
  problems: string[],
): void {
  collectProblems(index, indexRules, prefix, problems);
  each(index.KeySchema, `${prefix}keySchema`, elementRules, problems);
  if (index.Projection !== undefined) {
    collectProblems(index.Projection, projectionRules, `${prefix}projection.`, problems);
  }
  const units = 'ProvisionedThroughput' in index ? index.ProvisionedThroughput : undefined;
  if (units !== undefined) {
    collectProblems(units, throughputRules, `${prefix}provisionedThroughput.`, problems);
  }
}

export function each(
  list: readonly object[] | undefined,
  name: string,
  rules: Rules,
  problems: string[],
): void {
  list?.forEach((element, i) => {
    collectProblems(element, rules, `${name}.${i + 1}.member.`, problems);
  });
}

/** Attributes of each kind that the key of a global index may have. */
const severalMax = 4;

/**
 * The keys of a schema whose attributes must be among the definitions. Only a global index may have
 * `several` attributes of a kind.
 */
export function keysOf(
  schema: readonly KeySchemaElement[],
  definitions: readonly AttributeDefinition[],
  several = false,
): KeyParts {
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
  if (new Set(names).size < names.length) {
    throw validationError(
      'Both the Hash Key and the Range Key element in the KeySchema have the same name',
    );
  }
  checkKinds(schema, several);
  const [partition, sort] = (['HASH', 'RANGE'] as const).map((kind) =>
    schema
      .filter(({ KeyType: type }) => type === kind)
      .map(({ AttributeName: name = '' }): KeyAttribute => {
        const type = present(defined.get(name), 'the type of a key attribute');
        return { name, type };
      }),
  ) as [KeyAttribute[], KeyAttribute[]];
  const [partitionKey, ...furtherPartitionKeys] = partition;
  const [sortKey, ...furtherSortKeys] = sort;
  return {
    partitionKey: present(partitionKey, 'the first element is a HASH key'),
    sortKey,
    ...(furtherPartitionKeys.length > 0 && { furtherPartitionKeys }),
    ...(furtherSortKeys.length > 0 && { furtherSortKeys }),
  };
}

/** Partition key first, then sort key, of one attribute each or of several. */
function checkKinds(schema: readonly KeySchemaElement[], several: boolean): void {
  const kinds = schema.map(({ KeyType: kind }) => kind);
  if (kinds[0] !== 'HASH') {
    throw validationError('Invalid KeySchema: The first KeySchemaElement is not a HASH key type');
  }
  if (!several) {
    if (kinds.length > 2) {
      throw invalidParameter('A KeySchema of more than two elements is for global indexes only');
    }
    if (kinds.length === 1 || kinds[1] === 'RANGE') return;
    throw validationError('Invalid KeySchema: The second KeySchemaElement is not a RANGE key type');
  }
  if (kinds.lastIndexOf('HASH') > kinds.indexOf('RANGE') && kinds.includes('RANGE')) {
    throw validationError('Invalid KeySchema: HASH key elements must precede RANGE key elements');
  }
  for (const kind of ['HASH', 'RANGE'] as const) {
    if (kinds.filter((each) => each === kind).length <= severalMax) continue;
    throw invalidParameter(
      `The number of ${kind} key attributes exceeds the limit of ${severalMax}`,
    );
  }
}

/** `index` is the name of the index that the capacity is for. */
export function checkUnits(given: ProvisionedThroughput, index?: string): void {
  for (const name of ['ReadCapacityUnits', 'WriteCapacityUnits'] as const) {
    if ((given[name] ?? 0) <= unitsMax) continue;
    const where = index === undefined ? '' : ` for index ${index}`;
    throw validationError(`Given value ${given[name]} for ${name} is out of bounds${where}`);
  }
}

export function throughputOf(
  billingMode: StoredTable['billingMode'],
  given: ProvisionedThroughput | undefined,
  index?: string,
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
  checkUnits(given, index);
  return {
    readCapacityUnits: given.ReadCapacityUnits,
    writeCapacityUnits: given.WriteCapacityUnits,
  };
}

/** Every definition must belong to a key, and is told where it does not. */
export function checkDefinitionsUsed(
  definitions: readonly AttributeDefinition[],
  keys: KeyParts,
  indexes: readonly StoredIndex[],
): void {
  const used = new Set<string>();
  for (const each of [keys, ...indexes]) {
    for (const { name } of keyAttributes(each)) used.add(name);
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
