import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ServiceError } from '../../../endpoint/service.ts';
import type { AttributeMap } from '../values/attribute-value.ts';
import { applyUpdate } from './apply-update.ts';
import { holds } from './evaluate.ts';
import { bindConditionText, bindProjectionText, bindUpdateText } from './expressions.ts';
import { createPlaceholders } from './placeholders.ts';
import { project, projectionOf } from './projection.ts';
import { reservedWordCount } from './reserved-words.ts';

const names = { '#a': 'a', '#s': 'status', '#three': '[3]' };
const values: AttributeMap = {
  ':n': { N: '5' },
  ':m': { N: '7' },
  ':s': { S: 'abc' },
  ':t': { S: 'xyz' },
  ':true': { BOOL: true },
  ':null': { NULL: true },
  ':ss': { SS: ['a', 'b'] },
  ':l': { L: [{ S: 'x' }] },
  ':map': { M: {} },
  ':typeN': { S: 'N' },
};
const given = () => createPlaceholders(names, structuredClone(values));

const item: AttributeMap = {
  a: { N: '5' },
  s: { S: 'abcdef' },
  status: { S: 'new' },
  ss: { SS: ['b', 'a'] },
  l: { L: [{ N: '1' }, { S: 'two' }, { M: { x: { N: '3' } } }] },
  m: { M: { x: { N: '1' }, y: { M: { z: { S: 'deep' } } } } },
  bin: { B: 'AQID' },
  nil: { NULL: true },
};

function message(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof ServiceError, String(error));
    assert.equal(error.code, 'ValidationException');
    return error.message;
  }
  return 'no error';
}

const condition = (text: string) => bindConditionText('ConditionExpression', text, given());
const conditionProblem = (text: string) =>
  message(() => condition(text)).replace('Invalid ConditionExpression: ', '');
const updateProblem = (text: string) =>
  message(() => bindUpdateText(text, given())).replace('Invalid UpdateExpression: ', '');

function updated(text: string, from: AttributeMap = item): AttributeMap {
  const copy = structuredClone(from);
  applyUpdate(bindUpdateText(text, given()), copy);
  return copy;
}

