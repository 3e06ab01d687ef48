/**
 * ExecuteTransaction: up to 100 statements about distinct items, all of them or none; all reads, or
 * all writes with conditions (`EXISTS`) among them.
 *
 *  X1  As TransactWriteItems: everything is judged before anything is written, in one transaction of
 *      the store, and under a client token of the last ten minutes nothing is written again.
 */
import { ServiceError } from '../../../endpoint/service.ts';
import { sha256Base64 } from '../../../stdx/digest.ts';
import {
  collectProblems,
  lengthAtLeast,
  lengthAtMost,
  type Rules,
  required,
  throwProblems,
} from '../constraints.ts';
import {
  addUnits,
  type CapacityMode,
  consumedCapacities,
  transactionFactor,
  type Units,
  unitsOfWrite,
  wantsCapacity,
} from '../data-plane/capacity.ts';
import type { Engine } from '../data-plane/engine.ts';
import { collectionGuard } from '../data-plane/item-collections.ts';
import { capacityRule } from '../data-plane/item-operation.ts';
import { isTooLarge, type Outcome } from '../data-plane/transact-actions.ts';
import {
  attempt,
  isReason,
  refuseRepeated,
  transactionBytesMax,
} from '../data-plane/transactions.ts';
import {
  type CancellationReason,
  idempotentParameterMismatch,
  transactionCanceled,
  validationError,
} from '../errors.ts';
import type { StoredTable } from '../storage/stored-table.ts';
import { type BatchStatement, selectOne } from './batch-execute-statement.ts';
import { bindStatement } from './bind.ts';
import { statementRules } from './execute-statement.ts';
import type { Select, Statement } from './tree.ts';
import { carryOut, locateWrite, tryWrite, type WriteStatement } from './write.ts';

export interface ExecuteTransactionInput {
  readonly TransactStatements: readonly Omit<BatchStatement, 'ConsistentRead'>[];
  readonly ClientRequestToken?: string;
  readonly ReturnConsumedCapacity?: CapacityMode;
}

const rules: Rules = [
  ['TransactStatements', required, lengthAtLeast(1), lengthAtMost(100, 'ParameterizedStatements')],
  ['ClientRequestToken', lengthAtLeast(1), lengthAtMost(36)],
  capacityRule,
];

type BoundStatement = ReturnType<typeof bindStatement> & { readonly tellsItem: boolean };

export function executeTransaction(engine: Engine, input: ExecuteTransactionInput): object {
  const problems: string[] = [];
  collectProblems(input, rules, '', problems);
  (input.TransactStatements ?? []).forEach((one, i) => {
    collectProblems(one, statementRules, `transactStatements.${i + 1}.member.`, problems);
  });
  throwProblems(problems);
  const statements = input.TransactStatements.map((one, i): BoundStatement => {
    const tellsItem = one.ReturnValuesOnConditionCheckFailure === 'ALL_OLD';
    return located(i, () => ({ ...bindStatement(one.Statement, one.Parameters), tellsItem }));
  });
  const reads = statements.filter(({ statement }) => isRead(statement)).length;
  if (reads === 0) return writeAll(engine, statements, input);
  if (reads === statements.length) return readAll(engine, statements, input);
  throw validationError(
    'ExecuteTransaction API does not support both read and write operations in the same request.',
  );
}

/** What is wrong with a statement in itself fails the request, and says where it stands. */
function located<T>(index: number, run: () => T): T {
  try {
    return run();
  } catch (error) {
    const { code, message } = error as ServiceError;
    const isOurs = error instanceof ServiceError && code === 'ValidationException';
    if (!isOurs || message.startsWith("Statement wasn't well formed")) throw error;
    throw validationError(`Validation failed in TransactStatements[${index}]: ${message}`);
  }
}

function isRead(statement: Statement): boolean {
  return statement.kind === 'SELECT' && !statement.exists;
}

/** Throws `TransactionCanceledException` where one of them failed. */
function allFine<T extends object>(results: readonly (T | CancellationReason)[]): T[] {
  const fine = results.filter((one): one is T => !isReason(one));
  if (fine.length === results.length) return fine;
  throw transactionCanceled(results.map((one) => (isReason(one) ? one : { Code: 'None' })));
}

function readAll(
  engine: Engine,
  statements: readonly BoundStatement[],
  { ReturnConsumedCapacity: mode }: ExecuteTransactionInput,
): object {
  const selected = statements.map(({ statement, given }, i) =>
    located(i, () => selectOne(engine, statement as Select, given, true, transactionFactor)),
  );
  refuseRepeated(selected);
  const units = new Map<StoredTable, Units>();
  let total = 0;
  for (const { table, bytes, cost } of selected) {
    total += bytes;
    addUnits(units, table, { table: cost, indexes: new Map() });
  }
  if (total > transactionBytesMax) throw tooLarge();
  const capacities = consumedCapacities(units, mode, 'ReadCapacityUnits');
  return {
    Responses: selected.map(({ item }) => (item === undefined ? {} : { Item: item })),
    ...(capacities && { ConsumedCapacity: capacities }),
  };
}

function writeAll(
  engine: Engine,
  statements: readonly BoundStatement[],
  input: ExecuteTransactionInput,
): object {
  const writes = statements.map((one) => attempt(() => locate(engine, one)));
  refuseRepeated(writes.map((one) => (isReason(one) ? one : one.located)));
  const { ClientRequestToken: token, TransactStatements: texts } = input;
  const digest = token === undefined ? '' : sha256Base64(JSON.stringify(texts));
  return engine.storage.transaction((transaction) => {
    const known = token === undefined ? undefined : engine.tokens.find(transaction, token);
    if (known !== undefined) {
      if (known !== digest) throw idempotentParameterMismatch();
      return { Responses: writes.map(() => ({})) };
    }
    const guard = collectionGuard(engine, transaction);
    const outcomes = allFine(
      writes.map((one) =>
        isReason(one)
          ? one
          : attempt(() => tryWrite(engine, transaction, one, transactionFactor, guard)),
      ),
    );
    if (isTooLarge(outcomes)) throw tooLarge();
    for (const outcome of outcomes) carryOut(engine, transaction, outcome);
    if (token !== undefined) engine.tokens.remember(transaction, token, digest);
    return written(outcomes, input.ReturnConsumedCapacity);
  });
}

function locate(
  engine: Engine,
  { statement, given, value, tellsItem }: BoundStatement,
): WriteStatement {
  if ('returning' in statement && statement.returning !== undefined) {
    throw validationError('RETURNING clause is not supported in transactions');
  }
  return locateWrite(engine, statement as Parameters<typeof locateWrite>[1], {
    given,
    value,
    tellsItem,
  });
}

function written(outcomes: readonly Outcome[], mode: CapacityMode): object {
  const Responses = outcomes.map(() => ({}));
  if (!wantsCapacity(mode)) return { Responses };
  const units = new Map<StoredTable, Units>();
  for (const { action, before, after } of outcomes) {
    const { table } = action;
    addUnits(units, table, unitsOfWrite(table, before, after), transactionFactor);
  }
  const capacities = consumedCapacities(units, mode, 'WriteCapacityUnits');
  return { Responses, ...(capacities && { ConsumedCapacity: capacities }) };
}

function tooLarge(): Error {
  return validationError('Transaction size has exceeded the maximum allowed size');
}
