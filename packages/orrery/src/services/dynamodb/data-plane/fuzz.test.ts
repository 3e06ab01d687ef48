import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { indexedTable, testedService } from '../dynamodb.fake.ts';

const text = fc.oneof(
  fc.constantFrom('', 'a', 'pk', 'sk', 'weight', 'colour', '__proto__', 'constructor', 'toString'),
  fc.string({ unit: 'binary', maxLength: 8 }),
);
const number = fc.oneof(
  fc.constantFrom('0', '-1', '1e125', '1e-130', '', 'x', '9'.repeat(38), '1e400'),
  fc.double().map(String),
);
const binary = fc
  .uint8Array({ maxLength: 6 })
  .map((bytes) => Buffer.from(bytes).toString('base64'));

/** Values as the endpoint lets them through: members of the right types, any number of them. */
const { value } = fc.letrec<{ value: object }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.record({ S: text }),
    fc.record({ N: number }),
    fc.record({ B: binary }),
    fc.record({ BOOL: fc.boolean() }),
    fc.record({ NULL: fc.boolean() }),
    fc.record({ SS: fc.array(text, { maxLength: 3 }) }),
    fc.record({ NS: fc.array(number, { maxLength: 3 }) }),
    fc.record({ BS: fc.array(binary, { maxLength: 3 }) }),
    fc.record({ S: text, N: number }, { requiredKeys: [] }),
    fc.array(tie('value'), { maxLength: 3 }).map((L) => ({ L })),
    fc.dictionary(text, tie('value'), { maxKeys: 3 }).map((M) => ({ M })),
  ),
}));
const key = fc.record({ pk: value, sk: value }, { requiredKeys: [] });
const map = fc.oneof(
  key,
  fc
    .tuple(
      fc.constant({ pk: { S: 'p' }, sk: { S: 's' } }),
      fc.dictionary(text, value, { maxKeys: 4 }),
    )
    .map(([base, more]) => ({ ...more, ...base })),
);
const expression = fc.oneof(
  fc.constantFrom(
    'pk = :a',
    'pk = :p and sk > :b',
    'attribute_exists(#a)',
    '#a = :a',
    'SET #a = :a',
    'SET #a = list_append(:a, :b)',
    'ADD #a :a',
    'DELETE x :a REMOVE y[0]',
    'a, b[1].c, #a',
    'contains(a, :a) OR size(#a) < :b',
  ),
  fc.string({ maxLength: 20 }),
);
const rarely = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 3 });

const members = {
  TableName: fc.oneof(
    { arbitrary: fc.constant('indexed'), weight: 20 },
    { arbitrary: fc.constantFrom('none', 'x', ''), weight: 1 },
  ),
  Item: map,
  Key: fc.oneof(key, fc.constant({ pk: { S: 'p' }, sk: { S: 's' } })),
  ConditionExpression: rarely(expression),
  UpdateExpression: rarely(expression),
  ProjectionExpression: rarely(expression),
  KeyConditionExpression: fc.oneof(fc.constant('pk = :p'), expression),
  FilterExpression: rarely(expression),
  ExclusiveStartKey: rarely(key),
  IndexName: rarely(fc.constantFrom('byWeight', 'byColour', 'other', '')),
  Limit: rarely(fc.integer({ min: -1, max: 3 })),
  Segment: rarely(fc.integer({ min: -1, max: 3 })),
  TotalSegments: rarely(fc.integer({ min: 0, max: 3 })),
  Select: rarely(fc.constantFrom('COUNT', 'ALL_ATTRIBUTES', 'SPECIFIC_ATTRIBUTES', 'Z')),
  ReturnValues: rarely(fc.constantFrom('ALL_OLD', 'ALL_NEW', 'UPDATED_NEW', 'UPDATED_OLD', 'X')),
  ReturnConsumedCapacity: rarely(fc.constantFrom('TOTAL', 'INDEXES', 'NONE')),
};

