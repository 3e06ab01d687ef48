/**
 * Owns: the grammar of update and projection expressions. Pure.
 *
 *   update  = 1*( SET set *( , set ) / REMOVE path *( , path )
 *               / ADD path :value *( , … ) / DELETE path :value *( , … ) )
 *   set     = path = sum
 *   sum     = value [ ( + / - ) value ] / ( sum )
 *   value   = path / :value / function / ( value )
 *
 * `list_append` may only be all of a sum: not an operand, nor in another function.
 */
import { keywords, Parser } from './parser.ts';
import type { ParsedAction, ParsedPath, ParsedSetValue } from './tree.ts';

const sectionWords = new Set(['SET', 'REMOVE', 'ADD', 'DELETE']);
const problemOrder = [
  'operators',
  'reserved',
  'parentheses',
  'unknownFunction',
  'misusedFunction',
  'section',
  'other',
] as const;
const valueFunctions = new Set(['if_not_exists', 'list_append']);
/** They have no place in an update. */
export const conditionFunctions: ReadonlySet<string> = new Set([
  'attribute_exists',
  'attribute_not_exists',
  'attribute_type',
  'begins_with',
  'contains',
  'size',
]);

/** Throws `ExpressionProblem`. */
export function parseUpdate(text: string): readonly ParsedAction[] {
  const parser = new UpdateParser(text);
  const actions = parser.sections();
  parser.finish(problemOrder);
  return actions;
}

/** Throws `ExpressionProblem`. */
export function parseProjection(text: string): readonly ParsedPath[] {
  const parser = new Parser(text);
  const paths: ParsedPath[] = [];
  do paths.push(parser.path());
  while (parser.takeSymbol(','));
  parser.finish(problemOrder);
  return paths;
}

class UpdateParser extends Parser {
  sections(): ParsedAction[] {
    const actions: ParsedAction[] = [];
    const seen = new Set<string>();
    do {
      const section = this.token.text.toUpperCase();
      if (this.token.kind !== 'word' || !sectionWords.has(section)) throw this.syntaxError();
      this.next();
      if (seen.has(section)) {
        const text = 'section can only be used once in an update expression;';
        this.note('section', `The "${section}" ${text}`);
      }
      seen.add(section);
      do actions.push(this.#action(section as ParsedAction['kind']));
      while (this.takeSymbol(','));
    } while (!this.isEnd());
    return actions;
  }

  #action(kind: ParsedAction['kind']): ParsedAction {
    const path = this.path();
    this.countOperator();
    if (kind === 'REMOVE') return { kind, path };
    if (kind === 'SET') {
      this.expectSymbol('=');
      return { kind, path, value: this.#sum() };
    }
    if (this.token.kind !== 'value') throw this.syntaxError();
    return { kind, path, reference: this.next().text };
  }

  #sum(): ParsedSetValue {
    const { value: left, isSum } = this.#operandOrSum();
    const operator = this.token.text;
    if (isSum || (operator !== '+' && operator !== '-')) return left;
    this.countOperator();
    this.next();
    const right = this.#value();
    for (const arg of [left, right]) this.#refuseAppend(arg);
    return { kind: 'sum', operator, args: [left, right] };
  }

  /** A bracket at the start may hold the whole sum. */
  #operandOrSum(): { readonly value: ParsedSetValue; readonly isSum: boolean } {
    if (!this.isSymbol('(')) return { value: this.#value(), isSum: false };
    return this.deeper(() => {
      this.openBracket();
      const value = this.#sum();
      this.expectSymbol(')');
      return { value, isSum: value.kind === 'sum' };
    });
  }

  #value(): ParsedSetValue {
    if (this.token.kind === 'value') return { kind: 'value', reference: this.next().text };
    if (this.isSymbol('(')) {
      return this.deeper(() => {
        this.openBracket();
        const value = this.#value();
        this.expectSymbol(')');
        return value;
      });
    }
    if (this.isFunction() && !keywords.has(this.token.text.toUpperCase())) return this.#call();
    return { kind: 'path', path: this.path() };
  }

  #refuseAppend(value: ParsedSetValue): void {
    if (value.kind !== 'call' || value.name !== 'list_append') return;
    const text = 'The function is not allowed to be used this way in an expression; function: ';
    this.note('misusedFunction', text + value.name);
  }

  #call(): ParsedSetValue {
    const name = this.next().text;
    this.next();
    this.countOperator();
    const args: ParsedSetValue[] = [];
    this.deeper(() => {
      do args.push(this.#value());
      while (this.takeSymbol(','));
    });
    this.expectSymbol(')');
    for (const arg of args) this.#refuseAppend(arg);
    if (conditionFunctions.has(name)) {
      const text = 'The function is not allowed in an update expression; function: ';
      this.note('unknownFunction', text + name);
    } else if (!valueFunctions.has(name)) {
      this.note('unknownFunction', `Invalid function name; function: ${name}`);
    }
    return { kind: 'call', name, args };
  }
}
