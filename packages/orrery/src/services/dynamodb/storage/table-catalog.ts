/**
 * Owns: the tables of one region by name: in memory for the data plane, in the store for restarts.
 * Refuses to own: what a table may look like (`control-plane/`).
 *
 * C1  Memory is changed after the transaction has committed, never before.
 * C2  A table's numeric id is never used again, so the items of a dropped table can be removed
 *     later, in pieces, while a table of the same name is already in use.
 */
import type { Store, WriteTransaction } from '../../../io/io.ts';
import { after, spaces, tableKey, textKey } from './key-encoding.ts';
import type { StoredTable } from './stored-table.ts';

export interface TableCatalog {
  find(name: string): StoredTable | undefined;
  /** In order of their names' bytes. */
  list(): readonly StoredTable[];
  count(): number;
  /** Tables and indexes that are gone while some of their keys may still be there. */
  dropped(): readonly Dropped[];
  /**
   * Makes a table of what `build` returns for the next free id, and keeps it. `also`, here and
   * below, runs in the same transaction.
   */
  create(build: (id: number) => StoredTable, also?: Also): StoredTable;
  /** Replaces the table of that name. */
  replace(table: StoredTable, also?: (transaction: WriteTransaction) => void): void;
  /** Removes the table; its keys are to be removed by whoever asks `dropped`. */
  drop(name: string, also?: (transaction: WriteTransaction) => void): void;
  /** Replaces the table by one without that index, whose entries are to be removed likewise. */
  dropIndex(table: StoredTable, indexId: number): void;
  /** Nothing of it is left. */
  forgetDropped(dropped: Dropped): void;
}

type Also = (transaction: WriteTransaction, table: StoredTable) => void;

export interface Dropped {
  readonly tableId: number;
  readonly indexId?: number;
}

export function openTableCatalog(store: Store): TableCatalog {
  const tables = new Map<string, StoredTable>();
  let sorted: StoredTable[] | undefined;
  for (const { value } of store.range(textRange(spaces.catalog))) {
    const table = JSON.parse(value) as StoredTable;
    tables.set(table.name, table);
  }

  const put = (transaction: WriteTransaction, table: StoredTable): void =>
    transaction.put(textKey(spaces.catalog, table.name), JSON.stringify(table));
  const remember = (table: StoredTable): void => {
    tables.set(table.name, table);
    sorted = undefined;
  };

  return {
    find: (name) => tables.get(name),
    count: () => tables.size,
    list: () => {
      sorted ??= [...tables.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
      return sorted;
    },
    dropped: () =>
      [...store.range(textRange(spaces.dropped))].map(({ value }) => JSON.parse(value) as Dropped),
    create: (build, also) => {
      const table = store.transaction((transaction) => {
        const counter = tableKey(spaces.heads, 0);
        const id = Number(transaction.get(counter) ?? '0') + 1;
        transaction.put(counter, String(id));
        const made = build(id);
        put(transaction, made);
        also?.(transaction, made);
        return made;
      });
      remember(table);
      return table;
    },
    replace: (table, also) => {
      store.transaction((transaction) => {
        put(transaction, table);
        also?.(transaction);
      });
      remember(table);
    },
    drop: (name, also) => {
      const table = tables.get(name);
      if (table === undefined) return;
      store.transaction((transaction) => {
        transaction.delete(textKey(spaces.catalog, name));
        markDropped(transaction, { tableId: table.id });
        also?.(transaction);
      });
      tables.delete(name);
      sorted = undefined;
    },
    dropIndex: (table, indexId) => {
      const indexes = table.indexes.filter(({ id }) => id !== indexId);
      const without = { ...table, indexes };
      store.transaction((transaction) => {
        put(transaction, without);
        markDropped(transaction, { tableId: table.id, indexId });
      });
      remember(without);
    },
    forgetDropped: (dropped) => {
      store.transaction((transaction) => transaction.delete(droppedKey(dropped)));
    },
  };
}

function textRange(space: number): { start: Uint8Array; end: Uint8Array } {
  const start = Uint8Array.of(space);
  return { start, end: after(start) };
}

function markDropped(transaction: WriteTransaction, dropped: Dropped): void {
  transaction.put(droppedKey(dropped), JSON.stringify(dropped));
}

function droppedKey({ tableId, indexId = 0 }: Dropped): Buffer {
  return Buffer.concat([tableKey(spaces.dropped, tableId), Buffer.from([indexId >> 8, indexId])]);
}
