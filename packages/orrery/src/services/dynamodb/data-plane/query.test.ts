import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  hashTable,
  indexedTable,
  rangeTable,
  type Tested,
  testedService,
} from '../dynamodb.fake.ts';

const S = (text: string) => ({ S: text });
const N = (number: number | string) => ({ N: String(number) });

async function filled(): Promise<Tested> {
  const tested = await testedService();
  await tested.call('CreateTable', rangeTable);
  for (let i = -5; i < 5; i += 1) {
    const Item = { pk: S('p'), sk: N(i), even: { BOOL: i % 2 === 0 } };
    await tested.call('PutItem', { TableName: 'range', Item });
  }
  await tested.call('PutItem', { TableName: 'range', Item: { pk: S('other'), sk: N(0) } });
  return tested;
}

const base = {
  TableName: 'range',
  KeyConditionExpression: 'pk = :p',
  ExpressionAttributeValues: { ':p': S('p') },
};

function sortKeys(output: Record<string, unknown>): number[] {
  return (output['Items'] as { sk: { N: string } }[]).map(({ sk }) => Number(sk.N));
}

test('sort keys are tested and ordered by value', async () => {
  const { call } = await filled();
  const query = async (test: string, values: object = {}, more: object = {}) =>
    sortKeys(
      await call('Query', {
        ...base,
        KeyConditionExpression: `pk = :p${test}`,
        ExpressionAttributeValues: { ':p': S('p'), ...values },
        ...more,
      }),
    );
  assert.deepEqual(await query(''), [-5, -4, -3, -2, -1, 0, 1, 2, 3, 4]);
  assert.deepEqual(await query('', {}, { ScanIndexForward: false, Limit: 3 }), [4, 3, 2]);
  assert.deepEqual(await query(' and sk = :x', { ':x': N('-2.0') }), [-2]);
  assert.deepEqual(await query(' and sk < :x', { ':x': N(-3) }), [-5, -4]);
  assert.deepEqual(await query(' and sk <= :x', { ':x': N(-3) }), [-5, -4, -3]);
  assert.deepEqual(await query(' and sk > :x', { ':x': N(2) }), [3, 4]);
  assert.deepEqual(await query(' and :x <= sk', { ':x': N(2) }), [2, 3, 4]);
  assert.deepEqual(
    await query(' and sk between :x and :y', { ':x': N('-1.5'), ':y': N(1) }),
    [-1, 0, 1],
  );
});

test('pages go on where the last one ended, in both directions', async () => {
  const { call } = await filled();
  for (const ScanIndexForward of [true, false]) {
    const seen: number[] = [];
    let pages = 0;
    let start: unknown;
    do {
      const input = { ...base, ScanIndexForward, Limit: 3 };
      const page = await call(
        'Query',
        start === undefined ? input : { ...input, ExclusiveStartKey: start },
      );
      seen.push(...sortKeys(page));
      start = page['LastEvaluatedKey'];
      pages += 1;
    } while (start !== undefined);
    const all = [-5, -4, -3, -2, -1, 0, 1, 2, 3, 4];
    assert.deepEqual(seen, ScanIndexForward ? all : all.reverse());
    assert.equal(pages, 4);
  }
});

test('filters come after the limit, counts tell both', async () => {
  const { call } = await filled();
  const page = await call('Query', {
    ...base,
    FilterExpression: 'even = :true',
    ExpressionAttributeValues: { ':p': S('p'), ':true': { BOOL: true } },
    ProjectionExpression: 'sk',
    Limit: 4,
  });
  assert.deepEqual(page, {
    Items: [{ sk: N(-4) }, { sk: N(-2) }],
    Count: 2,
    ScannedCount: 4,
    LastEvaluatedKey: { pk: S('p'), sk: N(-2) },
  });
  const counted = await call('Query', {
    ...base,
    Select: 'COUNT',
    ReturnConsumedCapacity: 'TOTAL',
  });
  assert.deepEqual(counted, {
    Count: 10,
    ScannedCount: 10,
    ConsumedCapacity: { TableName: 'range', CapacityUnits: 0.5 },
  });
});

