/** The whole region is gone: its process is killed as by a power cut and kept down. */
import type { FaultAction } from './fault.ts';

export const regionOutage: FaultAction = {
  name: 'region-outage',
  summary: 'kills the region and keeps it down; what it had acknowledged is on its disk',
  usage: 'region-outage <region>',
  targetCount: 1,
  parameters: {},
  start: (fault, levers) => levers.killRegion(fault.targets[0] ?? ''),
  stop: (fault, levers) => levers.startRegion(fault.targets[0] ?? ''),
};
