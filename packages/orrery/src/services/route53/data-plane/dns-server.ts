/**
 * The name server without its sockets: query bytes in, answer bytes out, synchronously.
 *
 * Owns: response codes, sizes, EDNS, the cache of compiled answers. Refuses to own: sockets
 * (`io/node`), what a name answers (`resolve.ts`).
 *
 * Invariants:
 *  S1  Every packet is answered or dropped; none throws, whatever it holds.
 *  S2  The question comes back octet for octet (0x20 case), and so does the client subnet.
 *  S3  An answer over UDP fits what the asker takes and 1,232 octets (512 without EDNS); one that
 *      would not is empty and truncated.
 *  S4  A cached answer is one that no chance, and no other place, would change; the cache is
 *      bounded, and emptied whenever zones or health change (`invalidate`).
 */
import type { Random } from '../../../io/io.ts';
import { classes, flags, rcodes, types } from '../../../wire/dns/constants.ts';
import { serializeClientSubnet } from '../../../wire/dns/edns.ts';
import { writeEdns } from '../../../wire/dns/message.ts';
import type { WireName } from '../../../wire/dns/name.ts';
import { bareResponse, type Query, readQuery } from '../../../wire/dns/query.ts';
import { DnsWriter } from '../../../wire/dns/writer.ts';
import type { Place } from '../../../world/places.ts';
import { placeOfClient, scopePrefix } from './client-place.ts';
import { type AnswerRecord, type Resolution, resolve, resolveAwsName } from './resolve.ts';
import type { Zone, ZoneTable } from './zone-table.ts';

export interface QuerySource {
  readonly ip: string;
  readonly tcp: boolean;
}

export interface DnsServerOptions {
  readonly zones: ZoneTable;
  readonly health: { isHealthy(healthCheckId: string): boolean };
  readonly random: Random;
  readonly defaultPlace: Place;
  /** TTLs are divided by it, down to a second. */
  readonly timeScale: number;
}

/** What stands behind the question of an answer, but for EDNS. */
interface Body {
  /** AA, and the response code. */
  readonly word: number;
  readonly counts: readonly [answers: number, authorities: number, additionals: number];
  readonly bytes: Buffer;
  readonly location: boolean;
}

interface Cached {
  anywhere: Body | undefined;
  readonly byPlace: (Body | undefined)[];
}

const maxUdpOctets = 1232;
const maxCachedBodies = 50_000;

const refused: Body = emptyBody(rcodes.REFUSED);
const badVersion: Body = emptyBody(rcodes.NOERROR);

function emptyBody(rcode: number): Body {
  return { word: rcode, counts: [0, 0, 0], bytes: Buffer.alloc(0), location: false };
}

export class DnsServer {
  private readonly options: DnsServerOptions;
  private readonly cache = new Map<string, Cached>();
  private cachedBodies = 0;

  constructor(options: DnsServerOptions) {
    this.options = options;
  }

  /** Forgets compiled answers: called when zones or health have changed. */
  invalidate(): void {
    this.cache.clear();
    this.cachedBodies = 0;
  }

  /** The answer to a packet, or undefined where none must be sent. */
  answer(packet: Uint8Array, source: QuerySource): Uint8Array | undefined {
    const query = readQuery(packet);
    if (query === undefined) return undefined;
    if (typeof query === 'number') return bareResponse(packet, query);
    const place = placeOfClient(query.subnet, source.ip, this.options.defaultPlace);
    return respond(query, this.bodyFor(query, place), source.tcp);
  }

  private bodyFor(query: Query, place: Place): Body {
    if (query.ednsVersion > 0) return badVersion;
    // CHAOS questions (version.bind, id.server) are refused like every other class.
    if (query.class !== classes.IN && query.class !== classes.ANY) return refused;
    if (query.type === types.AXFR || query.type === types.IXFR) return refused;
    const key = query.name + String.fromCharCode(query.type);
    const cached = this.cache.get(key);
    const known = cached?.anywhere ?? cached?.byPlace[place.index];
    if (known !== undefined) return known;
    const resolution = this.resolve(query.name, query.type, place);
    if (resolution === undefined) return refused;
    const body = compileBody(query, resolution, this.options.timeScale);
    if (!resolution.chance && resolution.answers.length > 0) {
      this.keep(key, cached, body, place);
    }
    return body;
  }

  /** What our zones answer for a client at a place; undefined where the name is not ours. */
  private resolve(name: WireName, type: number, place: Place): Resolution | undefined {
    const zone = this.zoneFor(name, type);
    if (zone === undefined) return resolveAwsName(name, type);
    return resolve(zone, name, type, {
      health: this.options.health,
      random: this.options.random,
      place,
    });
  }

