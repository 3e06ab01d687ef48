/**
 * Owns: asking, by a timer, how far everybody has everybody's writes, so that DynamoDB can forget
 * tombstones. Refuses to own: which ones (`dynamodb/replication/tombstones.ts`).
 *
 *  T1  One member that does not answer is enough for nothing to be forgotten in that round.
 */
import { requestJson } from '../../../endpoint/internal-json.ts';
import { ServiceError } from '../../../endpoint/service.ts';
import { type Io, NetError } from '../../../io/io.ts';
import type { CollectRequest, CollectResponse, HlcTimestamp } from '../../dynamodb/api.ts';
import type { DeliveredRequest, DeliveredResponse } from '../api.ts';
import { presentMembers } from '../membership.ts';
import type { ReplicationState } from '../replication-state.ts';
import { replicaAddress } from './replica-address.ts';
import type { Replicator } from './replicator.ts';

export interface CollectorOptions {
  readonly keepMs: number;
  readonly everyMs: number;
}

const deadlineMs = 5_000;

/** Starts the timer; the returned function stops it. */
export function startTombstoneCollector(
  io: Io,
  setup: {
    readonly region: string;
    readonly state: ReplicationState;
    readonly replicator: Replicator;
    readonly options: CollectorOptions;
  },
): () => void {
  const { region, state, replicator, options } = setup;
  let running = false;

  async function collect(tableName: string): Promise<void> {
    const frontier: Record<string, HlcTimestamp> = {};
    let own: HlcTimestamp | undefined;
    for (const { region: peer } of presentMembers(state.members(tableName))) {
      if (peer === region) continue;
      const delivered = replicator.delivered(tableName, peer);
      if (delivered === undefined) return;
      if (own === undefined || delivered < own) own = delivered;
      const asked: DeliveredRequest = { tableName, peer: region };
      const to = { region: peer, service: 'global-tables' };
      const answer = await requestJson<DeliveredResponse>(io.network, to, '/delivered', asked, {
        deadlineMs,
      });
      frontier[peer] = answer.through;
    }
    if (own === undefined) return;
    frontier[region] = own;
    const request: CollectRequest = { tableName, keepMs: options.keepMs, frontier };
    const { collected } = await requestJson<CollectResponse>(
      io.network,
      replicaAddress(region),
      '/tombstones',
      request,
      { deadlineMs },
    );
    io.probe.event('global-tables.tombstones', { tableName, collected });
  }

  async function round(): Promise<void> {
    if (running) return;
    running = true;
    for (const tableName of state.tables()) {
      try {
        await collect(tableName);
      } catch (error) {
        // T1: the next round asks again.
        if (!(error instanceof NetError || error instanceof ServiceError)) throw error;
      }
    }
    running = false;
  }

  const timer = io.timers.every(options.everyMs, 'global-tables.tombstones', () => void round());
  return () => timer.cancel();
}
