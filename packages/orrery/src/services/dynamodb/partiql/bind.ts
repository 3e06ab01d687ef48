/**
 * Owns: putting values and parameters into a parsed statement.
 *
 * B1  Trees are bound by the binders of `expressions/`: operands are checked there, as those of
 *     expressions are.
 */
import { validationError } from '../errors.ts';
import { bindCondition } from '../expressions/bind-condition.ts';
import { bindUpdate } from '../expressions/bind-update.ts';
import { remembering } from '../expressions/cache.ts';
import type { Placeholders } from '../expressions/placeholders.ts';
import { ExpressionProblem } from '../expressions/problem.ts';
import type { Action, Condition, ParsedCondition } from '../expressions/tree.ts';
import {
  type AttributeMap,
  type AttributeValue,
  setMember,
  typeOf,
} from '../values/attribute-value.ts';
import { validateMap, validateValue } from '../values/validate-value.ts';
import { parseStatement } from './parser.ts';
import type { Insert, ParsedValue, Statement, Update } from './tree.ts';

const cached = remembering(parseStatement);

/** Parses, and puts in the parameters. Throws `ValidationException`. */
export function bindStatement(
  text: string,
  parameters: readonly AttributeValue[] | undefined,
): { statement: Statement; given: Placeholders; value: (parsed: ParsedValue) => AttributeValue } {
  const statement = cached(text);
  const given = parameters ?? [];
  if (given.length !== statement.parameters) {
    throw validationError("Number of parameters in request and statement don't match.");
  }
  for (const parameter of given) validateValue(parameter);
  const value = (parsed: ParsedValue): AttributeValue => builtValue(parsed, given);
  const values = statement.values.map((parsed) => {
    const built = value(parsed);
    validateValue(built);
    return built;
  });
  return { statement, given: placeholdersOf(values), value };
}

function placeholdersOf(values: readonly AttributeValue[]): Placeholders {
  return {
    path: (parsed) => parsed,
    value: (reference) => values[Number(reference.slice(1))] as AttributeValue,
    finish: () => undefined,
  };
}

function builtValue(parsed: ParsedValue, parameters: readonly AttributeValue[]): AttributeValue {
  switch (parsed.kind) {
    case 'literal':
      return { ...parsed.value };
    case 'parameter':
      return parameters[parsed.index] as AttributeValue;
    case 'list':
      return { L: parsed.of.map((one) => builtValue(one, parameters)) };
    case 'map': {
      const map: AttributeMap = {};
      for (const [name, one] of parsed.entries) {
        if (Object.hasOwn(map, name)) throw validationError(`Duplicate attribute name: ${name}`);
        setMember(map, name, builtValue(one, parameters));
      }
      return { M: map };
    }
    case 'set':
      return setOf(parsed.of.map((one) => builtValue(one, parameters)));
  }
}

function setOf(elements: readonly AttributeValue[]): AttributeValue {
  const types = new Set(elements.map(typeOf));
  const [type] = types;
  if (types.size === 0) {
    throw validationError('Empty bags are not supported');
  }
  if (types.size > 1 || (type !== 'S' && type !== 'N' && type !== 'B')) {
    throw validationError('Sets must hold elements of one type: string, number or binary');
  }
  return { [`${type}S`]: elements.map((element) => element[type] as string) };
}

/** Throws `ValidationException` where the operands do not suit. */
export function conditionOf(
  parsed: ParsedCondition | undefined,
  given: Placeholders,
): Condition | undefined {
  return parsed === undefined ? undefined : worded(() => bindCondition(parsed, given));
}

export function actionsOf({ actions }: Update, given: Placeholders): readonly Action[] {
  return worded(() => {
    const bound = bindUpdate(actions, given);
    for (const action of bound) {
      if (action.kind !== 'ADD' || action.value.N === undefined) continue;
      throw validationError('The second operand of set_add must be a set');
    }
    return bound;
  });
}

export function itemOfInsert(
  { item }: Insert,
  value: (parsed: ParsedValue) => AttributeValue,
): { map: AttributeMap; bytes: number } {
  const { M: map } = value(item);
  if (map === undefined) throw validationError('The value of an INSERT must be a map');
  return { map, bytes: validateMap(map) };
}

function worded<T>(bind: () => T): T {
  try {
    return bind();
  } catch (error) {
    if (!(error instanceof ExpressionProblem)) throw error;
    throw validationError(error.message);
  }
}

/** The conditions that all must hold. */
export function conjuncts(condition: Condition | undefined): readonly Condition[] {
  if (condition === undefined) return [];
  return condition.kind === 'and' ? condition.args.flatMap(conjuncts) : [condition];
}

/** The reverse of `conjuncts`. */
export function allOf(conditions: readonly Condition[]): Condition | undefined {
  return conditions.length > 1 ? { kind: 'and', args: conditions } : conditions[0];
}
