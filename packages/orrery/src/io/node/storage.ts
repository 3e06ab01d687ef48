/**
 * Ordered bytes on disk, on LMDB: one environment per store, keys as they are, values as UTF-8.
 * Owns the choice of flags and what a failing disk is called. Refuses to own what is stored.
 *
 * Invariants:
 *  1. A commit is in the kernel's page cache when `transaction` returns, so it survives the death
 *     of this process, whole (I3); LMDB turns to a new tree with its last write. What is `grouped` is
 *     committed once the events at hand are dealt with, or before the first range or transaction
 *     after it; until then this object shows it.
 *  2. With durability `disk`, pages are synced before the tree that names them is written, so a
 *     power failure at any instant leaves a tree that is whole; `flushed` syncs that tree too.
 *  3. With durability `process`, nothing waits for the disk; a sync follows in the background. A
 *     power failure may undo, or in the worst case spoil, what that sync had not reached.
 *  4. The kernel reads the pages that are asked for and no more: neighbours in key order stand anywhere
 *     in the file. With its own notion of what comes next (8 MB a page here) reads beside a Scan of a
 *     file that is not in memory waited for up to 1.8 s, without for 0.1; the Scan itself takes
 *     three to four times as long then.
 *
 * Measured on two cores, 1 KB values, one put per transaction, µs of CPU each: `noSync` 8.1 (127k/s),
 * with `useWritemap` 4.8, `overlappingSync` (LMDB's default here) 105 (4k/s, a flush per commit),
 * synced data 67 (6.6k/s), synced data and tree 99 (4.6k/s). So `process` is `noSync` and `disk` is
 * `noMetaSync` with a sync of the tree per group. Not `useWritemap`, although faster: a full disk then
 * is SIGBUS instead of an error, and writes reach the file out of order while a transaction runs.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { assert } from '../../stdx/assert.ts';
import {
  type Entry,
  type EntryView,
  type RangeOptions,
  type Storage,
  StorageError,
  type Store,
  type ValueView,
  type WriteTransaction,
} from '../io.ts';
import { adviceFor, lockDirectory } from './directory-lock.ts';
import { EntryCodec } from './entry-codec.ts';
import { checkHeader } from './lmdb-header.ts';
import { assertKey, type GroupedWrite, viewOf, WriteGroup } from './write-group.ts';

export type Durability = 'process' | 'disk';

/** How long a commit stays unsynced at most with durability `process`. */
const BACKGROUND_SYNC_MS = 1_000;

export interface OwnedStorage extends Storage {
  /** Closes every store and gives the directory back. */
  close(): Promise<void>;
}

interface Database extends RootDatabase<string, Uint8Array> {
  /** Not in LMDB's declarations: syncs all that is committed, off this thread. */
  sync(done: (error: unknown) => void): void;
  /** Nor that it takes the key as bytes. The buffer is LMDB's own; its `length` is the value's. */
  getBinaryFast(key: Uint8Array): Buffer | undefined;
}

interface OpenDatabase {
  readonly database: Database;
  readonly codec: EntryCodec;
}

class LmdbStore implements Store {
  readonly #database: Database;
  readonly #codec: EntryCodec;
  readonly #name: string;
  readonly #durability: Durability;
  readonly #onClose: () => void;
  readonly #writer: WriteTransaction;
  readonly #group = new WriteGroup();
  readonly #undone: (() => void)[] = [];
  /** Why a group that was written in these moments could not be committed. */
  #failure: unknown;
  #inTransaction = false;
  #closed = false;
  #syncTimer: NodeJS.Timeout | undefined;
  #sync: Promise<void> | undefined;
  #nextSync: Promise<void> | undefined;
  /** Whether anything was committed since the last sync began. */
  #dirty = false;

