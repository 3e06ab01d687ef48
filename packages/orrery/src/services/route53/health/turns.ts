/**
 * Whose turn it is, of all that wait equally long: one timer for all of them, and nothing that has to
 * be made for a turn. Those that are due at almost the same time take their turns together.
 *
 * Invariants:
 *  1. The queue is in the order in which its members came, and so in that of their due times.
 *  2. Nobody takes a turn before its time, or more than a five-hundredth of the wait (and what the timer
 *     is late) after it.
 *  3. The timer is armed while somebody waits.
 */

import type { Io, Timer } from '../../../io/io.ts';
import { assert } from '../../../stdx/assert.ts';

export interface Waiting<T extends Waiting<T>> {
  readonly place: Place<T>;
}

/** In one queue at a time. */
export interface Place<T extends Waiting<T>> {
  queue: Turns<T> | undefined;
  dueUs: number;
  before: T | undefined;
  behind: T | undefined;
}

const GRACE_SHARE = 1 / 500;

export class Turns<T extends Waiting<T>> {
  readonly #io: Pick<Io, 'clock' | 'timers'>;
  readonly #waitMs: number;
  readonly #label: string;
  readonly #take: (one: T) => void;
  #first: T | undefined;
  #last: T | undefined;
  #timer: Timer | undefined;

  constructor(
    io: Pick<Io, 'clock' | 'timers'>,
    waitMs: number,
    label: string,
    take: (one: T) => void,
  ) {
    this.#io = io;
    this.#waitMs = waitMs;
    this.#label = label;
    this.#take = take;
  }

  wait(one: T): void {
    const { place } = one;
    assert(place.queue === undefined, 'who waits has one place');
    place.queue = this;
    place.dueUs = this.#io.clock.monotonicUs() + this.#waitMs * 1_000;
    place.before = this.#last;
    if (this.#last === undefined) this.#first = one;
    else this.#last.place.behind = one;
    this.#last = one;
    if (this.#timer === undefined) this.#arm(this.#waitMs);
  }

  leave(one: T): void {
    const { place } = one;
    assert(place.queue === this, 'who leaves has waited here');
    if (place.before === undefined) this.#first = place.behind;
    else place.before.place.behind = place.behind;
    if (place.behind === undefined) this.#last = place.before;
    else place.behind.place.before = place.before;
    place.queue = undefined;
    place.before = undefined;
    place.behind = undefined;
    if (this.#first === undefined) this.stop();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(waitMs: number): void {
    const delayMs = Math.max(1, Math.round(waitMs + this.#waitMs * GRACE_SHARE));
    this.#timer = this.#io.timers.after(delayMs, this.#label, () => this.#callDue());
  }

  #callDue(): void {
    this.#timer = undefined;
    const nowUs = this.#io.clock.monotonicUs();
    for (let at = this.#first; at !== undefined && at.place.dueUs <= nowUs; at = this.#first) {
      this.leave(at);
      this.#take(at);
    }
    // One that took its turn may have come back at once, and armed it.
    if (this.#first === undefined || this.#timer !== undefined) return;
    this.#arm((this.#first.place.dueUs - nowUs) / 1_000);
  }
}

export function newPlace<T extends Waiting<T>>(): Place<T> {
  return { queue: undefined, dueUs: 0, before: undefined, behind: undefined };
}
