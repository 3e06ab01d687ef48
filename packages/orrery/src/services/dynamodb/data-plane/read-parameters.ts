/**
 * Owns: the parameters that Query and Scan share: index, Select, filter and projection.
 */
import { ServiceError } from '../../../endpoint/service.ts';
import { invalidParameter, validationError } from '../errors.ts';
import { bindConditionText, bindProjectionText } from '../expressions/expressions.ts';
import type { Placeholders } from '../expressions/placeholders.ts';
import { project, projectionOf } from '../expressions/projection.ts';
import type { Condition, Path } from '../expressions/tree.ts';
import { filterCondition } from '../legacy/conditions.ts';
import { type LegacyInput, pathsToGet } from '../legacy/parameters.ts';
import { indexKeyOf } from '../storage/index-entries.ts';
import { encodeItemKey } from '../storage/key-encoding.ts';
import { projectedNames } from '../storage/projections.ts';
import { keyAttributes, type StoredIndex, type StoredTable } from '../storage/stored-table.ts';
import { type AttributeMap, type AttributeValue, member } from '../values/attribute-value.ts';
import { validateValue, type Wording } from '../values/validate-value.ts';
import type { CapacityMode } from './capacity.ts';
import type { ExpressionInput } from './item-operation.ts';
import { checkKeyValues } from './key-checks.ts';

export interface ReadInput
  extends ExpressionInput,
    Omit<LegacyInput, 'Expected' | 'AttributeUpdates'> {
  readonly TableName: string;
  readonly IndexName?: string;
  readonly Select?: string;
  readonly Limit?: number;
  readonly ConsistentRead?: boolean;
  readonly ExclusiveStartKey?: AttributeMap;
  readonly FilterExpression?: string;
  readonly ProjectionExpression?: string;
  readonly ReturnConsumedCapacity?: CapacityMode;
}

export function checkSelect(input: ReadInput, operation: 'Querying' | 'Scanning'): void {
  const { Select: select, IndexName: index } = input;
  const projection = input.ProjectionExpression ?? input.AttributesToGet;
  if (select === 'ALL_PROJECTED_ATTRIBUTES' && index === undefined) {
    throw validationError(
      `ALL_PROJECTED_ATTRIBUTES can be used only when ${operation} using an IndexName`,
    );
  }
  if (projection != null && select !== undefined && select !== 'SPECIFIC_ATTRIBUTES') {
    const what = select === 'COUNT' ? 'only the Count' : select;
    const name = input.AttributesToGet == null ? 'ProjectionExpression' : 'AttributesToGet';
    throw validationError(`Cannot specify the ${name} when choosing to get ${what}`);
  }
  if (select === 'SPECIFIC_ATTRIBUTES' && projection == null) {
    throw validationError(
      'Must specify the AttributesToGet or ProjectionExpression when choosing to get ' +
        'SPECIFIC_ATTRIBUTES',
    );
  }
}

/** Values of a start key, before the table is known. */
export function checkStartKey(input: ReadInput, wording: Wording = startKeyWording): void {
  const key = input.ExclusiveStartKey ?? {};
  for (const name in key) validateValue(key[name] as AttributeValue, wording);
}

const startKeyWording: Wording = {
  layer: 'older',
  words: (problem) => `The provided starting key is invalid: ${problem}`,
};

export interface FilterAndPaths {
  readonly filter: Condition | undefined;
  readonly paths: readonly Path[] | undefined;
}

export function bindFilterAndPaths(input: ReadInput, given: Placeholders): FilterAndPaths {
  const { FilterExpression: filter, ProjectionExpression: projection } = input;
  return {
    filter:
      filter === undefined
        ? filterCondition(input)
        : bindConditionText('FilterExpression', filter, given),
    paths: projection === undefined ? pathsToGet(input) : bindProjectionText(projection, given),
  };
}