test('a page ends at one megabyte', async () => {
  const { call } = await testedService();
  await call('CreateTable', rangeTable);
  for (let i = 0; i < 5; i += 1) {
    const Item = { pk: S('p'), sk: N(i), data: S('x'.repeat(300_000)) };
    await call('PutItem', { TableName: 'range', Item });
  }
  const page = await call('Query', { ...base, ProjectionExpression: 'sk' });
  assert.equal(page['Count'], 4);
  assert.deepEqual(page['LastEvaluatedKey'], { pk: S('p'), sk: N(3) });
  const whole = await call('Query', base);
  assert.equal(whole['Count'], 4);
});

test('key conditions are refused in DynamoDB’s words', async () => {
  const { call, problem } = await filled();
  await call('CreateTable', hashTable);
  const condition = (text: string) => `Invalid condition in KeyConditionExpression: ${text}`;
  const operator = (text: string) => `Invalid operator used in KeyConditionExpression: ${text}`;
  const cases: [string, string][] = [
    ['', 'Invalid KeyConditionExpression: The expression can not be empty;'],
    ['a > b and size(b) > c or a > c', operator('OR')],
    ['a in (b, size(c), d)', operator('IN')],
    ['attribute_exists(a)', operator('attribute_exists')],
    ['not a > b', operator('NOT')],
    ['a <> b', operator('<>')],
    [
      ':p between b and a',
      condition('BETWEEN operator must have the key attribute as its first operand'),
    ],
    [
      'begins_with(:p, b)',
      condition('begins_with operator must have the key attribute as its first operand'),
    ],
    ['a > size(b.d)', 'KeyConditionExpressions cannot contain nested operations'],
    ['b > a.b', condition('Multiple attribute names used in one condition')],
    [
      'b.d > a AND c.d > e.f',
      'KeyConditionExpressions cannot have conditions on nested attributes',
    ],
    [':p > :x AND a < :x', condition('No key attribute specified')],
    ['pk = :p and pk = :x', 'KeyConditionExpressions must only contain one condition per key'],
    ['pk = :p and sk = :x and z = :x', 'Conditions can be of length 1 or 2 only'],
    ['sk = :x', 'Query condition missed key schema element: pk'],
    ['pk > :p', 'Query key condition not supported'],
    ['pk = :p and z = :x', 'Query condition missed key schema element: sk'],
    [
      'pk = :x',
      'One or more parameter values were invalid: Condition parameter type does not match schema type',
    ],
  ];
  for (const [KeyConditionExpression, expected] of cases) {
    const values = Object.fromEntries(
      [':p', ':x']
        .filter((name) => KeyConditionExpression.includes(name))
        .map((name) => [name, name === ':p' ? S('p') : N(1)]),
    );
    const input = {
      TableName: 'range',
      KeyConditionExpression,
      ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: values }),
    };
    assert.equal(
      await problem('Query', input),
      `ValidationException: ${expected}`,
      KeyConditionExpression,
    );
  }
  assert.equal(
    await problem('Query', { TableName: 'range' }),
    'ValidationException: Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.',
  );
  assert.equal(
    await problem('Query', { ...base, FilterExpression: 'sk = :p' }),
    'ValidationException: Filter Expression can only contain non-primary key attributes: Primary key attribute: sk',
  );
  assert.equal(
    await problem('Query', { ...base, Limit: 0 }),
    "ValidationException: 1 validation error detected: Value at 'Limit' failed to satisfy constraint: Member must have value greater than or equal to 1",
  );
  assert.equal(
    await problem('Query', { ...base, IndexName: 'nope' }),
    'ValidationException: The table does not have the specified index: nope',
  );
});

test('start keys from elsewhere are refused', async () => {
  const { problem } = await filled();
  const start = (ExclusiveStartKey: object, more: object = {}) =>
    problem('Query', { ...base, ExclusiveStartKey, ...more });
  const invalid = 'ValidationException: The provided starting key is invalid';
  assert.equal(await start({ pk: S('p') }), invalid);
  assert.equal(await start({ pk: S('p'), zz: N(1) }), invalid);
  assert.equal(
    await start({ pk: S('p'), sk: S('1') }),
    `${invalid}: The provided key element does not match the schema`,
  );
  assert.equal(
    await start({ pk: S('other'), sk: N(1) }),
    'ValidationException: The provided starting key is outside query boundaries based on provided conditions',
  );
  assert.equal(
    await start(
      { pk: S('p'), sk: N(1) },
      {
        KeyConditionExpression: 'pk = :p and sk > :x',
        ExpressionAttributeValues: { ':p': S('p'), ':x': N(3) },
      },
    ),
    'ValidationException: The provided starting key does not match the range key predicate',
  );
});

