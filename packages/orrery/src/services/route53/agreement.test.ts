/**
 * One truth on three roads: whatever the records and wherever the client, a DNS packet,
 * TestDNSAnswer and the explanation by `decide` say the same; and the scope of the answer keeps
 * its promise, that every client of it gets that answer.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Random } from '../../io/io.ts';
import { namedRandom } from '../../io/simulated/random.ts';
import { formatIpv4 } from '../../stdx/ip.ts';
import { typeNumber } from '../../wire/dns/constants.ts';
import { clientSubnetOption, parseClientSubnet } from '../../wire/dns/edns.ts';
import { parseMessage, queryMessage, serializeMessage } from '../../wire/dns/message.ts';
import { dataText } from '../../wire/dns/record-data.ts';
import { regions } from '../../world/regions.ts';
import type { Explanation } from './api.ts';
import { records, TestCloud } from './cloud.fake.ts';
import type { RecordSet } from './record-set.ts';

const worlds = 40;
const clientsPerWorld = 25;

const pick = <T>(random: Random, items: readonly T[]): T => {
  const item = items[random.int(0, items.length - 1)];
  assert.ok(item !== undefined);
  return item;
};

type Members = Partial<RecordSet>;

/** Sets of one policy without chance, with values that tell them apart. */
function drawGroup(random: Random, name: string, base: number, collection: string): Members[] {
  const value = (i: number) => `10.0.${base}.${i + 1}`;
  const make = (list: readonly Members[]) =>
    list.map((members, i) =>
      records(name, 'A', [value(i)], { SetIdentifier: `s${i}`, ...members }),
    );
  switch (random.int(0, 4)) {
    case 0:
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
    case 3:
      return make(
        drawn(random, ['a', 'b', 'c', '*'], 4).map((LocationName) => ({
          CidrRoutingConfig: { CollectionId: collection, LocationName },
        })),
      );
    default:
      return make([{ Failover: 'PRIMARY' }, { Failover: 'SECONDARY' }]);
  }
}

function drawn<T>(random: Random, items: readonly T[], max: number): T[] {
  const pool = [...items];
  const count = random.int(1, Math.min(max, pool.length));
  return Array.from({ length: count }, () => pool.splice(random.int(0, pool.length - 1), 1)).flat();
}

/** Places of ours, real blocks that we know, and anything. */
function drawSubnet(random: Random): string {
  const any = () => formatIpv4(random.u32());
  const base = pick(random, [
    () => `198.18.${random.int(0, 255)}.0`,
    () => `126.${random.int(0, 255)}.1.0`,
    () => `3.${random.int(64, 130)}.7.0`,
    any,
  ])();
  return `${base}/${pick(random, [8, 16, 20, 24, 24, 24, 32])}`;
}

