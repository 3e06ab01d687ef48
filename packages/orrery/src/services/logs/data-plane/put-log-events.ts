/**
 * PutLogEvents: a batch in order of time, into a stream that is there.
 */
import type {
  PutLogEventsRequest,
  PutLogEventsResponse,
  RejectedLogEventsInfo,
} from '@aws-sdk/client-cloudwatch-logs';
import { constraint, invalidParameter } from '../errors.ts';
import { batchOf } from '../log-store.ts';
import { findGroup, findStream, type LogsPlane } from '../names.ts';

const eventsMax = 10_000;
const bytesMax = 1_048_576;
const overheadBytes = 26;
const hourMs = 3_600_000;
const futureMs = 2 * hourMs;
const pastMs = 14 * 24 * hourMs;
const spanMs = 24 * hourMs;

export function putLogEvents(plane: LogsPlane) {
  return async (input: PutLogEventsRequest): Promise<PutLogEventsResponse> => {
    const group = findGroup(plane, input.logGroupName ?? '');
    const stream = findStream(group, input.logStreamName);
    const events = (input.logEvents ?? []).map((event): [number, string] => [
      event.timestamp ?? 0,
      event.message ?? '',
    ]);
    check(events);
    const nowMs = plane.nowMs();
    const retainedMs = group.retentionDays === null ? pastMs : group.retentionDays * 24 * hourMs;
    const old = events.findIndex(([at]) => at >= nowMs - pastMs);
    const expired = events.findIndex(([at]) => at >= nowMs - retainedMs);
    const young = events.findIndex(([at]) => at > nowMs + futureMs);
    const from = Math.max(indexOr(old, events.length), indexOr(expired, events.length));
    const kept = events.slice(from, young === -1 ? events.length : young);
    if (kept.length > 0) {
      plane.logs.append([batchOf(group.name, stream.name, kept)]);
      await plane.logs.flushed();
    }
    const rejected: RejectedLogEventsInfo = {
      ...(old === 0 ? {} : { tooOldLogEventEndIndex: indexOr(old, events.length) }),
      ...(expired === 0 ? {} : { expiredLogEventEndIndex: indexOr(expired, events.length) }),
      ...(young === -1 ? {} : { tooNewLogEventStartIndex: young }),
    };
    return {
      nextSequenceToken: String(stream.chunks).padStart(56, '0'),
      ...(Object.keys(rejected).length === 0 ? {} : { rejectedLogEventsInfo: rejected }),
    };
  };
}

function indexOr(found: number, otherwise: number): number {
  return found === -1 ? otherwise : found;
}

function check(events: readonly (readonly [number, string])[]): void {
  if (events.length === 0 || events.length > eventsMax) {
    throw constraint(
      `[${events.length} events]`,
      'logEvents',
      `Member must have length between 1 and ${eventsMax}`,
    );
  }
  let bytes = 0;
  let before = 0;
  for (const [timestampMs, message] of events) {
    if (timestampMs < before) {
      throw invalidParameter(
        'Log events in a single PutLogEvents request must be in chronological order.',
      );
    }
    before = timestampMs;
    bytes += Buffer.byteLength(message) + overheadBytes;
  }
  if (bytes > bytesMax) {
    throw invalidParameter(`Upload too large: ${bytes} bytes exceeds limit of ${bytesMax}`);
  }
  const first = events[0]?.[0] ?? 0;
  if (before - first > spanMs) {
    throw invalidParameter(
      'The batch of log events in a single PutLogEvents request cannot span more than 24 hours.',
    );
  }
}
