/**
 * Routing policies: which records of a group may answer a client, and which of those does. Pure
 * but for the chance it is given. Refuses to own health and aliases (`decide.ts`).
 *
 * Invariants:
 *  P1  `tiersOf` says what a policy would fall back to: where no record of a tier is healthy, the
 *      next tier is asked. Only geolocation and IP-based routing have more than one.
 *  P2  Equals are broken by the set identifier, never by the order in which sets came.
 */
import type { Random } from '../../../io/io.ts';
import type { Place } from '../../../world/places.ts';
import type { GeoLocation } from '../record-set.ts';
import type { CidrIndex, ClientPrefix } from './cidr-index.ts';
import { type BiasFormula, biasedKm } from './geoproximity.ts';
import type { CompiledRecord, Group } from './packed-group.ts';

/** An answer of multivalue sets holds at most so many records, to fit 512 octets. */
const maxMultivalue = 8;

/** The client, and what is known of the world. */
export interface ChoiceContext {
  readonly place: Place;
  /** The client's address, as far as it is known; for IP-based routing. */
  readonly prefix: () => ClientPrefix | undefined;
  readonly random: Random;
  readonly latencyMs: (place: Place, region: string) => number;
  readonly biasFormula: BiasFormula;
  readonly cidr: (collectionId: string) => CidrIndex | undefined;
}

export interface Tiers {
  readonly tiers: readonly (readonly CompiledRecord[])[];
  /** Whether another place could have others. */
  readonly location: boolean;
  /** Length of the client's prefix that the tiers hang on; 0 where on none. */
  readonly cidrScope: number;
}

/** The records that may answer this client, those that fit best first. */
export function tiersOf(group: Group, context: ChoiceContext): Tiers {
  switch (group.policy) {
    case 'geolocation':
      return {
        tiers: geolocationTiers(group.records, context.place),
        location: true,
        cidrScope: 0,
      };
    case 'IP-based':
      return cidrTiers(group.records, context);
    case 'latency':
    case 'geoproximity':
      return { tiers: [group.records], location: true, cidrScope: 0 };
    default:
      return { tiers: [group.records], location: false, cidrScope: 0 };
  }
}

function geolocationTiers(records: readonly CompiledRecord[], place: Place): CompiledRecord[][] {
  const tiers: CompiledRecord[][] = [[], [], [], []];
  for (const record of records) {
    const tier = geolocationTier(record.set.GeoLocation, place);
    if (tier !== undefined) tiers[tier]?.push(record);
  }
  return tiers.filter((tier) => tier.length > 0);
}

/** Subdivision, country, continent, default: 0 to 3; undefined where the place is elsewhere. */
function geolocationTier(location: GeoLocation | undefined, place: Place): number | undefined {
  const { ContinentCode, CountryCode, SubdivisionCode } = location ?? {};
  if (CountryCode === '*') return 3;
  if (ContinentCode !== undefined) return ContinentCode === place.continent ? 2 : undefined;
  if (CountryCode !== place.country) return undefined;
  if (SubdivisionCode === undefined) return 1;
  return SubdivisionCode === place.subdivision ? 0 : undefined;
}

/** Longest block first, whatever the collection; then the location `*`. */
function cidrTiers(records: readonly CompiledRecord[], context: ChoiceContext): Tiers {
  const prefix = context.prefix();
  const matches = new Map<string, readonly string[]>();
  let cidrScope = 0;
  const ranked: { record: CompiledRecord; rank: number }[] = [];
  for (const record of records) {
    const { CollectionId: id, LocationName: location } = record.set.CidrRoutingConfig ?? {};
    if (id === undefined || location === undefined) continue;
    let locations = matches.get(id);
    if (locations === undefined) {
      const match = prefix === undefined ? undefined : context.cidr(id)?.match(prefix);
      locations = match?.locations ?? [];
      cidrScope = Math.max(cidrScope, match?.scope ?? 0);
      matches.set(id, locations);
    }
    const rank = location === '*' ? Number.POSITIVE_INFINITY : locations.indexOf(location);
    if (rank >= 0) ranked.push({ record, rank });
  }
  ranked.sort((a, b) => (a.rank === b.rank ? 0 : a.rank - b.rank));
  return { tiers: ranked.map(({ record }) => [record]), location: false, cidrScope };
}

export interface Choice {
  readonly records: readonly CompiledRecord[];
  readonly chance: boolean;
}

/** The records that the policy takes from those that may be taken. There is at least one. */
export function choose(
  group: Group,
  pool: readonly CompiledRecord[],
  context: ChoiceContext,
): Choice {
  switch (group.policy) {
    case 'simple':
    case 'geolocation':
    case 'IP-based':
      return { records: pool.slice(0, 1), chance: false };
    case 'weighted':
      return chooseWeighted(pool, context.random);
    case 'latency':
      return { records: least(pool, (record) => latencyOf(record, context)), chance: false };
    case 'geoproximity':
      return { records: least(pool, (record) => distanceOf(record, context)), chance: false };
    case 'failover': {
      const primary = pool.find((record) => record.set.Failover === 'PRIMARY');
      return { records: [primary ?? pool[0]].filter((each) => each !== undefined), chance: false };
    }
    case 'multivalue':
      return {
        records: shuffled(pool, context.random).slice(0, maxMultivalue),
        chance: pool.length > 1,
      };
  }
}

/** Round trip between the client and a latency record's region; undefined for other records. */
export function latencyOf(record: CompiledRecord, context: ChoiceContext): number | undefined {
  const region = record.set.Region;
  return region === undefined ? undefined : context.latencyMs(context.place, region);
}

/** Biased kilometres between the client and a geoproximity record; undefined for other records. */
export function distanceOf(record: CompiledRecord, context: ChoiceContext): number | undefined {
  if (record.at === undefined) return undefined;
  const bias = record.set.GeoProximityLocation?.Bias ?? 0;
  return biasedKm(context.place, record.at, bias, context.biasFormula);
}

/** Weight 0 is never taken beside a greater one; where all are 0, all are equal. */
function chooseWeighted(pool: readonly CompiledRecord[], random: Random): Choice {
  const heavy = pool.filter((record) => (record.set.Weight ?? 0) > 0);
  const candidates = heavy.length > 0 ? heavy : pool;
  if (candidates.length <= 1) return { records: candidates, chance: false };
  const weightOf = (record: CompiledRecord): number =>
    heavy.length > 0 ? (record.set.Weight ?? 0) : 1;
  const total = candidates.reduce((sum, record) => sum + weightOf(record), 0);
  let draw = random.int(1, total);
  for (const record of candidates) {
    draw -= weightOf(record);
    if (draw <= 0) return { records: [record], chance: true };
  }
  return { records: candidates.slice(-1), chance: true };
}

/** The record of the least measure; of equals the lesser region id, then the lesser identifier. */
function least(
  pool: readonly CompiledRecord[],
  measure: (record: CompiledRecord) => number | undefined,
): CompiledRecord[] {
  let best: CompiledRecord | undefined;
  let bestMeasure = Number.POSITIVE_INFINITY;
  for (const record of pool) {
    const value = measure(record) ?? Number.POSITIVE_INFINITY;
    const earlier = (record.set.Region ?? '') < (best?.set.Region ?? '');
    if (best === undefined || value < bestMeasure || (value === bestMeasure && earlier)) {
      best = record;
      bestMeasure = value;
    }
  }
  return best === undefined ? [] : [best];
}

/** The same items in random order. */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = random.int(0, i);
    const [a, b] = [out[i], out[j]];
    if (a !== undefined && b !== undefined) [out[i], out[j]] = [b, a];
  }
  return out;
}