  constructor(
    { database, codec }: OpenDatabase,
    name: string,
    durability: Durability,
    onClose: () => void,
  ) {
    this.#database = database;
    this.#codec = codec;
    this.#name = name;
    this.#durability = durability;
    this.#onClose = onClose;
    this.#writer = {
      get: (key) => this.get(key),
      view: (key) => this.view(key),
      range: (options) => this.range(options),
      visit: (options, visit) => this.visit(options, visit),
      put: (key, value) => {
        assert(this.#inTransaction, 'a transaction is over when its function returns');
        assertKey(key);
        this.#database.put(key, value);
      },
      delete: (key) => {
        assert(this.#inTransaction, 'a transaction is over when its function returns');
        assertKey(key);
        this.#database.remove(key);
      },
    };
  }

  get(key: Uint8Array): string | undefined {
    assertKey(key);
    const write = this.#group.find(key);
    return write === undefined ? this.#database.get(key) : write.value;
  }

  view(key: Uint8Array): ValueView | undefined {
    assertKey(key);
    const write = this.#group.find(key);
    if (write !== undefined) return viewOf(write.value);
    const bytes = this.#database.getBinaryFast(key);
    return bytes === undefined ? undefined : this.#codec.show(bytes);
  }

  visit(options: RangeOptions, visit: (entry: EntryView) => boolean): void {
    const codec = this.#codec;
    const entries = this.range(options)[Symbol.iterator]();
    try {
      for (;;) {
        codec.lends = true;
        const { done } = entries.next();
        codec.lends = false;
        if (done === true || !visit(codec.entry)) return;
      }
    } finally {
      codec.lends = false;
      entries.return?.();
    }
  }

  range({ start, end, reverse = false, limit }: RangeOptions): Iterable<Entry> {
    if (limit === 0 || Buffer.compare(start, end) >= 0) return [];
    this.#commitGroup();
    const from = start.length === 0 ? undefined : start;
    const bounds = reverse
      ? { start: end, end: from, exclusiveStart: true, inclusiveEnd: true }
      : { start: from, end };
    return this.#database.getRange({
      ...bounds,
      reverse,
      ...(limit === undefined ? {} : { limit }),
    } as Parameters<Database['getRange']>[0]) as Iterable<Entry>;
  }

  transaction<T>(run: (transaction: WriteTransaction) => T): T {
    assert(!this.#inTransaction, 'transactions do not nest');
    assert(!this.#closed, `the store ${this.#name} is closed`);
    this.#commitGroup();
    let result: T | undefined;
    let committing = false;
    this.#inTransaction = true;
    try {
      // The result does not pass through LMDB, which would wait for a promise.
      this.#database.transactionSync(() => {
        result = run(this.#writer);
        assert(!(result instanceof Promise), 'a transaction must not be asynchronous');
        this.#inTransaction = false;
        committing = true;
      });
    } catch (error) {
      throw committing ? writeError(this.#name, error) : error;
    } finally {
      this.#inTransaction = false;
    }
    this.#committed();
    return result as T;
  }

  grouped<T>(run: (transaction: WriteTransaction) => T): T {
    assert(!this.#inTransaction, 'transactions do not nest');
    assert(!this.#closed, `the store ${this.#name} is closed`);
    this.#inTransaction = true;
    try {
      const isFirst = this.#group.isEmpty;
      const result = this.#group.run(this, run);
      // Once the requests that have come are all in it.
      if (isFirst && !this.#group.isEmpty) setImmediate(() => this.#commitGroup());
      return result;
    } finally {
      this.#inTransaction = false;
    }
  }

  onUndone(listener: () => void): void {
    this.#undone.push(listener);
  }

  #commitGroup(): void {
    if (this.#group.isEmpty) return;
    const failure = this.#group.commit(
      (writes) => this.#write(writes),
      () => {
        for (const listener of this.#undone) listener();
      },
    );
    if (failure === undefined) {
      this.#committed();
      return;
    }
    // Who has written and not asked yet shall not be told that it is there.
    this.#failure = failure;
    setImmediate(() => {
      this.#failure = undefined;
    });
  }

  #write(writes: Iterable<GroupedWrite>): void {
    const database = this.#database;
    try {
      database.transactionSync(() => {
        for (const { key, value } of writes) {
          if (value === undefined) database.remove(key);
          else database.put(key, value);
        }
      });
    } catch (error) {
      throw writeError(this.#name, error);
    }
  }

  #committed(): void {
    this.#dirty = true;
    if (this.#durability === 'process' && this.#syncTimer === undefined) this.#armSync();
  }

  #armSync(): void {
    this.#syncTimer = setTimeout(() => {
      this.#syncTimer = undefined;
      // A failing background sync will be seen by the next commit or at close.
      if (!this.#closed) this.#syncNow().catch(() => {});
    }, BACKGROUND_SYNC_MS);
    this.#syncTimer.unref();
  }

  flushed(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (!this.#group.isEmpty) {
      const committed = this.#group.committed();
      return this.#durability === 'process' ? committed : committed.then(() => this.flushed());
    }
    if (this.#durability === 'process') return settled;
    // Nothing was committed since the last sync began: readers ask, too, and must not pay for one.
    if (!this.#dirty) return this.#sync ?? settled;
    // A sync that is under way may have begun before the last commit: join the one after it.
    if (this.#sync === undefined) return this.#syncNow();
    this.#nextSync ??= this.#sync
      .catch(() => {})
      .then(() => {
        this.#nextSync = undefined;
        return this.#syncNow();
      });
    return this.#nextSync;
  }

  #syncNow(): Promise<void> {
    this.#dirty = false;
    const sync = new Promise<void>((resolve, reject) => {
      this.#database.sync((error: unknown) => {
        if (error) {
          this.#dirty = true;
          reject(writeError(this.#name, error));
        } else resolve();
      });
    }).finally(() => {
      if (this.#sync === sync) this.#sync = undefined;
    });
    this.#sync = sync;
    return sync;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#commitGroup();
    this.#closed = true;
    clearTimeout(this.#syncTimer);
    try {
      await this.#sync?.catch(() => {});
      await this.#syncNow();
      await this.#database.close();
    } finally {
      this.#onClose();
    }
  }
}

const settled = Promise.resolve();

function writeError(name: string, error: unknown): StorageError {
  const reason = error instanceof Error ? error.message : String(error);
  const advice = /space|quota/i.test(reason) ? adviceFor({ code: 'ENOSPC' }) : adviceFor(error);
  return new StorageError(`cannot write the store ${name}: ${reason}. ${advice}`);
}

/** Why an environment does not open, and what to do about it. */
function openError(path: string, error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new StorageError(`cannot open the store ${path}: ${reason}. ${adviceFor(error)}`);
}

/** Throws `StorageError` for a file that LMDB must not be shown. */
function refuseUnsound(path: string): void {
  const state = checkHeader(join(path, 'data.mdb'));
  const restart = 'or delete that directory to start empty';
  if (state === 'damaged') {
    throw new StorageError(`the store ${path} is damaged. Restore it from a copy, ${restart}.`);
  }
  if (state === 'other version') {
    throw new StorageError(
      `the store ${path} has another version of the format. Open it with the version of Orrery that wrote it, ${restart}.`,
    );
  }
}

/** A directory name for a store name of any characters. */
function directoryName(name: string): string {
  return encodeURIComponent(name).replace(/[.*]/g, (one) => `%${one.charCodeAt(0).toString(16)}`);
}

function openDatabase(path: string, durability: Durability): OpenDatabase {
  const sync = durability === 'disk' ? { noMetaSync: true } : { noSync: true };
  // Not in LMDB's declarations either.
  const readAhead = { noReadAhead: true };
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    refuseUnsound(path);
    const codec = new EntryCodec();
    const { keyEncoder, encoder } = codec;
    const database = open<string, Uint8Array>({
      path,
      noSubdir: false,
      ...{ keyEncoder, encoder },
      overlappingSync: false,
      ...readAhead,
      ...sync,
    });
    return { database: database as Database, codec };
  } catch (error) {
    throw openError(path, error);
  }
}

/** The stores of one process of the cloud, below `directory`, which is locked at the first use. */
export function createStorage(directory: string, id: string, durability: Durability): OwnedStorage {
  const stores = new Map<string, LmdbStore>();
  let unlock: (() => void) | undefined;
  return {
    open: async (name) => {
      unlock ??= lockDirectory(directory, id);
      if (stores.has(name)) throw new StorageError(`the store ${name} is open already`);
      const opened = openDatabase(join(directory, directoryName(name)), durability);
      const store = new LmdbStore(opened, name, durability, () => stores.delete(name));
      stores.set(name, store);
      return store;
    },
    close: async () => {
      await Promise.all([...stores.values()].map((store) => store.close()));
      unlock?.();
      unlock = undefined;
    },
  };
}