describe('conditions', () => {
  test('hold or not', () => {
    const cases: [string, boolean][] = [
      ['a = :n', true],
      ['#a <> :n', false],
      ['a < :m AND a >= :n', true],
      ['a > :s', false],
      ['a <> :s', true],
      ['gone = :n', false],
      ['gone <> :n', true],
      ['a BETWEEN :n AND :m', true],
      ['a between :n and :m and not s = :t', true],
      ['a IN (:m, :n)', true],
      ['a IN (:m)', false],
      ['NOT a IN (:m) OR a = :m', true],
      ['a = :m OR a = :n AND s = :t', false],
      ['(a = :n OR a = :m) AND begins_with(s, :s)', true],
      ['attribute_exists(m.y.z)', true],
      ['attribute_exists(m.y.q)', false],
      ['attribute_not_exists(l[9])', true],
      ['attribute_type(a, :typeN)', true],
      ['contains(s, :s)', true],
      ['contains(ss, :s)', false],
      ['size(s) > :n', true],
      ['size(l) < :n', true],
      ['size(a) = :n', false],
      ['l[2].x < :n', true],
      ['ss = :ss', true],
      ['nil = :null', true],
      ['(a) = (:n)', true],
      ['(m).x < :n', true],
      ['#s <> :s', true],
      ['NOT NOT a = :n', true],
    ];
    for (const [text, expected] of cases)
      assert.equal(holds(condition(text), item), expected, text);
  });

  test('are refused in DynamoDB’s words', () => {
    const cases: [string, string][] = [
      ['INVALID SYNTAX', 'Syntax error; token: "SYNTAX", near: "INVALID SYNTAX"'],
      ['a = = b', 'Syntax error; token: "=", near: "= = b"'],
      ['a AND __typename = :s', 'Syntax error; token: "AND", near: "a AND _"'],
      ['a = :n AND __t = :s', 'Syntax error; token: "_", near: "AND __"'],
      ['a > 4', 'Syntax error; token: "4", near: "> 4"'],
      ['a =', 'Syntax error; token: "<EOF>", near: "="'],
      ['(size(a))[0] > a', 'Syntax error; token: "[", near: ")[0"'],
      ['', 'The expression can not be empty;'],
      ['  ', 'The expression can not be empty;'],
      ['((a = :n))', 'The expression has redundant parentheses;'],
      ['((a)) = :n', 'The expression has redundant parentheses;'],
      ['foo(a)', 'Invalid function name; function: foo'],
      [
        'if_not_exists(a, :n)',
        'The function is not allowed in a condition expression; function: if_not_exists',
      ],
      [
        'size(a)',
        'The function is not allowed to be used this way in an expression; function: size',
      ],
      [
        'contains(a, :s) = :true',
        'The function is not allowed to be used this way in an expression; function: contains',
      ],
      ['status = :s', 'Attribute name is a reserved keyword; reserved keyword: status'],
      [
        '#nope = :s',
        'An expression attribute name used in the document path is not defined; attribute name: #nope',
      ],
      [
        'a = :nope',
        'An expression attribute value used in expression is not defined; attribute value: :nope',
      ],
      [
        'begins_with(a)',
        'Incorrect number of operands for operator or function; operator or function: begins_with, number of operands: 1',
      ],
      [
        'begins_with(s, :n)',
        'Incorrect operand type for operator or function; operator or function: begins_with, operand type: N',
      ],
      [
        'a < :true',
        'Incorrect operand type for operator or function; operator or function: <, operand type: BOOL',
      ],
      [
        'attribute_exists(:s)',
        'Operator or function requires a document path; operator or function: attribute_exists',
      ],
      [
        'a = #a',
        'The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [a]',
      ],
      [
        'a BETWEEN :m AND :n',
        'The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:7}, upper bound operand: AttributeValue: {N:5}',
      ],
      [
        'a BETWEEN :n AND :s',
        'The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {N:5}, upper bound operand: AttributeValue: {S:abc}',
      ],
      [
        'attribute_type(a, :s)',
        'Invalid attribute type name found; type: abc, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}',
      ],
      [
        `${'a'.repeat(4096)} = :n`,
        'Expression size has exceeded the maximum allowed size; expression size: 4101',
      ],
      [
        `a${'.b'.repeat(32)} = :n`,
        'The document path has too many nesting levels; nesting levels: 33',
      ],
      [
        `a IN (${':n,'.repeat(100)}:n)`,
        'The IN operator is provided with too many operands; number of operands: 101',
      ],
      [
        `${'a=:n OR '.repeat(150)}a=:n`,
        'The expression contains too many operators; operator count: 301',
      ],
    ];
    for (const [text, expected] of cases) assert.equal(conditionProblem(text), expected, text);
  });

  test('nested too deep are refused, not crashed into', () => {
    for (const text of [`${'('.repeat(4000)}a`, `${'NOT '.repeat(1000)}a=:n`, '('.repeat(4096)]) {
      assert.notEqual(conditionProblem(text), 'no error');
    }
    const deepest = `${'NOT ('.repeat(299)}a=:n${')'.repeat(299)}`;
    assert.equal(holds(condition(deepest), item), false);
  });
});

