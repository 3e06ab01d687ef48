/**
 * Virtual time. Owns: the event heap, who is running, draining after each event, the trace hash,
 * failures and `sometimes` counts. Refuses to own processes' meaning (universe.ts) and messages
 * (network.ts).
 *
 * K1  Time is integer microseconds and moves only from event to event.
 * K2  One event has one owner. Entering another process is another event; code that reaches over
 *     (a promise or function shared by reference) is a failure.
 * K3  A dead owner's events are skipped; a paused one's wait, in order, until it is resumed.
 * K4  After each event all ready promise reactions run, under the same owner.
 */
import { assert } from '../../stdx/assert.ts';
import {
  activeResources,
  assertDrains,
  catchUncaught,
  type DrainMode,
  drain,
  inMacrotask,
  turn,
} from './drain.ts';
import { type Event, EventQueue } from './event-queue.ts';
import { TraceHash } from './trace-hash.ts';

/** One life of one simulated process (a restart is a new owner), or the world itself. */
export interface Owner {
  readonly id: string;
  readonly startedUs: number;
  alive: boolean;
  paused: boolean;
  readonly deferred: Event<Owner>[];
}

/** A broken invariant. */
export interface Failure {
  readonly invariant: string;
  readonly detail: string;
  readonly timeUs: number;
  readonly owner: string;
}

export type ScheduledEvent = Event<Owner>;

/** Called for every event and observation, in order: what a first-difference diff compares. */
export type TraceSink = (timeUs: number, owner: string, what: string) => void;

/** Clock reads within one event after which it counts as a busy-wait that never ends. */
const clockReadsMax = 1_000_000;

export function makeOwner(id: string, startedUs: number): Owner {
  return { id, startedUs, alive: true, paused: false, deferred: [] };
}

export class Kernel {
  readonly world: Owner = makeOwner('world', 0);
  readonly hash = new TraceHash();
  readonly failures: Failure[] = [];
  readonly sometimes = new Map<string, number>();
  /** How many events of each kind processes have told. */
  readonly told = new Map<string, number>();
  nowUs = 0;
  events = 0;
  readonly #queue = new EventQueue<Owner>();
  readonly strict: boolean;
  readonly #mode: DrainMode;
  readonly #sink: TraceSink | undefined;
  #current: Owner | undefined;
  #clockReads = 0;

  /** Not strict: for tests whose body reaches into several processes at once. */
  constructor(mode: DrainMode, strict: boolean, sink: TraceSink | undefined) {
    this.#mode = mode;
    this.strict = strict;
    this.#sink = sink;
  }

  schedule(owner: Owner, delayUs: number, label: string, run: () => void): ScheduledEvent {
    assert(delayUs >= 0, `negative delay of ${label}`);
    return this.#queue.push(this.nowUs + Math.round(delayUs), owner, label, run);
  }

  cancel(event: ScheduledEvent): void {
    this.#queue.cancel(event);
  }

  /** Throws where another process is running than the one whose `Io` is used. */
  assertRunning(owner: Owner, what: string): void {
    if (this.#current === owner || this.#current === undefined || !this.strict) return;
    const message = `${what} of ${owner.id} used while ${this.#current.id} runs`;
    this.fail('one event has one owner', message, this.#current.id);
    throw new Error(message);
  }

  readClock(): void {
    this.#clockReads += 1;
    if (this.#clockReads > clockReadsMax) throw new Error('busy-wait: the clock stands still');
  }

  fail(invariant: string, detail: string, owner: string): void {
    this.failures.push({ invariant, detail, timeUs: this.nowUs, owner });
    this.observe(owner, `failure ${invariant}`);
  }

  /** Writes an observation into the trace. */
  observe(owner: string, what: string): void {
    this.hash.text(owner);
    this.hash.text(what);
    this.#sink?.(this.nowUs, owner, what);
  }

  resume(owner: Owner): void {
    owner.paused = false;
    for (const event of owner.deferred.splice(0)) this.#queue.pushAgain(event, this.nowUs);
  }

  /** Runs events up to a time, and moves time there; ends early at the first failure. */
  async runUntil(untilUs: number, stop: () => boolean = never): Promise<void> {
    if (this.#mode === 'tick') {
      await inMacrotask(() => this.#runAtOnce(untilUs, stop));
      return;
    }
    const release = catchUncaught((error) => this.#uncaught(error));
    try {
      while (this.#goesOn(stop) && this.#step(untilUs)) {
        await turn();
        this.#current = undefined;
      }
    } finally {
      release();
      this.#current = undefined;
    }
    this.#arrive(untilUs, stop);
  }

  #runAtOnce(untilUs: number, stop: () => boolean): void {
    assertDrains();
    const before = activeResources().length;
    const release = catchUncaught((error) => this.#uncaught(error));
    try {
      while (this.#goesOn(stop) && this.#step(untilUs)) {
        drain();
        this.#current = undefined;
      }
    } finally {
      release();
      this.#current = undefined;
    }
    const leaked = activeResources().slice(before);
    if (leaked.length > 0 && this.strict)
      this.fail('no real resource is used', leaked.join(' '), 'world');
    this.#arrive(untilUs, stop);
  }

  #goesOn(stop: () => boolean): boolean {
    return this.failures.length === 0 && !stop();
  }

  #arrive(untilUs: number, stop: () => boolean): void {
    if (this.#goesOn(stop)) this.nowUs = Math.max(this.nowUs, untilUs);
  }

  #step(untilUs: number): boolean {
    const event = this.#queue.pop(untilUs);
    if (event === undefined) return false;
    const { owner, label } = event;
    this.nowUs = event.timeUs;
    if (!owner.alive) return true;
    if (owner.paused) {
      owner.deferred.push(event);
      return true;
    }
    this.events += 1;
    this.hash.number(event.timeUs);
    this.hash.text(owner.id);
    this.hash.text(label);
    this.#sink?.(event.timeUs, owner.id, label);
    this.#clockReads = 0;
    this.#current = owner === this.world ? undefined : owner;
    try {
      event.run();
    } catch (error) {
      this.#uncaught(error);
    }
    return true;
  }

  #uncaught(error: unknown): void {
    const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.fail('nothing is thrown uncaught', detail, this.#current?.id ?? 'world');
  }
}

function never(): boolean {
  return false;
}
