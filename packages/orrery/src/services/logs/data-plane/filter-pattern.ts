/**
 * Owns: plain-text filter patterns: `a b` both, `?a ?b` either, `-a` not, `"a b"` a phrase.
 * Refuses to own: JSON, space-delimited and regular-expression patterns (refused by name).
 */
import { invalidParameter } from '../errors.ts';

export type Matches = (message: string) => boolean;

const term = /([?-]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))/g;

/** Throws InvalidParameterException for a kind of pattern that is not built. */
export function compilePattern(pattern: string | undefined): Matches {
  const text = (pattern ?? '').trim();
  if (text === '') return () => true;
  if (/^[{[%]/.test(text)) {
    throw invalidParameter(
      'Invalid filter pattern: Orrery knows plain-text patterns only (terms, ?terms, -terms, ' +
        '"phrases").',
    );
  }
  if (text.length > 1024) throw invalidParameter('Invalid filter pattern: longer than 1024');
  const all: string[] = [];
  const any: string[] = [];
  const none: string[] = [];
  for (const match of text.matchAll(term)) {
    const word = (match[2] ?? match[3] ?? '').replace(/\\(.)/g, '$1');
    const list = match[1] === '?' ? any : match[1] === '-' ? none : all;
    list.push(word);
  }
  return (message) =>
    all.every((word) => message.includes(word)) &&
    !none.some((word) => message.includes(word)) &&
    (any.length === 0 || any.some((word) => message.includes(word)));
}
