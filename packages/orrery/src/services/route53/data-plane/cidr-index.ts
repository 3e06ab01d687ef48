/**
 * CIDR blocks of a collection as a binary tree, for IP-based routing. Pure.
 *
 * Invariants:
 *  D1  A client prefix matches the blocks that contain it; a prefix shorter than a block does not
 *      match it (facts: "a shorter one does not and gets `*`").
 *  D2  `scope` is the shortest prefix of the client for which every client has the same matches.
 */
import { parseIpv4, parseIpv6 } from '../../../stdx/ip.ts';

export interface ClientPrefix {
  /** 1 is IPv4, 2 is IPv6. */
  readonly family: 0 | 1 | 2;
  readonly sourcePrefix: number;
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
}

export interface CidrMatch {
  /** Locations whose block contains the prefix, longest block first. */
  readonly locations: readonly string[];
  readonly scope: number;
}

interface Node {
  location: string | undefined;
  zero: Node | undefined;
  one: Node | undefined;
}

const newNode = (): Node => ({ location: undefined, zero: undefined, one: undefined });

const longestBlock = { 0: 0, 1: 24, 2: 48 } as const;

export class CidrIndex {
  private readonly v4 = newNode();
  private readonly v6 = newNode();

  constructor(locations: Readonly<Record<string, readonly string[]>>) {
    for (const [location, blocks] of Object.entries(locations)) {
      for (const block of blocks) this.add(block, location);
    }
  }

  match({ family, sourcePrefix, address }: ClientPrefix): CidrMatch {
    const locations: string[] = [];
    let scope = 0;
    let node: Node | undefined = family === 2 ? this.v6 : this.v4;
    for (let depth = 0; node !== undefined; depth++) {
      if (node.location !== undefined) {
        locations.unshift(node.location);
        scope = depth;
      }
      if (depth === sourcePrefix) {
        // Blocks inside the prefix: a longer prefix could match one of them.
        if (node.zero !== undefined || node.one !== undefined) scope = longestBlock[family];
        break;
      }
      if (node.zero !== undefined || node.one !== undefined) scope = depth + 1;
      node = bitAt(address, depth) === 0 ? node.zero : node.one;
    }
    return { locations, scope };
  }

  private add(block: string, location: string): void {
    const prefix = parseCidr(block);
    if (prefix === undefined) return;
    let node = prefix.family === 2 ? this.v6 : this.v4;
    for (let depth = 0; depth < prefix.sourcePrefix; depth++) {
      if (bitAt(prefix.address, depth) === 0) {
        node.zero ??= newNode();
        node = node.zero;
      } else {
        node.one ??= newNode();
        node = node.one;
      }
    }
    node.location = location;
  }
}

function bitAt(address: Uint8Array, depth: number): number {
  return ((address[depth >> 3] ?? 0) >> (7 - (depth & 7))) & 1;
}

/** A block in text, with the bits beyond its length cut off; undefined where it is none. */
export function parseCidr(text: string): ClientPrefix | undefined {
  const match = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(text);
  const address = prefixOfIp(match?.[1] ?? '');
  const length = Number(match?.[2]);
  if (address === undefined || !(length >= 0 && length <= address.sourcePrefix)) return undefined;
  const bytes = Uint8Array.from(address.address);
  for (let i = 0; i < bytes.length; i++) {
    const kept = Math.min(8, Math.max(0, length - 8 * i));
    bytes[i] = (bytes[i] ?? 0) & ~(0xff >> kept);
  }
  return { family: address.family, sourcePrefix: length, address: bytes };
}

/** The whole address as a prefix. */
export function prefixOfIp(ip: string): ClientPrefix | undefined {
  const v4 = parseIpv4(ip);
  if (v4 !== undefined) {
    const address = Uint8Array.of(v4 >>> 24, v4 >>> 16, v4 >>> 8, v4);
    return { family: 1, sourcePrefix: 32, address };
  }
  const v6 = parseIpv6(ip);
  return v6 === undefined ? undefined : { family: 2, sourcePrefix: 128, address: v6 };
}
