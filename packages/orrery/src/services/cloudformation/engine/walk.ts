/**
 * Runs one task per node of a graph, each once all that it depends on are done, many at a time.
 * Owns the order. Refuses to own what a task does.
 *
 * W1  A task starts only after every task it depends on has succeeded.
 * W2  After the first failure no further task starts; those under way end before `walk` returns
 *     (unless told to go on: deletion takes what it can).
 */
import type { Dependencies } from '../template/dependencies.ts';

export interface WalkResult {
  readonly done: readonly string[];
  readonly failed: readonly { readonly id: string; readonly error: unknown }[];
}

export interface WalkOptions {
  /** Goes on with what does not depend on a failed task. */
  readonly continueOnFailure?: boolean;
  readonly parallelMax?: number;
}

export async function walk(
  graph: Dependencies,
  task: (id: string) => Promise<void>,
  options: WalkOptions = {},
): Promise<WalkResult> {
  const { continueOnFailure = false, parallelMax = 16 } = options;
  const waiting = new Map([...graph].map(([id, before]) => [id, new Set(before)]));
  const done: string[] = [];
  const failed: { id: string; error: unknown }[] = [];
  const running = new Set<Promise<void>>();

  const start = (id: string): void => {
    waiting.delete(id);
    const run: Promise<void> = task(id).then(
      () => {
        done.push(id);
        for (const before of waiting.values()) before.delete(id);
        running.delete(run);
      },
      (error: unknown) => {
        failed.push({ id, error });
        running.delete(run);
      },
    );
    running.add(run);
  };

  for (;;) {
    if (failed.length === 0 || continueOnFailure) {
      for (const [id, before] of waiting) {
        if (running.size >= parallelMax) break;
        if (before.size === 0) start(id);
      }
    }
    if (running.size === 0) return { done, failed };
    await Promise.race(running);
  }
}
