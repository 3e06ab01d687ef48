/**
 * Where the asker of a query is: by its client subnet, else by the address that the query came
 * from (facts: geolocation, latency and IP-based routing use EDNS client subnet when the resolver
 * sends it).
 */
import { parseIpv4, parseIpv6 } from '../../../stdx/ip.ts';
import type { ClientSubnet } from '../../../wire/dns/edns.ts';
import { regionOfIp } from '../../../world/addresses.ts';
import { type Place, placeOfRegion } from '../../../world/places.ts';
import { placeOfIpv4, placeOfIpv6 } from '../../../world/prefixes.ts';

/** Scope of an answer that depends on the client's place: places have subnets of this length. */
const scopeBits = { 0: 0, 1: 24, 2: 56 } as const;

/** The scope prefix to answer with: 0 where every client gets the same answer. */
export function scopePrefix(subnet: ClientSubnet, location: boolean): number {
  return location && subnet.sourcePrefix > 0 ? scopeBits[subnet.family] : 0;
}

/** The place of a client; the default one where neither subnet nor source says any. */
export function placeOfClient(
  subnet: ClientSubnet | undefined,
  sourceIp: string,
  defaultPlace: Place,
): Place {
  if (subnet !== undefined && subnet.sourcePrefix > 0) {
    return placeOfSubnet(subnet) ?? defaultPlace;
  }
  return placeOfSource(sourceIp) ?? defaultPlace;
}

function placeOfSubnet({ family, address }: ClientSubnet): Place | undefined {
  if (family === 2) return placeOfIpv6(address);
  const [a = 0, b = 0, c = 0, d = 0] = address;
  return placeOfIpv4(((a << 24) | (b << 16) | (c << 8) | d) >>> 0);
}

/** A region's own loopback address is in that region's city: its functions ask from there. */
function placeOfSource(ip: string): Place | undefined {
  if (ip.startsWith('127.')) {
    const region = regionOfIp(ip);
    return region === undefined ? undefined : placeOfRegion(region);
  }
  const v4 = parseIpv4(ip);
  if (v4 !== undefined) return placeOfIpv4(v4);
  const v6 = parseIpv6(ip);
  return v6 === undefined ? undefined : placeOfIpv6(v6);
}
