/**
 * Owns: parsed conditions → bound ones: placeholders put in, and the checks that need their values.
 *
 * B1  Checks go condition by condition from left to right; within one: placeholders, number of
 *     operands, distinct operands, types.
 */
import { type AttributeValue, typeOf } from '../values/attribute-value.ts';
import { compareValues } from '../values/compare.ts';
import type { Placeholders } from './placeholders.ts';
import { ExpressionProblem } from './problem.ts';
import {
  type Comparator,
  type Condition,
  equalPaths,
  type Operand,
  type ParsedCondition,
  type ParsedFunction,
  type ParsedOperand,
  pathText,
} from './tree.ts';

const operandCounts: Readonly<Record<string, number>> = {
  attribute_exists: 1,
  attribute_not_exists: 1,
  attribute_type: 2,
  begins_with: 2,
  contains: 2,
  size: 1,
};
const typeNames = ['B', 'NULL', 'SS', 'BOOL', 'L', 'BS', 'N', 'NS', 'S', 'M'];

/** Throws `ExpressionProblem`. */
export function bindCondition(parsed: ParsedCondition, given: Placeholders): Condition {
  switch (parsed.kind) {
    case 'and':
    case 'or':
      return { kind: parsed.kind, args: parsed.args.map((arg) => bindCondition(arg, given)) };
    case 'not':
      return { kind: 'not', arg: bindCondition(parsed.arg, given) };
    case 'compare':
      return bindComparison(parsed.operator, parsed.left, parsed.right, given);
    case 'between': {
      const [operand, low, high] = parsed.args;
      const args = [
        bindOperand(operand, given),
        bindOperand(low, given),
        bindOperand(high, given),
      ] as const;
      for (const arg of args) checkOrdered('BETWEEN', arg);
      checkBounds(args[1], args[2]);
      return { kind: 'between', args };
    }
    case 'in': {
      const operand = bindOperand(parsed.operand, given);
      const list = parsed.list.map((one) => bindOperand(one, given));
      for (const one of list) checkDistinct('IN', operand, one);
      return { kind: 'in', operand, list };
    }
    case 'function':
      return bindFunction(parsed, given);
  }
}

function bindOperand(parsed: ParsedOperand, given: Placeholders): Operand {
  switch (parsed.kind) {
    case 'path':
      return { kind: 'path', path: given.path(parsed.path) };
    case 'value':
      return { kind: 'value', value: given.value(parsed.reference) };
    case 'function': {
      const args = parsed.args.map((arg) => bindOperand(arg, given));
      const of = checkedCount(parsed.name, args)[0] as Operand;
      const type = of.kind === 'size' ? 'N' : literalType(of);
      if (type === 'N' || type === 'BOOL' || type === 'NULL') throw wrongType('size', type);
      return { kind: 'size', of };
    }
  }
}

function bindComparison(
  operator: Comparator,
  parsedLeft: ParsedOperand,
  parsedRight: ParsedOperand,
  given: Placeholders,
): Condition {
  const left = bindOperand(parsedLeft, given);
  const right = bindOperand(parsedRight, given);
  checkDistinct(operator, left, right);
  if (operator !== '=' && operator !== '<>') {
    checkOrdered(operator, left);
    checkOrdered(operator, right);
  }
  return { kind: 'compare', operator, left, right };
}

function bindFunction({ name, args: parsedArgs }: ParsedFunction, given: Placeholders): Condition {
  const args = checkedCount(
    name,
    parsedArgs.map((arg) => bindOperand(arg, given)),
  );
  const [first, second] = args as [Operand, Operand | undefined];
  if (second !== undefined) checkDistinct(name, first, second);
  switch (name) {
    case 'attribute_exists':
    case 'attribute_not_exists':
      requirePath(name, first);
      break;
    case 'begins_with':
      for (const arg of args) {
        const type = literalType(arg);
        if (type !== undefined && type !== 'S' && type !== 'B') throw wrongType(name, type);
      }
      break;
    case 'attribute_type':
      checkTypeName(second);
      break;
  }
  return { kind: 'function', name, args };
}

function checkedCount(name: string, args: readonly Operand[]): readonly Operand[] {
  if (args.length === operandCounts[name]) return args;
  throw new ExpressionProblem(
    'Incorrect number of operands for operator or function; ' +
      `operator or function: ${name}, number of operands: ${args.length}`,
  );
}

function requirePath(name: string, operand: Operand): void {
  if (operand.kind === 'path') return;
  const text = 'Operator or function requires a document path; operator or function: ';
  throw new ExpressionProblem(text + name);
}

function checkTypeName(operand: Operand | undefined): void {
  const value = operand?.kind === 'value' ? operand.value : undefined;
  if (value?.S === undefined) {
    const type = value === undefined ? '{NS,SS,L,BS,N,M,B,BOOL,NULL,S}' : typeOf(value);
    throw wrongType('attribute_type', type);
  }
  if (typeNames.includes(value.S)) return;
  throw new ExpressionProblem(
    `Invalid attribute type name found; type: ${value.S}, valid types: {${typeNames.join(',')}}`,
  );
}

function checkOrdered(operator: string, operand: Operand): void {
  const type = literalType(operand);
  if (type === undefined || type === 'S' || type === 'N' || type === 'B') return;
  throw wrongType(operator, type);
}

function checkBounds(low: Operand, high: Operand): void {
  if (low.kind !== 'value' || high.kind !== 'value') return;
  const order = compareValues(low.value, high.value);
  if (order !== undefined && order <= 0) return;
  const rule =
    order === undefined
      ? 'requires same data type for lower and upper bounds'
      : 'requires upper bound to be greater than or equal to lower bound';
  throw new ExpressionProblem(
    `The BETWEEN operator ${rule}; lower bound operand: AttributeValue: ${literal(low.value)}, ` +
      `upper bound operand: AttributeValue: ${literal(high.value)}`,
  );
}

function checkDistinct(operator: string, first: Operand, other: Operand): void {
  if (first.kind !== 'path' || other.kind !== 'path') return;
  if (!equalPaths(first.path, other.path)) return;
  throw new ExpressionProblem(
    'The first operand must be distinct from the remaining operands for this operator or ' +
      `function; operator: ${operator}, first operand: ${pathText(first.path)}`,
  );
}

function literalType(operand: Operand): string | undefined {
  return operand.kind === 'value' ? typeOf(operand.value) : undefined;
}

function literal(value: AttributeValue): string {
  const type = typeOf(value);
  return `{${type}:${String(value[type])}}`;
}

function wrongType(operator: string, type: string): ExpressionProblem {
  return new ExpressionProblem(
    'Incorrect operand type for operator or function; ' +
      `operator or function: ${operator}, operand type: ${type}`,
  );
}
