/**
 * Owns: the list of writes that lost: bounded, counted, in the store.
 * Refuses to own: when a write has lost (`last-writer-wins.ts`).
 *
 *  C1  A loser is recorded in the transaction that finds it, so it is neither forgotten by a crash
 *      nor listed for a batch that was never applied.
 *  C2  The newest 10,000 are kept; the count of all is never reduced.
 *  C3  A write made here that met another before it was sent can still be sent as if it had not:
 *      the loser with its item, the winner with what it knew before. So the other replicas see,
 *      and list, the same conflict.
 */
import type { RangeOptions, ReadTransaction, WriteTransaction } from '../../../io/io.ts';
import type {
  Conflict,
  ConflictSide,
  ConflictsRequest,
  ConflictsResponse,
  ItemVersion,
  Version,
  VersionVector,
} from '../api.ts';
import { spaces, textKey } from '../storage/key-encoding.ts';
import { keyJson } from '../storage/key-json.ts';
import type { StoredTable } from '../storage/stored-table.ts';
import { parseMap } from '../values/attribute-value.ts';
import { writtenAtMs } from './hybrid-logical-clock.ts';
import type { AnyVersion, ReplicaContext } from './replica-tables.ts';
import { encodeRecord } from './version.ts';

const kept = 10_000;
const listedByDefault = 100;
export type LostVersion = Pick<ItemVersion, 'record' | 'deleted'>;

interface StoredConflict extends Conflict {
  readonly tableId: number;
  readonly lost: LostVersion;
  readonly winnerKnew: VersionVector;
}

const totalKey = textKey(spaces.replication, 'conflicts');

/** Adds an entry and drops the one that no longer fits. */
export function recordConflict(
  transaction: WriteTransaction,
  context: Pick<ReplicaContext, 'region' | 'io'>,
  table: StoredTable,
  { winner, loser }: { readonly winner: AnyVersion; readonly loser: AnyVersion },
): void {
  const number = total(transaction) + 1;
  const entry: StoredConflict = {
    ...conflictOf(context, table, winner, loser),
    tableId: table.id,
    lost: {
      record: encodeRecord(loser.version, loser.vector, loser.body),
      deleted: loser.deleted,
    },
    winnerKnew: winner.vector,
  };
  transaction.put(totalKey, String(number));
  transaction.put(entryKey(number), JSON.stringify(entry));
  if (loser.version.region === context.region) {
    transaction.put(sideKey('lost', table.id, loser.version), String(number));
  }
  const won = sideKey('won', table.id, winner.version);
  // The first conflict of a winner holds what it knew before any.
  if (winner.version.region === context.region && transaction.get(won) === undefined) {
    transaction.put(won, String(number));
  }
  if (number > kept) forget(transaction, number - kept);
}

/** A write of this region that lost, as it would have been sent, if it is still listed. */
export function findLost(
  transaction: ReadTransaction,
  tableId: number,
  version: Version,
): LostVersion | undefined {
  return entryOf(transaction, sideKey('lost', tableId, version))?.lost;
}

/** What a write of this region knew before it won; undefined where it never met another. */
export function knewBeforeWinning(
  transaction: ReadTransaction,
  tableId: number,
  version: Version,
): VersionVector | undefined {
  return entryOf(transaction, sideKey('won', tableId, version))?.winnerKnew;
}

/** The newest losers first, of one table or of all. */
export async function listConflicts(
  { storage, turns }: Pick<ReplicaContext, 'storage' | 'turns'>,
  { limit = listedByDefault, tableName }: ConflictsRequest,
): Promise<ConflictsResponse> {
  const { store } = storage;
  const conflicts: Conflict[] = [];
  const wanted = Math.min(limit, kept);
  const start = entryKey(0);
  let turn = turns.begin();
  for (let end: Uint8Array | undefined = entryKey(Number.MAX_SAFE_INTEGER); end !== undefined; ) {
    const range: RangeOptions = { start, end, reverse: true };
    end = undefined;
    for (const { key, value } of store.range(range)) {
      if (conflicts.length >= wanted) break;
      const entry = JSON.parse(value) as StoredConflict;
      const { tableId: _id, lost: _lost, winnerKnew: _knew, ...conflict } = entry;
      if (tableName === undefined || conflict.tableName === tableName) conflicts.push(conflict);
      if (!turn.over(value.length)) continue;
      end = Buffer.from(key);
      break;
    }
    turn.end();
    if (end !== undefined) turn = await turns.next('conflicts are listed');
  }
  return { conflicts, total: total(store) };
}

/** The entry for two versions of one item, of which the second has lost. */
function conflictOf(
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

function forget(transaction: WriteTransaction, number: number): void {
  const text = transaction.get(entryKey(number));
  if (text === undefined) return;
  const { tableId, winner, loser } = JSON.parse(text) as StoredConflict;
  transaction.delete(sideKey('lost', tableId, loser.version));
  const won = sideKey('won', tableId, winner.version);
  if (transaction.get(won) === String(number)) transaction.delete(won);
  transaction.delete(entryKey(number));
}

function total(transaction: ReadTransaction): number {
  return Number(transaction.get(totalKey) ?? '0');
}

function entryKey(number: number): Buffer {
  return textKey(spaces.replication, `conflict/${number.toString(16).padStart(14, '0')}`);
}

function entryOf(transaction: ReadTransaction, key: Uint8Array): StoredConflict | undefined {
  const number = transaction.get(key);
  const text = number === undefined ? undefined : transaction.get(entryKey(Number(number)));
  return text === undefined ? undefined : (JSON.parse(text) as StoredConflict);
}

function sideKey(side: 'won' | 'lost', tableId: number, { timestamp, region }: Version): Buffer {
  return textKey(spaces.replication, `${side}/${tableId}/${timestamp}@${region}`);
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
