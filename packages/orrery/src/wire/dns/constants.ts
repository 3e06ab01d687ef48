/**
 * Numbers of the DNS registry (IANA) that the codec and Route 53 use, and their names.
 */

/** What the parser answers to bytes that are no DNS message. Never anything else is thrown. */
export class DnsFormatError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DnsFormatError';
  }
}

export const types = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  NAPTR: 35,
  OPT: 41,
  DS: 43,
  SSHFP: 44,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  TLSA: 52,
  SVCB: 64,
  HTTPS: 65,
  SPF: 99,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
  CAA: 257,
} as const;

export const classes = { IN: 1, CH: 3, HS: 4, NONE: 254, ANY: 255 } as const;

export const rcodes = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  BADVERS: 16,
} as const;

export const opcodes = { QUERY: 0, IQUERY: 1, STATUS: 2, NOTIFY: 4, UPDATE: 5 } as const;

/** Bits of the header's second 16-bit word. */
export const flags = {
  QR: 0x8000,
  AA: 0x0400,
  TC: 0x0200,
  RD: 0x0100,
  RA: 0x0080,
  AD: 0x0020,
  CD: 0x0010,
} as const;

export const ednsOptions = {
  NSID: 3,
  CLIENT_SUBNET: 8,
  COOKIE: 10,
  PADDING: 12,
  /** Ours, of the range for local use: `ns=<name server>` or `vpc=<id>`, in text. */
  SELECTOR: 65_313,
} as const;

const typeNames = new Map<number, string>(
  Object.entries(types).map(([name, number]) => [number, name]),
);
const rcodeNames = new Map<number, string>(
  Object.entries(rcodes).map(([name, number]) => [number, name]),
);

/** `A`, or `TYPE65280` (RFC 3597) for a type without a name here. */
export function typeName(type: number): string {
  return typeNames.get(type) ?? `TYPE${type}`;
}

/** The number of a type's name (also `TYPE65280`), or undefined. */
export function typeNumber(name: string): number | undefined {
  const upper = name.toUpperCase();
  const known = (types as Readonly<Record<string, number>>)[upper];
  if (known !== undefined && Object.hasOwn(types, upper)) return known;
  const match = /^TYPE(\d{1,5})$/.exec(upper);
  const number = Number(match?.[1] ?? Number.NaN);
  return number <= 65535 ? number : undefined;
}

export function rcodeName(rcode: number): string {
  return rcodeNames.get(rcode) ?? `RCODE${rcode}`;
}
