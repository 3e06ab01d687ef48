/**
 * CreateLogStream and DescribeLogStreams.
 */
import type {
  CreateLogStreamRequest,
  DescribeLogStreamsRequest,
  DescribeLogStreamsResponse,
} from '@aws-sdk/client-cloudwatch-logs';
import { alreadyExists, constraint, invalidParameter } from '../errors.ts';
import type { LogStreamState } from '../log-store.ts';
import { checkStreamName, findGroup, groupArn, type LogsPlane } from '../names.ts';

const pageMax = 50;

export function createLogStream(plane: LogsPlane) {
  return async (input: CreateLogStreamRequest): Promise<Record<string, never>> => {
    const group = findGroup(plane, input.logGroupName ?? '');
    const name = checkStreamName(input.logStreamName ?? '');
    if (group.streams.has(name)) throw alreadyExists('stream');
    plane.logs.putStream(group, name);
    await plane.logs.flushed();
    return {};
  };
}

/** The token is the number of streams already shown. */
export function describeLogStreams(plane: LogsPlane) {
  return (input: DescribeLogStreamsRequest): DescribeLogStreamsResponse => {
    const group = findGroup(plane, input.logGroupName, input.logGroupIdentifier);
    const limit = input.limit ?? pageMax;
    if (limit < 1 || limit > pageMax) {
      throw constraint(limit, 'limit', 'Member must have value less than or equal to 50');
    }
    const byTime = input.orderBy === 'LastEventTime';
    const prefix = input.logStreamNamePrefix ?? '';
    if (byTime && prefix !== '') {
      throw invalidParameter('Cannot order by LastEventTime with a logStreamNamePrefix.');
    }
    const streams = [...group.streams.values()]
      .filter(({ name }) => name.startsWith(prefix))
      .sort(byTime ? byLastEvent : byName);
    if (input.descending === true) streams.reverse();
    const start = Number(input.nextToken ?? 0);
    if (!Number.isInteger(start) || start < 0) {
      throw invalidParameter('The specified nextToken is invalid.');
    }
    const page = streams.slice(start, start + limit);
    const end = start + page.length;
    return {
      logStreams: page.map((stream) => ({
        logStreamName: stream.name,
        creationTime: stream.createdAtMs,
        ...(stream.firstMs === undefined ? {} : { firstEventTimestamp: stream.firstMs }),
        ...(stream.lastMs === undefined ? {} : { lastEventTimestamp: stream.lastMs }),
        ...(stream.ingestedMs === undefined ? {} : { lastIngestionTime: stream.ingestedMs }),
        uploadSequenceToken: String(stream.chunks).padStart(56, '0'),
        arn: `${groupArn(plane, group.name)}:log-stream:${stream.name}`,
        storedBytes: 0,
      })),
      ...(end < streams.length ? { nextToken: String(end) } : {}),
    };
  };
}

function byName(a: LogStreamState, b: LogStreamState): number {
  return a.name < b.name ? -1 : 1;
}

function byLastEvent(a: LogStreamState, b: LogStreamState): number {
  return (a.lastMs ?? 0) - (b.lastMs ?? 0) || byName(a, b);
}
