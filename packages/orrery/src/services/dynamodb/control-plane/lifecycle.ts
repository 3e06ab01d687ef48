/**
 * Owns: how tables get from a passing state to a lasting one, and the work behind it: filling new
 * indexes, removing what dropped tables and indexes leave.
 *
 * F1  Passing states are stored: after a restart they end as they would have without it.
 * F2  Work on many items goes in pieces, each a transaction of its own and a turn long (`turns.ts`), so
 *     that requests come between.
 * F3  A piece can be done twice: filling starts again after a restart.
 */
import type { Io, WriteTransaction } from '../../../io/io.ts';
import { itemOfRecord } from '../replication/version.ts';
import { expiryKeyOf } from '../storage/expiry-index.ts';
import { putEntry } from '../storage/index-entries.ts';
import { spaces, tableRange } from '../storage/key-encoding.ts';
import type { StoredIndex, StoredTable } from '../storage/stored-table.ts';
import type { Dropped, TableCatalog } from '../storage/table-catalog.ts';
import type { TableStorage } from '../storage/table-storage.ts';
import { walk } from '../storage/walk.ts';
import type { Turn, Turns } from '../turns.ts';
import { parseMap } from '../values/attribute-value.ts';

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

export interface LifecycleSetup {
  readonly io: Pick<Io, 'timers'>;
  readonly turns: Turns;
  readonly catalog: TableCatalog;
  readonly storage: TableStorage;
  readonly transitionMs: number;
}

export function createLifecycle(setup: LifecycleSetup): Lifecycle {
  return new TableLifecycle(setup);
}

class TableLifecycle implements Lifecycle {
  readonly #timers: Io['timers'];
  readonly #turns: Turns;
  readonly #catalog: TableCatalog;
  readonly #storage: TableStorage;
  readonly #transitionMs: number;
  /** What is being removed, so that nothing is removed by two at once. */
  readonly #removing = new Set<string>();
  #stopped = false;

  constructor({ io, turns, catalog, storage, transitionMs }: LifecycleSetup) {
    this.#timers = io.timers;
    this.#turns = turns;
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
      if (table?.timeToLive?.filling === true)
        this.#now((turn) => this.#fillExpiry(table, turn, undefined));
    };
    if (this.#transitionMs <= 0) begin();
    else this.#later(this.#transitionMs, `time to live of ${name} settles`, begin);
  }

  purge(): void {
    for (const dropped of this.#catalog.dropped()) {
      const name = `${dropped.tableId}/${dropped.indexId ?? ''}`;
      if (this.#removing.has(name)) continue;
      this.#removing.add(name);
      this.#now((turn) => this.#remove(dropped, turn, name));
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
    this.#timers.after(delayMs, label, () => {
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
    else this.#now((turn) => this.#fill(table, filling, turn, undefined));
  }

  /** The first piece needs no waiting: small tables are done at once. */
  #now(run: (turn: Turn) => void): void {
    const turn = this.#turns.begin();
    run(turn);
    turn.end();
  }

  /** Makes the entries of one piece of the table's items, then of the next. */
  #fill(
    { id: tableId, name }: StoredTable,
    index: StoredIndex,
    turn: Turn,
    start: Buffer | undefined,
  ): void {
    const table = this.#catalog.find(name);
    // Dropped meanwhile, the table or the index; a new one of that name has another number.
    if (table?.id !== tableId || !table.indexes.some(({ id }) => id === index.id)) return;
    const next = this.#fillPiece(table, turn, start, (transaction, key, record) =>
      this.#storage.fillIndex(transaction, table, index, key, record),
    );
    if (next !== undefined) {
      this.#turns.add(`index ${name}/${index.name} is filled`, (another) =>
        this.#fill(table, index, another, next),
      );
      return;
    }
    const indexes = table.indexes.map((one) =>
      one.id === index.id ? { ...one, backfilling: false } : one,
    );
    this.#catalog.replace({ ...table, indexes });
    this.#settled(name);
  }

  /** The same for the index of expiry times. */
  #fillExpiry(
    { id: tableId, name, timeToLive }: StoredTable,
    turn: Turn,
    start: Buffer | undefined,
  ): void {
    const table = this.#catalog.find(name);
    const now = table?.timeToLive;
    if (table?.id !== tableId || now === undefined || now.indexId !== timeToLive?.indexId) return;
    const next = this.#fillPiece(table, turn, start, (transaction, key, record) => {
      const item = parseMap(itemOfRecord(record) ?? '{}');
      const entry = expiryKeyOf(tableId, now, item, key);
      if (entry !== undefined) putEntry(transaction, entry, key);
    });
    if (next === undefined) {
      this.#catalog.replace({ ...table, timeToLive: { ...now, filling: false } });
      return;
    }
    this.#turns.add(`expiry times of ${name} are gathered`, (another) =>
      this.#fillExpiry(table, another, next),
    );
  }

  /** Where the next piece starts; undefined where nothing is left. */
  #fillPiece(
    table: StoredTable,
    turn: Turn,
    start: Buffer | undefined,
    fill: (transaction: WriteTransaction, key: Buffer, record: string) => void,
  ): Buffer | undefined {
    const items = tableRange(spaces.items, table.id);
    const range = { start: start ?? items.start, end: items.end };
    return this.#storage.transaction((transaction) =>
      walk(transaction, range, turn, (key, value) => fill(transaction, key, value)),
    );
  }

  #remove(dropped: Dropped, turn: Turn, name: string): void {
    if (this.#storage.purge(dropped, turn)) {
      this.#turns.add(`dropped table ${name} is removed`, (another) =>
        this.#remove(dropped, another, name),
      );
    } else {
      this.#catalog.forgetDropped(dropped);
      this.#removing.delete(name);
    }
  }
}
