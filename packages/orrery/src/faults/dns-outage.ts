/** Route 53's name servers do not answer: clients live on what their resolvers remember. */
import type { FaultAction } from './fault.ts';

export const dnsOutage: FaultAction = {
  name: 'dns-outage',
  summary: "Route 53's name servers answer nobody; health checks and Route 53's API go on",
  usage: 'dns-outage',
  targetCount: 0,
  parameters: {},
  start: (_fault, levers) => levers.silenceDns(true),
  stop: (_fault, levers) => levers.silenceDns(false),
};
