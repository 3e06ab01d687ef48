/**
 * CIDR collections: create, change, list, list blocks, list locations, delete.
 *
 * Q1  A change is all or none, and counts the version up.
 * Q2  A location that records name keeps at least one block; a collection is deleted empty.
 */
import type {
  ChangeCidrCollectionRequest,
  CreateCidrCollectionRequest,
  DeleteCidrCollectionRequest,
  ListCidrBlocksRequest,
  ListCidrCollectionsRequest,
  ListCidrLocationsRequest,
} from '@aws-sdk/client-route-53';
import type { ReadTransaction, WriteTransaction } from '../../../io/io.ts';
import { formatIpv4, formatIpv6 } from '../../../stdx/ip.ts';
import { parseCidr } from '../data-plane/cidr-index.ts';
import {
  cidrBlockInUse,
  cidrCollectionAlreadyExists,
  cidrCollectionInUse,
  cidrCollectionVersionMismatch,
  constraint,
  invalidInput,
  limitsExceeded,
  noSuchCidrLocation,
} from '../errors.ts';
import { keyOf, rangeOf } from '../keys.ts';
import { type CidrRecord, type ControlPlane, pageSize, readCidr } from './plane.ts';
import { checkLocationName } from './routing-input.ts';

const maxPage = 100;
const maxCollections = 5;
const maxBlocks = 1000;

function summary({ id, name, version }: CidrRecord): object {
  return { Arn: `arn:aws:route53:::cidrcollection/${id}`, Id: id, Name: name, Version: version };
}

function allCollections(store: ReadTransaction): CidrRecord[] {
  return [...store.range(rangeOf('cidr'))].map(({ value }) => JSON.parse(value) as CidrRecord);
}

function write({ propagation }: ControlPlane, to: WriteTransaction, record: CidrRecord): void {
  to.put(keyOf('cidr', record.id), JSON.stringify(record));
  const { id, locations } = record;
  propagation.submit(to, [{ kind: 'cidr', collection: { id, locations } }], null);
}

export const createCidrCollection =
  (plane: ControlPlane) =>
  async (input: CreateCidrCollectionRequest): Promise<object> => {
    const { Name: name = '', CallerReference: callerReference = '' } = input;
    if (!/^[0-9A-Za-z_-]{1,64}$/.test(name)) {
      throw constraint(
        name,
        'name',
        'Member must satisfy regular expression pattern: [0-9A-Za-z_\\-]+',
      );
    }
    if (!/^[\x20-\x7e]{1,64}$/.test(callerReference)) {
      throw constraint(callerReference, 'callerReference', 'Member must have 1 to 64 characters');
    }
    const record = plane.store.transaction((transaction) => {
      const known = transaction.get(keyOf('cidr-name', name));
      if (known !== undefined) {
        const existing = readCidr(transaction, known);
        if (existing.callerReference === callerReference) return existing;
        throw cidrCollectionAlreadyExists();
      }
      if (allCollections(transaction).length >= maxCollections) {
        throw limitsExceeded(`Limit of ${maxCollections} CIDR collections exceeded.`);
      }
      const id = plane.io.random.uuid();
      const made: CidrRecord = { id, name, callerReference, version: 1, locations: {} };
      transaction.put(keyOf('cidr-name', name), id);
      write(plane, transaction, made);
      return made;
    });
    await plane.store.flushed();
    return {
      Collection: summary(record),
      Location: `https://route53.amazonaws.com/2013-04-01/cidrcollection/${record.id}`,
    };
  };

export const changeCidrCollection =
  (plane: ControlPlane) =>
  async (input: ChangeCidrCollectionRequest): Promise<object> => {
    const record = plane.store.transaction((transaction) => {
      const before = readCidr(transaction, input.Id ?? '');
      const version = input.CollectionVersion;
      if (version !== undefined && Number(version) !== before.version) {
        throw cidrCollectionVersionMismatch();
      }
      const locations = changedLocations(before, input);
      for (const location of Object.keys(before.locations)) {
        if (!Object.hasOwn(locations, location) && isUsed(transaction, before.id, location)) {
          throw cidrBlockInUse();
        }
      }
      const changed = { ...before, version: before.version + 1, locations };
      write(plane, transaction, changed);
      return changed;
    });
    await plane.store.flushed();
    return { Id: record.id };
  };

