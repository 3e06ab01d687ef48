/**
 * Owns: what the parsers of conditions, updates and projections share: the token stream, document
 * paths, and limits. Pure.
 *
 * G1  Recursion is bounded: expressions have at most 4,096 bytes, and `deeper` counts levels.
 * G2  A syntax error wins over every other problem; then come the noted ones, in the order that each
 *     grammar has for them; those that depend on placeholders are found later, when binding.
 */
import { syntaxProblem, type Token, tokenize } from './lexer.ts';
import { ExpressionProblem } from './problem.ts';
import { isReservedWord } from './reserved-words.ts';
import type { ParsedPath } from './tree.ts';

/** More brackets than this hold nothing that `operatorsMax` would allow. */
const levelsMax = 320;
const operatorsMax = 300;
const nestingMax = 32;
const listIndexMax = 4_294_967_294;
/** Words of any of the grammars name nothing in all of them. */
export const keywords = new Set('SET REMOVE ADD DELETE AND OR NOT BETWEEN IN'.split(' '));

/** Problems that do not stop parsing. */
export type ProblemClass =
  | 'operators'
  | 'parentheses'
  | 'unknownFunction'
  | 'misusedFunction'
  | 'reserved'
  | 'section'
  | 'other';

export class Parser {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  readonly #problems = new Map<ProblemClass, string>();
  #pairs: Map<number, number> | undefined;
  #at = 0;
  #levels = 0;
  #operators = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenize(text);
  }

  get token(): Token {
    return this.#tokens[this.#at] as Token;
  }

  get following(): Token {
    return this.#tokens[Math.min(this.#at + 1, this.#tokens.length - 1)] as Token;
  }

  next(): Token {
    const { token } = this;
    if (token.kind !== 'end') this.#at += 1;
    return token;
  }

  isEnd(): boolean {
    return this.token.kind === 'end';
  }

  isSymbol(text: string): boolean {
    return this.token.kind === 'symbol' && this.token.text === text;
  }

  /** Goes past a symbol if it is there. */
  takeSymbol(text: string): boolean {
    const there = this.isSymbol(text);
    if (there) this.#at += 1;
    return there;
  }

  expectSymbol(text: string): void {
    if (!this.takeSymbol(text)) throw this.syntaxError();
  }

  /** Goes past `(`, and notes where all that it holds is another pair of brackets. */
  openBracket(): void {
    const inner = this.#at + 1;
    if (this.#tokens[inner]?.text === '(' && this.#closing(inner) === this.#closing(this.#at) - 1) {
      this.note('parentheses', 'The expression has redundant parentheses;');
    }
    this.#at += 1;
  }

  /** Index of the bracket that closes the one at that index, -2 where none does. */
  #closing(open: number): number {
    if (this.#pairs === undefined) {
      this.#pairs = new Map();
      const stack: number[] = [];
      this.#tokens.forEach(({ kind, text }, index) => {
        if (kind !== 'symbol') return;
        if (text === '(') stack.push(index);
        const opened = text === ')' ? stack.pop() : undefined;
        if (opened !== undefined) this.#pairs?.set(opened, index);
      });
    }
    return this.#pairs.get(open) ?? -2;
  }

  isKeyword(keyword: string): boolean {
    return this.token.kind === 'word' && this.token.text.toUpperCase() === keyword;
  }

  takeKeyword(keyword: string): boolean {
    const there = this.isKeyword(keyword);
    if (there) this.#at += 1;
    return there;
  }

  isFunction(): boolean {
    return this.token.kind === 'word' && this.following.text === '(';
  }

  syntaxError(): ExpressionProblem {
    return new ExpressionProblem(syntaxProblem(this.#text, this.#tokens, this.#at));
  }

  /** Runs a nested rule, unless that is one level too many. */
  deeper<T>(rule: () => T): T {
    this.#levels += 1;
    if (this.#levels > levelsMax) {
      throw new ExpressionProblem('The expression has redundant parentheses;');
    }
    const result = rule();
    this.#levels -= 1;
    return result;
  }

  /** Remembers the first problem of a class. */
  note(problem: ProblemClass, message: string): void {
    if (!this.#problems.has(problem)) this.#problems.set(problem, message);
  }

  countOperator(): void {
    this.#operators += 1;
  }

  /** The end of the text, and then the noted problem whose class stands first in the order. */
  finish(order: readonly ProblemClass[]): void {
    if (!this.isEnd()) throw this.syntaxError();
    if (this.#operators > operatorsMax) {
      this.note(
        'operators',
        // AWS stops counting there.
        `The expression contains too many operators; operator count: ${operatorsMax + 1}`,
      );
    }
    for (const each of order) {
      const message = this.#problems.get(each);
      if (message !== undefined) throw new ExpressionProblem(message);
    }
  }

  path(): ParsedPath {
    return this.pathFrom([this.#name()]);
  }

  /** Goes on with the path that these steps begin. */
  pathFrom(steps: (string | number)[]): ParsedPath {
    for (;;) {
      if (this.takeSymbol('.')) steps.push(this.#name());
      else if (this.takeSymbol('[')) steps.push(this.#index());
      else break;
    }
    if (steps.length > nestingMax) {
      const text = 'The document path has too many nesting levels; nesting levels: ';
      this.note('other', text + steps.length);
    }
    return steps;
  }

  #name(): string {
    const { kind, text } = this.token;
    if (kind !== 'word' && kind !== 'name') throw this.syntaxError();
    if (kind === 'word') {
      if (keywords.has(text.toUpperCase())) throw this.syntaxError();
      if (isReservedWord(text)) {
        this.note('reserved', `Attribute name is a reserved keyword; reserved keyword: ${text}`);
      }
    }
    this.#at += 1;
    return text;
  }

  #index(): number {
    if (this.token.kind !== 'number') throw this.syntaxError();
    const { text } = this.next();
    this.expectSymbol(']');
    const index = Number(text);
    if (index > listIndexMax) {
      this.note('other', `List index is not within the allowable range; index: [${text}]`);
    }
    return index;
  }
}
