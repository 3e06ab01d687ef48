import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashTable, rangeTable, testedService } from '../dynamodb.fake.ts';

const S = (text: string) => ({ S: text });
const N = (number: string) => ({ N: number });

async function withTables() {
  const tested = await testedService();
  await tested.call('CreateTable', hashTable);
  await tested.call('CreateTable', rangeTable);
  return tested;
}

test('an item is put, read, replaced and deleted', async () => {
  const { call } = await withTables();
  const item = { pk: S('a'), n: N('01.50'), list: { L: [S('x'), { NULL: true }] } };
  assert.deepEqual(await call('PutItem', { TableName: 'hash', Item: item }), {});
  const stored = { ...item, n: N('1.5') };
  const read = { TableName: 'hash', Key: { pk: S('a') } };
  assert.deepEqual(await call('GetItem', read), { Item: stored });
  const replaced = await call('PutItem', {
    TableName: 'hash',
    Item: { pk: S('a') },
    ReturnValues: 'ALL_OLD',
  });
  assert.deepEqual(replaced, { Attributes: stored });
  const deleted = await call('DeleteItem', { ...read, ReturnValues: 'ALL_OLD' });
  assert.deepEqual(deleted, { Attributes: { pk: S('a') } });
  assert.deepEqual(await call('GetItem', read), {});
  assert.deepEqual(await call('DeleteItem', { ...read, ReturnValues: 'ALL_OLD' }), {});
});

test('tables are reached by ARN too', async () => {
  const { call, problem } = await withTables();
  const arn = 'arn:aws:dynamodb:us-east-1:000000000000:table/hash';
  await call('PutItem', { TableName: arn, Item: { pk: S('a') } });
  const { Item } = await call('GetItem', { TableName: 'hash', Key: { pk: S('a') } });
  assert.deepEqual(Item, { pk: S('a') });
  assert.equal(
    await problem('GetItem', { TableName: arn.replace('us-east-1', 'eu-west-1'), Key: {} }),
    'ResourceNotFoundException: Requested resource not found',
  );
});

test('projections and conditions', async () => {
  const { call, failure } = await withTables();
  const item = { pk: S('a'), m: { M: { x: N('1'), y: N('2') } } };
  await call('PutItem', { TableName: 'hash', Item: item });
  const read = { TableName: 'hash', Key: { pk: S('a') } };
  const cut = await call('GetItem', { ...read, ProjectionExpression: 'm.x' });
  assert.deepEqual(cut, { Item: { m: { M: { x: N('1') } } } });
  assert.deepEqual(await call('GetItem', { ...read, ProjectionExpression: 'gone' }), { Item: {} });

  const onlyNew = {
    TableName: 'hash',
    Item: { pk: S('a') },
    ConditionExpression: 'attribute_not_exists(pk)',
  };
  const refused = await failure('PutItem', onlyNew);
  assert.equal(refused.code, 'ConditionalCheckFailedException');
  assert.equal(refused.message, 'The conditional request failed');
  assert.deepEqual(refused.fields, {});
  const told = await failure('PutItem', {
    ...onlyNew,
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  });
  assert.deepEqual(told.fields, { Item: item });
  const deleted = await failure('DeleteItem', {
    ...read,
    ConditionExpression: 'm.x > :x',
    ExpressionAttributeValues: { ':x': N('1') },
  });
  assert.equal(deleted.code, 'ConditionalCheckFailedException');
  assert.deepEqual(await call('GetItem', read), { Item: item });
});

test('updates return what they are asked for', async () => {
  const { call, problem } = await withTables();
  const update = { TableName: 'hash', Key: { pk: S('a') } };
  const count = {
    ...update,
    UpdateExpression: 'SET #c = if_not_exists(#c, :zero) + :one, m = :m',
    ExpressionAttributeNames: { '#c': 'count' },
    ExpressionAttributeValues: { ':zero': N('0'), ':one': N('1'), ':m': { M: { x: N('1') } } },
  };
  assert.deepEqual(await call('UpdateItem', count), {});
  const first = { pk: S('a'), count: N('1'), m: { M: { x: N('1') } } };
  assert.deepEqual(await call('UpdateItem', { ...count, ReturnValues: 'ALL_OLD' }), {
    Attributes: first,
  });
  assert.deepEqual(await call('UpdateItem', { ...count, ReturnValues: 'ALL_NEW' }), {
    Attributes: { ...first, count: N('3') },
  });
  assert.deepEqual(await call('UpdateItem', { ...count, ReturnValues: 'UPDATED_NEW' }), {
    Attributes: { count: N('4'), m: first.m },
  });
  const nested = {
    ...update,
    UpdateExpression: 'SET m.y = :v REMOVE m.x',
    ExpressionAttributeValues: { ':v': S('v') },
  };
  assert.deepEqual(await call('UpdateItem', { ...nested, ReturnValues: 'UPDATED_OLD' }), {
    Attributes: { m: { M: { x: N('1') } } },
  });
  assert.deepEqual(await call('UpdateItem', { ...update, Key: { pk: S('new') } }), {});
  assert.deepEqual(await call('GetItem', { TableName: 'hash', Key: { pk: S('new') } }), {
    Item: { pk: S('new') },
  });
  const removes = { TableName: 'hash', Key: { pk: S('none') }, UpdateExpression: 'REMOVE x' };
  assert.deepEqual(await call('UpdateItem', { ...removes, ReturnValues: 'ALL_NEW' }), {});
  assert.deepEqual(await call('GetItem', { TableName: 'hash', Key: { pk: S('none') } }), {});
  assert.equal(
    await problem('UpdateItem', {
      ...update,
      UpdateExpression: 'SET pk = :v',
      ExpressionAttributeValues: { ':v': S('v') },
    }),
    'ValidationException: One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key',
  );
});

