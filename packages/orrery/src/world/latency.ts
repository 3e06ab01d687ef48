/**
 * How long a message and its answer take between two locations. Owns the model of the public
 * internet around the measured matrix of the regions. Refuses to own jitter, loss and faults
 * (the network implementation adds them).
 *
 * Invariants:
 *  L1  Symmetric, deterministic, rounded to 0.1 ms: equal on every machine and Node version.
 *  L2  region ↔ region is the measured median; `global` ↔ anything is 0 (the edge's own traffic:
 *      Route 53 answers from hundreds of sites, near whoever asks).
 *  L3  place → region = last mile + the estimate of the nearest region's own measurements
 *      (leave-one-out over the matrix: median error 6.4 %), never below light in fibre. So a
 *      client far from all takes the detours that cables take: Tokyo is 78 ms nearer to Virginia
 *      than to Frankfurt, whatever the globe says.
 *  L4  place → place = both last miles + 9 + 0.01586 ms per kilometre of great circle, the robust
 *      fit to the matrix (median error 13.8 %).
 */
import { greatCircleKm, type Point } from './geometry.ts';
import { type Place, placeByName } from './places.ts';
import { interRegionRttMs, isRegion, type Region, regionById, regions } from './regions.ts';

/** A fibre line to the nearest peering point. */
const fibreMs = 9;
const baseMs = 9;
const perKmMs = 0.01586;
/** Of the way beyond what the nearest region has measured, and of the way to that region. */
const beyondMsPerKm = 0.013;
const aroundMsPerKm = 0.004;
/** Light in fibre, there and back. */
const lightMsPerKm = 0.0098;

const southAsia = new Set(['IN', 'PK', 'BD', 'LK', 'NP', 'AF']);
const eastAsia = new Set(['JP', 'KR', 'TW', 'HK', 'SG']);
const northernEurope = new Set(['SE', 'NO', 'FI', 'DK', 'IS']);
const inlandSouthAmerica = new Set(['bogota', 'medellin', 'quito', 'la-paz', 'brasilia']);

/** Round trip from a fibre line at that place to its nearest large peering point, milliseconds. */
export function lastMileMs(place: Place): number {
  return fibreMs + areaExtraMs(place);
}

/** Model values: access networks differ by area, not only by technology. */
function areaExtraMs(place: Place): number {
  if (place.continent === 'AF') return 15;
  if (southAsia.has(place.country)) return 15;
  if (inlandSouthAmerica.has(place.name) || place.name === 'belo-horizonte') return 15;
  if (eastAsia.has(place.country) || northernEurope.has(place.country)) return 2;
  return 5;
}

const cache = new Map<Place, Map<string, number>>();

/** Round-trip milliseconds from a client at that place to a region. Throws on unknown regions. */
export function placeToRegionRttMs(place: Place, regionId: string): number {
  let row = cache.get(place);
  if (row === undefined) {
    row = new Map();
    cache.set(place, row);
  }
  let value = row.get(regionId);
  if (value === undefined) {
    const region = regionById(regionId);
    if (region === undefined) throw new RangeError(`no such region: ${regionId}`);
    value = tenths(lastMileMs(place) + byNearestRegionMs(place, region));
    row.set(regionId, value);
  }
  return value;
}

/**
 * Round-trip milliseconds between two locations: region ids, `@place` names or `global`. Throws
 * `RangeError` on a location that is none of them.
 */
export function rttMs(from: string, to: string): number {
  if (from === 'global' || to === 'global') return 0;
  const fromIsRegion = isRegion(from);
  const toIsRegion = isRegion(to);
  if (fromIsRegion && toIsRegion) return tenths(interRegionRttMs(from, to));
  if (toIsRegion) return placeToRegionRttMs(placeAt(from), to);
  if (fromIsRegion) return placeToRegionRttMs(placeAt(to), from);
  const a = placeAt(from);
  const b = placeAt(to);
  if (a === b) return tenths(2 * lastMileMs(a));
  return tenths(lastMileMs(a) + lastMileMs(b) + overLandMs(a, b));
}

/**
 * The candidate region with the least round-trip time from a place; of equals the lesser id, so
 * that the answer does not hang on the order of the candidates. Undefined where there is none.
 */
export function nearestRegionByLatency(
  place: Place,
  candidates: Iterable<string>,
): string | undefined {
  let best: string | undefined;
  let bestMs = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const ms = placeToRegionRttMs(place, candidate);
    if (ms < bestMs || (ms === bestMs && best !== undefined && candidate < best)) {
      best = candidate;
      bestMs = ms;
    }
  }
  return best;
}

/** What the region nearest to a point has measured, and the difference of ways. */
function byNearestRegionMs(from: Point, to: Region): number {
  const near = nearestRegion(from);
  const km = greatCircleKm(from, to);
  const beyondKm = km - greatCircleKm(near, to);
  const aroundKm = greatCircleKm(from, near);
  const measuredMs = interRegionRttMs(near.id, to.id);
  const ms = measuredMs + beyondMsPerKm * beyondKm + aroundMsPerKm * aroundKm;
  return Math.max(ms, interRegionRttMs(to.id, to.id) + lightMsPerKm * km);
}

function nearestRegion(point: Point): Region {
  let best = regions[0] as Region;
  for (const region of regions) {
    if (greatCircleKm(region, point) < greatCircleKm(best, point)) best = region;
  }
  return best;
}

function placeAt(location: string): Place {
  const place = location.startsWith('@') ? placeByName(location) : undefined;
  if (place === undefined) throw new RangeError(`no such location: ${location}`);
  return place;
}

function overLandMs(a: Point, b: Point): number {
  return baseMs + perKmMs * greatCircleKm(a, b);
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}