describe('updates', () => {
  test('change what they say and nothing else', () => {
    const cases: [string, AttributeMap][] = [
      ['SET a = :m', { a: { N: '7' } }],
      ['SET a = a + :m', { a: { N: '12' } }],
      ['SET a = a - :m', { a: { N: '-2' } }],
      ['SET b = if_not_exists(b, :n) + :m', { b: { N: '12' } }],
      ['SET a = if_not_exists(a, :m)', {}],
      ['set l = list_append(:l, l)', { l: { L: [{ S: 'x' }, ...(item['l']?.L ?? [])] } }],
      [
        'SET l[7] = :s, l[5] = :t',
        { l: { L: [...(item['l']?.L ?? []), { S: 'xyz' }, { S: 'abc' }] } },
      ],
      ['REMOVE l[0], l[1]', { l: { L: [{ M: { x: { N: '3' } } }] } }],
      ['SET l[0] = :s REMOVE l[1]', { l: { L: [{ S: 'abc' }, { M: { x: { N: '3' } } }] } }],
      ['SET m.y.z = :n', { m: { M: { x: { N: '1' }, y: { M: { z: { N: '5' } } } } } }],
      [
        'SET copied = m, m.x = :m',
        { copied: item['m'] ?? {}, m: { M: { x: { N: '7' }, y: item['m']?.M?.['y'] ?? {} } } },
      ],
      ['SET a = s, s = a', { a: { S: 'abcdef' }, s: { N: '5' } }],
      ['ADD a :m, fresh :n', { a: { N: '12' }, fresh: { N: '5' } }],
      ['ADD ss :ss', {}],
      ['DELETE gone :ss', {}],
      ['SET a = :null', { a: { NULL: true } }],
      ['SET #three = :n', { '[3]': { N: '5' } }],
      ['SET a = (a + :n)', { a: { N: '10' } }],
    ];
    for (const [text, changed] of cases) {
      assert.deepEqual(updated(text), { ...item, ...changed }, text);
    }
    const { ss: _, ...withoutSet } = item;
    assert.deepEqual(updated('DELETE ss :ss'), withoutSet);
    const { a: __, ...withoutA } = item;
    assert.deepEqual(updated('REMOVE a, nothing'), withoutA);
  });

  test('are refused in DynamoDB’s words', () => {
    const overlap =
      'Two document paths overlap with each other; must remove or rewrite one of these paths; ';
    const wrongOperand = 'An operand in the update expression has an incorrect data type';
    const cases: [string, string][] = [
      ['INVALID SYNTAX', 'Syntax error; token: "INVALID", near: "INVALID SYNTAX"'],
      ['SET foo bar', 'Syntax error; token: "bar", near: "foo bar"'],
      ['SET a = :n,', 'Syntax error; token: "<EOF>", near: ","'],
      ['SET a = :n SET b = :n', 'The "SET" section can only be used once in an update expression;'],
      ['SET a = :n REMOVE a.b', `${overlap}path one: [a], path two: [a, b]`],
      ['SET m.x = :n REMOVE m', `${overlap}path one: [m, x], path two: [m]`],
      ['SET a = :n, #a = :m', `${overlap}path one: [a], path two: [a]`],
      [
        'SET m.x = :n, m[1] = :n',
        'Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [m, x], path two: [m, [1]]',
      ],
      [
        'ADD a :s',
        'Incorrect operand type for operator or function; operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND',
      ],
      [
        'DELETE a :n',
        'Incorrect operand type for operator or function; operator: DELETE, operand type: NUMBER, typeSet: ALLOWED_FOR_DELETE_OPERAND',
      ],
      ['SET a = size(b)', 'The function is not allowed in an update expression; function: size'],
      ['SET a = ((:n))', 'The expression has redundant parentheses;'],
      [
        'SET a = :s + :n',
        'Incorrect operand type for operator or function; operator or function: +, operand type: S',
      ],
      [
        'SET a = if_not_exists(:n, :n)',
        'Operator or function requires a document path; operator or function: if_not_exists',
      ],
      ['SET name = :n', 'Attribute name is a reserved keyword; reserved keyword: name'],
    ];
    for (const [text, expected] of cases) assert.equal(updateProblem(text), expected, text);
    const applied: [string, string][] = [
      [
        'SET b = gone',
        'The provided expression refers to an attribute that does not exist in the item',
      ],
      ['SET x.y = :n', 'The document path provided in the update expression is invalid for update'],
      ['SET a.y = :n', 'The document path provided in the update expression is invalid for update'],
      ['REMOVE x.y', 'The document path provided in the update expression is invalid for update'],
      ['SET a = s + :n', wrongOperand],
      ['SET a = list_append(a, :l)', wrongOperand],
      ['ADD s :n', wrongOperand],
      ['DELETE a :ss', wrongOperand],
    ];
    for (const [text, expected] of applied)
      assert.equal(
        message(() => updated(text)),
        expected,
        text,
      );
  });

  test('reach names that JavaScript treats specially', () => {
    const special = { '#p': '__proto__', '#c': 'constructor' };
    const bound = bindUpdateText(
      'SET #p = :v, #c = if_not_exists(#c, :v)',
      createPlaceholders(special, { ':v': { S: 'v' } }),
    );
    const made: AttributeMap = {};
    applyUpdate(bound, made);
    assert.equal(JSON.stringify(made), '{"__proto__":{"S":"v"},"constructor":{"S":"v"}}');
  });
});

