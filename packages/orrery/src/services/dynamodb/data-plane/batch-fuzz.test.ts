import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { hashTable, indexedTable, rangeTable, testedService } from '../dynamodb.fake.ts';

const text = fc.oneof(
  fc.constantFrom('', 'a', 'b', 'pk', 'sk', '__proto__', 'constructor'),
  fc.string({ maxLength: 4 }),
);
const value = fc.oneof(
  fc.record({ S: text }),
  fc.record({ N: fc.constantFrom('1', '01', '-1', 'x', '', '1e999', '1e9999999999') }),
  fc.record({ SS: fc.array(text, { maxLength: 2 }) }),
  fc.record({ S: text, N: text }, { requiredKeys: [] }),
  fc.record({ M: fc.dictionary(text, fc.record({ S: text }), { maxKeys: 2 }) }),
);
const key = fc.oneof(
  fc.constantFrom({ pk: { S: 'a' } }, { pk: { S: 'b' }, sk: { S: 's' } }),
  fc.constantFrom({ pk: { S: 'a' }, sk: { N: '1' } }),
  fc.dictionary(text, value, { maxKeys: 3 }),
);
const name = fc.oneof(
  { arbitrary: fc.constantFrom('hash', 'range', 'indexed'), weight: 6 },
  {
    arbitrary: fc.constantFrom(
      'none',
      '',
      'a;',
      '__proto__',
      'arn:aws:dynamodb:us-east-1:000000000000:table/hash',
      'arn:aws:dynamodb:us-east-1:000000000000:table/hash/index/x',
    ),
    weight: 1,
  },
);
const rarely = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 4 });
/** Null stands for absent on the wire; parsers leave it away. */
const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.oneof(arbitrary, rarely(arbitrary));
const expression = fc.constantFrom('a', '#a', 'attribute_exists(pk)', 'a = :v', 'pk.x', '', ')');
const update = fc.constantFrom('SET a = :v', 'REMOVE a', 'ADD n :v', 'SET pk = :v', 'DELETE a :v');
const placeholders = {
  ExpressionAttributeNames: rarely(fc.constantFrom({}, { '#a': 'a' }, { a: 'a' })),
  ExpressionAttributeValues: rarely(fc.dictionary(fc.constantFrom(':v', ':w', 'v'), value)),
};
const map = <T>(of: fc.Arbitrary<T>) =>
  fc.array(fc.tuple(name, of), { maxLength: 3 }).map((entries) => Object.fromEntries(entries));

const action = fc.record({
  TableName: some(name),
  Item: some(key),
  Key: some(key),
  ConditionExpression: rarely(expression),
  UpdateExpression: some(update),
  ReturnValuesOnConditionCheckFailure: rarely(fc.constantFrom('ALL_OLD', 'NONE', 'X')),
  ...placeholders,
});
const inputs: Readonly<Record<string, fc.Arbitrary<object>>> = {
  BatchGetItem: fc.record({
    RequestItems: some(
      map(
        fc.record({
          Keys: some(fc.array(key, { maxLength: 3 })),
          AttributesToGet: rarely(fc.array(text, { maxLength: 2 })),
          ProjectionExpression: rarely(expression),
          ConsistentRead: rarely(fc.boolean()),
          ExpressionAttributeNames: placeholders.ExpressionAttributeNames,
        }),
      ),
    ),
    ReturnConsumedCapacity: rarely(fc.constantFrom('TOTAL', 'INDEXES', 'X')),
  }),
  BatchWriteItem: fc.record({
    RequestItems: some(
      map(
        fc.array(
          fc.record({
            PutRequest: rarely(fc.record({ Item: some(key) })),
            DeleteRequest: rarely(fc.record({ Key: some(key) })),
          }),
          { maxLength: 3 },
        ),
      ),
    ),
    ReturnItemCollectionMetrics: rarely(fc.constantFrom('SIZE', 'X')),
  }),
  TransactWriteItems: fc.record({
    TransactItems: some(
      fc.array(
        fc.oneof(
          ...['Put', 'Update', 'Delete', 'ConditionCheck'].map((kind) =>
            action.map((one) => ({ [kind]: one })),
          ),
          fc.constant({}),
        ),
        { maxLength: 3 },
      ),
    ),
    ClientRequestToken: rarely(fc.constantFrom('', 't', 'x'.repeat(40))),
    ReturnConsumedCapacity: rarely(fc.constantFrom('TOTAL', 'INDEXES')),
    ReturnItemCollectionMetrics: rarely(fc.constantFrom('SIZE', 'NONE')),
  }),
  TransactGetItems: fc.record({
    TransactItems: some(
      fc.array(
        fc.record({
          Get: some(
            fc.record({
              TableName: some(name),
              Key: some(key),
              ProjectionExpression: rarely(expression),
              ExpressionAttributeNames: placeholders.ExpressionAttributeNames,
            }),
          ),
        }),
        { maxLength: 3 },
      ),
    ),
  }),
};

const Key = { pk: { S: 'a' } };
/** Each must be answered, so that what is checked behind the refusals is reached too. */
const fine: Readonly<Record<string, object>> = {
  BatchGetItem: { RequestItems: { hash: { Keys: [Key] } } },
  BatchWriteItem: { RequestItems: { hash: [{ PutRequest: { Item: Key } }] } },
  TransactWriteItems: { TransactItems: [{ Put: { TableName: 'hash', Item: Key } }] },
  TransactGetItems: { TransactItems: [{ Get: { TableName: 'hash', Key } }] },
};

/** As a parser leaves it: without members that are absent. */
function present(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

test('any batch or transaction is answered or refused', async () => {
  const { call } = await testedService();
  for (const table of [hashTable, rangeTable, indexedTable]) await call('CreateTable', table);
  const request = fc
    .constantFrom(...Object.keys(inputs))
    .chain((operation) =>
      fc
        .oneof(
          { arbitrary: inputs[operation] as fc.Arbitrary<object>, weight: 9 },
          { arbitrary: fc.constant(fine[operation] as object), weight: 1 },
        )
        .map((input) => ({ operation, input })),
    );
  const answered = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(request, async ({ operation, input }) => {
      try {
        await call(operation, present(input) as object);
        answered.set(operation, (answered.get(operation) ?? 0) + 1);
      } catch (error) {
        const { code } = error as { code?: string };
        assert.ok(code !== undefined, (error as Error).stack);
      }
    }),
    { numRuns: 4000 },
  );
  assert.equal(answered.size, 4, [...answered].join(' '));
});
