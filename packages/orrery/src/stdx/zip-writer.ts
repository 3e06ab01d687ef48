/**
 * Owns: writing zip files, the same bytes for the same files: names in order, one date, one mode.
 * Refuses to own reading them (`zip.ts`).
 */
import { type Zippable, zipSync } from 'fflate';

export interface ZipEntry {
  readonly bytes: Uint8Array;
  readonly executable: boolean;
}

/** The earliest date that the format can hold. */
const date = new Date(1980, 0, 1);
const unix = 3;

/** A zip of files by their path, with `/` between folders. */
export function zipOf(files: ReadonlyMap<string, ZipEntry>): Uint8Array {
  const entries: Zippable = {};
  for (const [name, { bytes, executable }] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const attributes = (executable ? 0o100755 : 0o100644) * 2 ** 16;
    entries[name] = [bytes, { mtime: date, os: unix, attrs: attributes }];
  }
  return zipSync(entries, { level: 6 });
}
