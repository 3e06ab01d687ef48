/**
 * Owns: members of rest operations that travel outside the body: labels, query, headers, status.
 * On outputs only headers, status and payload count; labels and query traits there mean nothing.
 */
import { assert } from '../stdx/assert.ts';
import type { Fail } from './errors.ts';
import type { Member, ServiceModel, Shape } from './model.ts';
import { memberOf, type StructureShape, shapeOf } from './models.ts';
import type { Pairs } from './query-string.ts';
import { percentEncode } from './query-string.ts';
import { scalarFromText, scalarToText } from './text-scalars.ts';

export interface BoundMember {
  readonly name: string;
  readonly member: Member;
  readonly shape: Shape;
  readonly wireName: string;
}

/** The members of one structure by where they travel. */
export interface Bindings {
  readonly shape: StructureShape;
  readonly labels: readonly BoundMember[];
  readonly query: readonly BoundMember[];
  readonly headers: readonly BoundMember[];
  readonly payload: BoundMember | undefined;
  readonly status: BoundMember | undefined;
  readonly body: readonly BoundMember[];
  /** Names of all members that are not in the body. */
  readonly outside: ReadonlySet<string>;
}

/** Sorts the members of an input or output. */
export function bindingsOf(
  model: ServiceModel,
  shape: StructureShape,
  direction: 'input' | 'output',
): Bindings {
  const members = Object.entries(shape.members).map(([name, reference]): BoundMember => {
    const member = memberOf(reference);
    const wireName = member.wireName ?? name;
    return { name, member, shape: shapeOf(model, member.shape), wireName };
  });
  const locations = (...wanted: readonly Member['location'][]): BoundMember[] =>
    members.filter(({ member }) => wanted.includes(member.location));
  const isInput = direction === 'input';
  const body = isInput ? locations(undefined) : locations(undefined, 'label', 'query', 'queryMap');
  return {
    shape,
    labels: isInput ? locations('label') : [],
    query: isInput ? locations('query', 'queryMap') : [],
    headers: locations('header', 'headers'),
    payload: locations('payload')[0],
    status: isInput ? undefined : locations('status')[0],
    body,
    outside: new Set(members.filter((member) => !body.includes(member)).map(({ name }) => name)),
  };
}

/** Puts labels and query parameters into an input. */
export function readUri(
  bindings: Bindings,
  labels: Readonly<Record<string, string>>,
  query: Pairs,
  input: Record<string, unknown>,
  fail: Fail,
): void {
  for (const { name, shape } of bindings.labels) {
    const text = labels[name];
    if (text !== undefined) input[name] = scalarFromText(shape, text, fail);
  }
  for (const bound of bindings.query) {
    if (bound.member.location === 'queryMap') {
      input[bound.name] = queryMap(bindings, query);
      continue;
    }
    const values = query.filter(([key]) => key === bound.wireName).map(([, value]) => value);
    const first = values[0];
    if (first === undefined) continue;
    const { shape } = bound;
    input[bound.name] =
      shape.type === 'list'
        ? values // every list in a query string of these services is one of strings
        : shape.type === 'string'
          ? first
          : scalarFromText(shape, first, fail);
  }
}

function queryMap(bindings: Bindings, query: Pairs): Record<string, string> {
  const map: Record<string, string> = Object.create(null);
  for (const [key, value] of query) {
    if (!bindings.query.some(({ wireName }) => wireName === key)) map[key] ??= value;
  }
  return map;
}

type HeaderMap = Readonly<Record<string, string | readonly string[]>>;

/** Puts headers into an input or output. */
export function readHeaders(
  bindings: Bindings,
  headers: HeaderMap,
  result: Record<string, unknown>,
  fail: Fail,
): void {
  for (const { name, member, shape, wireName } of bindings.headers) {
    if (member.location === 'headers') {
      const map: Record<string, unknown> = Object.create(null);
      for (const [key, value] of Object.entries(headers)) {
        if (key.startsWith(wireName)) map[key.slice(wireName.length)] = value;
      }
      if (Object.keys(map).length > 0) result[name] = map;
      continue;
    }
    const value = headers[wireName];
    if (value === undefined) continue;
    const text = typeof value === 'string' ? value : value.join(',');
    result[name] =
      shape.type === 'list'
        ? text.split(',').map((item) => item.trim())
        : scalarFromText(shape, text, fail);
  }
}

/** The headers that an input or output asks for. */
export function writeHeaders(
  bindings: Bindings,
  value: Readonly<Record<string, unknown>>,
): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const { name, member, shape, wireName } of bindings.headers) {
    const item = value[name];
    if (item === undefined || item === null) continue;
    if (member.location === 'headers') {
      for (const [key, text] of Object.entries(item)) {
        if (text !== undefined) headers[wireName + key.toLowerCase()] = headerText(String(text));
      }
    } else if (shape.type === 'list') {
      assert(Array.isArray(item), `${name} is a list`);
      headers[wireName] = headerText(item.join(', '));
    } else {
      headers[wireName] = headerText(scalarToText(shape, item, 'http-date'));
    }
  }
  return headers;
}

/** A header cannot hold line ends nor anything beyond Latin-1. */
function headerText(text: string): string {
  return text.replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, '?');
}

/** `key=value` pairs of an input's query members, joined with `&`. */
export function writeQuery(bindings: Bindings, value: Readonly<Record<string, unknown>>): string {
  const pairs: string[] = [];
  const add = (key: string, text: string): void => {
    pairs.push(`${percentEncode(key)}=${percentEncode(text)}`);
  };
  for (const { name, member, shape, wireName } of bindings.query) {
    const item = value[name];
    if (item === undefined || item === null) continue;
    if (member.location === 'queryMap') {
      for (const [key, text] of Object.entries(item)) add(key, String(text));
    } else if (Array.isArray(item)) {
      for (const text of item) add(wireName, String(text));
    } else {
      add(wireName, scalarToText(shape, item, 'date-time'));
    }
  }
  return pairs.join('&');
}

/** The texts of an input's labels, by member name. Every label must have one. */
export function labelTexts(
  bindings: Bindings,
  value: Readonly<Record<string, unknown>>,
): Record<string, string> {
  return Object.fromEntries(
    bindings.labels.map(({ name, shape }) => {
      const item = value[name];
      assert(item !== undefined && item !== '', `${name} stands in the path and must be given`);
      return [name, scalarToText(shape, item, 'date-time')];
    }),
  );
}
