/** Owns: the text of a primary key. Pure. */
import { type AttributeMap, member } from '../values/attribute-value.ts';
import type { KeyLayout } from './key-encoding.ts';

/** The primary key of an item as a JSON attribute map, in key-schema order. */
export function keyJson(
  table: Pick<KeyLayout, 'partitionKey' | 'sortKey'>,
  item: AttributeMap,
): string {
  const { partitionKey, sortKey } = table;
  const first = attributeJson(item, partitionKey.name);
  return sortKey === undefined ? `{${first}}` : `{${first},${attributeJson(item, sortKey.name)}}`;
}

function attributeJson(item: AttributeMap, name: string): string {
  return `${JSON.stringify(name)}:${JSON.stringify(member(item, name))}`;
}
