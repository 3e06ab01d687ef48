import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { indexedTable, parsedOutput, testedService } from './dynamodb.fake.ts';
import { memoryIo } from './memory-io.fake.ts';
import { createTurns } from './turns.ts';

test('jobs take turns in the order in which they came', () => {
  const { io, advance } = memoryIo();
  const turns = createTurns(io);
  const seen: string[] = [];
  const job = (name: string, pieces: number) => (): void => {
    seen.push(name);
    if (pieces > 1) turns.add(name, job(name, pieces - 1));
  };
  turns.add('a', job('a', 3));
  turns.add('b', job('b', 2));
  assert.deepEqual(seen, [], 'not within the request');
  advance(0);
  assert.deepEqual(seen, ['a', 'b', 'a', 'b', 'a']);
  turns.add('c', job('c', 2));
  turns.stop();
  advance(0);
  assert.equal(seen.length, 5);
});

test('a turn is over when its time is, and requests of one moment share it', () => {
  const { io, advance } = memoryIo();
  let nowUs = 0;
  const clock = { ...io.clock, monotonicUs: () => nowUs };
  const turns = createTurns({ ...io, clock });
  /** Rows of 100 µs until it is over. */
  const read = (): number => {
    const turn = turns.begin();
    let rows = 1;
    for (; !turn.over(); rows += 1) nowUs += 100;
    turn.end();
    return rows;
  };
  assert.equal(read(), 41, 'the clock is looked at after every other row');
  assert.equal(read(), 1, 'the time is used up; it gets on all the same');
  advance(0);
  assert.equal(read(), 41, 'others have been served meanwhile');
});

test('what a job needs beyond its turn, its next turns are shorter by', () => {
  const { io, advance } = memoryIo();
  let nowUs = 0;
  const turns = createTurns({ ...io, clock: { ...io.clock, monotonicUs: () => nowUs } });
  const rows: number[] = [];
  const job = (commitUs: number): void => {
    turns.add('a job', (turn) => {
      let done = 1;
      for (nowUs += 100; !turn.over(); done += 1) nowUs += 100;
      rows.push(done);
      nowUs += commitUs;
    });
    advance(0);
  };
  for (const commitUs of [1_000, 1_000, 1_000, 100_000, 0, 0, 0]) job(commitUs);
  assert.deepEqual(rows.slice(0, 4), [41, 29, 31, 29]);
  assert.equal(rows[4], 5, 'as short as a turn gets');
  assert.ok((rows[6] ?? 0) >= 5);
});

test('a turn is over after so many rows, or at once with a long one when it is late', () => {
  const { io } = memoryIo();
  const turn = createTurns(io, 5).begin();
  assert.deepEqual(
    Array.from({ length: 5 }, () => turn.over()),
    [false, false, false, false, true],
  );
  let nowUs = 0;
  const late = createTurns({ ...io, clock: { ...io.clock, monotonicUs: () => nowUs } }).begin();
  nowUs = 1;
  assert.equal(late.over(100), false);
  nowUs = 10_000;
  assert.equal(late.over(100), false, 'the clock is not looked at for every quick row');
  assert.equal(late.over(100_000), true);
});

interface Step {
  readonly id: number;
  readonly weight: number | null;
}

const steps = fc.array(fc.record({ id: fc.nat(39), weight: fc.option(fc.nat(9), { freq: 3 }) }), {
  minLength: 20,
  maxLength: 60,
});

const TableName = 'indexed';
const { GlobalSecondaryIndexes: _global, ...others } = indexedTable;
const unindexed = { ...others, AttributeDefinitions: others.AttributeDefinitions.slice(0, 3) };

/** A table of forty items, and what is in it. */
async function filled(turnRows: number, table: object = unindexed) {
  const tested = await testedService(new Map(), { turnRows });
  await tested.call('CreateTable', table);
  const model = new Map<number, number>();
  /** Not awaited: writes are done before the call returns. */
  const write = ({ id, weight }: Step): void => {
    const key = { pk: { S: `p${id % 3}` }, sk: { S: `s${id}` } };
    const Item = { ...key, weight: { N: String(weight) }, colour: { S: `c${(weight ?? 0) % 2}` } };
    const [operation, input] =
      weight === null ? ['DeleteItem', { TableName, Key: key }] : ['PutItem', { TableName, Item }];
    const run = tested.service.operations[operation as string];
    void run?.(structuredClone(input) as never, {} as never);
    if (weight === null) model.delete(id);
    else model.set(id, weight);
  };
  for (let id = 0; id < 40; id += 1) write({ id, weight: id % 10 });
  return { ...tested, model, write };
}

