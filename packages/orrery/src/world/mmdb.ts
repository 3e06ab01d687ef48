/**
 * Databases in MaxMind's format (.mmdb) as a `GeoDatabase`. Pure: takes the file's bytes.
 *
 * Owns: what of a record counts, and the words for files that will not do. Refuses to own the
 * format itself (the package `mmdb-lib`) and the reading of files (`cli/geo-files.ts`).
 *
 * Invariants:
 *  M1  A database is refused when it is opened, not query by query: one that is cut short, cannot
 *      be read, or has no countries and coordinates.
 *  M2  `find` never throws: an address whose record cannot be read is one that is not known.
 */
import { type CityResponse, Reader } from 'mmdb-lib';
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from '../stdx/ip.ts';
import { type GeoDatabase, type GeoFacts, GeoPlaces } from './geo-database.ts';
import type { Place } from './places.ts';

/** The file will not do. The message goes on after the file's name: `… is empty`. */
export class MmdbError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'MmdbError';
  }
}

const marker = Buffer.from('abcdef4d61784d696e642e636f6d', 'hex');
/** The format puts the metadata within the last 128 KiB. */
const markerWithin = 128 * 1024;
const separatorOctets = 16;
const recordsKept = 2048;
const wanted = 'Take a City database: GeoLite2-City, GeoIP2-City, DB-IP City Lite.';

type Record = Partial<CityResponse>;

/** Opens a database. Throws `MmdbError` where the bytes are none that can place a client. */
export function openMmdb(bytes: Buffer): GeoDatabase {
  const reader = readerOf(bytes);
  const name = String(reader.metadata.databaseType);
  checkKind(reader, name);
  const places = new GeoPlaces();
  const placeOfRecord = new WeakMap<Record, { readonly place: Place | undefined }>();
  const placeOf = (record: Record): Place | undefined => {
    let known = placeOfRecord.get(record);
    if (known === undefined) {
      const facts = factsOf(record);
      known = { place: facts === undefined ? undefined : places.placeOf(facts) };
      placeOfRecord.set(record, known);
    }
    return known.place;
  };
  return {
    name,
    find: (ip) => {
      const address = addressFor(reader, ip);
      const found = address === undefined ? undefined : lookUp(reader, address);
      if (found === undefined) return { place: undefined, prefixLength: 0 };
      const { record, prefixLength } = found;
      return { place: record === undefined ? undefined : placeOf(record), prefixLength };
    },
  };
}

function readerOf(bytes: Buffer): Reader<CityResponse> {
  if (bytes.length === 0) throw new MmdbError('is empty.');
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    throw new MmdbError('is a gzip archive. Unpack it first: the .mmdb file inside is wanted.');
  }
  if (bytes.lastIndexOf(marker) < Math.max(0, bytes.length - markerWithin)) {
    throw new MmdbError('is no MaxMind DB (.mmdb) file, or is cut short: it has no metadata.');
  }
  let reader: Reader<CityResponse>;
  try {
    reader = new Reader<CityResponse>(bytes, { cache: new RecordCache() });
  } catch (error) {
    throw new MmdbError(`cannot be read: ${error instanceof Error ? error.message : error}.`);
  }
  const { binaryFormatMajorVersion: major, searchTreeSize, ipVersion } = reader.metadata;
  if (major !== 2) throw new MmdbError(`has version ${major} of the format; 2 can be read.`);
  if (ipVersion !== 4 && ipVersion !== 6) {
    throw new MmdbError(`is damaged: its metadata speak of IP version ${ipVersion}.`);
  }
  if (!(searchTreeSize + separatorOctets <= bytes.lastIndexOf(marker))) {
    throw new MmdbError('is damaged: its search tree is longer than the file.');
  }
  return reader;
}

/** What the reader asks for by file offset; forgets all when it is full. */
class RecordCache {
  readonly #known = new Map<string | number, unknown>();

  get(key: string | number): unknown {
    return this.#known.get(key);
  }