test('requests are refused in DynamoDB’s words', async () => {
  const { problem } = await withTables();
  const invalid = 'ValidationException: One or more parameter values were invalid: ';
  const mismatch = 'ValidationException: The provided key element does not match the schema';
  const detected = 'ValidationException: 1 validation error detected: ';
  const cases: [string, object, string][] = [
    [
      'GetItem',
      { Key: {} },
      `${detected}Value null at 'tableName' failed to satisfy constraint: Member must not be null`,
    ],
    [
      'GetItem',
      { TableName: '', Key: {} },
      `${detected}Value '' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 1`,
    ],
    [
      'GetItem',
      { TableName: 'ab', Key: {} },
      'ResourceNotFoundException: Requested resource not found',
    ],
    [
      'UpdateItem',
      { TableName: '', Key: {}, ReturnValues: 'X' },
      `${detected}Value at 'TableName' failed to satisfy constraint: Member must have length greater than or equal to 1`,
    ],
    [
      'UpdateItem',
      { TableName: '', ConditionalOperator: 'XOR' },
      "ValidationException: 3 validation errors detected: Value '' at 'tableName' failed to satisfy constraint: Member must have length greater than or equal to 1; Value 'XOR' at 'conditionalOperator' failed to satisfy constraint: Member must satisfy enum value set: [OR, AND]; Value null at 'key' failed to satisfy constraint: Member must not be null",
    ],
    [
      'DeleteItem',
      { TableName: 'none', Key: { pk: { SS: ['b', 'a', 'b', 'c'] } } },
      `${detected}One or more parameter values were invalid: Input collection ["a", "b", "b", "c"] contains duplicates.`,
    ],
    [
      'PutItem',
      { TableName: 'none', Item: {}, ExpressionAttributeValues: { ':v': S('x') } },
      `${detected}ExpressionAttributeValues can only be specified when using expressions`,
    ],
    [
      'Query',
      {
        TableName: 'none',
        KeyConditionExpression: 'pk = :v',
        ExpressionAttributeValues: { ':v': N('') },
      },
      'ValidationException: The parameter cannot be converted to a numeric value: ',
    ],
    [
      'GetItem',
      { TableName: 'hash' },
      `${detected}Value null at 'key' failed to satisfy constraint: Member must not be null`,
    ],
    [
      'PutItem',
      { TableName: 'a;', Item: {}, ReturnValues: 'X', ReturnConsumedCapacity: 'Y' },
      "ValidationException: 3 validation errors detected: Value 'Y' at 'returnConsumedCapacity' failed to satisfy constraint: Member must satisfy enum value set: [INDEXES, TOTAL, NONE]; Value 'a;' at 'tableName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+; Value 'X' at 'returnValues' failed to satisfy constraint: Member must satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]",
    ],
    [
      'GetItem',
      { TableName: 'none', Key: { pk: S('a') } },
      'ResourceNotFoundException: Requested resource not found',
    ],
    ['GetItem', { TableName: 'hash', Key: {} }, mismatch],
    ['GetItem', { TableName: 'hash', Key: { pk: N('1') } }, mismatch],
    ['GetItem', { TableName: 'hash', Key: { pk: S('1'), x: S('1') } }, mismatch],
    [
      'GetItem',
      { TableName: 'hash', Key: { pk: S('') } },
      'ValidationException: One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty string value. Key: pk',
    ],
    [
      'GetItem',
      { TableName: 'hash', Key: { pk: S('a') }, ProjectionExpression: 'pk.x' },
      "ValidationException: Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: pk",
    ],
    [
      'PutItem',
      { TableName: 'hash', Item: { x: S('a') } },
      `${invalid}Missing the key pk in the item`,
    ],
    [
      'PutItem',
      { TableName: 'hash', Item: { pk: N('1') } },
      `${invalid}Type mismatch for key pk expected: S actual: N`,
    ],
    [
      'PutItem',
      { TableName: 'hash', Item: { pk: S('x'.repeat(2049)) } },
      `${invalid}Size of hashkey has exceeded the maximum size limit of2048 bytes`,
    ],
    [
      'PutItem',
      { TableName: 'hash', Item: { pk: S('x') }, ReturnValues: 'ALL_NEW' },
      `${detected}ReturnValues can only be ALL_OLD or NONE`,
    ],
    [
      'PutItem',
      { TableName: 'hash', Item: { pk: S('x'), big: S('y'.repeat(409_600)) } },
      'ValidationException: Item size has exceeded the maximum allowed size',
    ],
    [
      'PutItem',
      { TableName: 'hash', Item: { pk: S('x') }, ExpressionAttributeNames: { '#a': 'a' } },
      `${detected}ExpressionAttributeNames can only be specified when using expressions`,
    ],
    [
      'UpdateItem',
      { TableName: 'hash', Key: { pk: S('x') }, ExpressionAttributeValues: { ':a': S('a') } },
      `${detected}ExpressionAttributeValues can only be specified when using expressions`,
    ],
    [
      'PutItem',
      { TableName: 'hash', Item: { pk: S('x') }, ConditionExpression: 'a=b', Expected: {} },
      `${detected}Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {Expected} Expression parameters: {ConditionExpression}`,
    ],
  ];
  for (const [operation, input, expected] of cases) {
    assert.equal(await problem(operation, input), expected);
  }
});

