/**
 * One record set of a change batch: what callers write → what is kept. Owns the rules that need
 * no other record to be known. Refuses to own those between records (`record-rules.ts`).
 *
 * Mistakes in the request's form are InvalidInput and thrown at once; mistakes in names and values
 * belong to InvalidChangeBatch and are collected.
 */
import type { Change, ResourceRecordSet } from '@aws-sdk/client-route-53';
import { parseIpv4, parseIpv6 } from '../../../stdx/ip.ts';
import { DnsFormatError, typeNumber } from '../../../wire/dns/constants.ts';
import { parseData, tokenize } from '../../../wire/dns/record-data.ts';
import { isRegion } from '../../../world/regions.ts';
import { constraint, invalidInput, notBuilt } from '../errors.ts';
import { type RecordSet, recordTypes } from '../record-set.ts';
import { checkLength, checkRange } from './constraints.ts';
import { normalizeName } from './names.ts';
import { checkRoutingMembers, routingMembers } from './routing-input.ts';

export type Action = 'CREATE' | 'DELETE' | 'UPSERT';

export interface NormalizedChange {
  readonly action: Action;
  readonly set: RecordSet;
}

const path = (index: number, member: string): string =>
  `changeBatch.changes.${index + 1}.member.${member}`;

const oneOf = (values: readonly string[]): string =>
  `Member must satisfy enum value set: [${values.join(', ')}]`;

const maxTtl = 2_147_483_647;
const maxValueCharacters = 4000;

