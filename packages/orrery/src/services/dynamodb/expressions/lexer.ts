/**
 * Owns: the tokens of all expression languages, and where a syntax error is. Pure.
 *
 * L1  A character that starts no token is a token of kind `unknown`: the parser reports it where the
 *     grammar meets it, not earlier.
 */

export type TokenKind = 'word' | 'name' | 'value' | 'number' | 'symbol' | 'unknown' | 'end';

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const spaces = /[ \t\r\n\f]*/y;
const token =
  /([A-Za-z][A-Za-z0-9_]*)|(#[A-Za-z0-9_]+)|(:[A-Za-z0-9_]+)|(0|[1-9][0-9]*)|(<>|<=|>=|[=<>()[\],.+-])|(.)/suy;

const kinds: readonly TokenKind[] = ['word', 'name', 'value', 'number', 'symbol', 'unknown'];

export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    spaces.lastIndex = at;
    at += spaces.exec(text)?.[0].length ?? 0;
    token.lastIndex = at;
    const match = token.exec(text);
    if (match === null) break;
    const group = match.findIndex((part, index) => index > 0 && part !== undefined);
    const end = at + match[0].length;
    tokens.push({ kind: kinds[group - 1] ?? 'unknown', text: match[0], start: at, end });
    at = end;
  }
  tokens.push({ kind: 'end', text: '<EOF>', start: text.length, end: text.length });
  return tokens;
}

/** The problem at a token, with what stands right before and after it. */
export function syntaxProblem(text: string, tokens: readonly Token[], index: number): string {
  const wrong = tokens[index];
  const start = tokens[index - 1]?.start ?? wrong?.start ?? 0;
  const following = tokens[index + 1];
  const end = following?.end ?? text.length;
  const near = text.slice(start, end);
  // Blanks at the end of the text belong to its end.
  const told = following?.kind === 'end' ? near.trimEnd() : near;
  return `Syntax error; token: "${wrong?.text}", near: "${told}"`;
}
