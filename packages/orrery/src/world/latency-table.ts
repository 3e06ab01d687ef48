/**
 * Round-trip times that a user has measured, over the model's: from places, real subnets and
 * regions to regions. Owns the file's format, its checks and the look-ups. Pure.
 *
 *   { "tokyo": { "us-east-1": 148 },
 *     "203.0.113.0/24": { "place": "osaka", "ap-northeast-3": 4, "ap-northeast-1": 12 },
 *     "us-east-1": { "eu-west-1": 67 } }
 *
 * Invariants:
 *  T1  A table that was read has only known names and sound numbers: look-ups never throw.
 *  T2  What is not in the table is the model's (`latency.ts`). A subnet without a row of its own
 *      for a region has that of its place.
 *  T3  Region to region holds both ways, and for the network between them only; a client in a
 *      region's city is a matter of that place's row.
 */
import { parseIpv4, parseIpv6 } from '../stdx/ip.ts';
import { type GeoDatabase, type GeoPosition, maxPlaces } from './geo-database.ts';
import { placeToRegionRttMs } from './latency.ts';
import { type Place, placeByName, placeOfModelIp, places, placesLike } from './places.ts';
import { placeOfIp } from './prefixes.ts';
import { isRegion } from './regions.ts';

/** A row: region → milliseconds. */
export type LatencyRow = Readonly<Record<string, number>>;

/** A checked table, as plain data: it travels to other processes in JSON. */
export interface LatencyTable {
  readonly places: Readonly<Record<string, LatencyRow>>;
  readonly regions: Readonly<Record<string, LatencyRow>>;
  readonly subnets: readonly LatencySubnet[];
}

export interface LatencySubnet {
  readonly subnet: string;
  /** Where it is, where the table says so. */
  readonly place: string | null;
  readonly row: LatencyRow;
}

/** The table will not do. The message names what and where, for a person. */
export class LatencyTableError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'LatencyTableError';
  }
}

const maxRows = 10_000;
const maxMs = 60_000;

/** Reads and checks the text of a table. Throws `LatencyTableError`. */
export function readLatencyTable(text: string): LatencyTable {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new LatencyTableError(`It is no JSON: ${error instanceof Error ? error.message : error}`);
  }
  const rows = Object.entries(objectOf(value, 'The table'));
  if (rows.length > maxRows) {
    throw new LatencyTableError(`It has ${rows.length} rows; ${maxRows} are the most.`);
  }
  const byPlace = new Map<string, LatencyRow>();
  const byRegion = new Map<string, LatencyRow>();
  const subnets = new Map<string, LatencySubnet>();
  for (const [from, row] of rows) {
    const { place, ...times } = objectOf(row, `The row "${from}"`);
    if (from.includes('/')) {
      const { value: network, length } = networkOf(from);
      const key = `${network}/${length}`;
      refuseTwice(from, subnets.has(key));
      subnets.set(key, { subnet: from, place: placeName(from, place), row: rowOf(from, times) });
      continue;
    }
    if (place !== undefined) {
      throw new LatencyTableError(`"${from}" cannot have a "place": only a subnet can.`);
    }
    const [known, name] = isRegion(from) ? [byRegion, from] : [byPlace, knownPlace(from).name];
    refuseTwice(from, known.has(name));
    known.set(name, rowOf(from, times));
  }
  checkBothWays(byRegion);
  return {
    places: Object.fromEntries(byPlace),
    regions: Object.fromEntries(byRegion),
    subnets: [...subnets.values()],
  };
}

function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw new LatencyTableError(
    `${what} must be an object, such as { "tokyo": { "us-east-1": 148 } }.`,
  );
}

function refuseTwice(from: string, isKnown: boolean): void {
  if (isKnown) throw new LatencyTableError(`"${from}" has a row already, under another name.`);
}

function knownPlace(from: string): Place {
  const place = placeByName(from);
  if (place !== undefined) return place;
  const hint = placesLike(from).join(', ');
  const end = hint === '' ? 'See: orrery places' : `Did you mean ${hint}?`;
  throw new LatencyTableError(`"${from}" is no place, no region and no subnet. ${end}`);
}

function placeName(from: string, place: unknown): string | null {
  if (place === undefined) return null;
  const found = typeof place === 'string' ? placeByName(place) : undefined;
  if (found !== undefined) return found.name;
  const hint = typeof place === 'string' ? placesLike(place).join(', ') : '';
  const end = hint === '' ? 'See: orrery places' : `Did you mean ${hint}?`;
  throw new LatencyTableError(`The "place" of "${from}" is none: ${JSON.stringify(place)}. ${end}`);
}

function rowOf(from: string, times: Readonly<Record<string, unknown>>): LatencyRow {
  const row: Record<string, number> = {};
  for (const [to, ms] of Object.entries(times)) {
    if (!isRegion(to)) {
      const near = placesLike(to).filter(isRegion);
      const hint = near.length === 0 ? '' : ` Did you mean ${near.join(', ')}?`;
      throw new LatencyTableError(`"${to}" in the row "${from}" is no region.${hint}`);
    }
    if (typeof ms !== 'number' || !(ms >= 0 && ms <= maxMs)) {
      throw new LatencyTableError(
        `"${from}" to "${to}" must be milliseconds from 0 to ${maxMs}, not ${JSON.stringify(ms)}.`,
      );
    }
    row[to] = ms;
  }
  return row;
}

