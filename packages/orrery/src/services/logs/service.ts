/**
 * CloudWatch Logs of one region: the service on one screen.
 */
import type { Service } from '../../endpoint/service.ts';
import type { Io } from '../../io/io.ts';
import model from '../../wire/generated/logs.json' with { type: 'json' };
import { asModel } from '../../wire/models.ts';
import * as groups from './control-plane/groups.ts';
import * as streams from './control-plane/streams.ts';
import * as read from './data-plane/get-log-events.ts';
import { logsInternal } from './data-plane/internal.ts';
import { putLogEvents } from './data-plane/put-log-events.ts';
import { LogStore } from './log-store.ts';
import type { LogsPlane } from './names.ts';

export interface LogsOptions {
  readonly accountId: string;
  readonly region: string;
}

/** Opens the store `logs` of this process. Throws `StorageError`. */
export async function createLogsService(io: Io, options: LogsOptions): Promise<Service> {
  const logs = await LogStore.open(io);
  const plane: LogsPlane = { ...options, logs, nowMs: () => io.clock.wallMs() };
  return {
    name: 'logs',
    model: asModel(model),
    operations: {
      CreateLogGroup: groups.createLogGroup(plane),
      DeleteLogGroup: groups.deleteLogGroup(plane),
      PutRetentionPolicy: groups.putRetentionPolicy(plane),
      DeleteRetentionPolicy: groups.deleteRetentionPolicy(plane),
      DescribeLogGroups: groups.describeLogGroups(plane),
      CreateLogStream: streams.createLogStream(plane),
      DescribeLogStreams: streams.describeLogStreams(plane),
      PutLogEvents: putLogEvents(plane),
      GetLogEvents: read.getLogEvents(plane),
      FilterLogEvents: read.filterLogEvents(plane),
    },
    internal: { 'logs-internal': logsInternal(plane) },
    // The store ends with the process: lines of services that stop after this one still arrive.
    stop: () => logs.flushed(),
  };
}
