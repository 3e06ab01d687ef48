/**
 * One truth on three roads: whatever the records, their health and the client, a DNS packet,
 * TestDNSAnswer and the explanation by `decide` say the same, of chance the same set of answers;
 * and the scope of an answer keeps its promise, that any client of it could get that answer. Over
 * bytes in memory, and over UDP on a socket; in public and in private zones (which TestDNSAnswer
 * does not ask); with and without a geo-IP database and a latency table.
 */
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { test } from 'node:test';
import { listenDns } from '../../io/node/listen-dns.ts';
import { namedRandom } from '../../io/simulated/random.ts';
import { typeNumber } from '../../wire/dns/constants.ts';
import { clientSubnetOption, type EdnsOption, parseClientSubnet } from '../../wire/dns/edns.ts';
import { parseMessage, queryMessage, serializeMessage } from '../../wire/dns/message.ts';
import { dataText } from '../../wire/dns/record-data.ts';
import { regionIp } from '../../world/addresses.ts';
import { latencyNetworks, readLatencyTable } from '../../world/latency-table.ts';
import { cityRecord, mmdbOf } from '../../world/mmdb.fake.ts';
import { openMmdb } from '../../world/mmdb.ts';
import { placeOfRegion } from '../../world/places.ts';
import { drawBlocks, drawSubnet, drawTree, type Members, neighbourOf } from './agreement.fake.ts';
import type { Explanation } from './api.ts';
import { TestCloud } from './cloud.fake.ts';
import type { Route53Options } from './service.ts';

const worlds = 200;
const privateWorlds = 100;
const healths = 3;
const clientsPerHealth = 8;
/** Draws of an answer that hangs on chance, and after how many an explanation has had its say. */
const draws = { wire: 8, tested: 3, explained: 3000 } as const;

/** Answers to a packet, the source and the VPC being the asker's. */
type Ask = (packet: Uint8Array, source: string) => Promise<Uint8Array>;

interface Wire {
  readonly values: string;
  readonly scope: number;
}

const inMemory =
  (cloud: TestCloud): Ask =>
  async (packet, source) => {
    const bytes = cloud.service?.answer(packet, { ip: source, tcp: false });
    assert.ok(bytes);
    return bytes;
  };

async function wire(ask: Ask, name: string, options: EdnsOption[], source = '127.0.0.1') {
  const type = typeNumber('A') ?? 0;
  const query = queryMessage({ id: 7, name, type, edns: { options } });
  const message = parseMessage(await ask(serializeMessage(query), source));
  const option = message.edns?.options.find(({ code }) => code === 8);
  return {
    values: message.answers
      .map(({ type: of, data }) => dataText(of, data))
      .sort()
      .join(' '),
    scope: option === undefined ? 0 : parseClientSubnet(option.data).scopePrefix,
  } satisfies Wire;
}

async function explained(cloud: TestCloud, question: object): Promise<Explanation> {
  const handler = cloud.service?.internal?.['route53-internal'];
  assert.ok(handler);
  const body = new Uint8Array(Buffer.from(JSON.stringify(question)));
  const answer = await handler({ method: 'POST', path: '/explain', headers: {}, body }, 'global');
  assert.equal(answer.status, 200, Buffer.from(answer.body).toString());
  return JSON.parse(Buffer.from(answer.body).toString()) as Explanation;
}

const valuesOf = ({ answers }: Explanation): string =>
  answers
    .map(({ value }) => value)
    .sort()
    .join(' ');

/** What explanations of one question answer: one thing, or where chance is in it any of some. */
class Explained {
  readonly isChance: boolean;
  private readonly found = new Set<string>();
  private readonly again: () => Promise<string>;

  static async of(cloud: TestCloud, question: object): Promise<Explained> {
    const first = await explained(cloud, question);
    const again = async () => valuesOf(await explained(cloud, question));
    return new Explained(valuesOf(first), first.dependsOnChance, again);
  }

