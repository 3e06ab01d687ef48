/**
 * BatchGetItem: up to 100 items of several tables. What does not fit into 16 MB comes back as
 * UnprocessedKeys.
 */
import { SerializedBody } from '../../../endpoint/service.ts';
import { collectProblems, type Rules, throwProblems } from '../constraints.ts';
import { isThrottled, validationError } from '../errors.ts';
import { project, projectionOf } from '../expressions/projection.ts';
import type { Path } from '../expressions/tree.ts';
import type { LegacyInput } from '../legacy/parameters.ts';
import type { StoredTable } from '../storage/stored-table.ts';
import type { AttributeMap } from '../values/attribute-value.ts';
import { itemSize } from '../values/size.ts';
import { newerWording, validateMap } from '../values/validate-value.ts';
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
  if (entries.length === 0) {
    throw validationError('The requestItems parameter is required for BatchGetItem');
  }
  throwProblems(problems);
  checkCounts(entries);
  const bound = entries.map(([name, given]) => [name, given, bindOne(given)] as const);
  const requests = bound.map(([name, given, paths]) => locate(engine, name, given, paths));
  return answer(engine, requests, input.ReturnConsumedCapacity);
}

function checkCounts(entries: readonly (readonly [string, KeysAndAttributes])[]): void {
  let keys = 0;
  for (const [name, given] of entries) {
    const count = given.Keys?.length ?? 0;
    keys += count;
    if (count > 0) continue;
    throw validationError(
      `1 validation error detected: Value '[]' at 'requestItems.${name}.member.keys' failed to ` +
        'satisfy constraint: Member must have length greater than or equal to 1',
    );
  }
  if (keys > keysMax) throw validationError('Too many items requested for the BatchGetItem call');
}

function bindOne(given: KeysAndAttributes): readonly Path[] | undefined {
  checkExpressionParameters(given, ['ProjectionExpression'], ['AttributesToGet']);
  for (const key of given.Keys ?? []) validateMap(key, newerWording);
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
  if (new Set(keys.map((key) => key.toString('latin1'))).size !== keys.length) {
    throw validationError('Provided list of item keys contains duplicates');
  }
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
