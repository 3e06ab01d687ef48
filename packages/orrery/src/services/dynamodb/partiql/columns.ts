/**
 * Owns: the columns of a SELECT. Pure.
 *
 * A column is called as its path is written from the last name on: `a.b[0]` answers `b[0]`. What an
 * item does not have is left out.
 */
import { valueAt } from '../expressions/evaluate.ts';
import type { ParsedPath } from '../expressions/tree.ts';
import { type AttributeMap, setMember } from '../values/attribute-value.ts';

export function columnsOf(
  paths: readonly ParsedPath[] | undefined,
  item: AttributeMap,
): AttributeMap {
  if (paths === undefined) return item;
  const row: AttributeMap = {};
  for (const path of paths) {
    const value = valueAt(path, item);
    if (value !== undefined) setMember(row, columnName(path), value);
  }
  return row;
}

function columnName(path: ParsedPath): string {
  const last = path.findLastIndex((step) => typeof step === 'string');
  return path
    .slice(last)
    .map((step) => (typeof step === 'number' ? `[${step}]` : step))
    .join('');
}
