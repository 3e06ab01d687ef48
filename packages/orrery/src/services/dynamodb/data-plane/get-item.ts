/**
 * GetItem. A read of a whole item answers the stored text as it stands (record invariant: the body
 * of a record is what DynamoDB returns).
 */
import type { SerializedBody } from '../../../endpoint/service.ts';
import { type Rules, required } from '../constraints.ts';
import { bindProjectionText } from '../expressions/expressions.ts';
import { project, projectionOf } from '../expressions/projection.ts';
import type { Path } from '../expressions/tree.ts';
import { type LegacyInput, pathsToGet } from '../legacy/parameters.ts';
import { servedNameConstraints } from '../table-names.ts';
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
import {
  capacityRule,
  checkExpressionParameters,
  checkMembers,
  type ExpressionInput,
  itemJson,
  itemOf,
  placeholdersOf,
  refuseKeyPaths,
  respond,
} from './item-operation.ts';
import { encodeGivenKey } from './key-checks.ts';
import { partitionOf } from './throttle.ts';

export interface GetItemInput extends ExpressionInput, Pick<LegacyInput, 'AttributesToGet'> {
  readonly TableName: string;
  readonly Key: AttributeMap;
  readonly ConsistentRead?: boolean;
  readonly ProjectionExpression?: string;
  readonly ReturnConsumedCapacity?: CapacityMode;
}

const rules: Rules = [capacityRule, ['TableName', ...servedNameConstraints], ['Key', required]];

export function getItem(engine: Engine, input: GetItemInput): SerializedBody {
  checkMembers(input, rules);
  checkExpressionParameters(input, ['ProjectionExpression'], ['AttributesToGet']);
  validateMap(input.Key, newerWording);
  const paths = bindPaths(input);
  const table = servingTable(engine, input.TableName);
  const key = encodeGivenKey(table, input.Key);
  if (paths !== undefined) refuseKeyPaths(table, paths);

  const record = engine.storage.readRecord(engine.storage.store, key);
  let capacity: ConsumedCapacity | undefined;
  if (engine.throttle !== undefined || wantsCapacity(input.ReturnConsumedCapacity)) {
    const units = readUnits(itemSize(itemOf(record) ?? {}), input.ConsistentRead === true);
    engine.throttle?.read(table, undefined, partitionOf(key), units);
    capacity = consumedCapacity(table, input.ReturnConsumedCapacity, {
      table: units,
      indexes: new Map(),
    });
  }
  if (record === undefined) return respond('Item', undefined, capacity);
  if (paths === undefined) return respond('Item', itemJson(record), capacity);
  const cut = project(projectionOf(paths), itemOf(record) ?? {});
  return respond('Item', JSON.stringify(cut), capacity);
}

/** The attributes asked for, in either way; undefined for all. */
export function bindPaths(
  input: ExpressionInput &
    Pick<LegacyInput, 'AttributesToGet'> & { readonly ProjectionExpression?: string },
): readonly Path[] | undefined {
  if (input.ProjectionExpression === undefined) return pathsToGet(input);
  const given = placeholdersOf(input);
  const paths = bindProjectionText(input.ProjectionExpression, given);
  given.finish();
  return paths;
}
