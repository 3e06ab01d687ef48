/** DescribeStream: a stream and its shards, all or the children of one. */
import type { DescribeStreamInput, Shard } from '@aws-sdk/client-dynamodb-streams';
import { atLeast, atMost, checkConstraints, oneOf, type Rules, required } from '../constraints.ts';
import { keySchema } from '../control-plane/table-description.ts';
import { validationError } from '../errors.ts';
import type { StoredShard, StoredStream } from '../storage/stream-log.ts';
import {
  existingShard,
  existingStream,
  type Streams,
  sequenceNumber,
  shardIdConstraints,
  shardIdOf,
  streamArnConstraints,
} from './streams.ts';

const shardsMax = 100;

const rules: Rules = [
  ['StreamArn', required, ...streamArnConstraints],
  ['Limit', atLeast(1), atMost(shardsMax)],
  ['ExclusiveStartShardId', ...shardIdConstraints],
];

export function describeStream(streams: Streams, input: DescribeStreamInput): object {
  checkConstraints(input, rules);
  const stream = existingStream(streams, input.StreamArn ?? '');
  const wanted = childrenOnly(stream, input);
  const after = input.ExclusiveStartShardId;
  const from = after === undefined ? 0 : existingShard(stream, after).ordinal;
  const rest = wanted.filter(({ ordinal }) => ordinal > from);
  const page = rest.slice(0, input.Limit ?? shardsMax);
  const last = page.at(-1);
  return {
    StreamDescription: {
      StreamArn: stream.arn,
      StreamLabel: stream.label,
      StreamStatus: stream.enabled ? 'ENABLED' : 'DISABLED',
      StreamViewType: stream.view,
      CreationRequestDateTime: stream.createdMs,
      TableName: stream.tableName,
      KeySchema: keySchema(stream),
      Shards: page.map((shard) => describeShard(stream, shard)),
      ...(last !== undefined &&
        rest.length > page.length && { LastEvaluatedShardId: shardIdOf(stream, last) }),
    },
  };
}

function childrenOnly(stream: StoredStream, { ShardFilter: filter }: DescribeStreamInput) {
  if (filter === undefined) return stream.shards;
  checkConstraints(filter, [['Type', oneOf('CHILD_SHARDS')]]);
  if (filter.Type === undefined || filter.ShardId === undefined) {
    throw validationError('ShardFilter needs the type CHILD_SHARDS and the id of a shard');
  }
  const { ordinal } = existingShard(stream, filter.ShardId);
  return stream.shards.filter((shard) => shard.ordinal === ordinal + 1);
}

/** A parent that is gone is not named any more. */
function describeShard(stream: StoredStream, shard: StoredShard): Shard {
  const parent = stream.shards.find(({ ordinal }) => ordinal === shard.ordinal - 1);
  return {
    ShardId: shardIdOf(stream, shard),
    SequenceNumberRange: {
      StartingSequenceNumber: sequenceNumber(shard.first),
      ...(shard.last !== undefined && { EndingSequenceNumber: sequenceNumber(shard.last) }),
    },
    ...(parent !== undefined && { ParentShardId: shardIdOf(stream, parent) }),
  };
}