describe('projections', () => {
  test('keep what is wanted', () => {
    const cut = (text: string): AttributeMap =>
      project(projectionOf(bindProjectionText(text, given())), item);
    assert.deepEqual(cut('a, gone, #s'), { a: { N: '5' }, status: { S: 'new' } });
    assert.deepEqual(cut('m.y.z, l[2].x, l[0]'), {
      m: { M: { y: { M: { z: { S: 'deep' } } } } },
      l: { L: [{ N: '1' }, { M: { x: { N: '3' } } }] },
    });
    assert.deepEqual(cut('a.b, l.x, m[0]'), {});
  });

  test('must not overlap', () => {
    const problem = (text: string) =>
      message(() => bindProjectionText(text, given())).replace(
        'Invalid ProjectionExpression: ',
        '',
      );
    assert.match(problem('b[1], b.a, #a.b, a'), /overlap.*path one: \[a, b\], path two: \[a\]$/);
    assert.match(problem('a.b, #a[1]'), /conflict.*path one: \[a, b\], path two: \[a, \[1\]\]$/);
    assert.equal(problem('a-b'), 'Syntax error; token: "-", near: "a-b"');
  });
});

describe('placeholders', () => {
  test('are all used, well formed, and hold values', () => {
    const problem = (n: Record<string, string> | undefined, v: AttributeMap | undefined): string =>
      message(() => {
        const placeholders = createPlaceholders(n, v);
        bindConditionText('ConditionExpression', 'a = b', placeholders);
        placeholders.finish();
      });
    assert.equal(problem({}, undefined), 'ExpressionAttributeNames must not be empty');
    assert.equal(problem(undefined, {}), 'ExpressionAttributeValues must not be empty');
    assert.equal(
      problem({ a: 'a' }, undefined),
      'ExpressionAttributeNames contains invalid key: Syntax error; key: "a"',
    );
    assert.equal(
      problem({ '#unused': 'a', '#b': 'b' }, undefined),
      'Value provided in ExpressionAttributeNames unused in expressions: keys: {#unused, #b}',
    );
    assert.equal(
      problem(undefined, { ':x': { SS: [] } }),
      'ExpressionAttributeValues contains invalid value: One or more parameter values were invalid: An string set  may not be empty for key :x',
    );
    assert.equal(
      problem(undefined, { ':unused': { S: 'a' } }),
      'Value provided in ExpressionAttributeValues unused in expressions: keys: {:unused}',
    );
  });
});

test('all reserved words are there', () => assert.equal(reservedWordCount, 573));

test('any text is an expression or a ValidationException', () => {
  const piece = fc.constantFrom(
    ...'( ) [ ] , . = <> < <= > >= + - # : a b #a :n :s :l :ss [0] l[1] m.x AND OR NOT BETWEEN IN SET'.split(
      ' ',
    ),
    ...'REMOVE ADD DELETE size( contains( begins_with( attribute_exists( list_append('.split(' '),
    'if_not_exists(',
    'attribute_type(',
    '_',
    '"',
    '9',
    '\u{1f600}',
    '\n',
  );
  const text = fc.oneof(
    fc.array(piece, { maxLength: 25 }).map((pieces) => pieces.join(' ')),
    fc.array(piece, { maxLength: 25 }).map((pieces) => pieces.join('')),
    fc.string({ unit: 'binary', maxLength: 40 }),
  );
  const reached = { condition: 0, update: 0, projection: 0 };
  fc.assert(
    fc.property(text, (source) => {
      message(() => {
        holds(condition(source), item);
        reached.condition += 1;
      });
      message(() => {
        updated(source);
        reached.update += 1;
      });
      message(() => {
        project(projectionOf(bindProjectionText(source, given())), item);
        reached.projection += 1;
      });
    }),
    { numRuns: 3000 },
  );
  assert.ok(reached.projection > 0, 'some texts are right');
});

test('conditions agree with a model', () => {
  type Tree = { text: string; value: boolean };
  const leaf = fc.constantFrom<Tree>(
    { text: 'a = :n', value: true },
    { text: 'a > :m', value: false },
    { text: 'contains(ss, :s)', value: false },
    { text: 'a BETWEEN :n AND :m', value: true },
  );
  const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      leaf,
      fc.tuple(tie('tree'), tie('tree')).map(([x, y]) => ({
        text: `(${x.text}) AND (${y.text})`,
        value: x.value && y.value,
      })),
      fc.tuple(tie('tree'), tie('tree')).map(([x, y]) => ({
        text: `(${x.text}) or (${y.text})`,
        value: x.value || y.value,
      })),
      tie('tree').map((x) => ({ text: `NOT (${x.text})`, value: !x.value })),
    ),
  }));
  fc.assert(
    fc.property(tree, ({ text, value }) => {
      if (text.length < 4096) assert.equal(holds(condition(text), item), value, text);
    }),
  );
});
