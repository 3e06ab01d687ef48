/**
 * How keys and values of LMDB become JavaScript's: keys as they are, values as UTF-8 texts; or, while
 * they are only lent, neither: LMDB copies each entry into buffers of its own, and one object shows
 * them. Owns that object. Refuses to own the store (`storage.ts`).
 *
 * Invariants:
 *  1. What is shown is right until LMDB reads anything else; the key also afterwards, until the next
 *     entry is shown.
 */
import type { EntryView, ValueView } from '../io.ts';

const KEY_BYTES_MAX = 1_978;

class Shown implements EntryView {
  bytes: Buffer = Buffer.alloc(0);
  length = 0;
  readonly keyBytes = Buffer.allocUnsafeSlow(KEY_BYTES_MAX);
  keyLength = 0;

  key(): Uint8Array {
    return Buffer.from(this.keyBytes.subarray(0, this.keyLength));
  }
}

export class EntryCodec {
  readonly #entry = new Shown();
  readonly #value: { bytes: Buffer; length: number } = { bytes: Buffer.alloc(0), length: 0 };
  /** Whether what LMDB reads now is to be shown and not decoded. */
  lends = false;

  /** The entry that was read last while lending. */
  get entry(): EntryView {
    return this.#entry;
  }

  /** Shows a value that LMDB has read by its key. */
  show(bytes: Uint8Array): ValueView {
    this.#value.bytes = bufferOf(bytes);
    this.#value.length = bytes.length;
    return this.#value;
  }

  readonly encoder = {
    encode: (value: string): Buffer => Buffer.from(value),
    decode: (bytes: Uint8Array): string | undefined => {
      if (!this.lends) return bufferOf(bytes).toString('utf8', 0, bytes.length);
      this.#entry.bytes = bufferOf(bytes);
      this.#entry.length = bytes.length;
      return undefined;
    },
  };

  readonly keyEncoder = {
    writeKey: (key: Uint8Array, target: Buffer, at: number): number => {
      target.set(key, at);
      return at + key.length;
    },
    readKey: (bytes: Buffer, start: number, end: number): Uint8Array | undefined => {
      if (!this.lends) return Uint8Array.prototype.slice.call(bytes, start, end);
      bytes.copy(this.#entry.keyBytes, 0, start, end);
      this.#entry.keyLength = end - start;
      return undefined;
    },
  };
}

/**
 * LMDB copies a value into a buffer of its own, whose `length` it sets to the value's although there is
 * more of it; a large value it shows where it stands in the file, and that array is no Buffer.
 */
function bufferOf(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
