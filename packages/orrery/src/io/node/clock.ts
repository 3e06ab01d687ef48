/** The machine's clocks. Owns the units: whole epoch milliseconds, microseconds since the start. */
import type { Clock } from '../io.ts';

export function createClock(): Clock {
  const startMs = performance.now();
  return {
    wallMs: () => Date.now(),
    monotonicUs: () => Math.floor((performance.now() - startMs) * 1_000),
  };
}
