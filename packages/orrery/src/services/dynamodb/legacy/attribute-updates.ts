/**
 * Owns: `AttributeUpdates` → bound update actions. Pure.
 *
 *  G3  `ADD` of a list appends to it, which no update expression's ADD does.
 */
import { invalidParameter, validationError } from '../errors.ts';
import type { Action, SetValue } from '../expressions/tree.ts';
import { type AttributeValue, typeOf } from '../values/attribute-value.ts';
import { newerWording, validateValue } from '../values/validate-value.ts';
import type { LegacyUpdate } from './parameters.ts';

const sets = new Set(['SS', 'NS', 'BS']);

export function updateActions(updates: Readonly<Record<string, LegacyUpdate>>): Action[] {
  return Object.entries(updates).map(([name, given]) => {
    const { Value: value, Action: kind = 'PUT' } = given;
    if (value == null) {
      if (kind === 'DELETE') return { kind: 'REMOVE', path: [name] };
      throw invalidParameter('Only DELETE action is allowed when no attribute value is specified');
    }
    validateValue(value, newerWording);
    return action(name, kind, value);
  });
}

function action(name: string, kind: 'ADD' | 'PUT' | 'DELETE', value: AttributeValue): Action {
  const path = [name];
  const type = typeOf(value);
  switch (kind) {
    case 'PUT':
      return { kind: 'SET', path, value: { kind: 'value', value } };
    case 'DELETE':
      if (sets.has(type)) return { kind: 'DELETE', path, value };
      throw invalidParameter(`DELETE action with value is not supported for the type ${type}`);
    case 'ADD': {
      if (type === 'N' || sets.has(type)) return { kind: 'ADD', path, value };
      if (type !== 'L') {
        throw invalidParameter(`ADD action is not supported for the type ${type}`);
      }
      const none: SetValue = { kind: 'value', value: { L: [] } };
      const old: SetValue = { kind: 'if_not_exists', path, otherwise: none };
      const args = [old, { kind: 'value', value }] as const;
      return { kind: 'SET', path, value: { kind: 'list_append', args } };
    }
  }
}

/** What applying these actions throws, in the words for updates without expression. */
export function inLegacyWords<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    const text = 'An operand in the update expression has an incorrect data type';
    if (!(error instanceof Error) || error.message !== text) throw error;
    throw validationError('Type mismatch for attribute to update');
  }
}