function drawBlocks(random: Random): object[] {
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

function wire(cloud: TestCloud, name: string, subnet: string) {
  const query = queryMessage({
    id: 7,
    name,
    type: typeNumber('A') ?? 0,
    edns: { options: [clientSubnetOption(subnet)] },
  });
  const bytes = cloud.service?.answer(serializeMessage(query), { ip: '127.0.0.1', tcp: false });
  assert.ok(bytes);
  const message = parseMessage(bytes);
  const option = message.edns?.options.find(({ code }) => code === 8);
  assert.ok(option);
  return {
    values: message.answers.map(({ type, data }) => dataText(type, data)).sort(),
    scope: parseClientSubnet(option.data).scopePrefix,
  };
}

async function explained(cloud: TestCloud, name: string, subnet: string): Promise<string[]> {
  const handler = cloud.service?.internal?.['route53-internal'];
  assert.ok(handler);
  const answer = await handler(
    {
      method: 'POST',
      path: '/explain',
      headers: {},
      body: new Uint8Array(Buffer.from(JSON.stringify({ name, ip: subnet }))),
    },
    'global',
  );
  assert.equal(answer.status, 200, Buffer.from(answer.body).toString());
  const { answers } = JSON.parse(Buffer.from(answer.body).toString()) as Explanation;
  return answers.map(({ value }) => value).sort();
}

/** Any address that shares so many bits with another. */
function neighbourOf(random: Random, ip: string, bits: number): string {
  const host = random.u32() & (bits >= 32 ? 0 : 0xffff_ffff >>> bits);
  const cut = clientSubnetOption(`${ip}/${bits}`).data;
  const [a = 0, b = 0, c = 0, d = 0] = [...cut.slice(4), 0, 0, 0, 0];
  return formatIpv4(((((a << 24) | (b << 16) | (c << 8) | d) >>> 0) | (host >>> 0)) >>> 0);
}

async function world(seed: number): Promise<number> {
  const random = namedRandom(seed, 'agreement');
  const cloud = await TestCloud.make({}, seed);
  const zone = await cloud.zone('w.test');
  const made = await cloud.call('CreateCidrCollection', { Name: 'c', CallerReference: 'c' });
  const { Id: collection } = made['Collection'] as { Id: string };
  await cloud.call('ChangeCidrCollection', { Id: collection, Changes: drawBlocks(random) });
  const locations = await cloud.call('ListCidrLocations', { CollectionId: collection });
  const known = (locations['CidrLocations'] as { LocationName: string }[]).map(
    (l) => l.LocationName,
  );
  const leaves = [1, 2, 3].map((n) => drawGroup(random, `l${n}.w.test`, n, collection));
  const root = drawGroup(random, 'x.w.test', 9, collection).map((set, i): Members => {
    if (random.chance(0.4)) return set;
    const { TTL: _ttl, ResourceRecords: _values, ...rest } = set;
    const DNSName = `l${(i % 3) + 1}.w.test`;
    const HostedZoneId = zone.replace('/hostedzone/', '');
    return {
      ...rest,
      AliasTarget: { HostedZoneId, DNSName, EvaluateTargetHealth: random.chance(0.5) },
    };
  });
  const isThere = ({ CidrRoutingConfig: cidr }: Members): boolean =>
    cidr === undefined || cidr.LocationName === '*' || known.includes(cidr.LocationName);
  const sets = [...leaves.flat(), ...root].filter(isThere);
  const names = new Set(sets.map(({ Name }) => Name));
  const whole = sets.filter(({ AliasTarget: to }) => to === undefined || names.has(to.DNSName));
  if (whole.length === 0) return 0;
  await cloud.change(zone, ...whole.map((set) => ['CREATE', set] as const));
  await cloud.sleep(600);
  let answered = 0;
  for (let i = 0; i < clientsPerWorld; i++) {
    const subnet = drawSubnet(random);
    const [ip = '', mask = ''] = subnet.split('/');
    const seen = wire(cloud, 'x.w.test', subnet);
    const tested = await cloud.call('TestDNSAnswer', {
      HostedZoneId: zone,
      RecordName: 'x.w.test',
      RecordType: 'A',
      EDNS0ClientSubnetIP: ip,
      EDNS0ClientSubnetMask: mask,
    });
    const what = `seed ${seed}, ${subnet}`;
    assert.deepEqual([...(tested['RecordData'] as string[])].sort(), seen.values, what);
    assert.deepEqual(await explained(cloud, 'x.w.test', subnet), seen.values, what);
    if (seen.values.length > 0) answered++;
    // Another client of the same scope, where the question said as much of it.
    if (seen.scope === 0 || seen.scope > Number(mask)) continue;
    const neighbour = neighbourOf(random, ip, Math.max(seen.scope, 8));
    const theirs = wire(cloud, 'x.w.test', `${neighbour}/32`).values;
    assert.deepEqual(theirs, seen.values, `${what} and ${neighbour}, scope ${seen.scope}`);
  }
  return answered;
}

test(`packet, TestDNSAnswer and explanation agree (${worlds} worlds)`, async () => {
  let answered = 0;
  for (let seed = 1; seed <= worlds; seed++) answered += await world(seed);
  assert.ok(answered > (worlds * clientsPerWorld) / 3, `${answered} answers`);
});
