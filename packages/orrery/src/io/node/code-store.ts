/**
 * The code of functions on disk, one directory per digest. Owns those directories.
 *
 * Invariants:
 *  1. A directory under its final name is whole: it was filled under another one and renamed.
 *  2. No file lands outside its directory, whatever its name says.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { StorageError } from '../io.ts';
import { adviceFor } from './directory-lock.ts';
import type { Durability } from './storage.ts';

/** A name that stays inside: relative, without a way up. Throws `StorageError` for any other. */
function safeName(name: string): string {
  const normal = normalize(name);
  const escapes =
    name === '' ||
    name.includes('\0') ||
    name.includes('\\') ||
    isAbsolute(normal) ||
    normal.split('/').some((part) => part === '..');
  if (escapes)
    throw new StorageError(`a file of a package may not be named ${JSON.stringify(name)}`);
  return normal;
}

/** A digest may be base64; as a directory name it has no `/`. */
function directoryOf(root: string, digest: string): string {
  return join(
    root,
    digest.replace(/[^A-Za-z0-9_-]/g, (one) => `.${one.charCodeAt(0).toString(16)}`),
  );
}

/** Puts the files on disk unless that digest is there already; returns their directory. */
export async function materialize(
  root: string,
  digest: string,
  files: ReadonlyMap<string, Uint8Array>,
  durability: Durability,
): Promise<string> {
  const directory = directoryOf(root, digest);
  const names = [...files.keys()].map(safeName);
  if (existsSync(directory)) return directory;
  const draft = `${directory}.${randomUUID()}.draft`;
  try {
    await mkdir(draft, { recursive: true, mode: 0o700 });
    for (const [index, content] of [...files.values()].entries()) {
      const path = join(draft, names[index] ?? '');
      await mkdir(dirname(path), { recursive: true });
      // A map of names to bytes has no modes: all may be run, as an executable bootstrap must be.
      const file = await open(path, 'w', 0o755);
      try {
        await file.writeFile(content);
        if (durability === 'disk') await file.sync();
      } finally {
        await file.close();
      }
    }
    await rename(draft, directory);
    return directory;
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    // Somebody else was faster with the same digest, hence with the same files.
    if (existsSync(directory)) return directory;
    const reason = error instanceof Error ? error.message : String(error);
    throw new StorageError(`cannot write the code ${directory}: ${reason}. ${adviceFor(error)}`);
  }
}
