/**
 * What the engine's parts share: the records, the resource types, the way to other services, and
 * which stacks are being worked on. Owns the one-operation-per-stack rule and the waiting for its
 * end. Refuses to own what an operation does.
 *
 * G1  At most one operation runs per stack.
 * G2  An operation never ends with a throw: what goes wrong stands in the stack's status.
 */
import type { Io } from '../../../io/io.ts';
import type { Caller } from '../calls.ts';
import type { ResourceType } from '../resource-types/resource-type.ts';
import type { Records } from './records.ts';

export interface Engine {
  readonly io: Io;
  readonly region: string;
  readonly accountId: string;
  readonly records: Records;
  readonly types: ReadonlyMap<string, ResourceType>;
  readonly caller: Caller;
  readonly operations: Operations;
  /** How long a resource may take to become stable. */
  readonly stabilizeMs: number;
}

export class Operations {
  readonly #io: Io;
  readonly #running = new Map<string, Promise<void>>();
  constructor(io: Io) {
    this.#io = io;
  }

  /** Runs an operation on a stack in the background. */
  start(stackId: string, run: () => Promise<void>): void {
    const running = run()
      .catch((error: unknown) => {
        const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
        this.#io.probe.event('cloudformation.bug', { stackId, message });
        this.#io.probe.always(false, 'a stack operation ends with a status');
      })
      .finally(() => this.#running.delete(stackId));
    this.#running.set(stackId, running);
  }

  isRunning(stackId: string): boolean {
    return this.#running.has(stackId);
  }

  /** Resolves when nothing runs on the stack any more, or after `waitMs`. */
  async settled(stackId: string, waitMs: number): Promise<void> {
    const running = this.#running.get(stackId);
    if (running === undefined || waitMs <= 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#io.timers.after(waitMs, 'cloudformation wait', resolve);
    void running.then(resolve);
    await promise;
    timer.cancel();
  }
}
