/**
 * Owns: which operation of a rest service a method and URI mean, and the labels in the URI.
 *
 *  U1  Literal segments beat labels, labels beat greedy labels.
 *  U2  Among operations of one method and path the one whose query literals and required query and
 *      header members are all there decides, most of them first (S3 has dozens on one path).
 *  U3  `x-id`, which some SDKs add, is never looked at; a trailing `/` is ignored where no greedy
 *      label can hold it.
 */
import type { OperationModel, ServiceModel } from './model.ts';
import { memberOf, structureOf } from './models.ts';
import { type Pairs, percentDecode, percentEncode, splitPath } from './query-string.ts';

interface Segment {
  readonly kind: 'literal' | 'label' | 'greedy';
  readonly text: string;
}

interface Candidate {
  readonly operation: string;
  readonly segments: readonly Segment[];
  readonly literals: readonly (readonly [key: string, value: string])[];
  /** Query keys and header names that only this operation of its path asks for. */
  readonly queryKeys: readonly string[];
  readonly headers: readonly string[];
}

export interface UriMatch {
  readonly operation: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Finds operations of one service. */
export class UriRouter {
  private readonly byMethod = new Map<string, Candidate[]>();

  constructor(model: ServiceModel) {
    const shared = new Map<string, number>();
    const all = Object.entries(model.operations).filter(([, { http }]) => http !== undefined);
    for (const [, operation] of all) {
      const key = routeKey(operation);
      shared.set(key, (shared.get(key) ?? 0) + 1);
    }
    for (const [name, operation] of all) {
      const method = operation.http?.[0] ?? '';
      const isShared = (shared.get(routeKey(operation)) ?? 0) > 1;
      const list = this.byMethod.get(method) ?? [];
      list.push(candidateOf(model, name, operation, isShared));
      this.byMethod.set(method, list);
    }
    for (const list of this.byMethod.values()) list.sort(bySpecificity);
  }

  /** The operation, or undefined where there is none; labels are decoded. */
  match(
    method: string,
    path: string,
    query: Pairs,
    headers: Readonly<Record<string, string>>,
  ): UriMatch | undefined {
    const parts = path.split('/');
    parts.shift();
    for (const candidate of this.byMethod.get(method) ?? []) {
      const labels = matchSegments(candidate.segments, parts);
      if (labels === undefined) continue;
      const has = (key: string): boolean => query.some(([name]) => name === key);
      const applies =
        candidate.literals.every(([key, value]) =>
          query.some(([name, given]) => name === key && (value === '' || given === value)),
        ) &&
        candidate.queryKeys.every(has) &&
        candidate.headers.every((name) => headers[name] !== undefined);
      if (applies) return { operation: candidate.operation, labels };
    }
    return undefined;
  }
}

function routeKey(operation: OperationModel): string {
  const [path] = splitPath(operation.http?.[1] ?? '');
  return `${operation.http?.[0]} ${path.replaceAll(/\{[^}+]*\}/g, '{}').replaceAll(/\{[^}]*\+\}/g, '{+}')}`;
}

function candidateOf(
  model: ServiceModel,
  name: string,
  operation: OperationModel,
  isShared: boolean,
): Candidate {
  const [path, query] = splitPath(operation.http?.[1] ?? '');
  const input = structureOf(model, operation.input);
  const required = isShared ? (input.required ?? []) : [];
  const wireNames = (location: 'query' | 'header'): string[] =>
    required.flatMap((memberName) => {
      const member = memberOf(input.members[memberName] ?? memberName);
      return member.location === location ? [member.wireName ?? memberName] : [];
    });
  return {
    operation: name,
    segments: path.split('/').slice(1).flatMap(segmentOf),
    literals: query
      .split('&')
      .filter((part) => part !== '' && !part.startsWith('x-id='))
      .map((part) => {
        const [key = '', value = ''] = part.split('=');
        return [key, value] as const;
      }),
    queryKeys: wireNames('query'),
    headers: wireNames('header'),
  };
}

function segmentOf(text: string): Segment[] {
  if (text === '') return [];
  const label = /^\{(.+?)(\+?)\}$/.exec(text);
  if (label === null) return [{ kind: 'literal', text }];
  return [{ kind: label[2] === '+' ? 'greedy' : 'label', text: label[1] ?? '' }];
}

const rank = { literal: 0, label: 1, greedy: 2 } as const;

function bySpecificity(a: Candidate, b: Candidate): number {
  for (let i = 0; i < Math.min(a.segments.length, b.segments.length); i += 1) {
    const difference =
      rank[a.segments[i]?.kind ?? 'greedy'] - rank[b.segments[i]?.kind ?? 'greedy'];
    if (difference !== 0) return difference;
  }
  const conditions = (c: Candidate): number =>
    c.literals.length + c.queryKeys.length + c.headers.length;
  return (
    b.segments.length - a.segments.length ||
    conditions(b) - conditions(a) ||
    (a.operation < b.operation ? -1 : 1)
  );
}

function matchSegments(
  segments: readonly Segment[],
  parts: readonly string[],
): Record<string, string> | undefined {
  const isGreedy = segments.at(-1)?.kind === 'greedy';
  const count = parts.at(-1) === '' && !isGreedy ? parts.length - 1 : parts.length;
  const labels: Record<string, string> = {};
  let at = 0;
  for (const [i, segment] of segments.entries()) {
    if (at >= count) return undefined;
    const rest = segments.length - i - 1;
    const next = segment.kind === 'greedy' ? count - rest : at + 1;
    if (next <= at) return undefined;
    const raw = next === at + 1 ? (parts[at] ?? '') : parts.slice(at, next).join('/');
    if (segment.kind === 'literal') {
      if (raw !== segment.text) return undefined;
    } else {
      const value = percentDecode(raw);
      if (value === undefined || value === '') return undefined;
      labels[segment.text] = value;
    }
    at = next;
  }
  return at === count ? labels : undefined;
}

/** The path of an operation with its labels filled in, literal query included, `x-id` not. */
export function fillUri(template: string, labels: Readonly<Record<string, string>>): string {
  const [path, query] = splitPath(template);
  const filled = path.replaceAll(/\{(.+?)(\+?)\}/g, (_, name: string, plus: string) => {
    const value = labels[name] ?? '';
    return plus === '' ? percentEncode(value) : value.split('/').map(percentEncode).join('/');
  });
  const literals = query.split('&').filter((part) => part !== '' && !part.startsWith('x-id='));
  return literals.length === 0 ? filled : `${filled}?${literals.join('&')}`;
}
