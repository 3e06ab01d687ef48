/**
 * Query: the items of one partition key, in order of the sort key.
 * Refuses to own: reading and cutting pages (`page.ts`).
 */
import type { SerializedBytes } from '../../../endpoint/service.ts';
import { compareBytes } from '../../../stdx/bytes.ts';
import { atLeast, oneOf, type Rules, throwProblems, unsatisfied } from '../constraints.ts';
import { invalidParameter, validationError } from '../errors.ts';
import { bindConditionText } from '../expressions/expressions.ts';
import { type KeyTest, keyTests } from '../expressions/key-condition.ts';
import { legacyKeyTests } from '../legacy/conditions.ts';
import { partitionHashOf } from '../storage/index-entries.ts';
import { type KeyAttribute, type KeyRange, nextKey } from '../storage/key-encoding.ts';
import { indexRange, itemRange } from '../storage/key-ranges.ts';
import {
  type KeyParts,
  keyAttributes,
  partitionKeysOf,
  type StoredIndex,
  type StoredTable,
  sortKeysOf,
} from '../storage/stored-table.ts';
import { nameConstraints, servedNameConstraints } from '../table-names.ts';
import { type AttributeMap, type AttributeValue, member } from '../values/attribute-value.ts';
import { equalValues } from '../values/compare.ts';
import { newerWording } from '../values/validate-value.ts';
import { type Engine, servingTable } from './engine.ts';
import {
  capacityRule,
  checkExpressionParameters,
  checkMembers,
  memberProblems,
  pathsOf,
  placeholdersOf,
  refuseKeyPaths,
} from './item-operation.ts';
import { checkNotEmpty } from './key-checks.ts';
import { readPage } from './page.ts';
import {
  bindFilterAndPaths,
  checkProjected,
  checkSelect,
  checkStartKey,
  encodeStartKey,
  type FilterAndPaths,
  indexOf,
  type ReadInput,
  readIndexOf,
  shapeFor,
} from './read-parameters.ts';

export interface QueryInput extends ReadInput {
  readonly KeyConditionExpression?: string;
  readonly ScanIndexForward?: boolean;
}

export const readRules: Rules = [
  ['TableName', ...servedNameConstraints],
  ['Limit', atLeast(1)],
  capacityRule,
  ['IndexName', ...nameConstraints],
  ['Select', oneOf('SPECIFIC_ATTRIBUTES', 'COUNT', 'ALL_ATTRIBUTES', 'ALL_PROJECTED_ATTRIBUTES')],
];

const legacy = ['AttributesToGet', 'QueryFilter', 'ConditionalOperator', 'KeyConditions'] as const;

export function query(
  engine: Engine,
  input: QueryInput,
): SerializedBytes | Promise<SerializedBytes> {
  checkQueryMembers(input);
  checkExpressionParameters(
    input,
    ['ProjectionExpression', 'FilterExpression', 'KeyConditionExpression'],
    legacy,
  );
  checkStartKey(input, newerWording);
  checkSelect(input, 'Querying');
  const { tests, bound } = bindExpressions(input);

  const table = servingTable(engine, input.TableName);
  const index = indexOf(table, input);
  const keys = index ?? table;
  const start = input.ExclusiveStartKey;
  const startBytes = start === undefined ? undefined : encodeStartKey(table, index, start);
  const match = matchSchema(keys, tests);
  if (bound.paths !== undefined) refuseKeyPaths(table, bound.paths);
  refuseKeysInFilter(keys, bound, input);
  checkProjected(table, index, input, bound.paths);

  const whole = rangeOf(table, index, match);
  const range =
    start === undefined || startBytes === undefined
      ? whole
      : resume(whole, startBytes, { keys, start, ...match }, input);
  const { throttle } = engine;
  return readPage(engine, {
    table,
    ...readIndexOf(table, index, input, bound.paths),
    range,
    reverse: input.ScanIndexForward === false,
    limit: input.Limit,
    filter: bound.filter,
    shape: shapeFor(bound.paths),
    countOnly: input.Select === 'COUNT',
    consistent: input.ConsistentRead === true,
    capacity: input.ReturnConsumedCapacity,
    spend:
      throttle && ((units) => throttle.read(table, index, partitionHashOf(match.partition), units)),
  });
}

/** A limit below one, if that is all that is wrong, is told by the newer layer of checks. */
function checkQueryMembers(input: QueryInput): void {
  if ((input.Limit ?? 1) < 1) {
    const { Limit: _, ...others } = input;
    const words = 'Member must have value greater than or equal to 1';
    if (memberProblems(others, readRules).length === 0) {
      throwProblems([unsatisfied(undefined, 'Limit', words)]);
    }
  }
  checkMembers(input, readRules);
}

