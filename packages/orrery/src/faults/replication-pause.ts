/**
 * Replication into and out of one region stands still; everything else works. FIS:
 * aws:dynamodb:global-table-pause-replication, which may take up to five minutes to begin where
 * ours begins at once.
 */
import type { FaultAction } from './fault.ts';

export const replicationPause: FaultAction = {
  name: 'replication-pause',
  fisAction: 'aws:dynamodb:global-table-pause-replication',
  summary: 'pauses global-table replication into and out of one region',
  usage: 'replication-pause <region>',
  targetCount: 1,
  parameters: {},
  start: (fault, levers) => levers.pauseReplication(fault.targets[0] ?? '', true),
  stop: (fault, levers) => levers.pauseReplication(fault.targets[0] ?? '', false),
};
