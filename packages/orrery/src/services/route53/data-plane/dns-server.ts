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
import { isAtOrBelow, type WireName } from '../../../wire/dns/name.ts';
import { bareResponse, type Query, readQuery } from '../../../wire/dns/query.ts';
import { DnsWriter } from '../../../wire/dns/writer.ts';
import { regionOfIp } from '../../../world/addresses.ts';
import { type Place, placeOfRegion } from '../../../world/places.ts';
import { type ClientPlaces, clientPrefix } from './client-place.ts';
import type { RoutingFacts } from './decide.ts';
import { type AnswerRecord, type Resolution, resolve, resolveAwsName } from './resolve.ts';
import type { Asker, Zone, ZoneTable } from './zone-table.ts';

export interface QuerySource {
  readonly ip: string;
  readonly tcp: boolean;
  /** The zone that must answer, where the asker says so. */
  readonly zoneId?: string;
}

export interface DnsServerOptions {
  readonly zones: ZoneTable;
  readonly facts: RoutingFacts;
  readonly random: Random;
  readonly clientPlaces: ClientPlaces;
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
  readonly cidrScope: number;
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
  return { word: rcode, counts: [0, 0, 0], bytes: Buffer.alloc(0), location: false, cidrScope: 0 };
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
    const { clientPlaces, zones } = this.options;
    const asker = askerOf(query, source, zones);
    const place = clientPlaces.placeOf(query.subnet, source.ip);
    const body =
      asker === undefined
        ? this.bodyFor(query, place, source.ip)
        : (this.compile(query, place, source.ip, asker)?.body ?? refused);
    return respond(query, body, source.tcp, clientPlaces);
  }

  private bodyFor(query: Query, place: Place, sourceIp: string): Body {
    const key = query.name + String.fromCharCode(query.type);
    if (query.class === classes.IN && query.ednsVersion === 0) {
      const cached = this.cache.get(key);
      const known = cached?.anywhere ?? cached?.byPlace[place.index];
      if (known !== undefined) return known;
    }
    const made = this.compile(query, place, sourceIp, undefined);
    if (made === undefined) return refused;
    if (made.cacheable) this.keep(key, made.body, place);
    return made.body;
  }

  /** Undefined where the question is refused. */
  private compile(
    query: Query,
    place: Place,
    sourceIp: string,
    asker: Asker | undefined,
  ): { readonly body: Body; readonly cacheable: boolean } | undefined {
    if (query.ednsVersion > 0) return { body: badVersion, cacheable: false };
    // CHAOS questions (version.bind, id.server) are refused like every other class.
    if (query.class !== classes.IN && query.class !== classes.ANY) return undefined;
    if (query.type === types.AXFR || query.type === types.IXFR) return undefined;
    const resolution = this.resolve(query, place, sourceIp, asker);
    if (resolution === undefined) return undefined;
    const { answers, chance, cidrScope } = resolution;
    return {
      body: compileBody(query, resolution, this.options.timeScale),
      cacheable: !chance && cidrScope === 0 && answers.length > 0,
    };
  }

  /** What our zones answer to a client; undefined where the name is not ours. */
  private resolve(
    query: Query,
    place: Place,
    sourceIp: string,
    asker: Asker | undefined,
  ): Resolution | undefined {
    const { name, type, subnet } = query;
    const zone = this.zoneFor(name, type, asker);
    if (zone === undefined) return resolveAwsName(name, type);
    return resolve(zone, name, type, {
      ...this.options.facts,
      random: this.options.random,
      place: placeInVpc(zone, asker) ?? place,
      prefix: () => clientPrefix(subnet, sourceIp),
    });
  }

  /** A DS question at a zone's apex is the parent zone's to answer, where we hold it. */
  private zoneFor(name: WireName, type: number, asker: Asker | undefined): Zone | undefined {
    const { zones } = this.options;
    const zone = zones.find(name, asker);
    if (zone !== undefined && !isAtOrBelow(name, zone.name)) return undefined;
    if (type !== types.DS || zone === undefined || zone.name !== name) return zone;
    return zones.find(name.slice(1 + name.charCodeAt(0))) ?? zone;
  }

  private keep(key: string, body: Body, place: Place): void {
    if (this.cachedBodies >= maxCachedBodies) this.invalidate();
    const entry = this.cache.get(key) ?? { anywhere: undefined, byPlace: [] };
    if (body.location) entry.byPlace[place.index] = body;
    else entry.anywhere = body;
    this.cache.set(key, entry);
    this.cachedBodies++;
  }
}

/**
 * Who asks, where it makes a difference: an address of a region's own (its functions stand in its
 * VPCs), a zone or name server that is asked for by name. Undefined for nearly all queries.
 */
function askerOf(query: Query, source: QuerySource, zones: ZoneTable): Asker | undefined {
  if (source.zoneId !== undefined) return { zoneId: source.zoneId };
  const selector = query.selector;
  if (selector !== undefined) {
    const [kind, value = ''] = selector.split('=', 2);
    if (kind === 'ns') return { nameServer: value.toLowerCase().replace(/\.$/, '') };
    if (kind === 'vpc') return { vpcId: value };
  }
  if (!zones.hasPrivate) return undefined;
  const region = regionOfIp(source.ip);
  return region === undefined ? undefined : { region };
}

/** In a private zone a client is where its VPC is; client subnets do not count there. */
function placeInVpc(zone: Zone, asker: Asker | undefined): Place | undefined {
  const { vpcs } = zone.facts;
  if (vpcs === undefined) return undefined;
  const vpc = vpcs.find(({ id, region }) => id === asker?.vpcId || region === asker?.region);
  return vpc === undefined ? undefined : placeOfRegion(vpc.region);
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
    cidrScope: resolution.cidrScope,
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

function respond(query: Query, body: Body, tcp: boolean, places: ClientPlaces): Buffer {
  const opt = query.edns ? optFor(query, body, places) : undefined;
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

function optFor(query: Query, body: Body, places: ClientPlaces): Buffer {
  if (query.ednsVersion > 0) return optRecord(query.dnssecOk, rcodes.BADVERS >>> 4);
  const plain = plainOpt[query.dnssecOk ? 1 : 0];
  if (query.subnet === undefined) return plain;
  const subnet = query.subnet;
  const data = serializeClientSubnet({
    ...subnet,
    scopePrefix: places.scopeOf(subnet, body.location, body.cidrScope),
  });
  const out = Buffer.allocUnsafe(plain.length + 4 + data.length);
  plain.copy(out);
  out.writeUInt16BE(4 + data.length, plain.length - 2);
  out.writeUInt16BE(8, plain.length);
  out.writeUInt16BE(data.length, plain.length + 2);
  out.set(data, plain.length + 4);
  return out;
}
