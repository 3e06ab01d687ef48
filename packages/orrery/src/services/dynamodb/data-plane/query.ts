/**
 * Query: the items of one partition key, in order of the sort key.
 * Refuses to own: reading and cutting pages (`page.ts`).
 */
import type { SerializedBody } from '../../../endpoint/service.ts';
import { compareBytes } from '../../../stdx/bytes.ts';
import { atLeast, oneOf, type Rules } from '../constraints.ts';
import { invalidParameter, validationError } from '../errors.ts';
import { bindConditionText } from '../expressions/expressions.ts';
import { type KeyTest, keyTests } from '../expressions/key-condition.ts';
import { legacyKeyTests } from '../legacy/conditions.ts';
import { type KeyLayout, type KeyRange, partitionHash } from '../storage/key-encoding.ts';
import { indexRange, itemRange } from '../storage/key-ranges.ts';
import type { StoredIndex, StoredTable } from '../storage/stored-table.ts';
import { nextKey } from '../storage/table-storage.ts';
import { requireTableName, tableNameConstraints } from '../table-names.ts';
import { type AttributeMap, type AttributeValue, member } from '../values/attribute-value.ts';
import { equalValues } from '../values/compare.ts';
import { type Engine, servingTable } from './engine.ts';
import {
  capacityRule,
  checkExpressionParameters,
  checkMembers,
  pathsOf,
  placeholdersOf,
  refuseKeyPaths,
} from './item-operation.ts';
import { checkNotEmpty, keyAttributes } from './key-checks.ts';
import { readPage } from './page.ts';
import {
  bindFilterAndPaths,
  checkProjected,
  checkSelect,
  checkStartKey,
  encodeStartKey,
  type FilterAndPaths,
  indexOf,
  projectionFor,
  type ReadInput,
  readsTable,
} from './read-parameters.ts';

export interface QueryInput extends ReadInput {
  readonly KeyConditionExpression?: string;
  readonly ScanIndexForward?: boolean;
}

export const readRules: Rules = [
  ['TableName', ...tableNameConstraints],
  ['Limit', atLeast(1)],
  capacityRule,
  ['Select', oneOf('SPECIFIC_ATTRIBUTES', 'COUNT', 'ALL_ATTRIBUTES', 'ALL_PROJECTED_ATTRIBUTES')],
];

const legacy = ['AttributesToGet', 'QueryFilter', 'ConditionalOperator', 'KeyConditions'] as const;

export function query(engine: Engine, input: QueryInput): SerializedBody {
  requireTableName(input.TableName);
  checkMembers(input, readRules);
  checkExpressionParameters(
    input,
    ['ProjectionExpression', 'FilterExpression', 'KeyConditionExpression'],
    legacy,
  );
  checkStartKey(input);
  checkSelect(input, 'Querying');
  const { tests, bound } = bindExpressions(input);

  const table = servingTable(engine, input.TableName);
  const index = indexOf(table, input);
  const keys = index ?? table;
  const start = input.ExclusiveStartKey;
  const startBytes = start === undefined ? undefined : encodeStartKey(table, index, start);
  const { partition, sort } = matchSchema(keys, tests);
  if (bound.paths !== undefined) refuseKeyPaths(table, bound.paths);
  refuseKeysInFilter(keys, bound, input);
  checkProjected(table, index, input, bound.paths);

  const whole = rangeOf(table, index, partition, sort);
  const range =
    start === undefined || startBytes === undefined
      ? whole
      : resume(whole, startBytes, { keys, start, partition, sort }, input);
  return readPage(engine.storage.store, {
    table,
    index:
      index !== undefined && readsTable(table, index, input, bound.paths)
        ? { ...index, projection: { type: 'ALL', nonKeyAttributes: [] } }
        : index,
    range,
    reverse: input.ScanIndexForward === false,
    limit: input.Limit,
    filter: bound.filter,
    projection: projectionFor(bound.paths),
    countOnly: input.Select === 'COUNT',
    consistent: input.ConsistentRead === true,
    capacity: input.ReturnConsumedCapacity,
  });
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
  const given = placeholdersOf(input);
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
  readonly partition: AttributeValue;
  readonly sort: KeyTest | undefined;
}

/** What the tests say of the key attributes of the table or index. */
function matchSchema(
  keys: Pick<KeyLayout, 'partitionKey' | 'sortKey'>,
  tests: ReadonlyMap<string, KeyTest>,
): Match {
  const { partitionKey, sortKey } = keys;
  if (sortKey === undefined && tests.size > 1) {
    throw validationError('Query key condition not supported');
  }
  for (const attribute of keyAttributes(keys)) {
    const test = tests.get(attribute.name);
    if (test === undefined) {
      if (attribute === sortKey && tests.size === 1) continue;
      throw validationError(`Query condition missed key schema element: ${attribute.name}`);
    }
    if (test.values.some((value) => value[attribute.type] === undefined)) {
      throw invalidParameter('Condition parameter type does not match schema type');
    }
    if (attribute === partitionKey && test.operator !== '=') {
      throw validationError('Query key condition not supported');
    }
    if (test.operator === '=') {
      for (const value of test.values) checkNotEmpty(attribute, value);
    }
  }
  const [partition] = tests.get(partitionKey.name)?.values ?? [];
  const sort = sortKey === undefined ? undefined : tests.get(sortKey.name);
  return { partition: partition as AttributeValue, sort };
}

function refuseKeysInFilter(
  keys: Pick<KeyLayout, 'partitionKey' | 'sortKey'>,
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
  partition: AttributeValue,
  sort: KeyTest | undefined,
): KeyRange {
  const hash = partitionHash(partition);
  return index === undefined
    ? itemRange(table.id, hash, sort)
    : indexRange(table.id, index.id, hash, sort);
}

interface Start extends Match {
  readonly keys: Pick<KeyLayout, 'partitionKey' | 'sortKey'>;
  readonly start: AttributeMap;
}

/** What is left of the range behind the start key, which must lie in it. */
function resume(
  whole: KeyRange,
  startBytes: Buffer,
  { keys, start, partition, sort }: Start,
  input: QueryInput,
): KeyRange {
  const samePartition = equalValues(
    member(start, keys.partitionKey.name) ?? { NULL: true },
    partition,
  );
  const inside =
    compareBytes(startBytes, whole.start) >= 0 && compareBytes(startBytes, whole.end) < 0;
  if (!samePartition) {
    throw validationError(
      sort === undefined
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