/** Checks the form of one change and normalises it; problems with names and values are added. */
export function normalizeChange(
  change: Change,
  index: number,
  problems: string[],
): NormalizedChange | undefined {
  const actions = ['CREATE', 'DELETE', 'UPSERT'] as const;
  const action = actions.find((each) => each === change.Action);
  if (action === undefined) {
    throw constraint(change.Action, path(index, 'action'), oneOf([...actions]));
  }
  const given = change.ResourceRecordSet;
  if (given === undefined) throw invalidInput('ResourceRecordSet is missing in a change.');
  checkMembers(given, index);
  checkShape(action, given);
  const count = problems.length;
  const name = nameIn(given.Name ?? '', problems);
  const values = (given.ResourceRecords ?? []).map(({ Value }) => Value ?? '');
  for (const value of values) checkValue(given.Type ?? '', value, problems);
  if (action !== 'DELETE') problems.push(...duplicatesIn(values));
  const target = given.AliasTarget;
  const dnsName = target === undefined ? '' : nameIn(target.DNSName ?? '', problems);
  if (problems.length > count) return undefined;
  return {
    action,
    set: {
      Name: name,
      Type: given.Type ?? '',
      ...(given.SetIdentifier === undefined ? {} : { SetIdentifier: given.SetIdentifier }),
      ...(given.Weight === undefined ? {} : { Weight: Number(given.Weight) }),
      ...(given.Region === undefined ? {} : { Region: given.Region }),
      ...(given.Failover === undefined ? {} : { Failover: given.Failover }),
      ...(given.MultiValueAnswer === undefined ? {} : { MultiValueAnswer: given.MultiValueAnswer }),
      ...routingMembers(given),
      ...(given.TTL === undefined ? {} : { TTL: Number(given.TTL) }),
      ...(values.length === 0 ? {} : { ResourceRecords: values.map((Value) => ({ Value })) }),
      ...(target === undefined
        ? {}
        : {
            AliasTarget: {
              HostedZoneId: (target.HostedZoneId ?? '').replace(/^\/?hostedzone\//, ''),
              DNSName: dnsName,
              EvaluateTargetHealth: target.EvaluateTargetHealth === true,
            },
          }),
      ...(given.HealthCheckId === undefined ? {} : { HealthCheckId: given.HealthCheckId }),
    },
  };
}

function duplicatesIn(values: readonly string[]): string[] {
  if (values.length < 2 || new Set(values).size === values.length) return [];
  const repeated = values.filter((value, at) => values.indexOf(value) !== at);
  return repeated.map((value) => `Duplicate Resource Record: '${value}'`);
}

function nameIn(given: string, problems: string[]): string {
  const normalized = normalizeName(given);
  if ('name' in normalized) return normalized.name;
  problems.push(normalized.problem);
  return '';
}

function checkMembers(set: ResourceRecordSet, index: number): void {
  const at = (member: string): string => path(index, `resourceRecordSet.${member}`);
  if (!recordTypes.some((type) => type === set.Type)) {
    throw constraint(set.Type, at('type'), oneOf(recordTypes));
  }
  checkRoutingMembers(set, at);
  if (set.TrafficPolicyInstanceId !== undefined) throw notBuilt('A traffic policy');
  checkRange(set.TTL, 0, maxTtl, at('tTL'));
  checkRange(set.Weight, 0, 255, at('weight'));
  if (set.Failover !== undefined && !/^(PRIMARY|SECONDARY)$/.test(set.Failover)) {
    throw constraint(set.Failover, at('failover'), oneOf(['PRIMARY', 'SECONDARY']));
  }
  if (set.Region !== undefined && !isRegion(set.Region)) {
    throw constraint(set.Region, at('region'), 'Member must be a Region of this cloud');
  }
  const identifier = set.SetIdentifier;
  checkLength(identifier, 1, 128, at('setIdentifier'));
  if (identifier?.includes('\0') === true) {
    throw constraint(identifier, at('setIdentifier'), 'Member must not hold a zero character');
  }
}

const policyMembers =
  '[Weight, Region, Failover, GeoLocation, MultiValueAnswer, GeoProximityLocation, or ' +
  'CidrRoutingConfig]';

/** Which members stand together: AWS's "Invalid request" texts. */
function checkShape(action: Action, set: ResourceRecordSet): void {
  const where =
    `Change with [Action=${action}, Name=${set.Name}, Type=${set.Type}, ` +
    `SetIdentifier=${set.SetIdentifier ?? 'null'}]`;
  const hasValues = set.TTL !== undefined || (set.ResourceRecords?.length ?? 0) > 0;
  const hasAllValues = set.TTL !== undefined && (set.ResourceRecords?.length ?? 0) > 0;
  const alias = set.AliasTarget !== undefined;
  if (alias ? hasValues : !hasAllValues) {
    throw invalidInput(
      'Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], ' +
        `or TrafficPolicyInstanceId], but found ${alias ? 'more than one' : 'none'} in ${where}`,
    );
  }
  const policies = [
    set.Weight,
    set.Region,
    set.Failover,
    set.GeoLocation,
    set.MultiValueAnswer,
    set.GeoProximityLocation,
    set.CidrRoutingConfig,
  ].filter((member) => member !== undefined).length;
  if (policies > 1 || (policies === 0 && set.SetIdentifier !== undefined)) {
    throw invalidInput(
      `Invalid request: Expected exactly one of ${policyMembers}, ` +
        `but found ${policies > 1 ? 'more than one' : 'none'} in ${where}`,
    );
  }
  if (policies === 1 && set.SetIdentifier === undefined) {
    throw invalidInput(`Invalid request: Missing field 'SetIdentifier' in ${where}`);
  }
}

function checkValue(type: string, value: string, problems: string[]): void {
  const wrong = valueProblem(type, value);
  if (wrong === undefined) return;
  problems.push(`Invalid Resource Record: 'FATAL problem: ${wrong} encountered with '${value}''`);
}

function valueProblem(type: string, value: string): string | undefined {
  if (value.length > maxValueCharacters) return `${type}RRDATATooLong (Value is too long)`;
  if (type === 'A' && parseIpv4(value) === undefined) {
    return 'ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)';
  }
  if (type === 'AAAA' && parseIpv6(value) === undefined) {
    return 'AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)';
  }
  try {
    if (/^(TXT|SPF)$/.test(type) && tokenize(value).some(({ quoted }) => !quoted)) {
      return 'InvalidCharacterString (Value should be enclosed in quotation marks)';
    }
    parseData(typeNumber(type) ?? 0, value, 8);
  } catch (error) {
    if (!(error instanceof DnsFormatError)) throw error;
    // AWS's own words are known for the cases above; here the codec's reason stands in brackets.
    return `${type}RRDATAInvalid (${error.message})`;
  }
  return undefined;
}
