/**
 * DynamoDB Streams of one region, on one screen. Its signing name is `dynamodb`, too; the target
 * prefix of its model tells it apart (`endpoint/registry.ts`).
 *
 * S3  Only what is flushed is read: a crash cannot undo what a reader has seen.
 */
import type { Operation, Service } from '../../../endpoint/service.ts';
import type { Store } from '../../../io/io.ts';
import json from '../../../wire/generated/dynamodbstreams.json' with { type: 'json' };
import { asModel } from '../../../wire/models.ts';
import { describeStream } from './describe-stream.ts';
import { getRecords } from './get-records.ts';
import { getShardIterator } from './get-shard-iterator.ts';
import { listStreams } from './list-streams.ts';
import type { Streams } from './streams.ts';

export function createStreamsService(streams: Streams, store: Pick<Store, 'flushed'>): Service {
  const read =
    <I>(run: (streams: Streams, input: I) => unknown): Operation =>
    (input) => {
      const output = run(streams, input);
      return store.flushed().then(() => output);
    };
  return {
    name: 'dynamodb',
    model: asModel(json),
    blobs: 'base64',
    longRequestIds: true,
    operations: {
      ListStreams: read(listStreams),
      DescribeStream: read(describeStream),
      GetShardIterator: read(getShardIterator),
      GetRecords: read(getRecords),
    },
  };
}
