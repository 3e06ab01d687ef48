/**
 * A binary heap of events by time, then by order of making. Owns the order; knows no process.
 * Cancelled events stay until they surface, or until they are more than half of the heap.
 */
import { present } from '../../stdx/assert.ts';

export interface Event<Owner> {
  timeUs: number;
  sequence: number;
  readonly owner: Owner;
  readonly label: string;
  readonly run: () => void;
  cancelled: boolean;
  /** Whether it is in the heap: not before it is pushed again once it was taken out. */
  queued: boolean;
}

export class EventQueue<Owner> {
  #heap: Event<Owner>[] = [];
  #sequence = 0;
  #cancelled = 0;

  /** Number of events that may still run. */
  get size(): number {
    return this.#heap.length - this.#cancelled;
  }

  push(timeUs: number, owner: Owner, label: string, run: () => void): Event<Owner> {
    const event = { timeUs, sequence: 0, owner, label, run, cancelled: false, queued: false };
    this.pushAgain(event, timeUs);
    return event;
  }

  /** Puts an event that was taken out back in, unless it was cancelled meanwhile. */
  pushAgain(event: Event<Owner>, timeUs: number): void {
    if (event.cancelled) return;
    this.#sequence += 1;
    event.timeUs = timeUs;
    event.sequence = this.#sequence;
    event.queued = true;
    this.#heap.push(event);
    this.#up(this.#heap.length - 1);
  }

  cancel(event: Event<Owner>): void {
    if (event.cancelled) return;
    event.cancelled = true;
    if (!event.queued) return;
    this.#cancelled += 1;
    if (this.#cancelled > 1024 && this.#cancelled * 2 > this.#heap.length) this.#compact();
  }

  /** The first event at or before a time, taken out; undefined where there is none. */
  pop(untilUs: number): Event<Owner> | undefined {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined) return undefined;
      if (!first.cancelled && first.timeUs > untilUs) return undefined;
      const last = present(this.#heap.pop(), 'last event of a non-empty heap');
      if (this.#heap.length > 0) {
        this.#heap[0] = last;
        this.#down(0);
      }
      first.queued = false;
      if (!first.cancelled) return first;
      this.#cancelled -= 1;
    }
  }

  #compact(): void {
    this.#heap = this.#heap.filter((event) => !event.cancelled);
    this.#cancelled = 0;
    for (let index = (this.#heap.length >> 1) - 1; index >= 0; index -= 1) this.#down(index);
  }

  #up(start: number): void {
    const heap = this.#heap;
    const event = heap[start] as Event<Owner>;
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent] as Event<Owner>;
      if (!before(event, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = event;
  }

  #down(start: number): void {
    const heap = this.#heap;
    const event = heap[start] as Event<Owner>;
    let index = start;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      const right = child + 1;
      if (right < heap.length && before(heap[right] as Event<Owner>, heap[child] as Event<Owner>)) {
        child = right;
      }
      const below = heap[child] as Event<Owner>;
      if (!before(below, event)) break;
      heap[index] = below;
      index = child;
    }
    heap[index] = event;
  }
}

function before<Owner>(a: Event<Owner>, b: Event<Owner>): boolean {
  return a.timeUs < b.timeUs || (a.timeUs === b.timeUs && a.sequence < b.sequence);
}
