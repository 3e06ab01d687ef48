/**
 * Rules between the record sets of a zone, looked at after a whole batch is applied: so a batch
 * may delete and create in any order. Messages are AWS's where they are known.
 */
import type { ReadTransaction } from '../../../io/io.ts';
import { regionOfAwsHostName } from '../../../world/addresses.ts';
import { notBuilt } from '../errors.ts';
import { keyOf } from '../keys.ts';
import { policyOf, type RecordSet, type RoutingPolicy } from '../record-set.ts';
import { isInZone } from './names.ts';
import type { CidrRecord, ZoneRecord } from './plane.ts';
import { locationKey } from './routing-input.ts';
import type { ZoneSets } from './zone-sets.ts';

const maxValues = 400;
const maxSets = 100;
const maxGeoproximitySets = 30;

/** What is wrong with a set that a batch has put into a zone. */
export function problemsOf(
  store: ReadTransaction,
  zone: ZoneRecord,
  sets: ZoneSets,
  set: RecordSet,
): readonly string[] {
  const group = sets.group(set.Name, set.Type);
  return [
    ...placeProblems(sets, zone, set),
    ...policyProblems(set, group),
    ...cidrProblems(store, zone, set),
    ...(set.AliasTarget === undefined ? [] : aliasProblems(store, zone, sets, set)),
  ];
}

/** Which types may stand at a name, beside which others. */
function placeProblems(sets: ZoneSets, zone: ZoneRecord, set: RecordSet): string[] {
  const { Name: name, Type: type } = set;
  const apex = name === zone.name;
  if (type === 'CNAME' && apex) {
    return [
      `RRSet of type CNAME with DNS name ${name} is not permitted at apex in zone ${zone.name}`,
    ];
  }
  if (type === 'SOA' && !apex) {
    return [`RRSet of type SOA with DNS name ${name} is not permitted in zone ${zone.name}`];
  }
  if ((type === 'NS' || type === 'DS') && name.startsWith('\\052.')) {
    return [`RRSet of type ${type} with DNS name ${name} is not permitted as a wildcard`];
  }
  const others = new Set(sets.at(name).map((other) => other.Type));
  others.delete(type);
  if (type === 'CNAME' && others.size > 0) {
    return [
      `RRSet of type CNAME with DNS name ${name} is not permitted as it conflicts with other ` +
        `records with the same DNS name in zone ${zone.name}`,
    ];
  }
  if (others.has('CNAME')) {
    return [
      `RRSet of type ${type} with DNS name ${name} is not permitted because a conflicting RRSet ` +
        `of type CNAME with the same DNS name already exists in zone ${zone.name}`,
    ];
  }
  return [];
}

function policyProblems(set: RecordSet, group: readonly RecordSet[]): string[] {
  const { Name: name, Type: type, SetIdentifier: identifier } = set;
  const policy = policyOf(set);
  const identified = identifier === undefined ? '' : `, SetIdentifier ${identifier}`;
  const titled = `RRSet with DNS name ${name}, type ${type}${identified}`;
  if ((set.ResourceRecords?.length ?? 0) > maxValues) {
    return [`Cannot have more than ${maxValues} records in a RRSet.`];
  }
  if ((set.ResourceRecords?.length ?? 0) > 1 && (type === 'CNAME' || type === 'SOA')) {
    return [`${titled} cannot have more than one record.`];
  }
  if (policy !== 'simple' && /^(NS|SOA|DS)$/.test(type)) {
    return [`${titled} cannot be created as type ${type} allows simple routing only.`];
  }
  if (policy === 'multivalue' && (type === 'CNAME' || set.AliasTarget !== undefined)) {
    return [`${titled} cannot be created as multivalue answer allows no CNAME and no alias.`];
  }
  const others = group.filter((other) => other.SetIdentifier !== identifier);
  if (others.some((other) => policyOf(other) !== policy)) return [mixedText(policy, titled)];
  if (group.length > maxSets) {
    return [`${titled} cannot be created as there are ${maxSets} with the same name and type.`];
  }
  if (policy === 'latency' && others.some((other) => other.Region === set.Region)) {
    return [
      `${titled}, and Region Name=${set.Region} cannot be created because a latency RRSet with ` +
        'the same name, type and region already exists',
    ];
  }
  if (policy === 'failover' && others.some((other) => other.Failover === set.Failover)) {
    return [
      `${titled} cannot be created because a failover ${set.Failover} RRSet with the same name ` +
        'and type already exists',
    ];
  }
  const located = locationKey(set);
  if (located !== '' && others.some((other) => locationKey(other) === located)) {
    return [
      `${titled}, and ${located} cannot be created because a ${policy} RRSet with the same name, ` +
        'type and location already exists',
    ];
  }
  if (policy === 'geoproximity' && group.length > maxGeoproximitySets) {
    return [
      `${titled} cannot be created as there are ${maxGeoproximitySets} geoproximity RRSets with ` +
        'the same name and type.',
    ];
  }
  const ttls = new Set(group.map((each) => each.TTL).filter((ttl) => ttl !== undefined));
  if (policy === 'weighted' && ttls.size > 1) {
    return [
      `RRSet with DNS name ${name} and type ${type}, SetIdentifier ${identifier} cannot be ` +
        'created as weighted sets must contain the same TTL.',
    ];
  }
  return [];
}

