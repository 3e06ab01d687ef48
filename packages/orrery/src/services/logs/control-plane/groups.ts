/**
 * CreateLogGroup, DeleteLogGroup, PutRetentionPolicy, DeleteRetentionPolicy, DescribeLogGroups.
 */
import type {
  CreateLogGroupRequest,
  DeleteLogGroupRequest,
  DescribeLogGroupsRequest,
  DescribeLogGroupsResponse,
  PutRetentionPolicyRequest,
} from '@aws-sdk/client-cloudwatch-logs';
import { alreadyExists, constraint, invalidParameter, limitExceeded } from '../errors.ts';
import { checkGroupName, findGroup, groupArn, type LogsPlane } from '../names.ts';

const groupsMax = 10_000;
const pageMax = 50;
const retentionDays = new Set([
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
  3653,
]);

type Nothing = Record<string, never>;

export function createLogGroup(plane: LogsPlane) {
  return async (input: CreateLogGroupRequest): Promise<Nothing> => {
    const name = checkGroupName(input.logGroupName ?? '');
    if (plane.logs.groups.has(name)) throw alreadyExists('group');
    if (plane.logs.groups.size >= groupsMax) throw limitExceeded();
    plane.logs.putGroup(name, null);
    await plane.logs.flushed();
    return {};
  };
}

export function deleteLogGroup(plane: LogsPlane) {
  return async (input: DeleteLogGroupRequest): Promise<Nothing> => {
    plane.logs.deleteGroup(findGroup(plane, input.logGroupName ?? ''));
    await plane.logs.flushed();
    return {};
  };
}

export function putRetentionPolicy(plane: LogsPlane) {
  return async (input: PutRetentionPolicyRequest): Promise<Nothing> => {
    const group = findGroup(plane, input.logGroupName ?? '');
    const days = input.retentionInDays ?? 0;
    if (!retentionDays.has(days)) {
      throw invalidParameter(
        `1 validation error detected: Value '${days}' at 'retentionInDays' failed to satisfy ` +
          `constraint: Member must satisfy enum value set: [${[...retentionDays].join(', ')}]`,
      );
    }
    plane.logs.putGroup(group.name, days);
    await plane.logs.flushed();
    return {};
  };
}

export function deleteRetentionPolicy(plane: LogsPlane) {
  return async (input: DeleteLogGroupRequest): Promise<Nothing> => {
    const group = findGroup(plane, input.logGroupName ?? '');
    plane.logs.putGroup(group.name, null);
    await plane.logs.flushed();
    return {};
  };
}

/** The token is the last name of the page before. */
export function describeLogGroups(plane: LogsPlane) {
  return (input: DescribeLogGroupsRequest): DescribeLogGroupsResponse => {
    if (input.logGroupNamePrefix !== undefined && input.logGroupNamePattern !== undefined) {
      throw invalidParameter(
        'LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.',
      );
    }
    const limit = input.limit ?? pageMax;
    if (limit < 1 || limit > pageMax) {
      throw constraint(limit, 'limit', 'Member must have value less than or equal to 50');
    }
    const prefix = input.logGroupNamePrefix ?? '';
    const pattern = (input.logGroupNamePattern ?? '').toLowerCase();
    const after = input.nextToken ?? '';
    const fit = [...plane.logs.groups.values()]
      .filter(({ name }) => name.startsWith(prefix) && name.toLowerCase().includes(pattern))
      .filter(({ name }) => name > after)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const page = fit.slice(0, limit);
    const last = page.at(-1);
    return {
      logGroups: page.map((group) => ({
        logGroupName: group.name,
        creationTime: group.createdAtMs,
        ...(group.retentionDays === null ? {} : { retentionInDays: group.retentionDays }),
        metricFilterCount: 0,
        arn: `${groupArn(plane, group.name)}:*`,
        logGroupArn: groupArn(plane, group.name),
        storedBytes: group.bytes,
        logGroupClass: 'STANDARD',
      })),
      ...(fit.length > page.length && last !== undefined ? { nextToken: last.name } : {}),
    };
  };
}
