/** DeleteItem. Deleting what is not there succeeds and writes nothing. */
import type { SerializedBody } from '../../../endpoint/service.ts';
import { inEnvelope } from '../errors.ts';
import type { AttributeMap } from '../values/attribute-value.ts';
import { newerWording, validateMap } from '../values/validate-value.ts';
import { consumedCapacity, unitsOfWrite, wantsCapacity } from './capacity.ts';
import { chargeOf } from './charge.ts';
import { type Engine, servingTable } from './engine.ts';
import { collectionMetrics } from './item-collections.ts';
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
import { encodeGivenKey } from './key-checks.ts';
import { checkReturnValues } from './put-item.ts';

export interface DeleteItemInput extends WriteInput {
  readonly Key: AttributeMap;
}

export function deleteItem(engine: Engine, input: DeleteItemInput): SerializedBody {
  checkWriteMembers(input, 'Key');
  const condition = inEnvelope(() => {
    checkWriteParameters(input, ['ConditionExpression'], ['Expected', 'ConditionalOperator']);
    validateMap(input.Key, newerWording);
    checkReturnValues(input.ReturnValues);
    return bindWriteCondition(input);
  });
  const table = servingTable(engine, input.TableName);
  const key = encodeGivenKey(table, input.Key);
  refuseKeyPaths(table, pathsOf(condition));

  const { storage, writer } = engine;
  const previous = storage.grouped((transaction) => {
    const record = storage.readRecord(transaction, key);
    const charge = chargeOf(engine, table, key, record);
    if (condition !== undefined) checkCondition(condition, itemOf(record), input, charge);
    charge?.(undefined);
    writer.write(transaction, table, key, record, null, input.Key);
    return record;
  });

  const capacity = wantsCapacity(input.ReturnConsumedCapacity)
    ? consumedCapacity(
        table,
        input.ReturnConsumedCapacity,
        unitsOfWrite(table, itemOf(previous), undefined),
      )
    : undefined;
  const old =
    input.ReturnValues === 'ALL_OLD' && previous !== undefined ? itemJson(previous) : undefined;
  const mode = input.ReturnItemCollectionMetrics;
  return respond(
    'Attributes',
    old,
    capacity,
    collectionMetrics(engine, table, key, input.Key, mode),
  );
}
