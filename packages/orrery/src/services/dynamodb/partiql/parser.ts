/**
 * Owns: the grammar of statements. Pure.
 *
 *   SELECT * / path *( , path ) FROM table [ . index ] [ WHERE or ] [ ORDER BY key [ ASC / DESC ] … ]
 *   EXISTS ( SELECT … )
 *   INSERT INTO table VALUE map
 *   UPDATE table 1*( SET path = set *( , … ) / REMOVE path *( , … ) ) WHERE or [ RETURNING … ]
 *   DELETE FROM table WHERE or [ RETURNING ALL OLD * ]
 *   set       = value [ ( + / - ) value ]
 */
import { validationError } from '../errors.ts';
import type { ParsedAction, ParsedPath, ParsedSetValue } from '../expressions/tree.ts';
import { conditionFunctions } from '../expressions/update-parser.ts';
import { parseCondition } from './condition-parser.ts';
import type { Token } from './lexer.ts';
import { malformed, TokenReader } from './token-reader.ts';
import type { Delete, Insert, Order, Returning, Select, Statement, Update } from './tree.ts';

/** Throws `ValidationException`. */
export function parseStatement(text: string): Statement {
  const reader = new TokenReader(text);
  const statement = parse(reader);
  reader.finish();
  return { ...statement, values: reader.values, parameters: reader.parameters };
}

type Bare<S> = Omit<S, 'values' | 'parameters'>;

function parse(reader: TokenReader): Bare<Select> | Bare<Insert> | Bare<Update> | Bare<Delete> {
  if (reader.takeWord('SELECT')) return parseSelect(reader, false);
  if (reader.takeWord('INSERT')) return parseInsert(reader);
  if (reader.takeWord('UPDATE')) return parseUpdate(reader);
  if (reader.takeWord('DELETE')) return parseDelete(reader);
  if (reader.takeWord('EXISTS')) {
    reader.expectSymbol('(');
    reader.expectWord('SELECT');
    const select = parseSelect(reader, true);
    reader.expectSymbol(')');
    return select;
  }
  throw malformed('Expected data manipulation');
}

function parseSelect(reader: TokenReader, exists: boolean): Bare<Select> {
  if (reader.isWord('DISTINCT')) {
    throw validationError('Unsupported token in expression: DISTINCT');
  }
  if (reader.isWord('VALUE') || reader.isWord('PIVOT')) {
    throw validationError("Select projection doesn't support value or pivot keywords");
  }
  const paths = reader.takeSymbol('*') ? undefined : parsePaths(reader);
  reader.expectWord('FROM');
  const tableName = reader.name();
  const indexName = reader.takeSymbol('.') ? reader.name() : undefined;
  refuseAlias(reader);
  const where = reader.takeWord('WHERE') ? parseCondition(reader) : undefined;
  const order: Order[] = [];
  if (reader.takeWord('ORDER')) {
    reader.expectWord('BY');
    do order.push(parseOrder(reader));
    while (reader.takeSymbol(','));
  }
  reader.refuseClauses();
  return { kind: 'SELECT', tableName, indexName, paths, where, order, exists };
}

function parsePaths(reader: TokenReader): ParsedPath[] {
  const paths: ParsedPath[] = [];
  do {
    const { token } = reader;
    if (functionName(reader) !== undefined) throw unexpectedComponent(reader, token);
    paths.push(reader.path());
    const operator = reader.token;
    if (operator.kind === 'symbol' && (operator.text === '+' || operator.text === '-')) {
      throw unexpectedComponent(reader, operator);
    }
    refuseAlias(reader);
  } while (reader.takeSymbol(','));
  return paths;
}

/** `AS name`, or a name right away. */
function refuseAlias(reader: TokenReader): void {
  if (reader.isWord('AS')) throw validationError('Aliasing is not supported');
  reader.refuseAlias();
}

function unexpectedComponent(reader: TokenReader, token: Token): Error {
  return validationError(`Unexpected path component at ${reader.position(token)}`);
}

function parseOrder(reader: TokenReader): Order {
  const name = reader.name();
  const descending = reader.takeWord('DESC');
  if (!descending) reader.takeWord('ASC');
  return { name, descending };
}

function parseInsert(reader: TokenReader): Bare<Insert> {
  reader.expectWord('INTO');
  const tableName = reader.name();
  reader.refuseIndex();
  reader.expectWord('VALUE');
  if (!reader.isValue()) throw reader.unexpected();
  const at = reader.position(reader.token);
  const item = reader.value();
  if (item.kind === 'map') return { kind: 'INSERT', tableName, item };
  throw validationError(
    'Unsupported format in item expression. Please use struct format {...} to express item values ' +
      `for insert statement. at ${at}`,
  );
}

