/**
 * Owns: the last durations of one stream and their percentiles. Refuses to own: what they measure.
 */
import type { LatencySummary } from '../api.ts';

export interface LatencyMeter {
  record(ms: number): void;
  summary(): LatencySummary;
}

const kept = 1_024;

/** A meter over the last 1,024 durations. */
export function createLatencyMeter(): LatencyMeter {
  const ring: number[] = [];
  let batches = 0;
  let last: number | null = null;
  return {
    record(ms) {
      ring[batches % kept] = ms;
      batches += 1;
      last = ms;
    },
    summary() {
      const sorted = ring.toSorted((a, b) => a - b);
      return { last, p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99), batches };
    },
  };
}

/** Nearest-rank percentile of sorted numbers; null where there are none. */
export function percentile(sorted: readonly number[], fraction: number): number | null {
  return sorted[Math.max(0, Math.ceil(sorted.length * fraction) - 1)] ?? null;
}
