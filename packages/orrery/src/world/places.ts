/**
 * Places: the cities where clients stand, each with a subnet of its own, so that a place can be
 * written as an address (EDNS client subnet, a bound socket) and read back from it.
 *
 * Owns: the names, aliases, coordinates and model subnets. Refuses to own: real-world prefixes
 * (`prefixes.ts`) and travel times (`latency.ts`).
 *
 * Invariants:
 *  P1  Names and subnets are unique and never change their meaning: `places-data.ts` is append-only.
 *  P2  Every region has a place: `placeOfRegion(id)`.
 *  P3  Model subnets lie in 198.18.0.0/15 and 2001:2::/48, the blocks reserved for benchmarks
 *      (RFC 2544, RFC 5180): no real client has such an address.
 */
import { formatIpv4, parseIpv4, parseIpv6 } from '../stdx/ip.ts';
import { placeRows } from './places-data.ts';
import { regions } from './regions.ts';

export type Continent = 'AF' | 'AN' | 'AS' | 'EU' | 'NA' | 'OC' | 'SA';

export interface Place {
  /** `new-york`: what commands and `@new-york` locations say. */
  readonly name: string;
  readonly displayName: string;
  /** ISO 3166-1 alpha-2. */
  readonly country: string;
  /** The state, in the United States only: `NY`. */
  readonly subdivision: string | undefined;
  readonly continent: Continent;
  readonly lat: number;
  readonly lon: number;
  /** From 0; stable. */
  readonly index: number;
  /** `198.18.42.0/24`: an EDNS client subnet that means this place. */
  readonly subnet: string;
  /** `2001:2:0:2a00::/56`, likewise. */
  readonly subnet6: string;
}

const firstSubnet = 0xc6120000;

export const places: readonly Place[] = placeRows.map(
  ([name, displayName, where, continent, lat, lon], index) => {
    const [country = '', subdivision] = where.split('-');
    return {
      name,
      displayName,
      country,
      subdivision,
      continent: continent as Continent,
      lat,
      lon,
      index,
      subnet: `${formatIpv4(firstSubnet + (index + 1) * 256)}/24`,
      subnet6: `2001:2:0:${(index + 1).toString(16)}00::/56`,
    };
  },
);

const byName = new Map(places.map((place) => [place.name, place]));

/** Other names that people use, and places whose nearest modelled city is the obvious one. */
const aliases: Readonly<Record<string, string>> = {
  virginia: 'ashburn',
  'n-virginia': 'ashburn',
  'northern-virginia': 'ashburn',
  ohio: 'columbus',
  oregon: 'boardman',
  portland: 'boardman',
  california: 'san-jose',
  'n-california': 'san-jose',
  'silicon-valley': 'san-jose',
  'bay-area': 'san-francisco',
  sf: 'san-francisco',
  la: 'los-angeles',
  nyc: 'new-york',
  'new-york-city': 'new-york',
  'washington-dc': 'washington',
  dc: 'washington',
  ireland: 'dublin',
  spain: 'zaragoza',
  bahrain: 'manama',
  uae: 'abu-dhabi',
  dubai: 'abu-dhabi',
  malaysia: 'kuala-lumpur',
  thailand: 'bangkok',
  'new-zealand': 'auckland',
  'são-paulo': 'sao-paulo',
  bombay: 'mumbai',
  madras: 'chennai',
  calcutta: 'kolkata',
  bangalore: 'bengaluru',
  'new-delhi': 'delhi',
  saigon: 'ho-chi-minh-city',
  'st-petersburg': 'saint-petersburg',
  kiev: 'kyiv',
  köln: 'dusseldorf',
  cologne: 'dusseldorf',
  münchen: 'munich',
  zürich: 'zurich',
  geneva: 'zurich',
  kyoto: 'osaka',
  kobe: 'osaka',
  yokohama: 'tokyo',
  incheon: 'seoul',
  hongkong: 'hong-kong',
  rio: 'rio-de-janeiro',
};

const byAlias = new Map<string, Place>();
for (const [alias, name] of Object.entries(aliases)) {
  const place = byName.get(name);
  if (place !== undefined) byAlias.set(alias, place);
}
for (const [index, region] of regions.entries()) {
  const place = places[index];
  if (place !== undefined) byAlias.set(region.id, place);
}

/**
 * The place of a name, an alias or a region id (its city): case, spaces, underscores and a leading
 * `@` do not matter. Undefined where there is none.
 */
export function placeByName(name: string): Place | undefined {
  const slug = name
    .trim()
    .replace(/^@/, '')
    .toLowerCase()
    .replace(/[\s_]+/g, '-');
  return byName.get(slug) ?? byAlias.get(slug);
}

/** Names close to a mistyped one, best first: for error messages. */
export function placesLike(name: string, limit = 5): readonly string[] {
  const slug = name
    .trim()
    .replace(/^@/, '')
    .toLowerCase()
    .replace(/[\s_]+/g, '-');
  const known = [...byName.keys(), ...byAlias.keys()];
  const scored = known.map((candidate) => ({ candidate, cost: distance(slug, candidate) }));
  scored.sort((a, b) => a.cost - b.cost || (a.candidate < b.candidate ? -1 : 1));
  const best = scored.filter(({ candidate, cost }) => cost <= Math.max(2, candidate.length / 3));
  return best.slice(0, limit).map(({ candidate }) => candidate);
}

/** Levenshtein distance; the inputs are place names, so short. */
function distance(a: string, b: string): number {
  if (a.length > 64) return a.length;
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(substitution, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}

/** The city of a region. Throws on an unknown region: callers check their input first. */
export function placeOfRegion(regionId: string): Place {
  const place = byAlias.get(regionId);
  if (place === undefined) throw new RangeError(`no such region: ${regionId}`);
  return place;
}

/** An address in the place's own subnet; `host` is the last octet. */
export function ipOfPlace(place: Place, host = 1): string {
  return formatIpv4(firstSubnet + (place.index + 1) * 256 + host);
}

/** The place that a model subnet belongs to; undefined for every other address. */
export function placeOfModelIp(ip: string): Place | undefined {
  const v4 = parseIpv4(ip);
  if (v4 !== undefined) return placeOfModelIpv4(v4);
  const v6 = parseIpv6(ip);
  return v6 === undefined ? undefined : placeOfModelIpv6(v6);
}

/** The same for an address as an unsigned 32-bit number. */
export function placeOfModelIpv4(value: number): Place | undefined {
  return value >>> 17 === firstSubnet >>> 17 ? places[((value >>> 8) & 0x1ff) - 1] : undefined;
}

/** The same for the 16 bytes of an IPv6 address. */
export function placeOfModelIpv6(bytes: Uint8Array): Place | undefined {
  const prefix = [0x20, 0x01, 0x00, 0x02, 0, 0];
  for (const [i, byte] of prefix.entries()) if (bytes[i] !== byte) return undefined;
  return places[(bytes[6] ?? 0) - 1];
}
