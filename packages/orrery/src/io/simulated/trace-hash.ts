/**
 * The running hash over everything that happens, 64 bits in two lanes of 32-bit integer
 * arithmetic. Two runs are the same run where their hashes are equal. Not for security.
 */
export class TraceHash {
  #low = 0x811c9dc5;
  #high = 0x9e3779b9;

  number(value: number): void {
    // Times outgrow 32 bits after 71 minutes: both halves count.
    this.#mix(value | 0);
    const upper = Math.floor(value / 0x100000000);
    if (upper !== 0 && upper !== -1) this.#mix(upper | 0);
  }

  text(text: string): void {
    let low = this.#low;
    let high = this.#high;
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      low = Math.imul(low ^ code, 0x01000193);
      high = Math.imul(high ^ code, 0x85ebca6b);
    }
    this.#low = low;
    this.#high = high;
    this.#mix(text.length);
  }

  bytes(bytes: Uint8Array): void {
    let low = this.#low;
    let high = this.#high;
    for (let index = 0; index < bytes.length; index += 1) {
      const byte = bytes[index] as number;
      low = Math.imul(low ^ byte, 0x01000193);
      high = Math.imul(high ^ byte, 0x85ebca6b);
    }
    this.#low = low;
    this.#high = high;
    this.#mix(bytes.length);
  }

  /** 16 hex digits of what was hashed so far. */
  hex(): string {
    const words = [finish(this.#high), finish(this.#low ^ this.#high)];
    return words.map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  }

  #mix(word: number): void {
    this.#low = Math.imul((this.#low ^ word) + 0x7f4a7c15, 0x01000193);
    this.#low ^= this.#low >>> 15;
    this.#high = Math.imul((this.#high ^ word) + 0x165667b1, 0x85ebca6b);
    this.#high ^= this.#high >>> 13;
  }
}

function finish(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return mixed ^ (mixed >>> 16);
}
