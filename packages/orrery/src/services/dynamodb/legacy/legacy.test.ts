/** The parameters of before expressions, through the operations that take them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashTable, indexedTable, rangeTable, testedService } from '../dynamodb.fake.ts';

const S = (text: string) => ({ S: text });
const N = (number: string) => ({ N: number });
const TableName = 'hash';
const Key = { pk: S('a') };
const invalidWords = 'One or more parameter values were invalid: ';
const invalid = `ValidationException: ${invalidWords}`;
const detected = 'ValidationException: 1 validation error detected: ';

async function withTables() {
  const tested = await testedService();
  for (const table of [hashTable, rangeTable, indexedTable])
    await tested.call('CreateTable', table);
  return tested;
}

const operators: [operator: string, list: object[], holding: string[]][] = [
  ['EQ', [S('abc')], ['text']],
  ['EQ', [{ SS: ['b', 'a'] }], ['set']],
  ['NE', [S('abc')], ['absent', 'list', 'number', 'other', 'set']],
  ['LE', [N('5')], ['number']],
  ['LT', [N('5')], []],
  ['GE', [S('abc')], ['other', 'text']],
  ['GT', [S('abc')], ['other']],
  ['NULL', [], ['absent']],
  ['NOT_NULL', [], ['list', 'number', 'other', 'set', 'text']],
  ['CONTAINS', [S('b')], ['list', 'set', 'text']],
  ['NOT_CONTAINS', [S('b')], ['number', 'other']],
  ['BEGINS_WITH', [S('ab')], ['text']],
  ['IN', [N('1'), N('5.0')], ['number']],
  ['BETWEEN', [N('4'), N('6')], ['number']],
];

test('every operator, as filter and as expectation', async () => {
  const { call, problem } = await withTables();
  const values = {
    text: S('abc'),
    other: S('xyz'),
    number: N('5'),
    set: { SS: ['a', 'b'] },
    list: { L: [S('b'), N('1')] },
  };
  const names = [...Object.keys(values), 'absent'].sort();
  for (const pk of names) {
    const value = (values as Record<string, object>)[pk];
    await call('PutItem', { TableName, Item: { pk: S(pk), ...(value && { 'a.b': value }) } });
  }
  for (const [ComparisonOperator, AttributeValueList, holding] of operators) {
    const condition = { ComparisonOperator, AttributeValueList };
    const { Items } = await call('Scan', {
      TableName,
      ScanFilter: { 'a.b': condition },
      AttributesToGet: ['pk'],
    });
    const found = (Items as { pk: { S: string } }[]).map(({ pk }) => pk.S).sort();
    assert.deepEqual(found, holding, ComparisonOperator);
    for (const pk of names) {
      const update = {
        TableName,
        Key: { pk: S(pk) },
        AttributeUpdates: { touched: { Value: S(ComparisonOperator) } },
        Expected: { 'a.b': condition },
      };
      if (holding.includes(pk)) await call('UpdateItem', update);
      else assert.match(await problem('UpdateItem', update), /^ConditionalCheckFailedException/);
    }
  }
});

test('expectations of existence, joined by AND or OR', async () => {
  const { call, problem } = await withTables();
  const put = (Expected: object, more: object = {}) => ({
    TableName,
    Item: { ...Key, n: N('1') },
    Expected,
    ...more,
  });
  await call('PutItem', put({ pk: { Exists: false } }));
  assert.match(await problem('PutItem', put({ pk: { Exists: false } })), /^ConditionalCheckFailed/);
  await call('PutItem', put({ n: { Value: N('1.0') } }));
  const oneOfTwo = { n: { Value: N('1') }, m: { Value: N('1'), Exists: true } };
  assert.match(await problem('PutItem', put(oneOfTwo)), /^ConditionalCheckFailed/);
  await call('PutItem', put(oneOfTwo, { ConditionalOperator: 'OR' }));
  const gone = await call('DeleteItem', {
    TableName,
    Key,
    Expected: { n: { ComparisonOperator: 'GE', Value: N('1') } },
    ReturnValues: 'ALL_OLD',
  });
  assert.deepEqual(gone, { Attributes: { ...Key, n: N('1') } });
});

test('attribute updates put, add and delete', async () => {
  const { call, problem } = await withTables();
  const update = (AttributeUpdates: object) =>
    call('UpdateItem', { TableName, Key, AttributeUpdates, ReturnValues: 'ALL_NEW' });
  const add = (Value: object) => ({ Action: 'ADD', Value });
  assert.deepEqual(await update({ none: { Action: 'DELETE' } }), {}, 'makes no item');
  await update({ n: add(N('3')), l: add({ L: [S('x')] }), s: add({ SS: ['a', 'b'] }) });
  const { Attributes } = await update({
    n: add(N('-1')),
    l: add({ L: [S('y')] }),
    s: { Action: 'DELETE', Value: { SS: ['a', 'c'] } },
    'dotted.name': { Value: S('v') },
    gone: { Action: 'DELETE' },
  });
  assert.deepEqual(Attributes, {
    ...Key,
    n: N('2'),
    l: { L: [S('x'), S('y')] },
    s: { SS: ['b'] },
    'dotted.name': S('v'),
  });
  assert.deepEqual(await update({}), { Attributes });
  const told = (AttributeUpdates: object) =>
    problem('UpdateItem', { TableName, Key, AttributeUpdates });
  const mismatch = 'ValidationException: Type mismatch for attribute to update';
  assert.equal(await told({ n: add({ SS: ['a'] }) }), mismatch);
  assert.equal(await told({ n: add({ L: [] }) }), mismatch);
  assert.equal(await told({ n: { Action: 'DELETE', Value: { SS: ['a'] } } }), mismatch);
  assert.equal(
    await told({ pk: { Value: S('b') } }),
    `${invalid}Cannot update attribute pk. This attribute is part of the key`,
  );
  assert.equal(
    await told({ a: {} }),
    `${detected}${invalidWords}Only DELETE action is allowed when no attribute value is specified`,
  );
  assert.equal(
    await told({ a: add(S('x')) }),
    `${detected}${invalidWords}ADD action is not supported for the type S`,
  );
  assert.equal(
    await told({ a: { Action: 'DELETE', Value: N('1') } }),
    `${detected}${invalidWords}DELETE action with value is not supported for the type N`,
  );
  assert.equal(
    await told({ a: { Action: 'MULTIPLY', Value: N('1') } }),
    "ValidationException: 1 validation error detected: Value 'MULTIPLY' at 'attributeUpdates.a.member.action' failed to satisfy constraint: Member must satisfy enum value set: [ADD, PUT, DELETE]",
  );
});

test('key conditions, filters and attributes to get', async () => {
  const { call, problem } = await withTables();
  for (let i = 0; i < 6; i += 1) {
    await call('PutItem', {
      TableName: 'range',
      Item: { pk: S('p'), sk: N(String(i)), even: { BOOL: i % 2 === 0 }, x: S('x') },
    });
  }
  const is = (ComparisonOperator: string, ...AttributeValueList: object[]) => ({
    ComparisonOperator,
    AttributeValueList,
  });
  const query = (KeyConditions: object | undefined, more: object = {}) => ({
    TableName: 'range',
    KeyConditions,
    ...more,
  });
  const numbers = async (input: object) => {
    const { Items } = await call('Query', input);
    return (Items as { sk: { N: string } }[]).map(({ sk }) => sk.N);
  };
  const pk = is('EQ', S('p'));
  assert.deepEqual(await numbers(query({ pk })), ['0', '1', '2', '3', '4', '5']);
  assert.deepEqual(await numbers(query({ pk, sk: is('BETWEEN', N('1'), N('3')) })), [
    '1',
    '2',
    '3',
  ]);
  const even = is('EQ', { BOOL: true });
  assert.deepEqual(
    await call(
      'Query',
      query({ pk, sk: is('GT', N('2')) }, { QueryFilter: { even }, AttributesToGet: ['x'] }),
    ),
    { Items: [{ x: S('x') }], Count: 1, ScannedCount: 3 },
  );
  const read = {
    TableName: 'range',
    Key: { pk: S('p'), sk: N('1') },
    AttributesToGet: ['sk', 'no'],
  };
  assert.deepEqual(await call('GetItem', read), { Item: { sk: N('1') } });
  const batch = { Keys: [read.Key], AttributesToGet: ['x'] };
  const { Responses } = await call('BatchGetItem', { RequestItems: { range: batch } });
  assert.deepEqual(Responses, { range: [{ x: S('x') }] });

  const told = (KeyConditions: object | undefined, more: object = {}) =>
    problem('Query', query(KeyConditions, more));
  const cases: [Promise<string>, string][] = [
    [
      told(undefined),
      'ValidationException: Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.',
    ],
    [told({}), 'ValidationException: Conditions can be of length 1 or 2 only'],
    [
      told({ pk: is('NE', S('p')) }),
      'ValidationException: Attempted conditional constraint is not an indexable operation',
    ],
    [told({ pk: is('GT', S('p')) }), 'ValidationException: Query key condition not supported'],
    [
      told({ sk: is('GT', N('1')) }),
      'ValidationException: Query condition missed key schema element: pk',
    ],
    [
      told({ pk: is('EQ', N('1')) }),
      `${invalid}Condition parameter type does not match schema type`,
    ],
    [
      told({ pk: is('EQ') }),
      `${invalid}Invalid number of argument(s) for the EQ ComparisonOperator`,
    ],
    [
      told({ pk }, { QueryFilter: { sk: is('NULL') } }),
      'ValidationException: QueryFilter can only contain non-primary key attributes: Primary key attribute: sk',
    ],
    [
      told({ pk }, { ConditionalOperator: 'OR' }),
      'ValidationException: ConditionalOperator cannot be used without Filter or Expected',
    ],
    [
      told({ pk }, { QueryFilter: { even }, ConditionalOperator: 'OR' }),
      'ValidationException: ConditionalOperator can only be used when Filter or Expected has two or more elements',
    ],
    [
      told({ pk }, { AttributesToGet: ['a', 'b', 'a'] }),
      `${invalid}Duplicate value in attribute name: a`,
    ],
    [
      told({ pk }, { AttributesToGet: ['a'], Select: 'COUNT' }),
      'ValidationException: Cannot specify the AttributesToGet when choosing to get only the Count',
    ],
    [
      told({ pk }, { FilterExpression: 'x = y' }),
      'ValidationException: Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {KeyConditions} Expression parameters: {FilterExpression}',
    ],
    [
      told({ pk: { AttributeValueList: [S('p')] } }),
      "ValidationException: 1 validation error detected: Value null at 'keyConditions.pk.member.comparisonOperator' failed to satisfy constraint: Member must not be null",
    ],
  ];
  for (const [answer, expected] of cases) assert.equal(await answer, expected);
});

test('expectations that say nothing sensible are refused', async () => {
  const { problem } = await withTables();
  const told = (a: object) => problem('PutItem', { TableName, Item: Key, Expected: { a } });
  const cases: [object, string][] = [
    [
      { Value: S('x'), AttributeValueList: [S('x')] },
      `${detected}${invalidWords}Value and AttributeValueList cannot be used together for Attribute: a`,
    ],
    [
      { Exists: true, ComparisonOperator: 'EQ', Value: S('x') },
      `${detected}${invalidWords}Exists and ComparisonOperator cannot be used together for Attribute: a`,
    ],
    [
      { ComparisonOperator: 'EQ' },
      `${detected}${invalidWords}Value or AttributeValueList must be used with ComparisonOperator: EQ for Attribute: a`,
    ],
    [
      { AttributeValueList: [S('x')] },
      `${detected}${invalidWords}AttributeValueList can only be used with a ComparisonOperator for Attribute: a`,
    ],
    [{}, `${detected}${invalidWords}Value must be provided when Exists is null for Attribute: a`],
    [
      { Exists: true },
      `${detected}${invalidWords}Value must be provided when Exists is true for Attribute: a`,
    ],
    [
      { Exists: false, Value: S('x') },
      `${detected}${invalidWords}Value cannot be used when Exists is false for Attribute: a`,
    ],
    [
      { ComparisonOperator: 'NULL', Value: S('x') },
      `${detected}${invalidWords}Invalid number of argument(s) for the NULL ComparisonOperator`,
    ],
    [
      { ComparisonOperator: 'BEGINS_WITH', Value: N('1') },
      `${detected}${invalidWords}ComparisonOperator BEGINS_WITH is not valid for N AttributeValue type`,
    ],
    [
      { ComparisonOperator: 'IN', AttributeValueList: [S('x'), N('1')] },
      `${detected}${invalidWords}AttributeValues inside AttributeValueList must be of same type`,
    ],
    [
      { ComparisonOperator: 'BETWEEN', AttributeValueList: [N('2'), N('1')] },
      `${detected}The BETWEEN condition was provided a range where the lower bound is greater than the upper bound`,
    ],
    [{ Value: { N: 'x' } }, `${detected}The parameter cannot be converted to a numeric value: x`],
  ];
  for (const [expectation, expected] of cases) assert.equal(await told(expectation), expected);
});
