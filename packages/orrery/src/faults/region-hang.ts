/** A grey failure: the region's process is stopped in its tracks; connections open, none answers. */
import type { FaultAction } from './fault.ts';

export const regionHang: FaultAction = {
  name: 'region-hang',
  summary: 'stops the region (SIGSTOP): it accepts connections and answers nothing',
  usage: 'region-hang <region>',
  targetCount: 1,
  parameters: {},
  start: (fault, levers) => levers.hangRegion(fault.targets[0] ?? ''),
  stop: (fault, levers) => levers.resumeRegion(fault.targets[0] ?? ''),
};
