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
import type { StoredIndex, StoredTable } from '../storage/stored-table.ts';
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
  return new TableLifecycle(timers, catalog, storage, transitionMs);
}

class TableLifecycle implements Lifecycle {
  readonly #timers: Timers;
  readonly #catalog: TableCatalog;
  readonly #storage: TableStorage;
  readonly #transitionMs: number;
  /** What is being removed, so that nothing is removed by two at once. */
  readonly #removing = new Set<string>();
  #stopped = false;

  constructor(timers: Timers, catalog: TableCatalog, storage: TableStorage, transitionMs: number) {
    this.#timers = timers;
    this.#catalog = catalog;
    this.#storage = storage;
    this.#transitionMs = transitionMs;
  }

  settle(name: string): void {
    if (this.#transitionMs <= 0) this.#settled(name);
    else this.#later(this.#transitionMs, `table ${name} settles`, () => this.#settled(name));
  }

  purge(): void {
    for (const dropped of this.#catalog.dropped()) {
      const name = `${dropped.tableId}/${dropped.indexId ?? ''}`;
      if (this.#removing.has(name)) continue;
      this.#removing.add(name);
      this.#remove(dropped, name);
    }
  }

  resume(): void {
    for (const { name, status } of this.#catalog.list()) {
      if (status !== 'ACTIVE') this.settle(name);
    }
    this.purge();
  }

  stop(): void {
    this.#stopped = true;
  }

  #later(delayMs: number, label: string, run: () => void): void {
    this.#timers.after(delayMs, label, () => {
      if (!this.#stopped) run();
    });
  }

  #settled(name: string): void {
    const table = this.#catalog.find(name);
    if (table === undefined || table.status === 'ACTIVE') return;
    if (table.status === 'DELETING') {
      const { streams } = this.#storage;
      this.#catalog.drop(name, (transaction) => streams.disable(transaction, table.id));
      streams.refresh();
      this.purge();
      return;
    }
    const filling = table.indexes.find((index) => index.backfilling);
    if (filling === undefined) this.#catalog.replace({ ...table, status: 'ACTIVE' });
    else this.#fill(table, filling, undefined);
  }

  /** Makes the entries of one piece of the table's items, then of the next. */
  #fill({ id: tableId, name }: StoredTable, index: StoredIndex, start: Buffer | undefined): void {
    const table = this.#catalog.find(name);
    // Dropped meanwhile, the table or the index; a new one of that name has another number.
    if (table?.id !== tableId || !table.indexes.some(({ id }) => id === index.id)) return;
    const last = this.#fillPiece(table, index, start);
    if (last !== undefined) {
      this.#later(0, `index ${name}/${index.name} is filled`, () => {
        this.#fill(table, index, nextKey(last));
      });
      return;
    }
    const indexes = table.indexes.map((one) =>
      one.id === index.id ? { ...one, backfilling: false } : one,
    );
    this.#catalog.replace({ ...table, indexes });
    this.#settled(name);
  }

  /** The last key of the piece; undefined where nothing is behind it. */
  #fillPiece(
    table: StoredTable,
    index: StoredIndex,
    start: Buffer | undefined,
  ): Uint8Array | undefined {
    return this.#storage.transaction((transaction) => {
      const records = this.#storage.rangeRecords(transaction, table.id, start, itemsAtOnce);
      const found = [...records];
      for (const { key, value } of found) {
        const item = parseMap(itemOfRecord(value) ?? '{}');
        const entry = indexKeyOf(table.id, index, item, key);
        if (entry !== undefined) transaction.put(entry, Buffer.from(key).toString('base64'));
      }
      return found.length < itemsAtOnce ? undefined : found.at(-1)?.key;
    });
  }

  #remove(dropped: Dropped, name: string): void {
    if (this.#storage.purge(dropped, itemsAtOnce)) {
      this.#later(0, `dropped table ${name} is removed`, () => this.#remove(dropped, name));
    } else {
      this.#catalog.forgetDropped(dropped);
      this.#removing.delete(name);
    }
  }
}
