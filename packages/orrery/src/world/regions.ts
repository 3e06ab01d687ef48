/**
 * The 34 commercial regions: where they are and how far apart, in round-trip milliseconds.
 * Pure data and look-ups; places of clients are in `places.ts`.
 */
import data from './regions.json' with { type: 'json' };

export interface Region {
  readonly id: string;
  readonly name: string;
  readonly metro: string;
  readonly country: string;
  readonly lat: number;
  readonly lon: number;
  readonly azCount: number;
  readonly azIds: readonly string[];
  readonly optIn: boolean;
  readonly route53HealthChecker: boolean;
}

export const regions: readonly Region[] = data.regions as readonly Region[];

const indexById = new Map(regions.map((region, index) => [region.id, index]));

export function isRegion(id: string): boolean {
  return indexById.has(id);
}

/** The region of that id, or undefined. */
export function regionById(id: string): Region | undefined {
  const index = indexById.get(id);
  return index === undefined ? undefined : regions[index];
}

/**
 * Median round-trip time between two regions in milliseconds, the mean of both directions (they
 * differ by 1.3 ms in the median). Within one region it is 1 ms: the measured 2 to 8 ms hold the
 * service's own time too. Throws on an unknown region: callers check their input first.
 */
export function interRegionRttMs(a: string, b: string): number {
  if (a === b) return 1;
  const i = indexById.get(a);
  const j = indexById.get(b);
  if (i === undefined || j === undefined) throw new RangeError(`no such region: ${a} or ${b}`);
  return ((data.rttMs[i]?.[j] ?? 0) + (data.rttMs[j]?.[i] ?? 0)) / 2;
}
