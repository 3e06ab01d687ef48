/**
 * BatchExecuteStatement: up to 25 statements about one item each, all of them reads or all writes.
 * Each succeeds or fails for itself.
 */
import { ServiceError } from '../../../endpoint/service.ts';
import {
  collectProblems,
  lengthAtLeast,
  lengthAtMost,
  type Rules,
  required,
  throwProblems,
} from '../constraints.ts';
import { refuseDuplicates } from '../data-plane/batches.ts';
import {
  addUnits,
  type CapacityMode,
  consumedCapacities,
  readUnits,
  type Units,
  unitsOfWrite,
  wantsCapacity,
} from '../data-plane/capacity.ts';
import { type Engine, servingTable } from '../data-plane/engine.ts';
import { capacityRule, itemOf, refuseKeyPaths } from '../data-plane/item-operation.ts';
import { encodeGivenKey } from '../data-plane/key-checks.ts';
import { partitionOf } from '../data-plane/throttle.ts';
import { validationError } from '../errors.ts';
import { holds } from '../expressions/evaluate.ts';
import type { Placeholders } from '../expressions/placeholders.ts';
import type { StoredTable } from '../storage/stored-table.ts';
import type { AttributeMap, AttributeValue } from '../values/attribute-value.ts';
import { itemSize } from '../values/size.ts';
import { bindStatement, conditionOf } from './bind.ts';
import { columnsOf } from './columns.ts';
import { statementRules } from './execute-statement.ts';
import { keyOf } from './key-tests.ts';
import { firstWord } from './lexer.ts';
import type { Select } from './tree.ts';
import { carryOut, locateWrite, returnedItem, tryWrite } from './write.ts';

export interface BatchStatement {
  readonly Statement: string;
  readonly Parameters?: readonly AttributeValue[];
  readonly ConsistentRead?: boolean;
  readonly ReturnValuesOnConditionCheckFailure?: 'ALL_OLD' | 'NONE';
}

export interface BatchExecuteStatementInput {
  readonly Statements: readonly BatchStatement[];
  readonly ReturnConsumedCapacity?: CapacityMode;
}

const rules: Rules = [
  ['Statements', required, lengthAtLeast(1), lengthAtMost(25, 'PartiQLBatchRequest')],
  capacityRule,
];

/** Exceptions as answers name them, where it is more than leaving `Exception` away. */
const codes: Readonly<Record<string, string>> = {
  ValidationException: 'ValidationError',
  ThrottlingException: 'ThrottlingError',
};

interface Answer {
  readonly TableName?: string;
  readonly Item?: AttributeMap;
  readonly Error?: {
    readonly Code: string;
    readonly Message: string;
    readonly Item?: AttributeMap;
  };
}

export function batchExecuteStatement(
  engine: Engine,
  input: BatchExecuteStatementInput,
): object | Promise<object> {
  const problems: string[] = [];
  collectProblems(input, rules, '', problems);
  (input.Statements ?? []).forEach((one, i) => {
    collectProblems(one, statementRules, `statements.${i + 1}.member.`, problems);
  });
  throwProblems(problems);
  refuseMixed(input.Statements);
  const units = new Map<StoredTable, Units>();
  const counted = wantsCapacity(input.ReturnConsumedCapacity) ? units : undefined;
  const prepared = input.Statements.map((one) => orError(() => prepare(engine, one, counted)));
  refuseDuplicates(prepared.flatMap((one) => ('key' in one ? [one.key] : [])));
  const responses: Answer[] = [];
  const output = (): object => {
    const capacities = consumedCapacities(units, input.ReturnConsumedCapacity);
    return { Responses: responses, ...(capacities && { ConsumedCapacity: capacities }) };
  };
  const turn = engine.turns.begin();
  for (const one of prepared) {
    responses.push(answerOf(one));
    if (turn.over()) break;
  }
  turn.end();
  if (responses.length === prepared.length) return output();
  const again = (i: number): Prepared | Answer => {
    const statement = input.Statements[i] as BatchStatement;
    return orError(() => prepare(engine, statement, counted));
  };
  return answerRest(engine, prepared, again, responses).then(output);
}

