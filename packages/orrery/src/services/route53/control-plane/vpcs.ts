/**
 * VPCs of private zones: associate, disassociate, list. There is no VPC service here: an id is
 * taken as it is.
 *
 * V1  A private zone keeps at least one VPC; a public one never has any.
 * V2  A VPC never has two private zones of one name.
 */
import type {
  AssociateVPCWithHostedZoneRequest,
  DisassociateVPCFromHostedZoneRequest,
  ListHostedZonesByVPCRequest,
  VPC,
} from '@aws-sdk/client-route-53';
import type { ReadTransaction } from '../../../io/io.ts';
import { isRegion } from '../../../world/regions.ts';
import {
  conflictingDomainExists,
  constraint,
  invalidInput,
  invalidVpcId,
  lastVpcAssociation,
  publicZoneVpcAssociation,
  vpcAssociationNotFound,
} from '../errors.ts';
import { keyOf } from '../keys.ts';
import type { Vpc, ZoneFacts } from '../record-set.ts';
import { type ControlPlane, newId, pageSize, readZone, type ZoneRecord } from './plane.ts';
import { changeOutput } from './propagation.ts';
import { indexZone, zonesOfVpc } from './zone-index.ts';

const maxPage = 100;

/** Checks what a caller says of a VPC. */
export function vpcOf({ VPCId: id = '', VPCRegion: region }: Partial<VPC>): Vpc {
  if (!/^[0-9A-Za-z-]{1,1024}$/.test(id)) throw invalidVpcId(id);
  if (region === undefined || !isRegion(region)) {
    throw constraint(region, 'vPC.vPCRegion', 'Member must be a Region of this cloud');
  }
  return { id, region };
}

export function vpcOutput({ id, region }: Vpc): object {
  return { VPCRegion: region, VPCId: id };
}

/** What the name servers know of a zone. */
export function zoneFacts(zone: ZoneRecord): ZoneFacts {
  const { id, name, createdAtMs, ordinal, nameServers, vpcs } = zone;
  const whereabouts = vpcs === undefined ? { nameServers } : { vpcs };
  return { id, name, createdAtMs, ordinal, ...whereabouts };
}

function sameVpc(a: Vpc, b: Vpc): boolean {
  return a.id === b.id && a.region === b.region;
}

/** Throws where the VPC has a private zone of that name already. */
export function refuseConflict(store: ReadTransaction, name: string, vpc: Vpc): void {
  const all = zonesOfVpc(store, vpc, '', Number.MAX_SAFE_INTEGER);
  const found = all.map((id) => readZone(store, id)).find((zone) => zone.name === name);
  if (found === undefined) return;
  throw conflictingDomainExists(
    `The VPC ${vpc.id} in region ${vpc.region} has already been associated with the hosted zone ` +
      `${found.id} with the same domain name.`,
  );
}

type Change = (zone: ZoneRecord, vpcs: readonly Vpc[], vpc: Vpc) => readonly Vpc[];

async function change(
  { io, store, propagation }: ControlPlane,
  input: AssociateVPCWithHostedZoneRequest | DisassociateVPCFromHostedZoneRequest,
  apply: Change,
): Promise<object> {
  const vpc = vpcOf(input.VPC ?? {});
  const made = store.transaction((transaction) => {
    const zone = readZone(transaction, input.HostedZoneId);
    if (zone.vpcs === undefined) throw publicZoneVpcAssociation();
    const changed = { ...zone, vpcs: apply(zone, zone.vpcs, vpc) };
    const added = changed.vpcs.length > zone.vpcs.length;
    if (added) refuseConflict(transaction, zone.name, vpc);
    transaction.put(keyOf('zone', zone.id), JSON.stringify(changed));
    indexZone(transaction, zone, changed);
    const updates = [{ kind: 'zone', zone: zoneFacts(changed) }] as const;
    const comment = input.Comment ?? null;
    return propagation.submit(transaction, updates, { id: newId(io, 'C'), comment });
  });
  await store.flushed();
  return { ChangeInfo: made === undefined ? {} : changeOutput(made) };
}

export const associateVpc =
  (plane: ControlPlane) =>
  (input: AssociateVPCWithHostedZoneRequest): Promise<object> =>
    change(plane, input, (_zone, vpcs, vpc) =>
      vpcs.some((each) => sameVpc(each, vpc)) ? vpcs : [...vpcs, vpc],
    );

export const disassociateVpc =
  (plane: ControlPlane) =>
  (input: DisassociateVPCFromHostedZoneRequest): Promise<object> =>
    change(plane, input, (zone, vpcs, vpc) => {
      const rest = vpcs.filter((each) => !sameVpc(each, vpc));
      if (rest.length === vpcs.length) throw vpcAssociationNotFound(vpc.id, zone.id);
      if (rest.length === 0) throw lastVpcAssociation();
      return rest;
    });

export const listHostedZonesByVpc =
  ({ store }: ControlPlane) =>
  (input: ListHostedZonesByVPCRequest): object => {
    const vpc = vpcOf({ VPCId: input.VPCId, VPCRegion: input.VPCRegion });
    const limit = pageSize(input.MaxItems, maxPage);
    const start = input.NextToken ?? '';
    if (!/^[0-9A-Z]*$/.test(start)) throw invalidInput('The NextToken is not valid.');
    const ids = zonesOfVpc(store, vpc, start, limit + 1);
    const zones = ids.slice(0, limit).map((id) => readZone(store, id));
    const next = ids[limit];
    return {
      HostedZoneSummaries: zones.map(({ id, name }) => ({
        HostedZoneId: id,
        Name: name,
        Owner: { OwningAccount: '000000000000' },
      })),
      MaxItems: limit,
      ...(next === undefined ? {} : { NextToken: next }),
    };
  };