function changedLocations(
  before: CidrRecord,
  { Changes: changes = [] }: ChangeCidrCollectionRequest,
): CidrRecord['locations'] {
  if (changes.length === 0 || changes.length > 1000) {
    throw constraint(changes.length, 'changes', 'Member must have length from 1 to 1000');
  }
  /** Block → location. */
  const blocks = new Map<string, string>();
  for (const [location, list] of Object.entries(before.locations)) {
    for (const block of list) blocks.set(block, location);
  }
  for (const [index, change] of changes.entries()) {
    const { LocationName: location = '', Action: action, CidrList: list = [] } = change;
    const at = (member: string): string => `changes.${index + 1}.member.${member}`;
    checkLocationName(location, at('locationName'), false);
    if (action !== 'PUT' && action !== 'DELETE_IF_EXISTS') {
      throw constraint(
        action,
        at('action'),
        'Member must satisfy enum value set: [DELETE_IF_EXISTS, PUT]',
      );
    }
    for (const given of list) {
      const block = canonicalBlock(given);
      const holder = blocks.get(block);
      if (action === 'DELETE_IF_EXISTS') {
        if (holder === location) blocks.delete(block);
      } else if (holder !== undefined && holder !== location) {
        throw invalidInput(`The CIDR block ${block} is in the location ${holder} already.`);
      } else blocks.set(block, location);
    }
  }
  if (blocks.size > maxBlocks) {
    throw limitsExceeded(`Limit of ${maxBlocks} CIDR blocks per collection exceeded.`);
  }
  const locations = new Map<string, string[]>();
  for (const [block, location] of [...blocks].sort(([a], [b]) => (a < b ? -1 : 1))) {
    locations.set(location, [...(locations.get(location) ?? []), block]);
  }
  return Object.fromEntries([...locations].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** `10.1.2.3/8` is kept as `10.0.0.0/8`; lengths are those that AWS takes. */
function canonicalBlock(given: string): string {
  const block = parseCidr(given);
  const longest = block?.family === 2 ? 48 : 24;
  if (block === undefined || block.sourcePrefix < 1 || block.sourcePrefix > longest) {
    throw invalidInput(`${given} is no CIDR block from /1 to /24 (IPv4) or from /1 to /48 (IPv6).`);
  }
  const { address, family, sourcePrefix } = block;
  const [a = 0, b = 0, c = 0, d = 0] = address;
  const ip =
    family === 2 ? formatIpv6(address) : formatIpv4(((a << 24) | (b << 16) | (c << 8) | d) >>> 0);
  return `${ip}/${sourcePrefix}`;
}

function isUsed(store: ReadTransaction, ...of: readonly string[]): boolean {
  return [...store.range({ ...rangeOf('cidr-use', ...of), limit: 1 })].length > 0;
}

export const deleteCidrCollection =
  (plane: ControlPlane) =>
  async (input: DeleteCidrCollectionRequest): Promise<object> => {
    plane.store.transaction((transaction) => {
      const record = readCidr(transaction, input.Id ?? '');
      if (Object.keys(record.locations).length > 0 || isUsed(transaction, record.id)) {
        throw cidrCollectionInUse();
      }
      transaction.delete(keyOf('cidr', record.id));
      transaction.delete(keyOf('cidr-name', record.name));
      plane.propagation.submit(transaction, [{ kind: 'cidr-deleted', id: record.id }], null);
    });
    await plane.store.flushed();
    return {};
  };

/** One page of a list; the token is the position of the next item. */
function page<T>(
  items: readonly T[],
  token: string | undefined,
  max: number | undefined,
): { readonly items: readonly T[]; readonly next: { readonly NextToken?: string } } {
  const start = token === undefined ? 0 : Number(token);
  if (!Number.isInteger(start) || start < 0) throw invalidInput('The NextToken is not valid.');
  const end = start + pageSize(max, maxPage);
  const next = end < items.length ? { NextToken: String(end) } : {};
  return { items: items.slice(start, end), next };
}

export const listCidrCollections =
  ({ store }: ControlPlane) =>
  (input: ListCidrCollectionsRequest): object => {
    const { items, next } = page(allCollections(store), input.NextToken, input.MaxResults);
    return { CidrCollections: items.map(summary), ...next };
  };

export const listCidrLocations =
  ({ store }: ControlPlane) =>
  (input: ListCidrLocationsRequest): object => {
    const { locations } = readCidr(store, input.CollectionId ?? '');
    const { items, next } = page(Object.keys(locations), input.NextToken, input.MaxResults);
    return { CidrLocations: items.map((LocationName) => ({ LocationName })), ...next };
  };

export const listCidrBlocks =
  ({ store }: ControlPlane) =>
  (input: ListCidrBlocksRequest): object => {
    const { locations } = readCidr(store, input.CollectionId ?? '');
    const wanted = input.LocationName;
    if (wanted !== undefined && !Object.hasOwn(locations, wanted)) throw noSuchCidrLocation();
    const blocks = Object.entries(locations)
      .filter(([location]) => wanted === undefined || location === wanted)
      .flatMap(([LocationName, list]) => list.map((CidrBlock) => ({ CidrBlock, LocationName })));
    const { items, next } = page(blocks, input.NextToken, input.MaxResults);
    return { CidrBlocks: items, ...next };
  };
