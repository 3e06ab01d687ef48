/**
 * Owns: what a WHERE says of the key of a table or index: what a SELECT reads, and which item it is
 * that a statement writes. Pure.
 */
import { checkNotEmpty } from '../data-plane/key-checks.ts';
import { invalidParameter, validationError } from '../errors.ts';
import type { Comparator, Condition, Operand } from '../expressions/tree.ts';
import type { KeyAttribute } from '../storage/key-encoding.ts';
import type { SortTest } from '../storage/key-ranges.ts';
import {
  type KeyParts,
  keyAttributes,
  partitionKeysOf,
  type StoredTable,
  sortKeysOf,
} from '../storage/stored-table.ts';
import { type AttributeMap, type AttributeValue, setMember } from '../values/attribute-value.ts';
import { compareValues, equalValues } from '../values/compare.ts';
import { allOf, conjuncts } from './bind.ts';

export interface KeyPlan {
  /** Values of the partition key's attributes, for each partition to read; none: all of the table. */
  readonly partitions: readonly (readonly AttributeValue[])[] | undefined;
  readonly sort: readonly SortTest[];
  /** What the key does not answer. */
  readonly filter: Condition | undefined;
}

/** More values of the partition key than one IN may have. */
const partitionsMax = 50;

const flipped: Partial<Record<Comparator, Comparator>> = {
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
};

/** How to read what the condition asks for. */
export function planOf(keys: KeyParts, where: Condition | undefined): KeyPlan {
  const left = new Set(conjuncts(where));
  checkTypes(partitionKeysOf(keys), [...left]);
  const scan: KeyPlan = { partitions: undefined, sort: [], filter: where };
  const partitions = partitionsOf(partitionKeysOf(keys), left);
  if (partitions === undefined) return scan;
  const [partitionKey] = partitionKeysOf(keys);
  for (const [value] of partitions) {
    if (partitionKey !== undefined && value !== undefined) checkNotEmpty(partitionKey, value);
  }
  checkTypes(sortKeysOf(keys), [...left]);
  const sort: SortTest[] = [];
  for (const attribute of sortKeysOf(keys)) {
    const found = sortTestOf(attribute, left);
    if (found === undefined) break;
    left.delete(found.condition);
    sort.push(found.test);
    if (found.test.operator !== '=') break;
  }
  return { partitions, sort, filter: allOf([...left]) };
}

/** Takes the tests of the partition key out of the conditions; undefined where it is not given. */
function partitionsOf(
  attributes: readonly KeyAttribute[],
  left: Set<Condition>,
): (readonly AttributeValue[])[] | undefined {
  const [only] = attributes;
  if (attributes.length === 1 && only !== undefined) {
    for (const condition of left) {
      const values = alternatives(only, condition);
      if (values === undefined) continue;
      if (values.length > partitionsMax) {
        throw validationError(
          'The IN operator is provided with too many operands for the partition key; number of ' +
            `operands: ${values.length}`,
        );
      }
      left.delete(condition);
      return distinct(values).map((value) => [value]);
    }
    return undefined;
  }
  const used: Condition[] = [];
  const values: AttributeValue[] = [];
  for (const attribute of attributes) {
    const condition = [...left].find((one) => equality(attribute, one) !== undefined);
    const value = condition && equality(attribute, condition);
    if (condition === undefined || value === undefined) return undefined;
    used.push(condition);
    values.push(value);
  }
  for (const condition of used) left.delete(condition);
  return [values];
}

/** `pk = a`, `pk IN [a, b]`, `pk = a OR pk = b`. */
function alternatives(attribute: KeyAttribute, condition: Condition): AttributeValue[] | undefined {
  if (condition.kind === 'or') {
    const all = condition.args.map((arg) => alternatives(attribute, arg));
    return all.every((one) => one !== undefined) ? all.flat() : undefined;
  }
  if (condition.kind === 'in' && isAttribute(attribute, condition.operand)) {
    const values = condition.list.map((one) => keyValue(attribute, one));
    return values.every((one) => one !== undefined) ? values : undefined;
  }
  const value = equality(attribute, condition);
  return value === undefined ? undefined : [value];
}

function distinct(values: readonly AttributeValue[]): AttributeValue[] {
  return values.filter((value, i) => values.findIndex((one) => equalValues(one, value)) === i);
}

function equality(attribute: KeyAttribute, condition: Condition): AttributeValue | undefined {
  if (condition.kind !== 'compare' || condition.operator !== '=') return undefined;
  const { left, right } = condition;
  if (isAttribute(attribute, left)) return keyValue(attribute, right);
  return isAttribute(attribute, right) ? keyValue(attribute, left) : undefined;
}

function isAttribute({ name }: KeyAttribute, operand: Operand): boolean {
  return operand.kind === 'path' && operand.path.length === 1 && operand.path[0] === name;
}

