import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ServiceError } from '../../endpoint/service.ts';
import { createWorld, type Region, type World } from '../lambda/lambda.fake.ts';
import type { LogEvent, TailRequest, TailResponse } from './api.ts';
import { compilePattern } from './data-plane/filter-pattern.ts';
import { batchOf } from './log-store.ts';

const startMs = Date.UTC(2026, 0, 1);

async function inWorld(body: (region: Region) => Promise<void>): Promise<World> {
  const world = await createWorld({});
  await world.run(body, 600_000);
  return world;
}

async function errorOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'none',
    (error: ServiceError) => `${error.code}: ${error.message}`,
  );
}

async function internal<T>(region: Region, path: string, body: string): Promise<T> {
  const response = await region.io.network.request(
    { region: 'eu-west-1', service: 'logs-internal' },
    { method: 'POST', path, headers: {}, body: Buffer.from(body) },
    { deadlineMs: 5_000 },
  );
  assert.equal(response.status, 200);
  return JSON.parse(Buffer.from(response.body).toString()) as T;
}

interface Batch {
  readonly group: string;
  readonly stream: string;
  readonly events: readonly LogEvent[];
}

const append = (region: Region, ...batches: readonly Batch[]) => {
  const lines = batches.flatMap(({ group, stream, events }) => {
    const batch = batchOf(group, stream, events);
    return [JSON.stringify(batch.head), batch.events];
  });
  return internal(region, '/append', `${lines.join('\n')}\n`);
};
const tail = (region: Region, body: TailRequest) =>
  internal<TailResponse>(region, '/tail', JSON.stringify(body));

interface Events {
  readonly events: { message: string; timestamp: number }[];
  readonly nextToken?: string;
  readonly nextForwardToken: string;
  readonly nextBackwardToken: string;
}

const messages = (answer: Pick<Events, 'events'>): string[] =>
  answer.events.map((event) => event.message);

describe('groups and streams', () => {
  it('are made, listed and deleted', async () => {
    await inWorld(async ({ callLogs }) => {
      for (const logGroupName of ['/b', '/a/1', '/a/2']) {
        await callLogs('CreateLogGroup', { logGroupName });
      }
      assert.match(
        await errorOf(callLogs('CreateLogGroup', { logGroupName: '/b' })),
        /^ResourceAlreadyExistsException: The specified log group already exists$/,
      );
      assert.match(
        await errorOf(callLogs('CreateLogGroup', { logGroupName: 'a b' })),
        /^InvalidParameterException: 1 validation error detected: Value 'a b' at 'logGroupName'/,
      );
      type Groups = { logGroups: { logGroupName: string; retentionInDays?: number }[] };
      const names = async (input: object): Promise<string[]> =>
        (await callLogs<Groups>('DescribeLogGroups', { ...input })).logGroups.map(
          (group) => group.logGroupName,
        );
      assert.deepEqual(await names({ logGroupNamePrefix: '/a' }), ['/a/1', '/a/2']);
      assert.deepEqual(await names({ limit: 1 }), ['/a/1']);
      assert.deepEqual(await names({ nextToken: '/a/2' }), ['/b']);
      await callLogs('CreateLogStream', { logGroupName: '/b', logStreamName: 's' });
      assert.match(
        await errorOf(callLogs('CreateLogStream', { logGroupName: '/b', logStreamName: 's' })),
        /^ResourceAlreadyExistsException/,
      );
      await callLogs('PutRetentionPolicy', { logGroupName: '/b', retentionInDays: 7 });
      assert.match(
        await errorOf(callLogs('PutRetentionPolicy', { logGroupName: '/b', retentionInDays: 8 })),
        /^InvalidParameterException/,
      );
      const { logGroups } = await callLogs<Groups>('DescribeLogGroups', {
        logGroupNamePrefix: '/b',
      });
      assert.equal(logGroups[0]?.retentionInDays, 7);
      await callLogs('DeleteLogGroup', { logGroupName: '/b' });
      assert.match(
        await errorOf(callLogs('DescribeLogStreams', { logGroupName: '/b' })),
        /^ResourceNotFoundException: The specified log group does not exist\.$/,
      );
    });
  });
});