  private constructor(first: string, isChance: boolean, again: () => Promise<string>) {
    this.found.add(first);
    this.isChance = isChance;
    this.again = again;
  }

  /** Asserts that an explanation answers so, too, be it after many draws. */
  async holds(values: string, what: string): Promise<void> {
    for (let i = 0; this.isChance && !this.found.has(values) && i < draws.explained; i++) {
      this.found.add(await this.again());
    }
    assert.ok(this.found.has(values), `${what}: "${values}", not ${[...this.found].join(' | ')}`);
  }
}

async function control(cloud: TestCloud, path: string, input: object): Promise<void> {
  const handler = cloud.service?.internal?.['route53-internal'];
  const body = new Uint8Array(Buffer.from(JSON.stringify(input)));
  const request = { method: 'POST', path, headers: {}, body };
  const answer = await cloud.universe.perform(
    'edge',
    async () => handler?.(request, 'global'),
    1000,
  );
  assert.equal(answer?.status, 200);
}

const arnOf = (i: number): string => `arn:aws:route53-recovery-control::0:p/c/routingcontrol/${i}`;

/** Health checks that follow routing controls, so that a test can switch them at once. */
async function makeChecks(cloud: TestCloud): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let i = 0; i < 4; i++) {
    const HealthCheckConfig = { Type: 'RECOVERY_CONTROL', RoutingControlArn: arnOf(i) };
    const made = await cloud.call('CreateHealthCheck', {
      CallerReference: String(i),
      HealthCheckConfig,
    });
    ids.push(made.HealthCheck.Id);
  }
  return ids;
}

/** Without records that name what is not there: locations of a collection, names of a zone. */
function whole(sets: readonly Members[], locations: readonly string[]): readonly Members[] {
  let kept = sets.filter(
    ({ CidrRoutingConfig: cidr }) =>
      cidr === undefined || cidr.LocationName === '*' || locations.includes(cidr.LocationName),
  );
  for (let level = 0; level < 3; level++) {
    const names = new Set(kept.map(({ Name }) => Name));
    kept = kept.filter(({ AliasTarget: to }) => to === undefined || names.has(to.DNSName));
  }
  return kept;
}

/** Every third world has a geo-IP database, every fourth a latency table. */
function optionsOf(seed: number): Route53Options {
  const geoDatabase =
    seed % 3 === 0
      ? openMmdb(
          mmdbOf({
            '3.0.0.0/8': cityRecord('FR', 'Nantes', [47.2, -1.6]),
            '3.100.0.0/15': cityRecord('US', 'Ithaca', [42.4, -76.5], 'NY'),
            '126.64.0.0/11': cityRecord('IN', 'Pune', [18.5, 73.9]),
            '126.80.1.128/25': cityRecord('BR', 'Recife', [-8.1, -34.9]),
            '128.0.0.0/2': cityRecord('GB', 'Leeds', [53.8, -1.5]),
          }),
        )
      : undefined;
  if (seed % 4 !== 0) return geoDatabase === undefined ? {} : { geoDatabase };
  const rows = {
    tokyo: { 'us-east-1': 1, 'eu-west-1': 2 },
    '126.0.0.0/9': { place: 'osaka', 'sa-east-1': 3 },
    '3.96.0.0/20': { 'ap-south-1': 4 },
  };
  const table = readLatencyTable(JSON.stringify(rows));
  const { database, rttMs } = latencyNetworks(table, geoDatabase, placeOfRegion('us-east-1'));
  return { geoDatabase: database, latencyMs: rttMs };
}

interface Counts {
  answered: number;
  byChance: number;
  unhealthy: number;
}

