/**
 * Owns: the work behind backups, in pieces between which requests come: copying, counting, removing,
 * and filling restored tables.
 *
 *  K1  A piece is a transaction of its own, as long as a turn (`turns.ts`).
 *  K2  What a restart interrupts starts anew; every piece can be done twice.
 *  K3  A restored table is CREATING until all of its items are there.
 */
import type { StoredBackup } from '../storage/backup-log.ts';
import type { LocalWriter } from '../storage/local-writer.ts';
import type { StoredTable } from '../storage/stored-table.ts';
import type { TableCatalog } from '../storage/table-catalog.ts';
import type { TableStorage } from '../storage/table-storage.ts';
import type { Turn, Turns } from '../turns.ts';
import { parseMap } from '../values/attribute-value.ts';
import type { Lifecycle } from './lifecycle.ts';

export interface BackupKeeper {
  /** Makes a backup whole. */
  copy(backup: StoredBackup): void;
  /** Removes the items of a deleted backup, then itself. */
  remove(backup: StoredBackup): void;
  /** Fills a table that is being restored. */
  restore(tableName: string): void;
  isRestoring(backup: StoredBackup): boolean;
  resume(): void;
}

interface Parts {
  readonly turns: Turns;
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

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  copy(backup: StoredBackup): void {
    this.#now((turn) => {
      if (backup.copied) this.#countFrom(backup, turn, undefined);
      else this.#copyFrom(backup, turn, undefined);
    });
  }

  remove(backup: StoredBackup): void {
    this.#now((turn) => this.#remove(backup, turn));
  }

  restore(tableName: string): void {
    this.#now((turn) => this.#restoreFrom(tableName, turn, undefined));
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

  /** The first piece is part of the request. */
  #now(run: (turn: Turn) => void): void {
    const turn = this.#parts.turns.begin();
    run(turn);
    turn.end();
  }

  #remove(backup: StoredBackup, turn: Turn): void {
    const { turns, storage } = this.#parts;
    if (storage.backups.purge(backup, turn)) {
      turns.add(`backup ${backup.name} is removed`, (next) => this.#remove(backup, next));
    } else storage.backups.forget(backup);
  }

  #copyFrom(backup: StoredBackup, turn: Turn, start: Buffer | undefined): void {
    const { turns, storage } = this.#parts;
    const { next } = storage.transaction((transaction) =>
      storage.backups.copyPiece(transaction, backup, { start, turn }),
    );
    if (next !== undefined) {
      const label = `backup ${backup.name} is copied`;
      turns.add(label, (another) => this.#copyFrom(backup, another, next));
      return;
    }
    const copied = { ...backup, copied: true };
    storage.backups.replace(copied);
    this.#countFrom(copied, turn, undefined);
  }

  #countFrom(backup: StoredBackup, turn: Turn, start: Buffer | undefined): void {
    const { turns, storage } = this.#parts;
    const { next, items, bytes } = storage.transaction((transaction) =>
      storage.backups.countPiece(transaction, backup, { start, turn }),
    );
    const counted = { ...backup, items: backup.items + items, bytes: backup.bytes + bytes };
    if (next !== undefined) {
      const label = `backup ${backup.name} is counted`;
      turns.add(label, (another) => this.#countFrom(counted, another, next));
    } else storage.backups.replace({ ...counted, status: 'AVAILABLE' });
  }

  #restoreFrom(tableName: string, turn: Turn, start: Buffer | undefined): void {
    const { turns, catalog, storage, lifecycle } = this.#parts;
    const table = catalog.find(tableName);
    const restored = table?.restored;
    if (table === undefined || restored?.inProgress !== true) return;
    const backup = storage.backups.find(restored.backupArn);
    const next = backup && this.#restorePiece(table, backup, turn, start);
    if (next !== undefined) {
      const label = `table ${tableName} is restored`;
      turns.add(label, (another) => this.#restoreFrom(tableName, another, next));
      return;
    }
    catalog.replace({ ...table, restored: { ...restored, inProgress: false } });
    lifecycle.settle(tableName);
  }

  /** Where the next piece starts; undefined where nothing is left. */
  #restorePiece(
    table: StoredTable,
    backup: StoredBackup,
    turn: Turn,
    start: Buffer | undefined,
  ): Buffer | undefined {
    const { storage, writer } = this.#parts;
    return storage.transaction((transaction) => {
      const options = { start, turn };
      const write = (key: Buffer, json: string): void => {
        const previous = storage.readRecord(transaction, key);
        writer.write(transaction, table, key, previous, json, parseMap(json));
      };
      return storage.backups.readPiece(transaction, backup, table.id, options, write).next;
    });
  }
}
