/**
 * Owns: the route keys of HTTP APIs: `$default` or `<METHOD> /<path>`, where a path segment is a
 * literal, `{variable}` or, at the end, `{variable+}`.
 * Refuses to own: which route wins (data-plane/router.ts).
 */

export const methods = ['ANY', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'] as const;

export type Method = (typeof methods)[number];

export interface RouteKey {
  readonly method: Method;
  /** `/pets/{id}`. */
  readonly path: string;
  readonly segments: readonly Segment[];
}

export type Segment =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'variable'; readonly name: string }
  | { readonly kind: 'greedy'; readonly name: string };

const pattern = /^(ANY|DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT) (\/\S*)$/;
const variable = /^\{([a-zA-Z0-9._\-:]+)(\+?)\}$/;

/** `$default` for the catch-all; undefined for what is no route key. */
export function parseRouteKey(text: string): RouteKey | '$default' | undefined {
  if (text === '$default') return '$default';
  const match = pattern.exec(text);
  const path = match?.[2];
  if (match === null || path === undefined) return undefined;
  const segments: Segment[] = [];
  const parts = path === '/' ? [] : path.slice(1).split('/');
  for (const [index, part] of parts.entries()) {
    const found = variable.exec(part);
    const name = found?.[1];
    if (name === undefined) {
      if (/[{}]/.test(part)) return undefined;
      segments.push({ kind: 'literal', text: part });
    } else if (found?.[2] === '+') {
      if (index !== parts.length - 1) return undefined;
      segments.push({ kind: 'greedy', name });
    } else {
      segments.push({ kind: 'variable', name });
    }
  }
  return { method: match[1] as Method, path, segments };
}
