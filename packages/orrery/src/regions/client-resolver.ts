/**
 * The resolvers of clients: one in each place, as a household's or an office's would be, with the
 * client subnet sent along; and the clients that keep what it told them for longer than they may.
 * Owns the asking, and which client is one of those. Refuses to own the rules of remembering
 * (`resolver-cache.ts`), the answers (Route 53) and their transport: queries go in as packets.
 *
 * Invariants:
 *  1. Whether a client ignores TTLs hangs on the seed, its place and its name alone.
 *  2. A CNAME that leaves its zone is followed, at most `maxHops` times; the least TTL counts.
 *  3. TTLs come scaled from the name servers; all other times here are divided by the time scale.
 */
import type { Clock, Random } from '../io/io.ts';
import { sha256 } from '../stdx/digest.ts';
import { DnsFormatError, rcodeName, rcodes, types } from '../wire/dns/constants.ts';
import { clientSubnetOption } from '../wire/dns/edns.ts';
import {
  type DnsMessage,
  parseMessage,
  queryMessage,
  serializeMessage,
} from '../wire/dns/message.ts';
import { parseName } from '../wire/dns/name.ts';
import { dataText } from '../wire/dns/record-data.ts';
import type { Place } from '../world/places.ts';
import {
  type Addresses,
  type CachePolicy,
  type Denial,
  type How,
  type Known,
  type Reply,
  ResolverCache,
} from './resolver-cache.ts';

const maxEntries = 10_000;
const maxHops = 8;

/** RFC 8767 §5: how long a client waits before it gets a stale answer, and the pause after one. */
const staleWaitMs = 1_800;
const recheckMs = 30_000;
/** What a stub resolver waits for an answer (resolv.conf), and RFC 9520's pause, not scaled. */
const silenceMs = 5_000;
const failureMs = 1_000;
/** `networkaddress.cache.negative.ttl` of a JVM. */
const negativeHoldMs = 10_000;

/** How the resolvers of clients behave; times before the time scale. */
export interface ResolverSettings {
  /** How long an answer is served after its TTL while Route 53 does not answer; 0: not at all. */
  readonly serveStaleSeconds: number;
  /** Share of the clients that ignore TTLs, from 0 to 1. */
  readonly ttlIgnoring: number;
  /** How long those keep an address. */
  readonly holdSeconds: number | 'forever';
  /** Which clients they are. */
  readonly seed: number;
}

/** Resolvers that obey, and 30 s for clients that do not: a JVM without a security manager. */
export const obedientResolvers: ResolverSettings = {
  serveStaleSeconds: 0,
  ttlIgnoring: 0,
  holdSeconds: 30,
  seed: 1,
};

export type Resolution = (Addresses | Denial) & {
  /** `held` by a client that ignores TTLs; the others as in `resolver-cache.ts`. */
  readonly how: How | 'held';
  /** The TTL that it came with, as the name servers scaled it. */
  readonly ttlSeconds: number;
  readonly ageMs: number;
  /** How long the client has to wait for it, beyond the asking. */
  readonly waitMs: number;
};

/** One thing that a resolver or a client remembers. */
export interface Remembered {
  readonly place: string;
  readonly client: string;
  readonly name: string;
  readonly addresses: readonly string[];
  /** Why there are no addresses. */
  readonly reason: string | null;
  readonly how: 'cached' | 'stale' | 'held';
  readonly ageMs: number;
  /** Null: for ever. */
  readonly leftMs: number | null;
}

export interface ClientResolver {
  /** Addresses (A records) of a name as a client in a place sees them. */
  resolve(place: Place, name: string, client?: string): Resolution;
  /** What is remembered, newest first. */
  remembered(limit: number): readonly Remembered[];
  clear(): void;
}

export interface ClientResolverOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** The authoritative server: packet in, packet out; undefined where it drops the query. */
  readonly answer: (packet: Uint8Array) => Uint8Array | undefined;
  readonly timeScale?: number;
  readonly settings?: ResolverSettings;
}

/** Whether a client is one of those that ignore TTLs. */
export function ignoresTtls(settings: ResolverSettings, place: string, client: string): boolean {
  if (settings.ttlIgnoring <= 0) return false;
  const digest = sha256(`${settings.seed}\n${place}\n${client}`);
  const drawn = new DataView(digest.buffer, digest.byteOffset).getUint32(0) / 0x1_0000_0000;
  return drawn < settings.ttlIgnoring;
}