/** An IP-based record names a location that is there; private zones have none of these records. */
function cidrProblems(store: ReadTransaction, zone: ZoneRecord, set: RecordSet): string[] {
  const cidr = set.CidrRoutingConfig;
  if (cidr === undefined) return [];
  if (zone.vpcs !== undefined) {
    return [
      `RRSet with DNS name ${set.Name} cannot use IP-based routing in a private hosted zone.`,
    ];
  }
  const text = store.get(keyOf('cidr', cidr.CollectionId));
  if (text === undefined) return [`CIDR collection ${cidr.CollectionId} does not exist.`];
  const { locations } = JSON.parse(text) as CidrRecord;
  const { LocationName: name } = cidr;
  if (name === '*' || Object.hasOwn(locations, name)) return [];
  return [`CIDR location ${name} does not exist in the CIDR collection ${cidr.CollectionId}.`];
}

function mixedText(policy: RoutingPolicy, titled: string): string {
  if (policy === 'multivalue') {
    return (
      `${titled} cannot be created because a non multivalue answer rrset exists with the same ` +
      'name and type.'
    );
  }
  return `${titled} cannot be created as a non-${policy} set exists with the same name and type.`;
}

function aliasProblems(
  store: ReadTransaction,
  zone: ZoneRecord,
  sets: ZoneSets,
  set: RecordSet,
): string[] {
  const target = set.AliasTarget;
  if (target === undefined) return [];
  const title =
    `Tried to create an alias that targets ${target.DNSName}, type ${set.Type} ` +
    `in zone ${target.HostedZoneId}`;
  const outside = `${title}, but the alias target name does not lie within the target zone`;
  const missing = `${title}, but that target was not found`;
  if (target.HostedZoneId === zone.id) {
    const inZone = isInZone(target.DNSName, zone.name);
    const found = sets.group(target.DNSName, set.Type).length > 0;
    const self = target.DNSName === set.Name;
    return [...(inZone ? [] : [outside]), ...(found && !self ? [] : [missing])];
  }
  if (store.get(keyOf('zone', target.HostedZoneId)) !== undefined) {
    return [`${title}, but an alias leads to records of its own hosted zone only`];
  }
  if (regionOfAwsHostName(target.DNSName) === undefined) {
    throw notBuilt(`An alias to ${target.DNSName}`);
  }
  return [];
}

/** What a zone must keep whatever a batch deletes. */
export function apexProblems(sets: ZoneSets, zone: ZoneRecord): string[] {
  const problems: string[] = [];
  if (sets.group(zone.name, 'SOA').length !== 1) {
    problems.push('A HostedZone must contain exactly one SOA record.');
  }
  if (sets.group(zone.name, 'NS').length === 0) {
    problems.push('A HostedZone must contain at least one NS record for the zone itself.');
  }
  return problems;
}
