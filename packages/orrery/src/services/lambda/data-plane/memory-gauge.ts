/**
 * Owns: the largest resident size seen of one process. Asking the system costs a call, so the hot
 * path asks at most every 100 ms.
 */
import type { Clock } from '../../../io/io.ts';

const sampleUs = 100_000;

export class MemoryGauge {
  readonly #clock: Clock;
  readonly #measure: () => number | undefined;
  #bytes = 0;
  #sampledUs = 0;

  /** `measure` answers undefined where there is no process, or no way to tell. */
  constructor(clock: Clock, measure: () => number | undefined) {
    this.#clock = clock;
    this.#measure = measure;
  }

  /** Bytes; 0 where nothing is known. */
  read(when: 'now' | 'sometimes'): number {
    const nowUs = this.#clock.monotonicUs();
    if (when === 'now' || nowUs - this.#sampledUs > sampleUs || this.#bytes === 0) {
      this.#sampledUs = nowUs;
      this.#bytes = Math.max(this.#bytes, this.#measure() ?? 0);
    }
    return this.#bytes;
  }

  /** For the next process. */
  reset(): void {
    this.#bytes = 0;
  }
}
