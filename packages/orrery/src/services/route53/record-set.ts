/**
 * A resource record set as both planes know it: AWS's members, normalised. Owns the type and its
 * identity. Refuses to own validation (`control-plane/`) and answers (`data-plane/`).
 */

export interface AliasTarget {
  readonly HostedZoneId: string;
  readonly DNSName: string;
  readonly EvaluateTargetHealth: boolean;
}

/** Exactly one of: a continent, a country (`*` is the rest of the world), a country's subdivision. */
export interface GeoLocation {
  readonly ContinentCode?: string;
  readonly CountryCode?: string;
  readonly SubdivisionCode?: string;
}

/** Exactly one of the three places, and a bias from -99 to 99. */
export interface GeoProximityLocation {
  readonly AWSRegion?: string;
  readonly LocalZoneGroup?: string;
  readonly Coordinates?: { readonly Latitude: string; readonly Longitude: string };
  readonly Bias?: number;
}

export interface CidrRoutingConfig {
  readonly CollectionId: string;
  /** `*` is every client that no other location has. */
  readonly LocationName: string;
}

/** `Name` is lower case with a final dot, special characters as Route 53 writes them (`\052`). */
export interface RecordSet {
  readonly Name: string;
  readonly Type: string;
  readonly SetIdentifier?: string;
  readonly Weight?: number;
  readonly Region?: string;
  readonly Failover?: 'PRIMARY' | 'SECONDARY';
  readonly MultiValueAnswer?: boolean;
  readonly GeoLocation?: GeoLocation;
  readonly GeoProximityLocation?: GeoProximityLocation;
  readonly CidrRoutingConfig?: CidrRoutingConfig;
  readonly TTL?: number;
  readonly ResourceRecords?: readonly { readonly Value: string }[];
  readonly AliasTarget?: AliasTarget;
  readonly HealthCheckId?: string;
}

export type RoutingPolicy =
  | 'simple'
  | 'weighted'
  | 'latency'
  | 'failover'
  | 'multivalue'
  | 'geolocation'
  | 'geoproximity'
  | 'IP-based';

/** The policy that a record set's members say; `MultiValueAnswer: false` says none. */
export function policyOf(set: RecordSet): RoutingPolicy {
  if (set.Weight !== undefined) return 'weighted';
  if (set.Region !== undefined) return 'latency';
  if (set.Failover !== undefined) return 'failover';
  if (set.GeoLocation !== undefined) return 'geolocation';
  if (set.GeoProximityLocation !== undefined) return 'geoproximity';
  if (set.CidrRoutingConfig !== undefined) return 'IP-based';
  return set.MultiValueAnswer === true ? 'multivalue' : 'simple';
}

/** Types of records that Route 53 holds. */
export const recordTypes = [
  'SOA',
  'A',
  'TXT',
  'NS',
  'CNAME',
  'MX',
  'NAPTR',
  'PTR',
  'SRV',
  'SPF',
  'AAAA',
  'CAA',
  'DS',
  'TLSA',
  'SSHFP',
  'SVCB',
  'HTTPS',
] as const;

/** What one propagation carries to the data plane; see `data-plane/propagated-state.ts`. */
export type Update =
  | { readonly kind: 'zone'; readonly zone: ZoneFacts }
  | { readonly kind: 'zone-deleted'; readonly zoneId: string }
  /** All record sets of each group named; an empty list where the group is gone. */
  | { readonly kind: 'records'; readonly zoneId: string; readonly groups: readonly GroupUpdate[] }
  | { readonly kind: 'health-check'; readonly check: HealthCheck }
  | { readonly kind: 'health-check-deleted'; readonly id: string }
  | { readonly kind: 'cidr'; readonly collection: CidrCollection }
  | { readonly kind: 'cidr-deleted'; readonly id: string };

/** A CIDR collection as routing knows it: blocks by location name. */
export interface CidrCollection {
  readonly id: string;
  readonly locations: Readonly<Record<string, readonly string[]>>;
}

export interface ZoneFacts {
  /** `Z0123456789ABCDEFGHIJ`, no prefix. */
  readonly id: string;
  readonly name: string;
  /** Of several zones of one name the one that was made first answers. */
  readonly createdAtMs: number;
  readonly ordinal: number;
  /** Delegation set of a public zone. */
  readonly nameServers?: readonly string[];
  /** Only a private zone has them, and at least one. */
  readonly vpcs?: readonly Vpc[];
}

export interface Vpc {
  readonly id: string;
  readonly region: string;
}

export interface GroupUpdate {
  readonly name: string;
  readonly type: string;
  readonly sets: readonly RecordSet[];
}

export type HealthCheckType =
  | 'HTTP'
  | 'HTTPS'
  | 'HTTP_STR_MATCH'
  | 'HTTPS_STR_MATCH'
  | 'TCP'
  | 'CALCULATED'
  | 'CLOUDWATCH_METRIC'
  | 'RECOVERY_CONTROL';

export interface HealthCheckConfig {
  readonly Type: HealthCheckType;
  readonly IPAddress?: string;
  readonly Port?: number;
  readonly ResourcePath?: string;
  readonly FullyQualifiedDomainName?: string;
  readonly SearchString?: string;
  readonly RequestInterval?: number;
  readonly FailureThreshold?: number;
  readonly MeasureLatency?: boolean;
  readonly Inverted?: boolean;
  readonly Disabled?: boolean;
  readonly HealthThreshold?: number;
  readonly ChildHealthChecks?: readonly string[];
  readonly EnableSNI?: boolean;
  readonly Regions?: readonly string[];
  readonly AlarmIdentifier?: { readonly Region: string; readonly Name: string };
  readonly InsufficientDataHealthStatus?: 'Healthy' | 'Unhealthy' | 'LastKnownStatus';
  readonly RoutingControlArn?: string;
}

/** Whether checkers probe for it: the others have their status from elsewhere. */
export function isProbed(type: HealthCheckType): boolean {
  return type === 'TCP' || type.startsWith('HTTP');
}

export interface HealthCheck {
  readonly id: string;
  readonly config: HealthCheckConfig;
}
