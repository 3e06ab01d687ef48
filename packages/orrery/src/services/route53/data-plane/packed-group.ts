/**
 * The record sets of one name and type: packed, as a zone holds them by the million, and compiled,
 * as answers need them. Owns both forms and the way from one to the other.
 *
 * A packed group is text. Most groups are one simple set, and little more than the octets that are
 * answered: type, `S`, TTL, and each value in wire form with its length. All others are type, `J`,
 * a number of their own, and the sets as JSON.
 *
 * Invariants:
 *  P1  Packed groups are text of characters up to U+00FF; an update replaces whole groups.
 *      None reaches 16 MiB: a batch of changes is far smaller, and a group has 100 sets.
 *  P2  Sets of a group stand in the order of their identifiers, however they came.
 *  P3  The compiled groups that are kept are bounded in number; a group that is looked up twice in
 *      one decision is the same object both times, unless thousands of others came between.
 */
import { assert } from '../../../stdx/assert.ts';
import { typeNumber } from '../../../wire/dns/constants.ts';
import { parseName, type WireName } from '../../../wire/dns/name.ts';
import { parseData } from '../../../wire/dns/record-data.ts';
import type { Point } from '../../../world/geometry.ts';
import { policyOf, type RecordSet, type RoutingPolicy } from '../record-set.ts';
import { awsTarget } from './aws-names.ts';
import { pointOf } from './geoproximity.ts';
import type { TextView } from './name-table.ts';

/** What routing goes by: a set without its name, type and values. */
export type SetMembers = Omit<RecordSet, 'Name' | 'Type' | 'ResourceRecords'>;

export interface CompiledRecord {
  readonly set: SetMembers;
  readonly ttl: number;
  readonly data: readonly Uint8Array[];
  readonly alias: CompiledAlias | undefined;
  /** Where a geoproximity record stands. */
  readonly at: Point | undefined;
}

export type CompiledAlias =
  | { readonly to: 'records'; readonly name: WireName; readonly evaluate: boolean }
  /** A name of AWS's: what it answers to a query of this type (nothing, for most types). */
  | { readonly to: 'aws'; readonly data: readonly Uint8Array[]; readonly evaluate: boolean };

export interface Group {
  readonly name: WireName;
  readonly type: number;
  readonly policy: RoutingPolicy;
  readonly records: readonly CompiledRecord[];
}

export type PackedGroup = string;

/**
 * Answers of AWS's own names live this long. AWS names 60 s for load balancers and S3, nothing for API
 * Gateway; with 10 s, checks of 10 s and a threshold of 3 move a client within 45 s.
 */
export const awsTtlSeconds = 10;

const simpleMembers = new Set(['Name', 'Type', 'TTL', 'ResourceRecords']);
const noMembers: SetMembers = {};

const simpleForm = 0x53;

/** Where the parts of a simple group stand. */
const formAt = 2;
const ttlAt = 3;
const valuesAt = 7;
/** And those of the others. */
const serialAt = 3;
const serialOctets = 6;
const jsonAt = serialAt + serialOctets;

function packSimple(type: number, first: RecordSet): PackedGroup {
  const values = (first.ResourceRecords ?? []).map(({ Value }) => parseData(type, Value, 8));
  const octets = values.reduce((sum, { length }) => sum + 2 + length, valuesAt);
  const packed = Buffer.allocUnsafe(octets);
  packed.writeUInt16BE(type, 0);
  packed.write('S', formAt, 'latin1');
  packed.writeUInt32BE(first.TTL ?? 0, ttlAt);
  let at = valuesAt;
  for (const value of values) {
    packed.writeUInt16BE(value.length, at);
    packed.set(value, at + 2);
    at += 2 + value.length;
  }
  return packed.toString('latin1');
}

function isSimple(set: RecordSet): boolean {
  return set.ResourceRecords !== undefined && Object.keys(set).every((of) => simpleMembers.has(of));
}

/** JSON without characters beyond ASCII, which packed groups do not hold. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(/[\x7f-\uffff]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** Groups of one name as one text: each with its length before it. */
export function joinGroups(groups: readonly PackedGroup[]): string {
  return groups
    .map((each) => {
      const { length } = each;
      return `${String.fromCharCode(length >>> 16, (length >>> 8) & 255, length & 255)}${each}`;
    })
    .join('');
}

/** The groups that `joinGroups` has joined. */
export function splitGroups(joined: string): PackedGroup[] {
  const groups: PackedGroup[] = [];
  for (let at = 0; at < joined.length; ) {
    const end = at + 3 + lengthAt(joined, at);
    groups.push(joined.slice(at + 3, end));
    at = end;
  }
  return groups;
}

function lengthAt(joined: string, at: number): number {
  return (
    (joined.charCodeAt(at) << 16) | (joined.charCodeAt(at + 1) << 8) | joined.charCodeAt(at + 2)
  );
}

