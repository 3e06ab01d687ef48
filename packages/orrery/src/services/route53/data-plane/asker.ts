/**
 * Who asks, where it makes a difference to private zones: the VPC that a query comes from, and
 * where a client inside one is.
 */
import { type Place, placeOfRegion } from '../../../world/places.ts';
import { isRegion } from '../../../world/regions.ts';
import type { Asker, Zone } from './zone-table.ts';

/** The asker in a VPC of that id, or in those of a region. */
export function askerInVpc(vpc: string): Asker {
  return isRegion(vpc) ? { region: vpc } : { vpcId: vpc };
}

/** In a private zone a client is where its VPC is; client subnets do not count there. */
export function placeInVpc(zone: Zone, asker: Asker | undefined): Place | undefined {
  const { vpcs } = zone.facts;
  if (vpcs === undefined) return undefined;
  const vpc = vpcs.find(({ id, region }) => id === asker?.vpcId || region === asker?.region);
  return vpc === undefined ? undefined : placeOfRegion(vpc.region);
}
