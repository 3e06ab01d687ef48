/** Clients' resolvers against the real Route 53, in simulated time. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { namedRandom } from '../io/simulated/random.ts';
import { records, TestCloud } from '../services/route53/cloud.fake.ts';
import { type Place, placeByName, places } from '../world/places.ts';
import {
  type ClientResolver,
  createClientResolver,
  ignoresTtls,
  obedientResolvers,
  type ResolverSettings,
} from './client-resolver.ts';

const placeOf = (name: string): Place => {
  const place = placeByName(name);
  assert.ok(place);
  return place;
};
const tokyo = placeOf('tokyo');

interface Set {
  readonly cloud: TestCloud;
  readonly zone: string;
  readonly resolver: ClientResolver;
  /** Whether Route 53 answers. */
  reachable: boolean;
  asked: number;
  change(action: 'UPSERT' | 'DELETE', value: string, ttl?: number): Promise<void>;
  /** `how value` of the name, in Tokyo. */
  look(client?: string): string;
}

async function setUp(settings: Partial<ResolverSettings> = {}, timeScale = 1): Promise<Set> {
  const cloud = await TestCloud.make({ timeScale });
  const zone = await cloud.zone('app.test');
  const set: Set = {
    cloud,
    zone,
    reachable: true,
    asked: 0,
    resolver: createClientResolver({
      clock: { wallMs: () => 0, monotonicUs: () => cloud.universe.nowUs },
      random: namedRandom(1, 'resolver'),
      timeScale,
      settings: { ...obedientResolvers, ...settings },
      answer: (packet) => {
        set.asked += 1;
        return set.reachable
          ? cloud.service?.answer(packet, { ip: '127.0.0.1', tcp: true })
          : undefined;
      },
    }),
    change: async (action, value, ttl = 60) => {
      await cloud.change(zone, [action, { ...records('api.app.test', 'A', [value]), TTL: ttl }]);
      await cloud.sleep(600);
    },
    look: (client) => {
      const found = set.resolver.resolve(tokyo, 'API.app.test.', client);
      return `${found.how} ${found.kind === 'none' ? found.reason : found.addresses.join(' ')}`;
    },
  };
  await set.change('UPSERT', '192.0.2.1');
  return set;
}

describe('a resolver', () => {
  it('obeys the TTL', async () => {
    const set = await setUp();
    assert.equal(set.look(), 'fresh 192.0.2.1');
    await set.change('UPSERT', '192.0.2.2');
    assert.equal(set.look(), 'cached 192.0.2.1');
    await set.cloud.sleep(59_300);
    assert.equal(set.look(), 'cached 192.0.2.1');
    await set.cloud.sleep(100);
    assert.equal(set.look(), 'fresh 192.0.2.2');
    assert.equal(set.asked, 2);
  });

  it('keeps a denial for the least of SOA TTL and minimum', async () => {
    const set = await setUp();
    const soa = (minimum: number) =>
      records('app.test', 'SOA', [`ns-1.awsdns-01.com. host. 1 7200 900 1209600 ${minimum}`]);
    await set.cloud.change(set.zone, ['UPSERT', { ...soa(86_400), TTL: 900 }]);
    await set.cloud.sleep(600);
    const look = () => set.resolver.resolve(tokyo, 'new.app.test');
    assert.deepEqual([look().how, look().how, look().ttlSeconds], ['fresh', 'cached', 900]);
    await set.cloud.change(set.zone, ['CREATE', records('new.app.test', 'A', ['192.0.2.9'])]);
    await set.cloud.sleep(899_000);
    assert.equal(look().kind, 'none', 'still denied');
    await set.cloud.sleep(1_000);
    assert.equal(look().kind, 'addresses');
    await set.cloud.change(set.zone, ['UPSERT', { ...soa(30), TTL: 900 }]);
    await set.cloud.sleep(600);
    assert.equal(set.resolver.resolve(tokyo, 'other.app.test').ttlSeconds, 30);
  });

  it('scales the minimum of a SOA as the name servers scale TTLs', async () => {
    const { cloud, zone, resolver } = await setUp({}, 10);
    const soa = records('app.test', 'SOA', ['ns-1.awsdns-01.com. host. 1 7200 900 1209600 60']);
    await cloud.change(zone, ['UPSERT', { ...soa, TTL: 900 }]);
    await cloud.sleep(600);
    assert.equal(resolver.resolve(tokyo, 'new.app.test').ttlSeconds, 6);
  });

  it('follows a CNAME from zone to zone, and takes the least TTL', async () => {
    const { cloud, zone, resolver } = await setUp();
    const other = await cloud.zone('other.test');
    const alias = (Name: string, to: string, TTL: number) =>
      ['CREATE', { ...records(Name, 'CNAME', [to]), TTL }] as const;
    await cloud.change(zone, alias('www.app.test', 'x.other.test', 20));
    await cloud.change(
      other,
      alias('x.other.test', 'd-1.execute-api.eu-central-1.amazonaws.com', 300),
      alias('loop.other.test', 'loop2.other.test', 300),
      alias('loop2.other.test', 'loop.other.test', 300),
      alias('away.other.test', 'nobody.invalid', 300),
    );
    await cloud.sleep(600);
    const look = (name: string) => resolver.resolve(tokyo, name);
    const found = look('www.app.test');
    assert.equal(found.kind === 'addresses' && found.addresses[0], '127.0.12.1');
    assert.equal(found.ttlSeconds, 10);
    for (const name of ['loop.other.test', 'away.other.test', 'a..b', 'x'.repeat(300)]) {
      assert.equal(look(name).kind, 'none', name);
    }
  });

  it('serves stale answers where it is told to, and waits once', async () => {
    const set = await setUp({ serveStaleSeconds: 600 });
    set.look();
    set.reachable = false;
    await set.cloud.sleep(61_000);
    const first = set.resolver.resolve(tokyo, 'api.app.test');
    assert.deepEqual([first.kind, first.how, first.waitMs], ['addresses', 'stale', 1800]);
    assert.equal(set.resolver.resolve(tokyo, 'api.app.test').waitMs, 0);
    assert.equal(set.asked, 2);
    assert.deepEqual(
      set.resolver.remembered(10).map(({ how, place, name }) => `${how} ${place} ${name}`),
      ['stale tokyo api.app.test'],
    );
    await set.cloud.sleep(600_000);
    assert.equal(set.look(), 'fresh timed out');
    set.reachable = true;
    await set.cloud.sleep(1_100);
    assert.equal(set.look(), 'fresh 192.0.2.1');
  });

  it('else has nothing to say once Route 53 is silent, after a while', async () => {
    const set = await setUp();
    set.reachable = false;
    const found = set.resolver.resolve(tokyo, 'api.app.test');
    assert.deepEqual([found.kind, found.waitMs], ['none', 5000]);
    assert.equal(set.look(), 'cached timed out');
  });
});