test('an update cannot grow an item beyond 400 KB, nor nest it deeper than 32', async () => {
  const { call, problem } = await withTables();
  const half = 'x'.repeat(250_000);
  await call('PutItem', { TableName: 'hash', Item: { pk: S('a'), one: S(half) } });
  const grow = {
    TableName: 'hash',
    Key: { pk: S('a') },
    UpdateExpression: 'SET two = :half',
    ExpressionAttributeValues: { ':half': S(half) },
  };
  assert.equal(
    await problem('UpdateItem', grow),
    'ValidationException: Item size to update has exceeded the maximum allowed size',
  );
  const deep = (levels: number): object => (levels === 0 ? S('x') : { M: { d: deep(levels - 1) } });
  await call('PutItem', { TableName: 'hash', Item: { pk: S('b'), m: deep(31) } });
  assert.match(
    await problem('UpdateItem', {
      TableName: 'hash',
      Key: { pk: S('b') },
      UpdateExpression: 'SET m.d.d = :deep',
      ExpressionAttributeValues: { ':deep': deep(31) },
    }),
    /Nesting Levels have exceeded/,
  );
});

test('consumed capacity is told as DynamoDB counts it', async () => {
  const { call } = await withTables();
  const item = { pk: S('a'), data: S('x'.repeat(2_500)) };
  const put = { TableName: 'hash', Item: item, ReturnConsumedCapacity: 'TOTAL' };
  assert.deepEqual(await call('PutItem', put), {
    ConsumedCapacity: { TableName: 'hash', CapacityUnits: 3 },
  });
  const read = { TableName: 'hash', Key: { pk: S('a') }, ReturnConsumedCapacity: 'INDEXES' };
  const answer = await call('GetItem', { ...read, ConsistentRead: true });
  assert.deepEqual(answer['ConsumedCapacity'], {
    TableName: 'hash',
    CapacityUnits: 1,
    Table: { CapacityUnits: 1 },
  });
  assert.deepEqual(await call('GetItem', { ...read, Key: { pk: S('none') } }), {
    ConsumedCapacity: { TableName: 'hash', CapacityUnits: 0.5, Table: { CapacityUnits: 0.5 } },
  });
  const shrink = { ...put, Item: { pk: S('a') } };
  assert.deepEqual(await call('PutItem', shrink), {
    ConsumedCapacity: { TableName: 'hash', CapacityUnits: 3 },
  });
});

test('batches write and read several tables', async () => {
  const { call, problem } = await withTables();
  const puts = Array.from({ length: 20 }, (_, i) => ({
    PutRequest: { Item: { pk: S('p'), sk: N(String(i)) } },
  }));
  const written = await call('BatchWriteItem', {
    RequestItems: {
      range: puts,
      hash: [{ PutRequest: { Item: { pk: S('a') } } }, { DeleteRequest: { Key: { pk: S('b') } } }],
    },
    ReturnConsumedCapacity: 'TOTAL',
  });
  assert.deepEqual(written, {
    UnprocessedItems: {},
    ConsumedCapacity: [
      { TableName: 'range', CapacityUnits: 20 },
      { TableName: 'hash', CapacityUnits: 2 },
    ],
  });
  const read = await call('BatchGetItem', {
    RequestItems: {
      range: {
        Keys: [
          { pk: S('p'), sk: N('3.0') },
          { pk: S('p'), sk: N('99') },
        ],
      },
      hash: { Keys: [{ pk: S('a') }] },
    },
  });
  assert.deepEqual(read, {
    Responses: { range: [{ pk: S('p'), sk: N('3') }], hash: [{ pk: S('a') }] },
    UnprocessedKeys: {},
  });
  assert.equal(
    await problem('BatchWriteItem', {
      RequestItems: { range: [...puts.slice(0, 1), ...puts.slice(0, 1)] },
    }),
    'ValidationException: Provided list of item keys contains duplicates',
  );
  assert.equal(
    await problem('BatchWriteItem', {}),
    'ValidationException: The requestItems parameter is required for BatchWriteItem',
  );
  assert.equal(
    await problem('BatchWriteItem', {
      RequestItems: { range: puts, hash: puts.slice(0, 6) },
    }),
    'ValidationException: Too many items requested for the BatchWriteItem call',
  );
});