/** The record type of a packed group. */
export function packedType(packed: PackedGroup): number {
  return (packed.charCodeAt(0) << 8) | packed.charCodeAt(1);
}

/** Cuts a view of joined groups down to the one of a type; false where there is none. */
export function narrow(view: TextView, type: number): boolean {
  const { bytes } = view;
  for (let at = view.start; at < view.end; ) {
    const length = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const start = at + 3;
    at = start + length;
    if (((bytes[start] ?? 0) << 8) + (bytes[start + 1] ?? 0) !== type) continue;
    view.start = start;
    view.end = at;
    return true;
  }
  return false;
}

/** A value and its TTL, where they stand. */
export interface SoleValue {
  readonly ttl: number;
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** The value of a packed simple set that has one; undefined for all other groups. */
export function soleValue({ bytes, start, end }: TextView): SoleValue | undefined {
  const value = start + valuesAt + 2;
  const isSole = ((bytes[value - 2] ?? 0) << 8) + (bytes[value - 1] ?? 0) === end - value;
  if (bytes[start + formAt] !== simpleForm || !isSole) return undefined;
  return { ttl: bytes.readUInt32BE(start + ttlAt), bytes, start: value, end };
}

function unpackSimple(name: WireName, type: number, { bytes, start, end }: TextView): Group {
  const data: Uint8Array[] = [];
  for (let at = start + valuesAt; at < end; ) {
    const next = at + 2 + bytes.readUInt16BE(at);
    data.push(Uint8Array.from(bytes.subarray(at + 2, next)));
    at = next;
  }
  const ttl = bytes.readUInt32BE(start + ttlAt);
  const record = { set: noMembers, ttl, data, alias: undefined, at: undefined };
  return { name, type, policy: 'simple', records: [record] };
}

/** Compiles the sets of one group; there is at least one. */
export function compileGroup(zoneId: string, name: WireName, sets: readonly RecordSet[]): Group {
  const [first] = sets;
  assert(first !== undefined, 'a group has a set');
  const type = typeNumber(first.Type);
  assert(type !== undefined, `a stored record of type ${first.Type}`);
  const inOrder = [...sets].sort((a, b) =>
    (a.SetIdentifier ?? '') < (b.SetIdentifier ?? '') ? -1 : 1,
  );
  return {
    name,
    type,
    policy: policyOf(first),
    records: inOrder.map((set) => ({
      set,
      ttl: set.TTL ?? awsTtlSeconds,
      data: (set.ResourceRecords ?? []).map(({ Value }) => parseData(type, Value, 8)),
      alias: compileAlias(zoneId, set, type),
      at: set.GeoProximityLocation === undefined ? undefined : pointOf(set.GeoProximityLocation),
    })),
  };
}

function compileAlias(zoneId: string, set: RecordSet, type: number): CompiledAlias | undefined {
  const target = set.AliasTarget;
  if (target === undefined) return undefined;
  const evaluate = target.EvaluateTargetHealth;
  const name = parseName(target.DNSName.toLowerCase(), 8);
  if (target.HostedZoneId === zoneId) return { to: 'records', name, evaluate };
  const data = awsTarget(name, type);
  return { to: 'aws', data: data ?? [], evaluate };
}

const maxPerGeneration = 4096;

/** Packs groups, and keeps those compiled that were asked for of late: see P3. */
export class GroupPacker {
  private young = new Map<number, Group>();
  private old = new Map<number, Group>();
  private serial = 0;

  /** Packs the sets of one group; there is at least one. Throws `DnsFormatError` on bad values. */
  pack(type: number, sets: readonly RecordSet[]): PackedGroup {
    const [first] = sets;
    assert(first !== undefined, 'a group has a set');
    if (sets.length === 1 && isSimple(first)) return packSimple(type, first);
    const head = Buffer.allocUnsafe(jsonAt);
    head.writeUInt16BE(type, 0);
    head.write('J', formAt, 'latin1');
    head.writeUIntBE(this.serial++, serialAt, serialOctets);
    return head.toString('latin1') + asciiJson(sets);
  }

  /** What a packed group of a zone says. */
  unpack(zoneId: string, name: WireName, type: number, view: TextView): Group {
    const { bytes, start, end } = view;
    if (bytes[start + formAt] === simpleForm) return unpackSimple(name, type, view);
    const serial = bytes.readUIntBE(start + serialAt, serialOctets);
    const young = this.young.get(serial);
    if (young !== undefined) return young;
    const group =
      this.old.get(serial) ??
      compileGroup(
        zoneId,
        name,
        JSON.parse(bytes.toString('latin1', start + jsonAt, end)) as RecordSet[],
      );
    if (this.young.size >= maxPerGeneration) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(serial, group);
    return group;
  }
}
