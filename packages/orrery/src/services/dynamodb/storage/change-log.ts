/**
 * Owns: the change log of every table: which items this region has written, in order.
 * Refuses to own: who reads it and when it may be trimmed (`replication/`).
 *
 * H1  An entry is written in the transaction of the local write that it tells of, with a sequence
 *     number greater than all before; what came from elsewhere is not logged.
 * H2  The head of a log, its sequence number and its timestamp, survives trimming and restarts.
 */
import type { Entry, ReadTransaction, Store, WriteTransaction } from '../../../io/io.ts';
import type { HlcTimestamp, Version } from '../api.ts';
import type { Turn } from '../turns.ts';
import { changeKey, sequenceOf, spaces, tableKey, tableRange } from './key-encoding.ts';
import { clear } from './walk.ts';

/** One entry of a table's change log: that this region wrote that item, in that version. */
export interface Change {
  readonly sequence: number;
  readonly key: Buffer;
  readonly version: Version;
}

export interface ChangeLog {
  /** Logs a local write; returns its sequence number. */
  appendChange(
    transaction: WriteTransaction,
    tableId: number,
    key: Uint8Array,
    version: Version,
  ): number;
  /** Changes with a sequence number greater than `afterSequence`, in order. */
  changes(
    transaction: ReadTransaction,
    tableId: number,
    afterSequence: number,
    limit: number,
  ): Change[];
  /** Sequence number of the newest change, 0 where there was none yet. */
  head(tableId: number): number;
  /** The newest timestamp of a logged local write of these tables: where the clock goes on. */
  latestTimestamp(tableIds: readonly number[]): HlcTimestamp | undefined;
  /**
   * Drops changes at or below `throughSequence` until the turn is over; true where there may be
   * more. Not to be called within a transaction.
   */
  trimChanges(tableId: number, throughSequence: number, turn: Turn): boolean;
  /** Calls back after each committed transaction that logged a change of that table. */
  onChange(tableId: number, listener: () => void): () => void;
  /** Runs the transaction, then the listeners of what it logged. */
  transaction<T>(run: (transaction: WriteTransaction) => T): T;
  /** Likewise, on a transaction that is committed together with others. */
  grouped<T>(run: (transaction: WriteTransaction) => T): T;
}

export function openChangeLog(store: Store): ChangeLog {
  /** Newest sequence number by table, once it was asked for. */
  const heads = new Map<number, number>();
  const listeners = new Map<number, Set<() => void>>();
  const touched = new Set<number>();

  const head = (tableId: number): number => {
    const known = heads.get(tableId);
    if (known !== undefined) return known;
    const { sequence } = readHead(store, tableId);
    heads.set(tableId, sequence);
    return sequence;
  };

  const telling = <T>(transact: () => T): T => {
    let succeeded = false;
    try {
      const result = transact();
      succeeded = true;
      return result;
    } finally {
      if (touched.size > 0) {
        const tables = [...touched];
        touched.clear();
        for (const tableId of tables) {
          if (!succeeded) heads.delete(tableId);
          else for (const listener of listeners.get(tableId) ?? []) listener();
        }
      }
    }
  };
  store.onUndone(() => heads.clear());

  return {
    head,
    latestTimestamp: (tableIds) => {
      const stored = tableIds.map((tableId) => readHead(store, tableId).timestamp);
      return stored
        .filter((timestamp) => timestamp !== '')
        .sort()
        .at(-1);
    },
    appendChange: (transaction, tableId, key, version) => {
      const sequence = head(tableId) + 1;
      heads.set(tableId, sequence);
      transaction.put(changeKey(tableId, sequence), encodeChange(key, version));
      touched.add(tableId);
      return sequence;
    },
    changes: (transaction, tableId, afterSequence, limit) => {
      const start = changeKey(tableId, afterSequence + 1);
      const { end } = tableRange(spaces.changes, tableId);
      const found: Change[] = [];
      for (const entry of transaction.range({ start, end, limit })) found.push(decodeChange(entry));
      return found;
    },
    trimChanges: (tableId, throughSequence, turn) => {
      const { start } = tableRange(spaces.changes, tableId);
      const range = { start, end: changeKey(tableId, throughSequence + 1) };
      const newest = `${head(tableId)}@${readHead(store, tableId).timestamp}`;
      return store.transaction((transaction) => {
        transaction.put(tableKey(spaces.heads, tableId), newest);
        return clear(transaction, [range], turn);
      });
    },
    onChange: (tableId, listener) => {
      const known = listeners.get(tableId) ?? new Set();
      listeners.set(tableId, known.add(listener));
      return () => {
        known.delete(listener);
      };
    },
    transaction: (run) => telling(() => store.transaction(run)),
    grouped: (run) => telling(() => store.grouped(run)),
  };
}

interface Head {
  readonly sequence: number;
  /** Empty where nothing was ever logged. */
  readonly timestamp: HlcTimestamp;
}

function readHead(store: Store, tableId: number): Head {
  const [sequence = '0', timestamp = ''] =
    store.get(tableKey(spaces.heads, tableId))?.split('@') ?? [];
  const range = tableRange(spaces.changes, tableId);
  for (const entry of store.range({ ...range, reverse: true, limit: 1 })) {
    const newest = decodeChange(entry);
    return { sequence: newest.sequence, timestamp: newest.version.timestamp };
  }
  return { sequence: Number(sequence), timestamp };
}

function encodeChange(key: Uint8Array, version: Version): string {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  return `${version.timestamp}@${version.region}|${bytes.toString('base64')}`;
}

function decodeChange({ key, value }: Entry): Change {
  const bar = value.indexOf('|');
  return {
    sequence: sequenceOf(key),
    key: Buffer.from(value.slice(bar + 1), 'base64'),
    version: { timestamp: value.slice(0, 16), region: value.slice(17, bar) },
  };
}
