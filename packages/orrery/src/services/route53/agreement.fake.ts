/**
 * Draws zones for `agreement.test.ts`: record sets of every policy, alias trees of them, and the
 * clients that ask. All from one stream of chance: a seed is a world.
 */
import assert from 'node:assert/strict';
import type { Random } from '../../io/io.ts';
import { formatIpv4 } from '../../stdx/ip.ts';
import { clientSubnetOption } from '../../wire/dns/edns.ts';
import { regions } from '../../world/regions.ts';
import { records } from './cloud.fake.ts';
import type { RecordSet } from './record-set.ts';

/** One of some items. */
export const pick = <T>(random: Random, items: readonly T[]): T => {
  const item = items[random.int(0, items.length - 1)];
  assert.ok(item !== undefined);
  return item;
};

export type Members = Partial<RecordSet>;

/** What record sets may name. */
export interface Around {
  /** Undefined where IP-based routing is not allowed: in private zones. */
  readonly collection: string | undefined;
  /** Health checks that records may have; each is healthy or not, and may change. */
  readonly checks: readonly string[];
}

/** Sets of one policy, any of them, with values that tell them apart. */
export function drawGroup(random: Random, name: string, base: number, around: Around): Members[] {
  const sets = drawSets(random, name, base, around.collection);
  if (sets.length === 1 && sets[0]?.SetIdentifier === undefined) return sets;
  return sets.map((set) =>
    random.chance(0.5) ? { ...set, HealthCheckId: pick(random, around.checks) } : set,
  );
}

function drawSets(
  random: Random,
  name: string,
  base: number,
  collection: string | undefined,
): Members[] {
  const value = (i: number) => `10.0.${base}.${i + 1}`;
  const make = (list: readonly Members[]) =>
    list.map((members, i) =>
      records(name, 'A', [value(i)], { SetIdentifier: `s${i}`, ...members }),
    );
  switch (random.int(collection === undefined ? 1 : 0, 7)) {
    case 3:
      return make(
        drawn(
          random,
          regions.map(({ id }) => ({ Region: id })),
          4,
        ),
      );
    case 1:
      return make([
        ...drawn(
          random,
          ['US', 'JP', 'DE', 'BR', 'IN', 'GB'].map((CountryCode) => ({
            GeoLocation: { CountryCode },
          })),
          3,
        ),
        ...drawn(
          random,
          (['EU', 'AS', 'NA', 'AF'] as const).map((ContinentCode) => ({
            GeoLocation: { ContinentCode },
          })),
          2,
        ),
        ...(random.chance(0.7) ? [{ GeoLocation: { CountryCode: '*' } }] : []),
        { GeoLocation: { CountryCode: 'US', SubdivisionCode: 'NY' } },
      ]);
    case 2:
      return make(
        drawn(
          random,
          regions.map(({ id }) => ({
            GeoProximityLocation: { AWSRegion: id, Bias: random.int(-99, 99) },
          })),
          4,
        ),
      );
    case 0:
      return make(
        drawn(random, ['a', 'b', 'c', '*'], 4).map((LocationName) => ({
          CidrRoutingConfig: { CollectionId: collection ?? '', LocationName },
        })),
      );
    case 4:
      return make([{ Failover: 'PRIMARY' }, { Failover: 'SECONDARY' }]);
    case 5:
      return make(drawn(random, [0, 0, 100, 100, 200], 3).map((Weight) => ({ Weight })));
    case 6:
      return make(Array.from({ length: random.int(1, 4) }, () => ({ MultiValueAnswer: true })));
    default:
      return [records(name, 'A', drawn(random, [1, 2, 3].map(value), 3))];
  }
}

function drawn<T>(random: Random, items: readonly T[], max: number): T[] {
  const pool = [...items];
  const count = random.int(1, Math.min(max, pool.length));
  return Array.from({ length: count }, () => pool.splice(random.int(0, pool.length - 1), 1)).flat();
}

/** Places of ours, real blocks that we know, and anything. */
export function drawSubnet(random: Random): string {
  const any = () => formatIpv4(random.u32());
  const base = pick(random, [
    () => `198.18.${random.int(0, 255)}.0`,
    () => `126.${random.int(0, 255)}.1.0`,
    () => `3.${random.int(64, 130)}.7.0`,
    any,
  ])();
  return `${base}/${pick(random, [8, 16, 20, 24, 24, 24, 32])}`;
}

export function drawBlocks(random: Random): object[] {
  const taken = new Set<string>();
  return ['a', 'b', 'c']
    .map((LocationName) => {
      const CidrList = [0, 1].flatMap(() => {
        const length = pick(random, [3, 8, 15, 20, 24]);
        const [ip = ''] = drawSubnet(random).split('/');
        const cut = clientSubnetOption(`${ip}/${length}`).data;
        const octets = [...cut.slice(4), 0, 0, 0, 0].slice(0, 4).join('.');
        const block = `${octets}/${length}`;
        if (taken.has(block)) return [];
        taken.add(block);
        return [block];
      });
      return {
        LocationName,
        Action: 'PUT',
        CidrList: CidrList.length > 0 ? CidrList : ['9.9.9.0/24'],
      };
    })
    .filter((change, i, all) => i === 0 || change.CidrList[0] !== all[i - 1]?.CidrList[0]);
}

/**
 * A tree of three levels: `x` at the root, `m1` and `m2` in the middle, `l1` to `l3` at the leaves;
 * a record of an upper level is an alias to one below, or has values of its own.
 */
export function drawTree(
  random: Random,
  zoneName: string,
  zoneId: string,
  around: Around,
): Members[] {
  const nameOf = (level: string): string => `${level}.${zoneName}`;
  const aliased = (sets: readonly Members[], below: readonly string[]): Members[] =>
    sets.map((set) => {
      if (random.chance(0.35) || set.MultiValueAnswer === true) return set;
      const { TTL: _ttl, ResourceRecords: _values, ...rest } = set;
      const DNSName = nameOf(pick(random, below));
      const HostedZoneId = zoneId.replace('/hostedzone/', '');
      const EvaluateTargetHealth = random.chance(0.6);
      return { ...rest, AliasTarget: { HostedZoneId, DNSName, EvaluateTargetHealth } };
    });
  const group = (level: string, base: number) => drawGroup(random, nameOf(level), base, around);
  const leaves = ['l1', 'l2', 'l3'].flatMap((level, i) => group(level, i + 1));
  const middle = ['m1', 'm2'].flatMap((level, i) =>
    aliased(group(level, i + 5), ['l1', 'l2', 'l3']),
  );
  const root = aliased(group('x', 9), ['m1', 'm2', 'l3']);
  return [...leaves, ...middle, ...root];
}

/** Any address that shares so many bits with another. */
export function neighbourOf(random: Random, ip: string, bits: number): string {
  const host = random.u32() & (bits >= 32 ? 0 : 0xffff_ffff >>> bits);
  const cut = clientSubnetOption(`${ip}/${bits}`).data;
  const [a = 0, b = 0, c = 0, d = 0] = [...cut.slice(4), 0, 0, 0, 0];
  return formatIpv4(((((a << 24) | (b << 16) | (c << 8) | d) >>> 0) | (host >>> 0)) >>> 0);
}
