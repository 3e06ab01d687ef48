/**
 * EDNS (RFC 6891) and its client-subnet option (RFC 7871). Options of other kinds pass through as
 * bytes.
 */
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from '../../stdx/ip.ts';
import { DnsFormatError, ednsOptions } from './constants.ts';

export interface EdnsOption {
  readonly code: number;
  readonly data: Uint8Array;
}

/** What an OPT pseudo-record says. */
export interface Edns {
  readonly udpPayloadSize: number;
  /** The upper eight bits of the response code. */
  readonly extendedRcode: number;
  readonly version: number;
  readonly dnssecOk: boolean;
  readonly options: readonly EdnsOption[];
}

export interface ClientSubnet {
  /** 1 is IPv4, 2 is IPv6; 0 only where nothing is said. */
  readonly family: 0 | 1 | 2;
  readonly sourcePrefix: number;
  /** 0 in queries. */
  readonly scopePrefix: number;
  /** 4 or 16 bytes (0 for family 0), those beyond the source prefix zero. */
  readonly address: Uint8Array;
}

/** Reads the body of a client-subnet option. Throws `DnsFormatError` where RFC 7871 §6 is broken. */
export function parseClientSubnet(data: Uint8Array): ClientSubnet {
  if (data.length < 4) throw new DnsFormatError('client subnet of less than 4 octets');
  const family = ((data[0] ?? 0) << 8) | (data[1] ?? 0);
  const sourcePrefix = data[2] ?? 0;
  const scopePrefix = data[3] ?? 0;
  if (family !== 0 && family !== 1 && family !== 2) {
    throw new DnsFormatError(`client subnet of unknown family ${family}`);
  }
  const bits = family === 0 ? 0 : family === 1 ? 32 : 128;
  if (sourcePrefix > bits || scopePrefix > bits) {
    throw new DnsFormatError('client subnet prefix is too long');
  }
  const octets = data.length - 4;
  if (octets !== (sourcePrefix + 7) >> 3) {
    throw new DnsFormatError('client subnet address and prefix differ in length');
  }
  const address = new Uint8Array(bits / 8);
  for (let i = 0; i < octets; i++) address[i] = data[4 + i] ?? 0;
  const beyond = sourcePrefix & 7;
  if (beyond !== 0 && ((address[octets - 1] ?? 0) & (0xff >> beyond)) !== 0) {
    throw new DnsFormatError('client subnet has bits beyond its prefix');
  }
  return { family, sourcePrefix, scopePrefix, address };
}

/** The body of a client-subnet option. */
export function serializeClientSubnet(subnet: ClientSubnet): Uint8Array {
  const octets = (subnet.sourcePrefix + 7) >> 3;
  const data = new Uint8Array(4 + octets);
  data[1] = subnet.family;
  data[2] = subnet.sourcePrefix;
  data[3] = subnet.scopePrefix;
  for (let i = 0; i < octets; i++) data[4 + i] = subnet.address[i] ?? 0;
  return data;
}

/** The client-subnet option of a subnet in text, `198.18.7.0/24`; bits beyond are cut off. */
export function clientSubnetOption(cidr: string): EdnsOption {
  const [ip = '', length] = cidr.split('/');
  const v4 = parseIpv4(ip);
  const v6 = v4 === undefined ? parseIpv6(ip) : undefined;
  if (v4 === undefined && v6 === undefined) throw new DnsFormatError(`no subnet: ${cidr}`);
  const bits = v4 === undefined ? 128 : 32;
  const sourcePrefix = length === undefined ? bits : Number(length);
  if (!Number.isInteger(sourcePrefix) || sourcePrefix < 0 || sourcePrefix > bits) {
    throw new DnsFormatError(`no subnet: ${cidr}`);
  }
  const address = v6 ?? new Uint8Array([24, 16, 8, 0].map((shift) => (v4 ?? 0) >>> shift));
  for (let i = 0; i < address.length; i++) {
    const kept = Math.min(8, Math.max(0, sourcePrefix - 8 * i));
    address[i] = (address[i] ?? 0) & ~(0xff >> kept);
  }
  const family = v4 === undefined ? 2 : 1;
  return {
    code: ednsOptions.CLIENT_SUBNET,
    data: serializeClientSubnet({ family, sourcePrefix, scopePrefix: 0, address }),
  };
}

/** `198.18.7.0/24/24`: address, source prefix and scope, as `dig` prints it. */
export function clientSubnetText(subnet: ClientSubnet): string {
  const { address } = subnet;
  const ip =
    subnet.family === 2
      ? formatIpv6(address)
      : formatIpv4(new DataView(Uint8Array.of(...address, 0, 0, 0, 0).buffer).getUint32(0));
  return `${ip}/${subnet.sourcePrefix}/${subnet.scopePrefix}`;
}
