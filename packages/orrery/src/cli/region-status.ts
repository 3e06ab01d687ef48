/** What is known of a region without asking it, put together with what it said. */
import type { RegionState, RegionStatus, ReplicationStatus } from '../admin/api.ts';
import { regionIp } from '../world/addresses.ts';
import { regionById } from '../world/regions.ts';

export interface RegionFacts {
  readonly region: string;
  readonly state: RegionState;
  readonly pid: number | null;
  readonly port: number;
  readonly dataDir: string;
  readonly replication: readonly ReplicationStatus[];
}

/** The admin interface's view of one region. */
export function regionStatus(facts: RegionFacts): RegionStatus {
  const ip = regionIp(facts.region);
  return {
    id: facts.region,
    name: regionById(facts.region)?.name ?? facts.region,
    state: facts.state,
    ip,
    endpoint: `http://${ip}:${facts.port}`,
    pid: facts.pid,
    dataDir: facts.dataDir,
    replication: facts.replication,
  };
}
