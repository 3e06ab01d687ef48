/**
 * Observation in live mode: events go to a sink, a broken invariant is shouted as well. It decides
 * nothing, and a sink that throws disturbs nobody.
 */
import type { Probe, ProbeData } from '../io.ts';

export interface ProbeSink {
  event(kind: string, data: ProbeData): void;
  /** An invariant of ours does not hold. Without this, it is written to stderr. */
  broken?(what: string, stack: string): void;
  sometimes?(what: string): void;
}

function shout(id: string, what: string, stack: string): void {
  process.stderr.write(`orrery ${id}: INVARIANT BROKEN: ${what}\n${stack}\n`);
}

export function createProbe(id: string, sink: ProbeSink | undefined): Probe {
  const broken = (what: string): void => {
    const stack = (new Error(what).stack ?? '').split('\n').slice(3).join('\n');
    if (sink?.broken === undefined) shout(id, what, stack);
    else sink.broken(what, stack);
  };
  return {
    event: (kind, data) => {
      if (sink === undefined) return;
      try {
        sink.event(kind, data);
      } catch (error) {
        broken(`the sink of events threw: ${String(error)}`);
      }
    },
    always: (holds, what) => {
      if (!holds) broken(what);
    },
    sometimes: (reached, what) => {
      if (reached) sink?.sometimes?.(what);
    },
    buggify: () => false,
  };
}
