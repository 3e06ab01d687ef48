/**
 * Owns: the text of an answer that may be long: it is encoded as it comes, so that the turn that ends
 * it has little left to do.
 *
 * L1  A short one stays text until the end: it costs no more than text does.
 */
import { SerializedBody, SerializedBytes } from '../../../endpoint/service.ts';
import { crc32 } from '../../../stdx/digest.ts';

/** From here on it is bytes. */
const longCharacters = 256 * 1024;
const firstBytes = 1024 * 1024;
/** What was written is copied each time, hence seldom. */
const growth = 4;
/** A little more than the longest answers have; what is longer still grows by as much. */
const stepBytesMax = 20 * 1024 * 1024;
/** UTF-8 has no more of a character. */
const bytesOfCharacter = 3;

export class LongText {
  #parts: string[] = [];
  #characters = 0;
  #bytes: Buffer | undefined;
  #length = 0;
  #crc = 0;

  add(part: string): void {
    this.#parts.push(part);
    this.#characters += part.length;
    if (this.#characters >= longCharacters) this.#encode();
  }

  /** Nothing is to be added behind it. */
  end(): SerializedBody | SerializedBytes {
    if (this.#bytes === undefined) return new SerializedBody(this.#parts.join(''));
    this.#encode();
    return new SerializedBytes(this.#bytes.subarray(0, this.#length), this.#crc);
  }

  #encode(): void {
    const start = this.#length;
    for (const part of this.#parts) {
      const bytes = this.#room(part);
      this.#length += bytes.write(part, this.#length);
    }
    this.#crc = crc32(this.#room('').subarray(start, this.#length), this.#crc);
    this.#parts = [];
    this.#characters = 0;
  }

  /** With room for the part behind what is there. What is never written to takes no memory. */
  #room(part: string): Buffer {
    const held = this.#bytes ?? Buffer.allocUnsafeSlow(firstBytes);
    this.#bytes = held;
    if (held.length - this.#length >= part.length * bytesOfCharacter) return held;
    const wanted = this.#length + Buffer.byteLength(part);
    if (wanted <= held.length) return held;
    const step = Math.min(growth * held.length, stepBytesMax);
    const larger = Buffer.allocUnsafeSlow(
      held.length < step ? Math.max(step, wanted) : wanted + step,
    );
    held.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
    return larger;
  }
}
