/**
 * The name server without its sockets: query bytes in, answer bytes out, synchronously.
 *
 * Owns: response codes, who is asked, what may be kept. Refuses to own: sockets (`io/node`), what
 * a name answers (`resolve.ts`), bytes (`response.ts`).
 *
 * Invariants:
 *  S1  Every packet is answered or dropped; none throws, whatever it holds.
 *  S2  A cached answer is one that no chance, and no other place, would change; the cache is
 *      bounded, and emptied whenever zones or health change (`invalidate`).
 */
import type { Random } from '../../../io/io.ts';
import { classes, types } from '../../../wire/dns/constants.ts';
import { asBuffer } from '../../../wire/dns/message.ts';
import { isAtOrBelow, type WireName } from '../../../wire/dns/name.ts';
import { bareResponse, type Query, readQuery } from '../../../wire/dns/query.ts';
import { regionOfIp } from '../../../world/addresses.ts';
import type { Place } from '../../../world/places.ts';
import { AnswerCache } from './answer-cache.ts';
import { askerInVpc, placeInVpc } from './asker.ts';
import { type ClientPlaces, clientPrefix } from './client-place.ts';
import type { RoutingFacts } from './decide.ts';
import { PacketCache } from './packet-cache.ts';
import { type Resolution, resolve, resolveAwsName } from './resolve.ts';
import { type Body, badVersion, compileBody, refused, respond, soleBody } from './response.ts';
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

/** The answer to a query, and whether other queries like it may have the same. */
interface Made {
  readonly body: Body;
  readonly cacheable: boolean;
}

export class DnsServer {
  private readonly options: DnsServerOptions;
  private readonly cache = new AnswerCache();
  private readonly packets = new PacketCache();

  constructor(options: DnsServerOptions) {
    this.options = options;
  }

  /** Forgets compiled answers: called when zones or health have changed. */
  invalidate(): void {
    this.cache.clear();
    this.packets.clear();
  }

  /** The answer to a packet, or undefined where none must be sent. */
  answer(packet: Uint8Array, source: QuerySource): Uint8Array | undefined {
    const bytes = asBuffer(packet);
    // Whoever asks over UDP for what all may see is answered alike.
    const isCommon = !source.tcp && source.zoneId === undefined && !this.options.zones.hasPrivate;
    const known = isCommon ? this.packets.find(bytes) : undefined;
    if (known !== undefined) return known;
    const query = readQuery(bytes);
    if (query === undefined) return undefined;
    if (typeof query === 'number') return bareResponse(bytes, query);
    const { clientPlaces, zones } = this.options;
    const asker = askerOf(query, source, zones);
    if (asker !== undefined) {
      const place = clientPlaces.placeOf(query.subnet, source.ip);
      const body = this.compile(query, place, source.ip, asker)?.body ?? refused;
      return respond(query, body, source.tcp, clientPlaces);
    }
    const { body, cacheable } = this.bodyFor(query, source.ip);
    const answer = respond(query, body, source.tcp, clientPlaces);
    const isPlaced = !body.location || (query.subnet?.sourcePrefix ?? 0) > 0;
    if (isCommon && cacheable && isPlaced) this.packets.keep(bytes, answer);
    return answer;
  }

  private bodyFor(query: Query, sourceIp: string): Made {
    const { clientPlaces } = this.options;
    // Where the client is costs something to find out, and most answers do not hang on it.
    const placed = (): Place => clientPlaces.placeOf(query.subnet, sourceIp);
    const isPlain = query.class === classes.IN && query.ednsVersion === 0;
    const simple = isPlain ? this.simpleBody(query) : undefined;
    if (simple !== undefined) return { body: simple, cacheable: true };
    const key = query.name + String.fromCharCode(query.type);
    const known = isPlain ? this.cache.body(key, placed) : undefined;
    if (known !== undefined) return { body: known, cacheable: true };
    const place = placed();
    const made = this.compile(query, place, sourceIp, undefined);
    if (made === undefined) return { body: refused, cacheable: false };
    if (made.cacheable) this.cache.keepBody(key, made.body, place);
    return made;
  }

  /**
   * The short way to what most names are: one value for everybody. To make it anew is cheaper than
   * to keep it, so that a zone of a million names is answered like a small one.
   */
  private simpleBody({ name, type }: Query): Body | undefined {
    const zone = this.options.zones.find(name);
    if (zone === undefined || zone.hasCuts || type === types.DS) return undefined;
    const sole = zone.soleValue(name, type);
    return sole === undefined ? undefined : soleBody(type, sole, this.options.timeScale);
  }

  /** Undefined where the question is refused. */
  private compile(
    query: Query,
    place: Place,
    sourceIp: string,
    asker: Asker | undefined,
  ): Made | undefined {
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
    if (kind === 'vpc') return askerInVpc(value);
  }
  if (!zones.hasPrivate) return undefined;
  const region = regionOfIp(source.ip);
  return region === undefined ? undefined : { region };
}
