/**
 * GetLogEvents and FilterLogEvents: reading, in pages of events and of bytes.
 */
import type {
  FilterLogEventsRequest,
  FilterLogEventsResponse,
  GetLogEventsRequest,
  GetLogEventsResponse,
} from '@aws-sdk/client-cloudwatch-logs';
import { constraint, invalidParameter } from '../errors.ts';
import type { StoredEvent } from '../log-store.ts';
import { findGroup, findStream, type LogsPlane } from '../names.ts';
import { compilePattern } from './filter-pattern.ts';

const limitMax = 10_000;
const pageBytesMax = 1_048_576;
const firstId = '0'.repeat(56);
const token = /^([fb])\/(\d{56})\/s$/;

export function getLogEvents(plane: LogsPlane) {
  return (input: GetLogEventsRequest): GetLogEventsResponse => {
    const group = findGroup(plane, input.logGroupName, input.logGroupIdentifier);
    const stream = findStream(group, input.logStreamName);
    const limit = checkLimit(input.limit);
    const all = plane.logs.select({
      group,
      streams: (name) => name === stream.name,
      startMs: input.startTime ?? 0,
      endMs: input.endTime ?? Number.MAX_SAFE_INTEGER,
    });
    const page = pageOf(all, limit, input.nextToken, input.startFromHead === true);
    const given = input.nextToken === undefined ? undefined : token.exec(input.nextToken)?.[2];
    const first = page[0]?.id ?? given ?? firstId;
    const last = page.at(-1)?.id ?? given ?? firstId;
    return {
      events: page.map((event) => ({
        timestamp: event.timestampMs,
        message: event.message,
        ingestionTime: event.ingestedMs,
      })),
      nextForwardToken: `f/${last}/s`,
      nextBackwardToken: `b/${first}/s`,
    };
  };
}

function pageOf(
  all: readonly StoredEvent[],
  limit: number,
  nextToken: string | undefined,
  fromHead: boolean,
): StoredEvent[] {
  if (nextToken === undefined) return fromHead ? head(all, limit) : foot(all, limit);
  const parsed = token.exec(nextToken);
  const id = parsed?.[2];
  if (parsed === null || id === undefined) {
    throw invalidParameter('The specified nextToken is invalid.');
  }
  return parsed[1] === 'f'
    ? head(
        all.filter((event) => event.id > id),
        limit,
      )
    : foot(
        all.filter((event) => event.id < id),
        limit,
      );
}

function head(events: readonly StoredEvent[], limit: number): StoredEvent[] {
  let bytes = 0;
  const end = events.findIndex((event, n) => {
    bytes += event.message.length + 26;
    return n >= limit || (n > 0 && bytes > pageBytesMax);
  });
  return events.slice(0, end === -1 ? events.length : end);
}

function foot(events: readonly StoredEvent[], limit: number): StoredEvent[] {
  return head(events.toReversed(), limit).reverse();
}

export function filterLogEvents(plane: LogsPlane) {
  return (input: FilterLogEventsRequest): FilterLogEventsResponse => {
    const group = findGroup(plane, input.logGroupName, input.logGroupIdentifier);
    const matches = compilePattern(input.filterPattern);
    const limit = checkLimit(input.limit);
    const names = input.logStreamNames === undefined ? undefined : new Set(input.logStreamNames);
    const prefix = input.logStreamNamePrefix;
    if (names !== undefined && prefix !== undefined) {
      throw invalidParameter(
        'logStreamNames and logStreamNamePrefix are mutually exclusive parameters.',
      );
    }
    const after = input.nextToken ?? '';
    const found = plane.logs
      .select({
        group,
        streams: (name) => (names?.has(name) ?? true) && name.startsWith(prefix ?? ''),
        startMs: input.startTime ?? 0,
        // FilterLogEvents includes its end, GetLogEvents does not.
        endMs: (input.endTime ?? Number.MAX_SAFE_INTEGER - 1) + 1,
      })
      .filter((event) => event.id > after && matches(event.message));
    const page = head(found, limit);
    const last = page.at(-1);
    return {
      events: page.map((event) => ({
        logStreamName: event.stream,
        timestamp: event.timestampMs,
        message: event.message,
        ingestionTime: event.ingestedMs,
        eventId: event.id,
      })),
      searchedLogStreams: [],
      ...(page.length < found.length && last !== undefined ? { nextToken: last.id } : {}),
    };
  };
}

function checkLimit(limit: number | undefined): number {
  if (limit === undefined) return limitMax;
  if (limit < 1 || limit > limitMax) {
    throw constraint(limit, 'limit', `Member must have value between 1 and ${limitMax}`);
  }
  return limit;
}
