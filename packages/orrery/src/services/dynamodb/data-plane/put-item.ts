/** PutItem. */
import type { SerializedBody } from '../../../endpoint/service.ts';
import { inEnvelope, validationError } from '../errors.ts';
import type { Condition } from '../expressions/tree.ts';
import type { AttributeMap } from '../values/attribute-value.ts';
import { newerWording, validateMap } from '../values/validate-value.ts';
import { consumedCapacity, unitsOfWrite, wantsCapacity } from './capacity.ts';
import { chargeOf } from './charge.ts';
import { type Engine, servingTable } from './engine.ts';
import { admitWrite, collectionMetrics } from './item-collections.ts';
import {
  bindWriteCondition,
  checkCondition,
  checkWriteMembers,
  checkWriteParameters,
  itemJson,
  itemOf,
  pathsOf,
  refuseKeyPaths,
  respond,
  type WriteInput,
} from './item-operation.ts';
import { encodeKeyOfItem } from './key-checks.ts';

export interface PutItemInput extends WriteInput {
  readonly Item: AttributeMap;
}

export const itemBytesMax = 400 * 1024;

export function putItem(engine: Engine, input: PutItemInput): SerializedBody {
  checkWriteMembers(input, 'Item');
  const item = input.Item;
  const { size, condition } = inEnvelope(() => checkedPut(input));
  const table = servingTable(engine, input.TableName);
  if (size > itemBytesMax) {
    throw validationError('Item size has exceeded the maximum allowed size');
  }
  const key = encodeKeyOfItem(table, item);
  refuseKeyPaths(table, pathsOf(condition));

  const { storage, writer } = engine;
  const json = JSON.stringify(item);
  const previous = storage.grouped((transaction) => {
    const record = storage.readRecord(transaction, key);
    const charge = chargeOf(engine, table, key, record);
    if (condition !== undefined) checkCondition(condition, itemOf(record), input, charge);
    charge?.(item);
    admitWrite(engine, transaction, table, key, record, item);
    writer.write(transaction, table, key, record, json, item);
    return record;
  });

  const capacity = wantsCapacity(input.ReturnConsumedCapacity)
    ? consumedCapacity(
        table,
        input.ReturnConsumedCapacity,
        unitsOfWrite(table, itemOf(previous), item),
      )
    : undefined;
  const old =
    input.ReturnValues === 'ALL_OLD' && previous !== undefined ? itemJson(previous) : undefined;
  const mode = input.ReturnItemCollectionMetrics;
  return respond('Attributes', old, capacity, collectionMetrics(engine, table, key, item, mode));
}

function checkedPut(input: PutItemInput): { size: number; condition: Condition | undefined } {
  checkWriteParameters(input, ['ConditionExpression'], ['Expected', 'ConditionalOperator']);
  const size = validateMap(input.Item, newerWording);
  checkReturnValues(input.ReturnValues);
  return { size, condition: bindWriteCondition(input) };
}

/** PutItem and DeleteItem return nothing or the old item. */
export function checkReturnValues(returnValues: string | undefined): void {
  if (returnValues === undefined || returnValues === 'ALL_OLD' || returnValues === 'NONE') return;
  throw validationError('ReturnValues can only be ALL_OLD or NONE');
}
