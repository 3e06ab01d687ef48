/**
 * GetItem. A read of a whole item answers the stored text as it stands (record invariant: the body
 * of a record is what DynamoDB returns).
 */
import { type SerializedBody, SerializedBytes } from '../../../endpoint/service.ts';
import type { ValueView } from '../../../io/io.ts';
import { crc32 } from '../../../stdx/digest.ts';
import { Utf8Builder } from '../../../stdx/utf8-builder.ts';
import { type Rules, required } from '../constraints.ts';
import { bindProjectionText } from '../expressions/expressions.ts';
import { project, projectionOf } from '../expressions/projection.ts';
import type { Path } from '../expressions/tree.ts';
import { type LegacyInput, pathsToGet } from '../legacy/parameters.ts';
import { itemStartOf } from '../replication/version.ts';
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

export function getItem(engine: Engine, input: GetItemInput): SerializedBody | SerializedBytes {
  checkMembers(input, rules);
  checkExpressionParameters(input, ['ProjectionExpression'], ['AttributesToGet']);
  validateMap(input.Key, newerWording);
  const paths = bindPaths(input);
  const table = servingTable(engine, input.TableName);
  const key = encodeGivenKey(table, input.Key);
  if (paths !== undefined) refuseKeyPaths(table, paths);

  const { storage, throttle } = engine;
  const { ReturnConsumedCapacity: mode } = input;
  if (throttle === undefined && paths === undefined && !wantsCapacity(mode)) {
    return wholeItem(storage.viewRecord(storage.store, key));
  }
  const record = storage.readRecord(storage.store, key);
  let capacity: ConsumedCapacity | undefined;
  if (throttle !== undefined || wantsCapacity(mode)) {
    const units = readUnits(itemSize(itemOf(record) ?? {}), input.ConsistentRead === true);
    throttle?.read(table, undefined, partitionOf(key), units);
    capacity = consumedCapacity(table, mode, { table: units, indexes: new Map() });
  }
  if (record === undefined) return respond('Item', undefined, capacity);
  if (paths === undefined) return respond('Item', itemJson(record), capacity);
  const cut = project(projectionOf(paths), itemOf(record) ?? {});
  return respond('Item', JSON.stringify(cut), capacity);
}

/** The stored bytes are the answer's: they are not even made a text of. */
function wholeItem(record: ValueView | undefined): SerializedBody | SerializedBytes {
  if (record === undefined) return respond('Item', undefined, undefined);
  const body = new Utf8Builder();
  body.text('{"Item":');
  body.copy(record.bytes, itemStartOf(record), record.length);
  body.text('}');
  const { bytes, release } = body.take();
  return new SerializedBytes(bytes, crc32(bytes), release);
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
