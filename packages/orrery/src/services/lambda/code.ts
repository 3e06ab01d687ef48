/**
 * Owns: the code of functions: checked zip files, durable in the store by digest, and their files
 * on disk through `io.processes`.
 * Refuses to own: which function uses which code.
 *
 * C1  What is stored can be unpacked: it was, within bounds, before it was stored.
 * C2  A zip file is stored once per digest, in chunks, and dropped when no function names it.
 */
import type { Io, Store } from '../../io/io.ts';
import { assert } from '../../stdx/assert.ts';
import { sha256Base64, sha256Hex } from '../../stdx/digest.ts';
import { prefixRange, textKey } from '../../stdx/text-keys.ts';
import { unzip, ZipError } from '../../stdx/zip.ts';
import { invalidParameter } from './errors.ts';

/** Unzipped, layers included. */
const unzippedBytesMax = 262_144_000;
const entriesMax = 100_000;
const zipBytesMax = 52_428_800;
const chunkBytes = 393_216;

export interface CheckedCode {
  readonly digest: string;
  readonly sha256: string;
  readonly size: number;
  readonly zip: Uint8Array;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** Unpacks and measures a zip file. Throws AWS's errors for what Lambda does not take. */
export function checkZip(zip: Uint8Array, viaS3: boolean): CheckedCode {
  if (!viaS3 && zip.length > zipBytesMax) {
    throw invalidParameter(
      `Request must be smaller than ${Math.ceil((zipBytesMax * 4) / 3)} bytes for the ` +
        'CreateFunction operation',
    );
  }
  try {
    const files = unzip(zip, { maxBytes: unzippedBytesMax, maxEntries: entriesMax });
    return {
      digest: sha256Hex(zip),
      sha256: sha256Base64(zip),
      size: zip.length,
      zip,
      files,
    };
  } catch (error) {
    if (!(error instanceof ZipError)) throw error;
    throw invalidParameter(zipMessage(error));
  }
}

function zipMessage(error: ZipError): string {
  switch (error.fault) {
    case 'empty':
      return 'Uploaded file must be a non-empty zip';
    case 'too-large':
      return `Unzipped size must be smaller than ${unzippedBytesMax} bytes`;
    case 'too-many-entries':
      return `The zip file holds more than ${entriesMax} files`;
    case 'unsafe-name':
      return `Could not unzip uploaded file: the path ${JSON.stringify(error.message)} leads out of it`;
    case 'corrupt':
      return 'Could not unzip uploaded file. Please check your file, then try to upload again.';
  }
}

export class CodeStore {
  readonly #io: Io;
  readonly #store: Store;
  readonly #directories = new Map<string, Promise<string>>();

  constructor(io: Io, store: Store) {
    this.#io = io;
    this.#store = store;
  }

  /** Puts the files on disk. Rejects where the disk refuses; nothing is stored by then. */
  async unpack(code: CheckedCode): Promise<void> {
    if (this.#directories.has(code.digest)) return;
    const directory = await this.#io.processes.materialize(code.digest, code.files);
    this.#directories.set(code.digest, Promise.resolve(directory));
  }

  /** Stores a zip file unless it is there. Durable once the store is flushed. */
  put(code: CheckedCode): void {
    if (this.#store.get(textKey(chunkKey(code.digest, 0))) !== undefined) return;
    this.#store.transaction((transaction) => {
      for (let at = 0, n = 0; at < code.zip.length; at += chunkBytes, n += 1) {
        const chunk = code.zip.subarray(at, at + chunkBytes);
        const text = Buffer.from(chunk).toString('base64');
        transaction.put(textKey(chunkKey(code.digest, n)), text);
      }
    });
  }

  /** The zip file as it was uploaded. */
  read(digest: string): Uint8Array {
    const parts: Uint8Array[] = [];
    for (const { value } of this.#store.range(prefixRange(`code/${digest}/`))) {
      parts.push(Buffer.from(value, 'base64'));
    }
    assert(parts.length > 0, `no code ${digest} in the store`);
    return Buffer.concat(parts);
  }

  /** The directory that the code lies unpacked in. */
  directory(digest: string): Promise<string> {
    const held = this.#directories.get(digest);
    if (held !== undefined) return held;
    const limits = { maxBytes: unzippedBytesMax, maxEntries: entriesMax };
    const made = this.#io.processes.materialize(digest, unzip(this.read(digest), limits));
    this.#directories.set(digest, made);
    // A disk that refused once may not refuse the next time.
    made.catch(() => this.#directories.delete(digest));
    return made;
  }

  /** Drops code that no function names any more. */
  drop(digest: string): void {
    this.#directories.delete(digest);
    this.#store.transaction((transaction) => {
      const keys = [...transaction.range(prefixRange(`code/${digest}/`))].map((entry) => entry.key);
      for (const key of keys) transaction.delete(key);
    });
  }
}

function chunkKey(digest: string, n: number): string {
  return `code/${digest}/${String(n).padStart(6, '0')}`;
}
