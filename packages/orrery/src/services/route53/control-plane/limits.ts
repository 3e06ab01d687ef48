/** Quotas as AWS has them, and how much of each is used. They are told, not enforced. */
import type { GetAccountLimitRequest, GetHostedZoneLimitRequest } from '@aws-sdk/client-route-53';
import { constraint } from '../errors.ts';
import { type ControlPlane, readZone } from './plane.ts';
import { type Counted, countOf } from './zone-index.ts';

/** Facts: quotas of 2026. What is not built has none. */
const accountLimits: Readonly<Record<string, number>> = {
  MAX_HEALTH_CHECKS_BY_OWNER: 200,
  MAX_HOSTED_ZONES_BY_OWNER: 500,
  MAX_TRAFFIC_POLICY_INSTANCES_BY_OWNER: 5,
  MAX_REUSABLE_DELEGATION_SETS_BY_OWNER: 100,
  MAX_TRAFFIC_POLICIES_BY_OWNER: 50,
};

const zoneLimits: Readonly<Record<string, number>> = {
  MAX_RRSETS_BY_ZONE: 10_000,
  MAX_VPCS_ASSOCIATED_BY_ZONE: 300,
};

function limitOf(limits: Readonly<Record<string, number>>, type: string | undefined): number {
  const value = type !== undefined && Object.hasOwn(limits, type) ? limits[type] : undefined;
  if (value !== undefined) return value;
  const rule = `Member must satisfy enum value set: [${Object.keys(limits).join(', ')}]`;
  throw constraint(type, 'type', rule);
}

export const getAccountLimit =
  ({ store }: ControlPlane) =>
  (input: GetAccountLimitRequest): object => {
    const Value = limitOf(accountLimits, input.Type);
    const counted: Readonly<Record<string, Counted>> = {
      MAX_HEALTH_CHECKS_BY_OWNER: 'health-check',
      MAX_HOSTED_ZONES_BY_OWNER: 'zone',
    };
    const kind = counted[input.Type ?? ''];
    const Count = kind === undefined ? 0 : countOf(store, kind);
    return { Limit: { Type: input.Type, Value }, Count };
  };

export const getHostedZoneLimit =
  ({ store }: ControlPlane) =>
  (input: GetHostedZoneLimitRequest): object => {
    const zone = readZone(store, input.HostedZoneId);
    const Value = limitOf(zoneLimits, input.Type);
    const isVpcs = input.Type === 'MAX_VPCS_ASSOCIATED_BY_ZONE';
    const Count = isVpcs ? (zone.vpcs?.length ?? 0) : zone.recordCount;
    return { Limit: { Type: input.Type, Value }, Count };
  };
