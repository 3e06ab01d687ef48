import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { numbers, type StreamEvent, type StreamWorld, streamWorld } from './streams.fake.ts';

/** A world with a table, a function `sink` that keeps what it gets, and `count` records. */
async function sinkWorld(
  count = 0,
  answer: (event: StreamEvent) => unknown = () => undefined,
  options: Parameters<typeof streamWorld>[1] = {},
): Promise<{ world: StreamWorld; streamArn: string; batches: number[][] }> {
  const batches: number[][] = [];
  const sink = (event: StreamEvent): unknown => {
    batches.push(numbers(event));
    return answer(event);
  };
  const world = await streamWorld({ sink }, options);
  const streamArn = await world.makeTable();
  await world.makeFunction('sink', { Timeout: 60 });
  for (let n = 1; n <= count; n += 1) await world.put('a', n);
  return { world, streamArn, batches };
}

const upTo = (last: number, first = 1): number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

describe('batches', () => {
  it('hold the records as AWS spells them', async () => {
    const events: StreamEvent[] = [];
    const world = await streamWorld({ sink: (event) => void events.push(event) });
    const streamArn = await world.makeTable();
    await world.makeFunction('sink');
    await world.put('a', 1);
    const uuid = await world.map('sink', streamArn);
    await world.until('the record is there', () => events.length === 1);
    const [record] = events[0]?.Records ?? [];
    assert.match(record?.eventID ?? '', /^[0-9a-f]{32}$/);
    assert.deepEqual(record, {
      eventID: record?.eventID,
      eventName: 'INSERT',
      eventVersion: '1.1',
      eventSource: 'aws:dynamodb',
      awsRegion: 'eu-west-1',
      dynamodb: {
        ApproximateCreationDateTime: Date.UTC(2026, 0, 1) / 1000 + 1,
        Keys: { pk: { S: 'a' } },
        NewImage: { pk: { S: 'a' }, n: { N: '1' } },
        SequenceNumber: '100000000000000000001',
        SizeBytes: 9,
        StreamViewType: 'NEW_AND_OLD_IMAGES',
      },
      eventSourceARN: streamArn,
    });
    assert.equal((await world.mapping(uuid)).LastProcessingResult, 'OK');
  });

  it('hold at most BatchSize records, in order', async () => {
    const { world, streamArn, batches } = await sinkWorld(25);
    await world.map('sink', streamArn, { BatchSize: 10 });
    await world.until('all are there', () => batches.flat().length === 25);
    assert.deepEqual(batches, [upTo(10), upTo(20, 11), upTo(25, 21)]);
  });

  it('hold at most 6 MB', async () => {
    const sizes: number[] = [];
    const world = await streamWorld({ sink: ({ Records }) => void sizes.push(Records.length) });
    const streamArn = await world.makeTable();
    await world.makeFunction('sink');
    for (let n = 0; n < 20; n += 1) {
      const Item = { pk: { S: `a${n}` }, text: { S: 'x'.repeat(390_000) } };
      await world.call('dynamodb', 'PutItem', { TableName: 'items', Item });
    }
    await world.map('sink', streamArn, { MaximumBatchingWindowInSeconds: 30 });
    await world.until('all are there', () => sizes.reduce((a, b) => a + b, 0) === 20);
    assert.deepEqual(sizes, [16, 4]);
  });

  it('gather for their window, or until they are full', async () => {
    const { world, streamArn, batches } = await sinkWorld();
    await world.map('sink', streamArn, { BatchSize: 5, MaximumBatchingWindowInSeconds: 10 });
    for (const n of upTo(3)) {
      await world.put('a', n);
      await world.pass(1_000);
    }
    assert.deepEqual(batches, []);
    await world.pass(8_000);
    assert.deepEqual(batches, [upTo(3)]);
    for (const n of upTo(8, 4)) await world.put('a', n);
    await world.pass(1_000);
    assert.deepEqual(batches, [upTo(3), upTo(8, 4)]);
    // The window of those that were sent when full does not cut the next one short.
    await world.pass(4_000);
    await world.put('a', 9);
    await world.pass(8_000);
    assert.equal(batches.length, 2);
    await world.pass(3_000);
    assert.deepEqual(batches[2], [9]);
  });

  it('of several items run at once with a ParallelizationFactor, of one item never', async () => {
    const running = new Map<string, number>();
    const seen = new Map<string, number[]>();
    let most = 0;
    const world = await streamWorld({
      sink: async (event) => {
        const keys = new Set(event.Records.map(({ dynamodb }) => dynamodb.Keys.pk.S));
        for (const key of keys) {
          running.set(key, (running.get(key) ?? 0) + 1);
          assert.equal(running.get(key), 1, `two at once for ${key}`);
        }
        most = Math.max(most, running.size);
        for (const { dynamodb } of event.Records) {
          const key = dynamodb.Keys.pk.S;
          seen.set(key, [...(seen.get(key) ?? []), Number(dynamodb.NewImage?.n?.N)]);
        }
        for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
        for (const key of keys) running.delete(key);
      },
    });
    const streamArn = await world.makeTable();
    await world.makeFunction('sink');
    const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    for (const n of upTo(6)) for (const key of keys) await world.put(key, n);
    await world.map('sink', streamArn, { BatchSize: 2, ParallelizationFactor: 4 });
    await world.until('all are there', () => [...seen.values()].flat().length === 48);
    for (const key of keys) assert.deepEqual(seen.get(key), upTo(6), key);
    assert.ok(most > 1, 'some ran at once');
  });

  it('hold only what a filter lets pass, and the rest is behind', async () => {
    const { world, streamArn, batches } = await sinkWorld(10);
    const pattern = { dynamodb: { NewImage: { n: { N: ['3', '5'] } } }, eventName: ['MODIFY'] };
    const Filters = [
      { Pattern: JSON.stringify(pattern) },
      { Pattern: JSON.stringify({ dynamodb: { NewImage: { n: { N: ['8'] } } } }) },
    ];
    const uuid = await world.map('sink', streamArn, { FilterCriteria: { Filters } });
    await world.until('they are there', () => batches.flat().length >= 3);
    await world.lambda('UpdateEventSourceMapping', { UUID: uuid, FilterCriteria: {} });
    await world.settled(uuid);
    await world.put('a', 11);
    await world.until('the last is there', () => batches.flat().includes(11));
    assert.deepEqual(batches.flat(), [3, 5, 8, 11]);
  });
});