  /** A DS question at a zone's apex is the parent zone's to answer, where we hold it. */
  private zoneFor(name: WireName, type: number): Zone | undefined {
    const zone = this.options.zones.find(name);
    if (type !== types.DS || zone === undefined || zone.name !== name) return zone;
    return this.options.zones.find(name.slice(1 + name.charCodeAt(0))) ?? zone;
  }

  private keep(key: string, cached: Cached | undefined, body: Body, place: Place): void {
    if (this.cachedBodies >= maxCachedBodies) this.invalidate();
    const entry = this.cache.get(key) ?? cached ?? { anywhere: undefined, byPlace: [] };
    if (body.location) entry.byPlace[place.index] = body;
    else entry.anywhere = body;
    this.cache.set(key, entry);
    this.cachedBodies++;
  }
}

function compileBody(query: Query, resolution: Resolution, timeScale: number): Body {
  const writer = new DnsWriter(512);
  // Header and question first, so that names can point back at the question.
  writer.raw(query.bytes.subarray(0, 12));
  writer.name(query.name, false);
  writer.u32(0);
  const start = writer.length;
  const sections = [resolution.answers, resolution.authorities, resolution.additionals];
  for (const section of sections) {
    for (const record of section) writeRecord(writer, record, timeScale);
  }
  return {
    word: resolution.rcode | (resolution.authoritative ? flags.AA : 0),
    counts: [
      resolution.answers.length,
      resolution.authorities.length,
      resolution.additionals.length,
    ],
    bytes: Buffer.from(writer.finish().subarray(start)),
    location: resolution.location,
  };
}

function writeRecord(writer: DnsWriter, record: AnswerRecord, timeScale: number): void {
  writer.name(record.name);
  writer.u16(record.type);
  writer.u16(classes.IN);
  writer.u32(scaledTtl(record.ttl, timeScale));
  const lengthAt = writer.length;
  writer.u16(0);
  if (compressible.has(record.type)) writer.name(Buffer.from(record.data).toString('latin1'));
  else writer.raw(record.data);
  writer.patchU16(lengthAt, writer.length - lengthAt - 2);
}

/** Types whose data is one name that may be compressed (RFC 3597 §4). */
const compressible: ReadonlySet<number> = new Set([types.NS, types.CNAME, types.PTR]);

/** A TTL as it goes out: divided by the time scale, but no less than a second. */
export function scaledTtl(ttl: number, timeScale: number): number {
  return ttl === 0 ? 0 : Math.max(1, Math.floor(ttl / timeScale));
}

function respond(query: Query, body: Body, tcp: boolean): Buffer {
  const opt = query.edns ? optFor(query, body) : undefined;
  const optLength = opt?.length ?? 0;
  const limit = tcp ? 65535 : Math.min(query.payloadSize, maxUdpOctets);
  const { questionEnd } = query;
  let { bytes, counts } = body;
  let word = body.word | flags.QR;
  if (questionEnd + bytes.length + optLength > limit) {
    bytes = refused.bytes;
    counts = refused.counts;
    word |= flags.TC;
  }
  const out = Buffer.allocUnsafe(questionEnd + bytes.length + optLength);
  query.bytes.copy(out, 0, 0, questionEnd);
  const asked = query.bytes.readUInt16BE(2);
  out.writeUInt16BE(word | (asked & (flags.RD | flags.CD)), 2);
  out.writeUInt16BE(counts[0], 6);
  out.writeUInt16BE(counts[1], 8);
  out.writeUInt16BE(counts[2] + (opt === undefined ? 0 : 1), 10);
  bytes.copy(out, questionEnd);
  opt?.copy(out, questionEnd + bytes.length);
  return out;
}

/** OPT records without options, by DNSSEC-OK bit: nearly all there are. */
const plainOpt: readonly [Buffer, Buffer] = [optRecord(false, 0), optRecord(true, 0)];

function optRecord(dnssecOk: boolean, extendedRcode: number): Buffer {
  const writer = new DnsWriter(11);
  const edns = { udpPayloadSize: maxUdpOctets, extendedRcode, version: 0, dnssecOk, options: [] };
  writeEdns(writer, edns, extendedRcode);
  return writer.finish();
}

function optFor(query: Query, body: Body): Buffer {
  if (query.ednsVersion > 0) return optRecord(query.dnssecOk, rcodes.BADVERS >>> 4);
  const plain = plainOpt[query.dnssecOk ? 1 : 0];
  if (query.subnet === undefined) return plain;
  const subnet = query.subnet;
  const data = serializeClientSubnet({
    ...subnet,
    scopePrefix: scopePrefix(subnet, body.location),
  });
  const out = Buffer.allocUnsafe(plain.length + 4 + data.length);
  plain.copy(out);
  out.writeUInt16BE(4 + data.length, plain.length - 2);
  out.writeUInt16BE(8, plain.length);
  out.writeUInt16BE(data.length, plain.length + 2);
  out.set(data, plain.length + 4);
  return out;
}
