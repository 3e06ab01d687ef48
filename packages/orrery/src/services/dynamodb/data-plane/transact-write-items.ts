/**
 * TransactWriteItems: up to 100 actions on distinct items, all of them or none.
 *
 *  Z1  All conditions are judged, and all items after it made, before anything is written; all of it
 *      is one transaction of the store, as every single write is. Histories are serialisable
 *      because nothing can come between: TransactionConflict and TransactionInProgress cannot occur.
 *  Z2  Every action has its reason in the order of the request, also those that were fine.
 *  Z3  A large one is put into text before, in turns (`turns.ts`); tables are looked for after that.
 *  Z4  Under a client token of the last ten minutes nothing is written again.
 */
import type { ReadTransaction } from '../../../io/io.ts';
import { sha256, sha256Base64 } from '../../../stdx/digest.ts';
import {
  collectProblems,
  lengthAtLeast,
  lengthAtMost,
  oneOf,
  type Rules,
  required,
  throwProblems,
} from '../constraints.ts';
import {
  type CancellationReason,
  idempotentParameterMismatch,
  transactionCanceled,
  validationError,
} from '../errors.ts';
import type { StoredTable } from '../storage/stored-table.ts';
import { itemSize } from '../values/size.ts';
import {
  addUnits,
  type CapacityMode,
  consumedCapacities,
  readUnits,
  transactionFactor,
  type Units,
  unitsOfWrite,
  wantsCapacity,
} from './capacity.ts';
import { type Engine, servingTable } from './engine.ts';
import { collectionGuard, collectionMetricsOf } from './item-collections.ts';
import { capacityRule, itemOf } from './item-operation.ts';
import { refuseEmptyKey } from './key-checks.ts';
import {
  type BoundAction,
  bindAction,
  collectActionProblems,
  isTooLarge,
  type LocatedAction,
  locateAction,
  type Outcome,
  type TransactWriteItem,
  tryAction,
} from './transact-actions.ts';
import { attempt, isReason, refuseRepeated } from './transactions.ts';

export interface TransactWriteItemsInput {
  readonly TransactItems: readonly TransactWriteItem[];
  readonly ClientRequestToken?: string;
  readonly ReturnConsumedCapacity?: CapacityMode;
  readonly ReturnItemCollectionMetrics?: 'SIZE' | 'NONE';
}

/** Bytes of items from which on a request is large. */
const largeBytes = 256 * 1024;

const rules: Rules = [
  ['TransactItems', required, lengthAtLeast(1), lengthAtMost(100, 'TransactWriteItemList')],
  ['ClientRequestToken', lengthAtLeast(1), lengthAtMost(36)],
  capacityRule,
  ['ReturnItemCollectionMetrics', oneOf('SIZE', 'NONE')],
];

export function transactWriteItems(
  engine: Engine,
  input: TransactWriteItemsInput,
): object | Promise<object> {
  const problems: string[] = [];
  collectProblems(input, rules, '', problems);
  (input.TransactItems ?? []).forEach((item, i) => {
    collectActionProblems(item, `transactItems.${i + 1}.member.`, problems);
  });
  throwProblems(problems);
  const bound = input.TransactItems.map(bindAction);
  const bytes = bound.reduce((sum, one) => sum + one.bytes, 0);
  if (bytes > largeBytes) {
    return prepare(engine, input, bound).then((made) => carryOut(engine, input, made));
  }
  const digest = input.ClientRequestToken && digestOf(input.TransactItems.map(partDigest));
  return carryOut(engine, input, { bound, digest });
}

interface Prepared {
  readonly bound: readonly BoundAction[];
  /** The same for requests that say the same; only where there is a token. */
  readonly digest: string | undefined;
}

/** Puts into text what is to be written, in turns, so that the transaction has less to do. */
async function prepare(
  { turns }: Engine,
  { TransactItems: items, ClientRequestToken: token }: TransactWriteItemsInput,
  actions: readonly BoundAction[],
): Promise<Prepared> {
  const bound: BoundAction[] = [];
  const digests: Uint8Array[] = [];
  let turn = await turns.next('a transaction is prepared');
  for (const [i, action] of actions.entries()) {
    const { kind, map, bytes } = action;
    bound.push(kind === 'Put' ? { ...action, json: JSON.stringify(map) } : action);
    if (token !== undefined) digests.push(partDigest(items[i] as TransactWriteItem));
    if (turn.over(bytes)) turn = await turns.next('a transaction is prepared');
  }
  return { bound, digest: token && digestOf(digests) };
}

