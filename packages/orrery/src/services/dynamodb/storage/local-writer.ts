/**
 * Owns: every write that starts in this region: its version, what it replaces, its log entry.
 * Refuses to own: writes that arrive from other regions (`replication/`).
 *
 * W1  A write's version is later than that of the record or tombstone that it replaces, also where
 *     that came from a region whose clock is ahead.
 * W2  A table without replicas pays for no log and no tombstone.
 */
import type { WriteTransaction } from '../../../io/io.ts';
import type { Version } from '../api.ts';
import type { HybridLogicalClock } from '../replication/hybrid-logical-clock.ts';
import { encodeSuccessor } from '../replication/version.ts';
import type { AttributeMap } from '../values/attribute-value.ts';
import { keyJson } from './key-json.ts';
import { isReplicated, type StoredTable } from './stored-table.ts';
import type { TableStorage } from './table-storage.ts';

export interface LocalWriter {
  /**
   * Puts the item (its JSON) in the place of `previous`, the record that was just read at that key,
   * or deletes it where `item` is null. `keyMap` holds at least the key attributes. `expired`
   * where it is Time to Live that deletes.
   */
  write(
    transaction: WriteTransaction,
    table: StoredTable,
    key: Uint8Array,
    previous: string | undefined,
    item: string | null,
    keyMap: AttributeMap,
    expired?: boolean,
  ): void;
}

export function createLocalWriter(
  storage: TableStorage,
  clock: HybridLogicalClock,
  region: string,
): LocalWriter {
  return {
    write: (transaction, table, key, previous, item, keyMap, expired = false) => {
      if (previous === undefined && item === null) return;
      const replicated = isReplicated(table);
      const tombstone =
        replicated && previous === undefined
          ? storage.readTombstone(transaction, key)?.record
          : undefined;
      const replaced = previous ?? tombstone;
      if (replaced !== undefined) clock.observe(replaced.slice(0, 16));
      const version: Version = { timestamp: clock.next(), region };
      const record = encodeSuccessor(version, replaced, item);
      if (item !== null) {
        storage.putRecord(transaction, table, key, record, previous, { keyMap });
        if (tombstone !== undefined) storage.deleteTombstone(transaction, key);
      } else if (previous !== undefined) {
        storage.deleteRecord(transaction, table, key, previous, { keyMap, expired });
        if (replicated) {
          storage.putTombstone(transaction, key, { record, key: keyJson(table, keyMap) });
        }
      }
      if (replicated) storage.appendChange(transaction, table.id, key, version);
    },
  };
}
