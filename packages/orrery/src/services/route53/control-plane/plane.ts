/**
 * What the operations of the control plane work on. Owns the layout of its store and the forms of
 * ids. One store, one writer; the name servers have another, which the control plane reaches only
 * through `propagation.ts`.
 *
 *   zone/<id>                                  ZoneRecord
 *   zone-reference/<callerReference>           id
 *   zone-name/<reversed name>/<id>             empty: the order of ListHostedZonesByName
 *   zone-private/<id>                          empty: the private zones
 *   zone-vpc/<region>/<vpc>/<id>               empty: the private zones of a VPC
 *   count/<kind>                               how many `zone` or `health-check` there are
 *   set/<zoneId>/<reversed name>/<type>/<set>  RecordSet, in the order of ListResourceRecordSets
 *   change/<id>                                ChangeRecord
 *   pending/<sequence>                         PendingUpdates
 *   health-check/<id>                          HealthCheckRecord
 *   health-check-reference/<callerReference>   id
 *   tags/<resource type>/<id>                  Record<string, string>
 *   cidr/<id>                                  CidrRecord
 *   cidr-name/<name>                           id
 *   cidr-use/<id>/<location>/<set key parts>   empty: a record set names the location
 */
import type { Io, ReadTransaction, Store, WriteTransaction } from '../../../io/io.ts';
import { noSuchCidrCollection, noSuchHealthCheck, noSuchHostedZone } from '../errors.ts';
import { keyOf, reversedName } from '../keys.ts';
import type { HealthCheckConfig, RecordSet, Vpc } from '../record-set.ts';
import type { Propagation } from './propagation.ts';

export interface ControlPlane {
  readonly io: Io;
  readonly store: Store;
  readonly propagation: Propagation;
}

export interface ZoneRecord {
  readonly id: string;
  readonly name: string;
  readonly callerReference: string;
  readonly comment: string | null;
  readonly createdAtMs: number;
  readonly ordinal: number;
  readonly nameServers: readonly string[];
  readonly recordCount: number;
  /** Of private zones only, which have no name servers to delegate to. */
  readonly vpcs?: readonly Vpc[];
}

export interface CidrRecord {
  readonly id: string;
  readonly name: string;
  readonly callerReference: string;
  readonly version: number;
  readonly locations: Readonly<Record<string, readonly string[]>>;
}

export interface HealthCheckRecord {
  readonly id: string;
  readonly callerReference: string;
  readonly version: number;
  readonly config: HealthCheckConfig;
}

const idLetters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** `Z`, `C`… and twenty letters and digits, as AWS's ids are. */
export function newId(io: Io, prefix: string): string {
  let id = prefix;
  for (let i = 0; i < 20; i++) id += idLetters.charAt(io.random.int(0, idLetters.length - 1));
  return id;
}

/** An id without the path that AWS puts before it: `/hostedzone/Z1` and `Z1` are the same. */
export function bareId(id: string | undefined): string {
  return (id ?? '').replace(/^\/?(hostedzone|change|healthcheck|delegationset)\//, '');
}

export function readZone(store: ReadTransaction, givenId: string | undefined): ZoneRecord {
  const id = bareId(givenId);
  const text = store.get(keyOf('zone', id));
  if (text === undefined) throw noSuchHostedZone(id);
  return JSON.parse(text) as ZoneRecord;
}

export function readCidr(store: ReadTransaction, id: string): CidrRecord {
  const text = store.get(keyOf('cidr', id));
  if (text === undefined) throw noSuchCidrCollection();
  return JSON.parse(text) as CidrRecord;
}

export function readHealthCheck(store: ReadTransaction, id: string): HealthCheckRecord {
  const text = store.get(keyOf('health-check', id));
  if (text === undefined) throw noSuchHealthCheck(id);
  return JSON.parse(text) as HealthCheckRecord;
}

export function setKey(zoneId: string, set: RecordSet): Uint8Array {
  return keyOf('set', zoneId, reversedName(set.Name), set.Type, set.SetIdentifier ?? '');
}

/** Writes a set (at its key), and that it uses a CIDR location. */
export function putSet(
  transaction: WriteTransaction,
  zoneId: string,
  set: RecordSet,
  key: Uint8Array,
): void {
  transaction.put(key, JSON.stringify(set));
  const use = cidrUseKey(zoneId, set);
  if (use !== undefined) transaction.put(use, '');
}

/** Takes a set away, as it stood. */
export function deleteSet(
  transaction: WriteTransaction,
  zoneId: string,
  set: RecordSet,
  key: Uint8Array,
): void {
  transaction.delete(key);
  const use = cidrUseKey(zoneId, set);
  if (use !== undefined) transaction.delete(use);
}

function cidrUseKey(zoneId: string, set: RecordSet): Uint8Array | undefined {
  const cidr = set.CidrRoutingConfig;
  if (cidr === undefined) return undefined;
  const { Name: name, Type: type, SetIdentifier: identifier = '' } = set;
  return keyOf('cidr-use', cidr.CollectionId, cidr.LocationName, zoneId, name, type, identifier);
}

/** The number of items on a page: AWS's maximum unless less is asked for. */
export function pageSize(asked: number | undefined, max: number): number {
  return asked === undefined ? max : Math.min(max, Math.max(1, Number(asked)));
}
