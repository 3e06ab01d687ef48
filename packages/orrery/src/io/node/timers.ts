/**
 * Timers that belong to one process of the cloud. Owns their registry, so that closing it ends them
 * all. Refuses to own what they do.
 *
 * Invariants:
 *  1. After `close` no callback runs and no `sleep` resolves (I2).
 *  2. A callback that throws is reported and takes nothing else down.
 */
import type { Probe, Timer, Timers } from '../io.ts';
import { Deadlines } from './deadlines.ts';

/** The longest delay that setTimeout takes; longer ones are walked in steps of it. */
const LONGEST_STEP_MS = 2 ** 31 - 1;
/** From here on a timer is most often a deadline, which is cancelled. */
const DEADLINE_MS = 1_000;

export interface OwnedTimers extends Timers {
  /** Cancels all timers, those of later calls included. */
  close(): void;
}

class NodeTimer implements Timer {
  handle: NodeJS.Timeout | undefined;
  readonly #registry: Set<NodeTimer>;

  constructor(registry: Set<NodeTimer>) {
    this.#registry = registry;
    registry.add(this);
  }

  arm(delayMs: number, fire: () => void): void {
    if (delayMs <= LONGEST_STEP_MS) {
      this.handle = setTimeout(fire, delayMs);
      return;
    }
    this.handle = setTimeout(() => this.arm(delayMs - LONGEST_STEP_MS, fire), LONGEST_STEP_MS);
  }

  cancel(): void {
    clearTimeout(this.handle);
    this.#registry.delete(this);
  }
}

/** `probe` hears of callbacks that throw. */
export function createTimers(probe: Probe): OwnedTimers {
  const registry = new Set<NodeTimer>();
  const deadlines = new Map<number, Deadlines>();
  let closed = false;

  const guarded = (label: string, run: () => void): void => {
    try {
      run();
    } catch (error) {
      const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
      probe.always(false, `timer ${label} threw: ${detail}`);
    }
  };
  const deadline = (delayMs: number, label: string, run: () => void): Timer => {
    let list = deadlines.get(delayMs);
    if (list === undefined) {
      list = new Deadlines(delayMs, () => deadlines.delete(delayMs));
      deadlines.set(delayMs, list);
    }
    return list.add(() => guarded(label, run));
  };
  const after = (delayMs: number, label: string, run: () => void): Timer => {
    if (delayMs >= DEADLINE_MS && delayMs <= LONGEST_STEP_MS && !closed) {
      return deadline(delayMs, label, run);
    }
    const timer = new NodeTimer(registry);
    if (closed) registry.delete(timer);
    else {
      timer.arm(delayMs, () => {
        registry.delete(timer);
        guarded(label, run);
      });
    }
    return timer;
  };
  const every = (intervalMs: number, label: string, run: () => void): Timer => {
    const timer = new NodeTimer(registry);
    const fire = (): void => {
      timer.arm(intervalMs, fire);
      guarded(label, run);
    };
    if (closed) registry.delete(timer);
    else timer.arm(intervalMs, fire);
    return timer;
  };

  return {
    after,
    every,
    sleep: (delayMs, label) => new Promise((resolve) => after(delayMs, label, resolve)),
    close: () => {
      closed = true;
      for (const timer of [...registry]) timer.cancel();
      for (const list of deadlines.values()) list.close();
      deadlines.clear();
    },
  };
}