const write = ['ConditionExpression', 'ReturnValues', 'ReturnConsumedCapacity'] as const;
const read = [
  'IndexName',
  'FilterExpression',
  'ProjectionExpression',
  'ExclusiveStartKey',
  'Limit',
  'Select',
  'ReturnConsumedCapacity',
] as const;
const operations: Record<string, readonly (keyof typeof members)[]> = {
  PutItem: ['Item', ...write],
  GetItem: ['Key', 'ProjectionExpression', 'ReturnConsumedCapacity'],
  UpdateItem: ['Key', 'UpdateExpression', ...write],
  DeleteItem: ['Key', ...write],
  Query: ['KeyConditionExpression', ...read],
  Scan: [...read, 'Segment', 'TotalSegments'],
};

/** Mostly the placeholders that the expressions use, now and then any. */
function placeholders(given: object, names: readonly string[], values: readonly object[]): object {
  const source = Object.entries(given)
    .filter(([name]) => name.endsWith('Expression'))
    .map(([, expressionText]) => expressionText)
    .join(' ');
  const used = (form: RegExp) => [...new Set(source.match(form) ?? [])];
  const pick = <T>(list: readonly T[], i: number): T => list[i % list.length] as T;
  const usedNames = used(/#\w+/g).map((name, i) => [name, pick(names, i)]);
  const usedValues = used(/:\w+/g).map((name, i) => [name, pick(values, i)]);
  return {
    ...(usedNames.length > 0 && { ExpressionAttributeNames: Object.fromEntries(usedNames) }),
    ...(usedValues.length > 0 && { ExpressionAttributeValues: Object.fromEntries(usedValues) }),
  };
}

const request = fc.constantFrom(...Object.keys(operations)).chain((name) => {
  const wanted = (operations[name] ?? []).map((member) => [member, members[member]]);
  return fc
    .tuple(
      fc.record({ TableName: members.TableName, ...Object.fromEntries(wanted) }),
      fc.array(text, { minLength: 2, maxLength: 2 }),
      fc.array(fc.oneof(value, fc.constant({ S: 'p' }), fc.constant({ N: '1' })), {
        minLength: 2,
        maxLength: 3,
      }),
    )
    .map(([given, names, values]) => {
      const present = Object.entries(given).filter(([, one]) => one !== undefined);
      const input = Object.fromEntries(present);
      return { name, input: { ...input, ...placeholders(input, names, values) } };
    });
});

test('any request that the endpoint lets through is answered or refused', async () => {
  const { call } = await testedService();
  await call('CreateTable', indexedTable);
  const outcomes = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(request, async ({ name, input }) => {
      let outcome = 'answered';
      try {
        await call(name, input);
      } catch (error) {
        const { code } = error as { code?: string };
        assert.ok(code !== undefined, (error as Error).stack);
        outcome = code;
      }
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    }),
    { numRuns: 3000 },
  );
  assert.ok((outcomes.get('answered') ?? 0) > 100, [...outcomes].join(' '));
  assert.ok((outcomes.get('ConditionalCheckFailedException') ?? 0) > 0, [...outcomes].join(' '));
});

test('what was put is what is read', async () => {
  const { call } = await testedService();
  await call('CreateTable', indexedTable);
  let stored = 0;
  await fc.assert(
    fc.asyncProperty(map, async (item) => {
      const names = Object.keys(item);
      try {
        await call('PutItem', { TableName: 'indexed', Item: item });
      } catch {
        return;
      }
      stored += 1;
      const { pk, sk } = item as { pk?: object; sk?: object };
      const { Item } = await call('GetItem', { TableName: 'indexed', Key: { pk, sk } });
      assert.deepEqual(Object.keys(Item as object).sort(), names.sort());
      // Once more: what came out goes in unchanged.
      await call('PutItem', { TableName: 'indexed', Item: Item as object });
      const again = await call('GetItem', { TableName: 'indexed', Key: { pk, sk } });
      assert.deepEqual(again, { Item });
    }),
    { numRuns: 500 },
  );
  assert.ok(stored > 20);
});
