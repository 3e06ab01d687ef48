import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashTable, rangeTable, type Tested, testedService } from '../dynamodb.fake.ts';

const S = (text: string) => ({ S: text });
const N = (number: number) => ({ N: String(number) });

interface Shard {
  readonly ShardId: string;
  readonly ParentShardId?: string;
  readonly SequenceNumberRange: {
    readonly StartingSequenceNumber: string;
    readonly EndingSequenceNumber?: string;
  };
}

interface Change {
  readonly eventID: string;
  readonly eventName: string;
  readonly dynamodb: Record<string, unknown> & { readonly SequenceNumber: string };
  readonly userIdentity?: object;
}

const streaming = (view = 'NEW_AND_OLD_IMAGES', table: object = hashTable) => ({
  ...table,
  StreamSpecification: { StreamEnabled: true, StreamViewType: view },
});

async function latestArn({ call }: Tested, TableName = 'hash'): Promise<string> {
  const { Table } = await call('DescribeTable', { TableName });
  return (Table as { LatestStreamArn: string }).LatestStreamArn;
}

async function shardsOf({ call }: Tested, StreamArn: string, more = {}): Promise<Shard[]> {
  const { StreamDescription } = await call('DescribeStream', { StreamArn, ...more });
  return (StreamDescription as { Shards: Shard[] }).Shards;
}

async function iterator(
  { call }: Tested,
  StreamArn: string,
  ShardId: string,
  ShardIteratorType = 'TRIM_HORIZON',
  SequenceNumber?: string,
): Promise<string> {
  const given = SequenceNumber === undefined ? {} : { SequenceNumber };
  const input = { StreamArn, ShardId, ShardIteratorType, ...given };
  return (await call('GetShardIterator', input))['ShardIterator'] as string;
}

interface Page {
  readonly Records: Change[];
  readonly NextShardIterator?: string;
}

async function page(tested: Tested, ShardIterator: string, Limit?: number): Promise<Page> {
  const limit = Limit === undefined ? {} : { Limit };
  return (await tested.call('GetRecords', { ShardIterator, ...limit })) as unknown as Page;
}

/** Everything that a stream holds, shard after shard. */
async function everything(tested: Tested, arn: string): Promise<Change[]> {
  const found: Change[] = [];
  for (const { ShardId } of await shardsOf(tested, arn)) {
    for (let at: string | undefined = await iterator(tested, arn, ShardId); at !== undefined; ) {
      const { Records, NextShardIterator }: Page = await page(tested, at);
      found.push(...Records);
      at = Records.length === 0 ? undefined : NextShardIterator;
    }
  }
  return found;
}

test('each change leaves one record, and what changes nothing leaves none', async () => {
  const tested = await testedService();
  const { call } = tested;
  await call('CreateTable', streaming());
  const TableName = 'hash';
  const put = (Item: object) => call('PutItem', { TableName, Item });
  await put({ pk: S('a'), n: N(1), tags: { SS: ['x', 'y'] } });
  await put({ tags: { SS: ['y', 'x'] }, n: N(1), pk: S('a') });
  await call('UpdateItem', {
    TableName,
    Key: { pk: S('a') },
    UpdateExpression: 'SET n = :n',
    ExpressionAttributeValues: { ':n': N(1) },
  });
  await tested.problem('PutItem', {
    TableName,
    Item: { pk: S('a') },
    ConditionExpression: 'attribute_not_exists(pk)',
  });
  await call('DeleteItem', { TableName, Key: { pk: S('none') } });
  tested.advance(1_500);
  await put({ pk: S('a'), n: N(2) });
  await call('BatchWriteItem', {
    RequestItems: { hash: [{ DeleteRequest: { Key: { pk: S('a') } } }] },
  });

  const records = await everything(tested, await latestArn(tested));
  assert.deepEqual(
    records.map(({ eventName, dynamodb: { SequenceNumber: _, ...rest } }) => [eventName, rest]),
    [
      [
        'INSERT',
        {
          ApproximateCreationDateTime: 1_795_478_400,
          Keys: { pk: S('a') },
          NewImage: { pk: S('a'), n: N(1), tags: { SS: ['x', 'y'] } },
          SizeBytes: 3 + 3 + 3 + 6,
          StreamViewType: 'NEW_AND_OLD_IMAGES',
        },
      ],
      [
        'MODIFY',
        {
          ApproximateCreationDateTime: 1_795_478_401,
          Keys: { pk: S('a') },
          NewImage: { pk: S('a'), n: N(2) },
          OldImage: { pk: S('a'), n: N(1), tags: { SS: ['y', 'x'] } },
          SizeBytes: 3 + 6 + 12,
          StreamViewType: 'NEW_AND_OLD_IMAGES',
        },
      ],
      [
        'REMOVE',
        {
          ApproximateCreationDateTime: 1_795_478_401,
          Keys: { pk: S('a') },
          OldImage: { pk: S('a'), n: N(2) },
          SizeBytes: 3 + 6,
          StreamViewType: 'NEW_AND_OLD_IMAGES',
        },
      ],
    ],
  );
  const numbers = records.map(({ dynamodb }) => dynamodb.SequenceNumber);
  assert.deepEqual(numbers, [...numbers].sort());
  for (const number of numbers) assert.match(number, /^\d{21,40}$/);
  assert.equal(new Set(records.map(({ eventID }) => eventID)).size, 3);
});

