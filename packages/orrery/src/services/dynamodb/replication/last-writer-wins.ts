/**
 * Where a loser is decided: what a replica does with a version of an item that comes from another
 * region. Pure; `apply-changes.ts` carries the decision out and records the loser.
 *
 * Each version carries the newest write of each region that it knew of (its vector), so whether
 * two versions were concurrent is exact, whatever was coalesced, repeated or reordered on the way:
 *
 *   - the held version knew of the incoming one      → duplicate, nothing changes
 *   - the incoming one knew of the held version      → apply, it is simply newer
 *   - neither knew of the other                      → concurrent: the greater version stays, the
 *                                                      other has lost, and somebody must be told
 *
 * Invariants:
 *  L1  Commutative, associative, idempotent: replicas that received the same versions hold the
 *      same one, in whatever order and however often they came.
 *  L2  A version that stays knows afterwards of the one that lost, so a redelivery of the loser is
 *      a duplicate and not a second conflict.
 */
import type { Version, VersionVector } from '../api.ts';
import { compareVersions, includesVersion, mergeVectors } from './version.ts';

/** A version with what it knew of. */
export interface Versioned {
  readonly version: Version;
  readonly vector: VersionVector;
}

export interface Decision {
  /** `apply`: the incoming version replaces the held one. */
  readonly outcome: 'apply' | 'keep' | 'duplicate';
  /** The one of the two that does not stay was lost, not replaced. */
  readonly concurrent: boolean;
  /** What the version that stays knows of from now on. */
  readonly vector: VersionVector;
}

/** Positive where the first argument wins over the second. */
export type CompareVersions = (a: Version, b: Version) => number;

/** Decides between the version that a replica holds (undefined: none) and one that comes in. */
export function decide(
  held: Versioned | undefined,
  incoming: Versioned,
  compare: CompareVersions = compareVersions,
): Decision {
  if (held === undefined) return { outcome: 'apply', concurrent: false, vector: incoming.vector };
  if (includesVersion(held.vector, incoming.version)) {
    return { outcome: 'duplicate', concurrent: false, vector: held.vector };
  }
  const vector = mergeVectors(held.vector, incoming.vector);
  if (includesVersion(incoming.vector, held.version)) {
    return { outcome: 'apply', concurrent: false, vector };
  }
  const outcome = compare(incoming.version, held.version) > 0 ? 'apply' : 'keep';
  return { outcome, concurrent: true, vector };
}
