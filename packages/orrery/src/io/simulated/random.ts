/**
 * Named streams of chance: xoshiro128** seeded by a hash of the seed and the stream's name, in
 * 32-bit integer arithmetic, so the same on every machine.
 *
 * R1  A stream depends on its name alone: draws from one never shift another. This is what makes
 *     shrinking work: without a fault, everything that the fault did not touch stays as it was.
 * R2  Splitting the same label twice gives two streams (`a`, `a#2`), as on a real machine.
 */
import type { Random } from '../io.ts';

/** The stream of that name in the tree of that seed. */
export function namedRandom(seed: number, name: string): Random {
  return new NamedRandom(`${seed}/${name}`);
}

class NamedRandom implements Random {
  readonly #name: string;
  readonly #splits = new Map<string, number>();
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(name: string) {
    this.#name = name;
    [this.#a, this.#b, this.#c, this.#d] = hash128(name);
  }

  u32(): number {
    const scrambled = Math.imul(this.#b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result;
  }

  float(): number {
    return this.u32() / 0x100000000;
  }

  int(low: number, high: number): number {
    const span = high - low + 1;
    if (span <= 0x100000000) return low + Math.floor(this.float() * span);
    const fine = (this.u32() >>> 5) * 0x4000000 + (this.u32() >>> 6);
    return low + Math.floor((fine / 0x20000000000000) * span);
  }

  chance(probability: number): boolean {
    return this.float() < probability;
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    let word = 0;
    for (let index = 0; index < length; index += 1) {
      if (index % 4 === 0) word = this.u32();
      bytes[index] = word & 255;
      word >>>= 8;
    }
    return bytes;
  }

  uuid(): string {
    const words = [this.u32(), this.u32(), this.u32(), this.u32()];
    const hex = words.map((word) => word.toString(16).padStart(8, '0')).join('');
    const variant = '89ab'[Number.parseInt(hex[16] ?? '0', 16) & 3];
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
  }

  split(label: string): Random {
    const count = (this.#splits.get(label) ?? 0) + 1;
    this.#splits.set(label, count);
    return new NamedRandom(`${this.#name}\u0000${label}${count === 1 ? '' : `#${count}`}`);
  }
}

/** Four well-mixed words of a text (cyrb128), never all zero. */
function hash128(text: string): [number, number, number, number] {
  let a = 1779033703;
  let b = 3144134277;
  let c = 1013904242;
  let d = 2773480762;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    a = b ^ Math.imul(a ^ code, 597399067);
    b = c ^ Math.imul(b ^ code, 2869860233);
    c = d ^ Math.imul(c ^ code, 951274213);
    d = a ^ Math.imul(d ^ code, 2716044179);
  }
  a = Math.imul(c ^ (a >>> 18), 597399067);
  b = Math.imul(d ^ (b >>> 22), 2869860233);
  c = Math.imul(a ^ (c >>> 17), 951274213);
  d = Math.imul(b ^ (d >>> 19), 2716044179);
  return [(a ^ b ^ c ^ d) | 1, b ^ a, c ^ a, d ^ a];
}