describe('starting positions', () => {
  it('LATEST begins with what is written after the answer', async () => {
    const { world, streamArn, batches } = await sinkWorld(3, undefined, {
      lambda: { transitionMs: 5_000 },
      dynamoDb: { streamShards: { shardRecords: 2 } },
    });
    await world.pass(6_000);
    const { UUID, State } = await world.lambda('CreateEventSourceMapping', {
      FunctionName: 'sink',
      EventSourceArn: streamArn,
      StartingPosition: 'LATEST',
    });
    assert.equal(State, 'Creating');
    await world.put('a', 4);
    world.crash();
    world.restart();
    await world.pass(1_000);
    await world.settled(UUID);
    await world.put('a', 5);
    await world.until('both are there', () => batches.flat().length === 2);
    assert.deepEqual(batches.flat(), [4, 5]);
  });

  it('LATEST of a stream without records begins with the first', async () => {
    const { world, streamArn, batches } = await sinkWorld();
    await world.map('sink', streamArn, { StartingPosition: 'LATEST' });
    await world.put('a', 1);
    await world.until('it is there', () => batches.flat().length === 1);
  });
});

describe('a function that fails', () => {
  it('gets the batch again until it succeeds, and nothing overtakes it', async () => {
    let failures = 3;
    const { world, streamArn, batches } = await sinkWorld(4, () => {
      failures -= 1;
      if (failures >= 0) throw new Error('not yet');
    });
    const uuid = await world.map('sink', streamArn, { BatchSize: 2 });
    await world.until('it failed', () => batches.length === 1);
    await world.pass(100);
    assert.equal((await world.mapping(uuid)).LastProcessingResult, 'PROBLEM: Function call failed');
    await world.until('all are there', () => batches.flat().includes(4));
    assert.deepEqual(batches, [upTo(2), upTo(2), upTo(2), upTo(2), upTo(4, 3)]);
    assert.equal((await world.mapping(uuid)).LastProcessingResult, 'OK');
  });

  it('waits longer each time, up to a minute', async () => {
    const at: number[] = [];
    const { world, streamArn } = await sinkWorld(1, () => {
      at.push(Math.round(world.universe.nowUs / 1e6));
      throw new Error('never');
    });
    await world.map('sink', streamArn);
    await world.until('it failed nine times', () => at.length === 9, 400_000);
    const gaps = at.slice(1).map((second, i) => second - (at[i] ?? 0));
    assert.deepEqual(gaps, [1, 2, 4, 8, 16, 32, 60, 60]);
  });

  it('loses the batch after MaximumRetryAttempts', async () => {
    const { world, streamArn, batches } = await sinkWorld(4, (event) => {
      if (numbers(event).includes(2)) throw new Error('poison');
    });
    await world.map('sink', streamArn, { BatchSize: 2, MaximumRetryAttempts: 2 });
    await world.until('the rest is there', () => batches.flat().includes(4));
    assert.deepEqual(batches, [upTo(2), upTo(2), upTo(2), upTo(4, 3)]);
    const notice = /Records were discarded: (.*)/.exec(await world.logOf('sink'))?.[1] ?? '';
    const { requestContext, DDBStreamBatchInfo: info } = JSON.parse(notice) as {
      readonly requestContext: object;
      readonly DDBStreamBatchInfo: Readonly<Record<string, unknown>>;
    };
    assert.deepEqual(requestContext, {
      functionArn: 'arn:aws:lambda:eu-west-1:000000000000:function:sink',
      condition: 'RetryAttemptsExhausted',
      approximateInvokeCount: 3,
    });
    assert.deepEqual(
      [info['batchSize'], info['startSequenceNumber'], info['endSequenceNumber']],
      [2, '100000000000000000001', '100000000000000000002'],
    );
    assert.equal(info['streamArn'], streamArn);
  });

  it('loses the record alone where batches are split', async () => {
    const { world, streamArn, batches } = await sinkWorld(8, (event) => {
      if (numbers(event).includes(6)) throw new Error('poison');
    });
    await world.map('sink', streamArn, {
      MaximumRetryAttempts: 1,
      BisectBatchOnFunctionError: true,
    });
    await world.until(
      'the rest is there',
      () => batches.at(-1)?.includes(8) === true && batches.length > 5,
    );
    assert.deepEqual(batches, [
      upTo(8),
      upTo(4),
      upTo(8, 5),
      upTo(6, 5),
      [5],
      [6],
      [6],
      upTo(8, 7),
    ]);
  });

  it('gets records again from the earliest one that it reports', async () => {
    let turn = 0;
    const { world, streamArn, batches } = await sinkWorld(5, ({ Records }) => {
      turn += 1;
      const [first, second, third] = Records.map(({ dynamodb }) => dynamodb.SequenceNumber);
      if (turn === 1) {
        return { batchItemFailures: [{ itemIdentifier: third }, { itemIdentifier: second }] };
      }
      if (turn === 2) return { batchItemFailures: [{ itemIdentifier: first }] };
      return { batchItemFailures: [] };
    });
    await world.map('sink', streamArn, { FunctionResponseTypes: ['ReportBatchItemFailures'] });
    await world.until('it ended', () => batches.length === 3);
    assert.deepEqual(batches, [upTo(5), upTo(5, 2), upTo(5, 2)]);
  });

  it('is split where it reports, without using up a retry', async () => {
    const { world, streamArn, batches } = await sinkWorld(6, ({ Records }) => {
      const poison = Records.find(({ dynamodb }) => dynamodb.NewImage?.n?.N === '4');
      const itemIdentifier = poison?.dynamodb.SequenceNumber;
      return { batchItemFailures: itemIdentifier === undefined ? [] : [{ itemIdentifier }] };
    });
    await world.map('sink', streamArn, {
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: 0,
    });
    await world.until('the rest is there', () => batches.at(-1)?.join() === '6');
    assert.deepEqual(batches, [upTo(6), upTo(6, 4), upTo(5, 4), [4], [5], [6]]);
  });

  it('loses what is older than MaximumRecordAgeInSeconds', async () => {
    let failing = true;
    const { world, streamArn, batches } = await sinkWorld(2, () => {
      if (failing) throw new Error('not yet');
    });
    await world.map('sink', streamArn, { MaximumRecordAgeInSeconds: 60 });
    await world.pass(45_000);
    await world.put('a', 3);
    await world.pass(30_000);
    failing = false;
    batches.length = 0;
    await world.until('the young one is there', () => batches.flat().includes(3));
    assert.deepEqual(batches, [[3]]);
    assert.equal(world.universe.told.get('lambda.stream-records-discarded'), 1);
  });
});

