/**
 * Owns: carrying out a bound update on an item. Pure.
 *
 * U1  Every operand is read before anything is written: all of an update sees the item as it was.
 * U2  Indexes of a list mean the list as it was: elements are removed, and those beyond the end
 *     appended in order of their indexes, when everything else is done.
 */
import { invalidParameter, validationError } from '../errors.ts';
import {
  type AttributeMap,
  type AttributeValue,
  member,
  setMember,
} from '../values/attribute-value.ts';
import {
  addDecimals,
  decimalProblem,
  formatDecimal,
  isPlainInteger,
  negateDecimal,
  parseDecimal,
  zero,
} from '../values/decimal.ts';
import { numberProblems } from '../values/validate-value.ts';
import { childOf, valueAt } from './evaluate.ts';
import type { Action, Path, SetValue } from './tree.ts';

interface ListChanges {
  readonly removed: Set<number>;
  readonly appended: Map<number, AttributeValue>;
}

/** Changes the item in place; it must be the caller's own. Throws `ServiceError`. */
export function applyUpdate(actions: readonly Action[], item: AttributeMap): void {
  const values = actions.map((action) => newValue(action, item));
  const lists = new Map<AttributeValue[], ListChanges>();
  actions.forEach(({ path }, index) => {
    const value = values[index];
    if (value !== undefined) place(path, value, item, lists);
    else remove(path, item, lists);
  });
  for (const [list, changes] of lists) settle(list, changes);
}

/** What the action puts at its path; undefined where it leaves nothing there. */
function newValue(action: Action, item: AttributeMap): AttributeValue | undefined {
  switch (action.kind) {
    case 'SET':
      return evaluate(action.value, item);
    case 'REMOVE':
      return undefined;
    case 'ADD':
      return sumOrUnion(valueAt(action.path, item), action.value);
    case 'DELETE':
      return difference(valueAt(action.path, item), action.value);
  }
}

function evaluate(value: SetValue, item: AttributeMap): AttributeValue {
  switch (value.kind) {
    case 'value':
      return value.value;
    case 'path': {
      const found = valueAt(value.path, item);
      if (found !== undefined) return copy(found);
      throw validationError(
        'The provided expression refers to an attribute that does not exist in the item',
      );
    }
    case 'if_not_exists': {
      const found = valueAt(value.path, item);
      return found === undefined ? evaluate(value.otherwise, item) : copy(found);
    }
    case 'list_append': {
      const [first, second] = [evaluate(value.args[0], item), evaluate(value.args[1], item)];
      if (first.L === undefined || second.L === undefined) throw wrongOperand();
      return { L: [...first.L, ...second.L] };
    }
    case 'sum': {
      const [first, second] = [evaluate(value.args[0], item), evaluate(value.args[1], item)];
      if (first.N === undefined || second.N === undefined) throw wrongOperand();
      return { N: sum(first.N, second.N, value.operator) };
    }
  }
}

/** A list or map may be changed at two places afterwards. */
function copy(value: AttributeValue): AttributeValue {
  if (value.M === undefined && value.L === undefined) return value;
  return structuredClone(value);
}

/** The exact sum or difference of two numbers in normal form. */
export function sum(a: string, b: string, operator: '+' | '-'): string {
  if (isPlainInteger(a) && isPlainInteger(b)) {
    // Of fifteen digits each: the result is exact.
    return String(operator === '+' ? Number(a) + Number(b) : Number(a) - Number(b));
  }
  const right = parseDecimal(b) ?? zero;
  const result = addDecimals(
    parseDecimal(a) ?? zero,
    operator === '+' ? right : negateDecimal(right),
  );
  const problem = decimalProblem(result);
  if (problem !== undefined) throw validationError(numberProblems[problem]);
  return formatDecimal(result);
}

function sumOrUnion(old: AttributeValue | undefined, added: AttributeValue): AttributeValue {
  if (old === undefined) return added;
  if (added.N !== undefined) {
    if (old.N === undefined) throw wrongOperand();
    return { N: sum(old.N, added.N, '+') };
  }
  const type = setTypeOf(added);
  const [members, more] = [old[type], added[type]];
  if (members === undefined || more === undefined) throw wrongOperand();
  return { [type]: [...new Set([...members, ...more])] };
}

function difference(
  old: AttributeValue | undefined,
  removed: AttributeValue,
): AttributeValue | undefined {
  if (old === undefined) return undefined;
  const type = setTypeOf(removed);
  const members = old[type];
  if (members === undefined) throw wrongOperand();
  const gone = new Set(removed[type]);
  const left = members.filter((element) => !gone.has(element));
  return left.length === 0 ? undefined : { [type]: left };
}

function setTypeOf(value: AttributeValue): 'SS' | 'NS' | 'BS' {
  if (value.SS !== undefined) return 'SS';
  return value.NS !== undefined ? 'NS' : 'BS';
}

function place(
  path: Path,
  value: AttributeValue,
  item: AttributeMap,
  lists: Map<AttributeValue[], ListChanges>,
): void {
  const last = path[path.length - 1];
  const parent = parentOf(path, item);
  if (typeof last === 'string') {
    setMember(mapOf(parent), last, value);
    return;
  }
  const list = listOf(parent);
  const index = last as number;
  if (index < list.length) list[index] = value;
  else changesOf(list, lists).appended.set(index, value);
}

function remove(path: Path, item: AttributeMap, lists: Map<AttributeValue[], ListChanges>): void {
  const last = path[path.length - 1];
  const parent = parentOf(path, item);
  if (typeof last === 'string') {
    const map = mapOf(parent);
    if (member(map, last) !== undefined) delete map[last];
  } else {
    changesOf(listOf(parent), lists).removed.add(last as number);
  }
}

function parentOf(path: Path, item: AttributeMap): AttributeValue {
  let parent: AttributeValue | undefined = { M: item };
  for (let i = 0; i < path.length - 1 && parent !== undefined; i += 1) {
    parent = childOf(parent, path[i] as string | number);
  }
  if (parent === undefined) throw invalidPath();
  return parent;
}

function mapOf(value: AttributeValue): AttributeMap {
  if (value.M === undefined) throw invalidPath();
  return value.M;
}

function listOf(value: AttributeValue): AttributeValue[] {
  if (value.L === undefined) throw invalidPath();
  return value.L;
}

function changesOf(list: AttributeValue[], lists: Map<AttributeValue[], ListChanges>): ListChanges {
  const known = lists.get(list) ?? { removed: new Set(), appended: new Map() };
  lists.set(list, known);
  return known;
}

function settle(list: AttributeValue[], { removed, appended }: ListChanges): void {
  const kept = removed.size === 0 ? [...list] : list.filter((_, index) => !removed.has(index));
  const more = [...appended].sort(([a], [b]) => a - b).map(([, value]) => value);
  list.splice(0, list.length, ...kept, ...more);
}

function wrongOperand(): Error {
  return validationError('An operand in the update expression has an incorrect data type');
}

function invalidPath(): Error {
  return validationError(
    'The document path provided in the update expression is invalid for update',
  );
}

/** Refuses an update of a key attribute, or of something inside one. */
export function refuseKeyUpdates(actions: readonly Action[], keys: readonly string[]): void {
  for (const { path } of actions) {
    const name = path[0] as string;
    if (!keys.includes(name)) continue;
    throw invalidParameter(`Cannot update attribute ${name}. This attribute is part of the key`);
  }
}
