import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import {
  type Mapping,
  type StreamWorld,
  streamWorld,
} from '../data-plane/event-sources/streams.fake.ts';

let world: StreamWorld;
let streamArn: string;

before(async () => {
  world = await streamWorld({ sink: () => null });
  streamArn = await world.makeTable();
  for (const name of ['sink', 'other', 'third']) await world.makeFunction(name);
});

const arn = (name: string): string => `arn:aws:lambda:eu-west-1:000000000000:function:${name}`;

interface Page {
  readonly EventSourceMappings: readonly Mapping[];
  readonly NextMarker?: string;
}

const list = (input: Readonly<Record<string, unknown>>): Promise<Page> =>
  world.lambda<Page>('ListEventSourceMappings', input);

describe('event source mappings', () => {
  it('are made with the defaults of AWS, told of, changed and deleted', async () => {
    const made = await world.lambda('CreateEventSourceMapping', {
      FunctionName: 'sink',
      EventSourceArn: streamArn,
      StartingPosition: 'LATEST',
      Tags: { team: 'orders' },
    });
    const { UUID, LastModified, ...rest } = made;
    assert.match(UUID, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.equal(typeof LastModified, 'number');
    const mappingArn = `arn:aws:lambda:eu-west-1:000000000000:event-source-mapping:${UUID}`;
    assert.deepEqual(rest, {
      StartingPosition: 'LATEST',
      BatchSize: 100,
      MaximumBatchingWindowInSeconds: 0,
      ParallelizationFactor: 1,
      EventSourceArn: streamArn,
      FunctionArn: arn('sink'),
      LastProcessingResult: 'No records processed',
      State: 'Creating',
      StateTransitionReason: 'User action',
      DestinationConfig: { OnFailure: {} },
      MaximumRecordAgeInSeconds: -1,
      BisectBatchOnFunctionError: false,
      MaximumRetryAttempts: -1,
      TumblingWindowInSeconds: 0,
      FunctionResponseTypes: [],
      EventSourceMappingArn: mappingArn,
    });
    await world.settled(UUID);
    assert.equal((await world.mapping(UUID)).State, 'Enabled');

    const tags = { Resource: mappingArn };
    await world.lambda('TagResource', { ...tags, Tags: { stage: 'test' } });
    await world.lambda('UntagResource', { ...tags, TagKeys: ['team'] });
    const { Tags } = await world.lambda<{ Tags: object }>('ListTags', tags);
    assert.deepEqual(Tags, { stage: 'test' });

    const pattern = JSON.stringify({ eventName: ['INSERT'] });
    const OnFailure = { Destination: 'arn:aws:sqs:eu-west-1:000000000000:lost' };
    const changes = {
      FunctionName: arn('other'),
      BatchSize: 5,
      MaximumBatchingWindowInSeconds: 1,
      ParallelizationFactor: 2,
      MaximumRecordAgeInSeconds: 60,
      MaximumRetryAttempts: 0,
      BisectBatchOnFunctionError: true,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      FilterCriteria: { Filters: [{ Pattern: pattern }] },
      DestinationConfig: { OnFailure },
    };
    const changed = await world.lambda('UpdateEventSourceMapping', { UUID, ...changes });
    assert.equal(changed.State, 'Updating');
    await world.settled(UUID);
    const { State, FunctionArn, ...now } = await world.mapping(UUID);
    assert.deepEqual([State, FunctionArn], ['Enabled', arn('other')]);
    for (const [member, value] of Object.entries(changes)) {
      if (member !== 'FunctionName') assert.deepEqual(now[member], value, member);
    }
    assert.equal((await world.lambda('DeleteEventSourceMapping', { UUID })).State, 'Deleting');
    await world.pass(1_000);
    const gone = await world.failure('DeleteEventSourceMapping', { UUID });
    assert.deepEqual([gone.code, gone.status], ['ResourceNotFoundException', 404]);
  });

  it('are listed by function and by source, page by page', async () => {
    const another = await world.makeTable('another');
    const made: string[] = [];
    for (const name of ['sink', 'other', 'third']) {
      made.push(await world.map(name, streamArn, { Enabled: false }));
    }
    made.push(await world.map('sink', another, { Enabled: false }));
    const uuids = ({ EventSourceMappings }: Page): string[] =>
      EventSourceMappings.map(({ UUID }) => UUID);
    assert.deepEqual(uuids(await list({})), made);
    assert.deepEqual(uuids(await list({ FunctionName: 'sink' })), [made[0], made[3]]);
    assert.deepEqual(uuids(await list({ FunctionName: arn('other') })), [made[1]]);
    assert.deepEqual(uuids(await list({ EventSourceArn: another })), [made[3]]);
    const paged: string[] = [];
    let Marker: string | undefined;
    do {
      const page = await list({
        EventSourceArn: streamArn,
        MaxItems: 2,
        ...(Marker && { Marker }),
      });
      paged.push(...uuids(page));
      Marker = page.NextMarker;
    } while (Marker !== undefined);
    assert.deepEqual(paged, made.slice(0, 3));
    for (const UUID of made) await world.lambda('DeleteEventSourceMapping', { UUID });
    await world.pass(1_000);
    assert.deepEqual(uuids(await list({})), []);
  });

  it('are refused where AWS refuses them, in its words', async () => {
    const good = { FunctionName: 'sink', EventSourceArn: streamArn, StartingPosition: 'LATEST' };
    const source = (text: string): object => ({ EventSourceArn: text });
    const filters = (...texts: string[]): object => ({
      FilterCriteria: { Filters: texts.map((Pattern) => ({ Pattern })) },
    });
    const value = 'InvalidParameterValueException';
    const model = 'ValidationException';
    const sqs = 'arn:aws:sqs:eu-west-1:000000000000:queue';
    const kinesis = 'arn:aws:kinesis:eu-west-1:000000000000:stream/s';
    const cases: readonly (readonly [object, string, RegExp])[] = [
      [{ EventSourceArn: undefined }, value, /^Unrecognized event source\.$/],
      [source('items'), model, /at 'eventSourceArn' failed to satisfy constraint/],
      [source(`${streamArn}9`), value, /^Stream not found: arn:aws:dynamodb:.*9$/],
      [source(streamArn.replace(/\/stream.*/, '')), value, /^Stream not found: /],
      [source(streamArn.replace('eu-west-1', 'us-east-1')), value, /must be in one region/],
      [source(sqs), value, /no event source mappings for Amazon SQS: .* DynamoDB streams only/],
      [source(kinesis), value, /no event source mappings for Amazon Kinesis/],
      [{ FunctionName: 'nobody' }, value, /^Function does not exist$/],
      [{ FunctionName: 'sink:live' }, value, /^Function does not exist$/],
      [
        { StartingPosition: undefined },
        value,
        /^1 validation error detected: Value null at 'startingPosition' .* must not be null\.$/,
      ],
      [{ StartingPosition: 'AT_TIMESTAMP' }, value, /^Unsupported starting position for arn type/],
      [{ StartingPosition: 'FIRST' }, model, /Value 'FIRST' at 'startingPosition'/],
      [{ BatchSize: 0 }, model, /Value '0' at 'batchSize' .* greater than or equal to 1$/],
      [{ BatchSize: 10_001 }, model, /less than or equal to 10000$/],
      [{ MaximumBatchingWindowInSeconds: 301 }, model, /less than or equal to 300$/],
      [{ ParallelizationFactor: 11 }, model, /less than or equal to 10$/],
      [{ MaximumRetryAttempts: -2 }, model, /greater than or equal to -1$/],
      [{ MaximumRecordAgeInSeconds: 59 }, model, /greater than or equal to 60$/],
      [{ MaximumRecordAgeInSeconds: 604_801 }, model, /less than or equal to 604800$/],
      [{ FunctionResponseTypes: ['All'] }, model, /\[ReportBatchItemFailures\]/],
      [{ TumblingWindowInSeconds: 30 }, value, /no tumbling windows/],
      [{ TumblingWindowInSeconds: 901 }, model, /less than or equal to 900$/],
      [{ Topics: ['t'] }, value, /^Topics is not for DynamoDB streams/],
      [filters('{"a": "b"}'), value, /^Invalid filter pattern definition\. \(the values of "a"/],
      [filters(...Array(6).fill('{"a": ["b"]}')), value, /6 filters; at most 5/],
      [
        { DestinationConfig: { OnFailure: { Destination: arn('sink') } } },
        value,
        /^The provided destination config arn:aws:lambda/,
      ],
    ];
    for (const [change, code, message] of cases) {
      const failure = await world.failure('CreateEventSourceMapping', { ...good, ...change });
      assert.equal(failure.code, code, failure.message);
      assert.match(failure.message, message);
    }
    assert.deepEqual((await list({})).EventSourceMappings, []);

    const uuid = await world.map('sink', streamArn);
    const again = await world.failure('CreateEventSourceMapping', good);
    assert.deepEqual([again.code, again.status], ['ResourceConflictException', 409]);
    assert.equal(
      again.message,
      `The event source arn (" ${streamArn} ") and function (" sink ") provided mapping already ` +
        `exists. Please update or delete the existing mapping with UUID ${uuid}`,
    );
    const other = await world.map('other', streamArn);
    const onto = await world.failure('UpdateEventSourceMapping', {
      UUID: other,
      FunctionName: 'sink',
    });
    assert.equal(onto.code, 'ResourceConflictException');
    const marker = await world.failure('ListEventSourceMappings', { Marker: 'nothing' });
    assert.equal(marker.code, value);
  });
});