describe('a function that cannot be invoked', () => {
  it('uses up no retries while it is throttled', async () => {
    const { world, streamArn, batches } = await sinkWorld(2);
    await world.lambda('PutFunctionConcurrency', {
      FunctionName: 'sink',
      ReservedConcurrentExecutions: 0,
    });
    const uuid = await world.map('sink', streamArn, { MaximumRetryAttempts: 0 });
    await world.pass(20_000);
    assert.match((await world.mapping(uuid)).LastProcessingResult, /throttled/);
    await world.lambda('DeleteFunctionConcurrency', { FunctionName: 'sink' });
    await world.until('they are there', () => batches.length > 0);
    assert.deepEqual(batches, [upTo(2)]);
  });

  it('is waited for where it was deleted, and goes on when it is made anew', async () => {
    const { world, streamArn, batches } = await sinkWorld(1);
    const uuid = await world.map('sink', streamArn);
    await world.until('the first is there', () => batches.length === 1);
    await world.lambda('DeleteFunction', { FunctionName: 'sink' });
    await world.put('a', 2);
    await world.until(
      'it is missed',
      async () =>
        (await world.mapping(uuid)).LastProcessingResult === 'PROBLEM: Function not found',
    );
    await world.makeFunction('sink');
    await world.until('the second is there', () => batches.length === 2);
    assert.deepEqual(batches, [[1], [2]]);
  });
});