test('the view says which images there are', async () => {
  for (const [view, images] of [
    ['KEYS_ONLY', []],
    ['NEW_IMAGE', ['NewImage']],
    ['OLD_IMAGE', ['OldImage']],
    ['NEW_AND_OLD_IMAGES', ['NewImage', 'OldImage']],
  ] as const) {
    const tested = await testedService();
    await tested.call('CreateTable', streaming(view, rangeTable));
    const key = { pk: S('a'), sk: N(1) };
    for (const n of [1, 2]) {
      await tested.call('PutItem', { TableName: 'range', Item: { ...key, n: N(n) } });
    }
    const records = await everything(tested, await latestArn(tested, 'range'));
    const { Keys, ...rest }: Record<string, unknown> = records[1]?.dynamodb ?? {};
    assert.deepEqual(Keys, key);
    assert.deepEqual(
      Object.keys(rest).filter((name) => name.endsWith('Image')),
      images,
    );
  }
});

test('a stream that is turned off stays readable, one that is turned on again is a new one', async () => {
  const tested = await testedService();
  const { call } = tested;
  await call('CreateTable', streaming('KEYS_ONLY'));
  const first = await latestArn(tested);
  await call('PutItem', { TableName: 'hash', Item: { pk: S('a') } });
  const off = { TableName: 'hash', StreamSpecification: { StreamEnabled: false } };
  await call('UpdateTable', off);
  await call('PutItem', { TableName: 'hash', Item: { pk: S('unseen') } });
  const { StreamSpecification } = streaming('NEW_IMAGE');
  await call('UpdateTable', { TableName: 'hash', StreamSpecification });
  const second = await latestArn(tested);
  assert.notEqual(first, second);
  await call('PutItem', { TableName: 'hash', Item: { pk: S('b') } });
  const keys = async (arn: string) =>
    (await everything(tested, arn)).map(({ dynamodb }) => dynamodb['Keys']);
  assert.deepEqual(await keys(first), [{ pk: S('a') }]);
  assert.deepEqual(await keys(second), [{ pk: S('b') }]);
  const { Streams } = await call('ListStreams', { TableName: 'hash' });
  assert.deepEqual(
    (Streams as { StreamArn: string }[]).map(({ StreamArn }) => StreamArn),
    [first, second],
  );
  const { Streams: one, LastEvaluatedStreamArn: last } = await call('ListStreams', { Limit: 1 });
  assert.deepEqual([(one as unknown[]).length, last], [1, first]);
  const { Streams: rest } = await call('ListStreams', { ExclusiveStartStreamArn: last });
  assert.deepEqual((rest as { StreamArn: string }[])[0]?.StreamArn, second);

  await call('DeleteTable', { TableName: 'hash' });
  const { StreamDescription } = await call('DescribeStream', { StreamArn: second });
  assert.equal((StreamDescription as { StreamStatus: string }).StreamStatus, 'DISABLED');
  assert.deepEqual(await keys(second), [{ pk: S('b') }]);
  tested.advance(25 * 3_600_000);
  tested.advance(60_000);
  assert.match(
    await tested.problem('DescribeStream', { StreamArn: second }),
    /^ResourceNotFoundException/,
  );
});

