/**
 * The zones that answers come from: names to groups of record sets. Owns the shape; changes come
 * from `propagated-state.ts` alone, the form of a group is `packed-group.ts`.
 *
 * Invariants:
 *  Z1  A batch is applied in one synchronous call: no answer sees half of it.
 *  Z2  A change costs what it changes, whatever the zone's size: nothing is rebuilt.
 *  Z3  A name with something below it exists, if without records, so that it is NODATA and not
 *      NXDOMAIN (RFC 8020); a name with nothing at it or below it does not exist.
 */
import { assert } from '../../../stdx/assert.ts';
import { types } from '../../../wire/dns/constants.ts';
import { isAtOrBelow, parentName, parseName, type WireName } from '../../../wire/dns/name.ts';
import type { RecordSet, ZoneFacts } from '../record-set.ts';
import { NameTable, type TextView } from './name-table.ts';
import {
  type Group,
  GroupPacker,
  joinGroups,
  narrow,
  packedType,
  type SoleValue,
  soleValue,
  splitGroups,
} from './packed-group.ts';

export class Zone {
  facts: ZoneFacts;
  readonly name: WireName;
  private readonly packer: GroupPacker;
  /** The groups at a name, joined. */
  private readonly groups = new NameTable();
  /** How many names stand right below a name: four octets. */
  private readonly below = new NameTable();
  /** Names below the apex with NS records: where there are none, no query looks for them. */
  private cuts = 0;

  constructor(facts: ZoneFacts, packer: GroupPacker = new GroupPacker()) {
    this.facts = facts;
    this.name = parseName(facts.name, 8);
    this.packer = packer;
  }

  /** Whether the name exists: it has records, or something below it has. The apex always does. */
  has(name: WireName): boolean {
    return this.groups.has(name) || this.isAboveOthers(name);
  }

  /** Whether parts of the zone are delegated. */
  get hasCuts(): boolean {
    return this.cuts > 0;
  }

  /** Where the group of that name and type stands; undefined where there is none. */
  private packed(name: WireName, type: number): TextView | undefined {
    const view = this.groups.view(name);
    return view !== undefined && narrow(view, type) ? view : undefined;
  }

  /** The value of a simple set that has one; undefined for all other groups. */
  soleValue(name: WireName, type: number): SoleValue | undefined {
    const view = this.packed(name, type);
    return view === undefined ? undefined : soleValue(view);
  }

  group(name: WireName, type: number): Group | undefined {
    const view = this.packed(name, type);
    return view === undefined ? undefined : this.packer.unpack(this.facts.id, name, type, view);
  }

  /** Puts sets in the place of those of that name and type; none takes these away. */
  setSets(name: WireName, type: number, sets: readonly RecordSet[]): void {
    assert(isAtOrBelow(name, this.name), 'a group belongs to its zone');
    const packed = sets.length === 0 ? undefined : this.packer.pack(type, sets);
    const joined = this.groups.get(name);
    const before = joined === undefined ? [] : splitGroups(joined);
    const others = before.filter((each) => packedType(each) !== type);
    if (type === types.NS && name !== this.name) {
      this.cuts += (packed === undefined ? 0 : 1) - (before.length - others.length);
    }
    const after = packed === undefined ? others : [...others, packed];
    if (after.length === 0) this.groups.delete(name);
    else this.groups.set(name, joinGroups(after));
    // What has something below it, and the apex, exists without records, too.
    if (before.length > 0 === after.length > 0 || this.isAboveOthers(name)) return;
    if (after.length > 0) this.link(name);
    else this.unlink(name);
  }

  private isAboveOthers(name: WireName): boolean {
    return name === this.name || this.below.has(name);
  }

  /** A name has come into being: so do the names above it that were not there. */
  private link(name: WireName): void {
    const parent = parentName(name) ?? this.name;
    const existed = this.has(parent);
    this.below.set(parent, octetsOf(this.countBelow(parent) + 1));
    if (!existed) this.link(parent);
  }

  /** A name is gone: so are those above it that were there for its sake alone. */
  private unlink(name: WireName): void {
    const parent = parentName(name) ?? this.name;
    const left = this.countBelow(parent) - 1;
    if (left > 0) this.below.set(parent, octetsOf(left));
    else this.below.delete(parent);
    if (!this.has(parent)) this.unlink(parent);
  }

  private countBelow(name: WireName): number {
    let count = 0;
    for (const octet of this.below.get(name) ?? '') count = 256 * count + octet.charCodeAt(0);
    return count;
  }

