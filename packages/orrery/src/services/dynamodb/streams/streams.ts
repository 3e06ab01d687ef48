/**
 * Owns: what the operations of DynamoDB Streams work on, and how they find streams and shards.
 */

import { ServiceError } from '../../../endpoint/service.ts';
import type { Io } from '../../../io/io.ts';
import { sha256 } from '../../../stdx/digest.ts';
import { type Constraint, lengthAtLeast, lengthAtMost } from '../constraints.ts';
import type { StoredShard, StoredStream, StreamLog } from '../storage/stream-log.ts';
import type { TableCatalog } from '../storage/table-catalog.ts';

export interface Streams {
  readonly io: Pick<Io, 'clock'>;
  readonly log: StreamLog;
  readonly catalog: TableCatalog;
  readonly region: string;
  readonly retentionMs: number;
}

/** Members that several operations have. */
export const streamArnConstraints: readonly Constraint[] = [lengthAtLeast(37), lengthAtMost(1024)];
export const shardIdConstraints: readonly Constraint[] = [lengthAtLeast(28), lengthAtMost(65)];

/** How long records stay readable in DynamoDB. */
export const retentionMsDefault = 24 * 3_600_000;

export function existingStream({ log }: Streams, arn: string): StoredStream {
  const stream = log.find(arn);
  if (stream !== undefined) return stream;
  throw new ServiceError(
    'ResourceNotFoundException',
    `Requested resource not found: Stream: ${arn} not found`,
  );
}

export function existingShard(stream: StoredStream, shardId: string): StoredShard {
  const shard = stream.shards.find((one) => shardIdOf(stream, one) === shardId);
  if (shard !== undefined) return shard;
  throw new ServiceError(
    'ResourceNotFoundException',
    `Requested resource not found: Shard: ${shardId} in ${stream.arn} not found`,
  );
}

/** As DynamoDB's look: 20 digits of milliseconds and 8 of a digest. */
export function shardIdOf({ arn }: StoredStream, { ordinal, openedMs }: StoredShard): string {
  const digest = Buffer.from(sha256(`${arn}#${ordinal}`)).toString('hex', 0, 4);
  return `shardId-${String(openedMs).padStart(20, '0')}-${digest}`;
}

const digits = 20;

/** 21 digits, in order as texts and as numbers. */
export function sequenceNumber(sequence: number): string {
  return `1${String(sequence).padStart(digits, '0')}`;
}

/** The reverse of `sequenceNumber`; undefined for what never was one. */
export function parseSequenceNumber(text: string): number | undefined {
  if (!/^1\d{20}$/.test(text)) return undefined;
  const sequence = Number(text.slice(1));
  return Number.isSafeInteger(sequence) ? sequence : undefined;
}

export function trimmedData(): ServiceError {
  return new ServiceError(
    'TrimmedDataAccessException',
    'The operation attempted to read past the oldest stream record in a shard.',
  );
}