describe('a client that ignores TTLs', () => {
  it('keeps an answer as long as it likes, and nobody else does', async () => {
    const set = await setUp({ ttlIgnoring: 1, holdSeconds: 3600 });
    assert.equal(set.look('jvm'), 'fresh 192.0.2.1');
    await set.change('UPSERT', '192.0.2.2');
    await set.cloud.sleep(61_000);
    assert.equal(set.look('jvm'), 'held 192.0.2.1');
    assert.equal(set.look('started later'), 'fresh 192.0.2.2');
    await set.cloud.sleep(3_600_000);
    assert.equal(set.look('jvm'), 'fresh 192.0.2.2');
  });

  it('keeps denials for ten seconds, as a JVM does, and all for ever where told to', async () => {
    const set = await setUp({ ttlIgnoring: 1, holdSeconds: 'forever' });
    const look = () => set.resolver.resolve(tokyo, 'new.app.test', 'jvm').how;
    assert.deepEqual([look(), look()], ['fresh', 'held']);
    await set.cloud.sleep(10_000);
    assert.equal(look(), 'cached', 'the denial of the resolver, which lives longer');
    set.look('jvm');
    await set.cloud.sleep(1e9);
    assert.equal(set.look('jvm'), 'held 192.0.2.1');
    const [held] = set.resolver.remembered(10).filter(({ addresses }) => addresses.length > 0);
    assert.deepEqual([held?.client, held?.leftMs], ['jvm', null]);
  });

  it('is the same in every run of a seed, and as frequent as wanted', () => {
    const settings = { ...obedientResolvers, ttlIgnoring: 0.2, seed: 7 };
    const drawn = (seed: number): string[] =>
      places.flatMap(({ name }) =>
        Array.from({ length: 20 }, (_, n) => `${name} client-${n}`).filter((one) =>
          ignoresTtls({ ...settings, seed }, name, one.split(' ')[1] ?? ''),
        ),
      );
    assert.deepEqual(drawn(7), drawn(7));
    assert.notDeepEqual(drawn(7), drawn(8));
    const share = drawn(7).length / (places.length * 20);
    assert.ok(share > 0.17 && share < 0.23, `${share}`);
    assert.ok(!places.some(({ name }) => ignoresTtls(obedientResolvers, name, '')));
  });
});
