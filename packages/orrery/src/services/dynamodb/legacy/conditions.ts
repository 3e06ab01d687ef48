/**
 * Owns: `Expected`, `QueryFilter` and `ScanFilter` → bound conditions, and `KeyConditions` → tests of
 * keys. Pure.
 *
 *  G1  Attribute names are names: a dot in one is a part of it.
 *  G2  `NE` holds where the attribute is absent, `NOT_CONTAINS` does not.
 */
import { invalidParameter, validationError } from '../errors.ts';
import type { KeyOperator, KeyTest } from '../expressions/key-condition.ts';
import type { Comparator, Condition, Operand } from '../expressions/tree.ts';
import { type AttributeValue, typeOf } from '../values/attribute-value.ts';
import { compareValues } from '../values/compare.ts';
import { newerWording, validateValue, type Wording } from '../values/validate-value.ts';
import type { LegacyCondition, LegacyExpectation, LegacyInput } from './parameters.ts';

const comparators: Readonly<Record<string, Comparator>> = {
  EQ: '=',
  NE: '<>',
  LE: '<=',
  LT: '<',
  GE: '>=',
  GT: '>',
};

/** The condition that a write must meet; undefined where nothing is expected. */
export function expectedCondition(input: LegacyInput): Condition | undefined {
  return combined(input, input.Expected, expectation);
}

/** The filter of a Query or Scan. */
export function filterCondition(input: LegacyInput): Condition | undefined {
  return combined(input, input.QueryFilter ?? input.ScanFilter, (name, given) => {
    const wording = input.QueryFilter == null ? undefined : newerWording;
    const values = checkedValues(given.AttributeValueList, wording);
    return condition(name, given.ComparisonOperator ?? '', values);
  });
}

function combined<T>(
  { ConditionalOperator: conditional }: LegacyInput,
  map: Readonly<Record<string, T>> | null | undefined,
  translate: (name: string, given: T) => Condition,
): Condition | undefined {
  const args = Object.entries(map ?? {}).map(([name, given]) => translate(name, given));
  if (conditional != null && args.length === 0) {
    throw validationError('ConditionalOperator cannot be used without Filter or Expected');
  }
  if (conditional != null && args.length === 1) {
    throw validationError(
      'ConditionalOperator can only be used when Filter or Expected has two or more elements',
    );
  }
  return args.length > 1 ? { kind: conditional === 'OR' ? 'or' : 'and', args } : args[0];
}

function expectation(name: string, given: LegacyExpectation): Condition {
  const { ComparisonOperator: operator, AttributeValueList: list, Value: value } = given;
  if (list != null && value != null) {
    throw invalidParameter(
      `Value and AttributeValueList cannot be used together for Attribute: ${name}`,
    );
  }
  if (operator == null) return existence(name, given);
  if (given.Exists != null) {
    throw invalidParameter(
      `Exists and ComparisonOperator cannot be used together for Attribute: ${name}`,
    );
  }
  const isUnary = operator === 'NULL' || operator === 'NOT_NULL';
  if (!isUnary && list == null && value == null) {
    throw invalidParameter(
      `Value or AttributeValueList must be used with ComparisonOperator: ${operator} ` +
        `for Attribute: ${name}`,
    );
  }
  return condition(
    name,
    operator,
    checkedValues(list ?? (value == null ? [] : [value]), newerWording),
  );
}

/** Conditions without an operator: there with that value, or not there. */
function existence(name: string, given: LegacyExpectation): Condition {
  const { AttributeValueList: list, Value: value, Exists: exists } = given;
  if (list != null) {
    throw invalidParameter(
      `AttributeValueList can only be used with a ComparisonOperator for Attribute: ${name}`,
    );
  }
  if (exists === false) {
    if (value == null) return test('attribute_not_exists', [pathTo(name)]);
    throw invalidParameter(`Value cannot be used when Exists is false for Attribute: ${name}`);
  }
  if (value == null) {
    const shown = exists == null ? 'null' : 'true';
    throw invalidParameter(`Value must be provided when Exists is ${shown} for Attribute: ${name}`);
  }
  return condition(name, 'EQ', checkedValues([value], newerWording));
}