describe('PutLogEvents and GetLogEvents', () => {
  const put = (region: Region, texts: readonly string[], atMs = startMs) =>
    region.callLogs<Record<string, unknown>>('PutLogEvents', {
      logGroupName: 'g',
      logStreamName: 's',
      logEvents: texts.map((message, n) => ({ timestamp: atMs + n, message })),
    });

  const prepare = async ({ callLogs }: Region): Promise<void> => {
    await callLogs('CreateLogGroup', { logGroupName: 'g' });
    await callLogs('CreateLogStream', { logGroupName: 'g', logStreamName: 's' });
  };

  it('give back in order of time, in pages both ways', async () => {
    const world = await inWorld(async (region) => {
      await prepare(region);
      await put(region, ['c', 'd'], startMs + 10);
      await put(region, ['a', 'b'], startMs);
    });
    world.restart();
    await world.run(async (region) => {
      const get = (input: object) =>
        region.callLogs<Events>('GetLogEvents', {
          logGroupName: 'g',
          logStreamName: 's',
          ...input,
        });
      assert.deepEqual(messages(await get({})), ['a', 'b', 'c', 'd']);
      const first = await get({ startFromHead: true, limit: 3 });
      assert.deepEqual(messages(first), ['a', 'b', 'c']);
      const second = await get({ nextToken: first.nextForwardToken });
      assert.deepEqual(messages(second), ['d']);
      const end = await get({ nextToken: second.nextForwardToken });
      assert.deepEqual(messages(end), []);
      assert.equal(end.nextForwardToken, second.nextForwardToken);
      const last = await get({ limit: 1 });
      assert.deepEqual(messages(last), ['d']);
      const back = await get({ nextToken: last.nextBackwardToken, limit: 2 });
      assert.deepEqual(messages(back), ['b', 'c']);
      assert.deepEqual(messages(await get({ startTime: startMs + 1, endTime: startMs + 10 })), [
        'b',
      ]);
      assert.match(await errorOf(get({ nextToken: 'x' })), /The specified nextToken is invalid/);
    });
  });

  it('refuse batches that AWS refuses, and name what they left out', async () => {
    await inWorld(async (region) => {
      await prepare(region);
      const { callLogs } = region;
      const logEvents = [
        { timestamp: startMs + 1, message: 'later' },
        { timestamp: startMs, message: 'earlier' },
      ];
      const target = { logGroupName: 'g', logStreamName: 's' };
      assert.match(
        await errorOf(callLogs('PutLogEvents', { ...target, logEvents })),
        /must be in chronological order\.$/,
      );
      assert.match(await errorOf(put(region, [])), /between 1 and 10000/);
      assert.match(await errorOf(put(region, ['x'.repeat(1_048_576)])), /^Inv.*Upload too large/);
      const other = { ...target, logStreamName: 'none', logEvents };
      assert.match(
        await errorOf(callLogs('PutLogEvents', other)),
        /^ResourceNotFoundException: The specified log stream does not exist\.$/,
      );
      const old = await put(region, ['old'], startMs - 15 * 86_400_000);
      assert.deepEqual(old['rejectedLogEventsInfo'], {
        tooOldLogEventEndIndex: 1,
        expiredLogEventEndIndex: 1,
      });
      const young = await put(region, ['young'], startMs + 3 * 3_600_000);
      assert.deepEqual(young['rejectedLogEventsInfo'], { tooNewLogEventStartIndex: 0 });
    });
  });
});

