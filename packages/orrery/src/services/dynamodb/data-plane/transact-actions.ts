/**
 * Owns: the actions of a TransactWriteItems one by one: their form, their expressions, their item,
 * and what each would do.
 * Refuses to own: the transaction as a whole (`transact-write-items.ts`).
 */
import type { ReadTransaction } from '../../../io/io.ts';
import { collectProblems, oneOf, type Rules, required } from '../constraints.ts';
import { conditionFailed, validationError } from '../errors.ts';
import { refuseKeyUpdates } from '../expressions/apply-update.ts';
import { holds } from '../expressions/evaluate.ts';
import type { Action, Condition } from '../expressions/tree.ts';
import { keyAttributes, type StoredTable } from '../storage/stored-table.ts';
import { servedNameConstraints } from '../table-names.ts';
import { type AttributeMap, parseMap } from '../values/attribute-value.ts';
import { itemSize } from '../values/size.ts';
import { validateMap } from '../values/validate-value.ts';
import { chargeOf } from './charge.ts';
import type { Engine } from './engine.ts';
import { type CollectionGuard, collectionGuard } from './item-collections.ts';
import { type ExpressionInput, itemOf, pathsOf, refuseKeyPaths } from './item-operation.ts';
import { encodeGivenKey, encodeKeyOfItem } from './key-checks.ts';
import { itemBytesMax } from './put-item.ts';
import { transactionBytesMax } from './transactions.ts';
import { bindUpdate, updatedItem } from './update-item.ts';

export interface TransactAction extends ExpressionInput {
  readonly TableName: string;
  /** `Put` has it. */
  readonly Item?: AttributeMap;
  /** The others have it. */
  readonly Key?: AttributeMap;
  readonly ConditionExpression?: string;
  readonly UpdateExpression?: string;
  readonly ReturnValuesOnConditionCheckFailure?: 'ALL_OLD' | 'NONE';
}

const kinds = ['ConditionCheck', 'Put', 'Delete', 'Update'] as const;
type Kind = (typeof kinds)[number];

export type TransactWriteItem = { readonly [K in Kind]?: TransactAction };

const common: Rules = [
  ['TableName', ...servedNameConstraints],
  ['ReturnValuesOnConditionCheckFailure', oneOf('ALL_OLD', 'NONE')],
];
const rules: Readonly<Record<Kind, Rules>> = {
  ConditionCheck: [['Key', required], ['ConditionExpression', required], ...common],
  Put: [['Item', required], ...common],
  Delete: [['Key', required], ...common],
  Update: [['Key', required], ['UpdateExpression', required], ...common],
};

/** Adds what is wrong with the members of the action, one by one. */
export function collectActionProblems(
  item: TransactWriteItem,
  prefix: string,
  problems: string[],
): void {
  for (const kind of kinds) {
    const given = item[kind];
    if (given == null) continue;
    const name = kind.charAt(0).toLowerCase() + kind.slice(1);
    collectProblems(given, rules[kind], `${prefix}${name}.`, problems);
  }
}

/** An action with its expressions, before its table is known. */
export interface BoundAction {
  readonly kind: Kind;
  readonly tableName: string;
  /** The item of a `Put`, the key of the others. */
  readonly map: AttributeMap;
  readonly condition: Condition | undefined;
  readonly updates: readonly Action[];
  readonly tellsItem: boolean;
  /** Bytes of `map`. */
  readonly bytes: number;
  /** Of the item of a `Put`, where it was made already. */
  readonly json?: string;
}

/** Throws `ValidationException` for what is wrong without looking at any table. */
export function bindAction(item: TransactWriteItem): BoundAction {
  const given = kinds.filter((kind) => item[kind] != null);
  const [kind] = given;
  if (given.length > 1) {
    throw validationError('TransactItems can only contain one of Check, Put, Update or Delete');
  }
  const action = kind === undefined ? undefined : item[kind];
  if (kind === undefined || action === undefined) {
    throw validationError(
      'Invalid Request: TransactWriteRequest should contain Delete or Put or Update request',
    );
  }
  // Placeholders without an expression are let pass here, as nowhere else.
  const map = action.Item ?? action.Key ?? {};
  const bytes = validateMap(map);
  if (kind === 'Put' && bytes > itemBytesMax) {
    throw validationError('Item size has exceeded the maximum allowed size');
  }
  const { actions: updates, condition } = bindUpdate(action, 'older');
  return {
    kind,
    tableName: action.TableName,
    map,
    condition,
    updates,
    tellsItem: action.ReturnValuesOnConditionCheckFailure === 'ALL_OLD',
    bytes,
  };
}