/** Statements that write are prepared again: their tables may have gone meanwhile. */
async function answerRest(
  { turns }: Engine,
  prepared: readonly (Prepared | Answer)[],
  again: (i: number) => Prepared | Answer,
  responses: Answer[],
): Promise<void> {
  while (responses.length < prepared.length) {
    const turn = await turns.next('a batch of statements goes on');
    do {
      const i = responses.length;
      const one = prepared[i] as Prepared | Answer;
      responses.push(answerOf('key' in one && one.writes ? again(i) : one));
    } while (!turn.over() && responses.length < prepared.length);
  }
}

function answerOf(one: Prepared | Answer): Answer {
  return 'key' in one ? { TableName: one.table.name, ...orError(one.run) } : one;
}

/** What it returns, or what it throws as an answer tells it. */
function orError<T>(run: () => T): T | Answer {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    return { Error: told(error) };
  }
}

/** A statement that cannot be parsed is told in its own answer. */
function refuseMixed(statements: readonly BatchStatement[]): void {
  const reads = statements.map(({ Statement: text }) => firstWord(text) === 'SELECT');
  if (new Set(reads).size < 2) return;
  throw validationError(
    'Batch cannot contain both read statements and write statements: use one kind in a batch',
  );
}

function told(error: ServiceError): NonNullable<Answer['Error']> {
  const item = error.fields['Item'] as AttributeMap | undefined;
  return {
    Code: codes[error.code] ?? error.code.replace(/Exception$/, ''),
    Message: error.message,
    ...(item !== undefined && { Item: item }),
  };
}

/** A statement whose item is known. */
interface Prepared {
  readonly table: StoredTable;
  readonly key: Buffer;
  /** A read is done already. */
  readonly writes: boolean;
  readonly run: () => Answer;
}

/** `units` takes what it costs, where somebody wants to know. */
function prepare(
  engine: Engine,
  one: BatchStatement,
  units: Map<StoredTable, Units> | undefined,
): Prepared {
  const { statement, ...given } = bindStatement(one.Statement, one.Parameters);
  if (statement.kind === 'SELECT') {
    if (statement.exists) throw validationError('EXISTS is supported in ExecuteTransaction only');
    const consistent = one.ConsistentRead === true;
    const { table, key, item, cost } = selectOne(engine, statement, given.given, consistent);
    if (units !== undefined) addUnits(units, table, { table: cost, indexes: new Map() });
    return { table, key, writes: false, run: () => (item === undefined ? {} : { Item: item }) };
  }
  const tellsItem = one.ReturnValuesOnConditionCheckFailure === 'ALL_OLD';
  const write = locateWrite(engine, statement, { ...given, tellsItem });
  const { table, key } = write.located;
  const run = (): Answer => {
    const outcome = engine.storage.transaction((transaction) => {
      const found = tryWrite(engine, transaction, write);
      carryOut(engine, transaction, found);
      return found;
    });
    if (units !== undefined)
      addUnits(units, table, unitsOfWrite(table, outcome.before, outcome.after));
    const item = returnedItem(write, outcome);
    return item === undefined ? {} : { Item: item };
  };
  return { table, key, writes: true, run };
}

export interface Selected {
  readonly table: StoredTable;
  readonly key: Buffer;
  readonly item: AttributeMap | undefined;
  /** Of the item that was read, whether it is told or not. */
  readonly bytes: number;
  readonly cost: number;
}

/** A SELECT that must name one item by its key. Its cost is multiplied in transactions alone. */
export function selectOne(
  engine: Engine,
  statement: Select,
  given: Placeholders,
  consistent: boolean,
  factor = 1,
): Selected {
  const where = conditionOf(statement.where, given);
  const table = servingTable(engine, statement.tableName);
  const found = statement.indexName === undefined ? keyOf(table, where) : undefined;
  if (found === undefined) {
    const operation = factor === 1 ? 'BatchExecuteStatement' : 'ExecuteTransaction';
    throw validationError(
      `Select statements within ${operation} must specify the primary key in the where clause.`,
    );
  }
  if (statement.paths !== undefined) refuseKeyPaths(table, statement.paths);
  const key = encodeGivenKey(table, found.key);
  const item = itemOf(engine.storage.readRecord(engine.storage.store, key));
  const bytes = item === undefined ? 0 : itemSize(item);
  const cost = readUnits(bytes, consistent) * factor;
  engine.throttle?.read(table, undefined, partitionOf(key), cost);
  const shown =
    item !== undefined && (found.rest === undefined || holds(found.rest, item))
      ? columnsOf(statement.paths, item)
      : undefined;
  return { table, key, item: shown, bytes, cost };
}
