/**
 * The hybrid logical clock of a region: timestamps that stay near the wall clock, never repeat and
 * never go back, and are greater than every timestamp that the region has seen.
 *
 * Refuses to own: persistence. Whoever makes the clock passes the greatest timestamp that its
 * store holds, stamped or observed.
 *
 * Invariants:
 *  H1  `next()` is greater than every earlier result and every earlier `observe`, whatever the
 *      wall clock does: it may step back or stand still.
 *  H2  Fixed width, so that text order is time order.
 *  H3  The counter's overflow borrows a millisecond from the future instead of failing; the wall
 *      clock catches up as soon as less than 65,536 writes happen in a millisecond.
 *  H4  A peer whose clock is ahead drags this one along. That is the price of H1: a write made
 *      after seeing another must win over it. Nothing limits how far.
 */
import type { Clock } from '../../../io/io.ts';
import type { HlcTimestamp } from '../api.ts';

export interface HybridLogicalClock {
  /** A timestamp for a write made now. */
  next(): HlcTimestamp;
  /** Takes note of a timestamp from elsewhere; older ones change nothing. */
  observe(timestamp: HlcTimestamp): void;
  /** The greatest timestamp given or observed: what the store should keep. */
  latest(): HlcTimestamp;
}

/** Earlier than every timestamp of a clock. */
export const zeroTimestamp: HlcTimestamp = '0000000000000000';

const counterMax = 0xffff;
const physicalMsMax = 2 ** 48 - 1;

/** A clock that starts after `initial`: the greatest timestamp of the store. */
export function createHybridLogicalClock(
  clock: Clock,
  initial: HlcTimestamp = zeroTimestamp,
): HybridLogicalClock {
  let physicalMs = writtenAtMs(initial);
  let counter = counterOf(initial);
  // The first twelve digits change once a millisecond; the text is kept in between.
  let prefix = initial.slice(0, 12);
  function advanceTo(ms: number): void {
    if (ms > physicalMsMax) throw new RangeError(`wall clock beyond 48 bits: ${ms}`);
    physicalMs = ms;
    counter = 0;
    prefix = ms.toString(16).padStart(12, '0');
  }
  return {
    next() {
      const wallMs = clock.wallMs();
      if (wallMs > physicalMs) advanceTo(wallMs);
      else if (counter === counterMax) advanceTo(physicalMs + 1);
      else counter += 1;
      return prefix + counter.toString(16).padStart(4, '0');
    },
    observe(timestamp) {
      const ms = writtenAtMs(timestamp);
      if (ms < physicalMs) return;
      const seen = counterOf(timestamp);
      if (ms > physicalMs) advanceTo(ms);
      if (seen > counter) counter = seen;
    },
    latest() {
      return prefix + counter.toString(16).padStart(4, '0');
    },
  };
}

/** Epoch milliseconds that a timestamp holds. Throws RangeError where it is none. */
export function writtenAtMs(timestamp: HlcTimestamp): number {
  const ms = Number.parseInt(timestamp.slice(0, 12), 16);
  if (timestamp.length !== 16 || Number.isNaN(ms)) {
    throw new RangeError(`not a timestamp: ${timestamp.slice(0, 32)}`);
  }
  return ms;
}

/** The smallest timestamp of a millisecond. */
export function timestampAtMs(ms: number): HlcTimestamp {
  return `${ms.toString(16).padStart(12, '0')}0000`;
}

/** Whether a text is a timestamp: 16 lower-case hexadecimal digits. */
export function isTimestamp(text: unknown): text is HlcTimestamp {
  return typeof text === 'string' && /^[0-9a-f]{16}$/.test(text);
}

function counterOf(timestamp: HlcTimestamp): number {
  return Number.parseInt(timestamp.slice(12), 16);
}
