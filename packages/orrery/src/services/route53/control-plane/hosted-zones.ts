/**
 * Hosted zones: create, get, list, list by name, count, comment, delete.
 *
 * H1  Two zones never have the same caller reference; it goes with its zone.
 * H2  A zone is made with its SOA and NS records, and can be deleted only when no others are left.
 */
import type {
  CreateHostedZoneRequest,
  DeleteHostedZoneRequest,
  GetHostedZoneRequest,
  ListHostedZonesByNameRequest,
  ListHostedZonesRequest,
  UpdateHostedZoneCommentRequest,
} from '@aws-sdk/client-route-53';
import type { Io, ReadTransaction } from '../../../io/io.ts';
import {
  constraint,
  hostedZoneAlreadyExists,
  hostedZoneNotEmpty,
  invalidDomainName,
  invalidInput,
  notBuilt,
} from '../errors.ts';
import { keyOf, rangeOf } from '../keys.ts';
import type { RecordSet } from '../record-set.ts';
import { checkLength, commentMax } from './constraints.ts';
import { normalizeName } from './names.ts';
import {
  bareId,
  type ControlPlane,
  newId,
  pageSize,
  readZone,
  setKey,
  type ZoneRecord,
} from './plane.ts';
import { changeOutput } from './propagation.ts';
import { refuseConflict, vpcOf, vpcOutput, zoneFacts } from './vpcs.ts';
import { countOf, indexZone, privateZones, zonesByName } from './zone-index.ts';

const maxPage = 100;

export function zoneOutput(zone: ZoneRecord): object {
  return {
    Id: `/hostedzone/${zone.id}`,
    Name: zone.name,
    CallerReference: zone.callerReference,
    Config: {
      ...(zone.comment === null ? {} : { Comment: zone.comment }),
      PrivateZone: zone.vpcs !== undefined,
    },
    ResourceRecordSetCount: zone.recordCount,
  };
}

export const createHostedZone =
  ({ io, store, propagation }: ControlPlane) =>
  async (input: CreateHostedZoneRequest): Promise<object> => {
    const name = zoneNameOf(input.Name ?? '');
    const callerReference = input.CallerReference ?? '';
    checkLength(callerReference, 1, 128, 'callerReference');
    checkLength(input.HostedZoneConfig?.Comment, 0, commentMax, 'hostedZoneConfig.comment');
    const vpc = input.VPC === undefined ? undefined : vpcOf(input.VPC);
    if (vpc === undefined && input.HostedZoneConfig?.PrivateZone === true) {
      throw invalidInput('When you create a private hosted zone, you must specify a VPC.');
    }
    if (input.DelegationSetId !== undefined) throw notBuilt('A reusable delegation set');
    const made = store.transaction((transaction) => {
      const reference = keyOf('zone-reference', callerReference);
      if (transaction.get(reference) !== undefined) throw hostedZoneAlreadyExists();
      if (vpc !== undefined) refuseConflict(transaction, name, vpc);
      const zone: ZoneRecord = {
        id: newId(io, 'Z'),
        name,
        callerReference,
        comment: input.HostedZoneConfig?.Comment ?? null,
        createdAtMs: io.clock.wallMs(),
        ordinal: Number(transaction.get(keyOf('next-ordinal')) ?? 0),
        nameServers: vpc === undefined ? newNameServers(io) : privateNameServers,
        recordCount: 2,
        ...(vpc === undefined ? {} : { vpcs: [vpc] }),
      };
      const sets = apexSets(zone);
      transaction.put(keyOf('next-ordinal'), String(zone.ordinal + 1));
      transaction.put(keyOf('zone', zone.id), JSON.stringify(zone));
      transaction.put(reference, zone.id);
      indexZone(transaction, undefined, zone);
      for (const set of sets) transaction.put(setKey(zone.id, set), JSON.stringify(set));
      const { id } = zone;
      const change = propagation.submit(
        transaction,
        [
          { kind: 'zone', zone: zoneFacts(zone) },
          {
            kind: 'records',
            zoneId: id,
            groups: sets.map((set) => ({ name, type: set.Type, sets: [set] })),
          },
        ],
        { id: newId(io, 'C'), comment: null },
      );
      return { zone, change };
    });
    await store.flushed();
    return {
      HostedZone: zoneOutput(made.zone),
      ChangeInfo: made.change === undefined ? {} : changeOutput(made.change),
      ...whereabouts(made.zone),
      Location: `https://route53.amazonaws.com/2013-04-01/hostedzone/${made.zone.id}`,
    };
  };

function zoneNameOf(given: string): string {
  const normalized = normalizeName(given);
  if ('problem' in normalized || normalized.name === '.') throw invalidDomainName(given);
  if (normalized.name.startsWith('\\052.')) throw invalidDomainName(given);
  return normalized.name;
}

/** What the zone is asked by: its name servers, or the VPC that it was made for. */
function whereabouts(zone: ZoneRecord): { DelegationSet?: object; VPC?: object } {
  const [first] = zone.vpcs ?? [];
  return first === undefined
    ? { DelegationSet: { NameServers: zone.nameServers } }
    : { VPC: vpcOutput(first) };
}

/** Names in the NS and SOA records of private zones: nobody asks them. */
const privateNameServers = [0, 512, 1024, 1536].map(
  (host, i) => `ns-${host}.awsdns-00.${['com', 'net', 'org', 'co.uk'][i]}`,
);

