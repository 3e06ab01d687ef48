/**
 * Owns: the tokens of PartiQL. Pure. Refuses to own: what they mean (`parser.ts`).
 *
 * Comments, to the end of the line or in brackets, are blanks. A character that starts no token is a
 * token of kind `unknown`, for the grammar to refuse.
 */
export type TokenKind = 'word' | 'quoted' | 'text' | 'number' | 'symbol' | 'unknown' | 'end';

export interface Token {
  readonly kind: TokenKind;
  /** Of quoted names and texts what stands between the quotes. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const spaces = /(?:[ \t\r\n\f]|--[^\n]*|\/\*[\s\S]*?\*\/)*/y;
const token =
  /([A-Za-z_$][A-Za-z0-9_$]*)|"((?:[^"]|"")*)"|'((?:[^']|'')*)'|([0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+)|(<<|>>|<>|!=|<=|>=|[=<>()[\]{},.:?*;+-])|(.)/suy;

const kinds: readonly TokenKind[] = ['word', 'quoted', 'text', 'number', 'symbol', 'unknown'];

export function tokenize(statement: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    spaces.lastIndex = at;
    at += spaces.exec(statement)?.[0].length ?? 0;
    token.lastIndex = at;
    const match = token.exec(statement);
    if (match === null) break;
    const group = match.findIndex((part, index) => index > 0 && part !== undefined);
    const kind = kinds[group - 1] ?? 'unknown';
    const text = match[group] ?? '';
    const end = at + match[0].length;
    tokens.push({ kind, text: unescaped(kind, text), start: at, end });
    at = end;
  }
  const { length } = statement;
  tokens.push({ kind: 'end', text: '', start: length, end: length });
  return tokens;
}

/** The statement's first word in capitals; empty where it begins otherwise. */
export function firstWord(statement: string): string {
  spaces.lastIndex = 0;
  const start = spaces.exec(statement)?.[0].length ?? 0;
  return /^[A-Za-z]+/.exec(statement.slice(start))?.[0].toUpperCase() ?? '';
}

function unescaped(kind: TokenKind, text: string): string {
  if (kind === 'quoted') return text.replaceAll('""', '"');
  return kind === 'text' ? text.replaceAll("''", "'") : text;
}
