/**
 * UpdateItem. An update that only removes creates no item; any other one does, an empty one too.
 */
import type { SerializedBody } from '../../../endpoint/service.ts';
import { inEnvelope, validationError } from '../errors.ts';
import { applyUpdate, refuseKeyUpdates } from '../expressions/apply-update.ts';
import { bindConditionText, bindUpdateText } from '../expressions/expressions.ts';
import { project, projectionOf } from '../expressions/projection.ts';
import type { Action, Condition } from '../expressions/tree.ts';
import { inLegacyWords, updateActions } from '../legacy/attribute-updates.ts';
import { expectedCondition } from '../legacy/conditions.ts';
import type { LegacyInput } from '../legacy/parameters.ts';
import { keyAttributes, type StoredTable } from '../storage/stored-table.ts';
import { type AttributeMap, parseMap } from '../values/attribute-value.ts';
import { itemSize } from '../values/size.ts';
import { checkNesting, newerWording, validateMap, type Wording } from '../values/validate-value.ts';
import { consumedCapacity, unitsOfWrite, wantsCapacity } from './capacity.ts';
import { chargeOf } from './charge.ts';
import { type Engine, servingTable } from './engine.ts';
import { admitWrite, type CollectionMetrics, collectionMetrics } from './item-collections.ts';
import {
  checkCondition,
  checkWriteMembers,
  checkWriteParameters,
  type ExpressionInput,
  itemJson,
  itemOf,
  pathsOf,
  placeholdersOf,
  refuseKeyPaths,
  respond,
  type WriteInput,
} from './item-operation.ts';
import { checkIndexKeys, encodeGivenKey, updatedEmptyKey } from './key-checks.ts';
import { itemBytesMax } from './put-item.ts';

export interface UpdateItemInput extends WriteInput, Pick<LegacyInput, 'AttributeUpdates'> {
  readonly Key: AttributeMap;
  readonly UpdateExpression?: string;
}

/** Bytes of text below which no item can be too large, however it is counted. */
const surelySmall = itemBytesMax / 3;

export function updateItem(engine: Engine, input: UpdateItemInput): SerializedBody {
  checkWriteMembers(input, 'Key');
  const { actions, condition } = inEnvelope(() => checkedUpdate(input));
  const table = servingTable(engine, input.TableName);
  const key = encodeGivenKey(table, input.Key);
  refuseKeyUpdates(
    actions,
    keyAttributes(table).map(({ name }) => name),
  );
  refuseKeyPaths(table, pathsOf(condition));

  const { storage, writer } = engine;
  const { record, json } = storage.grouped((transaction) => {
    const found = storage.readRecord(transaction, key);
    const charge = chargeOf(engine, table, key, found);
    const item = itemOf(found);
    if (condition !== undefined) checkCondition(condition, item, input, charge);
    const update = (): string | undefined => updatedItem(table, item, actions, input.Key);
    const next = input.AttributeUpdates == null ? update() : inLegacyWords(update);
    charge?.(next === undefined ? undefined : parseMap(next));
    if (next === undefined) return { record: found, json: undefined };
    admitWrite(engine, transaction, table, key, found, next);
    writer.write(transaction, table, key, found, next, input.Key);
    return { record: found, json: next };
  });
  const mode = input.ReturnItemCollectionMetrics;
  const metrics = collectionMetrics(engine, table, key, input.Key, mode);
  return answer(table, input, actions, record, json, metrics);
}

function checkedUpdate(input: UpdateItemInput): BoundUpdate {
  checkWriteParameters(
    input,
    ['UpdateExpression', 'ConditionExpression'],
    ['AttributeUpdates', 'Expected', 'ConditionalOperator'],
  );
  validateMap(input.Key, newerWording);
  const { AttributeUpdates: updates } = input;
  if (updates == null && input.Expected == null && input.ConditionalOperator == null) {
    return bindUpdate(input, 'newer');
  }
  return {
    actions: updates == null ? [] : updateActions(updates),
    condition: expectedCondition(input),
  };
}

export interface BoundUpdate {
  readonly actions: readonly Action[];
  readonly condition: Condition | undefined;
}

/** The expressions of an update, of a request or of an action of a transaction. */
export function bindUpdate(
  input: Pick<UpdateItemInput, 'UpdateExpression' | 'ConditionExpression'> & ExpressionInput,
  layer: Wording['layer'],
): BoundUpdate {
  const { UpdateExpression: update, ConditionExpression: test } = input;
  if (update === undefined && test === undefined) return { actions: [], condition: undefined };
  const given = placeholdersOf(input, layer);
  const actions = update === undefined ? [] : bindUpdateText(update, given);
  const condition =
    test === undefined ? undefined : bindConditionText('ConditionExpression', test, given);
  given.finish();
  return { actions, condition };
}

/**
 * JSON of the item after the update; undefined where the update leaves none. The item, if there is one,
 * must be the caller's own: it is changed.
 */
export function updatedItem(
  table: StoredTable,
  found: AttributeMap | undefined,
  actions: readonly Action[],
  key: AttributeMap,
): string | undefined {
  const onlyRemoves =
    actions.length > 0 && actions.every(({ kind }) => kind === 'REMOVE' || kind === 'DELETE');
  const item = found ?? { ...key };
  applyUpdate(actions, item);
  // Nothing is made where there is nothing to remove, but the paths must lead somewhere.
  if (found === undefined && onlyRemoves) return undefined;
  if (table.indexes.length > 0) checkIndexKeys(table, item, updatedEmptyKey);
  const json = JSON.stringify(item);
  if (json.length > surelySmall && itemSize(item) > itemBytesMax) {
    throw validationError('Item size to update has exceeded the maximum allowed size');
  }
  if (actions.some(mayDeepen)) checkNesting(item);
  return json;
}

/** Whether the item may be nested deeper afterwards than it was before. */
function mayDeepen(action: Action): boolean {
  if (action.path.length > 1) return true;
  if (action.kind !== 'SET') return false;
  const { value } = action;
  if (value.kind !== 'value') return value.kind !== 'sum';
  return value.value.M !== undefined || value.value.L !== undefined;
}

function answer(
  table: StoredTable,
  input: UpdateItemInput,
  actions: readonly Action[],
  record: string | undefined,
  json: string | undefined,
  metrics: CollectionMetrics | undefined,
): SerializedBody {
  const capacity = wantsCapacity(input.ReturnConsumedCapacity)
    ? consumedCapacity(
        table,
        input.ReturnConsumedCapacity,
        unitsOfWrite(table, itemOf(record), json === undefined ? undefined : parseMap(json)),
      )
    : undefined;
  const told = returned(input.ReturnValues, actions, record, json);
  return respond('Attributes', told, capacity, metrics);
}

function returned(
  returnValues: string | undefined,
  actions: readonly Action[],
  record: string | undefined,
  fresh: string | undefined,
): string | undefined {
  const isOld = returnValues === 'ALL_OLD' || returnValues === 'UPDATED_OLD';
  const isNew = returnValues === 'ALL_NEW' || returnValues === 'UPDATED_NEW';
  const old = isOld && record !== undefined ? itemJson(record) : undefined;
  const json = isOld ? old : isNew ? fresh : undefined;
  if (json === undefined || returnValues === 'ALL_OLD' || returnValues === 'ALL_NEW') return json;
  const projection = projectionOf(actions.map(({ path }) => path));
  return JSON.stringify(project(projection, parseMap(json)));
}