function checkedValues(
  values: readonly AttributeValue[] | null | undefined,
  wording: Wording | undefined,
): AttributeValue[] {
  const list = [...(values ?? [])];
  for (const value of list) validateValue(value, wording);
  return list;
}

function condition(name: string, operator: string, values: readonly AttributeValue[]): Condition {
  checkArguments(operator, values);
  const path = pathTo(name);
  const operands = values.map((value): Operand => ({ kind: 'value', value }));
  const [first, second] = operands as [Operand, Operand];
  const comparator = comparators[operator];
  if (comparator !== undefined) {
    return { kind: 'compare', operator: comparator, left: path, right: first };
  }
  switch (operator) {
    case 'NULL':
      return test('attribute_not_exists', [path]);
    case 'NOT_NULL':
      return test('attribute_exists', [path]);
    case 'CONTAINS':
      return test('contains', [path, first]);
    case 'NOT_CONTAINS': {
      const lacks: Condition = { kind: 'not', arg: test('contains', [path, first]) };
      return { kind: 'and', args: [test('attribute_exists', [path]), lacks] };
    }
    case 'BEGINS_WITH':
      return test('begins_with', [path, first]);
    case 'IN':
      return { kind: 'in', operand: path, list: operands };
    default:
      return { kind: 'between', args: [path, first, second] };
  }
}

function pathTo(name: string): Operand {
  return { kind: 'path', path: [name] };
}

function test(name: string, args: readonly Operand[]): Condition {
  return { kind: 'function', name, args };
}

const scalars = ['S', 'N', 'B'];
const supported: Readonly<Record<string, readonly string[]>> = {
  LE: scalars,
  LT: scalars,
  GE: scalars,
  GT: scalars,
  BETWEEN: scalars,
  IN: scalars,
  CONTAINS: [...scalars, 'NULL', 'BOOL'],
  NOT_CONTAINS: [...scalars, 'NULL', 'BOOL'],
  BEGINS_WITH: ['S', 'B'],
};

/** Number, types and order of the values that the operator has. */
function checkArguments(operator: string, values: readonly AttributeValue[]): void {
  const count = values.length;
  const wanted =
    operator === 'NULL' || operator === 'NOT_NULL' ? 0 : operator === 'BETWEEN' ? 2 : 1;
  if (operator === 'IN' ? count === 0 : count !== wanted) {
    throw invalidParameter(`Invalid number of argument(s) for the ${operator} ComparisonOperator`);
  }
  const types = values.map(typeOf);
  for (const type of types) {
    if (supported[operator]?.includes(type) ?? true) continue;
    throw invalidParameter(
      `ComparisonOperator ${operator} is not valid for ${type} AttributeValue type`,
    );
  }
  if (types.some((type) => type !== types[0])) {
    throw invalidParameter('AttributeValues inside AttributeValueList must be of same type');
  }
  const [low, high] = values;
  if (operator !== 'BETWEEN' || low === undefined || high === undefined) return;
  if ((compareValues(low, high) ?? 0) <= 0) return;
  throw validationError(
    'The BETWEEN condition was provided a range where the lower bound is greater than the upper ' +
      'bound',
  );
}

const keyOperators: Readonly<Record<string, KeyOperator>> = {
  EQ: '=',
  LE: '<=',
  LT: '<',
  GE: '>=',
  GT: '>',
  BETWEEN: 'BETWEEN',
  BEGINS_WITH: 'begins_with',
};

/** The tests of `KeyConditions` by attribute name. */
export function legacyKeyTests(
  conditions: Readonly<Record<string, LegacyCondition>>,
): ReadonlyMap<string, KeyTest> {
  const tests = new Map<string, KeyTest>();
  for (const [name, given] of Object.entries(conditions)) {
    const operator = given.ComparisonOperator ?? '';
    const values = checkedValues(given.AttributeValueList, newerWording);
    checkArguments(operator, values);
    const known = keyOperators[operator];
    if (known === undefined) {
      throw validationError('Attempted conditional constraint is not an indexable operation');
    }
    tests.set(name, { operator: known, values });
  }
  if (tests.size === 0) throw validationError('Conditions can be of length 1 or 2 only');
  return tests;
}
