/**
 * BatchGetItem: up to 100 items of several tables. What does not fit into 16 MB comes back as
 * UnprocessedKeys.
 */
import { SerializedBody } from '../../../endpoint/service.ts';
import { collectProblems, type Rules, throwProblems, unsatisfied } from '../constraints.ts';
import { isThrottled, validationError } from '../errors.ts';
import { project, projectionOf } from '../expressions/projection.ts';
import type { Path } from '../expressions/tree.ts';
import type { LegacyInput } from '../legacy/parameters.ts';
import type { StoredTable } from '../storage/stored-table.ts';
import type { AttributeMap } from '../values/attribute-value.ts';
import { itemSize } from '../values/size.ts';
import { newerWording, validateMap } from '../values/validate-value.ts';
import { collectNameProblems, duplicateKeys, refuseDuplicates } from './batches.ts';
import {
  type CapacityMode,
  type ConsumedCapacity,
  consumedCapacity,
  readUnits,
  wantsCapacity,
} from './capacity.ts';
import { type Engine, servingTable } from './engine.ts';
import { bindPaths } from './get-item.ts';
import {
  capacityRule,
  checkExpressionParameters,
  type ExpressionInput,
  itemJson,
  itemOf,
  refuseKeyPaths,
} from './item-operation.ts';
import { encodeGivenKey } from './key-checks.ts';
import { partitionOf } from './throttle.ts';

interface KeysAndAttributes extends ExpressionInput, Pick<LegacyInput, 'AttributesToGet'> {
  readonly Keys?: readonly AttributeMap[];
  readonly ConsistentRead?: boolean;
  readonly ProjectionExpression?: string;
}

export interface BatchGetItemInput {
  readonly RequestItems?: Readonly<Record<string, KeysAndAttributes>>;
  readonly ReturnConsumedCapacity?: CapacityMode;
}

const keysMax = 100;
const bytesMax = 16 * 1024 * 1024;
const rules: Rules = [capacityRule];
const atLeastOne = 'Member must have length greater than or equal to 1';

interface TableRequest {
  readonly name: string;
  readonly given: KeysAndAttributes;
  readonly table: StoredTable;
  readonly keys: readonly Buffer[];
  readonly paths: readonly Path[] | undefined;
}

export function batchGetItem(engine: Engine, input: BatchGetItemInput): SerializedBody {
  const problems: string[] = [];
  collectProblems(input, rules, '', problems);
  const entries = Object.entries(input.RequestItems ?? {});
  if (input.RequestItems == null) {
    throw validationError('The requestItems parameter is required for BatchGetItem');
  }
  collectNameProblems(input.RequestItems, 'BatchGetRequestMap', problems);
  collectListProblems(entries, problems);
  throwProblems(problems);
  checkCount(entries);
  checkOneStyle(entries.map(([, given]) => given));
  const bound = entries.map(([name, given]) => [name, given, bindOne(given)] as const);
  const requests = bound.map(([name, given, paths]) => locate(engine, name, given, paths));
  // A table may stand there by its name and by its ARN.
  if (requests.length > 1) refuseDuplicates(requests.flatMap(({ keys }) => keys));
  return answer(engine, requests, input.ReturnConsumedCapacity);
}

/** This operation's lists are looked at by the newer layer of checks, which shows no value. */
function collectListProblems(
  entries: readonly (readonly [string, KeysAndAttributes])[],
  problems: string[],
): void {
  if (entries.length === 0) {
    problems.push(unsatisfied(undefined, 'RequestItems', atLeastOne));
  }
  for (const [name, { Keys: keys, AttributesToGet: names }] of entries) {
    const at = `RequestItems.${name}.member.`;
    if (keys == null) {
      problems.push(
        unsatisfied('null', `requestItems.${name}.member.keys`, 'Member must not be null'),
      );
    } else if (keys.length === 0) {
      problems.push(unsatisfied(undefined, `${at}Keys`, atLeastOne));
    } else if (keys.length > keysMax) {
      const words = `Member must have length less than or equal to ${keysMax}`;
      problems.push(unsatisfied(undefined, `${at}Keys`, words));
    }
    if (names?.length === 0) {
      problems.push(unsatisfied(undefined, `${at}AttributesToGet`, atLeastOne));
    }
  }
}

