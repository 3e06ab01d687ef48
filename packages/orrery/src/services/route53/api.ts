/**
 * What others may know of Route 53. Beside its AWS API the service serves two internal addresses
 * of the edge:
 *
 *   dns               body = a DNS query, header `x-orrery-source` = the asker's address (and
 *                     `x-orrery-transport: tcp` for no size limit); answers the response packet,
 *                     or 204 where none must be sent
 *   route53-internal  POST JSON: /explain ExplainRequest → Explanation
 *                                /health-checks {} → HealthChecksResponse
 */

export interface ExplainRequest {
  readonly name: string;
  /** `A` unless told otherwise. */
  readonly type?: string;
  /** A place's name, alias or region id; or an address, of which the place is found. */
  readonly place?: string;
  readonly ip?: string;
}

export interface Explanation {
  readonly name: string;
  readonly type: string;
  readonly place: string;
  readonly zoneId: string | null;
  readonly responseCode: string;
  readonly answers: readonly ExplainedAnswer[];
  readonly dependsOnPlace: boolean;
  readonly dependsOnChance: boolean;
  /** The groups of record sets that were chosen from, outermost first. */
  readonly steps: readonly ExplainedStep[];
  /** All of it for a terminal. */
  readonly text: string;
}

export interface ExplainedAnswer {
  readonly name: string;
  readonly type: string;
  /** Seconds, before the time scale. */
  readonly ttl: number;
  readonly value: string;
}

export interface ExplainedStep {
  readonly name: string;
  readonly type: string;
  readonly policy: string;
  /** All candidates were unhealthy, so all were taken as healthy. */
  readonly lastResort: boolean;
  readonly candidates: readonly ExplainedCandidate[];
}

export interface ExplainedCandidate {
  readonly setIdentifier: string | null;
  readonly region: string | null;
  readonly weight: number | null;
  readonly failover: string | null;
  readonly latencyMs: number | null;
  readonly healthCheckId: string | null;
  readonly healthy: boolean;
  /** Why it is unhealthy. */
  readonly reason: string | null;
  readonly chosen: boolean;
  readonly answers: readonly string[];
}

export interface HealthChecksResponse {
  readonly healthChecks: readonly HealthCheckState[];
}

export interface HealthCheckState {
  readonly id: string;
  readonly type: string;
  /** What is probed: `https://api.orders.test:443/health`; the children of a calculated check. */
  readonly target: string;
  readonly healthy: boolean;
  readonly disabled: boolean;
  readonly inverted: boolean;
  readonly healthyVotes: number;
  readonly votes: number;
  readonly lastFailure: string | null;
  readonly checkers: readonly CheckerState[];
}

export interface CheckerState {
  readonly region: string;
  readonly ip: string;
  readonly healthy: boolean;
  /** Results in a row that speak against its vote. */
  readonly against: number;
  readonly lastStatus: string | null;
  readonly checkedAtMs: number | null;
}
