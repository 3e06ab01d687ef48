/**
 * Owns: which route of a stage a request takes. A tree of path segments, built once per
 * deployment, immutable.
 *
 * R1  A full match of the path goes before a greedy one, a greedy one before `$default`.
 * R2  At each segment a literal goes before a variable; of two greedy routes the longer path wins.
 * R3  Of two routes with one path the one of the request's own method goes before ANY; a path
 *     whose routes have neither is no match, and the search goes on.
 * R4  A variable matches exactly one segment that is not empty, a greedy one at least one.
 */
import type { RouteKey } from '../route-key.ts';

export interface Match<T> {
  readonly route: T;
  readonly parameters: Readonly<Record<string, string>> | undefined;
}

interface Leaf<T> {
  readonly route: T;
  /** Names of the variables on the way, in order; the greedy one last. */
  readonly names: readonly string[];
}

interface Node<T> {
  readonly literals: Map<string, Node<T>>;
  variable: Node<T> | undefined;
  readonly full: Map<string, Leaf<T>>;
  readonly greedy: Map<string, Leaf<T>>;
}

function newNode<T>(): Node<T> {
  return { literals: new Map(), variable: undefined, full: new Map(), greedy: new Map() };
}

export class Router<T> {
  readonly #root: Node<T> = newNode();
  #default: T | undefined;

  constructor(routes: Iterable<readonly [RouteKey | '$default', T]>) {
    for (const [key, route] of routes) {
      if (key === '$default') this.#default = route;
      else this.#add(key, route);
    }
  }

  /** The route of a request, with decoded path parameters. `path` begins with `/`. */
  match(method: string, path: string): Match<T> | undefined {
    const parts = path === '/' ? [] : path.slice(1).split('/').map(decode);
    const values: string[] = [];
    const full = findFull(this.#root, method, parts, 0, values);
    if (full !== undefined) return { route: full.route, parameters: named(full.names, values) };
    const greedy = findGreedy(this.#root, method, parts, 0, []);
    if (greedy !== undefined) {
      const { leaf, taken, from } = greedy;
      const rest = parts.slice(from).join('/');
      return { route: leaf.route, parameters: named(leaf.names, [...taken, rest]) };
    }
    return this.#default === undefined
      ? undefined
      : { route: this.#default, parameters: undefined };
  }

  #add(key: RouteKey, route: T): void {
    let node = this.#root;
    const names: string[] = [];
    for (const segment of key.segments) {
      if (segment.kind === 'greedy') {
        names.push(segment.name);
        node.greedy.set(key.method, { route, names });
        return;
      }
      if (segment.kind === 'literal') {
        const next = node.literals.get(segment.text) ?? newNode<T>();
        node.literals.set(segment.text, next);
        node = next;
      } else {
        names.push(segment.name);
        node.variable ??= newNode<T>();
        node = node.variable;
      }
    }
    node.full.set(key.method, { route, names });
  }
}

function leafOf<T>(leaves: Map<string, Leaf<T>>, method: string): Leaf<T> | undefined {
  return leaves.get(method) ?? leaves.get('ANY');
}

function findFull<T>(
  node: Node<T>,
  method: string,
  parts: readonly string[],
  at: number,
  values: string[],
): Leaf<T> | undefined {
  const part = parts[at];
  if (part === undefined) return leafOf(node.full, method);
  const literal = node.literals.get(part);
  if (literal !== undefined) {
    const found = findFull(literal, method, parts, at + 1, values);
    if (found !== undefined) return found;
  }
  if (node.variable === undefined || part === '') return undefined;
  values.push(part);
  const found = findFull(node.variable, method, parts, at + 1, values);
  if (found === undefined) values.pop();
  return found;
}

interface Greedy<T> {
  readonly leaf: Leaf<T>;
  readonly taken: readonly string[];
  readonly from: number;
}

function findGreedy<T>(
  node: Node<T>,
  method: string,
  parts: readonly string[],
  at: number,
  taken: readonly string[],
): Greedy<T> | undefined {
  const part = parts[at];
  if (part === undefined) return undefined;
  const literal = node.literals.get(part);
  const viaLiteral =
    literal === undefined ? undefined : findGreedy(literal, method, parts, at + 1, taken);
  const viaVariable =
    node.variable === undefined || part === ''
      ? undefined
      : findGreedy(node.variable, method, parts, at + 1, [...taken, part]);
  const deeper =
    viaVariable !== undefined && viaVariable.from > (viaLiteral?.from ?? -1)
      ? viaVariable
      : viaLiteral;
  if (deeper !== undefined) return deeper;
  const leaf = leafOf(node.greedy, method);
  const isRest = part !== '' || at + 1 < parts.length;
  return leaf === undefined || !isRest ? undefined : { leaf, taken, from: at };
}

function named(
  names: readonly string[],
  values: readonly string[],
): Readonly<Record<string, string>> | undefined {
  if (names.length === 0) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, name] of names.entries()) parameters[name] = values[index] ?? '';
  return parameters;
}

/** A segment that is no valid percent-encoding stands for itself. */
export function decode(part: string): string {
  if (!part.includes('%')) return part;
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
