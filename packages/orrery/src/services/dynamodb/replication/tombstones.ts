/**
 * Owns: when a tombstone may be forgotten, and what is remembered in its stead.
 * Refuses to own: when to ask (global-tables, by a timer), who the replicas are.
 *
 * A tombstone is needed as long as an older write of its item may still come in from somewhere.
 *
 *  G1  Collected is only what is old enough, was delivered to every replica, and is older than
 *      what every replica has delivered to us: nothing that it wins against is still on its way.
 *  G2  The floor of a table is what it had seen of the time before which it collected: an item that
 *      is absent is taken for a tombstone with that vector, so a late duplicate does not bring it
 *      back. It never reaches into the time that is kept, where new writes are stamped.
 *  G3  Nothing is collected while a replica is coming or going: the floor would forbid items that
 *      were never logged because they are older than the replica.
 */
import type { ReadTransaction, WriteTransaction } from '../../../io/io.ts';
import type {
  CollectRequest,
  CollectResponse,
  HlcTimestamp,
  Version,
  VersionVector,
} from '../api.ts';
import { spaces, tableRange, textKey } from '../storage/key-encoding.ts';
import { isReplicated } from '../storage/stored-table.ts';
import { walk } from '../storage/walk.ts';
import { timestampAtMs, writtenAtMs } from './hybrid-logical-clock.ts';
import { type ReplicaContext, replicatedTable } from './replica-tables.ts';
import { mergeVectors, versionOfRecord } from './version.ts';

const noFloor: VersionVector = {};

/** What an absent item of the table is taken to have seen; empty until something was collected. */
export function readFloor(transaction: ReadTransaction, tableId: number): VersionVector {
  const text = transaction.get(floorKey(tableId));
  return text === undefined ? noFloor : (JSON.parse(text) as VersionVector);
}

export function mergeFloor(
  transaction: WriteTransaction,
  tableId: number,
  floor: VersionVector,
): void {
  const merged = mergeVectors(readFloor(transaction, tableId), floor);
  transaction.put(floorKey(tableId), JSON.stringify(merged));
}

/**
 * A collector of one engine's tombstones: removes those that G1 allows. It may take longer than
 * anybody waits for the answer; asked again meanwhile, it does nothing more.
 */
export function createTombstoneCollector(
  context: ReplicaContext,
): (request: CollectRequest) => Promise<CollectResponse> {
  const busy = new Set<number>();
  return async (request) => {
    const { id } = replicatedTable(context, request.tableName);
    if (busy.has(id)) return { collected: 0 };
    busy.add(id);
    try {
      return { collected: await collect(context, id, request) };
    } finally {
      busy.delete(id);
    }
  };
}

async function collect(
  context: ReplicaContext,
  tableId: number,
  request: CollectRequest,
): Promise<number> {
  const { storage, turns } = context;
  const { start, end } = tableRange(spaces.tombstones, tableId);
  let collected = 0;
  let turn = turns.begin();
  for (let from: Buffer | undefined = start; ; ) {
    // Members may have come and gone since the last turn.
    const allowed = allowedBy(context, tableId, request);
    if (allowed === undefined) return collected;
    const next: Buffer | undefined = storage.store.transaction((transaction) =>
      walk(transaction, { start: from ?? start, end }, turn, (key, value) => {
        if (!allowed.isCollectable(versionOfRecord(value))) return;
        mergeFloor(transaction, tableId, allowed.floor);
        transaction.delete(key);
        collected += 1;
      }),
    );
    turn.end();
    if (next === undefined) return collected;
    from = next;
    turn = await turns.next(`tombstones of ${request.tableName} are collected`);
  }
}

interface Allowed {
  readonly isCollectable: (version: Version) => boolean;
  /** What is remembered instead. */
  readonly floor: VersionVector;
}

/** What G1 allows now; undefined where G3, or a table that is gone, allows nothing. */
function allowedBy(
  { catalog, region, io }: ReplicaContext,
  tableId: number,
  { tableName, keepMs, frontier }: CollectRequest,
): Allowed | undefined {
  const table = catalog.find(tableName);
  if (table?.id !== tableId || !isReplicated(table)) return undefined;
  const members = table.replicas;
  // What a new replica has been sent says nothing of what its snapshot will still bring (G3).
  if (members.some(({ status }) => status !== 'ACTIVE')) return undefined;
  if (members.some((member) => frontier[member.region] === undefined)) return undefined;
  const seen = least(members.filter((one) => one.region !== region).map((m) => frontier[m.region]));
  const delivered = frontier[region];
  const youngestMs = io.clock.wallMs() - keepMs;
  return {
    isCollectable: ({ timestamp, region: writer }) => {
      if (seen === undefined || timestamp > seen) return false;
      if (writer === region && (delivered === undefined || timestamp > delivered)) return false;
      return writtenAtMs(timestamp) <= youngestMs;
    },
    floor: lowered(frontier, timestampAtMs(Math.max(0, youngestMs + 1))),
  };
}

function lowered(vector: VersionVector, limit: HlcTimestamp): VersionVector {
  const entries = Object.entries(vector).map(([region, timestamp]) => [
    region,
    timestamp < limit ? timestamp : limit,
  ]);
  return Object.fromEntries(entries) as VersionVector;
}

function least(timestamps: readonly (HlcTimestamp | undefined)[]): HlcTimestamp | undefined {
  let found: HlcTimestamp | undefined;
  for (const timestamp of timestamps) {
    if (found === undefined || (timestamp !== undefined && timestamp < found)) found = timestamp;
  }
  return found;
}

function floorKey(tableId: number): Buffer {
  return textKey(spaces.replication, `floor/${tableId}`);
}
