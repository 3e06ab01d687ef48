/**
 * Where the asker of a query is: by its client subnet, else by the address that the query came
 * from (facts: geolocation, latency and IP-based routing use EDNS client subnet when the resolver
 * sends it).
 */
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from '../../../stdx/ip.ts';
import type { ClientSubnet } from '../../../wire/dns/edns.ts';
import { regionOfIp } from '../../../world/addresses.ts';
import type { GeoDatabase, GeoPosition } from '../../../world/geo-database.ts';
import {
  type Place,
  placeOfModelIp,
  placeOfModelIpv4,
  placeOfModelIpv6,
  placeOfRegion,
} from '../../../world/places.ts';
import { placeOfIpv4, placeOfIpv6 } from '../../../world/prefixes.ts';
import { type ClientPrefix, prefixOfIp } from './cidr-index.ts';

/** Scope of an answer that depends on the client's place: places have subnets of this length. */
const placeBits = { 0: 0, 1: 24, 2: 56 } as const;

export class ClientPlaces {
  private readonly defaultPlace: Place;
  private readonly database: GeoDatabase | undefined;

  constructor(defaultPlace: Place, database?: GeoDatabase) {
    this.defaultPlace = defaultPlace;
    this.database = database;
  }

  /** The place of a client; the default one where neither subnet nor source says any. */
  placeOf(subnet: ClientSubnet | undefined, sourceIp: string): Place {
    if (subnet !== undefined && subnet.sourcePrefix > 0) {
      return this.placeOfSubnet(subnet) ?? this.defaultPlace;
    }
    return this.placeOfIp(sourceIp) ?? this.defaultPlace;
  }

  /**
   * The scope prefix of an answer: 0 where every client gets the same one; the length of what the
   * client's place, or its CIDR location, was known by.
   */
  scopeOf(subnet: ClientSubnet, byPlace: boolean, cidrScope: number): number {
    if (subnet.sourcePrefix === 0) return 0;
    const bits = byPlace ? placeBits[subnet.family] : 0;
    // May be longer than what was asked with: a longer subnet could then be answered otherwise.
    const finer = byPlace ? (this.inDatabase(subnet)?.prefixLength ?? 0) : 0;
    return Math.max(bits, finer, cidrScope);
  }

  /** What tells where an address is, in words for an explanation. */
  knownBy(ip: string): string {
    if (ip.startsWith('127.')) {
      const region = regionOfIp(ip);
      return region === undefined ? 'nothing: the default place' : `the address of ${region}`;
    }
    if (placeOfModelIp(ip) !== undefined) return 'the subnet of a place';
    const found = this.database?.find(ip).place;
    if (found !== undefined) {
      const isSubnet = found.name.includes('/');
      return isSubnet ? 'a subnet of the latency table' : (this.database?.name ?? '');
    }
    return this.placeOfIp(ip) === undefined ? 'nothing: the default place' : 'a well-known block';
  }

  /** A region's own loopback address is in that region's city: its functions ask from there. */
  placeOfIp(ip: string): Place | undefined {
    if (ip.startsWith('127.')) {
      const region = regionOfIp(ip);
      return region === undefined ? undefined : placeOfRegion(region);
    }
    const v4 = parseIpv4(ip);
    if (v4 !== undefined) {
      return placeOfModelIpv4(v4) ?? this.database?.find(ip).place ?? placeOfIpv4(v4);
    }
    const v6 = parseIpv6(ip);
    if (v6 === undefined) return undefined;
    return placeOfModelIpv6(v6) ?? this.database?.find(ip).place ?? placeOfIpv6(v6);
  }

  private placeOfSubnet(subnet: ClientSubnet): Place | undefined {
    if (subnet.family === 2) {
      const model = placeOfModelIpv6(subnet.address);
      return model ?? this.inDatabase(subnet)?.place ?? placeOfIpv6(subnet.address);
    }
    const value = ipv4Of(subnet);
    return placeOfModelIpv4(value) ?? this.inDatabase(subnet)?.place ?? placeOfIpv4(value);
  }

  private inDatabase(subnet: ClientSubnet): GeoPosition | undefined {
    if (this.database === undefined) return undefined;
    const { family, address } = subnet;
    return this.database.find(family === 2 ? formatIpv6(address) : formatIpv4(ipv4Of(subnet)));
  }
}

function ipv4Of({ address }: ClientSubnet): number {
  const [a = 0, b = 0, c = 0, d = 0] = address;
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

/** What IP-based routing goes by: the client subnet, else the whole address of the resolver. */
export function clientPrefix(
  subnet: ClientSubnet | undefined,
  sourceIp: string,
): ClientPrefix | undefined {
  return subnet !== undefined && subnet.sourcePrefix > 0 ? subnet : prefixOfIp(sourceIp);
}