function carryOut(
  engine: Engine,
  input: TransactWriteItemsInput,
  { bound, digest }: Prepared,
): object {
  const tables = bound.map(({ tableName }) => servingTable(engine, tableName));
  for (const [i, { map }] of bound.entries()) refuseEmptyKey(tables[i] as StoredTable, map);
  const located = bound.map((action, i) =>
    attempt(() => locateAction(tables[i] as StoredTable, action)),
  );
  refuseRepeated(located);

  const token = input.ClientRequestToken;
  let written: readonly Outcome[] = [];
  const answer = engine.storage.transaction((transaction) => {
    const known = token === undefined ? undefined : engine.tokens.find(transaction, token);
    if (known !== undefined) {
      if (known !== digest) throw idempotentParameterMismatch();
      return repeated(engine, transaction, located, input.ReturnConsumedCapacity);
    }
    const outcomes = outcomesOf(engine, transaction, located);
    written = outcomes.filter(({ json }) => json !== undefined);
    for (const { action, record, json } of written) {
      const { table, key, bound: given } = action;
      engine.writer.write(transaction, table, key, record, json ?? null, given.map);
    }
    if (token !== undefined) engine.tokens.remember(transaction, token, digest ?? '');
    return response(outcomes, input.ReturnConsumedCapacity);
  });
  const writes = written.map(({ action: { table, key, bound: given } }) => {
    return { table, key, map: given.map };
  });
  return { ...answer, ...collectionMetricsOf(engine, writes, input.ReturnItemCollectionMetrics) };
}

/** What every action makes of its item. Throws `TransactionCanceledException` where one cannot. */
function outcomesOf(
  engine: Engine,
  transaction: ReadTransaction,
  located: readonly (LocatedAction | CancellationReason)[],
): Outcome[] {
  const guard = collectionGuard(engine, transaction);
  const tried = located.map((action) =>
    isReason(action)
      ? action
      : attempt(() => tryAction(engine, transaction, action, transactionFactor, guard)),
  );
  const outcomes = tried.filter((one): one is Outcome => !isReason(one));
  if (outcomes.length < tried.length) {
    throw transactionCanceled(tried.map((one) => (isReason(one) ? one : { Code: 'None' })));
  }
  if (isTooLarge(outcomes)) {
    throw validationError('Transaction size has exceeded the maximum allowed size');
  }
  return outcomes;
}

function response(outcomes: readonly Outcome[], mode: CapacityMode): object {
  if (!wantsCapacity(mode)) return {};
  const units = new Map<StoredTable, Units>();
  for (const { action, before, after } of outcomes) {
    const { table } = action;
    addUnits(units, table, unitsOfWrite(table, before, after), transactionFactor);
  }
  return { ConsumedCapacity: consumedCapacities(units, mode, 'WriteCapacityUnits') };
}

/** The answer to a request that was carried out before: it costs what reading its items costs. */
function repeated(
  engine: Engine,
  transaction: ReadTransaction,
  located: readonly (LocatedAction | CancellationReason)[],
  mode: CapacityMode,
): object {
  if (!wantsCapacity(mode)) return {};
  const units = new Map<StoredTable, Units>();
  for (const action of located) {
    if (isReason(action)) continue;
    const item = itemOf(engine.storage.readRecord(transaction, action.key));
    const read = readUnits(item === undefined ? 0 : itemSize(item), true);
    addUnits(units, action.table, { table: read, indexes: new Map() }, transactionFactor);
  }
  return { ConsumedCapacity: consumedCapacities(units, mode, 'ReadCapacityUnits') };
}

/** The same for requests that say the same, in whatever order their members come. */
function digestOf(parts: readonly Uint8Array[]): string {
  return Buffer.from(sha256(Buffer.concat(parts))).toString('base64');
}

function partDigest(item: TransactWriteItem): Uint8Array {
  return sha256(canonical(item));
}

/** Of longer texts the digest stands for them. */
const longCharacters = 1_024;

/** JSON with sorted members. Depth is bounded: what is in here has been checked. */
function canonical(value: unknown): string {
  if (typeof value === 'string' && value.length > longCharacters) return sha256Base64(value);
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  members.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([name, of]) => `${JSON.stringify(name)}:${canonical(of)}`).join(',')}}`;
}
