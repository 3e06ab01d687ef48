/**
 * From results of probes to the status of a health check: a pure state machine.
 *
 * Invariants:
 *  V1  A checker changes its vote after `FailureThreshold` results in a row that say otherwise,
 *      both ways.
 *  V2  An endpoint is healthy while more than 18 % of its checkers say so.
 *  V3  A disabled check counts as healthy; Inverted flips whatever came out.
 */
import type { HealthCheckConfig } from '../record-set.ts';

export interface Vote {
  readonly healthy: boolean;
  /** Results in a row that speak against the vote. */
  readonly against: number;
}

const healthyShare = 0.18;

/** The vote of a checker after one more result. */
export function nextVote(vote: Vote, success: boolean, failureThreshold: number): Vote {
  if (success === vote.healthy) return vote.against === 0 ? vote : { ...vote, against: 0 };
  const against = vote.against + 1;
  return against >= failureThreshold
    ? { healthy: success, against: 0 }
    : { healthy: vote.healthy, against };
}

/** Whether an endpoint is healthy by the votes of its checkers. */
export function isHealthyByVotes(healthyVotes: number, votes: number): boolean {
  return healthyVotes > votes * healthyShare;
}

/** Whether a calculated check is healthy by its children. */
export function isHealthyByChildren(healthyChildren: number, threshold: number): boolean {
  return healthyChildren >= threshold;
}

/** The status of a check from what its votes or children say. */
export function statusOf(config: HealthCheckConfig, healthy: boolean): boolean {
  return (config.Disabled === true || healthy) !== (config.Inverted === true);
}
