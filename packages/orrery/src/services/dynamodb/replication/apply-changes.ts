/**
 * Owns: carrying out what `last-writer-wins.ts` decides about versions from elsewhere, and telling
 * of the losers. Refuses to own: the decision; where the versions come from.
 *
 *  A1  A batch is one transaction: what it changes and the losers it finds, or nothing.
 *  A2  The caller answers after `flushed()`: an acknowledged version survives a crash.
 *  A3  The clock has seen every timestamp of the batch, so a write made here afterwards is later.
 *  A4  Applying twice is applying once.
 */
import type { WriteTransaction } from '../../../io/io.ts';
import type { ApplyRequest, ApplyResponse, HlcTimestamp } from '../api.ts';
import type { StoredTable } from '../storage/stored-table.ts';
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
export function applyChanges(
  context: ReplicaContext,
  request: ApplyRequest,
  compare?: CompareVersions,
): Omit<ApplyResponse, 'tookUs'> {
  const table = replicatedTable(context, request.tableName);
  const tally: Tally = { applied: 0, stale: 0, conflicts: 0 };
  let newest: HlcTimestamp | undefined;
  context.storage.transaction((transaction) => {
    const floor = readFloor(transaction, table.id);
    for (const incoming of request.versions) {
      const next = decodeVersion(incoming);
      const { timestamp } = next.version;
      if (newest === undefined || timestamp > newest) newest = timestamp;
      const key = localKey(table.id, incoming.key);
      const held = readHeld(context.storage, transaction, key);
      // Nothing here, but it was: its tombstone has been collected since.
      if (held === undefined && includesVersion(floor, next.version)) {
        tally.stale += 1;
        continue;
      }
      const outcome = applyOne(context, transaction, { table, key, held, next }, tally, compare);
      tally[outcome] += 1;
    }
    if (newest !== undefined) noteObserved(transaction, newest);
    if (request.floor !== undefined) mergeFloor(transaction, table.id, request.floor);
  });
  if (newest !== undefined) context.clock.observe(newest);
  return tally;
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