describe('a stream', () => {
  it('whose shards roll is read in order, parents first', async () => {
    const { world, streamArn, batches } = await sinkWorld(12, undefined, {
      dynamoDb: { streamShards: { shardRecords: 5 } },
    });
    await world.map('sink', streamArn, { ParallelizationFactor: 3 });
    await world.until('the old ones are there', () => batches.flat().length === 12);
    for (const n of upTo(30, 13)) await world.put('a', n);
    await world.until('all are there', () => batches.flat().length === 30);
    assert.deepEqual(batches.flat(), upTo(30));
  });

  it('that has lost records is read on from the oldest that is left', async () => {
    const { world, streamArn, batches } = await sinkWorld(1, undefined, {
      dynamoDb: { streamRetentionMs: 3_600_000, streamTrimIntervalMs: 60_000 },
    });
    const uuid = await world.map('sink', streamArn);
    await world.until('the first is there', () => batches.length === 1);
    await world.lambda('UpdateEventSourceMapping', { UUID: uuid, Enabled: false });
    await world.settled(uuid);
    await world.put('a', 2);
    await world.pass(3_700_000);
    await world.put('a', 3);
    await world.lambda('UpdateEventSourceMapping', { UUID: uuid, Enabled: true });
    await world.until('the third is there', () => batches.length === 2);
    assert.deepEqual(batches, [[1], [3]]);
  });

  it('of a deleted table is read to its end, and then missed', async () => {
    const { world, streamArn, batches } = await sinkWorld(2, undefined, {
      dynamoDb: { streamRetentionMs: 3_600_000, streamTrimIntervalMs: 60_000 },
    });
    const uuid = await world.map('sink', streamArn, { Enabled: false });
    await world.call('dynamodb', 'DeleteTable', { TableName: 'items' });
    await world.lambda('UpdateEventSourceMapping', { UUID: uuid, Enabled: true });
    await world.until('they are there', () => batches.flat().length === 2);
    await world.pass(3_900_000);
    const { State, LastProcessingResult } = await world.mapping(uuid);
    assert.deepEqual([State, LastProcessingResult], ['Enabled', 'PROBLEM: Stream not found']);
  });

  it('costs three requests a minute while nothing happens, and no time when something does', async () => {
    const { world, streamArn, batches } = await sinkWorld(1);
    await world.map('sink', streamArn);
    await world.until('the first is there', () => batches.length === 1);
    const before = world.universe.told.get('endpoint.answer') ?? 0;
    await world.pass(3_600_000);
    const asked = (world.universe.told.get('endpoint.answer') ?? 0) - before;
    assert.ok(asked <= 180 + 10, `${asked} requests in an hour`);
    await world.put('a', 2);
    await world.pass(100);
    assert.equal(batches.length, 2);
  });
});

