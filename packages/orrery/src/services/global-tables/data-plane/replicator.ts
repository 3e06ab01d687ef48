/**
 * Owns: which shippers run, over all tables of this region; pauses; what status says.
 * Refuses to own: how one ships (`shipper.ts`), who the members are (`control-plane/`), and where
 * that is kept (`replication-state.ts`).
 *
 *  R1  There is one shipper per table and peer that receives, and none else.
 *  R2  A pause is a fault and lives in memory: it ends with the process. Whoever injects faults sets
 *      it again after a restart.
 *  R3  What is asked of the gate is asked in the order of the pauses: an end that overtook its
 *      beginning would leave the gate closed for good.
 */
import { requestJson } from '../../../endpoint/internal-json.ts';
import { ServiceError } from '../../../endpoint/service.ts';
import { type Io, NetError } from '../../../io/io.ts';
import type { GateRequest, HlcTimestamp } from '../../dynamodb/api.ts';
import type { PauseRequest, PauseResponse, PauseRule, PeerStatus, TableStatus } from '../api.ts';
import { peersOf } from '../membership.ts';
import type { ReplicationState } from '../replication-state.ts';
import { readChanges, replicaAddress, stampedAtMs } from './replica-address.ts';
import { Shipper, type ShippingOptions } from './shipper.ts';

export interface Replicator {
  /** Starts and stops shippers until they are those that the members of the table ask for. */
  reconcile(tableName: string): void;
  pause(request: PauseRequest): Promise<PauseResponse>;
  status(tableName: string | undefined): Promise<TableStatus[]>;
  /** Through which own writes have reached the peer; undefined where nothing is shipped to it. */
  delivered(tableName: string, peer: string): HlcTimestamp | undefined;
  stop(): void;
}

export interface ReplicatorSetup {
  readonly region: string;
  readonly state: ReplicationState;
  readonly shipping: ShippingOptions;
  /** A shipper found that the table is no longer here. */
  readonly onGone: (tableName: string) => void;
}

export function createReplicator(
  io: Io,
  { region, state, shipping, onGone }: ReplicatorSetup,
): Replicator {
  const shippers = new Map<string, Map<string, Shipper>>();
  const rules = new Map<string, PauseRule>();
  /** One after the other (R3). */
  let gates: Promise<void> = Promise.resolve();

  function isPaused(tableName: string, peer: string): boolean {
    for (const rule of rules.values()) {
      if (matches(rule.tableName, tableName) && matches(rule.peer, peer)) return true;
    }
    return false;
  }

  function trimThrough(tableName: string): number {
    const peers = peersOf(state.members(tableName), region);
    return Math.min(...peers.map((peer) => state.cursor(tableName, peer).sequence));
  }

  function startShipper(tableName: string, peer: string): Shipper {
    const shipper = new Shipper(io, {
      tableName,
      region,
      peer,
      start: state.cursor(tableName, peer),
      save: (cursor) => state.saveCursor(tableName, peer, cursor),
      trimThrough: () => trimThrough(tableName),
      onGone: () => onGone(tableName),
      options: shipping,
    });
    shipper.setPaused(isPaused(tableName, peer));
    shipper.start();
    return shipper;
  }

  return {
    reconcile(tableName) {
      const running = shippers.get(tableName) ?? new Map<string, Shipper>();
      shippers.set(tableName, running);
      const wanted = peersOf(state.members(tableName), region);
      for (const [peer, shipper] of running) {
        if (wanted.includes(peer)) continue;
        shipper.stop();
        running.delete(peer);
        state.dropCursor(tableName, peer);
      }
      for (const peer of wanted) {
        if (!running.has(peer)) running.set(peer, startShipper(tableName, peer));
      }
      if (running.size === 0) shippers.delete(tableName);
    },
    async pause({ tableName = '*', peer = '*', paused }) {
      const name = `${tableName}/${peer}`;
      if (paused) rules.set(name, { tableName, peer });
      else rules.delete(name);
      for (const [table, running] of shippers) {
        for (const [to, shipper] of running) shipper.setPaused(isPaused(table, to));
      }
      // The other direction: the peer's shippers are refused at our door and keep their queues.
      const gate: GateRequest = { tableName, peer, closed: paused };
      const turn = gates.then(() =>
        requestJson(io.network, replicaAddress(region), '/gate', gate, { deadlineMs: 5_000 }),
      );
      gates = turn.then(
        () => undefined,
        () => undefined,
      );
      await turn;
      return { rules: [...rules.values()] };
    },
    async status(tableName) {
      const tables = tableName === undefined ? state.tables() : [tableName];
      const found: TableStatus[] = [];
      for (const table of tables) {
        const peers: PeerStatus[] = [];
        for (const shipper of shippers.get(table)?.values() ?? []) {
          peers.push(await withQueue(io, region, table, shipper));
        }
        found.push({ tableName: table, members: state.members(table), peers });
      }
      return found;
    },
    delivered: (tableName, peer) => shippers.get(tableName)?.get(peer)?.delivered(),
    stop() {
      for (const running of shippers.values()) {
        for (const shipper of running.values()) shipper.stop();
      }
    },
  };
}

/** What waits is asked of the log itself: nothing that a restart forgets is counted. */
async function withQueue(
  io: Io,
  region: string,
  tableName: string,
  shipper: Shipper,
): Promise<PeerStatus> {
  const status = shipper.status();
  try {
    const { head, oldest } = await readChanges(io.network, region, {
      tableName,
      after: status.cursor,
      limit: 1,
      waitMs: 0,
      lingerMs: 0,
      trimThrough: 0,
    });
    const lagMs = oldest === undefined ? 0 : io.clock.wallMs() - stampedAtMs(oldest);
    return { ...status, queueDepth: head - status.cursor, lagMs: Math.max(0, lagMs) };
  } catch (error) {
    if (!(error instanceof NetError || error instanceof ServiceError)) throw error;
    return { ...status, queueDepth: 0, lagMs: 0, lastError: error.message };
  }
}

function matches(rule: string, name: string): boolean {
  return rule === '*' || rule === name;
}