function bindExpressions(input: QueryInput): {
  tests: ReadonlyMap<string, KeyTest>;
  bound: FilterAndPaths;
} {
  const { KeyConditionExpression: expression, KeyConditions: conditions } = input;
  if (expression === undefined && conditions == null) {
    throw validationError(
      'Either the KeyConditions or KeyConditionExpression parameter must be specified in the ' +
        'request.',
    );
  }
  const given = placeholdersOf(input, 'newer');
  const condition =
    expression === undefined
      ? undefined
      : bindConditionText('KeyConditionExpression', expression, given);
  const bound = bindFilterAndPaths(input, given);
  given.finish();
  const tests = condition === undefined ? legacyKeyTests(conditions ?? {}) : keyTests(condition);
  return { tests, bound };
}

interface Match {
  /** A value for each attribute of the partition key. */
  readonly partition: readonly AttributeValue[];
  /** Tests of the sort key's attributes from the first on; all but the last are equalities. */
  readonly sort: readonly KeyTest[];
}

/** What the tests say of the key attributes of the table or index. */
function matchSchema(keys: KeyParts, tests: ReadonlyMap<string, KeyTest>): Match {
  const [partitionKeys, sortKeys] = [partitionKeysOf(keys), sortKeysOf(keys)];
  const several = partitionKeys.length + sortKeys.length > 2;
  if (tests.size > 2 && !several) {
    throw validationError('Conditions can be of length 1 or 2 only');
  }
  if (sortKeys.length === 0 && tests.size > partitionKeys.length) {
    throw validationError('Query key condition not supported');
  }
  const partition = partitionKeys.map((attribute) => {
    const test = testOf(tests, attribute);
    if (test === undefined) throw missed(attribute);
    if (test.operator !== '=') throw validationError('Query key condition not supported');
    return test.values[0] as AttributeValue;
  });
  const sort = sortTests(sortKeys, tests);
  if (partition.length + sort.length === tests.size) return { partition, sort };
  const next = sortKeys[sort.length];
  if (next !== undefined) throw missed(next);
  throw validationError('Query key condition not supported');
}

/** The tests from the first attribute on, as far as they go without a gap. */
function sortTests(
  sortKeys: readonly KeyAttribute[],
  tests: ReadonlyMap<string, KeyTest>,
): KeyTest[] {
  const found: KeyTest[] = [];
  for (const attribute of sortKeys) {
    const test = testOf(tests, attribute);
    if (test === undefined) break;
    if ((found.at(-1)?.operator ?? '=') !== '=') {
      throw validationError('Query key condition not supported');
    }
    found.push(test);
  }
  return found;
}

function testOf(tests: ReadonlyMap<string, KeyTest>, attribute: KeyAttribute): KeyTest | undefined {
  const test = tests.get(attribute.name);
  if (test === undefined) return undefined;
  if (test.values.some((value) => value[attribute.type] === undefined)) {
    throw invalidParameter('Condition parameter type does not match schema type');
  }
  if (test.operator === '=') {
    for (const value of test.values) checkNotEmpty(attribute, value);
  }
  return test;
}

function missed({ name }: KeyAttribute): Error {
  return validationError(`Query condition missed key schema element: ${name}`);
}

function refuseKeysInFilter(
  keys: KeyParts,
  { filter }: FilterAndPaths,
  { QueryFilter: legacyFilter }: QueryInput,
): void {
  const what = legacyFilter == null ? 'Filter Expression' : 'QueryFilter';
  const heads = new Set(pathsOf(filter).map((path) => path[0]));
  for (const { name } of keyAttributes(keys)) {
    if (!heads.has(name)) continue;
    throw validationError(
      `${what} can only contain non-primary key attributes: Primary key attribute: ${name}`,
    );
  }
}

function rangeOf(
  table: StoredTable,
  index: StoredIndex | undefined,
  { partition, sort }: Match,
): KeyRange {
  const hash = partitionHashOf(partition);
  return index === undefined
    ? itemRange(table.id, hash, sort[0])
    : indexRange(table.id, index.id, hash, sort);
}

interface Start extends Match {
  readonly keys: KeyParts;
  readonly start: AttributeMap;
}

/** What is left of the range behind the start key, which must lie in it. */
function resume(
  whole: KeyRange,
  startBytes: Buffer,
  { keys, start, partition, sort }: Start,
  input: QueryInput,
): KeyRange {
  const samePartition = partitionKeysOf(keys).every(({ name }, i) => {
    const [given, wanted] = [member(start, name), partition[i]];
    return given !== undefined && wanted !== undefined && equalValues(given, wanted);
  });
  const inside =
    compareBytes(startBytes, whole.start) >= 0 && compareBytes(startBytes, whole.end) < 0;
  if (!samePartition) {
    throw validationError(
      sort.length === 0
        ? 'The provided starting key is outside query boundaries based on provided conditions'
        : 'The query can return at most one row and cannot be restarted',
    );
  }
  if (!inside) {
    throw validationError('The provided starting key does not match the range key predicate');
  }
  if (input.ScanIndexForward === false) return { start: whole.start, end: startBytes };
  return { start: nextKey(startBytes), end: whole.end };
}
