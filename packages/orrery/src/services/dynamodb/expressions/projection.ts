/**
 * Owns: cutting an item down to a set of document paths. Pure.
 *
 * P1  What is wanted keeps its place in the document; elements of a list close up in their order.
 */
import {
  type AttributeMap,
  type AttributeValue,
  member,
  setMember,
} from '../values/attribute-value.ts';
import type { Path } from './tree.ts';

/** Children by step; null where the whole value is wanted. */
export type Projection = ReadonlyMap<string | number, Projection> | null;

type Node = Map<string | number, Node> | null;

export function projectionOf(paths: readonly Path[]): Projection {
  const root = new Map<string | number, Node>();
  for (const path of paths) {
    let node: Map<string | number, Node> = root;
    path.forEach((step, depth) => {
      if (depth === path.length - 1) {
        node.set(step, null);
        return;
      }
      const child = node.get(step) ?? new Map<string | number, Node>();
      node.set(step, child);
      node = child;
    });
  }
  return root;
}

export function project(projection: Projection, item: AttributeMap): AttributeMap {
  return projectMap(projection, item) ?? {};
}

function projectMap(projection: Projection, map: AttributeMap): AttributeMap | undefined {
  if (projection === null) return map;
  let out: AttributeMap | undefined;
  for (const [step, child] of projection) {
    const value = typeof step === 'string' ? member(map, step) : undefined;
    const part = value === undefined ? undefined : projectValue(child, value);
    if (part === undefined) continue;
    out ??= {};
    setMember(out, step as string, part);
  }
  return out;
}

function projectValue(projection: Projection, value: AttributeValue): AttributeValue | undefined {
  if (projection === null) return value;
  if (value.M !== undefined) {
    const map = projectMap(projection, value.M);
    return map === undefined ? undefined : { M: map };
  }
  if (value.L === undefined) return undefined;
  const indexes = [...projection.keys()].filter((step) => typeof step === 'number');
  const parts: AttributeValue[] = [];
  for (const index of indexes.sort((a, b) => a - b)) {
    const element = value.L[index];
    const part = element && projectValue(projection.get(index) ?? null, element);
    if (part !== undefined) parts.push(part);
  }
  return parts.length === 0 ? undefined : { L: parts };
}
