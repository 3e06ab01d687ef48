/** ExecuteStatement: one PartiQL statement, which reads any number of items or writes one. */

import {
  atLeast,
  checkConstraints,
  lengthAtLeast,
  lengthAtMost,
  oneOf,
  type Rules,
  required,
} from '../constraints.ts';
import {
  type CapacityMode,
  consumedCapacity,
  unitsOfWrite,
  wantsCapacity,
} from '../data-plane/capacity.ts';
import type { Engine } from '../data-plane/engine.ts';
import { capacityRule } from '../data-plane/item-operation.ts';
import { validationError } from '../errors.ts';
import type { AttributeMap } from '../values/attribute-value.ts';
import { bindStatement } from './bind.ts';
import { type SelectRequest, select } from './select.ts';
import { carryOut, locateWrite, returnedItem, tryWrite } from './write.ts';

export interface ExecuteStatementInput extends SelectRequest {
  readonly ReturnValuesOnConditionCheckFailure?: 'ALL_OLD' | 'NONE';
}

export interface StatementResult {
  readonly tableName: string;
  readonly output: { readonly Items: AttributeMap[] } & object;
}

export const statementRules: Rules = [
  ['Statement', required, lengthAtLeast(1), lengthAtMost(8192)],
  ['Parameters', lengthAtLeast(1)],
  ['ReturnValuesOnConditionCheckFailure', oneOf('ALL_OLD', 'NONE')],
];
const rules: Rules = [
  ...statementRules,
  capacityRule,
  ['NextToken', lengthAtLeast(1), lengthAtMost(32_768)],
  ['Limit', atLeast(1)],
];

export function executeStatement(
  engine: Engine,
  input: ExecuteStatementInput,
): object | Promise<object> {
  checkConstraints(input, rules);
  const { statement, ...given } = bindStatement(input.Statement, input.Parameters);
  if (statement.kind === 'SELECT') {
    if (!statement.exists) return select(engine, statement, given.given, input);
    throw validationError('EXISTS is supported in ExecuteTransaction only');
  }
  if (input.NextToken !== undefined) throw validationError('NextToken does not match request');
  const tellsItem = input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD';
  const write = locateWrite(engine, statement, { ...given, tellsItem });
  const outcome = engine.storage.transaction((transaction) => {
    const found = tryWrite(engine, transaction, write);
    carryOut(engine, transaction, found);
    return found;
  });
  const item = returnedItem(write, outcome);
  const mode: CapacityMode = input.ReturnConsumedCapacity;
  const { table } = write.located;
  return {
    Items: item === undefined ? [] : [item],
    ...(wantsCapacity(mode) && {
      ConsumedCapacity: consumedCapacity(
        table,
        mode,
        unitsOfWrite(table, outcome.before, outcome.after),
      ),
    }),
  };
}