  /** Octets that the names of this zone take. */
  get octets(): number {
    return this.groups.octets + this.below.octets;
  }

  /** The delegation that a name is at or below: the NS group nearest to the apex. */
  delegationOf(name: WireName, includeSelf: boolean): Group | undefined {
    if (this.cuts === 0) return undefined;
    let found: WireName | undefined;
    let at: WireName | undefined = includeSelf ? name : parentName(name);
    while (at !== undefined && at.length > this.name.length) {
      if (this.packed(at, types.NS) !== undefined) found = at;
      at = parentName(at);
    }
    return found === undefined ? undefined : this.group(found, types.NS);
  }

  /** The wildcard that stands for a name that does not exist: at its closest existing ancestor. */
  wildcardFor(name: WireName): WireName | undefined {
    let at = parentName(name);
    while (at !== undefined && !this.has(at)) at = parentName(at);
    const wildcard = `\x01*${at ?? this.name}`;
    return this.has(wildcard) ? wildcard : undefined;
  }
}

function octetsOf(count: number): string {
  return String.fromCharCode(count >>> 24, (count >>> 16) & 255, (count >>> 8) & 255, count & 255);
}

/** Who asks, as far as it decides which zone answers. */
export interface Asker {
  /** The zone itself: TestDNSAnswer names it. */
  readonly zoneId?: string;
  /** The name server that is asked: only zones of its delegation set answer. */
  readonly nameServer?: string;
  /** Private zones of this VPC come first. */
  readonly vpcId?: string;
  /** Private zones of the VPCs of this region come first. */
  readonly region?: string;
}

type ZonesByName = Map<WireName, Zone[]>;

/**
 * All zones, by id and by name.
 *
 * Z5  A private zone answers only to askers of its VPCs; to them it answers for all names below
 *     its own, also for those that it does not have (split horizon).
 */
export class ZoneTable {
  private readonly packer = new GroupPacker();
  private readonly byId = new Map<string, Zone>();
  private readonly publicZones: ZonesByName = new Map();
  private readonly privateZones: ZonesByName = new Map();

  /** Adds a zone; of one that is known, takes over its new facts. */
  add(facts: ZoneFacts): Zone {
    const known = this.byId.get(facts.id);
    if (known !== undefined) {
      known.facts = facts;
      return known;
    }
    const zone = new Zone(facts, this.packer);
    this.byId.set(facts.id, zone);
    const zones = this.sameKind(zone);
    const sameName = [...(zones.get(zone.name) ?? []), zone];
    sameName.sort((a, b) => a.facts.ordinal - b.facts.ordinal);
    zones.set(zone.name, sameName);
    return zone;
  }

  remove(zoneId: string): void {
    const zone = this.byId.get(zoneId);
    if (zone === undefined) return;
    this.byId.delete(zoneId);
    const zones = this.sameKind(zone);
    const rest = (zones.get(zone.name) ?? []).filter((other) => other !== zone);
    if (rest.length === 0) zones.delete(zone.name);
    else zones.set(zone.name, rest);
  }

  get(zoneId: string): Zone | undefined {
    return this.byId.get(zoneId);
  }

  get hasPrivate(): boolean {
    return this.privateZones.size > 0;
  }

  /**
   * The zone that a name belongs to: the longest that it is at or below, a private one of the
   * asker's first; of equals the oldest.
   */
  find(name: WireName, asker?: Asker): Zone | undefined {
    if (asker === undefined) return longest(this.publicZones, name, () => true);
    const { zoneId, nameServer, vpcId, region } = asker;
    if (zoneId !== undefined) return this.byId.get(zoneId);
    if (vpcId !== undefined || region !== undefined) {
      const isAskers = (zone: Zone): boolean =>
        zone.facts.vpcs?.some((vpc) => vpc.id === vpcId || vpc.region === region) === true;
      const found = longest(this.privateZones, name, isAskers);
      if (found !== undefined) return found;
    }
    if (nameServer === undefined) return longest(this.publicZones, name, () => true);
    return longest(
      this.publicZones,
      name,
      (zone) => zone.facts.nameServers?.includes(nameServer) === true,
    );
  }

  private sameKind(zone: Zone): ZonesByName {
    return zone.facts.vpcs === undefined ? this.publicZones : this.privateZones;
  }
}

function longest(
  zones: ZonesByName,
  name: WireName,
  answers: (zone: Zone) => boolean,
): Zone | undefined {
  for (let at: WireName | undefined = name; at !== undefined; at = parentName(at)) {
    const found = zones.get(at)?.find(answers);
    if (found !== undefined) return found;
  }
  return undefined;
}
