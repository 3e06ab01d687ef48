/**
 * Owns: the end of something that runs in the background, and waits that it cuts short.
 *
 * S1  Once stopped, `sleep` and `until` resolve at once; what they waited for may go on unheard.
 */
import type { Timers } from '../../../../io/io.ts';

export class StopSignal {
  readonly #timers: Timers;
  readonly #waiting = new Set<() => void>();
  #isStopped = false;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  stop(): void {
    this.#isStopped = true;
    for (const wake of [...this.#waiting]) wake();
  }

  sleep(delayMs: number, label: string): Promise<void> {
    return this.#wait((wake) => {
      const timer = this.#timers.after(delayMs, label, wake);
      return () => timer.cancel();
    });
  }

  /** Resolves when the promise settles, however it does. */
  until(promise: Promise<unknown>): Promise<void> {
    return this.#wait((wake) => {
      promise.then(wake, wake);
      return () => {};
    });
  }

  #wait(begin: (wake: () => void) => () => void): Promise<void> {
    if (this.#isStopped) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        if (!this.#waiting.delete(wake)) return;
        end();
        resolve();
      };
      this.#waiting.add(wake);
      const end = begin(wake);
    });
  }
}
