/**
 * Whole answers to queries that come again octet for octet, but for their id: bytes in one piece of
 * memory, found by a hash of the query's. A question that was never asked costs the hash and one look.
 *
 * Invariants:
 *  K1  What is found is what was kept for the very same octets, with the id of the new query; it is
 *      the caller's own.
 *  K2  Memory is bounded: so many places, and longer queries and answers are not kept.
 */

/** Places in pairs: of two questions that fall together neither drives the other out. */
const pairs = 4096;
const queryOctets = 192;
const answerOctets = 512;
const placeOctets = queryOctets + answerOctets;

/**
 * One in so many packets that are offered is kept: what is asked often comes in soon, and a flood
 * of questions that never come again costs an eighth.
 */
const admitted = 8;

export class PacketCache {
  /** Of each place: the query's hash (0 where it is empty), the lengths of query and answer. */
  private readonly hashes = new Uint32Array(2 * pairs);
  private readonly queryLengths = new Uint8Array(2 * pairs);
  private readonly answerLengths = new Uint16Array(2 * pairs);
  private readonly bytes = Buffer.allocUnsafeSlow(2 * pairs * placeOctets);
  private offered = 0;

  clear(): void {
    this.hashes.fill(0);
  }

  /** The answer to a query that came before. */
  find(query: Buffer): Buffer | undefined {
    if (query.length > queryOctets) return undefined;
    const hash = hashOf(query);
    const place = this.placeOf(query, hash);
    if (place === -1) return undefined;
    const start = place * placeOctets + queryOctets;
    const length = this.answerLengths[place] ?? 0;
    const answer = Buffer.allocUnsafe(length);
    this.bytes.copy(answer, 0, start, start + length);
    answer[0] = query[0] ?? 0;
    answer[1] = query[1] ?? 0;
    return answer;
  }

  /** Offers an answer to be kept. */
  keep(query: Buffer, answer: Buffer): void {
    if (query.length > queryOctets || answer.length > answerOctets) return;
    if (++this.offered % admitted !== 0) return;
    const hash = hashOf(query);
    const first = 2 * (hash & (pairs - 1));
    // What was kept for the same query is replaced; else the empty place, or the two in turn.
    let place = this.placeOf(query, hash);
    if (place === -1) {
      const isFree = (at: number): boolean => this.hashes[at] === 0;
      if (isFree(first)) place = first;
      else place = isFree(first + 1) || (this.offered & admitted) !== 0 ? first + 1 : first;
    }
    this.hashes[place] = hash;
    this.queryLengths[place] = query.length;
    this.answerLengths[place] = answer.length;
    query.copy(this.bytes, place * placeOctets);
    answer.copy(this.bytes, place * placeOctets + queryOctets);
  }

  private placeOf(query: Buffer, hash: number): number {
    const first = 2 * (hash & (pairs - 1));
    if (this.holds(first, query, hash)) return first;
    return this.holds(first + 1, query, hash) ? first + 1 : -1;
  }

  private holds(place: number, query: Buffer, hash: number): boolean {
    const { length } = query;
    if (this.hashes[place] !== hash || this.queryLengths[place] !== length) return false;
    const { bytes } = this;
    const start = place * placeOctets;
    for (let i = 2; i < length; i++) if (bytes[start + i] !== query[i]) return false;
    return true;
  }
}

/** FNV-1a of all but the id; never 0. */
function hashOf(query: Buffer): number {
  let hash = 0x811c9dc5;
  for (let i = 2; i < query.length; i++) hash = Math.imul(hash ^ (query[i] ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0 || 1;
}
