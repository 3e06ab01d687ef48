/**
 * Owns: reading a zip file into memory within bounds, on fflate.
 * Refuses to own: what the files are for, and writing zips.
 *
 * Z1  No more than `maxBytes` are unpacked, whatever the directory of the file claims.
 * Z2  A name never leads out of the folder it is unpacked into: no `..`, no absolute path.
 * Z3  Folders and symbolic links are not made: entries are plain files with their bytes.
 */
import { unzipSync } from 'fflate';

export type ZipFault = 'empty' | 'corrupt' | 'too-large' | 'too-many-entries' | 'unsafe-name';

/** The file is not a zip that may be unpacked. */
export class ZipError extends Error {
  readonly fault: ZipFault;
  constructor(fault: ZipFault, detail: string) {
    super(detail);
    this.name = 'ZipError';
    this.fault = fault;
  }
}

export interface ZipLimits {
  readonly maxBytes: number;
  readonly maxEntries: number;
}

/** Files by their path with `/` between folders. Throws `ZipError`. */
export function unzip(zip: Uint8Array, limits: ZipLimits): Map<string, Uint8Array> {
  if (zip.length === 0) throw new ZipError('empty', 'the file is empty');
  if (zip.length < 22) throw new ZipError('corrupt', 'shorter than any zip file');
  let bytes = 0;
  let entries = 0;
  const filter = (file: { name: string; originalSize: number; size: number }): boolean => {
    entries += 1;
    if (entries > limits.maxEntries) throw new ZipError('too-many-entries', `over ${entries - 1}`);
    // A stored entry is as long as it says it is packed: count the larger claim.
    bytes += Math.max(file.originalSize, 0);
    if (bytes > limits.maxBytes) throw new ZipError('too-large', `over ${limits.maxBytes} bytes`);
    if (file.name.endsWith('/')) return false;
    if (!isSafeName(file.name)) throw new ZipError('unsafe-name', file.name);
    return true;
  };
  let unpacked: Record<string, Uint8Array>;
  try {
    unpacked = unzipSync(zip, { filter });
  } catch (error) {
    if (error instanceof ZipError) throw error;
    throw new ZipError('corrupt', error instanceof Error ? error.message : String(error));
  }
  const files = new Map(Object.entries(unpacked));
  if (files.size === 0) throw new ZipError('empty', 'no file in it');
  return files;
}

/** Whether a path stays below the folder that it is relative to. */
export function isSafeName(name: string): boolean {
  if (name === '' || name.length > 1024 || /[\0\\]/.test(name)) return false;
  if (name.startsWith('/') || /^[A-Za-z]:/.test(name)) return false;
  return name.split('/').every((part) => part !== '..' && part !== '.' && part !== '');
}
