/**
 * Owns: the truth of a bound condition for an item, and reading document paths. Pure.
 *
 * V1  An operand that is not there makes its condition false, `<>` and `attribute_not_exists` true.
 * V2  Values of different types compare false, with `<>` true.
 */
import { unreachable } from '../../../stdx/assert.ts';
import {
  type AttributeMap,
  type AttributeValue,
  member,
  typeOf,
} from '../values/attribute-value.ts';
import { compareValues, equalValues } from '../values/compare.ts';
import type { Comparator, Condition, Operand, Path } from './tree.ts';

/** Whether the condition holds for the item; an item that does not exist is an empty one. */
export function holds(condition: Condition, item: AttributeMap): boolean {
  switch (condition.kind) {
    case 'and':
      return condition.args.every((arg) => holds(arg, item));
    case 'or':
      return condition.args.some((arg) => holds(arg, item));
    case 'not':
      return !holds(condition.arg, item);
    case 'compare':
      return compare(
        condition.operator,
        operandValue(condition.left, item),
        operandValue(condition.right, item),
      );
    case 'between': {
      const [value, low, high] = condition.args.map((arg) => operandValue(arg, item));
      return compare('>=', value, low) && compare('<=', value, high);
    }
    case 'in': {
      const value = operandValue(condition.operand, item);
      return condition.list.some((one) => compare('=', value, operandValue(one, item)));
    }
    case 'function':
      return functionHolds(condition.name, condition.args, item);
    default:
      return unreachable(condition);
  }
}

/** The value at a document path. */
export function valueAt(path: Path, item: AttributeMap): AttributeValue | undefined {
  let value = member(item, path[0] as string);
  for (let i = 1; i < path.length && value !== undefined; i += 1) {
    value = childOf(value, path[i] as string | number);
  }
  return value;
}

export function childOf(value: AttributeValue, step: string | number): AttributeValue | undefined {
  if (typeof step === 'number') return value.L?.[step];
  return value.M === undefined ? undefined : member(value.M, step);
}

function operandValue(operand: Operand, item: AttributeMap): AttributeValue | undefined {
  switch (operand.kind) {
    case 'path':
      return valueAt(operand.path, item);
    case 'value':
      return operand.value;
    case 'size': {
      const of = operandValue(operand.of, item);
      const size = of === undefined ? undefined : sizeOf(of);
      return size === undefined ? undefined : { N: String(size) };
    }
  }
}

function compare(
  operator: Comparator,
  a: AttributeValue | undefined,
  b: AttributeValue | undefined,
): boolean {
  if (a === undefined || b === undefined) return operator === '<>';
  if (operator === '=') return equalValues(a, b);
  if (operator === '<>') return !equalValues(a, b);
  const order = compareValues(a, b);
  if (order === undefined) return false;
  switch (operator) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
  }
}

function functionHolds(name: string, args: readonly Operand[], item: AttributeMap): boolean {
  const first = operandValue(args[0] as Operand, item);
  if (name === 'attribute_exists') return first !== undefined;
  if (name === 'attribute_not_exists') return first === undefined;
  const second = operandValue(args[1] as Operand, item);
  if (first === undefined || second === undefined) return false;
  if (name === 'attribute_type') return typeOf(first) === second.S;
  if (name === 'begins_with') return beginsWith(first, second);
  return contains(first, second);
}

export function beginsWith(value: AttributeValue, prefix: AttributeValue): boolean {
  if (value.S !== undefined) return prefix.S !== undefined && value.S.startsWith(prefix.S);
  if (value.B === undefined || prefix.B === undefined) return false;
  const [whole, start] = [Buffer.from(value.B, 'base64'), Buffer.from(prefix.B, 'base64')];
  return whole.subarray(0, start.length).equals(start);
}

/** A part of a text or of bytes, or an element of a set or list. */
export function contains(value: AttributeValue, part: AttributeValue): boolean {
  if (value.S !== undefined) return part.S !== undefined && value.S.includes(part.S);
  if (value.SS !== undefined) return part.S !== undefined && value.SS.includes(part.S);
  if (value.NS !== undefined) return part.N !== undefined && value.NS.includes(part.N);
  if (value.BS !== undefined) return part.B !== undefined && value.BS.includes(part.B);
  if (value.L !== undefined) return value.L.some((element) => equalValues(element, part));
  if (value.B === undefined || part.B === undefined) return false;
  return Buffer.from(value.B, 'base64').includes(Buffer.from(part.B, 'base64'));
}

/** `size()`: bytes of texts and binaries, entries of the others; numbers have none. */
function sizeOf(value: AttributeValue): number | undefined {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.B !== undefined) return Buffer.byteLength(value.B, 'base64');
  if (value.M !== undefined) return Object.keys(value.M).length;
  return (value.L ?? value.SS ?? value.NS ?? value.BS)?.length;
}