/** Four name servers in four top-level domains, as a delegation set of AWS's has. */
function newNameServers(io: Io): string[] {
  return ['com', 'net', 'org', 'co.uk'].map((tld, index) => {
    const host = io.random.int(0, 511) + 512 * index;
    const domain = String(io.random.int(0, 63)).padStart(2, '0');
    return `ns-${host}.awsdns-${domain}.${tld}`;
  });
}

function apexSets(zone: ZoneRecord): RecordSet[] {
  const servers = zone.nameServers.map((server) => `${server}.`);
  const soa = `${servers[0]} awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400`;
  return [
    {
      Name: zone.name,
      Type: 'NS',
      TTL: 172_800,
      ResourceRecords: servers.map((Value) => ({ Value })),
    },
    { Name: zone.name, Type: 'SOA', TTL: 900, ResourceRecords: [{ Value: soa }] },
  ];
}

export const getHostedZone =
  ({ store }: ControlPlane) =>
  (input: GetHostedZoneRequest): object => {
    const zone = readZone(store, input.Id);
    const { VPC: _first, ...rest } = whereabouts(zone);
    const vpcs = zone.vpcs === undefined ? {} : { VPCs: zone.vpcs.map(vpcOutput) };
    return { HostedZone: zoneOutput(zone), ...rest, ...vpcs };
  };

export const updateHostedZoneComment =
  ({ store }: ControlPlane) =>
  async (input: UpdateHostedZoneCommentRequest): Promise<object> => {
    checkLength(input.Comment, 0, commentMax, 'comment');
    const zone = store.transaction((transaction) => {
      const changed = { ...readZone(transaction, input.Id), comment: input.Comment ?? null };
      transaction.put(keyOf('zone', changed.id), JSON.stringify(changed));
      return changed;
    });
    await store.flushed();
    return { HostedZone: zoneOutput(zone) };
  };

/** All zones in the order of their ids, from one on. */
function zonesById(store: ReadTransaction, from: string, limit: number): ZoneRecord[] {
  const range = { ...rangeOf('zone'), start: keyOf('zone', from), limit };
  return [...store.range(range)].map(({ value }) => JSON.parse(value) as ZoneRecord);
}

export const getHostedZoneCount =
  ({ store }: ControlPlane) =>
  (): object => ({ HostedZoneCount: countOf(store, 'zone') });

export const listHostedZones =
  ({ store }: ControlPlane) =>
  (input: ListHostedZonesRequest): object => {
    if (input.DelegationSetId !== undefined) throw notBuilt('A reusable delegation set');
    const { HostedZoneType: kind } = input;
    if (kind !== undefined && kind !== 'PrivateHostedZone') {
      const rule = 'Member must satisfy enum value set: [PrivateHostedZone]';
      throw constraint(kind, 'hostedZoneType', rule);
    }
    const marker = input.Marker === undefined ? '' : bareId(input.Marker);
    const limit = pageSize(input.MaxItems, maxPage);
    const zones =
      kind === undefined
        ? zonesById(store, marker, limit + 1)
        : privateZones(store, marker, limit + 1).map((id) => readZone(store, id));
    const next = zones[limit];
    return {
      HostedZones: zones.slice(0, limit).map(zoneOutput),
      ...(input.Marker === undefined ? {} : { Marker: input.Marker }),
      IsTruncated: next !== undefined,
      ...(next === undefined ? {} : { NextMarker: next.id }),
      MaxItems: limit,
    };
  };

export const listHostedZonesByName =
  ({ store }: ControlPlane) =>
  (input: ListHostedZonesByNameRequest): object => {
    if (input.HostedZoneId !== undefined && input.DNSName === undefined) {
      throw invalidInput('HostedZoneId is allowed together with DNSName only.');
    }
    const limit = pageSize(input.MaxItems, maxPage);
    const start = input.DNSName === undefined ? undefined : normalizeName(input.DNSName);
    if (start !== undefined && 'problem' in start) throw invalidDomainName(input.DNSName ?? '');
    const from = start && { name: start.name, id: bareId(input.HostedZoneId) };
    const zones = zonesByName(store, from, limit + 1).map((id) => readZone(store, id));
    const next = zones[limit];
    return {
      HostedZones: zones.slice(0, limit).map(zoneOutput),
      ...(input.DNSName === undefined ? {} : { DNSName: input.DNSName }),
      ...(input.HostedZoneId === undefined ? {} : { HostedZoneId: bareId(input.HostedZoneId) }),
      IsTruncated: next !== undefined,
      ...(next === undefined ? {} : { NextDNSName: next.name, NextHostedZoneId: next.id }),
      MaxItems: limit,
    };
  };

export const deleteHostedZone =
  ({ io, store, propagation }: ControlPlane) =>
  async (input: DeleteHostedZoneRequest): Promise<object> => {
    const change = store.transaction((transaction) => {
      const zone = readZone(transaction, input.Id);
      if (zone.recordCount > 2) throw hostedZoneNotEmpty();
      for (const { key } of [...transaction.range(rangeOf('set', zone.id))]) {
        transaction.delete(key);
      }
      transaction.delete(keyOf('zone', zone.id));
      indexZone(transaction, zone, undefined);
      transaction.delete(keyOf('zone-reference', zone.callerReference));
      transaction.delete(keyOf('tags', 'hostedzone', zone.id));
      return propagation.submit(transaction, [{ kind: 'zone-deleted', zoneId: zone.id }], {
        id: newId(io, 'C'),
        comment: null,
      });
    });
    await store.flushed();
    return { ChangeInfo: change === undefined ? {} : changeOutput(change) };
  };
