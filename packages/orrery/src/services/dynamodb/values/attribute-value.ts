/**
 * Owns: what an attribute value looks like in memory, and safe access to attribute maps.
 * Refuses to own: checking what a caller sent (`validate-value.ts`) and order (`compare.ts`).
 *
 * A1  In memory and in storage an attribute value is the JSON of the wire: `{"S":"a"}`, binary as
 *     base64 text, numbers as text in normal form.
 * A2  Attribute names come from outside: `__proto__` and `constructor` are names like any other.
 */
import { assert } from '../../../stdx/assert.ts';

/** Exactly one member is there, once checked. */
export interface AttributeValue {
  S?: string;
  N?: string;
  B?: string;
  SS?: string[];
  NS?: string[];
  BS?: string[];
  M?: AttributeMap;
  L?: AttributeValue[];
  NULL?: boolean;
  BOOL?: boolean;
}

export type AttributeType = 'S' | 'N' | 'B' | 'SS' | 'NS' | 'BS' | 'M' | 'L' | 'NULL' | 'BOOL';

/** Types that a key can have. */
export type KeyType = 'S' | 'N' | 'B';

export type AttributeMap = Record<string, AttributeValue>;

/** The one member's name of a checked value. */
export function typeOf(value: AttributeValue): AttributeType {
  for (const type in value) return type as AttributeType;
  assert(false, 'an attribute value without a type');
}

/** The attribute of that name, and only an own one. */
export function member(map: AttributeMap, name: string): AttributeValue | undefined {
  return Object.hasOwn(map, name) ? map[name] : undefined;
}

/** Sets an attribute, whatever its name. */
export function setMember(map: AttributeMap, name: string, value: AttributeValue): void {
  if (name !== '__proto__') {
    map[name] = value;
    return;
  }
  Object.defineProperty(map, name, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

/** Reads a map that this service has stored or checked itself. */
export function parseMap(json: string): AttributeMap {
  return JSON.parse(json) as AttributeMap;
}
