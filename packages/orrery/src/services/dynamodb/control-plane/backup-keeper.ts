/**
 * Owns: the work behind backups, in pieces between which requests come: copying, counting, removing,
 * and filling restored tables.
 *
 *  K1  A piece is a transaction of its own: so many items at most, and few milliseconds.
 *  K2  What a restart interrupts starts anew; every piece can be done twice.
 *  K3  A restored table is CREATING until all of its items are there.
 */
import type { Io } from '../../../io/io.ts';
import type { StoredBackup } from '../storage/backup-log.ts';
import type { LocalWriter } from '../storage/local-writer.ts';
import type { StoredTable } from '../storage/stored-table.ts';
import type { TableCatalog } from '../storage/table-catalog.ts';
import { nextKey, type TableStorage } from '../storage/table-storage.ts';
import { parseMap } from '../values/attribute-value.ts';
import type { Lifecycle } from './lifecycle.ts';

const itemsAtOnce = 200;
const pieceUs = 5_000;

export interface BackupKeeper {
  /** Makes a backup whole. */
  copy(backup: StoredBackup): void;
  /** Removes the items of a deleted backup, then itself. */
  remove(backup: StoredBackup): void;
  /** Fills a table that is being restored. */
  restore(tableName: string): void;
  isRestoring(backup: StoredBackup): boolean;
  resume(): void;
  stop(): void;
}

interface Parts {
  readonly io: Pick<Io, 'timers' | 'clock'>;
  readonly catalog: TableCatalog;
  readonly storage: TableStorage;
  readonly lifecycle: Lifecycle;
  readonly writer: LocalWriter;
}

export function createBackupKeeper(parts: Parts): BackupKeeper {
  return new Keeper(parts);
}

class Keeper implements BackupKeeper {
  readonly #parts: Parts;
  #stopped = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  copy(backup: StoredBackup): void {
    if (backup.copied) this.#countFrom(backup, undefined);
    else this.#copyFrom(backup, undefined);
  }

  remove(backup: StoredBackup): void {
    const { backups } = this.#parts.storage;
    if (backups.purge(backup, itemsAtOnce)) {
      this.#later(`backup ${backup.name} is removed`, () => this.remove(backup));
    } else backups.forget(backup);
  }

  restore(tableName: string): void {
    this.#restoreFrom(tableName, undefined);
  }

  isRestoring({ arn }: StoredBackup): boolean {
    return this.#parts.catalog
      .list()
      .some(({ restored }) => restored?.inProgress === true && restored.backupArn === arn);
  }

  resume(): void {
    const { catalog, storage } = this.#parts;
    for (const backup of storage.backups.all()) {
      if (backup.status === 'CREATING') this.copy({ ...backup, items: 0, bytes: 0 });
      if (backup.status === 'DELETED') this.remove(backup);
    }
    for (const { name, restored } of catalog.list()) {
      if (restored?.inProgress === true) this.restore(name);
    }
  }

  stop(): void {
    this.#stopped = true;
  }

  #later(label: string, run: () => void): void {
    this.#parts.io.timers.after(0, label, () => {
      if (!this.#stopped) run();
    });
  }

  #clock(): () => boolean {
    const { clock } = this.#parts.io;
    const untilUs = clock.monotonicUs() + pieceUs;
    return () => clock.monotonicUs() > untilUs;
  }

  #copyFrom(backup: StoredBackup, start: Buffer | undefined): void {
    const { storage } = this.#parts;
    const options = { start, limit: itemsAtOnce, late: this.#clock() };
    const { next } = storage.transaction((transaction) =>
      storage.backups.copyPiece(transaction, backup, options),
    );
    const label = `backup ${backup.name} is copied`;
    if (next !== undefined) {
      this.#later(label, () => this.#copyFrom(backup, next));
      return;
    }
    const copied = { ...backup, copied: true };
    storage.backups.replace(copied);
    this.#countFrom(copied, undefined);
  }

  #countFrom(backup: StoredBackup, start: Buffer | undefined): void {
    const { storage } = this.#parts;
    const options = { start, limit: itemsAtOnce, late: this.#clock() };
    const { next, items, bytes } = storage.transaction((transaction) =>
      storage.backups.countPiece(transaction, backup, options),
    );
    const counted = { ...backup, items: backup.items + items, bytes: backup.bytes + bytes };
    if (next !== undefined) {
      this.#later(`backup ${backup.name} is counted`, () => this.#countFrom(counted, next));
    } else storage.backups.replace({ ...counted, status: 'AVAILABLE' });
  }

  #restoreFrom(tableName: string, start: Buffer | undefined): void {
    const { catalog, storage, lifecycle } = this.#parts;
    const table = catalog.find(tableName);
    const restored = table?.restored;
    if (table === undefined || restored?.inProgress !== true) return;
    const backup = storage.backups.find(restored.backupArn);
    const last = backup && this.#restorePiece(table, backup, start);
    if (last !== undefined) {
      this.#later(`table ${tableName} is restored`, () => {
        this.#restoreFrom(tableName, nextKey(last));
      });
      return;
    }
    catalog.replace({ ...table, restored: { ...restored, inProgress: false } });
    lifecycle.settle(tableName);
  }

  /** The last key of the piece; undefined where nothing is behind it. */
  #restorePiece(
    table: StoredTable,
    backup: StoredBackup,
    start: Buffer | undefined,
  ): Buffer | undefined {
    const { storage, writer } = this.#parts;
    const late = this.#clock();
    return storage.transaction((transaction) => {
      const entries = storage.backups.itemsFrom(transaction, backup, table.id, start, itemsAtOnce);
      for (const { key, itemKey, json } of entries) {
        const previous = storage.readRecord(transaction, itemKey);
        writer.write(transaction, table, itemKey, previous, json, parseMap(json));
        if (late()) return key;
      }
      return entries.length === itemsAtOnce ? entries.at(-1)?.key : undefined;
    });
  }
}