test('shards roll by size and by age, and lead from parent to child', async () => {
  const tested = await testedService(new Map(), {
    streamShards: { shardRecords: 2, shardMs: 60_000 },
  });
  await tested.call('CreateTable', streaming('KEYS_ONLY'));
  const put = (pk: string) => tested.call('PutItem', { TableName: 'hash', Item: { pk: S(pk) } });
  for (const pk of ['a', 'b', 'c']) await put(pk);
  tested.advance(60_000);
  await put('d');
  const arn = await latestArn(tested);
  const shards = await shardsOf(tested, arn);
  const parents = shards.map(({ ParentShardId }) => ParentShardId);
  assert.deepEqual(parents, [undefined, shards[0]?.ShardId, shards[1]?.ShardId]);
  const closed = shards.map(({ SequenceNumberRange: range }) => range.EndingSequenceNumber);
  assert.deepEqual(
    closed.map((end) => end !== undefined),
    [true, true, false],
  );
  const keys = (await everything(tested, arn)).map(({ dynamodb }) => dynamodb['Keys']);
  assert.deepEqual(
    keys,
    ['a', 'b', 'c', 'd'].map((pk) => ({ pk: S(pk) })),
  );
  const children = { ShardFilter: { Type: 'CHILD_SHARDS', ShardId: shards[0]?.ShardId } };
  assert.deepEqual(await shardsOf(tested, arn, children), [shards[1]]);
  const paged = await shardsOf(tested, arn, {
    Limit: 1,
    ExclusiveStartShardId: shards[0]?.ShardId,
  });
  assert.deepEqual(paged, [shards[1]]);

  const drained = await page(tested, await iterator(tested, arn, shards[0]?.ShardId ?? ''));
  assert.deepEqual([drained.Records.length, drained.NextShardIterator], [2, undefined]);
  const half = await page(tested, await iterator(tested, arn, shards[0]?.ShardId ?? ''), 1);
  assert.equal(half.Records.length, 1);
  const rest = await page(tested, half.NextShardIterator ?? '');
  assert.deepEqual([rest.Records.length, rest.NextShardIterator], [1, undefined]);
});

test('iterators start where they say', async () => {
  const tested = await testedService();
  await tested.call('CreateTable', streaming('KEYS_ONLY'));
  const put = (pk: string) => tested.call('PutItem', { TableName: 'hash', Item: { pk: S(pk) } });
  for (const pk of ['a', 'b']) await put(pk);
  const arn = await latestArn(tested);
  const [shard] = await shardsOf(tested, arn);
  const [a, b] = (await everything(tested, arn)).map(({ dynamodb }) => dynamodb.SequenceNumber);
  const latest = await iterator(tested, arn, shard?.ShardId ?? '', 'LATEST');
  await put('c');
  const from = async (type: string, number?: string) => {
    const at = await iterator(tested, arn, shard?.ShardId ?? '', type, number);
    return (await page(tested, at)).Records.map(({ dynamodb }) => dynamodb['Keys']);
  };
  const keys = (...names: string[]) => names.map((pk) => ({ pk: S(pk) }));
  assert.deepEqual(await from('TRIM_HORIZON'), keys('a', 'b', 'c'));
  assert.deepEqual(await from('AT_SEQUENCE_NUMBER', b), keys('b', 'c'));
  assert.deepEqual(await from('AFTER_SEQUENCE_NUMBER', a), keys('b', 'c'));
  assert.deepEqual(await from('LATEST'), []);
  const seen = await page(tested, latest);
  assert.deepEqual(
    seen.Records.map(({ dynamodb }) => dynamodb['Keys']),
    keys('c'),
  );
  assert.notEqual(seen.NextShardIterator, undefined);

  const wrong = (input: object) =>
    tested.problem('GetShardIterator', { StreamArn: arn, ShardId: shard?.ShardId, ...input });
  assert.match(await wrong({ ShardIteratorType: 'AT_SEQUENCE_NUMBER' }), /^ValidationException/);
  assert.match(
    await wrong({ ShardIteratorType: 'AT_SEQUENCE_NUMBER', SequenceNumber: '9'.repeat(21) }),
    /^ValidationException: Invalid SequenceNumber/,
  );
  assert.match(await wrong({ ShardIteratorType: 'AT_TIMESTAMP' }), /enum value set/);
  const none = `shardId-${'0'.repeat(20)}-00000000`;
  assert.match(
    await wrong({ ShardIteratorType: 'LATEST', ShardId: none }),
    /^ResourceNotFoundException/,
  );
});

