/**
 * The resolver of clients in a place: what a household's or an office's would do, with the client
 * subnet sent along. Owns a cache that obeys TTLs, negative answers included.
 * Refuses to own the answers (Route 53) and their transport: queries go in as packets.
 *
 * Invariants:
 *  1. An answer is used for its TTL and not a millisecond longer; then Route 53 is asked again.
 *  2. At most `maxEntries` answers are kept; the oldest goes first.
 */
import type { Clock, Random } from '../io/io.ts';
import { rcodeName, rcodes, types } from '../wire/dns/constants.ts';
import { clientSubnetOption } from '../wire/dns/edns.ts';
import {
  type DnsMessage,
  parseMessage,
  queryMessage,
  serializeMessage,
} from '../wire/dns/message.ts';
import { dataText } from '../wire/dns/record-data.ts';
import type { Place } from '../world/places.ts';

const maxEntries = 10_000;

export type Resolution =
  | {
      readonly kind: 'addresses';
      readonly addresses: readonly string[];
      readonly ttlSeconds: number;
      readonly cached: boolean;
    }
  | {
      /** NXDOMAIN, NODATA (the name exists, without an address), REFUSED, SERVFAIL … */
      readonly kind: 'none';
      readonly reason: string;
      readonly cached: boolean;
    };

export interface ClientResolver {
  /** Addresses (A records) of a name as seen from a place. */
  resolve(place: Place, name: string): Resolution;
  clear(): void;
}

export interface ClientResolverOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** The authoritative server: packet in, packet out; undefined where it drops the query. */
  readonly answer: (packet: Uint8Array) => Uint8Array | undefined;
}

interface CacheEntry {
  readonly resolution: Resolution;
  readonly expiresAtUs: number;
}

/** Makes a resolver shared by all places; each place has its own cache entries. */
export function createClientResolver(options: ClientResolverOptions): ClientResolver {
  const cache = new Map<string, CacheEntry>();

  const ask = (place: Place, name: string): DnsMessage | undefined => {
    const query = queryMessage({
      id: options.random.int(0, 0xffff),
      name,
      type: types.A,
      recursionDesired: true,
      edns: { options: [clientSubnetOption(place.subnet)] },
    });
    const packet = options.answer(serializeMessage(query));
    return packet === undefined ? undefined : parseMessage(packet);
  };

  return {
    resolve: (place, name) => {
      const key = `${place.name} ${name.toLowerCase().replace(/\.$/, '')}`;
      const nowUs = options.clock.monotonicUs();
      const known = cache.get(key);
      if (known !== undefined && nowUs < known.expiresAtUs) {
        return { ...known.resolution, cached: true };
      }
      cache.delete(key);
      const message = ask(place, name);
      const { resolution, ttlSeconds } = read(message);
      if (ttlSeconds > 0) {
        const oldest = cache.size >= maxEntries ? cache.keys().next().value : undefined;
        if (oldest !== undefined) cache.delete(oldest);
        cache.set(key, { resolution, expiresAtUs: nowUs + ttlSeconds * 1e6 });
      }
      return resolution;
    },
    clear: () => cache.clear(),
  };
}

function read(message: DnsMessage | undefined): { resolution: Resolution; ttlSeconds: number } {
  if (message === undefined) {
    return { resolution: { kind: 'none', reason: 'no answer', cached: false }, ttlSeconds: 0 };
  }
  const addresses = message.answers.filter((record) => record.type === types.A);
  if (addresses.length > 0) {
    const ttlSeconds = Math.min(...message.answers.map((record) => record.ttl));
    return {
      resolution: {
        kind: 'addresses',
        addresses: addresses.map((record) => dataText(record.type, record.data)),
        ttlSeconds,
        cached: false,
      },
      ttlSeconds,
    };
  }
  const reason = message.rcode === rcodes.NOERROR ? 'NODATA' : rcodeName(message.rcode);
  const resolution: Resolution = { kind: 'none', reason, cached: false };
  return { resolution, ttlSeconds: negativeTtl(message) };
}

/** Least of the SOA's own TTL and its minimum field (RFC 2308); 0 where there is no SOA. */
function negativeTtl(message: DnsMessage): number {
  const soa = message.authorities.find((record) => record.type === types.SOA);
  if (soa === undefined) return 0;
  const minimum = Number(dataText(soa.type, soa.data).split(' ').at(-1));
  return Math.min(soa.ttl, Number.isFinite(minimum) ? minimum : 0);
}
