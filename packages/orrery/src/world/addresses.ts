/**
 * Addresses of regions on one machine. Region number n (its place in the list of regions, from 1)
 * answers on 127.0.n.1, so an address is the same in every cloud and on every run.
 */
import { regions } from './regions.ts';

const ipByRegion = new Map(regions.map((region, index) => [region.id, `127.0.${index + 1}.1`]));
const regionByIp = new Map([...ipByRegion].map(([id, ip]) => [ip, id]));

/** Loopback address of a region. Throws on an unknown region. */
export function regionIp(regionId: string): string {
  const ip = ipByRegion.get(regionId);
  if (ip === undefined) throw new RangeError(`no such region: ${regionId}`);
  return ip;
}

/** The region that answers on an address, or undefined for any other host. */
export function regionOfIp(ip: string): string | undefined {
  return regionByIp.get(ip);
}

/**
 * The region that an AWS-owned regional host name belongs to, or undefined. Route 53 answers such
 * names (alias targets such as `d-abc.execute-api.eu-central-1.amazonaws.com`) with `regionIp`.
 */
export function regionOfAwsHostName(hostName: string): string | undefined {
  const match = /(?:^|\.)([a-z]{2,4}-[a-z]+-\d)\.amazonaws\.com\.?$/.exec(hostName.toLowerCase());
  const region = match?.[1];
  return region !== undefined && ipByRegion.has(region) ? region : undefined;
}
