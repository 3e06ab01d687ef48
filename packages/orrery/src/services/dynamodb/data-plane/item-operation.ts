/**
 * Owns: what the operations on single items share: their common parameters, their condition, and the
 * text of their responses.
 * Refuses to own: any one operation.
 */
import { SerializedBody } from '../../../endpoint/service.ts';
import { collectProblems, oneOf, type Rules, required, throwProblems } from '../constraints.ts';
import { conditionFailed, validationError } from '../errors.ts';
import { holds } from '../expressions/evaluate.ts';
import { bindConditionText } from '../expressions/expressions.ts';
import { createPlaceholders, type Placeholders } from '../expressions/placeholders.ts';
import type { Condition, Operand, Path } from '../expressions/tree.ts';
import { expectedCondition } from '../legacy/conditions.ts';
import { collectLegacyProblems, type LegacyInput } from '../legacy/parameters.ts';
import { itemOfRecord } from '../replication/version.ts';
import type { KeyLayout } from '../storage/key-encoding.ts';
import { keyAttributes } from '../storage/stored-table.ts';
import { servedNameConstraints } from '../table-names.ts';
import { type AttributeMap, parseMap } from '../values/attribute-value.ts';
import type { Wording } from '../values/validate-value.ts';
import type { CapacityMode, ConsumedCapacity } from './capacity.ts';
import type { CollectionMetrics } from './item-collections.ts';

export interface ExpressionInput {
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: AttributeMap;
}

export interface WriteInput
  extends ExpressionInput,
    Pick<LegacyInput, 'Expected' | 'ConditionalOperator'> {
  readonly TableName: string;
  readonly ConditionExpression?: string;
  readonly ReturnConsumedCapacity?: CapacityMode;
  readonly ReturnItemCollectionMetrics?: 'SIZE' | 'NONE';
  readonly ReturnValues?: string;
  readonly ReturnValuesOnConditionCheckFailure?: 'ALL_OLD' | 'NONE';
}

export const capacityRule = ['ReturnConsumedCapacity', oneOf('INDEXES', 'TOTAL', 'NONE')] as const;

const writeRules: Rules = [
  capacityRule,
  ['TableName', ...servedNameConstraints],
  ['ReturnItemCollectionMetrics', oneOf('SIZE', 'NONE')],
  ['ReturnValues', oneOf('ALL_NEW', 'UPDATED_OLD', 'ALL_OLD', 'NONE', 'UPDATED_NEW')],
  ['ReturnValuesOnConditionCheckFailure', oneOf('ALL_OLD', 'NONE')],
];

const subjectRules = { Item: [['Item', required]], Key: [['Key', required]] } as const;

/** Checks the members of a request one by one, those of before expressions too. */
export function checkMembers(input: object, rules: Rules): void {
  throwProblems(memberProblems(input, rules));
}

export function memberProblems(input: object, rules: Rules): string[] {
  const problems: string[] = [];
  collectProblems(input, rules, '', problems);
  collectLegacyProblems(input, problems);
  return problems;
}

/**
 * The members of a write of one item. With the item or key given, AWS stops at an empty table name;
 * without, it tells all that is wrong, and that last.
 */
export function checkWriteMembers(input: WriteInput, subject: 'Item' | 'Key'): void {
  const isGiven = (input as { readonly Item?: unknown; readonly Key?: unknown })[subject] != null;
  if (isGiven && input.TableName === '') {
    throw validationError(
      "1 validation error detected: Value at 'TableName' failed to satisfy constraint: " +
        'Member must have length greater than or equal to 1',
    );
  }
  const problems: string[] = [];
  collectProblems(input, writeRules, '', problems);
  collectLegacyProblems(input, problems);
  collectProblems(input, subjectRules[subject], '', problems);
  throwProblems(problems);
}

/** As `checkExpressionParameters`; a write of one item does not say which expression it misses. */
export function checkWriteParameters(
  input: object,
  expressions: readonly string[],
  legacy: readonly string[],
): void {
  const given = input as Readonly<Record<string, unknown>>;
  checkStyle(given, expressions, legacy);
  const hasValues = given['ExpressionAttributeValues'] != null;
  if (hasValues && expressions.every((name) => given[name] == null)) {
    throw validationError('ExpressionAttributeValues can only be specified when using expressions');
  }
}

/**
 * Parameters that expressions have replaced, and the rules of how the two go together. `value` names
 * the expressions that may use values.
 */
