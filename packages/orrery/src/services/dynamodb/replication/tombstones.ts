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
import type { CollectRequest, CollectResponse, HlcTimestamp, VersionVector } from '../api.ts';
import { spaces, textKey } from '../storage/key-encoding.ts';
import { nextKey } from '../storage/table-storage.ts';
import { timestampAtMs, writtenAtMs } from './hybrid-logical-clock.ts';
import { type ReplicaContext, replicatedTable } from './replica-tables.ts';
import { mergeVectors, versionOfRecord } from './version.ts';

const pageLimit = 1_000;
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

/** Removes the tombstones that G1 allows, one page of the store per transaction. */
export function collectTombstones(
  context: ReplicaContext,
  { tableName, keepMs, frontier }: CollectRequest,
): CollectResponse {
  const { storage, catalog, region, io } = context;
  const table = replicatedTable(context, tableName);
  const members = catalog.find(tableName)?.replicas ?? [];
  // What a new replica has been sent says nothing of what its snapshot will still bring (G3).
  if (members.some(({ status }) => status !== 'ACTIVE')) return { collected: 0 };
  const everyFrontier = members.map((member) => frontier[member.region]);
  if (everyFrontier.some((timestamp) => timestamp === undefined)) return { collected: 0 };
  const seen = least(members.filter((one) => one.region !== region).map((m) => frontier[m.region]));
  const delivered = frontier[region];
  const youngestMs = io.clock.wallMs() - keepMs;
  const floor = lowered(frontier, timestampAtMs(Math.max(0, youngestMs + 1)));
  let collected = 0;
  for (let start: Uint8Array | undefined, more = true; more; ) {
    const page = [...storage.rangeTombstones(storage.store, table.id, start, pageLimit)];
    const removable = page.filter(({ record }) => {
      const { timestamp, region: writer } = versionOfRecord(record);
      if (seen === undefined || timestamp > seen) return false;
      if (writer === region && (delivered === undefined || timestamp > delivered)) return false;
      return writtenAtMs(timestamp) <= youngestMs;
    });
    if (removable.length > 0) {
      storage.store.transaction((transaction) => {
        mergeFloor(transaction, table.id, floor);
        for (const { itemKey } of removable) storage.deleteTombstone(transaction, itemKey);
      });
    }
    collected += removable.length;
    more = page.length === pageLimit;
    start = nextKey(page.at(-1)?.itemKey ?? new Uint8Array(0));
  }
  return { collected };
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