describe('FilterLogEvents', () => {
  it('reads all streams of a group, by pattern', async () => {
    await inWorld(async (region) => {
      await append(
        region,
        { group: 'g', stream: 'one', events: [[startMs + 2, 'ERROR no table']] },
        {
          group: 'g',
          stream: 'two',
          events: [
            [startMs + 1, 'INFO started'],
            [startMs + 3, 'ERROR no region'],
          ],
        },
      );
      const filter = (input: object) =>
        region.callLogs<Events>('FilterLogEvents', { logGroupName: 'g', ...input });
      assert.deepEqual(messages(await filter({})), [
        'INFO started',
        'ERROR no table',
        'ERROR no region',
      ]);
      assert.deepEqual(messages(await filter({ filterPattern: 'ERROR -region' })), [
        'ERROR no table',
      ]);
      assert.deepEqual(messages(await filter({ logStreamNames: ['one'] })), ['ERROR no table']);
      const first = await filter({ limit: 2 });
      assert.deepEqual(messages(await filter({ nextToken: first.nextToken })), ['ERROR no region']);
      assert.match(
        await errorOf(filter({ filterPattern: '{ $.level = "ERROR" }' })),
        /^InvalidParameterException: Invalid filter pattern/,
      );
    });
  });

  it('knows terms, alternatives, exclusions and phrases', () => {
    const cases: [string, string, boolean][] = [
      ['a b', 'b a', true],
      ['a b', 'a', false],
      ['?a ?b', 'b', true],
      ['?a ?b', 'c', false],
      ['a -b', 'ab', false],
      ['"a b"', 'x a b', true],
      ['"a b"', 'b a', false],
      ['"say \\"hi\\""', 'say "hi"', true],
      ['', 'anything', true],
    ];
    for (const [pattern, message, expected] of cases) {
      assert.equal(compilePattern(pattern)(message), expected, `${pattern} on ${message}`);
    }
  });
});

describe('what is kept', () => {
  it('is the newest 50,000 events of a group', async () => {
    await inWorld(async (region) => {
      const events = Array.from({ length: 1_000 }, (_, n) => [startMs + n, `${n}`] as const);
      for (let n = 0; n < 60; n += 1) {
        await append(region, { group: 'g', stream: `s${n}`, events });
      }
      type Streams = { logStreams: { logStreamName: string }[] };
      const { logStreams } = await region.callLogs<Streams>('DescribeLogStreams', {
        logGroupName: 'g',
      });
      assert.equal(logStreams.length, 50);
      const found = await region.callLogs<Events>('FilterLogEvents', {
        logGroupName: 'g',
        limit: 1,
      });
      assert.equal(found.events.length, 1);
      const { events: newest } = await tail(region, { group: 'g', limit: 5 });
      assert.equal(newest.length, 5);
    });
  });

  it('is no older than the retention', async () => {
    await inWorld(async (region) => {
      await append(region, { group: 'g', stream: 's', events: [[startMs, 'old']] });
      await region.callLogs('PutRetentionPolicy', { logGroupName: 'g', retentionInDays: 1 });
      const count = async (): Promise<number> =>
        (await region.callLogs<Events>('FilterLogEvents', { logGroupName: 'g' })).events.length;
      assert.equal(await count(), 1);
      const old = startMs - 2 * 86_400_000;
      await append(region, { group: 'g', stream: 't', events: [[old, 'older']] });
      assert.equal(await count(), 1);
    });
  });
});

describe('tail', () => {
  it('follows by its cursor', async () => {
    await inWorld(async (region) => {
      const say = (group: string, n: number) =>
        append(region, { group, stream: 's', events: [[startMs + n, `${n}`]] });
      for (const n of [1, 2, 3]) await say(n === 2 ? 'other' : 'g', n);
      const texts = (answer: TailResponse): string[] => answer.events.map((one) => one.message);
      const all = await tail(region, { limit: 100 });
      assert.deepEqual(texts(all), ['1', '2', '3']);
      assert.deepEqual(texts(await tail(region, { group: 'g', limit: 1 })), ['3']);
      assert.deepEqual(texts(await tail(region, { after: all.cursor, limit: 9 })), []);
      await say('g', 4);
      assert.deepEqual(texts(await tail(region, { after: all.cursor, limit: 9 })), ['4']);
      assert.deepEqual(texts(await tail(region, { group: 'none', limit: 9 })), []);
      assert.deepEqual(texts(await tail(region, { sinceMs: startMs + 3, limit: 9 })), ['3', '4']);
    });
  });
});