function checkCount(entries: readonly (readonly [string, KeysAndAttributes])[]): void {
  const keys = entries.reduce((sum, [, given]) => sum + (given.Keys?.length ?? 0), 0);
  if (keys > keysMax) throw validationError('Too many items requested for the BatchGetItem call');
}

/** Expressions of one table do not go with the older parameters of another. */
function checkOneStyle(given: readonly KeysAndAttributes[]): void {
  const both = {
    ProjectionExpression: given.find((one) => one.ProjectionExpression != null),
    AttributesToGet: given.find((one) => one.AttributesToGet != null),
  };
  checkExpressionParameters(both, ['ProjectionExpression'], ['AttributesToGet']);
}

function bindOne(given: KeysAndAttributes): readonly Path[] | undefined {
  checkExpressionParameters(given, ['ProjectionExpression'], ['AttributesToGet']);
  const seen = new Set<string>();
  for (const key of given.Keys ?? []) {
    validateMap(key, newerWording);
    const text = JSON.stringify(Object.entries(key).sort(([a], [b]) => (a < b ? -1 : 1)));
    if (seen.has(text)) throw duplicateKeys();
    seen.add(text);
  }
  return bindPaths(given);
}

function locate(
  engine: Engine,
  name: string,
  given: KeysAndAttributes,
  paths: readonly Path[] | undefined,
): TableRequest {
  const table = servingTable(engine, name);
  const keys = (given.Keys ?? []).map((key) => encodeGivenKey(table, key));
  if (paths !== undefined) refuseKeyPaths(table, paths);
  return { name, given, table, keys, paths };
}

function answer(
  engine: Engine,
  requests: readonly TableRequest[],
  mode: CapacityMode,
): SerializedBody {
  const { storage } = engine;
  const responses: string[] = [];
  const unprocessed: Record<string, object> = {};
  const capacities: ConsumedCapacity[] = [];
  let bytes = 0;
  let read = 0;
  let throttled: Error | undefined;
  for (const { name, given, table, keys, paths } of requests) {
    const projection = paths === undefined ? undefined : projectionOf(paths);
    const texts: string[] = [];
    const left: AttributeMap[] = [];
    let units = 0;
    keys.forEach((key, i) => {
      if (bytes >= bytesMax) {
        left.push((given.Keys ?? [])[i] ?? {});
        return;
      }
      const record = storage.readRecord(storage.store, key);
      if (engine.throttle !== undefined || wantsCapacity(mode)) {
        const cost = readUnits(itemSize(itemOf(record) ?? {}), given.ConsistentRead === true);
        const problem = throttleProblem(engine, table, key, cost);
        if (problem !== undefined) {
          throttled ??= problem;
          left.push((given.Keys ?? [])[i] ?? {});
          return;
        }
        units += cost;
      }
      read += 1;
      if (record === undefined) return;
      const json = itemJson(record);
      bytes += Buffer.byteLength(json);
      texts.push(
        projection === undefined ? json : JSON.stringify(project(projection, itemOf(record) ?? {})),
      );
    });
    responses.push(`${JSON.stringify(name)}:[${texts.join(',')}]`);
    if (left.length > 0) unprocessed[name] = { ...given, Keys: left };
    const consumed = consumedCapacity(table, mode, { table: units, indexes: new Map() });
    if (consumed !== undefined) capacities.push(consumed);
  }
  if (read === 0 && throttled !== undefined) throw throttled;
  const capacity = wantsCapacity(mode) ? `,"ConsumedCapacity":${JSON.stringify(capacities)}` : '';
  return new SerializedBody(
    `{"Responses":{${responses.join(',')}},"UnprocessedKeys":${JSON.stringify(unprocessed)}` +
      `${capacity}}`,
  );
}

/** Why the item is not read now, if so. */
function throttleProblem(
  { throttle }: Engine,
  table: StoredTable,
  key: Uint8Array,
  units: number,
): Error | undefined {
  try {
    throttle?.read(table, undefined, partitionOf(key), units);
    return undefined;
  } catch (error) {
    if (isThrottled(error)) return error as Error;
    throw error;
  }
}
