/**
 * Response-rate limiting: an authoritative server must not be a weapon. Whoever forges the address
 * of a victim gets so many answers a second sent there and no more; of the rest one in two is an
 * empty, truncated answer, no longer than the question, which an honest client answers by asking
 * again over TCP, where addresses cannot be forged.
 *
 * Owns: who counts together, the buckets, what becomes of an answer. Refuses to own answers.
 *
 * Invariants:
 *  L1  Clients count by network (/24, /56 for IPv6): a victim is a line, not an address.
 *  L2  The same answer counts together: a name's records by name and type; names that do not exist,
 *      refusals and other empty answers by their code alone, for an attacker can vary the name. All
 *      that goes to one network counts, too, at `allFactor` times the rate.
 *  L3  Memory is fixed. Where buckets collide, the one that is the least in use is given up.
 */

import { parseIpv4, parseIpv6 } from '../../../stdx/ip.ts';
import { asBuffer } from '../../../wire/dns/message.ts';

export interface RateLimitOptions {
  /** Equal answers a second to one network; 0 is no limit. */
  readonly perSecond: number;
  /** Whether askers on this machine are limited as well. */
  readonly includesLoopback: boolean;
  readonly nowMs: () => number;
  /** What the places of buckets hang on, so that nobody can aim at one. */
  readonly seed: number;
}

/** Names below a wildcard are many, and each has an answer of its own: this holds them together. */
const allFactor = 5;
/** What a network may get at once after silence, in seconds' worth. */
const burstSeconds = 2;
/** Every second limited answer goes out truncated. */
const slip = 2;
const buckets = 1 << 16;
/** Places that a bucket may stand in. */
const ways = 4;

export class ResponseRateLimiter {
  private readonly options: RateLimitOptions;
  private readonly hashes = new Uint32Array(buckets);
  private readonly tokens = new Float32Array(buckets);
  /** When a bucket was filled last; 0 where it never was. */
  private readonly filledAtMs = new Float64Array(buckets);
  private limited = 0;

  constructor(options: RateLimitOptions) {
    this.options = options;
  }

  /** The answer as it may go to an address: itself, an empty one that says TCP, or none. */
  limit(answer: Uint8Array, ip: string): Uint8Array | undefined {
    const { perSecond, includesLoopback, seed } = this.options;
    if (perSecond === 0) return answer;
    if (!includesLoopback && isLoopback(ip)) return answer;
    const bytes = asBuffer(answer);
    const network = stir(networkHash(ip, seed));
    // What is not sent whole counts against its class alone.
    const goes =
      this.take(stir(classHash(bytes, network)), perSecond) &&
      this.take(network, perSecond * allFactor);
    if (goes) return answer;
    return this.limited++ % slip === 0 ? truncated(bytes) : undefined;
  }

  /** Takes a token out of a bucket; false where it has none. */
  private take(hash: number, perSecond: number): boolean {
    const { hashes, tokens, filledAtMs } = this;
    const nowMs = this.options.nowMs() + 1;
    const full = perSecond * burstSeconds;
    const first = hash & (buckets - 1) & ~(ways - 1);
    let at = -1;
    let spare = first;
    let mostTokens = -1;
    for (let way = first; way < first + ways; way++) {
      if (filledAtMs[way] !== 0 && hashes[way] === hash) {
        at = way;
        break;
      }
      const left = filledAtMs[way] === 0 ? full * ways : this.left(way, nowMs, perSecond);
      if (left > mostTokens) {
        mostTokens = left;
        spare = way;
      }
    }
    const before = at === -1 ? full : Math.min(full, this.left(at, nowMs, perSecond));
    if (at === -1) at = spare;
    hashes[at] = hash;
    tokens[at] = before >= 1 ? before - 1 : before;
    filledAtMs[at] = nowMs;
    return before >= 1;
  }

  private left(at: number, nowMs: number, perSecond: number): number {
    const passedMs = Math.max(0, nowMs - (this.filledAtMs[at] ?? 0));
    return (this.tokens[at] ?? 0) + (perSecond * passedMs) / 1000;
  }
}

function isLoopback(ip: string): boolean {
  return ip.startsWith('127.') || ip === '::1' || ip.startsWith('::ffff:127.');
}

function networkHash(ip: string, seed: number): number {
  const v4 = parseIpv4(ip.startsWith('::ffff:') ? ip.slice(7) : ip);
  if (v4 !== undefined) return mix(seed, v4 >>> 8);
  let hash = mix(seed, 6);
  const v6 = parseIpv6(ip);
  for (let i = 0; i < 7; i++) hash = mix(hash, v6?.[i] ?? 0);
  return hash;
}

/** Of answers with records the question, in lower case; of all others the code. */
function classHash(answer: Buffer, start: number): number {
  const code = (answer[3] ?? 0) & 15;
  let hash = mix(start, code);
  const hasRecords = answer.length > 12 && answer.readUInt16BE(6) > 0;
  if (!hasRecords) return mix(hash, 0x100);
  const end = questionEnd(answer);
  for (let at = 12; at < end; at++) hash = mix(hash, lower(answer[at] ?? 0));
  return hash;
}

const lower = (octet: number): number => (octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet);

/** Behind the only question of an answer of ours, whose name is written out. */
function questionEnd(answer: Buffer): number {
  let at = 12;
  while (at < answer.length && answer[at] !== 0) at += 1 + (answer[at] ?? 0);
  return Math.min(answer.length, at + 5);
}

/** The question with the TC bit: no longer than what was asked. A bare header goes as it is. */
function truncated(answer: Buffer): Buffer {
  const end = answer.readUInt16BE(4) === 0 ? 12 : questionEnd(answer);
  const out = Buffer.alloc(end);
  answer.copy(out, 0, 0, end);
  out[2] = (out[2] ?? 0) | 0x02;
  out.fill(0, 6, 12);
  return out;
}

function mix(hash: number, value: number): number {
  return Math.imul(hash ^ value, 0x01000193) >>> 0;
}

/** Spreads a hash over all its bits. */
function stir(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
