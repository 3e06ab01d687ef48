/**
 * Writes databases in MaxMind's format, for tests: a binary tree of networks, then the records.
 * Records are written whole, without pointers; sizes above 64 KiB are refused.
 */
import { parseIpv4, parseIpv6 } from '../stdx/ip.ts';

export type MmdbValue =
  | string
  | number
  | boolean
  | bigint
  | Buffer
  | readonly MmdbValue[]
  | { readonly [key: string]: MmdbValue };

export interface MmdbOptions {
  readonly databaseType?: string;
  readonly ipVersion?: 4 | 6;
  readonly recordSize?: 24 | 28 | 32;
  readonly majorVersion?: number;
}

interface Node {
  /** Children by bit: a node, the index of a record, or nothing. */
  readonly children: [Node | number | undefined, Node | number | undefined];
  number: number;
}

const newNode = (): Node => ({ children: [undefined, undefined], number: 0 });

/** A database of networks and their records; a longer prefix must come after its shorter ones. */
export function mmdbOf(
  networks: Readonly<Record<string, MmdbValue>>,
  options: MmdbOptions = {},
): Buffer {
  const { databaseType = 'GeoLite2-City', ipVersion = 6, recordSize = 28 } = options;
  const root = newNode();
  const offsets: number[] = [];
  const data: Buffer[] = [];
  let dataOctets = 0;
  for (const [network, value] of Object.entries(networks)) {
    insert(root, bitsOf(network, ipVersion), offsets.length);
    const bytes = encode(value);
    offsets.push(dataOctets);
    data.push(bytes);
    dataOctets += bytes.length;
  }
  const nodes = numbered(root);
  const pointer = (child: Node | number | undefined): number => {
    if (child === undefined) return nodes.length;
    return typeof child === 'number' ? nodes.length + 16 + (offsets[child] ?? 0) : child.number;
  };
  const tree = nodes.map(({ children: [left, right] }) =>
    nodeBytes(pointer(left), pointer(right), recordSize),
  );
  const metadata = encode({
    binary_format_major_version: unsigned(5, BigInt(options.majorVersion ?? 2)),
    binary_format_minor_version: unsigned(5, BigInt(0)),
    build_epoch: 1_790_000_000n,
    database_type: databaseType,
    description: { en: 'made by a test' },
    ip_version: unsigned(5, BigInt(ipVersion)),
    languages: ['en'],
    node_count: nodes.length,
    record_size: unsigned(5, BigInt(recordSize)),
  });
  const mark = Buffer.from('abcdef4d61784d696e642e636f6d', 'hex');
  return Buffer.concat([...tree, Buffer.alloc(16), ...data, mark, metadata]);
}

/** A record of a City database. */
export const cityRecord = (
  country: string,
  city: string,
  [latitude, longitude]: readonly [number, number],
  subdivision?: string,
): MmdbValue => ({
  city: { names: { en: city, ja: '都市' } },
  country: { iso_code: country, geoname_id: 1 },
  location: { latitude, longitude, accuracy_radius: 20 },
  ...(subdivision === undefined ? {} : { subdivisions: [{ iso_code: subdivision }] }),
});

/** The bits of a network; IPv4 lies at ::/96 of a tree for both. */
function bitsOf(network: string, ipVersion: 4 | 6): string {
  const [ip = '', length = ''] = network.split('/');
  const v4 = parseIpv4(ip);
  if (v4 !== undefined) {
    const bits = v4.toString(2).padStart(32, '0').slice(0, Number(length));
    return ipVersion === 4 ? bits : '0'.repeat(96) + bits;
  }
  const bytes = [...(parseIpv6(ip) ?? [])];
  return bytes
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('')
    .slice(0, Number(length));
}

function insert(root: Node, bits: string, record: number): void {
  let node = root;
  for (const [i, bit] of [...bits].entries()) {
    const side = bit === '1' ? 1 : 0;
    if (i === bits.length - 1) {
      node.children[side] = record;
      return;
    }
    let next = node.children[side];
    if (typeof next !== 'object') {
      // A record of a shorter prefix goes on holding for both halves.
      next = { children: [next, next], number: 0 };
      node.children[side] = next;
    }
    node = next;
  }
}

function numbered(root: Node): readonly Node[] {
  const nodes: Node[] = [root];
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[i] as Node;
    node.number = i;
    for (const child of node.children) if (typeof child === 'object') nodes.push(child);
  }
  return nodes;
}

function nodeBytes(left: number, right: number, recordSize: 24 | 28 | 32): Buffer {
  const out = Buffer.alloc(recordSize / 4);
  if (recordSize === 28) {
    out.writeUIntBE(left & 0xffffff, 0, 3);
    out[3] = ((left >>> 24) << 4) | (right >>> 24);
    out.writeUIntBE(right & 0xffffff, 4, 3);
  } else {
    out.writeUIntBE(left, 0, recordSize / 8);
    out.writeUIntBE(right, recordSize / 8, recordSize / 8);
  }
  return out;
}

/** Bytes are taken for a value that is encoded already. */
function encode(value: MmdbValue): Buffer {
  if (Buffer.isBuffer(value)) return value;
  if (typeof value === 'string') {
    const bytes = Buffer.from(value);
    return Buffer.concat([control(2, bytes.length), bytes]);
  }
  if (typeof value === 'boolean') return control(14, value ? 1 : 0);
  if (typeof value === 'bigint') return unsigned(9, value);
  if (typeof value === 'number') {
    const isDouble = !Number.isInteger(value) || value < 0;
    if (!isDouble) return unsigned(6, BigInt(value));
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(value);
    return Buffer.concat([control(3, 8), bytes]);
  }
  if (Array.isArray(value)) {
    return Buffer.concat([control(11, value.length), ...value.map(encode)]);
  }
  const entries = Object.entries(value);
  return Buffer.concat([
    control(7, entries.length),
    ...entries.flatMap(([key, each]) => [encode(key), encode(each)]),
  ]);
}

function unsigned(type: number, value: bigint): Buffer {
  const hex = value === 0n ? '' : value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return Buffer.concat([control(type, bytes.length), bytes]);
}

/** Type and size; types above 7 have an octet of their own, sizes above 28 one or two more. */
function control(type: number, size: number): Buffer {
  const short = size < 29 ? size : size < 285 ? 29 : 30;
  const first = ((type > 7 ? 0 : type) << 5) | short;
  const extended = type > 7 ? [type - 7] : [];
  const rest = short === 29 ? [size - 29] : [];
  if (short === 30) rest.push((size - 285) >> 8, (size - 285) & 255);
  return Buffer.from([first, ...extended, ...rest]);
}
