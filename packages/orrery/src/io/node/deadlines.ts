/**
 * Timers of one delay, in the order in which they are due, on one timer of the system. Deadlines are
 * set and cancelled with every request and almost never fire: with setTimeout each of the first and
 * last of a delay costs a queue operation, here it costs two assignments.
 *
 * Invariants:
 *  1. The list is in order of due times: all its entries have the same delay.
 *  2. The system's timer is armed while the list has entries; it keeps the process alive only then.
 */
export interface Deadline {
  cancel(): void;
}

class Entry implements Deadline {
  readonly dueMs: number;
  readonly fire: () => void;
  readonly #list: Deadlines;
  isWaiting = true;
  previous: Entry | undefined;
  next: Entry | undefined;

  constructor(list: Deadlines, dueMs: number, fire: () => void) {
    this.#list = list;
    this.dueMs = dueMs;
    this.fire = fire;
  }

  cancel(): void {
    if (this.isWaiting) this.#list.remove(this);
  }
}

/** setTimeout itself is as much too early or late. */
const TOLERANCE_MS = 1;

export class Deadlines {
  readonly #delayMs: number;
  readonly #onEmpty: () => void;
  #first: Entry | undefined;
  #last: Entry | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `onEmpty` is told when a whole delay went by without entries: the list may be dropped. */
  constructor(delayMs: number, onEmpty: () => void) {
    this.#delayMs = delayMs;
    this.#onEmpty = onEmpty;
  }

  add(fire: () => void): Deadline {
    const entry = new Entry(this, performance.now() + this.#delayMs, fire);
    entry.previous = this.#last;
    if (this.#last === undefined) {
      this.#first = entry;
      if (this.#timer === undefined) this.#arm(this.#delayMs);
      else this.#timer.ref();
    } else this.#last.next = entry;
    this.#last = entry;
    return entry;
  }

  remove(entry: Entry): void {
    entry.isWaiting = false;
    if (entry.previous === undefined) this.#first = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next === undefined) this.#last = entry.previous;
    else entry.next.previous = entry.previous;
    // An old entry would keep all that came after it from being collected as young.
    entry.previous = undefined;
    entry.next = undefined;
    if (this.#first === undefined) this.#timer?.unref();
  }

  close(): void {
    clearTimeout(this.#timer);
    for (let at = this.#first; at !== undefined; at = at.next) at.isWaiting = false;
    this.#first = undefined;
    this.#last = undefined;
  }

  #arm(delayMs: number): void {
    this.#timer = setTimeout(() => this.#fireDue(), delayMs);
  }

  #fireDue(): void {
    this.#timer = undefined;
    const until = performance.now() + TOLERANCE_MS;
    for (let at = this.#first; at !== undefined && at.dueMs <= until; at = this.#first) {
      this.remove(at);
      at.fire();
    }
    if (this.#first !== undefined) {
      // A callback may have armed it with a new entry.
      clearTimeout(this.#timer);
      this.#arm(Math.max(1, this.#first.dueMs - performance.now()));
    } else if (this.#timer === undefined) this.#onEmpty();
  }
}
