/**
 * The one place where the simulator touches Node's own scheduling. Owns: running promises and
 * ticks to a fixpoint, starting from a macrotask, catching what nobody caught, and counting real
 * resources. Refuses to own time and order (kernel.ts).
 *
 * `process._tickCallback` runs ticks, microtasks and rejections until none is left, at once. It is
 * undocumented, so it is tried before it is trusted; where it fails, one `setImmediate` turn per
 * event does the same, slower. Both give the same trace.
 *
 * D1  While a simulation runs synchronously nothing real can complete: a leak of real asynchrony
 *     becomes a hang in virtual time, the same on every run, and never a flake.
 */
import { assert } from '../../stdx/assert.ts';

export type DrainMode = 'tick' | 'immediate';

interface NodeProcess {
  _tickCallback?: () => void;
  nextTick(run: () => void): void;
  listeners(name: string): ((...values: unknown[]) => void)[];
  on(name: string, listener: (...values: unknown[]) => void): void;
  removeAllListeners(name: string): void;
  getActiveResourcesInfo(): string[];
}

// biome-ignore lint/style/noRestrictedGlobals: the drain is the simulator's only use of the process
const node = process as unknown as NodeProcess; // biome-ignore: see the head of this file
// biome-ignore lint/style/noRestrictedGlobals: a macrotask to start from, and the slower drain
const macrotask: (run: () => void) => unknown = setImmediate;

/** Runs a function in a macrotask, where `drain` works, and settles with its outcome. */
export function inMacrotask<T>(run: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    macrotask(() => {
      try {
        resolve(run());
      } catch (error) {
        reject(error);
      }
    });
  });
}

/** Runs every promise reaction and tick that is ready, to a fixpoint. From a macrotask only. */
export function drain(): void {
  node._tickCallback?.();
}

/** The slower drain: one turn of the event loop. */
export function turn(): Promise<void> {
  return inMacrotask(() => undefined);
}

/** Whether `drain` reaches the fixpoint from here; tried with a chain that mixes both queues. */
function drainWorks(): boolean {
  if (typeof node._tickCallback !== 'function') return false;
  let reached = false;
  const chain = async (): Promise<void> => {
    await undefined;
    await new Promise<void>((resolve) => node.nextTick(resolve));
    await undefined;
    reached = true;
  };
  void chain();
  drain();
  return reached;
}

let chosen: DrainMode | undefined;

/** The mode to use on this Node, found once. */
export async function drainMode(): Promise<DrainMode> {
  chosen ??= await inMacrotask(() => (drainWorks() ? 'tick' : 'immediate'));
  return chosen;
}

/** Throws where the synchronous drain does not work from here: called inside a promise reaction. */
export function assertDrains(): void {
  assert(drainWorks(), 'the simulator must be driven from a macrotask');
}

const uncaughtNames = ['unhandledRejection', 'uncaughtException'];

/** Hands to `report` what nobody caught until the function returned is called. */
export function catchUncaught(report: (error: unknown) => void): () => void {
  const before = uncaughtNames.map((name) => node.listeners(name));
  for (const name of uncaughtNames) {
    node.removeAllListeners(name);
    node.on(name, report);
  }
  return () => {
    uncaughtNames.forEach((name, index) => {
      node.removeAllListeners(name);
      for (const listener of before[index] ?? []) node.on(name, listener);
    });
  };
}

/** Real resources that keep this process busy now: timers, sockets, file requests … */
export function activeResources(): readonly string[] {
  return node.getActiveResourcesInfo();
}
