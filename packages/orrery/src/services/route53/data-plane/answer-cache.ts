/**
 * Answers that need not be worked out again: bodies by name, type and place, for queries that differ
 * in case, options or client subnet only. Those that do not differ: `packet-cache.ts`.
 *
 * Invariants:
 *  K1  What is kept here is what would be answered anew: no chance, no other place and no other
 *      source address would change it. Everything is forgotten when zones or health change.
 *  K2  They are bounded in number.
 */
import type { Place } from '../../../world/places.ts';
import type { Body } from './response.ts';

const maxBodies = 50_000;

interface Bodies {
  anywhere: Body | undefined;
  readonly byPlace: (Body | undefined)[];
}

export class AnswerCache {
  private readonly bodies = new Map<string, Bodies>();
  private bodyCount = 0;

  clear(): void {
    this.bodies.clear();
    this.bodyCount = 0;
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
