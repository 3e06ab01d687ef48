/**
 * The configuration of a health check: what callers write → what is kept. Owns its rules.
 */
import type { HealthCheckConfig as Given } from '@aws-sdk/client-route-53';
import type { ReadTransaction } from '../../../io/io.ts';
import { isIp } from '../../../stdx/ip.ts';
import { isRegion } from '../../../world/regions.ts';
import { constraint, invalidInput, noSuchHealthCheck } from '../errors.ts';
import { checkerRegions } from '../health/checkers.ts';
import { keyOf } from '../keys.ts';
import type { HealthCheckConfig, HealthCheckType } from '../record-set.ts';
import { checkLength, checkRange } from './constraints.ts';

const types: readonly HealthCheckType[] = [
  'HTTP',
  'HTTPS',
  'HTTP_STR_MATCH',
  'HTTPS_STR_MATCH',
  'TCP',
  'CALCULATED',
  'CLOUDWATCH_METRIC',
  'RECOVERY_CONTROL',
];

const ofEndpoints = [
  'IPAddress',
  'Port',
  'ResourcePath',
  'FullyQualifiedDomainName',
  'SearchString',
] as const;

/** Members that make no sense for a type, and are refused. */
const foreign: Readonly<Partial<Record<HealthCheckType, readonly (keyof Given)[]>>> = {
  TCP: ['ResourcePath', 'SearchString'],
  CALCULATED: [...ofEndpoints, 'AlarmIdentifier', 'RoutingControlArn'],
  CLOUDWATCH_METRIC: [...ofEndpoints, 'ChildHealthChecks', 'RoutingControlArn'],
  RECOVERY_CONTROL: [
    ...ofEndpoints,
    'ChildHealthChecks',
    'AlarmIdentifier',
    'RequestInterval',
    'FailureThreshold',
  ],
};

const maxChildren = 255;
const minRegions = 3;

/** Drops members that are not there, so that what is kept holds no undefined. */
export function definedOf<T extends object>(value: T): T {
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries) as T;
}

/** Checks a whole configuration; children are looked up in the store. */
export function normalizeConfig(given: Given, store: ReadTransaction): HealthCheckConfig {
  const type = types.find((each) => each === given.Type);
  if (type === undefined) {
    throw constraint(
      given.Type,
      'healthCheckConfig.type',
      `Member must satisfy enum value set: [${types.join(', ')}]`,
    );
  }
  for (const member of foreign[type] ?? []) {
    const value = given[member];
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    throw invalidInput(`${member} is not allowed for a health check of type ${type}.`);
  }
  const common = { Inverted: given.Inverted ?? false, Disabled: given.Disabled ?? false };
  return definedOf({ ...configOf(given, type, store), Type: type, ...common });
}

function configOf(
  given: Given,
  type: HealthCheckType,
  store: ReadTransaction,
): Partial<HealthCheckConfig> {
  switch (type) {
    case 'CALCULATED':
      return calculated(given, store);
    case 'CLOUDWATCH_METRIC':
      return cloudWatchMetric(given);
    case 'RECOVERY_CONTROL':
      return recoveryControl(given);
    default:
      return endpoint(given, type);
  }
}

function cloudWatchMetric({
  AlarmIdentifier: alarm,
  InsufficientDataHealthStatus: status,
}: Given): Partial<HealthCheckConfig> {
  if (alarm?.Region === undefined || alarm.Name === undefined) {
    throw invalidInput('AlarmIdentifier is required for a health check of type CLOUDWATCH_METRIC.');
  }
  if (!isRegion(alarm.Region)) {
    const at = 'healthCheckConfig.alarmIdentifier.region';
    throw constraint(alarm.Region, at, 'Member must be an AWS Region');
  }
  checkLength(alarm.Name, 1, 256, 'healthCheckConfig.alarmIdentifier.name');
  const statuses = ['Healthy', 'LastKnownStatus', 'Unhealthy'] as const;
  const known = statuses.find((each) => each === (status ?? 'LastKnownStatus'));
  if (known === undefined) {
    throw constraint(
      status,
      'healthCheckConfig.insufficientDataHealthStatus',
      `Member must satisfy enum value set: [${statuses.join(', ')}]`,
    );
  }
  return {
    AlarmIdentifier: { Region: alarm.Region, Name: alarm.Name },
    InsufficientDataHealthStatus: known,
  };
}

