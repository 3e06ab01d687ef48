/**
 * Owns: going through the tokens of a statement, its values, and its limits.
 * Refuses to own: any rule of the grammar.
 *
 * G1  Recursion is bounded by `levelsMax`, whatever the statement.
 */
import { validationError } from '../errors.ts';
import type { ParsedPath } from '../expressions/tree.ts';
import { typeOf } from '../values/attribute-value.ts';
import { type Token, tokenize } from './lexer.ts';
import type { ParsedValue } from './tree.ts';

const levelsMax = 100;
const operatorsMax = 300;
const nestingMax = 32;
const listIndexMax = 4_294_967_295;

/** Words that name nothing unless they are quoted. */
const reserved = new Set(
  (
    'SELECT FROM WHERE ORDER BY ASC DESC AND OR NOT IN IS BETWEEN MISSING NULL TRUE FALSE INSERT ' +
    'INTO VALUE UPDATE SET REMOVE DELETE RETURNING EXISTS'
  ).split(' '),
);

const unsupported = new Set(['GROUP', 'HAVING', 'LIMIT', 'OFFSET', 'LET']);

/** What may stand behind a name without being another one. */
const clauses = new Set([...reserved, ...unsupported, 'JOIN']);

export function malformed(detail: string): Error {
  return validationError(`Statement wasn't well formed, can't be processed: ${detail}`);
}

export class TokenReader {
  readonly #statement: string;
  readonly #tokens: readonly Token[];
  readonly values: ParsedValue[] = [];
  #at = 0;
  #levels = 0;
  #operators = 0;
  #parameters = 0;

  constructor(statement: string) {
    this.#statement = statement;
    this.#tokens = tokenize(statement);
  }

  get token(): Token {
    return this.#tokens[this.#at] as Token;
  }

  get following(): Token {
    return this.#tokens[Math.min(this.#at + 1, this.#tokens.length - 1)] as Token;
  }

  get parameters(): number {
    return this.#parameters;
  }

  next(): Token {
    const { token } = this;
    if (token.kind !== 'end') this.#at += 1;
    return token;
  }

  isSymbol(text: string): boolean {
    return this.token.kind === 'symbol' && this.token.text === text;
  }

  takeSymbol(text: string): boolean {
    const there = this.isSymbol(text);
    if (there) this.#at += 1;
    return there;
  }

  expectSymbol(text: string): void {
    if (!this.takeSymbol(text)) throw this.unexpected();
  }

  isWord(word: string): boolean {
    return this.token.kind === 'word' && this.token.text.toUpperCase() === word;
  }

  takeWord(word: string): boolean {
    const there = this.isWord(word);
    if (there) this.#at += 1;
    return there;
  }

  expectWord(word: string): void {
    if (!this.takeWord(word)) throw this.unexpected();
  }

  /** Where the statement ought to end; one semicolon may stand there. */
  finish(): void {
    this.takeSymbol(';');
    if (this.token.kind !== 'end') throw this.unexpected();
    if (this.#operators > operatorsMax) {
      throw validationError(
        `The statement contains too many operators; operator count: ${this.#operators}`,
      );
    }
  }

  unexpected(): Error {
    const { kind, text, start } = this.token;
    if (kind === 'end') return malformed('Unexpected end of statement');
    return malformed(`Unexpected token "${text.slice(0, 64)}" at position ${start + 1}`);
  }

  /** A clause of PartiQL that DynamoDB does not take; how many rows are read is a parameter. */
  refuseClauses(): void {
    const { kind, text } = this.token;
    const clause = text.toUpperCase();
    if (kind !== 'word' || !unsupported.has(clause)) return;
    if (clause === 'GROUP') throw validationError('Unsupported clause: GROUP BY');
    throw validationError(`Unsupported clause: ${clause} at ${this.position(this.token)}`);
  }

