/**
 * The zones that answers come from, compiled: names to nodes, nodes to groups of record sets,
 * values to wire form. Owns the shape; changes come from `propagated-state.ts` alone.
 *
 * Invariants:
 *  Z1  A batch is applied in one synchronous call: no answer sees half of it.
 *  Z2  Records and groups are immutable; an update replaces whole groups.
 *  Z3  A name with something below it is a node, if an empty one, so that it is NODATA and not
 *      NXDOMAIN (RFC 8020); a node with nothing at it or below it does not exist.
 *  Z4  Sets of a group stand in the order of their identifiers, however they came.
 */
import { assert } from '../../../stdx/assert.ts';
import { typeNumber, types } from '../../../wire/dns/constants.ts';
import { isAtOrBelow, parentName, parseName, type WireName } from '../../../wire/dns/name.ts';
import { parseData } from '../../../wire/dns/record-data.ts';
import type { Point } from '../../../world/geometry.ts';
import { policyOf, type RecordSet, type RoutingPolicy, type ZoneFacts } from '../record-set.ts';
import { awsTarget } from './aws-names.ts';
import { pointOf } from './geoproximity.ts';

export interface CompiledRecord {
  readonly set: RecordSet;
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

interface Node {
  readonly groups: Map<number, Group>;
  /** Nodes right below. */
  children: number;
}

/**
 * Answers of AWS's own names live this long. AWS names 60 s for load balancers and S3, nothing for API
 * Gateway; with 10 s, checks of 10 s and a threshold of 3 move a client within 45 s.
 */
export const awsTtlSeconds = 10;

/** Compiles the sets of one group, or undefined where there are none. */
export function compileGroup(zoneId: string, sets: readonly RecordSet[]): Group | undefined {
  const first = sets[0];
  if (first === undefined) return undefined;
  const type = typeNumber(first.Type);
  assert(type !== undefined, `a stored record of type ${first.Type}`);
  const inOrder = [...sets].sort((a, b) =>
    (a.SetIdentifier ?? '') < (b.SetIdentifier ?? '') ? -1 : 1,
  );
  return {
    name: parseName(first.Name, 8),
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

export class Zone {
  facts: ZoneFacts;
  readonly name: WireName;
  private readonly nodes = new Map<WireName, Node>();
  /** Names below the apex with NS records: where there are none, no query looks for them. */
  private cuts = 0;

  constructor(facts: ZoneFacts) {
    this.facts = facts;
    this.name = parseName(facts.name, 8);
    this.nodes.set(this.name, { groups: new Map(), children: 0 });
  }

  /** Whether the name exists: it has records, or something below it has. */
  has(name: WireName): boolean {
    return this.nodes.has(name);
  }

  group(name: WireName, type: number): Group | undefined {
    return this.nodes.get(name)?.groups.get(type);
  }

  /** Puts a group in the place of the one of that name and type; undefined takes it away. */
  setGroup(name: WireName, type: number, group: Group | undefined): void {
    assert(isAtOrBelow(name, this.name), 'a group belongs to its zone');
    const before = this.nodes.get(name)?.groups.get(type);
    if (type === types.NS && name !== this.name) {
      this.cuts += (group === undefined ? 0 : 1) - (before === undefined ? 0 : 1);
    }
    if (group !== undefined) {
      this.makeNode(name).groups.set(type, group);
    } else if (before !== undefined) {
      this.nodes.get(name)?.groups.delete(type);
      this.dropIfEmpty(name);
    }
  }

  private makeNode(name: WireName): Node {
    let node = this.nodes.get(name);
    if (node === undefined) {
      node = { groups: new Map(), children: 0 };
      this.nodes.set(name, node);
      this.makeNode(parentName(name) ?? this.name).children++;
    }
    return node;
  }

  private dropIfEmpty(name: WireName): void {
    const node = this.nodes.get(name);
    if (name === this.name || node === undefined) return;
    if (node.children > 0 || node.groups.size > 0) return;
    this.nodes.delete(name);
    const parent = parentName(name) ?? this.name;
    const above = this.nodes.get(parent);
    assert(above !== undefined, 'a node has a parent');
    above.children--;
    this.dropIfEmpty(parent);
  }

  /** The delegation that a name is at or below: the NS group nearest to the apex. */
  delegationOf(name: WireName, includeSelf: boolean): Group | undefined {
    if (this.cuts === 0) return undefined;
    let found: Group | undefined;
    let at: WireName | undefined = includeSelf ? name : parentName(name);
    while (at !== undefined && at.length > this.name.length) {
      found = this.group(at, types.NS) ?? found;
      at = parentName(at);
    }
    return found;
  }

  /** The wildcard that stands for a name that does not exist: at its closest existing ancestor. */
  wildcardFor(name: WireName): WireName | undefined {
    let at = parentName(name);
    while (at !== undefined && !this.nodes.has(at)) at = parentName(at);
    const wildcard = `\x01*${at ?? this.name}`;
    return this.nodes.has(wildcard) ? wildcard : undefined;
  }
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
    const zone = new Zone(facts);
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
