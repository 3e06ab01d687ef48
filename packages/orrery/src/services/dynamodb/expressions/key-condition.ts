/**
 * Owns: what a key condition expression says of the key: at most one test of each attribute.
 * Refuses to own: the table's schema (`data-plane/query.ts` brings it).
 */
import { validationError } from '../errors.ts';
import type { AttributeValue } from '../values/attribute-value.ts';
import type { Comparator, Condition, Operand } from './tree.ts';

export type KeyOperator = '=' | '<' | '<=' | '>' | '>=' | 'BETWEEN' | 'begins_with';

export interface KeyTest {
  readonly operator: KeyOperator;
  readonly values: readonly AttributeValue[];
}

const flipped: Readonly<Record<string, KeyOperator>> = {
  '=': '=',
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

/** The tests by attribute name. Throws `ValidationException`. */
export function keyTests(condition: Condition): ReadonlyMap<string, KeyTest> {
  const tests = new Map<string, KeyTest>();
  checkOperators(condition);
  collect(condition, tests);
  return tests;
}

function checkOperators(condition: Condition): void {
  switch (condition.kind) {
    case 'and':
      condition.args.forEach(checkOperators);
      return;
    case 'or':
      throw invalidOperator('OR');
    case 'not':
      throw invalidOperator('NOT');
    case 'in':
      throw invalidOperator('IN');
    case 'compare':
      if (condition.operator === '<>') throw invalidOperator('<>');
      return;
    case 'function':
      if (condition.name !== 'begins_with') throw invalidOperator(condition.name);
      return;
    case 'between':
  }
}

function collect(condition: Condition, tests: Map<string, KeyTest>): void {
  if (condition.kind === 'and') {
    for (const arg of condition.args) collect(arg, tests);
    return;
  }
  const [name, test] = testOf(condition);
  if (tests.has(name)) {
    throw validationError('KeyConditionExpressions must only contain one condition per key');
  }
  tests.set(name, test);
}

function testOf(condition: Condition): [string, KeyTest] {
  switch (condition.kind) {
    case 'compare': {
      const { left, right, operator } = condition;
      const { name, values } = operands([left, right]);
      return [name, { operator: left.kind === 'path' ? same(operator) : flip(operator), values }];
    }
    case 'between':
      requireKeyFirst('BETWEEN', condition.args[0]);
      return test('BETWEEN', condition.args);
    case 'function':
      requireKeyFirst('begins_with', condition.args[0]);
      return test('begins_with', condition.args);
    default:
      throw invalidOperator(condition.kind.toUpperCase());
  }
}

function test(operator: KeyOperator, args: readonly Operand[]): [string, KeyTest] {
  const { name, values } = operands(args);
  return [name, { operator, values }];
}

function operands(args: readonly Operand[]): { name: string; values: AttributeValue[] } {
  let name: string | undefined;
  const values: AttributeValue[] = [];
  for (const arg of args) {
    if (arg.kind === 'value') values.push(arg.value);
    else if (arg.kind === 'size') {
      throw validationError('KeyConditionExpressions cannot contain nested operations');
    } else if (name !== undefined) {
      throw invalidCondition('Multiple attribute names used in one condition');
    } else if (arg.path.length > 1) {
      throw validationError('KeyConditionExpressions cannot have conditions on nested attributes');
    } else name = arg.path[0] as string;
  }
  if (name === undefined) throw invalidCondition('No key attribute specified');
  return { name, values };
}

function requireKeyFirst(operator: string, first: Operand | undefined): void {
  if (first?.kind !== 'value') return;
  throw invalidCondition(`${operator} operator must have the key attribute as its first operand`);
}

function same(operator: Comparator): KeyOperator {
  return operator as KeyOperator;
}

function flip(operator: Comparator): KeyOperator {
  return flipped[operator] ?? '=';
}

function invalidOperator(operator: string): Error {
  return validationError(`Invalid operator used in KeyConditionExpression: ${operator}`);
}

function invalidCondition(problem: string): Error {
  return validationError(`Invalid condition in KeyConditionExpression: ${problem}`);
}
