/**
 * What others may know of Route 53. Beside its AWS API the service serves two internal addresses
 * of the edge:
 *
 *   dns               body = a DNS query, header `x-orrery-source` = the asker's address (and
 *                     `x-orrery-transport: tcp` for no size limit); answers the response packet,
 *                     or 204 where none must be sent
 *   route53-internal  POST JSON: /explain ExplainRequest → Explanation
 *                                /world WorldRequest → World
 *                                /health-checks {} → HealthChecksResponse
 *                                /routing-controls {} → RoutingControlsResponse
 *                                /routing-control RoutingControl → RoutingControlState
 */

/** A question that takes parts of the cloud as failed; nothing is changed. */
export interface WhatIf {
  /** Regions, whose health checks are taken as failed, and ids of health checks. */
  readonly down?: readonly string[];
}

export interface WorldRequest extends WhatIf {
  readonly name: string;
  /** `A` unless told otherwise. */
  readonly type?: string;
}

/** Who is sent where: the answers at every place. */
export interface World {
  readonly name: string;
  readonly type: string;
  readonly zoneId: string | null;
  readonly dependsOnChance: boolean;
  readonly places: readonly WorldPlace[];
}

export interface WorldPlace {
  readonly place: string;
  readonly responseCode: string;
  readonly answers: readonly string[];
  /** The region whose address is answered, or that the chosen record names. */
  readonly region: string | null;
  /** What the answer is called: its region, else the chosen set, else its values. */
  readonly label: string;
  /** Round trip to the region. */
  readonly latencyMs: number | null;
}

/** The state of a routing control of Application Recovery Controller, which is not here itself. */
export interface RoutingControl {
  /** Its ARN, the end of it, or the id of a health check that follows it. */
  readonly arn: string;
  readonly on: boolean;
}

export interface RoutingControlState {
  readonly arn: string;
  readonly on: boolean;
  /** The health checks that follow it. */
  readonly healthCheckIds: readonly string[];
}

export interface RoutingControlsResponse {
  readonly routingControls: readonly RoutingControlState[];
}

export interface ExplainRequest extends WhatIf {
  readonly name: string;
  /** `A` unless told otherwise. */
  readonly type?: string;
  /** A place's name, alias or region id; or an address or subnet, of which the place is found. */
  readonly place?: string;
  readonly ip?: string;
  /** The VPC that the client is in, for private zones. */
  readonly vpc?: string;
}

export interface Explanation {
  readonly name: string;
  readonly type: string;
  readonly place: string;
  readonly client: ExplainedClient;
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

/** Where the client is taken to be. */
export interface ExplainedClient {
  readonly displayName: string;
  readonly country: string;
  readonly subdivision: string | null;
  readonly continent: string;
  readonly lat: number;
  readonly lon: number;
  /** What told so: its name, its subnet, a database … */
  readonly knownBy: string;
  /** Round trip to every region, milliseconds. */
  readonly rttMs: Readonly<Record<string, number>>;
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
  /** Geolocation, geoproximity and IP-based records: what they are for. */
  readonly location: string | null;
  readonly latencyMs: number | null;
  /** With the bias. */
  readonly distanceKm: number | null;
  /** False where the record is for other clients. */
  readonly applies: boolean;
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
  readonly measuresLatency: boolean;
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
  /** From the request to the answer's headers, of a successful probe that measures it. */
  readonly latencyMs: number | null;
}
