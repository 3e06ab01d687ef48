/**
 * One live process per data directory: a lock file that names its holder. Owns that file; refuses
 * to own anything else in the directory.
 *
 * Invariants:
 *  1. A holder that died, by whatever means, holds nothing: its pid is gone, or belongs to a process
 *     that started at another time (pids are used again, in containers at once).
 *  2. Two processes that take over a dead holder's lock at once cannot both win: the file is made
 *     exclusively, after the stale one is moved aside.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { StorageError } from '../io.ts';

const LOCK_FILE = 'orrery.lock';
const heldHere = new Set<string>();

interface Holder {
  readonly pid: number;
  readonly startedAt: string;
  readonly id: string;
}

/** Fields 3 and later of `/proc/<pid>/stat`; the second, in parentheses, may hold blanks. */
function statOf(pid: number): readonly string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

/** What tells a process from a later one of the same pid; empty where the system does not say. */
const startOf = (pid: number): string => statOf(pid)[19] ?? '';

/** A process that has ended and whom its parent has not yet asked how holds nothing any more. */
const isZombie = (pid: number): boolean => /^[ZX]$/.test(statOf(pid)[0] ?? '');

function isAlive(holder: Holder): boolean {
  if (holder.pid === process.pid) return false;
  try {
    process.kill(holder.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  return startOf(holder.pid) === holder.startedAt && !isZombie(holder.pid);
}

function readHolder(path: string): Holder | undefined {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const { pid, startedAt, id } = parsed as Holder;
    if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
    return { pid, startedAt: String(startedAt), id: String(id) };
  } catch {
    // Unreadable or half written: no holder lives long in that state.
    return undefined;
  }
}

/** What to do about a system error, in words. */
export function adviceFor(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'EACCES' || code === 'EPERM') {
    return 'This user may not write there: change its permissions, or choose another data directory.';
  }
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return 'The disk is full: free some space, then start again.';
  if (code === 'ENOTDIR' || code === 'EEXIST') {
    return 'A file stands where a directory is needed: move it away, or choose another data directory.';
  }
  if (code === 'EROFS') return 'The file system is read-only: choose another data directory.';
  return 'Check the disk, or choose another data directory.';
}

function storageError(directory: string, error: unknown): StorageError {
  const reason = error instanceof Error ? error.message : String(error);
  return new StorageError(
    `cannot use the data directory ${directory}: ${reason}. ${adviceFor(error)}`,
  );
}

function tryTake(path: string, holder: Holder): boolean {
  try {
    writeFileSync(path, `${JSON.stringify(holder)}\n`, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Makes the directory and takes its lock for the process of that id; returns what gives it back.
 * Throws `StorageError` where another live process holds it, or the directory cannot be used.
 */
export function lockDirectory(directory: string, id: string): () => void {
  const path = join(resolve(directory), LOCK_FILE);
  const inUse = (by: string): StorageError =>
    new StorageError(
      `the data directory ${directory} is in use by ${by}. Stop that process, or choose another data directory.`,
    );
  if (heldHere.has(path)) throw inUse(`this very process (pid ${process.pid})`);
  const mine: Holder = { pid: process.pid, startedAt: startOf(process.pid), id };
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    for (let attempt = 0; attempt < 3; attempt++) {
      if (tryTake(path, mine)) {
        heldHere.add(path);
        return () => {
          if (heldHere.delete(path)) rmSync(path, { force: true });
        };
      }
      const holder = readHolder(path);
      if (holder !== undefined && isAlive(holder)) throw inUse(`${holder.id} (pid ${holder.pid})`);
      moveAside(path);
    }
  } catch (error) {
    throw error instanceof StorageError ? error : storageError(directory, error);
  }
  throw inUse('several processes that start at this moment');
}

/** Takes a stale lock away. Where another process was faster, there is nothing to take. */
function moveAside(path: string): void {
  const aside = `${path}.${process.pid}.stale`;
  try {
    renameSync(path, aside);
    rmSync(aside, { force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
