/**
 * Names that AWS owns and this cloud answers for: regional host names such as
 * `d-abc.execute-api.eu-central-1.amazonaws.com` lead to the address of their region.
 */
import { parseIpv4 } from '../../../stdx/ip.ts';
import { types } from '../../../wire/dns/constants.ts';
import { isAtOrBelow, nameText, parseName, type WireName } from '../../../wire/dns/name.ts';
import { parseData } from '../../../wire/dns/record-data.ts';
import { regionIp, regionOfAwsHostName } from '../../../world/addresses.ts';

export const awsZoneName: WireName = parseName('amazonaws.com');

export const awsZoneSoa: Uint8Array = parseData(
  types.SOA,
  'ns-1.awsdns-01.org. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400',
);

/** The region behind such a name, or undefined for every other name. */
export function regionOfAwsName(name: WireName): string | undefined {
  return isAtOrBelow(name, awsZoneName) ? regionOfAwsHostName(nameText(name)) : undefined;
}

/** Data of the records of that type at an AWS-owned name; undefined where AWS owns no such name. */
export function awsTarget(name: WireName, type: number): readonly Uint8Array[] | undefined {
  const region = regionOfAwsName(name);
  if (region === undefined) return undefined;
  if (type !== types.A) return [];
  const ip = parseIpv4(regionIp(region)) ?? 0;
  return [Uint8Array.of(ip >>> 24, ip >>> 16, ip >>> 8, ip)];
}
