/**
 * Zips a directory on disk, the same bytes for the same files. Whether a zip is needed at all is
 * decided in `deploy.ts`.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ZipEntry, zipOf } from '../../stdx/zip-writer.ts';

/** Links are followed, as the CDK does when it stages an asset. */
export async function zipDirectory(directory: string): Promise<Uint8Array> {
  const files = new Map<string, ZipEntry>();
  for (const name of await readdir(directory, { recursive: true })) {
    const path = join(directory, name);
    const found = await stat(path);
    if (!found.isFile()) continue;
    const executable = (found.mode & 0o111) !== 0;
    files.set(name.replaceAll('\\', '/'), { bytes: await readFile(path), executable });
  }
  return zipOf(files);
}
