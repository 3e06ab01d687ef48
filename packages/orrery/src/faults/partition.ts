/** Two regions cannot reach each other; everybody else reaches both. */
import type { FaultAction } from './fault.ts';

export const partition: FaultAction = {
  name: 'partition',
  summary: 'cuts the link between two regions, both ways; messages vanish until their deadline',
  usage: 'partition <region> <region>',
  targetCount: 2,
  takesAnyEnd: true,
  parameters: {},
  links: ({ targets: [a = '', b = ''] }) => [{ a, b, cut: true }],
};
