/**
 * Owns: the shapes of the parameters that came before expressions, and the checks of their members
 * one by one.
 *
 * They are translated into the trees that expressions are bound to, so that there is one evaluator.
 */
import {
  collectProblems,
  lengthAtLeast,
  lengthAtMost,
  oneOf,
  type Rules,
  required,
} from '../constraints.ts';
import { invalidParameter } from '../errors.ts';
import type { Path } from '../expressions/tree.ts';
import type { AttributeValue } from '../values/attribute-value.ts';

export interface LegacyCondition {
  readonly ComparisonOperator?: string;
  readonly AttributeValueList?: readonly AttributeValue[];
}

export interface LegacyExpectation extends LegacyCondition {
  readonly Value?: AttributeValue;
  readonly Exists?: boolean;
}

export interface LegacyUpdate {
  readonly Value?: AttributeValue;
  readonly Action?: 'ADD' | 'PUT' | 'DELETE';
}

type ByName<T> = Readonly<Record<string, T>>;

export interface LegacyInput {
  readonly Expected?: ByName<LegacyExpectation>;
  readonly ConditionalOperator?: 'AND' | 'OR';
  readonly AttributeUpdates?: ByName<LegacyUpdate>;
  readonly AttributesToGet?: readonly string[];
  readonly KeyConditions?: ByName<LegacyCondition>;
  readonly QueryFilter?: ByName<LegacyCondition>;
  readonly ScanFilter?: ByName<LegacyCondition>;
}

const operator = oneOf(
  'IN',
  'NULL',
  'BETWEEN',
  'LT',
  'NOT_CONTAINS',
  'EQ',
  'GT',
  'NOT_NULL',
  'NE',
  'LE',
  'BEGINS_WITH',
  'GE',
  'CONTAINS',
);
const rules: Rules = [
  ['ConditionalOperator', oneOf('OR', 'AND')],
  ['AttributesToGet', lengthAtLeast(1), lengthAtMost(255)],
];
const memberRules: readonly (readonly [keyof LegacyInput, Rules])[] = [
  ['Expected', [['ComparisonOperator', operator]]],
  ['AttributeUpdates', [['Action', oneOf('ADD', 'PUT', 'DELETE')]]],
  ['KeyConditions', [['ComparisonOperator', required, operator]]],
  ['QueryFilter', [['ComparisonOperator', required, operator]]],
  ['ScanFilter', [['ComparisonOperator', required, operator]]],
];

/** Adds what is wrong with the members, one by one. */
export function collectLegacyProblems(input: object, problems: string[]): void {
  const members = input as Record<string, ByName<object> | undefined>;
  collectProblems(input, rules, '', problems);
  for (const [name, each] of memberRules) {
    const map = members[name];
    if (map == null) continue;
    const prefix = name.charAt(0).toLowerCase() + name.slice(1);
    for (const attribute of Object.keys(map)) {
      collectProblems(map[attribute] ?? {}, each, `${prefix}.${attribute}.member.`, problems);
    }
  }
}

/** The attributes asked for as document paths, which all go to the top level. */
export function pathsToGet(input: LegacyInput): readonly Path[] | undefined {
  const names = input.AttributesToGet;
  if (names == null) return undefined;
  const repeated = names.find((name, i) => names.indexOf(name) < i);
  if (repeated !== undefined) {
    throw invalidParameter(`Duplicate value in attribute name: ${repeated}`);
  }
  return names.map((name) => [name]);
}
