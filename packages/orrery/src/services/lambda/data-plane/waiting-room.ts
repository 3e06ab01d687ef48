/**
 * Owns: the calls of one function that wait for one of its environments, oldest first.
 * Refuses to own: whether waiting is worth it, and what is done when it was in vain (pool.ts).
 *
 *  W1  A call waits until its time at most, and is answered once.
 */
import type { Io, Timer } from '../../../io/io.ts';
import type { FunctionRecord } from '../functions.ts';
import type { Environment } from './environment.ts';

interface Waiter {
  readonly record: FunctionRecord;
  readonly sinceUs: number;
  readonly untilUs: number;
  /** Whether it would rather start an environment, once it may. */
  readonly wantsStart: boolean;
  readonly resolve: (environment: Environment | undefined) => void;
}

export class WaitingRoom {
  readonly #io: Pick<Io, 'clock' | 'timers'>;
  readonly #waiters: Waiter[] = [];
  #timer: Timer | undefined;
  #timerUs = Number.POSITIVE_INFINITY;

  constructor(io: Pick<Io, 'clock' | 'timers'>) {
    this.#io = io;
  }

  /** An environment that came free, or undefined after `waitMs` or when it may start one. */
  wait(
    record: FunctionRecord,
    waitMs: number,
    wantsStart: boolean,
  ): Promise<Environment | undefined> {
    return new Promise((resolve) => {
      const sinceUs = this.#io.clock.monotonicUs();
      const untilUs = sinceUs + waitMs * 1_000;
      this.#waiters.push({ record, sinceUs, untilUs, wantsStart, resolve });
      if (untilUs < this.#timerUs) this.#arm(untilUs, waitMs);
    });
  }

  /** Gives an environment to the oldest call; false where none waits for one of its generation. */
  give(environment: Environment): boolean {
    const first = this.#waiters[0];
    if (first === undefined) return false;
    this.#waiters.shift();
    const fits = first.record.generation === environment.record.generation;
    first.resolve(fits ? environment : undefined);
    return fits;
  }

  /** Since when the oldest of those that want to start an environment waits. */
  get startSinceUs(): number | undefined {
    return this.#waiters.find((one) => one.wantsStart)?.sinceUs;
  }

  /** Lets the oldest of those start one. */
  letStart(): void {
    const at = this.#waiters.findIndex((one) => one.wantsStart);
    if (at !== -1) this.#waiters.splice(at, 1)[0]?.resolve(undefined);
  }

  /** Nobody is answered any more. */
  close(): void {
    this.#timer?.cancel();
    this.#waiters.length = 0;
  }

  #arm(untilUs: number, waitMs: number): void {
    this.#timer?.cancel();
    this.#timerUs = untilUs;
    this.#timer = this.#io.timers.after(waitMs, 'lambda waiting room', () => this.#sendAway());
  }

  #sendAway(): void {
    this.#timer = undefined;
    this.#timerUs = Number.POSITIVE_INFINITY;
    const nowUs = this.#io.clock.monotonicUs();
    const late = this.#waiters.filter(({ untilUs }) => untilUs <= nowUs);
    const kept = this.#waiters.filter(({ untilUs }) => untilUs > nowUs);
    this.#waiters.splice(0, this.#waiters.length, ...kept);
    if (kept.length > 0) {
      const nextUs = Math.min(...kept.map(({ untilUs }) => untilUs));
      this.#arm(nextUs, Math.max(1, (nextUs - nowUs) / 1_000));
    }
    for (const { resolve } of late) resolve(undefined);
  }
}
