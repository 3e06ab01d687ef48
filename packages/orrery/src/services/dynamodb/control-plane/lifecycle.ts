/**
 * Owns: how tables get from a passing state to a lasting one, and the work behind it: filling new
 * indexes, removing what dropped tables and indexes leave.
 *
 * F1  Passing states are stored: after a restart they end as they would have without it.
 * F2  Work on many items goes in pieces, each a transaction of its own, so that requests come between:
 *     so many items at most, and few milliseconds where they are large.
 * F3  A piece can be done twice: filling starts again after a restart.
 */
import type { Io } from '../../../io/io.ts';
import { itemOfRecord } from '../replication/version.ts';
import { expiryKeyOf } from '../storage/expiry-index.ts';
import { indexKeyOf, putEntry } from '../storage/index-entries.ts';
import type { StoredIndex, StoredTable } from '../storage/stored-table.ts';
import type { Dropped, TableCatalog } from '../storage/table-catalog.ts';
import { nextKey, type TableStorage } from '../storage/table-storage.ts';
import { type AttributeMap, parseMap } from '../values/attribute-value.ts';

export interface Lifecycle {
  /** Ends the table's passing state in a moment; at once where the moment is 0. */
  settle(tableName: string): void;
  /** Makes the entries of the table's index of expiry times, likewise in a moment. */
  settleTimeToLive(tableName: string): void;
  /** Removes what was dropped. */
  purge(): void;
  /** Takes up what a restart has interrupted. */
  resume(): void;
  /** Does nothing more: the store is about to be closed. */
  stop(): void;
}

const itemsAtOnce = 200;
/** A piece ends after this time also where it has had fewer items. */
const pieceUs = 5_000;

type LifecycleIo = Pick<Io, 'timers' | 'clock'>;

export function createLifecycle(
  io: LifecycleIo,
  catalog: TableCatalog,
  storage: TableStorage,
  transitionMs: number,
): Lifecycle {
  return new TableLifecycle(io, catalog, storage, transitionMs);
}

/** Key of an item's entry in what is being filled; undefined where it has none. */
type EntryOf = (item: AttributeMap, itemKey: Uint8Array) => Buffer | undefined;

class TableLifecycle implements Lifecycle {
  readonly #io: LifecycleIo;
  readonly #catalog: TableCatalog;
  readonly #storage: TableStorage;
  readonly #transitionMs: number;
  /** What is being removed, so that nothing is removed by two at once. */
  readonly #removing = new Set<string>();
  #stopped = false;

  constructor(io: LifecycleIo, catalog: TableCatalog, storage: TableStorage, transitionMs: number) {
    this.#io = io;
    this.#catalog = catalog;
    this.#storage = storage;
    this.#transitionMs = transitionMs;
  }

  settle(name: string): void {
    if (this.#transitionMs <= 0) this.#settled(name);
    else this.#later(this.#transitionMs, `table ${name} settles`, () => this.#settled(name));
  }

  settleTimeToLive(name: string): void {
    const begin = (): void => {
      const table = this.#catalog.find(name);
      if (table?.timeToLive?.filling === true) this.#fillExpiry(table, undefined);
    };
    if (this.#transitionMs <= 0) begin();
    else this.#later(this.#transitionMs, `time to live of ${name} settles`, begin);
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
    for (const { name, status, timeToLive } of this.#catalog.list()) {
      if (status !== 'ACTIVE') this.settle(name);
      if (timeToLive?.filling === true) this.settleTimeToLive(name);
    }
    this.purge();
  }

  stop(): void {
    this.#stopped = true;
  }

  #later(delayMs: number, label: string, run: () => void): void {
    this.#io.timers.after(delayMs, label, () => {
      if (!this.#stopped) run();
    });
  }

  #settled(name: string): void {
    const table = this.#catalog.find(name);
    if (table === undefined || table.status === 'ACTIVE') return;
    // Whoever restores it calls again when all items are there.
    if (table.status === 'CREATING' && table.restored?.inProgress === true) return;
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
    const last = this.#fillPiece(table, start, (item, key) =>
      indexKeyOf(tableId, index, item, key),
    );
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

  /** The same for the index of expiry times. */
  #fillExpiry({ id: tableId, name, timeToLive }: StoredTable, start: Buffer | undefined): void {
    const table = this.#catalog.find(name);
    const now = table?.timeToLive;
    if (table?.id !== tableId || now === undefined || now.indexId !== timeToLive?.indexId) return;
    const last = this.#fillPiece(table, start, (item, key) => expiryKeyOf(tableId, now, item, key));
    if (last === undefined) {
      this.#catalog.replace({ ...table, timeToLive: { ...now, filling: false } });
      return;
    }
    this.#later(0, `expiry times of ${name} are gathered`, () => {
      this.#fillExpiry(table, nextKey(last));
    });
  }

  /** The last key of the piece; undefined where nothing is behind it. */
  #fillPiece(
    table: StoredTable,
    start: Buffer | undefined,
    entryOf: EntryOf,
  ): Uint8Array | undefined {
    const { clock } = this.#io;
    const untilUs = clock.monotonicUs() + pieceUs;
    return this.#storage.transaction((transaction) => {
      const records = this.#storage.rangeRecords(transaction, table.id, start, itemsAtOnce);
      const entries: { entry: Buffer; key: Uint8Array }[] = [];
      let seen = 0;
      let late = false;
      let last: Uint8Array | undefined;
      for (const { key, value } of records) {
        const entry = entryOf(parseMap(itemOfRecord(value) ?? '{}'), key);
        if (entry !== undefined) entries.push({ entry, key });
        seen += 1;
        last = key;
        late = clock.monotonicUs() > untilUs;
        if (late) break;
      }
      for (const { entry, key } of entries) putEntry(transaction, entry, key);
      return late || seen === itemsAtOnce ? last : undefined;
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
