/**
 * Linearizability of one register whose written values are all different, in O(n log n), after
 * Gibbons and Korach, "Testing shared memories" (1997).
 *
 * All operations that write or read one value form its zone: from the first completion to the last
 * invocation. Where that runs forward (some operation began after another had ended), the register
 * must hold the value all through the zone, so two forward zones never overlap. Where it runs
 * backward, one moment within it is enough, so it must only not lie wholly within a forward zone.
 * Writes of unknown outcome end never: they cost nothing.
 */

/** A write of a value, unique among writes; `null` is what stands there at first, never written. */
export interface RegisterWrite {
  readonly value: string;
  readonly invokedUs: number;
  /** Infinity where it is not known to have ended. */
  readonly completedUs: number;
}

export interface RegisterRead {
  readonly value: string | null;
  readonly invokedUs: number;
  readonly completedUs: number;
}

interface Zone {
  readonly value: string | null;
  writtenUs: number;
  firstCompletedUs: number;
  lastInvokedUs: number;
}

/** Says in words why no order of the operations explains what was read; undefined where one does. */
export function explainNotLinearizable(
  writes: readonly RegisterWrite[],
  reads: readonly RegisterRead[],
): string | undefined {
  const zones = new Map<string | null, Zone>([[null, initialZone()]]);
  for (const { value, invokedUs, completedUs } of writes) {
    if (zones.has(value)) return `${value} is written twice`;
    zones.set(value, {
      value,
      writtenUs: invokedUs,
      firstCompletedUs: completedUs,
      lastInvokedUs: invokedUs,
    });
  }
  for (const { value, invokedUs, completedUs } of reads) {
    const zone = zones.get(value);
    if (zone === undefined) return `${value} is read, and nobody wrote it`;
    if (completedUs < zone.writtenUs) return `${value} is read before it is written`;
    zone.firstCompletedUs = Math.min(zone.firstCompletedUs, completedUs);
    zone.lastInvokedUs = Math.max(zone.lastInvokedUs, invokedUs);
  }
  // A write that may never have happened and that nobody saw explains itself.
  const all = [...zones.values()].filter(
    (zone) => zone.firstCompletedUs !== Number.POSITIVE_INFINITY,
  );
  const forward = all
    .filter((zone) => zone.firstCompletedUs < zone.lastInvokedUs)
    .sort((a, b) => a.firstCompletedUs - b.firstCompletedUs);
  const backward = all.filter((zone) => zone.firstCompletedUs >= zone.lastInvokedUs);
  return overlap(forward) ?? containment(forward, backward);
}

/** The initial value is written before everything else. */
function initialZone(): Zone {
  const before = Number.NEGATIVE_INFINITY;
  return {
    value: null,
    writtenUs: before,
    firstCompletedUs: before,
    lastInvokedUs: before,
  };
}

function overlap(forward: readonly Zone[]): string | undefined {
  let widest: Zone | undefined;
  for (const zone of forward) {
    if (widest !== undefined && zone.firstCompletedUs < widest.lastInvokedUs) {
      return `${named(widest)} and ${named(zone)} are both held in between`;
    }
    if (widest === undefined || zone.lastInvokedUs > widest.lastInvokedUs) widest = zone;
  }
  return undefined;
}

/** Forward zones are disjoint here: only the last that begins before a zone can contain it. */
function containment(forward: readonly Zone[], backward: readonly Zone[]): string | undefined {
  for (const zone of backward) {
    let low = 0;
    let high = forward.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((forward[middle] as Zone).firstCompletedUs < zone.lastInvokedUs) low = middle + 1;
      else high = middle;
    }
    const around = forward[low - 1];
    if (around !== undefined && zone.firstCompletedUs < around.lastInvokedUs) {
      return `${named(around)} is held all the while in which ${named(zone)} should have been`;
    }
  }
  return undefined;
}

function named(zone: Zone): string {
  const [from, to] = [zone.firstCompletedUs, zone.lastInvokedUs].sort((a, b) => a - b);
  return `${zone.value ?? 'nothing'} (${ms(from)}–${ms(to)})`;
}

function ms(us: number | undefined): string {
  return us === undefined || !Number.isFinite(us) ? 'start' : `${(us / 1000).toFixed(1)} ms`;
}