  set(key: string | number, value: unknown): void {
    if (this.#known.size >= recordsKept) this.#known.clear();
    this.#known.set(key, value);
  }
}

const samples = { records: 100, networks: 5_000 } as const;

/** Looks at the first records: what the type is called says less than what they hold. */
function checkKind(reader: Reader<CityResponse>, name: string): void {
  let countries = 0;
  let unreadable = 0;
  let seen = 0;
  for (const record of firstRecords(reader)) {
    if (seen++ >= samples.records) break;
    if (record === undefined) unreadable++;
    else if (factsOf(record) !== undefined) return;
    else if (record.country?.iso_code !== undefined) countries++;
  }
  const an = /^[AEIO]/i.test(name) ? 'an' : 'a';
  if (seen === 0) throw new MmdbError(`is ${an} ${name} database without networks. ${wanted}`);
  if (unreadable > 0) throw new MmdbError('is damaged: its records cannot be read.');
  throw new MmdbError(
    countries > 0
      ? `is ${an} ${name} database: it has no coordinates, which latency and geoproximity ` +
          `routing go by. ${wanted}`
      : `is ${an} ${name} database: it does not say where networks are. ${wanted}`,
  );
}

/** The records in order of address; undefined for those that cannot be read. */
function* firstRecords(reader: Reader<CityResponse>): Iterable<Record | undefined> {
  const bits = reader.metadata.ipVersion === 4 ? 32 : 128;
  const end = 1n << BigInt(bits);
  let address = 0n;
  for (let i = 0; i < samples.networks && address < end; i++) {
    const found = lookUp(reader, bits === 32 ? formatIpv4(Number(address)) : ipv6Text(address));
    if (found === undefined) {
      yield undefined;
      return;
    }
    if (found.record !== undefined) yield found.record;
    const size = BigInt(bits - Math.min(bits, Math.max(1, found.prefixLength)));
    address = ((address >> size) + 1n) << size;
  }
}

function ipv6Text(value: bigint): string {
  const hex = value.toString(16).padStart(32, '0');
  return formatIpv6(Buffer.from(hex, 'hex'));
}

interface Found {
  readonly record: Record | undefined;
  readonly prefixLength: number;
}

/** Undefined where the record cannot be read. */
function lookUp(reader: Reader<CityResponse>, address: string): Found | undefined {
  try {
    const [record, prefixLength] = reader.getWithPrefixLength(address);
    const isMap = typeof record === 'object' && record !== null;
    return { record: isMap ? record : undefined, prefixLength };
  } catch {
    // A damaged file: offsets beyond its end, unknown types, pointers in a circle.
    return undefined;
  }
}

/** The address as the tree has it: IPv4-mapped ones are IPv4; undefined for what it cannot hold. */
function addressFor(reader: Reader<CityResponse>, ip: string): string | undefined {
  if (parseIpv4(ip) !== undefined) return ip;
  const bytes = parseIpv6(ip);
  if (bytes === undefined) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const mapped = view.getBigUint64(0) === 0n && view.getUint32(8) === 0xffff;
  if (mapped) return formatIpv4(view.getUint32(12));
  return reader.metadata.ipVersion === 6 ? ip : undefined;
}

/** Country and coordinates, in the types that a sound record has; undefined without either. */
function factsOf(record: Record): GeoFacts | undefined {
  const country: unknown = record.country?.iso_code ?? record.registered_country?.iso_code;
  const lat: unknown = record.location?.latitude;
  const lon: unknown = record.location?.longitude;
  if (typeof country !== 'string' || !/^[A-Z]{2}$/.test(country)) return undefined;
  if (typeof lat !== 'number' || !(Math.abs(lat) <= 90)) return undefined;
  if (typeof lon !== 'number' || !(Math.abs(lon) <= 180)) return undefined;
  const subdivision: unknown = record.subdivisions?.[0]?.iso_code;
  const city: unknown = record.city?.names?.en;
  return {
    country,
    subdivision: typeof subdivision === 'string' ? subdivision : undefined,
    city: typeof city === 'string' ? city : undefined,
    lat,
    lon,
  };
}