test('indexes answer with what they hold', async () => {
  const { call, problem } = await testedService();
  await call('CreateTable', indexedTable);
  const items = [
    { pk: S('p'), sk: S('a'), weight: N(2), colour: S('red'), note: S('n'), other: S('o') },
    { pk: S('p'), sk: S('b'), weight: N(1), colour: S('red') },
    { pk: S('p'), sk: S('c'), weight: N(3) },
    { pk: S('q'), sk: S('d'), weight: N(1), colour: S('red'), other: S('o') },
    { pk: S('q'), sk: S('e'), colour: S('red') },
  ];
  for (const Item of items) await call('PutItem', { TableName: 'indexed', Item });
  const local = {
    TableName: 'indexed',
    IndexName: 'byWeight',
    KeyConditionExpression: 'pk = :p',
    ExpressionAttributeValues: { ':p': S('p') },
  };
  const ranked = await call('Query', local);
  assert.deepEqual(ranked['Items'], [
    { pk: S('p'), sk: S('b'), weight: N(1) },
    { pk: S('p'), sk: S('a'), weight: N(2) },
    { pk: S('p'), sk: S('c'), weight: N(3) },
  ]);
  const fetched = await call('Query', { ...local, Select: 'ALL_ATTRIBUTES', Limit: 2 });
  assert.deepEqual(fetched['Items'], [items[1], items[0]]);
  assert.deepEqual(fetched['LastEvaluatedKey'], { pk: S('p'), sk: S('a'), weight: N(2) });
  const rest = await call('Query', { ...local, ExclusiveStartKey: fetched['LastEvaluatedKey'] });
  assert.equal(rest['Count'], 1);

  const global = {
    TableName: 'indexed',
    IndexName: 'byColour',
    KeyConditionExpression: 'colour = :c and weight >= :r',
    ExpressionAttributeValues: { ':c': S('red'), ':r': N(1) },
  };
  const red = await call('Query', global);
  assert.equal(red['Count'], 3);
  const [last] = (red['Items'] as object[]).slice(-1);
  assert.deepEqual(last, { pk: S('p'), sk: S('a'), colour: S('red'), weight: N(2), note: S('n') });
  assert.equal(
    await problem('Query', { ...global, ConsistentRead: true }),
    'ValidationException: Consistent reads are not supported on global secondary indexes',
  );
  assert.equal(
    await problem('Query', { ...global, Select: 'ALL_ATTRIBUTES' }),
    'ValidationException: One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index byColour because its projection type is not ALL',
  );
  assert.equal(
    await problem('PutItem', {
      TableName: 'indexed',
      Item: { pk: S('p'), sk: S('z'), weight: S('x') },
    }),
    'ValidationException: One or more parameter values were invalid: Type mismatch for Index Key weight Expected: N Actual: S IndexName: byWeight',
  );
  await call('DeleteItem', { TableName: 'indexed', Key: { pk: S('p'), sk: S('a') } });
  assert.equal((await call('Query', global))['Count'], 2);
  const scanned = await call('Scan', { TableName: 'indexed', IndexName: 'byColour' });
  assert.equal(scanned['Count'], 2);
});

test('a scan sees every item once, in pages and in segments', async () => {
  const { call, problem } = await testedService();
  await call('CreateTable', hashTable);
  const names = Array.from({ length: 50 }, (_, i) => `item-${i}`);
  for (const name of names) await call('PutItem', { TableName: 'hash', Item: { pk: S(name) } });
  const scan = async (input: object): Promise<string[]> => {
    const seen: string[] = [];
    let start: unknown;
    do {
      const request = { TableName: 'hash', Limit: 7, ...input };
      const page = await call(
        'Scan',
        start === undefined ? request : { ...request, ExclusiveStartKey: start },
      );
      seen.push(...(page['Items'] as { pk: { S: string } }[]).map(({ pk }) => pk.S));
      start = page['LastEvaluatedKey'];
    } while (start !== undefined);
    return seen;
  };
  const sorted = (list: string[]) => [...list].sort();
  assert.deepEqual(sorted(await scan({})), sorted(names));
  const segments = await Promise.all(
    [0, 1, 2, 3].map((Segment) => scan({ Segment, TotalSegments: 4 })),
  );
  assert.deepEqual(sorted(segments.flat()), sorted(names));
  assert.ok(segments.every((segment) => segment.length > 0));
  assert.match(
    await problem('Scan', { TableName: 'hash', Segment: 4, TotalSegments: 4 }),
    /zero-based/,
  );
});

