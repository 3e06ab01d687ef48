/**
 * Owns: the `#names` and `:values` of one request: their checks, their resolution, and which of them
 * no expression used.
 */
import { validationError } from '../errors.ts';
import { type AttributeMap, type AttributeValue, member } from '../values/attribute-value.ts';
import {
  nameProblem,
  newerWording,
  validateValue,
  type Wording,
} from '../values/validate-value.ts';
import { ExpressionProblem } from './problem.ts';
import type { ParsedPath, Path } from './tree.ts';

const placeholderBytesMax = 255;
const valuesBytesMax = 2 * 1024 * 1024;

export interface Placeholders {
  /** The path with its references resolved. Throws `ExpressionProblem`. */
  path(parsed: ParsedPath): Path;
  value(reference: string): AttributeValue;
  /** Throws where a placeholder was given that no expression used. */
  finish(): void;
}

export function createPlaceholders(
  names: Readonly<Record<string, string>> | undefined,
  values: AttributeMap | undefined,
  layer: Wording['layer'] = 'older',
): Placeholders {
  if (names !== undefined) checkNames(names);
  if (values !== undefined) checkValues(values, layer);
  const usedNames = new Set<string>();
  const usedValues = new Set<string>();

  const nameOf = (reference: string): string => {
    const name =
      names !== undefined && Object.hasOwn(names, reference) ? names[reference] : undefined;
    if (name === undefined) {
      const text = 'An expression attribute name used in the document path is not defined';
      throw new ExpressionProblem(`${text}; attribute name: ${reference}`);
    }
    usedNames.add(reference);
    return name;
  };

  return {
    path: (parsed) => {
      if (!parsed.some(isReference)) return parsed;
      return parsed.map((step) => (isReference(step) ? nameOf(step) : step));
    },
    value: (reference) => {
      const value = values === undefined ? undefined : member(values, reference);
      if (value === undefined) {
        const text = 'An expression attribute value used in expression is not defined';
        throw new ExpressionProblem(`${text}; attribute value: ${reference}`);
      }
      usedValues.add(reference);
      return value;
    },
    finish: () => {
      checkUsed('ExpressionAttributeNames', names, usedNames);
      checkUsed('ExpressionAttributeValues', values, usedValues);
    },
  };
}

function isReference(step: string | number): step is string {
  return typeof step === 'string' && step.charCodeAt(0) === 35;
}

function checkUsed(what: string, given: object | undefined, used: ReadonlySet<string>): void {
  if (given === undefined) return;
  const unused = Object.keys(given).filter((key) => !used.has(key));
  if (unused.length === 0) return;
  throw validationError(
    `Value provided in ${what} unused in expressions: keys: {${unused.join(', ')}}`,
  );
}

function checkNames(names: Readonly<Record<string, string>>): void {
  const keys = Object.keys(names);
  if (keys.length === 0) throw validationError('ExpressionAttributeNames must not be empty');
  for (const key of keys) {
    checkKey('ExpressionAttributeNames', key, /^#[0-9a-zA-Z_]+$/);
    const problem = nameProblem(names[key] ?? '');
    if (problem === undefined) continue;
    throw validationError(
      `ExpressionAttributeNames contains invalid value: ${problem} for key ${key}`,
    );
  }
}

/** The newer layer does not say which of the values is bad. */
function checkValues(values: AttributeMap, layer: Wording['layer']): void {
  const keys = Object.keys(values);
  if (keys.length === 0) throw validationError('ExpressionAttributeValues must not be empty');
  let size = 0;
  for (const key of keys) {
    checkKey('ExpressionAttributeValues', key, /^:[0-9a-zA-Z_]+$/);
    const words = (problem: string): string =>
      `ExpressionAttributeValues contains invalid value: ${problem} for key ${key}`;
    const wording = layer === 'newer' ? newerWording : { layer, words };
    size += validateValue(values[key] as AttributeValue, wording);
  }
  if (size > valuesBytesMax) {
    throw validationError('ExpressionAttributeValues exceeds max size');
  }
}

function checkKey(what: string, key: string, form: RegExp): void {
  if (!form.test(key)) {
    throw validationError(`${what} contains invalid key: Syntax error; key: "${key}"`);
  }
  if (key.length > placeholderBytesMax) {
    const text = 'The expression attribute map contains a key that is too long';
    throw validationError(`${what} contains invalid key: ${text}; key: "${key}"`);
  }
}
