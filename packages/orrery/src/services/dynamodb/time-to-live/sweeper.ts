/**
 * Owns: the deletes of Time to Live: when, in which pieces, and in which region.
 * Refuses to own: the setting (`control-plane/time-to-live.ts`), the index (`storage/`).
 *
 *  Z1  An item is deleted only if it is expired in the transaction that deletes it: whoever writes
 *      another time before that keeps it.
 *  Z2  Times more than five years ago are no expiry times.
 *  Z3  A piece is one transaction, as long as a turn (`turns.ts`); requests come between.
 *  Z4  Of a table with replicas, the region that wrote an item last deletes it; the others wait for
 *      that delete, and do it one after the other where it does not come.
 */
import type { Io, Timer, WriteTransaction } from '../../../io/io.ts';
import { itemOfRecord, versionOfRecord } from '../replication/version.ts';
import { expiryOf, expiryRange } from '../storage/expiry-index.ts';
import { itemKeyOfEntry } from '../storage/index-entries.ts';
import type { LocalWriter } from '../storage/local-writer.ts';
import { type StoredTable, statusIn } from '../storage/stored-table.ts';
import type { TableCatalog } from '../storage/table-catalog.ts';
import type { TableStorage } from '../storage/table-storage.ts';
import { walk } from '../storage/walk.ts';
import type { Turn, Turns } from '../turns.ts';
import { parseMap } from '../values/attribute-value.ts';

export interface SweeperOptions {
  /** Between two sweeps; ten seconds. */
  readonly intervalMs?: number;
  /** How long a region waits for another one's delete; five minutes. */
  readonly graceMs?: number;
}

export interface SweeperSetup {
  readonly io: Pick<Io, 'clock' | 'timers' | 'probe'>;
  readonly turns: Turns;
  readonly region: string;
  readonly catalog: TableCatalog;
  readonly storage: TableStorage;
  readonly writer: LocalWriter;
}

export interface Sweeper {
  /** Sweeps from now on, if any table has Time to Live. */
  arm(): void;
  stop(): void;
}

const intervalMsDefault = 10_000;
const graceMsDefault = 5 * 60_000;
const yearsSeconds = 5 * 365 * 86_400;

export function createSweeper(setup: SweeperSetup, options: SweeperOptions = {}): Sweeper {
  return new TimerSweeper(setup, options);
}

class TimerSweeper implements Sweeper {
  readonly #setup: SweeperSetup;
  readonly #intervalMs: number;
  readonly #graceMs: number;
  #armed = false;
  #next: Timer | undefined;

  constructor(setup: SweeperSetup, options: SweeperOptions) {
    this.#setup = setup;
    this.#intervalMs = options.intervalMs ?? intervalMsDefault;
    this.#graceMs = options.graceMs ?? graceMsDefault;
  }

  arm(): void {
    if (this.#armed || this.#tables().length === 0) return;
    this.#armed = true;
    this.#next = this.#setup.io.timers.after(this.#intervalMs, 'expired items are swept', () => {
      this.#sweep(this.#tables().map(({ name }) => name));
    });
  }

  stop(): void {
    this.#next?.cancel();
  }

  #tables(): StoredTable[] {
    return this.#setup.catalog.list().filter(({ timeToLive }) => timeToLive !== undefined);
  }

  /** The first of these tables from `start` on, then the others. */
  #sweep(names: readonly string[], start?: Buffer): void {
    const [name, ...others] = names;
    if (name === undefined) {
      this.#armed = false;
      this.arm();
      return;
    }
    this.#setup.turns.add(`expired items of ${name} are deleted`, (turn) => {
      const next = this.#piece(name, turn, start);
      this.#sweep(next === undefined ? others : names, next);
    });
  }

  /** Where to go on; undefined once nothing of the table is left that has expired. */
  #piece(name: string, turn: Turn, start: Buffer | undefined): Buffer | undefined {
    const { io, region, catalog, storage } = this.#setup;
    const table = catalog.find(name);
    if (table?.timeToLive === undefined || statusIn(table, region) !== 'ACTIVE') return undefined;
    const nowSeconds = Math.floor(io.clock.wallMs() / 1_000);
    const { indexId } = table.timeToLive;
    const range = expiryRange(table.id, indexId, nowSeconds - yearsSeconds, nowSeconds);
    return storage.transaction((transaction) => {
      const visit = (_key: Buffer, value: string): void =>
        this.#delete(transaction, table, itemKeyOfEntry(value), nowSeconds);
      const left = { ...range, start: start ?? range.start };
      return walk(transaction, left, turn, visit);
    });
  }

  #delete(
    transaction: WriteTransaction,
    table: StoredTable,
    key: Buffer,
    nowSeconds: number,
  ): void {
    const { io, storage, writer } = this.#setup;
    const record = storage.readRecord(transaction, key);
    if (record === undefined) return;
    const item = parseMap(itemOfRecord(record) ?? '{}');
    const expiry = expiryOf(item, table.timeToLive?.attribute ?? '');
    if (expiry === undefined || expiry >= nowSeconds) return;
    const waitMs = this.#graceMs * this.#turn(table, versionOfRecord(record).region);
    if (nowSeconds * 1_000 - expiry * 1_000 < waitMs) return;
    writer.write(transaction, table, key, record, null, item, true);
    io.probe.event('dynamodb.expired', { tableName: table.name, expiry });
  }

  /** 0 where it is this region's to delete; otherwise how many come before it. */
  #turn({ replicas }: StoredTable, writtenIn: string): number {
    const { region } = this.#setup;
    if (replicas.length === 0 || writtenIn === region) return 0;
    const others = replicas.map((one) => one.region).filter((id) => id !== writtenIn);
    const known = others.length < replicas.length ? 1 : 0;
    return known + Math.max(0, others.toSorted().indexOf(region));
  }
}
