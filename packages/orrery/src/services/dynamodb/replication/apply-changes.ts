/**
 * Owns: carrying out what `last-writer-wins.ts` decides about versions from elsewhere, and telling
 * of the losers. Refuses to own: the decision; where the versions come from.
 *
 *  A1  A version and the losers it finds are one transaction. A batch is several where it takes
 *      longer than a turn; what a crash leaves of it is applied when the batch is sent again (A4).
 *  A2  The caller answers after `flushed()`: an acknowledged version survives a crash.
 *  A3  The clock has seen every timestamp of the batch, so a write made here afterwards is later.
 *  A4  Applying twice is applying once.
 */
import type { WriteTransaction } from '../../../io/io.ts';
import type {
  ApplyRequest,
  ApplyResponse,
  HlcTimestamp,
  ItemVersion,
  Version,
  VersionVector,
} from '../api.ts';
import type { StoredTable } from '../storage/stored-table.ts';
import type { Turn } from '../turns.ts';
import { noteObserved } from './clock-start.ts';
import { recordConflict } from './conflicts.ts';
import { type CompareVersions, decide } from './last-writer-wins.ts';
import {
  type AnyVersion,
  decodeVersion,
  type HeldVersion,
  localKey,
  putVersion,
  type ReplicaContext,
  readHeld,
  replicatedTable,
} from './replica-tables.ts';
import { mergeFloor, readFloor } from './tombstones.ts';
import { includesVersion } from './version.ts';

type Outcome = 'applied' | 'stale';

interface Tally {
  applied: number;
  stale: number;
  conflicts: number;
}

/** Applies a batch; the caller waits for `flushed()` before it answers. */
export async function applyChanges(
  context: ReplicaContext,
  request: ApplyRequest,
  compare?: CompareVersions,
): Promise<Omit<ApplyResponse, 'tookUs'>> {
  const tally: Tally = { applied: 0, stale: 0, conflicts: 0 };
  let turn = context.turns.begin();
  for (let done = 0; ; ) {
    done = applySome(context, request, done, tally, turn, compare);
    turn.end();
    if (done >= request.versions.length) return tally;
    turn = await context.turns.next(`versions of ${request.tableName} are applied`);
  }
}

/** Applies versions from `done` on until the turn is over; returns how many are done then. */
function applySome(
  context: ReplicaContext,
  { tableName, versions, floor: sentFloor }: ApplyRequest,
  done: number,
  tally: Tally,
  turn: Turn,
  compare: CompareVersions | undefined,
): number {
  const table = replicatedTable(context, tableName);
  let newest: HlcTimestamp | undefined;
  let next = done;
  context.storage.transaction((transaction) => {
    const floor = readFloor(transaction, table.id);
    for (let over = false; !over && next < versions.length; next += 1) {
      const incoming = versions[next] as ItemVersion;
      const { timestamp } = applyIncoming(context, transaction, table, incoming, {
        floor,
        tally,
        compare,
      });
      if (newest === undefined || timestamp > newest) newest = timestamp;
      over = turn.over(incoming.record.length);
    }
    if (newest !== undefined) noteObserved(transaction, newest);
    const last = next === versions.length;
    if (last && sentFloor !== undefined) mergeFloor(transaction, table.id, sentFloor);
  });
  if (newest !== undefined) context.clock.observe(newest);
  return next;
}

interface Circumstances {
  readonly floor: VersionVector;
  readonly tally: Tally;
  readonly compare: CompareVersions | undefined;
}

/** Returns the version that came. */
function applyIncoming(
  context: ReplicaContext,
  transaction: WriteTransaction,
  table: StoredTable,
  incoming: ItemVersion,
  { floor, tally, compare }: Circumstances,
): Version {
  const next = decodeVersion(incoming);
  const key = localKey(table.id, incoming.key);
  const held = readHeld(context.storage, transaction, key);
  // Nothing here, but it was: its tombstone has been collected since.
  if (held === undefined && includesVersion(floor, next.version)) tally.stale += 1;
  else tally[applyOne(context, transaction, { table, key, held, next }, tally, compare)] += 1;
  return next.version;
}

interface Meeting {
  readonly table: StoredTable;
  readonly key: Uint8Array;
  readonly held: HeldVersion | undefined;
  readonly next: AnyVersion;
}

function applyOne(
  context: ReplicaContext,
  transaction: WriteTransaction,
  { table, key, held, next }: Meeting,
  tally: Tally,
  compare: CompareVersions | undefined,
): Outcome {
  const { outcome, concurrent, vector } = decide(held, next, compare);
  if (outcome === 'duplicate') return 'stale';
  if (concurrent && held !== undefined) {
    const [winner, loser] = outcome === 'apply' ? [next, held] : [held, next];
    tally.conflicts += 1;
    recordConflict(transaction, context, table, { winner, loser });
    context.io.probe.event('dynamodb.conflict', {
      tableName: table.name,
      winner: winner.version.region,
      loser: loser.version.region,
    });
  }
  const staying = outcome === 'apply' || held === undefined ? next : held;
  putVersion(context, transaction, table, key, { ...staying, vector }, held);
  return outcome === 'apply' ? 'applied' : 'stale';
}
