import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashTable, indexedTable, rangeTable, testedService } from '../dynamodb.fake.ts';

const S = (text: string) => ({ S: text });
const N = (number: string) => ({ N: number });
const TableName = 'hash';
const key = (pk: string) => ({ TableName, Key: { pk: S(pk) } });
const put = (pk: string, more: object = {}) => ({
  Put: { TableName, Item: { pk: S(pk), ...more } },
});
const exists = (pk: string) => ({
  ConditionCheck: { ...key(pk), ConditionExpression: 'attribute_exists(pk)' },
});

async function withTables(content = new Map<string, string>()) {
  const tested = await testedService(content);
  for (const table of [hashTable, rangeTable, indexedTable])
    await tested.call('CreateTable', table);
  const transact = (...TransactItems: object[]) =>
    tested.call('TransactWriteItems', { TransactItems });
  const refused = (...TransactItems: object[]) =>
    tested.failure('TransactWriteItems', { TransactItems });
  const item = async (pk: string) => (await tested.call('GetItem', key(pk)))['Item'];
  return { ...tested, transact, refused, item };
}

test('all four actions are one transaction', async () => {
  const { call, transact, item } = await withTables();
  for (const pk of ['old', 'gone', 'checked']) await call('PutItem', put(pk, { n: N('1') }).Put);
  const update = {
    ...key('old'),
    UpdateExpression: 'SET n = n + :one',
    ConditionExpression: 'n = :one',
    ExpressionAttributeValues: { ':one': N('1') },
  };
  const answer = await transact(
    put('new'),
    { Update: update },
    { Delete: key('gone') },
    exists('checked'),
    { Put: { TableName: 'range', Item: { pk: S('p'), sk: N('1') } } },
  );
  assert.deepEqual(answer, {});
  assert.deepEqual(await item('old'), { pk: S('old'), n: N('2') });
  assert.deepEqual(await item('new'), { pk: S('new') });
  assert.equal(await item('gone'), undefined);
  const read = await call('TransactGetItems', {
    TransactItems: [
      { Get: { TableName: 'range', Key: { pk: S('p'), sk: N('1') } } },
      { Get: key('gone') },
      { Get: { ...key('old'), ProjectionExpression: 'n' } },
      { Get: { ...key('new'), ProjectionExpression: 'absent' } },
    ],
    ReturnConsumedCapacity: 'TOTAL',
  });
  assert.deepEqual(read, {
    Responses: [{ Item: { pk: S('p'), sk: N('1') } }, {}, { Item: { n: N('2') } }, { Item: {} }],
    ConsumedCapacity: [
      { TableName: 'range', CapacityUnits: 2, ReadCapacityUnits: 2 },
      { TableName: 'hash', CapacityUnits: 6, ReadCapacityUnits: 6 },
    ],
  });
});

