/**
 * Owns: on-demand backups in the store: their descriptions, and their items as they were.
 * Refuses to own: when pieces are copied (`control-plane/backup-keeper.ts`), what clients see.
 *
 *  B1  A backup holds the items of one instant, although it is copied in pieces while the table is
 *      written: whoever writes an item first keeps what was there before, if the backup has not yet
 *      got it. What a backup has of a key is never replaced.
 *  B2  An empty text says that there was no item: it keeps a later copy from taking one. It is gone
 *      once the backup is whole.
 *  B3  A piece can be done twice: after a restart copying starts anew and skips what is there.
 */
import type { ReadTransaction, Store, WriteTransaction } from '../../../io/io.ts';
import { itemOfRecord } from '../replication/version.ts';
import type { Turn } from '../turns.ts';
import { after, type KeyRange, spaces, tableRange, textKey } from './key-encoding.ts';
import type { StoredTable } from './stored-table.ts';
import { clear, walk } from './walk.ts';

export interface StoredBackup {
  readonly id: number;
  readonly arn: string;
  readonly name: string;
  readonly status: 'CREATING' | 'AVAILABLE' | 'DELETED';
  readonly createdMs: number;
  /** All items have their copy: nobody keeps any for it any more. */
  readonly copied: boolean;
  readonly bytes: number;
  readonly items: number;
  /** The table as it was. */
  readonly table: StoredTable;
}

/** How far a piece came. */
export interface Piece {
  /** Where the next one starts; undefined where nothing is left. */
  readonly next: Buffer | undefined;
  readonly items: number;
  readonly bytes: number;
}

export interface PieceOptions {
  readonly start: Buffer | undefined;
  /** How long a piece may take. */
  readonly turn: Turn;
}

export interface BackupLog {
  /** In the order in which they were made, deleted ones left out. */
  list(): readonly StoredBackup[];
  find(arn: string): StoredBackup | undefined;
  /** Also those that are deleted while their items are still there. */
  all(): readonly StoredBackup[];
  create(build: (id: number) => StoredBackup): StoredBackup;
  replace(backup: StoredBackup): void;
  forget(backup: StoredBackup): void;
  /** Whether a backup of the table is being copied. */
  isCopying(tableId: number): boolean;
  /** Before an item is written: keeps what is there for the backups that need it. */
  preserve(
    transaction: WriteTransaction,
    tableId: number,
    itemKey: Uint8Array,
    previous: string | undefined,
  ): void;
  /** Copies items of the table that the backup has not got. */
  copyPiece(transaction: WriteTransaction, backup: StoredBackup, options: PieceOptions): Piece;
  /** Counts what the backup holds, and removes what says that there was no item. */
  countPiece(transaction: WriteTransaction, backup: StoredBackup, options: PieceOptions): Piece;
  /** Visits items of the backup, by the keys that they would have in that table. */
  readPiece(
    transaction: ReadTransaction,
    backup: StoredBackup,
    tableId: number,
    options: PieceOptions,
    visit: (itemKey: Buffer, json: string) => void,
  ): Piece;
  /** Removes some items of the backup; false once nothing is left. */
  purge(backup: StoredBackup, turn: Turn): boolean;
}

export function openBackupLog(store: Store): BackupLog {
  const backups = new Map<number, StoredBackup>();
  /** By table; mostly empty, which is what every write asks first. */
  const copying = new Map<number, StoredBackup[]>();
  const put = (transaction: WriteTransaction, backup: StoredBackup): void =>
    transaction.put(backupKey(backup), JSON.stringify(backup));
  const gather = (): void => {
    copying.clear();
    for (const backup of backups.values()) {
      if (backup.status !== 'CREATING' || backup.copied) continue;
      copying.set(backup.table.id, [...(copying.get(backup.table.id) ?? []), backup]);
    }
  };
  for (const { value } of store.range(textRange(spaces.backups))) {
    const backup = JSON.parse(value) as StoredBackup;
    backups.set(backup.id, backup);
  }
  gather();

  const remember = (backup: StoredBackup): void => {
    backups.set(backup.id, backup);
    gather();
  };
  const all = (): StoredBackup[] => [...backups.values()].sort((a, b) => a.id - b.id);
  return {
    all,
    list: () => all().filter(({ status }) => status !== 'DELETED'),
    find: (arn) => all().find((one) => one.arn === arn && one.status !== 'DELETED'),
    create: (build) => {
      const backup = store.transaction((transaction) => {
        const counter = tableRange(spaces.backupItems, 0).start;
        const id = Number(transaction.get(counter) ?? '0') + 1;
        transaction.put(counter, String(id));
        const made = build(id);
        put(transaction, made);
        return made;
      });
      remember(backup);
      return backup;
    },
    replace: (backup) => {
      store.transaction((transaction) => put(transaction, backup));
      remember(backup);
    },
    forget: (backup) => {
      store.transaction((transaction) => transaction.delete(backupKey(backup)));
      backups.delete(backup.id);
      gather();
    },
    isCopying: (tableId) => copying.has(tableId),
    preserve: (transaction, tableId, itemKey, previous) => {
      if (copying.size === 0) return;
      for (const backup of copying.get(tableId) ?? []) {
        const key = rekeyed(itemKey, spaces.backupItems, backup.id);
        if (transaction.get(key) !== undefined) continue;
        transaction.put(key, previous === undefined ? '' : (itemOfRecord(previous) ?? ''));
      }
    },
    copyPiece: (transaction, backup, options) => {
      const range = tableRange(spaces.items, backup.table.id);
      return piece(transaction, range, options, (key, value) => {
        const copy = rekeyed(key, spaces.backupItems, backup.id);
        if (transaction.get(copy) === undefined) {
          transaction.put(copy, itemOfRecord(value) ?? '');
        }
      });
    },
    countPiece: (transaction, backup, options) =>
      piece(transaction, tableRange(spaces.backupItems, backup.id), options, (key, value) => {
        if (value === '') transaction.delete(key);
      }),
    readPiece: (transaction, backup, tableId, options, visit) =>
      piece(transaction, tableRange(spaces.backupItems, backup.id), options, (key, json) =>
        visit(rekeyed(key, spaces.items, tableId), json),
      ),
    purge: (backup, turn) =>
      store.transaction((transaction) =>
        clear(transaction, [tableRange(spaces.backupItems, backup.id)], turn),
      ),
  };
}

/** Goes over a turn's part of a range. */
function piece(
  transaction: ReadTransaction,
  range: KeyRange,
  { start, turn }: PieceOptions,
  visit: (key: Buffer, value: string) => void,
): Piece {
  let [items, bytes] = [0, 0];
  const next = walk(transaction, { ...range, start: start ?? range.start }, turn, (key, value) => {
    visit(key, value);
    if (value === '') return;
    items += 1;
    bytes += value.length;
  });
  return { next, items, bytes };
}

function backupKey({ id }: StoredBackup): Buffer {
  return textKey(spaces.backups, String(id));
}

/** The key of the same item in another table or backup. */
function rekeyed(key: Uint8Array, space: number, id: number): Buffer {
  const bytes = Buffer.from(key);
  bytes[0] = space;
  bytes.writeUInt32BE(id, 1);
  return bytes;
}

function textRange(space: number): KeyRange {
  const start = Buffer.from([space]);
  return { start, end: after(start) };
}
