import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { greatCircleKm } from './geometry.ts';
import { nearestRegionByLatency, placeToRegionRttMs, rttMs } from './latency.ts';
import {
  ipOfPlace,
  placeByName,
  placeOfModelIp,
  placeOfRegion,
  places,
  placesLike,
} from './places.ts';
import { placeOfIp } from './prefixes.ts';
import { regions } from './regions.ts';

const place = (name: string) => {
  const found = placeByName(name);
  assert.ok(found, name);
  return found;
};

test('each region stands in the city of its own row', () => {
  for (const region of regions) {
    const at = placeOfRegion(region.id);
    assert.ok(greatCircleKm(at, region) < 1, region.id);
    assert.equal(at.country, region.country, region.id);
  }
  assert.throws(() => placeOfRegion('us-moon-1'), /no such region: us-moon-1/);
});

test('names are unique slugs, coordinates are on the globe, and codes look like codes', () => {
  assert.ok(places.length >= 134);
  assert.ok(places.length < 255, 'a subnet6 holds 8 bits of place');
  assert.equal(new Set(places.map(({ name }) => name)).size, places.length);
  assert.equal(new Set(places.map(({ lat, lon }) => `${lat} ${lon}`)).size, places.length);
  for (const each of places) {
    assert.match(each.name, /^[a-z]+(-[a-z]+)*$/);
    assert.match(each.country, /^[A-Z]{2}$/);
    assert.match(each.continent, /^(AF|AN|AS|EU|NA|OC|SA)$/);
    assert.equal(each.subdivision !== undefined, each.country === 'US', each.name);
    assert.ok(Math.abs(each.lat) <= 90 && Math.abs(each.lon) <= 180);
  }
});

test('a place is found by name, alias, region id and sloppy spelling', () => {
  const cases = {
    tokyo: 'tokyo',
    '@Tokyo': 'tokyo',
    'New York': 'new-york',
    new_york: 'new-york',
    virginia: 'ashburn',
    'eu-central-1': 'frankfurt',
    dubai: 'abu-dhabi',
    Bangalore: 'bengaluru',
  };
  for (const [spelling, name] of Object.entries(cases)) {
    assert.equal(placeByName(spelling)?.name, name, spelling);
  }
  assert.equal(placeByName('atlantis'), undefined);
  assert.equal(placesLike('tokio')[0], 'tokyo');
  assert.equal(placesLike('frankfort')[0], 'frankfurt');
});

test('a place is known again by any address of its subnets', () => {
  fc.assert(
    fc.property(fc.constantFrom(...places), fc.integer({ min: 0, max: 255 }), (at, host) => {
      const ip = ipOfPlace(at, host);
      assert.equal(placeOfIp(ip), at);
      assert.equal(placeOfModelIp(ip), at);
      assert.ok(at.subnet.startsWith(`${ip.split('.').slice(0, 3).join('.')}.`));
      const hex = host.toString(16).padStart(2, '0');
      assert.equal(placeOfIp(at.subnet6.replace('00::/56', `${hex}::1`)), at);
    }),
  );
  assert.equal(placeOfIp('198.18.0.1'), undefined);
  assert.equal(placeOfIp('198.19.255.1'), undefined);
});

test('well-known real blocks are where a person expects them', () => {
  const expected = {
    '13.112.1.0': 'tokyo',
    '126.5.5.5': 'tokyo',
    '133.11.0.1': 'tokyo',
    '133.1.0.1': 'osaka',
    '18.195.0.1': 'frankfurt',
    '91.10.0.1': 'frankfurt',
    '3.81.2.3': 'ashburn',
    '54.240.0.1': undefined,
    '35.161.0.1': 'boardman',
    '86.130.0.1': 'london',
    '::ffff:13.112.1.1': 'tokyo',
    '127.0.0.1': undefined,
    '192.168.1.1': undefined,
    'not an address': undefined,
  };
  for (const [ip, name] of Object.entries(expected)) assert.equal(placeOfIp(ip)?.name, name, ip);
});

test('round trips: measured between regions, modelled from places, nothing to the edge', () => {
  assert.equal(rttMs('us-east-1', 'us-east-1'), 1);
  assert.ok(Math.abs(rttMs('us-east-1', 'eu-west-1') - 70) < 3);
  assert.equal(rttMs('global', '@tokyo'), 0);
  assert.equal(rttMs('eu-west-1', 'global'), 0);
  // 9 fibre + 2 for East Asia + 1 in the region, + what was measured between the regions.
  assert.equal(rttMs('@tokyo', 'ap-northeast-1'), 12);
  const between = rttMs('ap-northeast-1', 'eu-central-1');
  assert.ok(Math.abs(rttMs('@tokyo', 'eu-central-1') - (11 + between)) < 0.1);
  // 14, what Virginia has measured, and 4 ms for each 1,000 km around.
  assert.ok(Math.abs(rttMs('@new-york', 'eu-central-1') - 104) < 2);
  assert.equal(rttMs('@tokyo', '@tokyo'), 22);
  for (const nowhere of ['@atlantis', 'tokyo', 'us-moon-1', '']) {
    assert.throws(() => rttMs(nowhere, 'us-east-1'), RangeError, nowhere);
  }
  assert.throws(() => placeToRegionRttMs(place('tokyo'), 'us-moon-1'), RangeError);
});

test('detours that cables take count, not the globe', () => {
  // Nearer on the globe, farther by cable.
  const detours = [
    ['tokyo', 'us-east-1', 'eu-central-1'],
    ['cape-town', 'eu-central-1', 'sa-east-1'],
    ['lagos', 'us-east-1', 'sa-east-1'],
  ] as const;
  for (const [from, near, far] of detours) {
    assert.ok(rttMs(`@${from}`, near) < rttMs(`@${from}`, far), from);
    assert.equal(nearestRegionByLatency(place(from), [far, near]), near);
  }
});

test('no round trip beats light in fibre', () => {
  for (const at of places) {
    for (const region of regions) {
      assert.ok(rttMs(`@${at.name}`, region.id) > 0.0098 * greatCircleKm(at, region), at.name);
    }
  }
});

test('round trips are symmetric, positive, and whole tenths', () => {
  const location = fc.constantFrom(
    ...regions.map(({ id }) => id),
    ...places.map(({ name }) => `@${name}`),
  );
  fc.assert(
    fc.property(location, location, (a, b) => {
      const ms = rttMs(a, b);
      assert.equal(ms, rttMs(b, a));
      assert.ok(ms > 0 && ms < 500, `${a} ${b} ${ms}`);
      assert.equal(Math.round(ms * 10) / 10, ms);
    }),
  );
});

test('the nearest region is the one next door, whatever the order of the candidates', () => {
  const three = ['us-east-1', 'eu-central-1', 'ap-northeast-1'];
  const nearest = {
    tokyo: 'ap-northeast-1',
    seoul: 'ap-northeast-1',
    sydney: 'ap-northeast-1',
    frankfurt: 'eu-central-1',
    cairo: 'eu-central-1',
    lagos: 'eu-central-1',
    'new-york': 'us-east-1',
    'sao-paulo': 'us-east-1',
    'los-angeles': 'us-east-1',
  };
  for (const [name, region] of Object.entries(nearest)) {
    assert.equal(nearestRegionByLatency(place(name), three), region, name);
    assert.equal(nearestRegionByLatency(place(name), three.toReversed()), region, name);
  }
  assert.equal(nearestRegionByLatency(place('tokyo'), []), undefined);
});