/** A public zone, asked in every way. */
async function world(seed: number, road: (cloud: TestCloud) => Ask): Promise<Counts> {
  const random = namedRandom(seed, 'agreement');
  const cloud = await TestCloud.make(optionsOf(seed), seed);
  const ask = road(cloud);
  const zone = await cloud.zone('w.test');
  const made = await cloud.call('CreateCidrCollection', { Name: 'c', CallerReference: 'c' });
  const { Id: collection } = made['Collection'] as { Id: string };
  await cloud.call('ChangeCidrCollection', { Id: collection, Changes: drawBlocks(random) });
  const listed = await cloud.call('ListCidrLocations', { CollectionId: collection });
  const locations = (listed['CidrLocations'] as { LocationName: string }[]).map(
    ({ LocationName }) => LocationName,
  );
  const checks = await makeChecks(cloud);
  const sets = whole(drawTree(random, 'w.test', zone, { collection, checks }), locations);
  const counts = { answered: 0, byChance: 0, unhealthy: 0 };
  if (sets.length === 0) return counts;
  await cloud.change(zone, ...sets.map((set) => ['CREATE', set] as const));
  await cloud.sleep(600);
  for (let health = 0; health < healths; health++) {
    for (const i of checks.keys()) {
      await control(cloud, '/routing-control', { arn: arnOf(i), on: random.chance(0.6) });
    }
    for (let i = 0; i < clientsPerHealth; i++) {
      const subnet = drawSubnet(random);
      const [ip = '', mask = ''] = subnet.split('/');
      const what = `seed ${seed}, ${subnet}, health ${health}`;
      const answers = await Explained.of(cloud, { name: 'x.w.test', ip: subnet });
      const options = [clientSubnetOption(subnet)];
      const seen = await wire(ask, 'x.w.test', options);
      const { isChance } = answers;
      for (let n = 0; n < (isChance ? draws.wire : 1); n++) {
        const { values } = n === 0 ? seen : await wire(ask, 'x.w.test', options);
        await answers.holds(values, what);
      }
      for (let n = 0; n < (isChance ? draws.tested : 1); n++) {
        const tested = await cloud.call('TestDNSAnswer', {
          HostedZoneId: zone,
          RecordName: 'x.w.test',
          RecordType: 'A',
          EDNS0ClientSubnetIP: ip,
          EDNS0ClientSubnetMask: mask,
        });
        const values = [...(tested['RecordData'] as string[])].sort().join(' ');
        await answers.holds(values, what);
      }
      if (seen.values !== '') counts.answered++;
      if (isChance) counts.byChance++;
      // The answer is one that any client of its scope may get, where the question said as much
      // of it; a resolver gives it to all of them.
      if (seen.scope === 0 || seen.scope > Number(mask)) continue;
      const neighbour = neighbourOf(random, ip, Math.max(seen.scope, 8));
      const theirs = await Explained.of(cloud, { name: 'x.w.test', ip: `${neighbour}/32` });
      await theirs.holds(seen.values, `${what} and ${neighbour}, scope ${seen.scope}`);
    }
    const why = await explained(cloud, { name: 'x.w.test' });
    const isOut = why.steps.some(({ candidates }) => candidates.some(({ healthy }) => !healthy));
    if (isOut) counts.unhealthy++;
  }
  return counts;
}

function total(all: readonly Counts[]): Counts {
  const sum = (of: (counts: Counts) => number) => all.reduce((n, counts) => n + of(counts), 0);
  return {
    answered: sum(({ answered }) => answered),
    byChance: sum(({ byChance }) => byChance),
    unhealthy: sum(({ unhealthy }) => unhealthy),
  };
}

test(`packet, TestDNSAnswer and explanation agree (${worlds} worlds)`, async () => {
  const all: Counts[] = [];
  for (let seed = 1; seed <= worlds; seed++) all.push(await world(seed, inMemory));
  const { answered, byChance, unhealthy } = total(all);
  const clients = worlds * healths * clientsPerHealth;
  assert.ok(answered > clients / 2, `${answered} of ${clients} answered`);
  assert.ok(byChance > clients / 20, `${byChance} by chance`);
  assert.ok(unhealthy > (worlds * healths) / 4, `${unhealthy} with something unhealthy`);
});