/** The index of that name, if one is asked for. */
export function indexOf(table: StoredTable, input: ReadInput): StoredIndex | undefined {
  if (input.IndexName === undefined) return undefined;
  const index = table.indexes.find(({ name }) => name === input.IndexName);
  if (index === undefined) {
    throw validationError(`The table does not have the specified index: ${input.IndexName}`);
  }
  if (index.kind === 'GLOBAL' && input.ConsistentRead === true) {
    throw validationError('Consistent reads are not supported on global secondary indexes');
  }
  if (index.backfilling) {
    throw validationError(`Cannot read from backfilling global secondary index: ${index.name}`);
  }
  return index;
}

/** A global index answers with what it holds and nothing else. */
export function checkProjected(
  table: StoredTable,
  index: StoredIndex | undefined,
  input: ReadInput,
  paths: readonly Path[] | undefined,
): void {
  if (index === undefined || index.kind === 'LOCAL' || index.projection.type === 'ALL') return;
  if (input.Select === 'ALL_ATTRIBUTES') {
    throw invalidParameter(
      `Select type ALL_ATTRIBUTES is not supported for global secondary index ${index.name} ` +
        'because its projection type is not ALL',
    );
  }
  const held = projectedNames(table, index);
  const absent = (paths ?? []).map((path) => path[0] as string).filter((name) => !held.has(name));
  if (absent.length === 0) return;
  throw invalidParameter(
    `Global secondary index ${index.name} does not project [${absent.join(', ')}]`,
  );
}

/** An index as a page reads it. */
export interface ReadIndex {
  readonly index: StoredIndex | undefined;
  /** The index as it is, where what it does not hold is fetched from the table. */
  readonly fetchedFor: StoredIndex | undefined;
}

/** A local index fetches from the table what it does not hold: then it seems to hold all. */
export function readIndexOf(
  table: StoredTable,
  index: StoredIndex | undefined,
  input: ReadInput,
  paths: readonly Path[] | undefined,
): ReadIndex {
  if (index === undefined || index.kind === 'GLOBAL' || index.projection.type === 'ALL') {
    return { index, fetchedFor: undefined };
  }
  const held = projectedNames(table, index);
  const fetches =
    input.Select === 'ALL_ATTRIBUTES' || (paths ?? []).some((path) => !held.has(path[0] as string));
  if (!fetches) return { index, fetchedFor: undefined };
  return {
    index: { ...index, projection: { type: 'ALL', nonKeyAttributes: [] } },
    fetchedFor: index,
  };
}

export function shapeFor(
  paths: readonly Path[] | undefined,
): ((item: AttributeMap) => AttributeMap) | undefined {
  if (paths === undefined) return undefined;
  const projection = projectionOf(paths);
  return (item) => project(projection, item);
}

/**
 * Bytes of the key or index entry that a start key names. It must have exactly the key attributes,
 * in their types.
 */
export function encodeStartKey(
  table: StoredTable,
  index: StoredIndex | undefined,
  key: AttributeMap,
): Buffer {
  const attributes = [
    ...keyAttributes(table),
    ...(index === undefined ? [] : keyAttributes(index)),
  ];
  const names = new Set(attributes.map(({ name }) => name));
  if (Object.keys(key).length !== names.size) throw invalidStart();
  for (const { name, type } of attributes) {
    const value = member(key, name);
    if (value === undefined) throw invalidStart();
    if (value[type] === undefined) {
      throw invalidStart('The provided key element does not match the schema');
    }
  }
  try {
    checkKeyValues(table, key);
    if (index !== undefined) checkKeyValues(index, key);
  } catch (error) {
    throw error instanceof ServiceError && error.code === 'ValidationException'
      ? invalidStart(error.message)
      : error;
  }
  const itemKey = encodeItemKey(table, key);
  if (index === undefined) return itemKey;
  const entry = indexKeyOf(table.id, index, key, itemKey);
  if (entry === undefined) throw invalidStart();
  return entry;
}

export function invalidStart(detail?: string): Error {
  const text = 'The provided starting key is invalid';
  return validationError(detail === undefined ? text : `${text}: ${detail}`);
}