function keyValue({ type }: KeyAttribute, operand: Operand): AttributeValue | undefined {
  return operand.kind === 'value' && operand.value[type] !== undefined ? operand.value : undefined;
}

/** Throws where a partition or sort key is compared with what it can never be. */
function checkTypes(attributes: readonly KeyAttribute[], conditions: readonly Condition[]): void {
  for (const attribute of attributes) {
    for (const condition of conditions) {
      for (const value of comparedValues(attribute, condition)) checkType(attribute, value);
    }
  }
}

export function checkType({ name, type }: KeyAttribute, value: AttributeValue): void {
  if (value[type] !== undefined) return;
  throw validationError(
    `Key attribute's data type should match its data type in table's schema: Key ${name}`,
  );
}

/** Values that the attribute itself is compared with. */
function comparedValues(attribute: KeyAttribute, condition: Condition): AttributeValue[] {
  const operands = comparedOperands(condition);
  if (!operands.some((one) => isAttribute(attribute, one))) return [];
  return operands.flatMap((one) => (one.kind === 'value' ? [one.value] : []));
}

function comparedOperands(condition: Condition): readonly Operand[] {
  switch (condition.kind) {
    case 'compare':
      return condition.operator === '<>' ? [] : [condition.left, condition.right];
    case 'between':
      return condition.args;
    case 'in':
      return [condition.operand, ...condition.list];
    default:
      return [];
  }
}

function sortTestOf(
  attribute: KeyAttribute,
  left: ReadonlySet<Condition>,
): { condition: Condition; test: SortTest } | undefined {
  let found: { condition: Condition; test: SortTest } | undefined;
  for (const condition of left) {
    const test = testOf(attribute, condition);
    if (test?.operator === '=') return { condition, test };
    if (test !== undefined) found ??= { condition, test };
  }
  return found;
}

function testOf(attribute: KeyAttribute, condition: Condition): SortTest | undefined {
  switch (condition.kind) {
    case 'compare': {
      const { left, right, operator } = condition;
      if (operator === '<>') return undefined;
      const isLeft = isAttribute(attribute, left);
      if (!isLeft && !isAttribute(attribute, right)) return undefined;
      const value = keyValue(attribute, isLeft ? right : left);
      const seen = isLeft ? operator : (flipped[operator] ?? operator);
      return value === undefined
        ? undefined
        : { operator: seen as SortTest['operator'], values: [value] };
    }
    case 'between': {
      const [operand, ...bounds] = condition.args;
      const [low, high] = bounds.map((one) => keyValue(attribute, one));
      if (!isAttribute(attribute, operand) || low === undefined || high === undefined) {
        return undefined;
      }
      // Checked when bound; a range of the store must not run backwards.
      if ((compareValues(low, high) ?? 1) > 0) return undefined;
      return { operator: 'BETWEEN', values: [low, high] };
    }
    case 'function': {
      const [operand, prefix] = condition.args;
      if (condition.name !== 'begins_with' || attribute.type === 'N') return undefined;
      if (operand === undefined || prefix === undefined) return undefined;
      const value = keyValue(attribute, prefix);
      if (value === undefined || !isAttribute(attribute, operand)) return undefined;
      return { operator: 'begins_with', values: [value] };
    }
    default:
      return undefined;
  }
}

export interface KeyAndRest {
  readonly key: AttributeMap;
  readonly rest: Condition | undefined;
}

/** The key of the one item that the condition is about, and what else it demands. */
export function keyOf(table: StoredTable, where: Condition | undefined): KeyAndRest | undefined {
  const left = new Set(conjuncts(where));
  const key: AttributeMap = {};
  for (const attribute of keyAttributes(table)) {
    const tests = [...left].filter((one) => isEqualityOf(attribute, one));
    const [condition] = tests;
    if (condition === undefined) return undefined;
    if (tests.length > 1) throw validationError('Multiple conditions on same key');
    const value = equality(attribute, condition);
    if (value === undefined) {
      throw invalidParameter('Condition parameter type does not match schema type');
    }
    setMember(key, attribute.name, value);
    left.delete(condition);
  }
  return { key, rest: allOf([...left]) };
}

function isEqualityOf(attribute: KeyAttribute, condition: Condition): boolean {
  if (condition.kind !== 'compare' || condition.operator !== '=') return false;
  const { left, right } = condition;
  if (isAttribute(attribute, left)) return right.kind === 'value';
  return isAttribute(attribute, right) && left.kind === 'value';
}

/** The same, of a statement that must be about one item. */
export function requiredKeyOf(table: StoredTable, where: Condition | undefined): KeyAndRest {
  const found = keyOf(table, where);
  if (found !== undefined) return found;
  throw validationError('Where clause does not contain a mandatory equality on all key attributes');
}