function checkBothWays(rows: ReadonlyMap<string, LatencyRow>): void {
  for (const [from, row] of rows) {
    for (const [to, ms] of Object.entries(row)) {
      const back = rows.get(to)?.[from];
      if (back === undefined || back === ms) continue;
      throw new LatencyTableError(
        `"${from}" to "${to}" is ${ms} ms, and back ${back} ms: a round trip is the same both ways.`,
      );
    }
  }
}

interface Network {
  readonly bits: 32 | 128;
  readonly value: bigint;
  readonly length: number;
}

function addressOf(ip: string): Omit<Network, 'length'> | undefined {
  const v4 = parseIpv4(ip);
  if (v4 !== undefined) return { bits: 32, value: BigInt(v4) };
  const v6 = parseIpv6(ip);
  if (v6 === undefined) return undefined;
  const view = new DataView(v6.buffer, v6.byteOffset, v6.byteLength);
  const mapped = view.getBigUint64(0) === 0n && view.getUint32(8) === 0xffff;
  if (mapped) return { bits: 32, value: BigInt(view.getUint32(12)) };
  return { bits: 128, value: (view.getBigUint64(0) << 64n) | view.getBigUint64(8) };
}

function networkOf(subnet: string): Network {
  const [ip = '', length = '', ...more] = subnet.split('/');
  const address = addressOf(ip);
  const prefix = Number(length);
  const isPrefix = /^\d{1,3}$/.test(length) && more.length === 0 && prefix >= 1;
  const isMapped = address?.bits === 32 && ip.includes(':');
  if (address === undefined || isMapped || !isPrefix || prefix > address.bits) {
    throw new LatencyTableError(`"${subnet}" is no subnet, such as 203.0.113.0/24.`);
  }
  const host = BigInt(address.bits - prefix);
  if ((address.value >> host) << host !== address.value) {
    throw new LatencyTableError(`"${subnet}" has bits beyond its /${prefix}: name the network.`);
  }
  const place = placeOfModelIp(ip);
  if (place !== undefined || ip.startsWith('198.18.') || ip.startsWith('198.19.')) {
    throw new LatencyTableError(
      `"${subnet}" lies in the subnets that stand for places: name the place` +
        `${place === undefined ? '' : `, "${place.name}",`} instead.`,
    );
  }
  return { ...address, length: prefix };
}

/** Round trip between two locations (`us-east-1`, `@tokyo`), where the table says. */
export function tableRttMs(table: LatencyTable, from: string, to: string): number | undefined {
  return oneWay(table, from, to) ?? oneWay(table, to, from);
}

function oneWay({ places: rows, regions }: LatencyTable, from: string, to: string) {
  return from.startsWith('@') ? rows[placeByName(from)?.name ?? '']?.[to] : regions[from]?.[to];
}

export interface LatencyNetworks {
  /** Knows the table's subnets, and beyond them what the other database knows. */
  readonly database: GeoDatabase;
  /** Round trip of a client: the table's, else the model's. Throws on unknown regions. */
  rttMs(place: Place, region: string): number;
}

/**
 * The table's subnets as places of their own: at the place that the row names, else where
 * `database` or the well-known blocks have them, else at the default place.
 */
export function latencyNetworks(
  table: LatencyTable,
  database: GeoDatabase | undefined,
  defaultPlace: Place,
): LatencyNetworks {
  const rowOfNetwork = new Map<Place, { readonly row: LatencyRow; readonly base: Place }>();
  const byLength = new Map<32 | 128, Map<number, Map<bigint, Place>>>();
  for (const [i, { subnet, place, row }] of table.subnets.entries()) {
    const { bits, value, length } = networkOf(subnet);
    const [ip = ''] = subnet.split('/');
    const named = place === null ? undefined : placeByName(place);
    const base = named ?? database?.find(ip).place ?? placeOfIp(ip) ?? defaultPlace;
    const index = places.length + maxPlaces + i;
    const made: Place = { ...base, name: subnet, displayName: base.displayName, index, subnet };
    rowOfNetwork.set(made, { row, base });
    const lengths = byLength.get(bits) ?? new Map<number, Map<bigint, Place>>();
    byLength.set(bits, lengths);
    const networks = lengths.get(length) ?? new Map<bigint, Place>();
    lengths.set(length, networks.set(value >> BigInt(bits - length), made));
  }
  const longestFirst = (bits: 32 | 128) =>
    [...(byLength.get(bits) ?? [])].sort(([a], [b]) => b - a);
  const tables = { 32: longestFirst(32), 128: longestFirst(128) } as const;
  const find = (ip: string): GeoPosition => {
    const address = addressOf(ip);
    const lengths = address === undefined ? [] : tables[address.bits];
    // Only what is decided by the longest prefix of all is surely the same for all its addresses.
    const longest = lengths[0]?.[0] ?? 0;
    for (const [length, networks] of lengths) {
      const host = BigInt((address?.bits ?? 0) - length);
      const place = networks.get((address?.value ?? 0n) >> host);
      if (place !== undefined) return { place, prefixLength: longest };
    }
    const beyond = database?.find(ip) ?? { place: undefined, prefixLength: 0 };
    return { ...beyond, prefixLength: Math.max(longest, beyond.prefixLength) };
  };
  return {
    database: { name: database?.name ?? 'the latency table', find },
    rttMs: (place, region) => {
      const network = rowOfNetwork.get(place);
      const base = network?.base ?? place;
      const told = network?.row[region] ?? table.places[base.name]?.[region];
      return told ?? placeToRegionRttMs(base, region);
    },
  };
}
