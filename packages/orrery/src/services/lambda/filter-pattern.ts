/**
 * Owns: event filter patterns (the language of EventBridge, as far as Lambda has it): their grammar
 * and whether an event matches. Pure.
 *
 *  M1  All fields of a pattern must match, one of the values of each: AND across, OR within.
 *  M2  Operators look at leaves. An object is no leaf: for `exists` it is not there.
 *  M3  An array in the event matches where one of its elements does.
 *  M4  Numbers match numbers only: DynamoDB's numbers are texts, so `numeric` never matches them.
 */

/** Says whether an event, as parsed JSON, matches. */
export type Matcher = (event: unknown) => boolean;

/** The text is no pattern; the message says what is wrong with it. */
export class FilterPatternError extends Error {}

type Json = null | boolean | number | string | readonly Json[] | JsonObject;
type JsonObject = { readonly [name: string]: Json };
type Leaf = null | boolean | number | string;
/** Of a leaf, or of undefined where the event has none there. */
type LeafTest = (leaf: Leaf | undefined) => boolean;

const depthMax = 32;
const operators = new Set([
  ...['exists', 'prefix', 'suffix', 'anything-but', 'numeric', 'equals-ignore-case'],
]);

/** Throws `FilterPatternError`. */
export function compilePattern(text: string): Matcher {
  let pattern: Json;
  try {
    pattern = JSON.parse(text) as Json;
  } catch {
    throw new FilterPatternError('it is not JSON');
  }
  if (!isObject(pattern)) throw new FilterPatternError('it is not an object');
  return compileObject(pattern, 0);
}

function compileObject(pattern: JsonObject, depth: number): Matcher {
  if (depth > depthMax) throw new FilterPatternError(`it is nested deeper than ${depthMax}`);
  const fields = Object.entries(pattern);
  if (fields.length === 0) throw new FilterPatternError('it has an empty object');
  const tests = fields.map(([name, value]) => compileField(name, value, depth));
  return (event) => tests.every((test) => test(event));
}

function compileField(name: string, value: Json, depth: number): Matcher {
  const choices = name === '$or' ? choicesOf(value) : undefined;
  if (choices !== undefined) {
    const matchers = choices.map((choice) => compileObject(choice, depth + 1));
    return (event) => matchers.some((matches) => matches(event));
  }
  if (isObject(value)) {
    const matches = compileObject(value, depth + 1);
    return (event) => within(fieldOf(event, name), matches);
  }
  if (!Array.isArray(value) || value.length === 0) {
    throw new FilterPatternError(`the values of "${name}" are no list, or an empty one`);
  }
  const tests = (value as readonly Json[]).map((one) => compileValue(name, one));
  return (event) => leavesOf(fieldOf(event, name)).some((leaf) => tests.some((test) => test(leaf)));
}

/** `$or` means alternatives where it holds at least two, none of which is an operator. */
function choicesOf(value: Json): readonly JsonObject[] | undefined {
  if (!Array.isArray(value) || value.length < 2) return undefined;
  const list = value as readonly Json[];
  const plain = (one: Json): one is JsonObject =>
    isObject(one) && !Object.keys(one).some((name) => operators.has(name));
  return list.every(plain) ? list : undefined;
}

/** An object that a nested pattern is about, or one of several in an array. */
function within(value: unknown, matches: Matcher): boolean {
  if (!Array.isArray(value)) return matches(value);
  return value.length === 0 ? matches(undefined) : value.some((one) => within(one, matches));
}

function fieldOf(event: unknown, name: string): unknown {
  if (typeof event !== 'object' || event === null || !Object.hasOwn(event, name)) return undefined;
  return (event as Readonly<Record<string, unknown>>)[name];
}

function leavesOf(value: unknown): readonly (Leaf | undefined)[] {
  if (Array.isArray(value)) return value.length === 0 ? [undefined] : value.flatMap(leavesOf);
  return [typeof value === 'object' && value !== null ? undefined : (value as Leaf | undefined)];
}

function compileValue(name: string, value: Json): LeafTest {
  if (!isObject(value)) {
    if (Array.isArray(value)) throw new FilterPatternError(`"${name}" has a list within its list`);
    return (leaf) => leaf === value;
  }
  const [[operator, operand] = ['', null], ...rest] = Object.entries(value);
  if (rest.length > 0 || !operators.has(operator)) {
    throw new FilterPatternError(
      `"${name}" has an object that is no operator; there are ${[...operators].join(', ')}`,
    );
  }
  return compileOperator(operator, operand);
}

