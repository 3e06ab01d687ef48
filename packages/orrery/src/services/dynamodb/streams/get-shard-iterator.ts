/** GetShardIterator: a place in a shard to read from. Good for 15 minutes. */
import type { GetShardIteratorInput } from '@aws-sdk/client-dynamodb-streams';
import {
  checkConstraints,
  lengthAtLeast,
  lengthAtMost,
  oneOf,
  type Rules,
  required,
} from '../constraints.ts';
import { invalidParameter, validationError } from '../errors.ts';
import type { StoredShard, StoredStream } from '../storage/stream-log.ts';
import { encodeIterator } from './shard-iterator.ts';
import {
  existingShard,
  existingStream,
  parseSequenceNumber,
  type Streams,
  shardIdConstraints,
  streamArnConstraints,
  trimmedData,
} from './streams.ts';

const types = ['TRIM_HORIZON', 'LATEST', 'AT_SEQUENCE_NUMBER', 'AFTER_SEQUENCE_NUMBER'] as const;

const rules: Rules = [
  ['StreamArn', required, ...streamArnConstraints],
  ['ShardId', required, ...shardIdConstraints],
  ['ShardIteratorType', required, oneOf(...types)],
  ['SequenceNumber', lengthAtLeast(21), lengthAtMost(40)],
];

export function getShardIterator(streams: Streams, input: GetShardIteratorInput): object {
  checkConstraints(input, rules);
  const stream = existingStream(streams, input.StreamArn ?? '');
  const shard = existingShard(stream, input.ShardId ?? '');
  const iterator = encodeIterator({
    streamArn: stream.arn,
    shardOrdinal: shard.ordinal,
    position: positionOf(streams, stream, shard, input),
    madeMs: streams.io.clock.wallMs(),
  });
  return { ShardIterator: iterator };
}

function positionOf(
  { log }: Streams,
  stream: StoredStream,
  shard: StoredShard,
  { ShardIteratorType: type, SequenceNumber: given }: GetShardIteratorInput,
): number {
  if (type === 'TRIM_HORIZON') return 0;
  if (type === 'LATEST') return (shard.last ?? log.head(stream)) + 1;
  if (given === undefined) {
    throw invalidParameter(`SequenceNumber is required for a ShardIteratorType of ${type}`);
  }
  const sequence = parseSequenceNumber(given);
  const last = shard.last ?? log.head(stream);
  if (sequence === undefined || sequence < shard.first || sequence > Math.max(last, shard.first)) {
    throw validationError(`Invalid SequenceNumber: ${given} is not in shard ${shard.ordinal}`);
  }
  if (sequence <= stream.trimmedThrough) throw trimmedData();
  return type === 'AT_SEQUENCE_NUMBER' ? sequence : sequence + 1;
}