function recoveryControl({ RoutingControlArn: arn }: Given): Partial<HealthCheckConfig> {
  if (arn === undefined) {
    throw invalidInput(
      'RoutingControlArn is required for a health check of type RECOVERY_CONTROL.',
    );
  }
  checkLength(arn, 1, 255, 'healthCheckConfig.routingControlArn');
  return { RoutingControlArn: arn };
}

function calculated(given: Given, store: ReadTransaction): Partial<HealthCheckConfig> {
  const children = given.ChildHealthChecks ?? [];
  if (children.length > maxChildren) {
    throw invalidInput(`A calculated health check has at most ${maxChildren} children.`);
  }
  for (const child of children) {
    if (store.get(keyOf('health-check', child)) === undefined) throw noSuchHealthCheck(child);
  }
  if (given.HealthThreshold === undefined) {
    throw invalidInput('HealthThreshold is required for a calculated health check.');
  }
  checkRange(given.HealthThreshold, 0, 256, 'healthCheckConfig.healthThreshold');
  return { ChildHealthChecks: children, HealthThreshold: Number(given.HealthThreshold) };
}

function endpoint(given: Given, type: HealthCheckType): Partial<HealthCheckConfig> {
  const { IPAddress: ip, FullyQualifiedDomainName: name, ResourcePath: path } = given;
  if (ip === undefined && name === undefined) {
    throw invalidInput('Either IPAddress or FullyQualifiedDomainName is required.');
  }
  if (ip !== undefined && !isIp(ip)) throw invalidInput(`${ip} is not a valid IP address.`);
  if (type === 'TCP' && given.Port === undefined) {
    throw invalidInput('Port is required for a health check of type TCP.');
  }
  checkLength(name, 1, 255, 'healthCheckConfig.fullyQualifiedDomainName');
  checkLength(path, 0, 255, 'healthCheckConfig.resourcePath');
  const matches = type.endsWith('STR_MATCH');
  const search = given.SearchString ?? '';
  if (matches !== (search !== '')) {
    throw invalidInput(
      matches
        ? `SearchString is required for a health check of type ${type}.`
        : `SearchString is not allowed for a health check of type ${type}.`,
    );
  }
  checkLength(search, 0, 255, 'healthCheckConfig.searchString');
  const interval = Number(given.RequestInterval ?? 30);
  if (interval !== 10 && interval !== 30) {
    throw constraint(interval, 'healthCheckConfig.requestInterval', 'Member must be 10 or 30');
  }
  checkRange(given.Port, 1, 65535, 'healthCheckConfig.port');
  checkRange(given.FailureThreshold, 1, 10, 'healthCheckConfig.failureThreshold');
  return {
    ...(ip === undefined ? {} : { IPAddress: ip }),
    Port: Number(given.Port ?? (type.startsWith('HTTPS') ? 443 : 80)),
    ...(path === undefined ? {} : { ResourcePath: path }),
    ...(name === undefined ? {} : { FullyQualifiedDomainName: name }),
    ...(matches ? { SearchString: search } : {}),
    RequestInterval: interval,
    FailureThreshold: Number(given.FailureThreshold ?? 3),
    MeasureLatency: given.MeasureLatency ?? false,
    ...(type === 'TCP' ? {} : { EnableSNI: given.EnableSNI ?? type.startsWith('HTTPS') }),
    ...(given.Regions === undefined ? {} : { Regions: regions(given.Regions) }),
  };
}

function regions(given: readonly string[]): readonly string[] {
  for (const region of given) {
    if (!checkerRegions.includes(region)) {
      throw constraint(
        region,
        'healthCheckConfig.regions',
        `Member must satisfy enum value set: [${checkerRegions.join(', ')}]`,
      );
    }
  }
  const distinct = [...new Set(given)];
  if (distinct.length < minRegions) {
    throw invalidInput(`Health checks need at least ${minRegions} regions.`);
  }
  return distinct;
}
