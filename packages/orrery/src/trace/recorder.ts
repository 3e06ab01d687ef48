/**
 * Keeps the newest events of a process. Owns a bounded ring and the order of events in it.
 * Refuses to own what an event means: it observes and never decides.
 */
import type { Clock, ProbeData } from '../io/io.ts';

export interface TraceEvent {
  /** Position in this process's trace, from 1; never reused while it lives. */
  readonly sequence: number;
  readonly atMs: number;
  readonly kind: string;
  readonly data: ProbeData;
}

export interface Recorder {
  record(kind: string, data: ProbeData): void;
  /** Events after a sequence number, oldest first, at most `limit` (the newest stand). */
  after(sequence: number, limit: number): readonly TraceEvent[];
}

/** Makes a recorder that keeps the newest `capacity` events. */
export function createRecorder(clock: Clock, capacity: number): Recorder {
  const ring: TraceEvent[] = [];
  let count = 0;
  return {
    record: (kind, data) => {
      count += 1;
      ring[(count - 1) % capacity] = { sequence: count, atMs: clock.wallMs(), kind, data };
    },
    after: (sequence, limit) => {
      const oldest = Math.max(sequence + 1, count - Math.min(capacity, limit) + 1, 1);
      const found: TraceEvent[] = [];
      for (let at = oldest; at <= count; at += 1) {
        const event = ring[(at - 1) % capacity];
        if (event !== undefined) found.push(event);
      }
      return found;
    },
  };
}
