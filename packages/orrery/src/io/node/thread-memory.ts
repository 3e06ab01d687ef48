/**
 * The memory that a region shares with the thread of one execution environment, and the bell that all its
 * threads ring. Owns the layout and the waking; refuses to own what the bytes mean.
 *
 * A thread has a ring of slots, so that it finds the next event when it is done with one: waking a thread
 * costs more than running a small function. An event that was not begun can be taken back.
 *
 *   EMPTY ─region→ POSTED ─thread→ CLAIMED ─thread→ DONE ─region→ EMPTY
 *                     └─region→ WITHDRAWN ─thread→ EMPTY
 *
 * Invariants:
 *  1. A slot's other words and bytes are written by the side whose turn it is to change its state.
 *  2. Who rings after writing is heard: the bell is wound again before the slots are looked at.
 */

const slots = 8;
const slotWords = 8;
const slotBytes = 65_536;
/** Words before the slots'. */
const commonWords = 8;

/** Numbers of 32-bit words, then where the bytes begin. Also read by `runtime-thread.mjs`. */
export const layout = {
  /** Characters said in messages, and taken by the region; both run over. */
  SAID: 0,
  TAKEN: 1,
  SLOTS: slots,
  SLOT_BYTES: slotBytes,
  /** Of the first slot; `SLOT_WORDS` further those of the next. */
  STATE: commonWords,
  /** Lengths; -1 where the bytes went as a message, because they are too many. */
  EVENT_BYTES: commonWords + 1,
  RESULT_BYTES: commonWords + 2,
  /** 1 where the result is an error: its type, a line, its shape. */
  IS_ERROR: commonWords + 3,
  /** How long the handler took, in microseconds. */
  TOOK_US: commonWords + 4,
  SLOT_WORDS: slotWords,
  WORDS: commonWords + slots * slotWords,
  EVENTS_AT: 1_024,
  RESULTS_AT: 1_024 + slots * slotBytes,
  EMPTY: 0,
  POSTED: 1,
  CLAIMED: 2,
  DONE: 3,
  WITHDRAWN: 4,
} as const;

/** Pages that are never written take no memory. */
export const memoryBytes: number = layout.RESULTS_AT + slots * slotBytes;

/** Threads that one bell serves. */
const RINGERS_MAX = 1_024;

export class Doorbell {
  /** Word 0: rung and not yet heard. After it a bit for each thread. */
  readonly memory = new SharedArrayBuffer(4 + RINGERS_MAX / 8);
  readonly #words = new Int32Array(this.memory);
  readonly #listeners: ((() => void) | undefined)[] = [];
  #isListening = false;
  #toWake: [Int32Array, number][] = [];

  /** Gives a thread its number; undefined where there are too many. */
  add(onRing: () => void): number | undefined {
    const free = this.#listeners.indexOf(undefined);
    const number = free === -1 ? this.#listeners.length : free;
    if (number >= RINGERS_MAX) return undefined;
    this.#listeners[number] = onRing;
    if (!this.#isListening) this.#listen();
    return number;
  }

  remove(number: number): void {
    this.#listeners[number] = undefined;
  }

  /** Wakes who waits for a word, once for all that this turn of the event loop brings. */
  wakeSoon(words: Int32Array, word: number): void {
    if (this.#toWake.length === 0) setImmediate(this.#wake);
    this.#toWake.push([words, word]);
  }

  readonly #wake = (): void => {
    const toWake = this.#toWake;
    this.#toWake = [];
    for (const [words, word] of toWake) Atomics.notify(words, word, 1);
  };

  #listen(): void {
    this.#isListening = true;
    const waiting = Atomics.waitAsync(this.#words, 0, 0);
    if (waiting.async) void waiting.value.then(this.#heard);
    else queueMicrotask(this.#heard);
  }

  readonly #heard = (): void => {
    Atomics.store(this.#words, 0, 0);
    // First, so that a listener that throws leaves nobody unheard.
    this.#listen();
    for (let word = 0; word * 32 < this.#listeners.length; word += 1) {
      let bits = Atomics.exchange(this.#words, word + 1, 0);
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits & -bits);
        bits &= bits - 1;
        this.#listeners[word * 32 + bit]?.();
      }
    }
  };
}