/** Makes the resolvers of all places, each with answers of its own. */
export function createClientResolver(options: ClientResolverOptions): ClientResolver {
  const { clock, timeScale = 1, settings = obedientResolvers } = options;
  const scaledUs = (ms: number): number => (ms * 1000) / timeScale;
  const policy: CachePolicy = {
    serveStaleUs: scaledUs(settings.serveStaleSeconds * 1000),
    recheckUs: scaledUs(recheckMs),
    failureUs: failureMs * 1000,
    maxEntries,
  };
  const cache = new ResolverCache(policy);
  const held = new ResolverCache({
    ...policy,
    serveStaleUs: 0,
    holdUs: ({ kind }) => scaledUs(holdMs(settings, kind)),
  });
  const waitMs = ({ waited, how }: Known): number => {
    if (!waited) return 0;
    return (how === 'stale' ? staleWaitMs : silenceMs) / timeScale;
  };
  const shared = (place: Place, name: string, nowUs: number): Resolution => {
    const key = `${place.name} ${name}`;
    const known =
      cache.find(key, nowUs) ?? cache.learn(key, ask(options, place, name, timeScale), nowUs);
    return { ...toldOf(known), waitMs: waitMs(known) };
  };
  return {
    resolve: (place, name, client = '') => {
      const nowUs = clock.monotonicUs();
      const wanted = name.toLowerCase().replace(/\.$/, '');
      if (!ignoresTtls(settings, place.name, client)) return shared(place, wanted, nowUs);
      const key = `${place.name} ${wanted} ${client}`;
      const kept = held.find(key, nowUs);
      if (kept !== undefined) return { ...toldOf(kept), how: 'held', waitMs: 0 };
      const told = shared(place, wanted, nowUs);
      const { ttlSeconds } = told;
      const answer: Addresses | Denial =
        told.kind === 'none'
          ? { kind: 'none', reason: told.reason }
          : { kind: 'addresses', addresses: told.addresses };
      held.learn(key, { ...answer, ttlSeconds }, nowUs);
      return told;
    },
    remembered: (limit) => {
      const nowUs = clock.monotonicUs();
      const all = [
        ...[...held.list(nowUs)].map((one) => rememberedOf(one, true)),
        ...[...cache.list(nowUs)].map((one) => rememberedOf(one, false)),
      ];
      return all.sort((a, b) => a.ageMs - b.ageMs).slice(0, limit);
    },
    clear: () => {
      cache.clear();
      held.clear();
    },
  };
}

function holdMs({ holdSeconds }: ResolverSettings, kind: 'addresses' | 'none'): number {
  const ms = holdSeconds === 'forever' ? Number.POSITIVE_INFINITY : holdSeconds * 1000;
  return kind === 'none' ? Math.min(ms, negativeHoldMs) : ms;
}

function toldOf({ answer, how, ttlSeconds, ageUs }: Known) {
  return { ...answer, how, ttlSeconds, ageMs: ageUs / 1000 };
}

function rememberedOf(
  [key, { answer, how, ageUs }, leftUs]: readonly [string, Known, number],
  isHeld: boolean,
): Remembered {
  const [place = '', name = '', ...client] = key.split(' ');
  return {
    place,
    client: client.join(' '),
    name,
    addresses: answer.kind === 'addresses' ? answer.addresses : [],
    reason: answer.kind === 'none' ? answer.reason : null,
    how: isHeld ? 'held' : how === 'stale' ? 'stale' : 'cached',
    ageMs: Math.round(ageUs / 1000),
    leftMs: Number.isFinite(leftUs) ? Math.max(0, Math.round(leftUs / 1000)) : null,
  };
}

/** Asks for the addresses of a name, from zone to zone. */
function ask(options: ClientResolverOptions, place: Place, name: string, timeScale: number): Reply {
  let leastTtl = Number.POSITIVE_INFINITY;
  let wanted = name;
  for (let hop = 0; hop <= maxHops; hop += 1) {
    if (!isDomainName(wanted)) return failed('no domain name');
    const message = askOnce(options, place, wanted);
    if (message === undefined) return { ...failed('timed out'), silent: true };
    const reply = replyOf(message, timeScale);
    if (reply.kind === 'failed') return reply;
    leastTtl = Math.min(leastTtl, ...message.answers.map((record) => record.ttl));
    const last = message.answers.at(-1);
    const leadsOn = reply.kind === 'none' && last?.type === types.CNAME && !hasSoa(message);
    if (!leadsOn) return { ...reply, ttlSeconds: Math.min(leastTtl, reply.ttlSeconds) };
    wanted = dataText(last.type, last.data).replace(/\.$/, '');
  }
  return failed('a CNAME chain without end');
}

function failed(reason: string) {
  return { kind: 'failed', reason, silent: false } as const;
}

function isDomainName(text: string): boolean {
  try {
    parseName(text);
    return true;
  } catch (error) {
    if (error instanceof DnsFormatError) return false;
    throw error;
  }
}

function askOnce(
  { random, answer }: ClientResolverOptions,
  place: Place,
  name: string,
): DnsMessage | undefined {
  const query = queryMessage({
    id: random.int(0, 0xffff),
    name,
    type: types.A,
    recursionDesired: true,
    edns: { options: [clientSubnetOption(place.subnet)] },
  });
  const packet = answer(serializeMessage(query));
  return packet === undefined ? undefined : parseMessage(packet);
}

function replyOf(message: DnsMessage, timeScale: number): Reply {
  if (message.rcode !== rcodes.NOERROR && message.rcode !== rcodes.NXDOMAIN) {
    return failed(rcodeName(message.rcode));
  }
  const addresses = message.answers
    .filter((record) => record.type === types.A)
    .map((record) => dataText(record.type, record.data));
  if (addresses.length > 0) {
    const ttlSeconds = Math.min(...message.answers.map((record) => record.ttl));
    return { kind: 'addresses', addresses, ttlSeconds };
  }
  const reason = message.rcode === rcodes.NOERROR ? 'NODATA' : 'NXDOMAIN';
  return { kind: 'none', reason, ttlSeconds: negativeTtl(message, timeScale) };
}

const hasSoa = (message: DnsMessage): boolean =>
  message.authorities.some((record) => record.type === types.SOA);

/** Least of the SOA's own TTL and its minimum field (RFC 2308 §5); 0 where there is no SOA. */
function negativeTtl(message: DnsMessage, timeScale: number): number {
  const soa = message.authorities.find((record) => record.type === types.SOA);
  if (soa === undefined) return 0;
  const minimum = Number(dataText(soa.type, soa.data).split(' ').at(-1));
  if (!Number.isFinite(minimum)) return 0;
  // The name servers scale TTLs and leave the data of records as they are.
  return Math.min(soa.ttl, minimum === 0 ? 0 : Math.max(1, Math.floor(minimum / timeScale)));
}
