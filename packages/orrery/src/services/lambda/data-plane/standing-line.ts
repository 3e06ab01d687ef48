/**
 * Owns: how long a call may stand behind another one in an environment before it is taken back.
 * Refuses to own: where it stands (environment.ts) and where it goes then (pool.ts).
 */
import type { Io } from '../../../io/io.ts';
import type { Environment } from './environment.ts';

interface Standing {
  readonly environment: Environment;
  readonly requestId: string;
  readonly untilUs: number;
}

export class StandingLine {
  readonly #io: Pick<Io, 'clock' | 'timers'>;
  readonly #waitMs: number;
  /** In the order of their times, since all may wait as long. */
  readonly #standing: Standing[] = [];

  constructor(io: Pick<Io, 'clock' | 'timers'>, waitMs: number) {
    this.#io = io;
    this.#waitMs = waitMs;
  }

  /** Withdraws the event when its time is over, unless it has begun or is answered by then. */
  add(environment: Environment, requestId: string): void {
    const untilUs = this.#io.clock.monotonicUs() + this.#waitMs * 1_000;
    if (this.#standing.push({ environment, requestId, untilUs }) === 1) this.#arm();
  }

  #arm(): void {
    this.#io.timers.after(this.#waitMs, 'lambda withdrawal', () => {
      const nowUs = this.#io.clock.monotonicUs();
      const stay = this.#standing.findIndex(({ untilUs }) => untilUs > nowUs);
      const late = this.#standing.splice(0, stay === -1 ? this.#standing.length : stay);
      for (const { environment, requestId } of late) environment.withdraw(requestId);
      if (this.#standing.length > 0) this.#arm();
    });
  }
}