test('one action that cannot be cancels all, with a reason for each', async () => {
  const { call, refused, item } = await withTables();
  await call('PutItem', put('a', { n: N('1'), s: S('x') }).Put);
  const isTwo = {
    ConditionExpression: 'n = :two',
    ExpressionAttributeValues: { ':two': N('2') },
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
  const failed = { Code: 'ConditionalCheckFailed', Message: 'The conditional request failed' };
  const first = await refused(put('b'), { Delete: { ...key('a'), ...isTwo } }, exists('none'), {
    ConditionCheck: { ...key('none2'), ...isTwo },
  });
  assert.equal(first.code, 'TransactionCanceledException');
  assert.equal(
    first.message,
    'Transaction cancelled, please refer cancellation reasons for specific reasons ' +
      '[None, ConditionalCheckFailed, ConditionalCheckFailed, ConditionalCheckFailed]',
  );
  assert.deepEqual(first.fields['CancellationReasons'], [
    { Code: 'None' },
    { ...failed, Item: { pk: S('a'), n: N('1'), s: S('x') } },
    failed,
    failed,
  ]);
  assert.equal(await item('b'), undefined);

  const add = (attribute: string) => ({
    Update: {
      ...key('a'),
      UpdateExpression: `SET ${attribute} = ${attribute} + :one`,
      ExpressionAttributeValues: { ':one': N('1') },
    },
  });
  const invalid = 'One or more parameter values were invalid: ';
  const cases: [object, string][] = [
    [add('s'), 'An operand in the update expression has an incorrect data type'],
    [
      add('absent'),
      'The provided expression refers to an attribute that does not exist in the item',
    ],
    [add('pk'), `${invalid}Cannot update attribute pk. This attribute is part of the key`],
    [{ Put: { TableName, Item: { x: S('x') } } }, `${invalid}Missing the key pk in the item`],
    [
      { Delete: { TableName, Key: { pk: N('1') } } },
      'The provided key element does not match the schema',
    ],
  ];
  for (const [action, Message] of cases) {
    const { code, fields } = await refused(put('b'), action);
    assert.equal(code, 'TransactionCanceledException', Message);
    const reasons = [{ Code: 'None' }, { Code: 'ValidationError', Message }];
    assert.deepEqual(fields['CancellationReasons'], reasons);
  }
  const whole: [object, string][] = [
    [
      put('', {}),
      'One or more parameter values are not valid. The AttributeValue for a key attribute ' +
        'cannot contain an empty string value. Key: pk',
    ],
    [
      put('big', { big: S('x'.repeat(409_600)) }),
      'Item size has exceeded the maximum allowed size',
    ],
  ];
  for (const [action, text] of whole) {
    const { code, message } = await refused(put('b'), action);
    assert.deepEqual([code, message], ['ValidationException', text], 'known without any item');
  }
  assert.equal(await item('b'), undefined);
  const { fields, message } = await refusedRead();
  assert.match(message, /\[None, ValidationError\]$/);
  assert.equal((fields['CancellationReasons'] as object[]).length, 2);

  async function refusedRead() {
    const { failure } = await withTables();
    return failure('TransactGetItems', {
      TransactItems: [{ Get: key('a') }, { Get: { TableName, Key: {} } }],
    });
  }
});

test('what is wrong with the request itself is no cancellation', async () => {
  const { problem, call } = await withTables();
  const detected = 'ValidationException: 1 validation error detected: ';
  const many = Array.from({ length: 101 }, (_, i) => put(String(i)));
  const large = Array.from({ length: 11 }, (_, i) =>
    put(String(i), { big: S('x'.repeat(400_000)) }),
  );
  const cases: [object | undefined, string | RegExp][] = [
    [
      undefined,
      `${detected}Value null at 'transactItems' failed to satisfy constraint: Member must not be null`,
    ],
    [
      [],
      `${detected}Value '[]' at 'transactItems' failed to satisfy constraint: Member must have length greater than or equal to 1`,
    ],
    [
      many,
      /at 'transactItems' failed to satisfy constraint: Member must have length less than or equal to 100$/,
    ],
    [
      [{}],
      'ValidationException: Invalid Request: TransactWriteRequest should contain Delete or Put or Update request',
    ],
    [
      [{ ...put('a'), Delete: key('a') }],
      'ValidationException: TransactItems can only contain one of Check, Put, Update or Delete',
    ],
    [
      [put('b'), { Update: key('a') }],
      `${detected}Value null at 'transactItems.2.member.update.updateExpression' failed to satisfy constraint: Member must not be null`,
    ],
    [
      [put('a'), { Delete: key('a') }],
      'ValidationException: Transaction request cannot include multiple operations on one item',
    ],
    [
      [{ Put: { TableName: 'none', Item: { pk: S('a') } } }],
      'ResourceNotFoundException: Requested resource not found',
    ],
    [
      [{ Delete: { ...key('a'), ConditionExpression: 'a b' } }],
      /^ValidationException: Invalid ConditionExpression: Syntax error/,
    ],
    [large, 'ValidationException: Transaction size has exceeded the maximum allowed size'],
  ];
  for (const [TransactItems, expected] of cases) {
    const told = await problem('TransactWriteItems', { TransactItems });
    if (typeof expected === 'string') assert.equal(told, expected);
    else assert.match(told, expected);
  }
  assert.equal(
    await problem('TransactGetItems', { TransactItems: [{ Get: key('a') }, { Get: key('a') }] }),
    'ValidationException: Transaction request cannot include multiple operations on one item',
  );
  assert.deepEqual((await call('Scan', { TableName }))['Items'], []);
});

test('a client token makes a request happen once, also over a restart', async () => {
  const content = new Map<string, string>();
  const { call, item, problem, advance } = await withTables(content);
  const count = (by: string, token = 'token-1') => ({
    ClientRequestToken: token,
    ReturnConsumedCapacity: 'TOTAL',
    TransactItems: [
      {
        Update: {
          ...key('a'),
          UpdateExpression: 'ADD n :n',
          ExpressionAttributeValues: { ':n': N(by) },
        },
      },
    ],
  });
  const consumed = (kind: string) => ({
    ConsumedCapacity: [{ TableName, CapacityUnits: 2, [kind]: 2 }],
  });
  assert.deepEqual(await call('TransactWriteItems', count('1')), consumed('WriteCapacityUnits'));
  assert.deepEqual(await call('TransactWriteItems', count('1')), consumed('ReadCapacityUnits'));
  assert.match(
    await problem('TransactWriteItems', count('2')),
    /^IdempotentParameterMismatchException: /,
  );
  assert.deepEqual(await item('a'), { pk: S('a'), n: N('1') });
  const again = await testedService(content);
  await again.call('TransactWriteItems', count('1'));
  assert.deepEqual(await item('a'), { pk: S('a'), n: N('1') });

  const onlyWithB = { ClientRequestToken: 'token-2', TransactItems: [exists('b'), put('c')] };
  assert.match(await problem('TransactWriteItems', onlyWithB), /^TransactionCanceledException: /);
  await call('PutItem', put('b').Put);
  await call('TransactWriteItems', onlyWithB);
  assert.deepEqual(await item('c'), { pk: S('c') }, 'a cancelled request has used up no token');

  advance(11 * 60_000);
  await call('TransactWriteItems', count('1'));
  assert.deepEqual(await item('a'), { pk: S('a'), n: N('2') });
});

test('indexes follow, and capacity counts twice', async () => {
  const { call } = await withTables();
  const item = { pk: S('p'), sk: S('s'), weight: N('1'), colour: S('red') };
  const answer = await call('TransactWriteItems', {
    TransactItems: [
      { Put: { TableName: 'indexed', Item: item } },
      {
        ConditionCheck: { ...key('none'), ConditionExpression: 'attribute_not_exists(pk)' },
      },
    ],
    ReturnConsumedCapacity: 'INDEXES',
  });
  const two = { CapacityUnits: 2, WriteCapacityUnits: 2 };
  assert.deepEqual(answer, {
    ConsumedCapacity: [
      {
        TableName: 'indexed',
        CapacityUnits: 6,
        WriteCapacityUnits: 6,
        Table: two,
        LocalSecondaryIndexes: { byWeight: two },
        GlobalSecondaryIndexes: { byColour: two },
      },
      { TableName: 'hash', ...two, Table: two },
    ],
  });
  const { Count } = await call('Query', {
    TableName: 'indexed',
    IndexName: 'byColour',
    KeyConditionExpression: 'colour = :c',
    ExpressionAttributeValues: { ':c': S('red') },
  });
  assert.equal(Count, 1);
});
