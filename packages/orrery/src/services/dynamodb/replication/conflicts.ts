/**
 * Owns: the list of writes that lost: bounded, counted, in the store.
 * Refuses to own: when a write has lost (`last-writer-wins.ts`).
 *
 *  C1  A loser is recorded in the transaction that finds it, so it is neither forgotten by a crash
 *      nor listed for a batch that was never applied.
 *  C2  The newest 10,000 are kept; the count of all is never reduced.
 */
import type { ReadTransaction, WriteTransaction } from '../../../io/io.ts';
import type { Conflict, ConflictSide, ConflictsRequest, ConflictsResponse } from '../api.ts';
import { spaces, textKey } from '../storage/key-encoding.ts';
import { keyJson } from '../storage/local-writer.ts';
import type { StoredTable } from '../storage/stored-table.ts';
import { parseMap } from '../values/attribute-value.ts';
import { writtenAtMs } from './hybrid-logical-clock.ts';
import type { AnyVersion, ReplicaContext } from './replica-tables.ts';

const kept = 10_000;
const listedByDefault = 100;
const totalKey = textKey(spaces.replication, 'conflicts');

/** The entry for two versions of one item, of which the second has lost. */
export function conflictOf(
  context: Pick<ReplicaContext, 'region' | 'io'>,
  table: StoredTable,
  winner: AnyVersion,
  loser: AnyVersion,
): Conflict {
  return {
    tableName: table.name,
    key: keyOf(table, winner.body),
    winner: sideOf(winner),
    loser: sideOf(loser),
    detectedIn: context.region,
    detectedAtMs: context.io.clock.wallMs(),
  };
}

/** Adds an entry and drops the one that no longer fits. */
export function recordConflict(transaction: WriteTransaction, conflict: Conflict): void {
  const number = total(transaction) + 1;
  transaction.put(totalKey, String(number));
  transaction.put(entryKey(number), JSON.stringify(conflict));
  if (number > kept) transaction.delete(entryKey(number - kept));
}

/** The newest losers first, of one table or of all. */
export function listConflicts(
  transaction: ReadTransaction,
  { limit = listedByDefault, tableName }: ConflictsRequest,
): ConflictsResponse {
  const conflicts: Conflict[] = [];
  const range = { start: entryKey(0), end: entryKey(Number.MAX_SAFE_INTEGER), reverse: true };
  const wanted = Math.min(limit, kept);
  for (const { value } of transaction.range(range)) {
    if (conflicts.length >= wanted) break;
    const conflict = JSON.parse(value) as Conflict;
    if (tableName === undefined || conflict.tableName === tableName) conflicts.push(conflict);
  }
  return { conflicts, total: total(transaction) };
}

function total(transaction: ReadTransaction): number {
  return Number(transaction.get(totalKey) ?? '0');
}

function entryKey(number: number): Buffer {
  return textKey(spaces.replication, `conflict/${number.toString(16).padStart(14, '0')}`);
}

function sideOf({ version, body, deleted }: AnyVersion): ConflictSide {
  return {
    version,
    writtenAtMs: writtenAtMs(version.timestamp),
    item: deleted ? null : body,
  };
}

/** The key attributes of a body: an item holds them among others, a tombstone only them. */
function keyOf(table: StoredTable, body: string): string {
  return keyJson(table, parseMap(body));
}