describe('the life of a mapping', () => {
  it('pauses and goes on where it was', async () => {
    const { world, streamArn, batches } = await sinkWorld(1);
    const uuid = await world.map('sink', streamArn);
    await world.until('the first is there', () => batches.length === 1);
    const { State } = await world.lambda('UpdateEventSourceMapping', {
      UUID: uuid,
      Enabled: false,
    });
    assert.equal(State, 'Disabling');
    await world.settled(uuid);
    assert.equal((await world.mapping(uuid)).State, 'Disabled');
    await world.put('a', 2);
    await world.pass(60_000);
    assert.equal(batches.length, 1);
    const again = await world.lambda('UpdateEventSourceMapping', { UUID: uuid, Enabled: true });
    assert.equal(again.State, 'Enabling');
    await world.until('the second is there', () => batches.length === 2);
    assert.deepEqual(batches, [[1], [2]]);
  });

  it('is Updating until the invocation in hand is over', async () => {
    const events: string[] = [];
    let release = (): void => {};
    const world = await streamWorld({
      slow: async () => {
        events.push('slow begins');
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        events.push('slow ends');
      },
      sink: (event) => void events.push(`sink ${numbers(event).join()}`),
    });
    const streamArn = await world.makeTable();
    await world.makeFunction('slow', { Timeout: 900 });
    await world.makeFunction('sink');
    await world.put('a', 1);
    const uuid = await world.map('slow', streamArn);
    await world.until('it runs', () => events.length === 1);
    await world.put('a', 2);
    await world.lambda('UpdateEventSourceMapping', { UUID: uuid, FunctionName: 'sink' });
    const busy = await world.failure('UpdateEventSourceMapping', { UUID: uuid });
    assert.equal(busy.code, 'ResourceInUseException');
    await world.pass(30_000);
    assert.equal((await world.mapping(uuid)).State, 'Updating');
    release();
    await world.until('the other one got the rest', () => events.length === 3);
    assert.deepEqual(events, ['slow begins', 'slow ends', 'sink 2']);
    assert.equal((await world.mapping(uuid)).State, 'Enabled');
  });

  it('ends with its deletion, and a new one begins anew', async () => {
    const { world, streamArn, batches } = await sinkWorld(2);
    const uuid = await world.map('sink', streamArn);
    await world.until('they are there', () => batches.length === 1);
    const { State } = await world.lambda('DeleteEventSourceMapping', { UUID: uuid });
    assert.equal(State, 'Deleting');
    await world.put('a', 3);
    await world.pass(60_000);
    assert.equal(batches.length, 1);
    const gone = await world.failure('GetEventSourceMapping', { UUID: uuid });
    assert.equal(gone.message, 'The resource you requested does not exist.');
    await world.map('sink', streamArn);
    await world.until('all are there again', () => batches.length === 2);
    assert.deepEqual(batches, [upTo(2), upTo(3)]);
  });

  it('gives nothing up when its region stops in the middle of an invocation', async () => {
    const events: string[] = [];
    let hangs = true;
    const world = await streamWorld({
      slow: async (event) => {
        events.push(numbers(event).join());
        if (hangs) await new Promise(() => {});
      },
    });
    const streamArn = await world.makeTable();
    await world.makeFunction('slow', { Timeout: 900 });
    await world.put('a', 1);
    await world.map('slow', streamArn, { MaximumRetryAttempts: 0 });
    await world.until('it runs', () => events.length === 1);
    hangs = false;
    await world.restartGracefully();
    await world.until('it comes again', () => events.length === 2);
    await world.put('a', 2);
    await world.until('and the next', () => events.length === 3);
    assert.deepEqual(events, ['1', '1', '2']);
  });

  it('survives a crash, at its checkpoint', async () => {
    const { world, streamArn, batches } = await sinkWorld(3);
    await world.map('sink', streamArn);
    await world.until('they are there', () => batches.length === 1);
    await world.pass(1_000);
    world.crash();
    world.restart();
    await world.pass(1_000);
    await world.put('a', 4);
    await world.until('the next is there', () => batches.length === 2);
    assert.deepEqual(batches, [upTo(3), [4]]);
  });
});
