/** The link between two regions is slow. */
import type { FaultAction } from './fault.ts';

export const latency: FaultAction = {
  name: 'latency',
  summary: 'adds milliseconds to every message between two regions (a round trip pays twice)',
  usage: 'latency <region> <region> --ms <milliseconds>',
  targetCount: 2,
  takesAnyEnd: true,
  parameters: { ms: undefined },
  links: ({ targets: [a = '', b = ''], parameters }) => [
    { a, b, extraLatencyMs: parameters['ms'] ?? 0 },
  ],
};
