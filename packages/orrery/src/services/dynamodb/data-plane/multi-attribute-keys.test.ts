import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { testedService } from '../dynamodb.fake.ts';

const S = (text: string) => ({ S: text });
const N = (number: number) => ({ N: String(number) });
const TableName = 'matches';
const IndexName = 'byPlace';

const element = (AttributeName: string, KeyType: string) => ({ AttributeName, KeyType });
const definition = (AttributeName: string, AttributeType = 'S') => ({
  AttributeName,
  AttributeType,
});
const index = {
  IndexName,
  KeySchema: [
    element('tournament', 'HASH'),
    element('region', 'HASH'),
    element('round', 'RANGE'),
    element('bracket', 'RANGE'),
    element('id', 'RANGE'),
  ],
  Projection: { ProjectionType: 'KEYS_ONLY' },
};
const table = {
  TableName,
  BillingMode: 'PAY_PER_REQUEST',
  AttributeDefinitions: [
    definition('id'),
    definition('tournament'),
    definition('region'),
    definition('round', 'N'),
    definition('bracket'),
  ],
  KeySchema: [element('id', 'HASH')],
  GlobalSecondaryIndexes: [index],
};

interface Match {
  readonly id: string;
  readonly region: string;
  readonly round: number;
  readonly bracket: string;
}

function itemOf({ id, region, round, bracket }: Match) {
  const more = { bracket: S(bracket), note: S('not projected') };
  return { id: S(id), tournament: S('t'), region: S(region), round: N(round), ...more };
}

async function withMatches(matches: readonly Match[]) {
  const tested = await testedService();
  await tested.call('CreateTable', table);
  for (const match of matches) await tested.call('PutItem', { TableName, Item: itemOf(match) });
  const query = (condition: string, values: object = {}, more: object = {}) => ({
    TableName,
    IndexName,
    KeyConditionExpression: condition,
    ExpressionAttributeNames: {
      '#r': 'region',
      ...(condition.includes('#n') && { '#n': 'round' }),
    },
    ExpressionAttributeValues: { ':t': S('t'), ':r': S('eu'), ...values },
    ...more,
  });
  const ids = async (input: object): Promise<string[]> => {
    const { Items } = await tested.call('Query', input);
    return (Items as { id: { S: string } }[]).map(({ id }) => id.S);
  };
  return { ...tested, query, ids };
}

const both = 'tournament = :t AND #r = :r';
const matches: Match[] = [
  { id: 'm1', region: 'eu', round: 2, bracket: 'upper' },
  { id: 'm2', region: 'eu', round: 10, bracket: 'lower' },
  { id: 'm3', region: 'eu', round: 2, bracket: 'lower' },
  { id: 'm4', region: 'us', round: 2, bracket: 'lower' },
  { id: 'm5', region: 'eu', round: -1, bracket: 'up' },
];

test('queries go by all partition attributes and some sort attributes from the left', async () => {
  const { query, ids, call } = await withMatches(matches);
  assert.deepEqual(await ids(query(both)), ['m5', 'm3', 'm1', 'm2']);
  const two = { ':n': N(2) };
  assert.deepEqual(await ids(query(`${both} AND #n = :n`, two)), ['m3', 'm1']);
  assert.deepEqual(await ids(query(`${both} AND #n > :n`, two)), ['m2']);
  const upper = { ...two, ':b': S('up') };
  assert.deepEqual(await ids(query(`${both} AND #n = :n AND begins_with(bracket, :b)`, upper)), [
    'm1',
  ]);
  assert.deepEqual(
    await ids(query(`${both} AND #n = :n AND bracket >= :b`, { ...two, ':b': S('lower') })),
    ['m3', 'm1'],
  );
  const { Table } = (await call('DescribeTable', { TableName })) as {
    Table: { GlobalSecondaryIndexes: { KeySchema: object }[] };
  };
  assert.deepEqual(Table.GlobalSecondaryIndexes[0]?.KeySchema, index.KeySchema);
  const { Items } = await call('Query', query(`${both} AND #n > :n`, two));
  const { note, ...keys } = itemOf(matches[1] as Match);
  assert.deepEqual(Items, [keys]);
  assert.ok(note);
});

test('an item without one of the attributes is not in the index', async () => {
  const { query, ids, call, problem } = await withMatches(matches);
  const update = { TableName, Key: { id: S('m3') } };
  await call('UpdateItem', { ...update, UpdateExpression: 'REMOVE bracket' });
  assert.deepEqual(await ids(query(both)), ['m5', 'm1', 'm2']);
  const set = {
    ...update,
    UpdateExpression: 'SET bracket = :b',
    ExpressionAttributeValues: { ':b': S('z') },
  };
  await call('UpdateItem', set);
  assert.deepEqual(await ids(query(both)), ['m5', 'm1', 'm3', 'm2']);
  assert.equal(
    await problem('UpdateItem', { ...set, ExpressionAttributeValues: { ':b': N(1) } }),
    'ValidationException: One or more parameter values were invalid: Type mismatch for Index Key bracket Expected: S Actual: N IndexName: byPlace',
  );
  const long = S('x'.repeat(600));
  assert.equal(
    await problem('PutItem', {
      TableName,
      Item: { id: long, tournament: S('t'), region: S('eu'), round: N(1), bracket: long },
    }),
    'ValidationException: One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of 1024 bytes',
  );
});

