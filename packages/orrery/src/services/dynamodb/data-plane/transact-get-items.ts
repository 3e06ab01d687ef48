/**
 * TransactGetItems: up to 100 items as they are at one instant. Nothing can come between two reads of
 * one store, so it is never cancelled by a conflict.
 */
import { SerializedBody } from '../../../endpoint/service.ts';
import {
  collectProblems,
  lengthAtLeast,
  lengthAtMost,
  type Rules,
  required,
  throwProblems,
} from '../constraints.ts';
import { transactionCanceled, validationError } from '../errors.ts';
import { project, projectionOf } from '../expressions/projection.ts';
import type { Path } from '../expressions/tree.ts';
import type { StoredTable } from '../storage/stored-table.ts';
import { servedNameConstraints } from '../table-names.ts';
import { type AttributeMap, parseMap } from '../values/attribute-value.ts';
import { itemSize } from '../values/size.ts';
import { validateMap } from '../values/validate-value.ts';
import {
  addUnits,
  type CapacityMode,
  consumedCapacities,
  readUnits,
  transactionFactor,
  type Units,
  wantsCapacity,
} from './capacity.ts';
import { type Engine, servingTable } from './engine.ts';
import { bindPaths } from './get-item.ts';
import {
  capacityRule,
  type ExpressionInput,
  itemJson,
  itemOf,
  refuseKeyPaths,
} from './item-operation.ts';
import { encodeGivenKey } from './key-checks.ts';
import { partitionOf } from './throttle.ts';
import { attempt, isReason, refuseRepeated, transactionBytesMax } from './transactions.ts';

interface Get extends ExpressionInput {
  readonly TableName: string;
  readonly Key: AttributeMap;
  readonly ProjectionExpression?: string;
}

export interface TransactGetItemsInput {
  readonly TransactItems: readonly { readonly Get?: Get }[];
  readonly ReturnConsumedCapacity?: CapacityMode;
}

const rules: Rules = [
  ['TransactItems', required, lengthAtLeast(1), lengthAtMost(100, 'TransactGetItemList')],
  capacityRule,
];
const itemRules: Rules = [['Get', required]];
const getRules: Rules = [
  ['Key', required],
  ['TableName', ...servedNameConstraints],
];

interface Located {
  readonly table: StoredTable;
  readonly key: Buffer;
  readonly paths: readonly Path[] | undefined;
}

export function transactGetItems(engine: Engine, input: TransactGetItemsInput): SerializedBody {
  const gets = checkedGets(input);
  const bound = gets.map((get) => {
    // Names without an expression are let pass here, as nowhere else.
    validateMap(get.Key);
    const { ProjectionExpression, ExpressionAttributeNames } = get;
    const paths = bindPaths({
      ...(ProjectionExpression !== undefined && { ProjectionExpression }),
      ...(ExpressionAttributeNames !== undefined && { ExpressionAttributeNames }),
    });
    return { get, paths };
  });
  const tables = bound.map(({ get }) => servingTable(engine, get.TableName));
  const located = bound.map(({ get, paths }, i) =>
    attempt((): Located => {
      const table = tables[i] as StoredTable;
      const key = encodeGivenKey(table, get.Key);
      if (paths !== undefined) refuseKeyPaths(table, paths);
      return { table, key, paths };
    }),
  );
  refuseRepeated(located);
  const found = located.filter((one): one is Located => !isReason(one));
  if (found.length < located.length) {
    throw transactionCanceled(located.map((one) => (isReason(one) ? one : { Code: 'None' })));
  }
  return answer(engine, found, input.ReturnConsumedCapacity);
}

function checkedGets(input: TransactGetItemsInput): Get[] {
  const problems: string[] = [];
  collectProblems(input, rules, '', problems);
  const gets: Get[] = [];
  (input.TransactItems ?? []).forEach((item, i) => {
    const prefix = `transactItems.${i + 1}.member.`;
    collectProblems(item, itemRules, prefix, problems);
    if (item.Get == null) return;
    collectProblems(item.Get, getRules, `${prefix}get.`, problems);
    gets.push(item.Get);
  });
  throwProblems(problems);
  return gets;
}

function answer(engine: Engine, located: readonly Located[], mode: CapacityMode): SerializedBody {
  const { storage } = engine;
  const units = new Map<StoredTable, Units>();
  const responses: string[] = [];
  const counts = engine.throttle !== undefined || wantsCapacity(mode);
  /** Of the texts, which are never shorter than the items are. */
  let bytes = 0;
  for (const { table, key, paths } of located) {
    const record = storage.readRecord(storage.store, key);
    const json = record === undefined ? undefined : itemJson(record);
    bytes += Buffer.byteLength(json ?? '');
    if (counts || paths !== undefined) {
      const item = json === undefined ? undefined : parseMap(json);
      const size = item === undefined ? 0 : itemSize(item);
      const read = { table: readUnits(size, true), indexes: new Map<string, number>() };
      engine.throttle?.read(table, undefined, partitionOf(key), read.table * transactionFactor);
      addUnits(units, table, read, transactionFactor);
      if (paths !== undefined && item !== undefined) {
        responses.push(`{"Item":${JSON.stringify(project(projectionOf(paths), item))}}`);
        continue;
      }
    }
    responses.push(json === undefined ? '{}' : `{"Item":${json}}`);
  }
  if (bytes > transactionBytesMax && exactBytes(engine, located) > transactionBytesMax) {
    throw validationError('Transaction size has exceeded the maximum allowed size');
  }
  const capacities = consumedCapacities(units, mode, 'ReadCapacityUnits');
  const consumed =
    capacities === undefined ? '' : `,"ConsumedCapacity":${JSON.stringify(capacities)}`;
  return new SerializedBody(`{"Responses":[${responses.join(',')}]${consumed}}`);
}

function exactBytes({ storage }: Engine, located: readonly Located[]): number {
  return located.reduce((sum, { key }) => {
    const item = itemOf(storage.readRecord(storage.store, key));
    return sum + (item === undefined ? 0 : itemSize(item));
  }, 0);
}
