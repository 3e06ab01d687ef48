/**
 * Owns: a stream record as a function gets it, and the event around a batch. Pure.
 *
 * V1  It is the record of GetRecords with the stream's ARN; `userIdentity` is spelt in Lambda's way.
 */
import type { StreamRecord } from '../../stream-source.ts';

/** A record that waits for its function. */
export interface PendingRecord {
  readonly sequence: string;
  /** The item's key, as text: what order is kept by. */
  readonly key: string;
  readonly createdMs: number;
  /** Its JSON in the event. */
  readonly text: string;
  /** What it adds to an event, its comma included. */
  readonly bytes: number;
}

/** Largest event: the payload that Invoke takes. */
export const eventBytesMax = 6_291_456;

const opening = '{"Records":[';
const closing = ']}';

export function eventRecord(record: StreamRecord, streamArn: string): object {
  const { userIdentity, ...rest } = record;
  return {
    ...rest,
    ...(userIdentity !== undefined && {
      userIdentity: { type: userIdentity.Type, principalId: userIdentity.PrincipalId },
    }),
    eventSourceARN: streamArn,
  };
}

export function pendingRecord(event: object, { dynamodb }: StreamRecord): PendingRecord {
  const text = JSON.stringify(event);
  return {
    sequence: dynamodb.SequenceNumber,
    key: JSON.stringify(dynamodb.Keys),
    createdMs: dynamodb.ApproximateCreationDateTime * 1000,
    text,
    bytes: Buffer.byteLength(text) + 1,
  };
}

export function eventOf(records: readonly PendingRecord[]): Uint8Array {
  return Buffer.from(opening + records.map(({ text }) => text).join(',') + closing);
}

/** How many of the records, from the first, one event holds: at least one. */
export function fitting(records: readonly PendingRecord[], countMax: number): number {
  let bytes = opening.length + closing.length;
  let count = 0;
  for (const record of records) {
    bytes += record.bytes;
    if (count === countMax || (bytes > eventBytesMax && count > 0)) break;
    count += 1;
  }
  return count;
}
