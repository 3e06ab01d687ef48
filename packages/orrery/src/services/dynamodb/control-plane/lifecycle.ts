/**
 * Owns: how tables get from a passing state to a lasting one, and the work behind it: filling new
 * indexes, removing what dropped tables and indexes leave.
 *
 * F1  Passing states are stored: after a restart they end as they would have without it.
 * F2  Work on many items goes in pieces, each a transaction of its own, so that requests come between.
 * F3  A piece can be done twice: filling starts again after a restart.
 */
import type { Timers } from '../../../io/io.ts';
import { itemOfRecord } from '../replication/version.ts';
import { indexKeyOf } from '../storage/index-entries.ts';
import type { StoredTable } from '../storage/stored-table.ts';
import type { Dropped, TableCatalog } from '../storage/table-catalog.ts';
import { nextKey, type TableStorage } from '../storage/table-storage.ts';
import { parseMap } from '../values/attribute-value.ts';

export interface Lifecycle {
  /** Ends the table's passing state in a moment; at once where the moment is 0. */
  settle(tableName: string): void;
  /** Removes what was dropped. */
  purge(): void;
  /** Takes up what a restart has interrupted. */
  resume(): void;
  /** Does nothing more: the store is about to be closed. */
  stop(): void;
}

const itemsAtOnce = 200;

export function createLifecycle(
  timers: Timers,
  catalog: TableCatalog,
  storage: TableStorage,
  transitionMs: number,
): Lifecycle {
  let stopped = false;
  /** What is being removed, so that nothing is removed by two at once. */
  const removing = new Set<string>();
  const later = (delayMs: number, label: string, run: () => void): void => {
    timers.after(delayMs, label, () => {
      if (!stopped) run();
    });
  };

  const settled = (name: string): void => {
    const table = catalog.find(name);
    if (table === undefined || table.status === 'ACTIVE') return;
    if (table.status === 'DELETING') {
      catalog.drop(name);
      lifecycle.purge();
      return;
    }
    const filling = table.indexes.find((index) => index.backfilling);
    if (filling === undefined) catalog.replace({ ...table, status: 'ACTIVE' });
    else fill(table, filling.id, undefined);
  };

  const fill = (table: StoredTable, indexId: number, start: Uint8Array | undefined): void => {
    const index = table.indexes.find(({ id }) => id === indexId);
    // A table of that name that came later, or an index that is gone: nothing to fill.
    if (catalog.find(table.name)?.id !== table.id || index === undefined) return;
    const last = storage.transaction((transaction) => {
      let seen: Uint8Array | undefined;
      const found = [...storage.rangeRecords(transaction, table.id, start, itemsAtOnce)];
      for (const { key, value } of found) {
        const item = parseMap(itemOfRecord(value) ?? '{}');
        const entry = indexKeyOf(table.id, index, item, key);
        if (entry !== undefined) transaction.put(entry, Buffer.from(key).toString('base64'));
        seen = key;
      }
      return found.length < itemsAtOnce ? undefined : seen;
    });
    if (last !== undefined) {
      const from = nextKey(last);
      later(0, `index ${table.name}/${index.name} is filled`, () => {
        const now = catalog.find(table.name);
        if (now !== undefined) fill(now, indexId, from);
      });
      return;
    }
    const now = catalog.find(table.name);
    if (now === undefined) return;
    const indexes = now.indexes.map((one) =>
      one.id === indexId ? { ...one, backfilling: false } : one,
    );
    catalog.replace({ ...now, indexes });
    settled(table.name);
  };

  const remove = (dropped: Dropped, name: string): void => {
    if (storage.purge(dropped, itemsAtOnce)) {
      later(0, `dropped table ${name} is removed`, () => remove(dropped, name));
    } else {
      catalog.forgetDropped(dropped);
      removing.delete(name);
    }
  };

  const lifecycle: Lifecycle = {
    settle: (name) => {
      if (transitionMs <= 0) settled(name);
      else later(transitionMs, `table ${name} settles`, () => settled(name));
    },
    purge: () => {
      for (const dropped of catalog.dropped()) {
        const name = `${dropped.tableId}/${dropped.indexId ?? ''}`;
        if (removing.has(name)) continue;
        removing.add(name);
        remove(dropped, name);
      }
    },
    resume: () => {
      for (const { name, status } of catalog.list()) {
        if (status !== 'ACTIVE') lifecycle.settle(name);
      }
      lifecycle.purge();
    },
    stop: () => {
      stopped = true;
    },
  };
  return lifecycle;
}
