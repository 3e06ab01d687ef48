/** Requests of so many bytes that they are done in turns. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashTable, testedService } from '../dynamodb.fake.ts';

const TableName = 'hash';
const padding = { S: 'x'.repeat(390_000) };
const itemOf = (n: number, more: object = {}) => ({ pk: { S: `p${n}` }, padding, ...more });
const some = (count: number) => Array.from({ length: count }, (_, n) => n);
const keyOf = (n: number) => ({ pk: { S: `p${n}` } });

async function withTable() {
  const tested = await testedService();
  await tested.call('CreateTable', hashTable);
  const write = (count: number, more: object = {}) =>
    tested.call('BatchWriteItem', {
      RequestItems: {
        [TableName]: some(count).map((n) => ({ PutRequest: { Item: itemOf(n, more) } })),
      },
      ReturnConsumedCapacity: 'TOTAL',
    });
  return { ...tested, write };
}

test('a batch of ten megabytes is written, read and deleted', async () => {
  const { call, write } = await withTable();
  assert.deepEqual(await write(25), {
    UnprocessedItems: {},
    ConsumedCapacity: [{ TableName, CapacityUnits: 25 * 381 }],
  });
  for (const n of some(25)) {
    await call('PutItem', { TableName, Item: itemOf(n + 25) });
  }
  const Keys = some(50).map(keyOf);
  const { Responses, UnprocessedKeys } = await call('BatchGetItem', {
    RequestItems: { [TableName]: { Keys } },
  });
  const found = (Responses as Record<string, object[]>)[TableName] ?? [];
  assert.deepEqual(
    found,
    some(found.length).map((n) => itemOf(n)),
  );
  const left = (UnprocessedKeys as Record<string, { Keys: object[] }>)[TableName]?.Keys ?? [];
  // The item that brings it to 16 MB is the last.
  assert.deepEqual([found.length, left], [44, Keys.slice(44)]);
  const projected = await call('BatchGetItem', {
    RequestItems: { [TableName]: { Keys, ProjectionExpression: 'pk' } },
  });
  assert.deepEqual(projected['Responses'], { [TableName]: Keys.slice(0, 44) });
  const deletes = some(25).map((n) => ({ DeleteRequest: { Key: keyOf(n) } }));
  await call('BatchWriteItem', { RequestItems: { [TableName]: deletes } });
  const { Count } = await call('Scan', { TableName, Select: 'COUNT', Limit: 30 });
  assert.equal(Count, 3, 'a megabyte of what is left');
});

test('a table that goes while a batch is prepared is not found', async () => {
  const { service, call, advance } = await withTable();
  const run = service.operations['BatchWriteItem'];
  const request = some(3).map((n) => ({ PutRequest: { Item: itemOf(n) } }));
  const answer = run?.({ RequestItems: { [TableName]: request } } as never, {} as never);
  await call('DeleteTable', { TableName });
  const said = assert.rejects(Promise.resolve(answer), { name: 'ResourceNotFoundException' });
  advance(0);
  await said;
});

test('a large transaction is one, and its token is known again', async () => {
  const { call, problem } = await withTable();
  const puts = (count: number, more: object = {}) =>
    some(count).map((n) => ({ Put: { TableName, Item: itemOf(n, more) } }));
  const input = { TransactItems: puts(10), ClientRequestToken: 'large' };
  await call('TransactWriteItems', input);
  await call('TransactWriteItems', input);
  assert.match(
    await problem('TransactWriteItems', { ...input, TransactItems: puts(10, { n: { N: '1' } }) }),
    /^IdempotentParameterMismatchException/,
  );
  assert.match(
    await problem('TransactWriteItems', { TransactItems: puts(11) }),
    /Transaction size has exceeded the maximum allowed size/,
  );
  const failing = {
    ConditionCheck: {
      TableName,
      Key: keyOf(20),
      ConditionExpression: 'attribute_exists(pk)',
    },
  };
  const TransactItems = [...puts(5, { n: { N: '2' } }), failing];
  assert.match(await problem('TransactWriteItems', { TransactItems }), /ConditionalCheckFailed/);
  const Key = keyOf(0);
  const { Item } = await call('GetItem', { TableName, Key, ProjectionExpression: 'n' });
  assert.deepEqual(Item, {}, 'nothing of it was written');
  const { Responses } = await call('TransactGetItems', {
    TransactItems: some(10).map((n) => ({ Get: { TableName, Key: keyOf(n) } })),
  });
  assert.equal((Responses as object[]).length, 10);
  await call('PutItem', { TableName, Item: itemOf(10) });
  assert.match(
    await problem('TransactGetItems', {
      TransactItems: some(11).map((n) => ({ Get: { TableName, Key: keyOf(n) } })),
    }),
    /Transaction size has exceeded the maximum allowed size/,
  );
});

test('a batch of statements that takes several turns answers each of them', async () => {
  const { call, service, advance } = await testedService(new Map(), { turnRows: 2 });
  await call('CreateTable', hashTable);
  const Statements = some(7).map((n) => ({ Statement: `INSERT INTO hash VALUE {'pk':'p${n}'}` }));
  const { Responses, ConsumedCapacity } = await call('BatchExecuteStatement', {
    Statements,
    ReturnConsumedCapacity: 'TOTAL',
  });
  assert.deepEqual(
    Responses,
    some(7).map(() => ({ TableName })),
  );
  assert.deepEqual(ConsumedCapacity, [{ TableName, CapacityUnits: 7 }]);
  const reads = some(7).map((n) => ({ Statement: `SELECT * FROM hash WHERE pk='p${n}'` }));
  const read = await call('BatchExecuteStatement', {
    Statements: reads,
    ReturnConsumedCapacity: 'TOTAL',
  });
  assert.deepEqual(
    read['Responses'],
    some(7).map((n) => ({ TableName, Item: keyOf(n) })),
  );
  assert.deepEqual(read['ConsumedCapacity'], [{ TableName, CapacityUnits: 3.5 }]);
  const deletes = some(7).map((n) => ({ Statement: `DELETE FROM hash WHERE pk='p${n}'` }));
  const run = service.operations['BatchExecuteStatement'];
  let answered: { readonly Responses: readonly { Error?: { Code: string } }[] } | undefined;
  void Promise.resolve(run?.({ Statements: deletes } as never, {} as never)).then((output) => {
    answered = output as typeof answered;
  });
  await call('DeleteTable', { TableName });
  for (let turns = 0; answered === undefined && turns < 20; turns += 1) {
    advance(0);
    for (let tick = 0; tick < 50; tick += 1) await Promise.resolve();
  }
  const codes = answered?.Responses.map(({ Error: error }) => error?.Code);
  assert.deepEqual(codes, [undefined, undefined, ...Array(5).fill('ResourceNotFound')]);
});