  /** Line, column and length, as messages name a place. */
  position({ start, end }: Token): string {
    const before = this.#statement.slice(0, start).split('\n');
    return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}:${end - start}`;
  }

  /** Another name for a column or table would stand here. */
  refuseAlias(): void {
    const { kind, text } = this.token;
    const isName = kind === 'quoted' || (kind === 'word' && !clauses.has(text.toUpperCase()));
    if (isName) throw validationError('Aliasing is not supported');
  }

  /** Of a table that is written, which has no indexes here. */
  refuseIndex(): void {
    if (!this.isSymbol('.')) return;
    throw validationError(
      'FROM clause may only contain a single table name in data manipulation statements',
    );
  }

  deeper<T>(rule: () => T): T {
    this.#levels += 1;
    if (this.#levels > levelsMax) throw malformed('Too many levels of nesting');
    const result = rule();
    this.#levels -= 1;
    return result;
  }

  countOperator(): void {
    this.#operators += 1;
  }

  name(): string {
    const { kind, text } = this.token;
    const isName = kind === 'quoted' || (kind === 'word' && !reserved.has(text.toUpperCase()));
    if (!isName || text === '') throw this.unexpected();
    this.#at += 1;
    return text;
  }

  path(): ParsedPath {
    const steps: (string | number)[] = [this.name()];
    for (;;) {
      if (this.takeSymbol('.')) steps.push(this.name());
      else if (this.takeSymbol('[')) steps.push(this.#index());
      else break;
    }
    if (steps.length > nestingMax) {
      throw validationError(
        `The document path has too many nesting levels; nesting levels: ${steps.length}`,
      );
    }
    return steps;
  }

  /** `a[0]`, and `a['b']` as another way to write `a.b`. */
  #index(): string | number {
    const { kind, text } = this.next();
    this.expectSymbol(']');
    if (kind === 'text') return text;
    if (kind !== 'number' || !/^[0-9]+$/.test(text) || Number(text) > listIndexMax) {
      throw malformed(`Invalid list index "${text.slice(0, 64)}"`);
    }
    return Number(text);
  }

  /** Keeps a value, and returns how trees refer to it. */
  reference(value: ParsedValue): string {
    this.values.push(value);
    return `:${this.values.length - 1}`;
  }

  isValue(): boolean {
    const { kind, text } = this.token;
    if (kind === 'text' || kind === 'number') return true;
    if (kind === 'word') return ['TRUE', 'FALSE', 'NULL'].includes(text.toUpperCase());
    return kind === 'symbol' && ['?', '[', '{', '<<', '-', '+'].includes(text);
  }

  value(): ParsedValue {
    return this.deeper(() => this.#value());
  }

  #value(): ParsedValue {
    const { kind, text } = this.next();
    if (kind === 'text') return { kind: 'literal', value: { S: text } };
    if (kind === 'number') return { kind: 'literal', value: { N: text } };
    if (kind === 'word') return this.#constant(text);
    if (kind === 'symbol') {
      switch (text) {
        case '?':
          this.#parameters += 1;
          return { kind: 'parameter', index: this.#parameters - 1 };
        case '[':
          return { kind: 'list', of: this.#elements(']') };
        case '<<':
          return this.#set();
        case '{':
          return { kind: 'map', entries: this.#entries() };
        case '-':
        case '+':
          if (this.token.kind === 'number') {
            const sign = text === '-' ? '-' : '';
            return { kind: 'literal', value: { N: sign + this.next().text } };
          }
      }
    }
    this.#at -= 1;
    throw this.unexpected();
  }

  #set(): ParsedValue {
    const opening = this.#tokens[this.#at - 1] as Token;
    const starts: Token[] = [];
    const of = this.#elements('>>', starts);
    if (of.length === 0) {
      throw validationError(`Empty bags are not supported at ${this.position(opening)}`);
    }
    const types = of.map((one) => (one.kind === 'literal' ? typeOf(one.value) : one.kind));
    const known = types.find((type) => type !== 'parameter');
    const odd = types.findIndex(
      (type) => type !== 'parameter' && (type !== known || (type !== 'S' && type !== 'N')),
    );
    if (odd === -1) return { kind: 'set', of };
    throw validationError(
      'Unsupported data type in Bag. DynamoDB only supports either numbers or strings in bags at ' +
        this.position(starts[odd] as Token),
    );
  }

  #constant(word: string): ParsedValue {
    switch (word.toUpperCase()) {
      case 'TRUE':
        return { kind: 'literal', value: { BOOL: true } };
      case 'FALSE':
        return { kind: 'literal', value: { BOOL: false } };
      case 'NULL':
        return { kind: 'literal', value: { NULL: true } };
    }
    this.#at -= 1;
    throw this.unexpected();
  }

  /** `starts` takes the tokens that they begin with. */
  #elements(end: string, starts: Token[] = []): ParsedValue[] {
    const elements: ParsedValue[] = [];
    if (this.takeSymbol(end)) return elements;
    do {
      starts.push(this.token);
      elements.push(this.value());
    } while (this.takeSymbol(','));
    this.expectSymbol(end);
    return elements;
  }

  #entries(): [string, ParsedValue][] {
    const entries: [string, ParsedValue][] = [];
    if (this.takeSymbol('}')) return entries;
    do {
      const { kind, text } = this.token;
      if (kind === 'quoted' || kind === 'word') {
        throw validationError(
          'Tuple keys must be of type String. Actual type: VariableReference under root at ' +
            this.position(this.token),
        );
      }
      if (kind !== 'text') throw this.unexpected();
      this.#at += 1;
      this.expectSymbol(':');
      entries.push([text, this.value()]);
    } while (this.takeSymbol(','));
    this.expectSymbol('}');
    return entries;
  }
}