function parseUpdate(reader: TokenReader): Bare<Update> {
  const tableName = reader.name();
  reader.refuseIndex();
  const actions: ParsedAction[] = [];
  for (;;) {
    if (reader.takeWord('SET')) {
      do actions.push(parseSet(reader));
      while (reader.takeSymbol(','));
    } else if (reader.takeWord('REMOVE')) {
      do actions.push({ kind: 'REMOVE', path: reader.path() });
      while (reader.takeSymbol(','));
    } else break;
  }
  if (actions.length === 0) throw reader.unexpected();
  const where = parseWhere(reader);
  return { kind: 'UPDATE', tableName, actions, where, returning: parseReturning(reader) };
}

function parseDelete(reader: TokenReader): Bare<Delete> {
  reader.expectWord('FROM');
  const tableName = reader.name();
  reader.refuseIndex();
  const where = parseWhere(reader);
  const returning = parseReturning(reader);
  if (returning !== undefined && returning !== 'ALL_OLD') {
    throw validationError('Only ALL OLD * is supported in the RETURNING clause of DELETE');
  }
  return { kind: 'DELETE', tableName, where, returning };
}

function parseWhere(reader: TokenReader): Update['where'] {
  if (reader.takeWord('WHERE')) return parseCondition(reader);
  if (reader.token.kind !== 'end') throw reader.unexpected();
  throw validationError('Where clause does not contain a mandatory equality on all key attributes');
}

function parseReturning(reader: TokenReader): Returning | undefined {
  if (!reader.takeWord('RETURNING')) return undefined;
  const what = reader.takeWord('ALL') ? 'ALL' : 'MODIFIED';
  if (what === 'MODIFIED') reader.expectWord('MODIFIED');
  const when = reader.takeWord('OLD') ? 'OLD' : 'NEW';
  if (when === 'NEW') reader.expectWord('NEW');
  reader.expectSymbol('*');
  return `${what}_${when}`;
}

function parseSet(reader: TokenReader): ParsedAction {
  const path = reader.path();
  reader.expectSymbol('=');
  reader.countOperator();
  const name = functionName(reader);
  if (name === 'set_add' || name === 'set_delete') return parseSetOperation(reader, path, name);
  return { kind: 'SET', path, value: parseSum(reader) };
}

/** `SET tags = set_add(tags, <<…>>)`: the set is changed where it is. */
function parseSetOperation(
  reader: TokenReader,
  path: ParsedPath,
  name: 'set_add' | 'set_delete',
): ParsedAction {
  reader.next();
  reader.next();
  const of = reader.path();
  reader.expectSymbol(',');
  if (!reader.isValue()) throw reader.unexpected();
  const reference = reader.reference(reader.value());
  reader.expectSymbol(')');
  if (of.length !== path.length || of.some((step, i) => step !== path[i])) {
    throw validationError(`The first operand of ${name} must be the attribute that is set`);
  }
  return { kind: name === 'set_add' ? 'ADD' : 'DELETE', path, reference };
}

function functionName(reader: TokenReader): string | undefined {
  const { token, following } = reader;
  const isCall = token.kind === 'word' && following.kind === 'symbol' && following.text === '(';
  return isCall ? token.text.toLowerCase() : undefined;
}

function parseSum(reader: TokenReader): ParsedSetValue {
  const left = parseSetValue(reader);
  const { kind, text } = reader.token;
  if (kind !== 'symbol' || (text !== '+' && text !== '-')) return left;
  reader.next();
  reader.countOperator();
  return { kind: 'sum', operator: text, args: [left, parseSetValue(reader)] };
}

function parseSetValue(reader: TokenReader): ParsedSetValue {
  if (reader.isValue()) return { kind: 'value', reference: reader.reference(reader.value()) };
  if (reader.isSymbol('(')) {
    return reader.deeper(() => {
      reader.next();
      const inner = parseSum(reader);
      reader.expectSymbol(')');
      return inner;
    });
  }
  const name = functionName(reader);
  if (name === undefined) return { kind: 'path', path: reader.path() };
  if (name !== 'list_append' && name !== 'if_not_exists') throw unusable(reader.token.text);
  reader.next();
  reader.next();
  reader.countOperator();
  const args = reader.deeper(() => {
    const list: ParsedSetValue[] = [];
    do list.push(parseSum(reader));
    while (reader.takeSymbol(','));
    return list;
  });
  reader.expectSymbol(')');
  return { kind: 'call', name, args };
}

function unusable(written: string): Error {
  const name = written.toLowerCase();
  return validationError(
    conditionFunctions.has(name)
      ? `The function is not allowed in an update expression; function: ${name}`
      : `Unrecognized function: ${written}`,
  );
}