const ids = (items: unknown): number[] =>
  (items as { sk: { S: string } }[]).map(({ sk }) => Number(sk.S.slice(1)));

test('a page that is read in turns has all that stood there all the while, once', async () => {
  const reads = fc.constantFrom(
    ['Scan', {}],
    ['Scan', { FilterExpression: 'weight >= :w', ExpressionAttributeValues: { ':w': { N: '0' } } }],
    ['Scan', { IndexName: 'byWeight', Select: 'ALL_ATTRIBUTES' }],
    ['Scan', { Limit: 25, ReturnConsumedCapacity: 'TOTAL' }],
    ['ExecuteStatement', { Statement: 'SELECT * FROM "indexed"' }],
  ) as fc.Arbitrary<[string, object]>;
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 7 }), reads, steps, async (rows, read, writes) => {
      const { service, advance, model, write } = await filled(rows);
      const [operation, input] = read;
      const before = new Map(model);
      const run = service.operations[operation];
      const answer = Promise.resolve(run?.({ TableName, ...input } as never, {} as never));
      let told: Record<string, unknown> | undefined;
      void answer.then((output) => {
        told = parsedOutput(output);
        assert.ok(told !== undefined);
      });
      const touched = new Set<number>();
      for (const step of writes) {
        for (let tick = 0; tick < 50; tick += 1) await Promise.resolve();
        if (told !== undefined) break;
        write(step);
        touched.add(step.id);
        advance(0);
      }
      while (told === undefined) {
        advance(0);
        for (let tick = 0; tick < 50; tick += 1) await Promise.resolve();
      }
      const { Items, LastEvaluatedKey } = told;
      const found = ids(Items);
      // In an index an item that changes its key moves; it may be met at both places, or neither.
      const still = found.filter((id) => !touched.has(id));
      assert.equal(new Set(still).size, still.length, 'none twice');
      for (const id of still) assert.ok(before.has(id));
      if (LastEvaluatedKey !== undefined) return;
      const wanted = [...before.keys()].filter((id) => !touched.has(id));
      assert.deepEqual(
        still.toSorted((a, b) => a - b),
        wanted.toSorted((a, b) => a - b),
      );
    }),
    { numRuns: 150 },
  );
});

test('a read that is under way when its table goes says so', async () => {
  const { service, call, advance } = await filled(3);
  const answer = Promise.resolve(service.operations['Scan']?.({ TableName } as never, {} as never));
  await call('DeleteTable', { TableName });
  await call('CreateTable', unindexed);
  const said = assert.rejects(answer, { name: 'ResourceNotFoundException' });
  advance(0);
  await said;
});

test('an index that is filled in turns agrees with what is written meanwhile', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 7 }), steps, async (rows, writes) => {
      const { call, step, advance, model, write, service } = await filled(rows);
      const Create = indexedTable.GlobalSecondaryIndexes[0];
      const GlobalSecondaryIndexUpdates = [{ Create }];
      const { AttributeDefinitions } = indexedTable;
      const update = { TableName, AttributeDefinitions, GlobalSecondaryIndexUpdates };
      void service.operations['UpdateTable']?.(update as never, {} as never);
      for (const one of writes) {
        write(one);
        step();
      }
      advance(0);
      const { Table } = (await call('DescribeTable', { TableName })) as {
        Table: { TableStatus: string };
      };
      assert.equal(Table.TableStatus, 'ACTIVE');
      const { Items } = await call('Scan', { TableName, IndexName: 'byColour' });
      assert.deepEqual(ids(Items).sort(), [...model.keys()].sort());
    }),
    { numRuns: 100 },
  );
});

test('an index that is being filled is not read', async () => {
  const { call, problem, advance, service } = await filled(3);
  const Create = indexedTable.GlobalSecondaryIndexes[0];
  const { AttributeDefinitions } = indexedTable;
  const update = {
    TableName,
    AttributeDefinitions,
    GlobalSecondaryIndexUpdates: [{ Create }],
  };
  void service.operations['UpdateTable']?.(update as never, {} as never);
  const read = { TableName, IndexName: 'byColour' };
  assert.equal(
    await problem('Scan', read),
    'ValidationException: Cannot read from backfilling global secondary index: byColour',
  );
  advance(0);
  assert.equal((await call('Scan', read))['Count'], 40);
});