test('pages go on, in both directions', async () => {
  const { query, call } = await withMatches(matches);
  for (const ScanIndexForward of [true, false]) {
    const seen: string[] = [];
    let ExclusiveStartKey: object | undefined;
    do {
      const more = { Limit: 1, ScanIndexForward, ...(ExclusiveStartKey && { ExclusiveStartKey }) };
      const page = await call('Query', query(both, {}, more));
      seen.push(...(page['Items'] as { id: { S: string } }[]).map(({ id }) => id.S));
      ExclusiveStartKey = page['LastEvaluatedKey'] as object | undefined;
    } while (ExclusiveStartKey !== undefined);
    const all = ['m5', 'm3', 'm1', 'm2'];
    assert.deepEqual(seen, ScanIndexForward ? all : all.reverse());
  }
});

test('an index of that kind is made on a filled table', async () => {
  const { call, query, ids } = await withMatches([]);
  const change = (update: object) =>
    call('UpdateTable', {
      TableName,
      AttributeDefinitions: table.AttributeDefinitions,
      GlobalSecondaryIndexUpdates: [update],
    });
  await change({ Delete: { IndexName } });
  for (const match of matches) await call('PutItem', { TableName, Item: itemOf(match) });
  await change({ Create: index });
  assert.deepEqual(await ids(query(both)), ['m5', 'm3', 'm1', 'm2']);
});

test('conditions with gaps, and keys of too many attributes, are refused', async () => {
  const { problem, query } = await withMatches(matches);
  const told = (condition: string, values: object = {}) =>
    problem('Query', query(condition, values));
  const missed = 'ValidationException: Query condition missed key schema element: ';
  const two = { ':n': N(2) };
  assert.equal(
    await problem('Query', {
      ...query('tournament = :t'),
      ExpressionAttributeNames: undefined,
      ExpressionAttributeValues: { ':t': S('t') },
    }),
    `${missed}region`,
  );
  assert.equal(await told(`${both} AND bracket = :b`, { ':b': S('x') }), `${missed}round`);
  assert.equal(
    await told(`${both} AND #n > :n AND bracket = :b`, { ...two, ':b': S('x') }),
    'ValidationException: Query key condition not supported',
  );
  assert.equal(
    await told('tournament = :t AND #r > :r'),
    'ValidationException: Query key condition not supported',
  );
  const create = (KeySchema: object[], more: object = {}) =>
    problem('CreateTable', {
      ...table,
      TableName: 'other',
      GlobalSecondaryIndexes: [{ ...index, KeySchema }],
      ...more,
    });
  const five = ['tournament', 'region', 'round', 'bracket', 'id'];
  assert.match(
    await create(five.map((name) => element(name, 'HASH'))),
    /^ValidationException: .*HASH key attributes exceeds the limit of 4$/,
  );
  assert.match(
    await create([element('id', 'HASH'), element('round', 'RANGE'), element('region', 'HASH')]),
    /^ValidationException: Invalid KeySchema: /,
  );
  assert.match(
    await create([element('round', 'RANGE'), element('id', 'HASH')]),
    /^ValidationException: Invalid KeySchema: The first KeySchemaElement is not a HASH key type$/,
  );
});

test('the order is that of the attributes, one after the other', async () => {
  const text = fc.constantFrom('a', 'ab', 'abcdefgh', 'abcdefghi', 'b', '\u{10000}', 'a\0');
  const match = fc.record({
    id: fc.uuid(),
    region: fc.constant('eu'),
    round: fc.integer({ min: -3, max: 3 }),
    bracket: text,
  });
  const order = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(match, { selector: ({ id }) => id, minLength: 1, maxLength: 15 }),
      fc.integer({ min: -3, max: 3 }),
      text,
      async (all, round, prefix) => {
        const { query, ids } = await withMatches(all);
        const sorted = [...all].sort(
          (a, b) => a.round - b.round || order(a.bracket, b.bracket) || order(a.id, b.id),
        );
        assert.deepEqual(
          await ids(query(both)),
          sorted.map(({ id }) => id),
        );
        const condition = `${both} AND #n = :n AND begins_with(bracket, :b)`;
        assert.deepEqual(
          await ids(query(condition, { ':n': N(round), ':b': S(prefix) })),
          sorted
            .filter((one) => one.round === round && one.bracket.startsWith(prefix))
            .map(({ id }) => id),
        );
      },
    ),
    { numRuns: 60 },
  );
});