/** An action and the item that it is about. */
export interface LocatedAction {
  readonly bound: BoundAction;
  readonly table: StoredTable;
  readonly key: Buffer;
}

/** Finds the item in its table. Throws `ValidationException` where the two do not go together. */
export function locateAction(table: StoredTable, bound: BoundAction): LocatedAction {
  const { kind, map, condition, updates } = bound;
  const key = kind === 'Put' ? encodeKeyOfItem(table, map) : encodeGivenKey(table, map);
  refuseKeyUpdates(
    updates,
    keyAttributes(table).map(({ name }) => name),
  );
  refuseKeyPaths(table, pathsOf(condition));
  return { bound, table, key };
}

/** What an action makes of its item. Items are read out of their records when somebody looks. */
export class Outcome {
  readonly action: LocatedAction;
  readonly record: string | undefined;
  /** JSON of the item afterwards; null where it is deleted, undefined where nothing is written. */
  readonly json: string | null | undefined;
  #before: AttributeMap | undefined;
  #after: AttributeMap | undefined;

  constructor(
    action: LocatedAction,
    record: string | undefined,
    json: string | null | undefined,
    before?: AttributeMap,
  ) {
    this.action = action;
    this.record = record;
    this.json = json;
    this.#before = before;
  }

  get before(): AttributeMap | undefined {
    this.#before ??= itemOf(this.record);
    return this.#before;
  }

  get after(): AttributeMap | undefined {
    const { bound } = this.action;
    if (this.json === undefined) return this.before;
    if (this.json === null) return undefined;
    if (bound.kind === 'Put') return bound.map;
    this.#after ??= parseMap(this.json);
    return this.#after;
  }

  /** Bytes of the larger of the two. */
  get bytes(): number {
    const size = (item: AttributeMap | undefined): number => (item ? itemSize(item) : 0);
    return Math.max(this.action.bound.bytes, size(this.before), size(this.after));
  }

  /** Not less than `bytes`: the text of an item is never shorter than the item. */
  get bytesMost(): number {
    const { kind, bytes } = this.action.bound;
    const text = kind === 'Put' ? '' : (this.json ?? '');
    return Math.max(bytes, Buffer.byteLength(this.record ?? ''), Buffer.byteLength(text));
  }
}

/** Whether together they are more than a transaction may be. */
export function isTooLarge(outcomes: readonly Outcome[]): boolean {
  const most = outcomes.reduce((sum, { bytesMost }) => sum + bytesMost, 0);
  if (most <= transactionBytesMax) return false;
  return outcomes.reduce((sum, { bytes }) => sum + bytes, 0) > transactionBytesMax;
}

/**
 * Throws `ConditionalCheckFailedException` or `ValidationException`; writes nothing. `factor` is
 * what it costs against a write by itself; actions of one transaction have one `guard`.
 */
export function tryAction(
  engine: Engine,
  transaction: ReadTransaction,
  action: LocatedAction,
  factor: number,
  guard: CollectionGuard = collectionGuard(engine, transaction),
): Outcome {
  const { table, key, bound } = action;
  const record = engine.storage.readRecord(transaction, key);
  const charge = chargeOf(engine, table, key, record, factor);
  const before = bound.condition === undefined ? undefined : itemOf(record);
  if (bound.condition !== undefined && !holds(bound.condition, before ?? {})) {
    charge?.(before);
    throw conditionFailed(bound.tellsItem ? before : undefined);
  }
  const outcome = new Outcome(action, record, jsonAfter(table, record, bound), before);
  charge?.(outcome.after);
  guard.admit(table, key, outcome);
  return outcome;
}

function jsonAfter(
  table: StoredTable,
  record: string | undefined,
  { kind, map, updates, json }: BoundAction,
): string | null | undefined {
  switch (kind) {
    case 'ConditionCheck':
      return undefined;
    case 'Put':
      return json ?? JSON.stringify(map);
    case 'Delete':
      return null;
    case 'Update':
      return updatedItem(table, itemOf(record), updates, map);
  }
}
