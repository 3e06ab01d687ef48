/**
 * Chance of a live process. Unseeded, every stream draws from the operating system, so identifiers
 * cannot be guessed and streams cannot be related; with a seed, the streams are those of the
 * simulator (`simulated/random.ts`), for runs that shall repeat.
 */
import { randomFillSync, randomUUID } from 'node:crypto';
import type { Random } from '../io.ts';
import { namedRandom } from '../simulated/random.ts';

const POOL_WORDS = 2_048;
const pool = new Uint32Array(POOL_WORDS);
let used = POOL_WORDS;

/** Words are drawn in blocks: a system call costs more than the word. */
function u32(): number {
  if (used === POOL_WORDS) {
    randomFillSync(pool);
    used = 0;
  }
  const word = pool[used] ?? 0;
  used += 1;
  return word;
}

/** 53 bits, the whole precision of a double below 1. */
function float(): number {
  return ((u32() >>> 5) * 0x4000000 + (u32() >>> 6)) / 0x20000000000000;
}

const systemRandom: Random = {
  u32,
  float,
  int: (low, high) => low + Math.floor(float() * (high - low + 1)),
  chance: (probability) => float() < probability,
  bytes: (length) => randomFillSync(new Uint8Array(length)),
  uuid: () => randomUUID(),
  split: () => systemRandom,
};

/** `seed` and `id` name the stream; without a seed it is the operating system's. */
export function createRandom(id: string, seed: number | undefined): Random {
  return seed === undefined ? systemRandom : namedRandom(seed, id);
}
