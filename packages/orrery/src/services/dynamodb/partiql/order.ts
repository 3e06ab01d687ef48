/**
 * Owns: ORDER BY. Items come in the order of their sort key, partition after partition; ORDER BY says
 * in which directions. Pure.
 */
import { validationError } from '../errors.ts';
import { type KeyParts, partitionKeysOf, sortKeysOf } from '../storage/stored-table.ts';
import { compareValues } from '../values/compare.ts';
import type { KeyPlan } from './key-tests.ts';
import type { Order, Select } from './tree.ts';

export interface Ordered {
  readonly partitions: KeyPlan['partitions'];
  /** Whether items of a partition come from its end. */
  readonly reverse: boolean;
}

/** Without ORDER BY, partitions come as the statement names them. */
export function orderOf(
  { order, where }: Pick<Select, 'order' | 'where'>,
  keys: KeyParts,
  { partitions }: KeyPlan,
): Ordered {
  if (order.length === 0) return { partitions, reverse: false };
  if (where === undefined) {
    throw validationError('Must have WHERE clause in the statement when using ORDER BY clause.');
  }
  if (partitions === undefined) {
    throw validationError(
      'Must have at least one non-optional hash key condition in WHERE clause when using ORDER ' +
        'BY clause.',
    );
  }
  const partitionNames = partitionKeysOf(keys).map(({ name }) => name);
  const sortNames = sortKeysOf(keys).map(({ name }) => name);
  for (const { name } of order) {
    if (partitionNames.includes(name) || sortNames.includes(name)) continue;
    throw validationError(
      `Variable Reference ${name} in ORDER BY clause must be part of the primary key`,
    );
  }
  const byPartition = order.find(({ name }) => partitionNames.includes(name));
  const bySort = order.filter(({ name }) => sortNames.includes(name));
  const reverse = bySort[0]?.descending === true;
  if (bySort.some(({ descending }) => descending !== reverse)) {
    throw validationError('Sort key attributes in ORDER BY clause must have one direction');
  }
  return { partitions: byPartition ? sorted(partitions, byPartition) : partitions, reverse };
}

/** Several partitions can only be of a key of one attribute. */
function sorted(
  partitions: NonNullable<KeyPlan['partitions']>,
  { descending }: Order,
): NonNullable<KeyPlan['partitions']> {
  const direction = descending ? -1 : 1;
  return [...partitions].sort(([a], [b]) => {
    const order = a === undefined || b === undefined ? undefined : compareValues(a, b);
    return (order ?? 0) * direction;
  });
}
