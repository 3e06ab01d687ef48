/**
 * Owns: the grammar of condition, filter and key condition expressions. Pure.
 *
 *   or       = and *( OR and )                  and  = not *( AND not )
 *   not      = NOT not / test
 *   test     = operand comparator operand / operand BETWEEN operand AND operand
 *            / operand IN ( operand *( , operand ) ) / function / ( or )
 *   operand  = path / :value / function / ( operand )
 *
 * A bracket may hold a condition or an operand, which shows only behind it; both are read by the
 * same rule, and what came out is looked at afterwards.
 */
import { keywords, Parser } from './parser.ts';
import type {
  Comparator,
  ParsedCondition,
  ParsedFunction,
  ParsedOperand,
  ParsedPath,
} from './tree.ts';

const comparators = new Set(['=', '<>', '<', '<=', '>', '>=']);
const testFunctions = new Set([
  'attribute_exists',
  'attribute_not_exists',
  'attribute_type',
  'begins_with',
  'contains',
]);
const updateFunctions = new Set(['if_not_exists', 'list_append']);
const operandsOfInMax = 100;
const problemOrder = [
  'operators',
  'parentheses',
  'unknownFunction',
  'misusedFunction',
  'reserved',
  'other',
] as const;

/** What a bracket or a test's first half may turn out to be. */
type Piece =
  | { readonly is: 'condition'; readonly condition: ParsedCondition }
  | { readonly is: 'operand'; readonly operand: ParsedOperand };

/** Throws `ExpressionProblem`. */
export function parseCondition(text: string): ParsedCondition {
  const parser = new ConditionParser(text);
  const condition = parser.asCondition(parser.or());
  parser.finish(problemOrder);
  return condition;
}

class ConditionParser extends Parser {
  or(): Piece {
    return this.#chain('OR', 'or', () => this.#and());
  }

  /** Takes a piece for a condition: a lone operand is none, a lone function mostly is. */
  asCondition(piece: Piece): ParsedCondition {
    if (piece.is === 'condition') return piece.condition;
    if (piece.operand.kind !== 'function') throw this.syntaxError();
    if (!testFunctions.has(piece.operand.name)) this.#misused(piece.operand.name);
    return piece.operand;
  }

  #and(): Piece {
    return this.#chain('AND', 'and', () => this.#not());
  }

  #chain(keyword: string, kind: 'and' | 'or', rule: () => Piece): Piece {
    const first = rule();
    if (!this.isKeyword(keyword)) return first;
    const args = [this.asCondition(first)];
    while (this.takeKeyword(keyword)) {
      this.countOperator();
      args.push(this.asCondition(rule()));
    }
    return { is: 'condition', condition: { kind, args } };
  }

  #not(): Piece {
    let negations = 0;
    for (; this.takeKeyword('NOT'); negations += 1) this.countOperator();
    const piece = this.#test();
    if (negations === 0) return piece;
    // Any number of them is one or none.
    const arg = this.asCondition(piece);
    const not: ParsedCondition = { kind: 'not', arg };
    return { is: 'condition', condition: negations % 2 === 1 ? not : { kind: 'not', arg: not } };
  }

  #test(): Piece {
    const left = this.#piece();
    const { token } = this;
    if (token.kind === 'symbol' && comparators.has(token.text)) return this.#comparison(left);
    if (this.isKeyword('BETWEEN')) return this.#between(left);
    if (this.isKeyword('IN')) return this.#in(left);
    return left;
  }

  #comparison(piece: Piece): Piece {
    const left = this.#asOperand(piece);
    this.countOperator();
    const operator = this.next().text as Comparator;
    const right = this.#operand();
    return { is: 'condition', condition: { kind: 'compare', operator, left, right } };
  }

  #between(piece: Piece): Piece {
    const operand = this.#asOperand(piece);
    this.countOperator();
    this.next();
    const low = this.#operand();
    if (!this.takeKeyword('AND')) throw this.syntaxError();
    const high = this.#operand();
    return { is: 'condition', condition: { kind: 'between', args: [operand, low, high] } };
  }

  #in(piece: Piece): Piece {
    const operand = this.#asOperand(piece);
    this.countOperator();
    this.next();
    this.expectSymbol('(');
    const list = this.#arguments();
    if (list.length > operandsOfInMax) {
      const text = 'The IN operator is provided with too many operands; number of operands: ';
      this.note('other', text + list.length);
    }
    return { is: 'condition', condition: { kind: 'in', operand, list } };
  }

  /** An operand, or something in brackets. */
  #piece(): Piece {
    if (!this.isSymbol('(')) return { is: 'operand', operand: this.#plainOperand() };
    return this.deeper(() => this.#bracket(() => this.or()));
  }

  #bracket(rule: () => Piece): Piece {
    this.openBracket();
    const piece = rule();
    this.expectSymbol(')');
    const path = piece.is === 'operand' && piece.operand.kind === 'path' ? piece.operand.path : [];
    if (path.length === 0 || !(this.isSymbol('.') || this.isSymbol('['))) return piece;
    return { is: 'operand', operand: { kind: 'path', path: this.#longer(path) } };
  }

  #longer(path: ParsedPath): ParsedPath {
    return this.pathFrom([...path]);
  }

  #operand(): ParsedOperand {
    if (!this.isSymbol('(')) return this.#plainOperand();
    return this.#asOperand(
      this.deeper(() =>
        this.#bracket(() => ({ is: 'operand', operand: this.#operand() }) as const),
      ),
    );
  }

  #asOperand(piece: Piece): ParsedOperand {
    if (piece.is === 'condition') throw this.syntaxError();
    if (piece.operand.kind === 'function' && piece.operand.name !== 'size') {
      this.#misused(piece.operand.name);
    }
    return piece.operand;
  }

  #plainOperand(): ParsedOperand {
    if (this.token.kind === 'value') return { kind: 'value', reference: this.next().text };
    if (this.isFunction() && !keywords.has(this.token.text.toUpperCase())) return this.#function();
    return { kind: 'path', path: this.path() };
  }

  #function(): ParsedFunction {
    const name = this.next().text;
    this.next();
    this.countOperator();
    const args = this.deeper(() => this.#arguments());
    if (updateFunctions.has(name)) {
      const text = 'The function is not allowed in a condition expression; function: ';
      this.note('unknownFunction', text + name);
    } else if (name !== 'size' && !testFunctions.has(name)) {
      this.note('unknownFunction', `Invalid function name; function: ${name}`);
    }
    return { kind: 'function', name, args };
  }

  #arguments(): ParsedOperand[] {
    const args: ParsedOperand[] = [];
    do args.push(this.#argument());
    while (this.takeSymbol(','));
    this.expectSymbol(')');
    return args;
  }

  #argument(): ParsedOperand {
    const operand = this.#operand();
    if (operand.kind === 'function' && operand.name !== 'size') this.#misused(operand.name);
    return operand;
  }

  #misused(name: string): void {
    const text = 'The function is not allowed to be used this way in an expression; function: ';
    this.note('misusedFunction', text + name);
  }
}
