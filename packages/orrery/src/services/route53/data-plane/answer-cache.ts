/**
 * Answers that need not be worked out again, in two layers: whole packets by the whole query, and
 * bodies by name, type and place, for queries that differ in case, options or client subnet only.
 *
 * Invariants:
 *  K1  What is kept here is what would be answered anew: no chance, no other place and no other
 *      source address would change it. Everything is forgotten when zones or health change.
 *  K2  Both layers are bounded in number and in the size of what they keep.
 */
import type { Place } from '../../../world/places.ts';
import type { Body } from './response.ts';

const maxBodies = 50_000;
const maxPackets = 4096;
/** Longer queries and answers are rare, and not kept whole. */
const maxQueryOctets = 192;
const maxAnswerOctets = 512;

/**
 * One in so many packets that are offered is kept: what is asked often comes in soon, and a flood
 * of questions that never come again costs an eighth.
 */
const admitted = 8;

interface Bodies {
  anywhere: Body | undefined;
  readonly byPlace: (Body | undefined)[];
}

export class AnswerCache {
  private readonly bodies = new Map<string, Bodies>();
  private bodyCount = 0;
  /** Octets as text on both sides: a fraction of what as many buffers hold. */
  private readonly packets = new Map<string, string>();
  private offered = 0;

  clear(): void {
    this.bodies.clear();
    this.bodyCount = 0;
    this.packets.clear();
  }

  /** The key of a query among whole packets: all of it but its id. */
  packetKey(query: Buffer): string | undefined {
    return query.length > maxQueryOctets ? undefined : query.toString('latin1', 2);
  }

  /** The answer to a query that came octet for octet before, with the id of this one. */
  packet(key: string, query: Buffer): Buffer | undefined {
    const known = this.packets.get(key);
    if (known === undefined) return undefined;
    const answer = Buffer.from(known, 'latin1');
    answer[0] = query[0] ?? 0;
    answer[1] = query[1] ?? 0;
    return answer;
  }

  keepPacket(key: string, answer: Buffer): void {
    if (answer.length > maxAnswerOctets || ++this.offered % admitted !== 0) return;
    if (this.packets.size >= maxPackets) this.packets.clear();
    this.packets.set(key, answer.toString('latin1'));
  }

  /** The body for a client, who is only placed where that makes a difference. */
  body(key: string, place: () => Place): Body | undefined {
    const known = this.bodies.get(key);
    if (known === undefined) return undefined;
    return known.anywhere ?? known.byPlace[place().index];
  }

  keepBody(key: string, body: Body, place: Place): void {
    if (this.bodyCount >= maxBodies) {
      this.bodies.clear();
      this.bodyCount = 0;
    }
    const entry = this.bodies.get(key) ?? { anywhere: undefined, byPlace: [] };
    if (body.location) entry.byPlace[place.index] = body;
    else entry.anywhere = body;
    this.bodies.set(key, entry);
    this.bodyCount++;
  }
}
