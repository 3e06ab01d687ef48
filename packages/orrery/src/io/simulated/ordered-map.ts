/**
 * A map from texts to texts that keeps its keys in order: sorted runs of bounded length, so that
 * an insertion moves at most one run. Keys compare by code unit, which for texts made of bytes
 * (`latin1`) is the order of unsigned bytes.
 */
import { assert } from '../../stdx/assert.ts';

const runLength = 256;

export class OrderedMap {
  readonly #values = new Map<string, string>();
  /** Never empty; only the sole run may be. */
  readonly #runs: string[][] = [[]];
  #version = 0;

  get size(): number {
    return this.#values.size;
  }

  get(key: string): string | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: string): void {
    this.#version += 1;
    if (!this.#values.has(key)) this.#insert(key);
    this.#values.set(key, value);
  }

  delete(key: string): void {
    this.#version += 1;
    if (!this.#values.delete(key)) return;
    const at = this.#runOf(key);
    const run = this.#runs[at] as string[];
    run.splice(lowerBound(run, key), 1);
    if (run.length === 0 && this.#runs.length > 1) this.#runs.splice(at, 1);
  }

  /**
   * Keys in [start, end) in order, or from the end down. Throws where the map changes meanwhile:
   * a real store's cursor would not stand that either.
   */
  *keys(start: string, end: string, reverse: boolean): Generator<string> {
    const version = this.#version;
    if (start >= end) return;
    let at = this.#runOf(reverse ? end : start);
    let run = this.#runs[at] as string[];
    let index = lowerBound(run, reverse ? end : start) - (reverse ? 1 : 0);
    for (;;) {
      const key = run[index];
      if (key === undefined) {
        at += reverse ? -1 : 1;
        const next = this.#runs[at];
        if (next === undefined) return;
        run = next;
        index = reverse ? run.length - 1 : 0;
        continue;
      }
      if (reverse ? key < start : key >= end) return;
      yield key;
      assert(version === this.#version, 'a range must be consumed before the next write');
      index += reverse ? -1 : 1;
    }
  }

  #insert(key: string): void {
    const at = this.#runOf(key);
    const run = this.#runs[at] as string[];
    run.splice(lowerBound(run, key), 0, key);
    if (run.length > runLength) this.#runs.splice(at + 1, 0, run.splice(run.length >> 1));
  }

  /** Index of the last run whose first key is not above the key. */
  #runOf(key: string): number {
    let low = 0;
    let high = this.#runs.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (((this.#runs[middle] as string[])[0] as string) <= key) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function lowerBound(run: readonly string[], key: string): number {
  let low = 0;
  let high = run.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((run[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
