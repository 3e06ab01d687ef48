/**
 * GetRecords: up to 1,000 records or about 1 MB of a shard, and where to go on; nowhere once the
 * shard is closed and read to its end. The answer is put together from the stored texts.
 */
import type { GetRecordsInput } from '@aws-sdk/client-dynamodb-streams';
import { SerializedBody, ServiceError } from '../../../endpoint/service.ts';
import { sha256 } from '../../../stdx/digest.ts';
import {
  atLeast,
  atMost,
  checkConstraints,
  lengthAtLeast,
  lengthAtMost,
  type Rules,
  required,
} from '../constraints.ts';
import type { StoredShard, StoredStream, StreamRecordEntry } from '../storage/stream-log.ts';
import {
  type ChangeKind,
  createdMsOf,
  decodeStreamRecord,
  imageOf,
} from '../storage/stream-record.ts';
import { itemSize } from '../values/size.ts';
import { decodeIterator, encodeIterator } from './shard-iterator.ts';
import { existingStream, type Streams, sequenceNumber, trimmedData } from './streams.ts';

const recordsMax = 1_000;
const iteratorMs = 15 * 60_000;

const rules: Rules = [
  ['ShardIterator', required, lengthAtLeast(1), lengthAtMost(2048)],
  ['Limit', atLeast(1), atMost(recordsMax)],
];

export function getRecords(streams: Streams, input: GetRecordsInput): SerializedBody {
  checkConstraints(input, rules);
  const iterator = decodeIterator(input.ShardIterator ?? '');
  const stream = existingStream(streams, iterator.streamArn);
  const nowMs = streams.io.clock.wallMs();
  if (nowMs - iterator.madeMs > iteratorMs) throw expired(iterator.madeMs, nowMs);
  const shard = stream.shards.find(({ ordinal }) => ordinal === iterator.shardOrdinal);
  if (shard === undefined) throw trimmedData();

  const fromHorizon = iterator.position === 0;
  const from = fromHorizon ? Math.max(shard.first, stream.trimmedThrough + 1) : iterator.position;
  const last = shard.last ?? streams.log.head(stream);
  const horizonMs = nowMs - streams.retentionMs;
  const limit = input.Limit ?? recordsMax;
  const found = from > last ? [] : streams.log.records(stream, from, last, limit);
  const records = found.filter(({ text }) => createdMsOf(text) > horizonMs);
  const isTrimmed = from <= stream.trimmedThrough || records.length < found.length;
  if (!fromHorizon && isTrimmed) throw trimmedData();

  const next = found.length === 0 ? last + 1 : (found.at(-1)?.sequence ?? last) + 1;
  const position = Math.max(next, from);
  const going = isDrained(streams, stream, shard, position)
    ? ''
    : `,"NextShardIterator":"${encodeIterator({ ...iterator, position, madeMs: nowMs })}"`;
  const texts = records.map((record) => recordJson(streams, stream, record));
  return new SerializedBody(`{"Records":[${texts.join(',')}]${going}}`);
}

/** The end of a closed shard may be a number that no record has. */
function isDrained(
  { log }: Streams,
  stream: StoredStream,
  { last }: StoredShard,
  position: number,
): boolean {
  if (last === undefined) return false;
  return position > last || log.records(stream, position, last, 1).length === 0;
}

function expired(madeMs: number, nowMs: number): ServiceError {
  return new ServiceError(
    'ExpiredIteratorException',
    `Iterator expired. The iterator was created at time ${new Date(madeMs).toISOString()} while ` +
      `right now it is ${new Date(nowMs).toISOString()} which is further in the future than the ` +
      `tolerated delay of ${iteratorMs} milliseconds.`,
  );
}

const eventNames: Readonly<Record<ChangeKind, string>> = {
  I: 'INSERT',
  M: 'MODIFY',
  R: 'REMOVE',
  T: 'REMOVE',
};

function recordJson(
  { region }: Streams,
  stream: StoredStream,
  { sequence, text }: StreamRecordEntry,
): string {
  const { createdMs, kind, keys, newImage, oldImage } = decodeStreamRecord(text);
  const number = sequenceNumber(sequence);
  const size = [keys, newImage, oldImage].reduce(
    (sum, image) => sum + itemSize(imageOf(image) ?? {}),
    0,
  );
  const images =
    (newImage === '' ? '' : `"NewImage":${newImage},`) +
    (oldImage === '' ? '' : `"OldImage":${oldImage},`);
  const identity =
    kind === 'T' ? ',"userIdentity":{"PrincipalId":"dynamodb.amazonaws.com","Type":"Service"}' : '';
  const eventId = Buffer.from(sha256(`${stream.arn}#${number}`)).toString('hex', 0, 16);
  return (
    `{"eventID":"${eventId}","eventName":"${eventNames[kind]}","eventVersion":"1.1",` +
    `"eventSource":"aws:dynamodb","awsRegion":"${region}","dynamodb":{` +
    `"ApproximateCreationDateTime":${Math.floor(createdMs / 1000)},"Keys":${keys},${images}` +
    `"SequenceNumber":"${number}","SizeBytes":${size},"StreamViewType":"${stream.view}"}` +
    `${identity}}`
  );
}
