/**
 * Owns: the grammar of WHERE. Pure.
 *
 *   or        = and *( OR and )
 *   and       = not *( AND not )
 *   not       = NOT not / predicate
 *   predicate = operand [ comparator operand / [ NOT ] IN list / [ NOT ] BETWEEN operand AND operand
 *               / IS [ NOT ] ( MISSING / NULL / type ) ]
 *   operand   = path / value / function / ( or )
 */
import { validationError } from '../errors.ts';
import type { Comparator, ParsedCondition, ParsedOperand } from '../expressions/tree.ts';
import { malformed, type TokenReader } from './token-reader.ts';

const comparators: Readonly<Record<string, Comparator>> = {
  '=': '=',
  '<>': '<>',
  '!=': '<>',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};
const tests = new Set([
  'attribute_exists',
  'attribute_not_exists',
  'attribute_type',
  'begins_with',
  'contains',
]);
/** PartiQL's types and DynamoDB's. */
const types: Readonly<Record<string, string>> = {
  NULL: 'NULL',
  BOOLEAN: 'BOOL',
  BOOL: 'BOOL',
  BLOB: 'B',
  STRING: 'S',
  NUMERIC: 'N',
  STRUCT: 'M',
  TUPLE: 'M',
  LIST: 'L',
};
const told = '[MISSING, NULL, BOOLEAN, BLOB, STRING, NUMERIC, STRUCT, TUPLE, LIST]';
const inListMax = 100;

type Node = ParsedCondition | ParsedOperand;

/** Throws `ValidationException`. */
export function parseCondition(reader: TokenReader): ParsedCondition {
  return asCondition(parseOr(reader));
}

function parseOr(reader: TokenReader): Node {
  const first = parseAnd(reader);
  if (!reader.isWord('OR')) return first;
  const args = [asCondition(first)];
  while (reader.takeWord('OR')) {
    reader.countOperator();
    args.push(asCondition(parseAnd(reader)));
  }
  return { kind: 'or', args };
}

function parseAnd(reader: TokenReader): Node {
  const first = parseNot(reader);
  if (!reader.isWord('AND')) return first;
  const args = [asCondition(first)];
  while (reader.takeWord('AND')) {
    reader.countOperator();
    args.push(asCondition(parseNot(reader)));
  }
  return { kind: 'and', args };
}

function parseNot(reader: TokenReader): Node {
  if (!reader.takeWord('NOT')) return parsePredicate(reader);
  reader.countOperator();
  return negated(asCondition(reader.deeper(() => parseNot(reader))));
}

function negated(arg: ParsedCondition): ParsedCondition {
  return { kind: 'not', arg };
}

function parsePredicate(reader: TokenReader): Node {
  const left = parseOperand(reader);
  const operator = reader.token.kind === 'symbol' ? comparators[reader.token.text] : undefined;
  if (operator !== undefined) {
    reader.next();
    reader.countOperator();
    const right = asOperand(parseOperand(reader));
    return { kind: 'compare', operator, left: asOperand(left), right };
  }
  refuseOperator(reader);
  if (reader.takeWord('IS')) return parseIs(reader, asOperand(left));
  const not = reader.isWord('NOT');
  if (not) reader.next();
  if (reader.takeWord('IN')) {
    const test = parseIn(reader, asOperand(left));
    return not ? negated(test) : test;
  }
  if (reader.takeWord('BETWEEN')) {
    reader.countOperator();
    const low = asOperand(parseOperand(reader));
    reader.expectWord('AND');
    const high = asOperand(parseOperand(reader));
    const test: ParsedCondition = { kind: 'between', args: [asOperand(left), low, high] };
    return not ? negated(test) : test;
  }
  if (not) throw reader.unexpected();
  return left;
}

function refuseOperator({ token: { kind, text } }: TokenReader): void {
  const isArithmetic = kind === 'symbol' && ['+', '-', '*'].includes(text);
  const isLike = kind === 'word' && text.toUpperCase() === 'LIKE';
  if (!isArithmetic && !isLike) return;
  const operator = text.toLowerCase();
  throw validationError(`Unsupported operator in Condition Expression. Operator: ${operator}`);
}

function parseIs(reader: TokenReader, operand: ParsedOperand): ParsedCondition {
  reader.countOperator();
  const not = reader.takeWord('NOT');
  if (reader.takeWord('MISSING')) {
    const name = not ? 'attribute_exists' : 'attribute_not_exists';
    return { kind: 'function', name, args: [operand] };
  }
  const { kind, text } = reader.token;
  if (kind !== 'word') throw reader.unexpected();
  const name = text.toUpperCase();
  if (!Object.hasOwn(types, name)) {
    const at = reader.position(reader.token);
    throw validationError(
      `Unsupported data type for IS operator: ${name}. Supported data types are ${told} at ${at}`,
    );
  }
  reader.next();
  const type = reader.reference({ kind: 'literal', value: { S: types[name] ?? '' } });
  const args = [operand, { kind: 'value', reference: type } as const];
  const test: ParsedCondition = { kind: 'function', name: 'attribute_type', args };
  return not ? negated(test) : test;
}

function parseIn(reader: TokenReader, operand: ParsedOperand): ParsedCondition {
  reader.countOperator();
  const end = reader.takeSymbol('[') ? ']' : ')';
  if (end === ')') reader.expectSymbol('(');
  const list: ParsedOperand[] = [];
  do list.push(asOperand(parseOperand(reader)));
  while (reader.takeSymbol(','));
  reader.expectSymbol(end);
  if (list.length > inListMax) {
    throw validationError(
      `The IN operator is provided with too many operands; number of operands: ${list.length}`,
    );
  }
  return { kind: 'in', operand, list };
}

function parseOperand(reader: TokenReader): Node {
  if (reader.isSymbol('(')) {
    return reader.deeper(() => {
      reader.next();
      const inner = parseOr(reader);
      reader.expectSymbol(')');
      return inner;
    });
  }
  if (reader.isValue()) {
    return { kind: 'value', reference: reader.reference(reader.value()) };
  }
  const { kind, text } = reader.token;
  if (kind === 'word' && reader.following.text === '(' && reader.following.kind === 'symbol') {
    return parseFunction(reader, text);
  }
  return { kind: 'path', path: reader.path() };
}

function parseFunction(reader: TokenReader, written: string): Node {
  const name = written.toLowerCase();
  if (name !== 'size' && !tests.has(name)) {
    throw validationError(`Unrecognized function: ${written}`);
  }
  reader.next();
  reader.next();
  reader.countOperator();
  const args = reader.deeper(() => {
    const list: ParsedOperand[] = [];
    do list.push(asOperand(parseOperand(reader)));
    while (reader.takeSymbol(','));
    return list;
  });
  reader.expectSymbol(')');
  return { kind: 'function', name, args };
}

function asOperand(node: Node): ParsedOperand {
  if (node.kind === 'path' || node.kind === 'value') return node;
  if (node.kind === 'function' && node.name === 'size') return node;
  throw malformed('A condition stands where a value is expected');
}

function asCondition(node: Node): ParsedCondition {
  const isOperand =
    node.kind === 'path' ||
    node.kind === 'value' ||
    (node.kind === 'function' && node.name === 'size');
  if (!isOperand) return node;
  throw malformed('A value stands where a condition is expected');
}
