/**
 * What a resolver remembers, and when that may be used: a pure state machine. Time and answers come
 * in as arguments. Owns the rules; refuses to own the asking (`client-resolver.ts`).
 *
 * Invariants:
 *  R1  An answer is `cached` for its TTL and not a microsecond longer; a TTL counts for a week at
 *      most (RFC 8767 §4), that of a negative answer for three hours (RFC 2308 §5).
 *  R2  A name is asked for again only when its answer has run out and no failure is being waited for.
 *  R3  After a failure, and only then, an answer that has run out is served as `stale`, for as long
 *      as the policy allows; whatever the name servers really say, a denial too, takes its place.
 *  R4  At most `maxEntries` answers are kept; the one that was learnt longest ago goes first.
 */

export interface Addresses {
  readonly kind: 'addresses';
  readonly addresses: readonly string[];
}

/** NXDOMAIN, or NODATA: the name exists, without an address. */
export interface Denial {
  readonly kind: 'none';
  readonly reason: string;
}

/** What came of asking. A failure (SERVFAIL, REFUSED, silence) says nothing about the name. */
export type Reply =
  | ((Addresses | Denial) & { readonly ttlSeconds: number })
  | { readonly kind: 'failed'; readonly reason: string; readonly silent: boolean };

/** How an answer was come by: asked for now, remembered, or remembered although it has run out. */
export type How = 'fresh' | 'cached' | 'stale';

export interface Known {
  readonly answer: Addresses | Denial;
  readonly how: How;
  readonly ttlSeconds: number;
  readonly ageUs: number;
  /** The client waited for name servers that do not answer. */
  readonly waited: boolean;
}

export interface CachePolicy {
  /** How long after its TTL an answer may be served when asking fails; 0: never. */
  readonly serveStaleUs: number;
  /** After a failure nobody asks for so long: RFC 8767 §5 where a stale answer bridges the time … */
  readonly recheckUs: number;
  /** … and RFC 9520 where none does. */
  readonly failureUs: number;
  readonly maxEntries: number;
  /** The life of an answer, where it is not its TTL: what a client does that ignores TTLs. */
  readonly holdUs?: (answer: Addresses | Denial) => number;
}

interface Entry {
  readonly answer: Addresses | Denial;
  readonly ttlSeconds: number;
  readonly learntUs: number;
  readonly lifeUs: number;
  /** Set by a failure: until then nobody asks. */
  pausedUntilUs: number;
}

const maxTtlSeconds = 604_800;
const maxNegativeTtlSeconds = 10_800;

export class ResolverCache {
  private readonly policy: CachePolicy;
  private readonly entries = new Map<string, Entry>();
  /** Names without any answer to fall back on that could not be asked for. */
  private readonly failures = new Map<string, { reason: string; untilUs: number; atUs: number }>();

  constructor(policy: CachePolicy) {
    this.policy = policy;
  }

  /** What may be used without asking; undefined where the name servers must be asked. */
  find(key: string, nowUs: number): Known | undefined {
    const entry = this.entries.get(key);
    if (entry !== undefined) {
      if (nowUs < entry.learntUs + entry.lifeUs) return known(entry, 'cached', nowUs, false);
      if (nowUs < entry.pausedUntilUs && this.isServable(entry, nowUs)) {
        return known(entry, 'stale', nowUs, false);
      }
    }
    const failure = this.failures.get(key);
    if (failure === undefined || nowUs >= failure.untilUs) return undefined;
    return failed(failure.reason, 'cached', nowUs - failure.atUs, false);
  }

  /** Takes in what came of asking and says what the client gets. */
  learn(key: string, reply: Reply, nowUs: number): Known {
    const before = this.entries.get(key);
    if (reply.kind === 'failed') return this.fail(key, before, reply, nowUs);
    this.failures.delete(key);
    const { ttlSeconds, ...answer } = reply;
    const most = answer.kind === 'none' ? maxNegativeTtlSeconds : maxTtlSeconds;
    const lifeUs = this.policy.holdUs?.(answer) ?? Math.min(ttlSeconds, most) * 1e6;
    const entry = { answer, ttlSeconds, learntUs: nowUs, lifeUs, pausedUntilUs: 0 };
    // Taken out first, so that the order of the map is that of learning.
    this.entries.delete(key);
    makeRoom(this.entries, this.policy.maxEntries);
    this.entries.set(key, entry);
    return known(entry, 'fresh', nowUs, false);
  }

  /** Everything that is remembered, what was learnt last first. */
  *list(nowUs: number): Iterable<readonly [key: string, known: Known, leftUs: number]> {
    for (const [key, entry] of [...this.entries].reverse()) {
      const leftUs = entry.learntUs + entry.lifeUs - nowUs;
      yield [key, known(entry, leftUs > 0 ? 'cached' : 'stale', nowUs, false), leftUs];
    }
  }

  clear(): void {
    this.entries.clear();
    this.failures.clear();
  }

  private fail(
    key: string,
    before: Entry | undefined,
    { reason, silent }: { readonly reason: string; readonly silent: boolean },
    nowUs: number,
  ): Known {
    if (before !== undefined && this.isServable(before, nowUs)) {
      before.pausedUntilUs = nowUs + this.policy.recheckUs;
      return known(before, 'stale', nowUs, silent);
    }
    this.failures.delete(key);
    makeRoom(this.failures, this.policy.maxEntries);
    this.failures.set(key, { reason, untilUs: nowUs + this.policy.failureUs, atUs: nowUs });
    return failed(reason, 'fresh', 0, silent);
  }

  private isServable(entry: Entry, nowUs: number): boolean {
    const { serveStaleUs } = this.policy;
    return serveStaleUs > 0 && nowUs < entry.learntUs + entry.lifeUs + serveStaleUs;
  }
}

function known({ answer, ttlSeconds, learntUs }: Entry, how: How, nowUs: number, waited: boolean) {
  return { answer, how, ttlSeconds, ageUs: nowUs - learntUs, waited };
}

function failed(reason: string, how: How, ageUs: number, waited: boolean): Known {
  return { answer: { kind: 'none', reason }, how, ttlSeconds: 0, ageUs, waited };
}

function makeRoom(map: Map<string, unknown>, maxEntries: number): void {
  if (map.size < maxEntries) return;
  const oldest = map.keys().next().value;
  if (oldest !== undefined) map.delete(oldest);
}