function compileOperator(operator: string, operand: Json): LeafTest {
  switch (operator) {
    case 'exists':
      if (typeof operand !== 'boolean') throw wrongOperand(operator, 'true or false');
      return (leaf) => (leaf !== undefined) === operand;
    case 'numeric':
      return compileNumeric(operand);
    case 'anything-but':
      return compileAnythingBut(operand);
    default:
      return compileText(operator, operand);
  }
}

/** `prefix`, `suffix` (each also `{"equals-ignore-case": …}`) and `equals-ignore-case`. */
function compileText(operator: string, operand: Json): LeafTest {
  if (operator !== 'equals-ignore-case' && isObject(operand)) {
    const [[inner, text] = ['', null], ...rest] = Object.entries(operand);
    if (rest.length === 0 && inner === 'equals-ignore-case' && typeof text === 'string') {
      const test = textTest(operator, text.toLowerCase());
      return (leaf) => typeof leaf === 'string' && test(leaf.toLowerCase());
    }
  }
  if (typeof operand !== 'string') throw wrongOperand(operator, 'a text');
  if (operator === 'equals-ignore-case') {
    const wanted = operand.toLowerCase();
    return (leaf) => typeof leaf === 'string' && leaf.toLowerCase() === wanted;
  }
  const test = textTest(operator, operand);
  return (leaf) => typeof leaf === 'string' && test(leaf);
}

function textTest(operator: string, wanted: string): (text: string) => boolean {
  return operator === 'prefix'
    ? (text) => text.startsWith(wanted)
    : (text) => text.endsWith(wanted);
}

/** Of values, or of texts that begin, end or read in some way. What is not there is not matched. */
function compileAnythingBut(operand: Json): LeafTest {
  if (isObject(operand)) {
    const [[operator, inner] = ['', null], ...rest] = Object.entries(operand);
    if (rest.length > 0 || !['prefix', 'suffix', 'equals-ignore-case'].includes(operator)) {
      throw wrongOperand('anything-but', 'values, prefix, suffix or equals-ignore-case');
    }
    const tests = listOf(inner).map((one) => compileText(operator, one));
    return (leaf) => leaf !== undefined && !tests.some((test) => test(leaf));
  }
  const values = new Set<unknown>(listOf(operand));
  const known = [...values].every((one) => typeof one === 'string' || typeof one === 'number');
  if (values.size === 0 || !known) throw wrongOperand('anything-but', 'texts or numbers');
  return (leaf) => leaf !== undefined && !values.has(leaf);
}

function listOf(value: Json): readonly Json[] {
  return Array.isArray(value) ? (value as readonly Json[]) : [value];
}

type Comparison = (number: number) => boolean;

/** `["=", 5]`, `[">", 0]`, `[">", 0, "<=", 5]`. */
function compileNumeric(operand: Json): LeafTest {
  const list = Array.isArray(operand) ? (operand as readonly Json[]) : [];
  const comparisons: Comparison[] = [];
  for (let at = 0; at < list.length; at += 2) {
    comparisons.push(comparison(list[at], list[at + 1]));
  }
  const [first, second] = [list[0], list[2]];
  const isRange = list.length === 4 && /^>=?$/.test(String(first)) && /^<=?$/.test(String(second));
  if (list.length !== 2 && !isRange) {
    throw wrongOperand('numeric', 'a comparison, or a lower and an upper bound');
  }
  return (leaf) => typeof leaf === 'number' && comparisons.every((compare) => compare(leaf));
}

function comparison(operator: Json | undefined, bound: Json | undefined): Comparison {
  if (typeof bound !== 'number') throw wrongOperand('numeric', 'comparisons with numbers');
  switch (operator) {
    case '=':
      return (number) => number === bound;
    case '<':
      return (number) => number < bound;
    case '<=':
      return (number) => number <= bound;
    case '>':
      return (number) => number > bound;
    case '>=':
      return (number) => number >= bound;
    default:
      throw wrongOperand('numeric', 'one of =, <, <=, >, >= before each number');
  }
}

function wrongOperand(operator: string, wanted: string): FilterPatternError {
  return new FilterPatternError(`${operator} takes ${wanted}`);
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
