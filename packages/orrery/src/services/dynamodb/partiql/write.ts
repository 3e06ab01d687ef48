/**
 * Owns: INSERT, UPDATE, DELETE and EXISTS as actions of a transaction, so that one statement and many
 * mean the same.
 *
 *  W1  INSERT never replaces an item, UPDATE never makes one; DELETE of no item does nothing.
 */
import type { ReadTransaction, WriteTransaction } from '../../../io/io.ts';
import { type Engine, servingTable } from '../data-plane/engine.ts';
import type { CollectionGuard } from '../data-plane/item-collections.ts';
import {
  type LocatedAction,
  locateAction,
  type Outcome,
  tryAction,
} from '../data-plane/transact-actions.ts';
import { duplicateItem, validationError } from '../errors.ts';
import type { Placeholders } from '../expressions/placeholders.ts';
import { project, projectionOf } from '../expressions/projection.ts';
import type { Action, Condition } from '../expressions/tree.ts';
import { keyAttributes, type StoredTable } from '../storage/stored-table.ts';
import { type AttributeMap, type AttributeValue, member } from '../values/attribute-value.ts';
import { validateMap } from '../values/validate-value.ts';
import { actionsOf, allOf, conditionOf, itemOfInsert } from './bind.ts';
import { checkType, type KeyAndRest, requiredKeyOf } from './key-tests.ts';
import type { ParsedValue, Returning, Select, Statement } from './tree.ts';

export interface WriteStatement {
  readonly kind: 'INSERT' | 'UPDATE' | 'DELETE' | 'EXISTS';
  readonly located: LocatedAction;
  readonly returning: Returning | undefined;
}

interface Given {
  readonly given: Placeholders;
  readonly value: (parsed: ParsedValue) => AttributeValue;
  readonly tellsItem: boolean;
}

/** Finds the item that a statement is about. Throws `ServiceError`. */
export function locateWrite(
  engine: Engine,
  statement: Exclude<Statement, Select> | (Select & { readonly exists: true }),
  { given, value, tellsItem }: Given,
): WriteStatement {
  if (statement.kind === 'INSERT') {
    const { map, bytes } = itemOfInsert(statement, value);
    const table = servingTable(engine, statement.tableName);
    for (const attribute of keyAttributes(table)) {
      const given = member(map, attribute.name);
      if (given !== undefined) checkType(attribute, given);
      else {
        throw validationError(`Key attribute should be present in the item: Key ${attribute.name}`);
      }
    }
    const bound = { kind: 'Put' as const, map, condition: undefined, updates: [], bytes };
    const located = locatedIn(table, { ...bound, tellsItem });
    return { kind: 'INSERT', located, returning: undefined };
  }
  const where = conditionOf(statement.where, given);
  const updates = statement.kind === 'UPDATE' ? actionsOf(statement, given) : [];
  const table = servingTable(engine, statement.tableName);
  if (statement.kind === 'SELECT' && statement.indexName !== undefined) {
    throw validationError('EXISTS is supported on tables only');
  }
  const { key, rest } = requiredKeyOf(table, where);
  const kinds = { UPDATE: 'Update', DELETE: 'Delete', SELECT: 'ConditionCheck' } as const;
  const condition =
    statement.kind === 'DELETE' ? deletable(table, rest) : allOf([isThere(table), ...of(rest)]);
  const bytes = validateMap(key);
  const located = locatedIn(table, {
    kind: kinds[statement.kind],
    map: key,
    condition,
    updates,
    bytes,
    tellsItem,
  });
  return {
    kind: statement.kind === 'SELECT' ? 'EXISTS' : statement.kind,
    located,
    returning: statement.kind === 'SELECT' ? undefined : statement.returning,
  };
}

function locatedIn(
  table: StoredTable,
  bound: Omit<LocatedAction['bound'], 'tableName'>,
): LocatedAction {
  return locateAction(table, { ...bound, tableName: table.name });
}

const of = (condition: Condition | undefined): Condition[] =>
  condition === undefined ? [] : [condition];

function isThere({ partitionKey }: StoredTable): Condition {
  const operand = { kind: 'path', path: [partitionKey.name] } as const;
  return { kind: 'function', name: 'attribute_exists', args: [operand] };
}

/** What else is demanded of an item must hold where there is one. */
function deletable(table: StoredTable, rest: KeyAndRest['rest']): Condition | undefined {
  if (rest === undefined) return undefined;
  return { kind: 'or', args: [{ kind: 'not', arg: isThere(table) }, rest] };
}

/** What the statement makes of its item; writes nothing. Throws `ServiceError`. */
export function tryWrite(
  engine: Engine,
  transaction: ReadTransaction,
  { kind, located }: WriteStatement,
  factor = 1,
  guard?: CollectionGuard,
): Outcome {
  if (kind === 'INSERT' && engine.storage.readRecord(transaction, located.key) !== undefined) {
    throw duplicateItem();
  }
  return tryAction(engine, transaction, located, factor, guard);
}

export function carryOut(engine: Engine, transaction: WriteTransaction, outcome: Outcome): void {
  const { action, record, json } = outcome;
  if (json === undefined) return;
  engine.writer.write(transaction, action.table, action.key, record, json, action.bound.map);
}

/** What RETURNING asks for. */
export function returnedItem(
  { returning, located }: WriteStatement,
  { before, after }: Outcome,
): AttributeMap | undefined {
  if (returning === undefined) return undefined;
  const item = returning.endsWith('OLD') ? before : after;
  if (item === undefined || returning.startsWith('ALL')) return item;
  const paths = located.bound.updates.map(({ path }: Action) => path);
  return project(projectionOf(paths), item);
}
