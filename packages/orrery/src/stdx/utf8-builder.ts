/**
 * Owns: a text that is put together as UTF-8, from texts and from bytes that are UTF-8 already; and the
 * buffers for it, which serve again. Refuses to own what the text says.
 *
 * B1  A buffer serves again only after whoever took the bytes has given them back; those that nobody
 *     gives back are garbage like any other.
 */

const bytesAtFirst = 16 * 1024;
/** Larger buffers are not kept. */
const keptBytesMax = 256 * 1024;
const keptMax = 4;
const kept: Buffer[] = [];

export interface BuiltText {
  readonly bytes: Uint8Array;
  /** Gives the bytes back: they must not be looked at again. */
  readonly release: () => void;
}

export class Utf8Builder {
  #bytes: Buffer = kept.pop() ?? Buffer.allocUnsafeSlow(bytesAtFirst);
  #length = 0;

  /** In bytes. */
  get length(): number {
    return this.#length;
  }

  text(text: string): void {
    // A code unit has three bytes at most.
    this.#reserve(text.length * 3);
    this.#length += this.#bytes.write(text, this.#length);
  }

  /** One ASCII character. */
  character(code: number): void {
    this.#reserve(1);
    this.#bytes[this.#length] = code;
    this.#length += 1;
  }

  /** Bytes from `start` to before `end`. */
  copy(source: Uint8Array, start: number, end: number): void {
    this.#reserve(end - start);
    if (Buffer.isBuffer(source)) source.copy(this.#bytes, this.#length, start, end);
    else this.#bytes.set(source.subarray(start, end), this.#length);
    this.#length += end - start;
  }

  /** What stands there so far, between two places in bytes. */
  slice(start: number, end: number): string {
    return this.#bytes.toString('utf8', start, end);
  }

  /** The whole text; nothing can be added any more. */
  take(): BuiltText {
    let buffer: Buffer | undefined = this.#bytes;
    const bytes = buffer.subarray(0, this.#length);
    const release = (): void => {
      if (buffer !== undefined && buffer.length <= keptBytesMax && kept.length < keptMax) {
        kept.push(buffer);
      }
      buffer = undefined;
    };
    this.#bytes = none;
    this.#length = 0;
    return { bytes, release };
  }

  #reserve(bytes: number): void {
    const wanted = this.#length + bytes;
    if (wanted <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(wanted, this.#bytes.length * 2));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

const none = Buffer.alloc(0);
