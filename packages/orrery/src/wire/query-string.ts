/**
 * Owns: `a=b&c` texts, in URIs and form bodies, and percent-encoding.
 *
 *  Q1  Reading never throws: a bad escape is answered with undefined.
 *  Q2  The number of pairs is bounded.
 */

/** In the order of the text; a key without `=` has the value ''. */
export type Pairs = readonly (readonly [key: string, value: string])[];

const pairsMax = 20_000;

/** The pairs of a query string without its `?`, `+` read as a space; undefined where malformed. */
export function parsePairs(text: string): Pairs | undefined {
  if (text === '') return [];
  const pairs: [string, string][] = [];
  for (const part of text.split('&', pairsMax + 1)) {
    if (part === '') continue;
    if (pairs.length === pairsMax) return undefined;
    const equals = part.indexOf('=');
    const key = percentDecode(plusToSpace(equals === -1 ? part : part.slice(0, equals)));
    const value = equals === -1 ? '' : percentDecode(plusToSpace(part.slice(equals + 1)));
    if (key === undefined || value === undefined) return undefined;
    pairs.push([key, value]);
  }
  return pairs;
}

function plusToSpace(text: string): string {
  return text.includes('+') ? text.replaceAll('+', ' ') : text;
}

/** Undefined where an escape is cut short or is not UTF-8. */
export function percentDecode(text: string): string | undefined {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** RFC 3986: everything but letters, digits and `-_.~` is escaped. */
export function percentEncode(text: string): string {
  return encodeURIComponent(text.isWellFormed() ? text : text.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** A request's path as its two halves, the query without `?`. */
export function splitPath(path: string): readonly [path: string, query: string] {
  const mark = path.indexOf('?');
  return mark === -1 ? [path, ''] : [path.slice(0, mark), path.slice(mark + 1)];
}
