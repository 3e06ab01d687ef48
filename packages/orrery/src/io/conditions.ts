/**
 * What is wrong with the links between locations: plain data that faults write and that both
 * implementations of the network read. Owns its meaning; refuses to own time, chance or sockets.
 *
 * Invariants:
 *  1. Pure: the state of a link is a function of the conditions and of the two ends.
 *  2. What a location says to itself is touched only by a condition that names it at both ends.
 */
import type { Location } from './io.ts';

/** One condition on the messages between two locations; `*` stands for every location. */
export interface LinkCondition {
  readonly a: Location | '*';
  readonly b: Location | '*';
  /** Only messages from `a` to `b`, not those from `b` to `a`. */
  readonly oneWay?: boolean;
  /** Messages vanish: the sender waits until its deadline. */
  readonly cut?: boolean;
  /** Added to every message that matches, so a round trip over both directions pays it twice. */
  readonly extraLatencyMs?: number;
  /** Chance that a message vanishes, from 0 to 1. */
  readonly lossProbability?: number;
}

/** Owned by the composition root and read at every message; replace `links` to change it. */
export interface NetworkConditions {
  links: readonly LinkCondition[];
}

/** What one message in one direction meets. */
export interface LinkState {
  readonly cut: boolean;
  readonly extraLatencyMs: number;
  readonly lossProbability: number;
}

const sound: LinkState = { cut: false, extraLatencyMs: 0, lossProbability: 0 };

function matches(end: Location | '*', location: Location): boolean {
  return end === '*' || end === location;
}

function applies(link: LinkCondition, from: Location, to: Location): boolean {
  if (from === to) return link.a === from && link.b === to;
  if (matches(link.a, from) && matches(link.b, to)) return true;
  return link.oneWay !== true && matches(link.a, to) && matches(link.b, from);
}

/**
 * The state of the link for a message that goes from one location to another. Latencies add up;
 * losses are independent chances.
 */
export function linkState(conditions: NetworkConditions, from: Location, to: Location): LinkState {
  if (conditions.links.length === 0) return sound;
  let cut = false;
  let extraLatencyMs = 0;
  let arrival = 1;
  for (const link of conditions.links) {
    if (!applies(link, from, to)) continue;
    cut ||= link.cut === true;
    extraLatencyMs += link.extraLatencyMs ?? 0;
    arrival *= 1 - (link.lossProbability ?? 0);
  }
  return { cut, extraLatencyMs, lossProbability: 1 - arrival };
}
