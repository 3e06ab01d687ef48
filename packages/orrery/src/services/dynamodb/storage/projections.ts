/**
 * Owns: what of an item an index holds. Pure.
 */
import { type AttributeMap, member, setMember } from '../values/attribute-value.ts';
import type { KeyLayout } from './key-encoding.ts';
import { keyAttributes, type StoredIndex } from './stored-table.ts';

/** The attributes of an item that an index holds. */
export function projectToIndex(
  table: KeyLayout,
  index: StoredIndex,
  item: AttributeMap,
): AttributeMap {
  if (index.projection.type === 'ALL') return item;
  const out: AttributeMap = {};
  for (const name of projectedNames(table, index)) {
    const value = member(item, name);
    if (value !== undefined) setMember(out, name, value);
  }
  return out;
}

export function projectedNames(table: KeyLayout, index: StoredIndex): Set<string> {
  const keys = [...keyAttributes(table), ...keyAttributes(index)].map(({ name }) => name);
  return new Set([...keys, ...index.projection.nonKeyAttributes]);
}