test('what is old is trimmed, and iterators know it', async () => {
  const content = new Map<string, string>();
  const tested = await testedService(content, { streamTrimIntervalMs: 3_600_000 });
  await tested.call('CreateTable', streaming('KEYS_ONLY'));
  const empty = content.size;
  const put = (pk: string) => tested.call('PutItem', { TableName: 'hash', Item: { pk: S(pk) } });
  for (let i = 0; i < 450; i += 1) await put(`old-${i}`);
  const arn = await latestArn(tested);
  const [shard] = await shardsOf(tested, arn);
  const at = await iterator(tested, arn, shard?.ShardId ?? '');
  const { Records } = await page(tested, at, 1);
  const first = Records[0]?.dynamodb.SequenceNumber;
  for (let hour = 0; hour < 30; hour += 1) tested.advance(3_600_000);
  await put('young');
  assert.equal(content.size, empty + 450 + 3, 'the items, their count, a young one and its record');
  const live = await shardsOf(tested, arn);
  assert.equal(live.length, 1);
  const again = await iterator(tested, arn, live[0]?.ShardId ?? '');
  const young = await page(tested, again);
  assert.deepEqual(
    young.Records.map(({ dynamodb }) => dynamodb['Keys']),
    [{ pk: S('young') }],
  );
  assert.ok((young.Records[0]?.dynamodb.SequenceNumber ?? '') > (first ?? ''));
  assert.match(
    await tested.problem('GetRecords', { ShardIterator: at }),
    /^ExpiredIteratorException/,
  );
});

test('records older than a day are out of reach before they are trimmed, too', async () => {
  const tested = await testedService(new Map(), { streamTrimIntervalMs: 1e12 });
  await tested.call('CreateTable', streaming('KEYS_ONLY'));
  const put = (pk: string) => tested.call('PutItem', { TableName: 'hash', Item: { pk: S(pk) } });
  await put('old');
  tested.advance(24 * 3_600_000 + 1);
  const arn = await latestArn(tested);
  const [shard] = await shardsOf(tested, arn);
  const ShardId = shard?.ShardId ?? '';
  const number = shard?.SequenceNumberRange.StartingSequenceNumber;
  assert.deepEqual((await page(tested, await iterator(tested, arn, ShardId))).Records, []);
  const at = await iterator(tested, arn, ShardId, 'AT_SEQUENCE_NUMBER', number);
  assert.match(
    await tested.problem('GetRecords', { ShardIterator: at }),
    /^TrimmedDataAccessException/,
  );
});

test('iterators that this region has not made are refused', async () => {
  const tested = await testedService();
  await tested.call('CreateTable', streaming('KEYS_ONLY'));
  await tested.call('CreateTable', streaming('KEYS_ONLY', rangeTable));
  const arn = await latestArn(tested);
  const other = await latestArn(tested, 'range');
  const [shard] = await shardsOf(tested, arn);
  const good = await iterator(tested, arn, shard?.ShardId ?? '');
  for (const bad of [
    'garbage',
    '|1|',
    `${arn}|1|AAAA`,
    good.replace(arn, other),
    good.slice(0, -2),
    `${good}|`,
    `${arn}|1|${Buffer.from('1.0.0.x').toString('base64url')}`,
  ]) {
    assert.equal(
      await tested.problem('GetRecords', { ShardIterator: bad }),
      'ValidationException: Invalid ShardIterator',
      bad,
    );
  }
  const elsewhere = arn.replace('us-east-1', 'eu-west-1');
  assert.match(
    await tested.problem('DescribeStream', { StreamArn: elsewhere }),
    /^ResourceNotFoundException: Requested resource not found: Stream: arn/,
  );
  const [theirs] = await shardsOf(tested, other);
  assert.match(
    await tested.problem('GetShardIterator', {
      StreamArn: arn,
      ShardId: theirs?.ShardId,
      ShardIteratorType: 'LATEST',
    }),
    /^ResourceNotFoundException/,
  );
});

test('a write that fails leaves no record and no gap, and numbers go on after a restart', async () => {
  const content = new Map<string, string>();
  const tested = await testedService(content);
  await tested.call('CreateTable', streaming('KEYS_ONLY'));
  const put = (pk: string, one = tested) =>
    one.call('PutItem', { TableName: 'hash', Item: { pk: S(pk) } });
  await put('a');
  const again = await testedService(content);
  await put('b', again);
  const records = await everything(again, await latestArn(again));
  const numbers = records.map(({ dynamodb }) => Number(dynamodb.SequenceNumber.slice(1)));
  assert.deepEqual(numbers, [1, 2]);
});
