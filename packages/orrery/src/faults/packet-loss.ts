/** The link between two regions loses whole messages. */
import type { FaultAction } from './fault.ts';

export const packetLoss: FaultAction = {
  name: 'packet-loss',
  summary: 'loses a share of the messages between two regions; the sender waits in vain',
  usage: 'packet-loss <region> <region> --percent <0-100>',
  targetCount: 2,
  takesAnyEnd: true,
  parameters: { percent: undefined },
  links: ({ targets: [a = '', b = ''], parameters }) => [
    { a, b, lossProbability: Math.min(100, Math.max(0, parameters['percent'] ?? 0)) / 100 },
  ],
};