export function checkExpressionParameters(
  input: object,
  expressions: readonly string[],
  legacy: readonly string[],
): void {
  const members = input as Record<string, unknown>;
  const given = (name: string): boolean => members[name] != null;
  checkStyle(members, expressions, legacy);
  if (!given('ExpressionAttributeValues')) return;
  const withValues = expressions.filter((name) => name !== 'ProjectionExpression');
  if (withValues.some(given)) return;
  const are = withValues.length > 1 ? 'are' : 'is';
  throw validationError(
    'ExpressionAttributeValues can only be specified when using expressions: ' +
      `${withValues.join(' and ')} ${are} null`,
  );
}

/** Either expressions or what they have replaced, and names only with expressions. */
function checkStyle(
  members: Readonly<Record<string, unknown>>,
  expressions: readonly string[],
  legacy: readonly string[],
): void {
  const given = (name: string): boolean => members[name] != null;
  const modern = expressions.filter(given);
  const old = legacy.filter(given);
  if (modern.length > 0 && old.length > 0) {
    throw validationError(
      'Can not use both expression and non-expression parameters in the same request: ' +
        `Non-expression parameters: {${old.join(', ')}} ` +
        `Expression parameters: {${modern.join(', ')}}`,
    );
  }
  if (given('ExpressionAttributeNames') && modern.length === 0) {
    throw validationError('ExpressionAttributeNames can only be specified when using expressions');
  }
}

export function placeholdersOf(
  { ExpressionAttributeNames: names, ExpressionAttributeValues: values }: ExpressionInput,
  layer: Wording['layer'] = 'older',
): Placeholders {
  return createPlaceholders(names, values, layer);
}

/** The condition of a write that has no other expression. */
export function bindWriteCondition(input: WriteInput): Condition | undefined {
  if (input.ConditionExpression === undefined) return expectedCondition(input);
  const given = placeholdersOf(input, 'newer');
  const condition = bindConditionText('ConditionExpression', input.ConditionExpression, given);
  given.finish();
  return condition;
}

/**
 * Throws `ConditionalCheckFailedException` unless the condition holds for what is there. That costs
 * what a write would: `charge` is told of it.
 */
export function checkCondition(
  condition: Condition | undefined,
  item: AttributeMap | undefined,
  input: WriteInput,
  charge?: (after: AttributeMap | undefined) => void,
): void {
  if (condition === undefined || holds(condition, item ?? {})) return;
  charge?.(item);
  throw conditionFailed(input.ReturnValuesOnConditionCheckFailure === 'ALL_OLD' ? item : undefined);
}

export function itemOf(record: string | undefined): AttributeMap | undefined {
  return record === undefined ? undefined : parseMap(itemJson(record));
}

/** The JSON that a record holds. */
export function itemJson(record: string): string {
  return itemOfRecord(record) ?? '{}';
}

/** A document path must not go into a key attribute: those are scalars. */
export function refuseKeyPaths(layout: KeyLayout, paths: readonly Path[]): void {
  const keys = keyAttributes(layout);
  for (const path of paths) {
    const key = path.length > 1 ? keys.find(({ name }) => name === path[0]) : undefined;
    if (key === undefined) continue;
    throw validationError(
      "Key attributes must be scalars; list random access '[]' and map lookup '.' are not " +
        `allowed: Key: ${key.name}`,
    );
  }
}

/** Every document path of a condition. */
export function pathsOf(condition: Condition | undefined): Path[] {
  if (condition === undefined) return [];
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.args.flatMap(pathsOf);
    case 'not':
      return pathsOf(condition.arg);
    case 'compare':
      return [condition.left, condition.right].flatMap(operandPaths);
    case 'in':
      return [condition.operand, ...condition.list].flatMap(operandPaths);
    default:
      return condition.args.flatMap(operandPaths);
  }
}

function operandPaths(operand: Operand): Path[] {
  if (operand.kind === 'path') return [operand.path];
  return operand.kind === 'size' ? operandPaths(operand.of) : [];
}

/** A response of one member that is JSON already, and what else was asked for. */
export function respond(
  name: 'Item' | 'Attributes',
  json: string | undefined,
  capacity: ConsumedCapacity | undefined,
  metrics?: CollectionMetrics,
): SerializedBody {
  // An item without any of the attributes asked for is there all the same; attributes are not.
  const absent = json === undefined || (json === '{}' && name === 'Attributes');
  const first = absent ? '' : `"${name}":${json}`;
  if (capacity === undefined && metrics === undefined) return new SerializedBody(`{${first}}`);
  const parts = absent ? [] : [first];
  if (capacity !== undefined) parts.push(`"ConsumedCapacity":${JSON.stringify(capacity)}`);
  if (metrics !== undefined) parts.push(`"ItemCollectionMetrics":${JSON.stringify(metrics)}`);
  return new SerializedBody(`{${parts.join(',')}}`);
}
