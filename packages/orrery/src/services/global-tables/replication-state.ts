/**
 * Owns: what global tables keeps over a restart: members, cursors, changes of membership under way.
 * Refuses to own: items and change logs (DynamoDB's store).
 *
 *  K1  A cursor may be behind what was acknowledged, never ahead: after a restart a little is sent
 *      again, nothing is left out. So cursors are saved together and late.
 *  K2  Members and jobs are on disk before anybody is told (`flushed`).
 */
import type { Io, Store, Timer } from '../../io/io.ts';
import type { HlcTimestamp } from '../dynamodb/api.ts';
import type { Member } from './api.ts';

export interface Cursor {
  /** The peer has every change up to here. */
  readonly sequence: number;
  /** And every own write stamped at or below this. */
  readonly stamped: HlcTimestamp;
}

/** A change of membership that this region carries out. */
export interface Job {
  readonly kind: 'add' | 'remove';
  readonly tableName: string;
  readonly target: string;
}

export interface ReplicationState {
  tables(): readonly string[];
  members(tableName: string): readonly Member[];
  saveMembers(tableName: string, members: readonly Member[]): Promise<void>;
  cursor(tableName: string, peer: string): Cursor;
  saveCursor(tableName: string, peer: string, cursor: Cursor): void;
  /** The next time the peer starts from the beginning of what is kept. */
  dropCursor(tableName: string, peer: string): void;
  job(tableName: string): Job | undefined;
  jobs(): readonly Job[];
  saveJob(job: Job): Promise<void>;
  /** Nothing happens where another job has taken its place. */
  dropJob(job: Job): Promise<void>;
  close(): Promise<void>;
}

const saveCursorsAfterMs = 100;
const startCursor: Cursor = { sequence: 0, stamped: '0000000000000000' };

/** Opens this process's own store of that name and reads all of it. */
export async function openReplicationState(
  io: Pick<Io, 'storage' | 'timers'>,
): Promise<ReplicationState> {
  const store = await io.storage.open('global-tables');
  const members = readAll<readonly Member[]>(store, 'member/');
  const cursors = readAll<Cursor>(store, 'cursor/');
  const jobs = readAll<Job>(store, 'job/');
  const unsaved = new Set<string>();
  let timer: Timer | undefined;

  function put(kind: string, name: string, value: unknown): void {
    store.transaction((tx) => tx.put(keyOf(kind + name), JSON.stringify(value)));
  }
  function saveCursors(): void {
    timer = undefined;
    store.transaction((tx) => {
      for (const name of unsaved)
        tx.put(keyOf(`cursor/${name}`), JSON.stringify(cursors.get(name)));
    });
    unsaved.clear();
  }

  return {
    tables: () => [...members.keys()].sort(),
    members: (tableName) => members.get(tableName) ?? [],
    async saveMembers(tableName, next) {
      members.set(tableName, next);
      put('member/', tableName, next);
      await store.flushed();
    },
    cursor: (tableName, peer) => cursors.get(`${tableName}/${peer}`) ?? startCursor,
    saveCursor(tableName, peer, cursor) {
      const name = `${tableName}/${peer}`;
      cursors.set(name, cursor);
      unsaved.add(name);
      timer ??= io.timers.after(saveCursorsAfterMs, 'global-tables.save-cursors', saveCursors);
    },
    dropCursor(tableName, peer) {
      const name = `${tableName}/${peer}`;
      cursors.delete(name);
      unsaved.delete(name);
      store.transaction((tx) => tx.delete(keyOf(`cursor/${name}`)));
    },
    job: (tableName) => jobs.get(tableName),
    jobs: () => [...jobs.values()],
    async saveJob(job) {
      jobs.set(job.tableName, job);
      put('job/', job.tableName, job);
      await store.flushed();
    },
    async dropJob(job) {
      const { tableName } = job;
      if (jobs.get(tableName) !== job) return;
      jobs.delete(tableName);
      store.transaction((tx) => tx.delete(keyOf(`job/${tableName}`)));
      await store.flushed();
    },
    async close() {
      timer?.cancel();
      saveCursors();
      await store.flushed();
      await store.close();
    },
  };
}

function readAll<T>(store: Store, prefix: string): Map<string, T> {
  const found = new Map<string, T>();
  const range = { start: keyOf(prefix), end: keyOf(`${prefix}\u{10ffff}`) };
  for (const { key, value } of store.range(range)) {
    const name = Buffer.from(key).toString('utf8').slice(prefix.length);
    found.set(name, JSON.parse(value) as T);
  }
  return found;
}

function keyOf(name: string): Uint8Array {
  return Buffer.from(name, 'utf8');
}