test('queries agree with a model', async () => {
  const sortKey = fc.oneof(
    fc.constantFrom('', 'a', 'ab', 'b', '\u{7f}', '\u{10000}', '\u{ffff}', 'a\0', '\0'),
    fc.string({ unit: 'grapheme', maxLength: 4 }),
  );
  const value = sortKey.filter((text) => text !== '');
  const operator = fc.constantFrom('=', '<', '<=', '>', '>=', 'begins_with');
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(value, { minLength: 1, maxLength: 12 }),
      value,
      operator,
      fc.boolean(),
      fc.boolean(),
      async (keys, bound, op, forward, onIndex) => {
        const { call } = await testedService();
        await call('CreateTable', {
          ...indexedTable,
          AttributeDefinitions: indexedTable.AttributeDefinitions.map((one) =>
            one.AttributeName === 'weight' ? { ...one, AttributeType: 'S' } : one,
          ),
        });
        for (const key of keys) {
          await call('PutItem', {
            TableName: 'indexed',
            Item: { pk: S('p'), sk: S(key), weight: S(key), colour: S('red') },
          });
        }
        const name = onIndex ? 'weight' : 'sk';
        const test = op === 'begins_with' ? `begins_with(${name}, :v)` : `${name} ${op} :v`;
        const { Items } = await call('Query', {
          TableName: 'indexed',
          ...(onIndex && { IndexName: 'byWeight' }),
          KeyConditionExpression: `pk = :p and ${test}`,
          ExpressionAttributeValues: { ':p': S('p'), ':v': S(bound) },
          ScanIndexForward: forward,
        });
        const order = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
        const expected = keys
          .filter((key) => {
            const difference = order(key, bound);
            if (op === 'begins_with') return key.startsWith(bound);
            return (
              (difference === 0 && op.includes('=')) ||
              (difference < 0 && op.startsWith('<')) ||
              (difference > 0 && op.startsWith('>'))
            );
          })
          .sort(order);
        if (!forward) expected.reverse();
        assert.deepEqual(
          (Items as { sk: { S: string } }[]).map(({ sk }) => sk.S),
          expected,
        );
      },
    ),
    { numRuns: 150 },
  );
});

test('a local index costs what it holds, and what is fetched from the table', async () => {
  const { call } = await testedService();
  await call('CreateTable', indexedTable);
  for (const sk of ['a', 'b', 'c']) {
    const Item = { pk: S('p'), sk: S(sk), weight: N('1'), note: S('x'.repeat(5_000)) };
    await call('PutItem', { TableName: 'indexed', Item });
  }
  const query = {
    TableName: 'indexed',
    IndexName: 'byWeight',
    KeyConditionExpression: 'pk = :p',
    ExpressionAttributeValues: { ':p': S('p') },
    ConsistentRead: true,
    ReturnConsumedCapacity: 'INDEXES',
  };
  const units = (table: number, index: number) => ({
    TableName: 'indexed',
    CapacityUnits: table + index,
    Table: { CapacityUnits: table },
    LocalSecondaryIndexes: { byWeight: { CapacityUnits: index } },
  });
  assert.deepEqual((await call('Query', query))['ConsumedCapacity'], units(0, 1));
  const whole = await call('Query', { ...query, Select: 'ALL_ATTRIBUTES' });
  assert.deepEqual(whole['ConsumedCapacity'], units(6, 1), 'two for each item');
  const some = await call('Scan', {
    TableName: 'indexed',
    IndexName: 'byWeight',
    ProjectionExpression: 'note',
    ReturnConsumedCapacity: 'INDEXES',
  });
  assert.deepEqual(some['ConsumedCapacity'], units(3, 0.5));
});