test('the same over UDP', async () => {
  for (let seed = 1001; seed <= 1006; seed++) {
    let answer: (packet: Uint8Array, ip: string) => Uint8Array | undefined = () => undefined;
    const server = await listenDns({
      what: 'the DNS server',
      host: '127.0.0.1',
      port: 0,
      answer: (packet, { ip }) => answer(packet, ip),
    });
    try {
      await world(seed, (cloud) => {
        answer = (packet, ip) => cloud.service?.answer(packet, { ip, tcp: false });
        return (packet) => overUdp(server.port, packet);
      });
    } finally {
      await server.close();
    }
  }
});

function overUdp(port: number, packet: Uint8Array): Promise<Uint8Array> {
  return new Promise((done, fail) => {
    const socket = createSocket('udp4');
    const end = (act: () => void): void => {
      clearTimeout(timer);
      socket.close();
      act();
    };
    const timer = setTimeout(() => end(() => fail(new Error('no answer over UDP'))), 5_000);
    socket.on('error', (error) => end(() => fail(error)));
    socket.on('message', (bytes) => end(() => done(bytes)));
    socket.send(packet, port, '127.0.0.1');
  });
}

test(`packet and explanation agree inside VPCs (${privateWorlds} worlds)`, async () => {
  const regions = ['us-east-1', 'eu-central-1', 'ap-northeast-1'];
  let answered = 0;
  for (let seed = 1; seed <= privateWorlds; seed++) {
    const random = namedRandom(seed, 'agreement-private');
    const cloud = await TestCloud.make(optionsOf(seed), seed);
    const made = await cloud.call('CreateHostedZone', {
      Name: 'w.test',
      CallerReference: 'private',
      VPC: { VPCId: 'vpc-0', VPCRegion: regions[0] },
    });
    const zone = made.HostedZone.Id;
    for (const [i, VPCRegion] of regions.entries()) {
      if (i === 0) continue;
      const VPC = { VPCId: `vpc-${i}`, VPCRegion };
      await cloud.call('AssociateVPCWithHostedZone', { HostedZoneId: zone, VPC });
    }
    const checks = await makeChecks(cloud);
    const around = { collection: undefined, checks };
    const sets = drawTree(random, 'w.test', zone, around);
    await cloud.change(zone, ...sets.map((set) => ['CREATE', set] as const));
    await cloud.sleep(600);
    for (let health = 0; health < healths; health++) {
      for (const i of checks.keys()) {
        await control(cloud, '/routing-control', { arn: arnOf(i), on: random.chance(0.6) });
      }
      for (const [i, region] of regions.entries()) {
        const subnet = clientSubnetOption(drawSubnet(random));
        const option = { code: 65_313, data: Buffer.from(`vpc=vpc-${i}`) };
        const answers = await Explained.of(cloud, { name: 'x.w.test', vpc: `vpc-${i}` });
        const byRegion = await Explained.of(cloud, { name: 'x.w.test', vpc: region });
        const what = `seed ${seed}, ${region}, health ${health}`;
        assert.equal(byRegion.isChance, answers.isChance, what);
        for (let n = 0; n < (answers.isChance ? draws.wire : 1); n++) {
          // By the id of the VPC, with a client subnet that must not count; by the source address.
          const named = await wire(inMemory(cloud), 'x.w.test', [subnet, option]);
          const inside = await wire(inMemory(cloud), 'x.w.test', [], regionIp(region));
          await answers.holds(named.values, what);
          await byRegion.holds(inside.values, what);
          if (named.values !== '') answered++;
        }
      }
      const outside = await wire(inMemory(cloud), 'x.w.test', []);
      assert.equal(outside.values, '', 'nobody outside the VPCs is told anything');
    }
    const refusal = await cloud.refusal('TestDNSAnswer', {
      HostedZoneId: zone,
      RecordName: 'x.w.test',
      RecordType: 'A',
    });
    assert.match(refusal, /not supported for private hosted zones/);
  }
  assert.ok(answered > privateWorlds * 2, `${answered} answered`);
});
