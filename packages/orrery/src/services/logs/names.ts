/**
 * Owns: names and look-ups of log groups and streams, by name or ARN.
 */
import { constraint, groupNotFound, invalidParameter, streamNotFound } from './errors.ts';
import type { LogGroupState, LogStore, LogStreamState } from './log-store.ts';

export interface LogsPlane {
  readonly logs: LogStore;
  readonly accountId: string;
  readonly region: string;
  readonly nowMs: () => number;
}

const groupPattern = /^[.\-_/#A-Za-z0-9]{1,512}$/;

export function checkGroupName(name: string): string {
  if (!groupPattern.test(name)) {
    throw constraint(
      name,
      'logGroupName',
      'Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+',
    );
  }
  return name;
}

export function checkStreamName(name: string): string {
  if (name.length < 1 || name.length > 512 || /[:*]/.test(name)) {
    throw constraint(
      name,
      'logStreamName',
      'Member must satisfy regular expression pattern: [^:*]*',
    );
  }
  return name;
}

export function groupArn(plane: LogsPlane, name: string): string {
  return `arn:aws:logs:${plane.region}:${plane.accountId}:log-group:${name}`;
}

/** The group of a name or of an identifier (name or ARN). */
export function findGroup(
  plane: LogsPlane,
  name: string | undefined,
  identifier?: string,
): LogGroupState {
  const text = name ?? identifier;
  if (text === undefined) {
    throw invalidParameter('Either logGroupName or logGroupIdentifier must be specified.');
  }
  const bare = text.startsWith('arn:')
    ? (/:log-group:([^:]+)/.exec(text)?.[1] ?? '')
    : checkGroupName(text);
  const group = plane.logs.groups.get(bare);
  if (group === undefined) throw groupNotFound();
  return group;
}

export function findStream(group: LogGroupState, name: string | undefined): LogStreamState {
  const stream = group.streams.get(checkStreamName(name ?? ''));
  if (stream === undefined) throw streamNotFound();
  return stream;
}
