/**
 * Where a client is by the user's own files: a geo-IP database and a table of round-trip times,
 * down to the packets and their scopes.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { typeNumber } from '../../wire/dns/constants.ts';
import { clientSubnetOption, parseClientSubnet } from '../../wire/dns/edns.ts';
import { parseMessage, queryMessage, serializeMessage } from '../../wire/dns/message.ts';
import { dataText } from '../../wire/dns/record-data.ts';
import { latencyNetworks, readLatencyTable } from '../../world/latency-table.ts';
import { cityRecord, mmdbOf } from '../../world/mmdb.fake.ts';
import { openMmdb } from '../../world/mmdb.ts';
import { placeByName } from '../../world/places.ts';
import type { Explanation } from './api.ts';
import { records, TestCloud } from './cloud.fake.ts';
import type { RecordSet } from './record-set.ts';
import type { Route53Options } from './service.ts';

const database = () =>
  openMmdb(
    mmdbOf({
      '192.0.2.0/24': cityRecord('GB', 'Leeds', [53.8, -1.5]),
      '192.0.2.128/28': cityRecord('US', 'Buffalo', [42.9, -78.9], 'NY'),
      '192.0.2.160/28': cityRecord('US', 'Fresno', [36.7, -119.8], 'CA'),
      '198.51.100.0/24': cityRecord('NZ', 'Nelson', [-41.3, 173.3]),
      '203.0.113.0/24': cityRecord('BR', 'Manaus', [-3.1, -60]),
      // A block that is known by heart to be in Tokyo: the database knows better.
      '126.0.0.0/8': cityRecord('JP', 'Naha', [26.2, 127.7]),
      '2001:db8::/32': cityRecord('ZA', 'Durban', [-29.9, 31]),
    }),
  );

async function cloudWith(options: Route53Options, sets: readonly Partial<RecordSet>[]) {
  const cloud = await TestCloud.make(options);
  const zone = await cloud.zone('w.test');
  await cloud.change(zone, ...sets.map((set) => ['CREATE', set] as const));
  await cloud.sleep(600);
  return cloud;
}

function ask(cloud: TestCloud, name: string, subnet: string, source = '127.0.0.1') {
  const query = queryMessage({
    id: 7,
    name,
    type: typeNumber('A') ?? 0,
    edns: { options: subnet === '' ? [] : [clientSubnetOption(subnet)] },
  });
  const bytes = cloud.service?.answer(serializeMessage(query), { ip: source, tcp: false });
  assert.ok(bytes);
  const message = parseMessage(bytes);
  const option = message.edns?.options.find(({ code }) => code === 8);
  return {
    value: message.answers.map(({ type, data }) => dataText(type, data)).join(' '),
    scope: option === undefined ? undefined : parseClientSubnet(option.data).scopePrefix,
  };
}

async function explained(cloud: TestCloud, question: object): Promise<Explanation> {
  const handler = cloud.service?.internal?.['route53-internal'];
  const body = new Uint8Array(Buffer.from(JSON.stringify(question)));
  const answer = await handler?.({ method: 'POST', path: '/explain', headers: {}, body }, 'global');
  return JSON.parse(Buffer.from(answer?.body ?? []).toString()) as Explanation;
}

const set = (name: string, value: string, where: Partial<RecordSet>) =>
  records(`${name}.w.test`, 'A', [value], { SetIdentifier: value, ...where });

test('geolocation: subdivision, country, continent and default by the database', async () => {
  const cloud = await cloudWith({ geoDatabase: database() }, [
    set('geo', '10.0.0.1', { GeoLocation: { CountryCode: 'US', SubdivisionCode: 'NY' } }),
    set('geo', '10.0.0.2', { GeoLocation: { CountryCode: 'US' } }),
    set('geo', '10.0.0.3', { GeoLocation: { ContinentCode: 'EU' } }),
    set('geo', '10.0.0.4', { GeoLocation: { ContinentCode: 'AF' } }),
    set('geo', '10.0.0.5', { GeoLocation: { CountryCode: '*' } }),
  ]);
  const expected: Readonly<Record<string, string>> = {
    '192.0.2.130/32': '10.0.0.1',
    '192.0.2.170/32': '10.0.0.2',
    '192.0.2.5/32': '10.0.0.3',
    '198.51.100.0/24': '10.0.0.5',
    '203.0.113.0/24': '10.0.0.5',
    '2001:db8:5::/48': '10.0.0.4',
    '9.9.9.0/24': '10.0.0.2', // Not in it: Ashburn, Virginia.
    '198.18.12.0/24': '10.0.0.3', // Orrery's own subnet of Frankfurt stays Frankfurt.
  };
  for (const [subnet, value] of Object.entries(expected)) {
    assert.equal(ask(cloud, 'geo.w.test', subnet).value, value, subnet);
  }
  // Without a client subnet the resolver's address counts.
  assert.equal(ask(cloud, 'geo.w.test', '', '192.0.2.130').value, '10.0.0.1');
  assert.equal(ask(cloud, 'geo.w.test', '', '2001:db8::5').value, '10.0.0.4');
});

test('coordinates of the database feed latency and geoproximity', async () => {
  const regions = ['us-east-1', 'us-west-2', 'eu-west-2', 'ap-southeast-2', 'ap-northeast-1'];
  const cloud = await cloudWith({ geoDatabase: database() }, [
    ...regions.map((Region, i) => set('near', `10.0.0.${i}`, { Region })),
    ...regions.map((AWSRegion, i) =>
      set('far', `10.0.0.${i}`, { GeoProximityLocation: { AWSRegion } }),
    ),
    set('taipei', '10.0.0.1', { GeoProximityLocation: { AWSRegion: 'ap-northeast-1' } }),
    set('taipei', '10.0.0.2', {
      GeoProximityLocation: { Coordinates: { Latitude: '25.03', Longitude: '121.57' } },
    }),
  ]);
  const expected: Readonly<Record<string, number>> = {
    '192.0.2.130/32': 0,
    '192.0.2.170/32': 1,
    '192.0.2.5/32': 2,
    '198.51.100.1/32': 3,
    '203.0.113.1/32': 0,
    '126.1.2.3/32': 4,
  };
  for (const [subnet, i] of Object.entries(expected)) {
    assert.equal(ask(cloud, 'near.w.test', subnet).value, `10.0.0.${i}`, subnet);
    assert.equal(ask(cloud, 'far.w.test', subnet).value, `10.0.0.${i}`, subnet);
  }
  // Naha is nearer to Taipei than Tokyo is; the well-known block alone says Tokyo.
  assert.equal(ask(cloud, 'taipei.w.test', '126.1.2.3/32').value, '10.0.0.2');
  const plain = await cloudWith({}, [
    set('taipei', '10.0.0.1', { GeoProximityLocation: { AWSRegion: 'ap-northeast-1' } }),
    set('taipei', '10.0.0.2', {
      GeoProximityLocation: { Coordinates: { Latitude: '25.03', Longitude: '121.57' } },
    }),
  ]);
  assert.equal(ask(plain, 'taipei.w.test', '126.1.2.3/32').value, '10.0.0.1');
});

test('the scope is that of the network in the database, whatever was asked with', async () => {
  const cloud = await cloudWith({ geoDatabase: database() }, [
    set('near', '10.0.0.1', { Region: 'us-east-1' }),
    set('near', '10.0.0.2', { Region: 'eu-west-2' }),
    records('flat.w.test', 'A', ['10.0.0.9']),
  ]);
  assert.deepEqual(ask(cloud, 'near.w.test', '192.0.2.130/32'), { value: '10.0.0.1', scope: 28 });
  // The rest of the /24 shares an answer only down to the networks that the database tells apart.
  assert.deepEqual(ask(cloud, 'near.w.test', '192.0.2.0/24'), { value: '10.0.0.2', scope: 25 });
  assert.deepEqual(ask(cloud, 'near.w.test', '198.51.100.0/24').scope, 24);
  assert.deepEqual(ask(cloud, 'near.w.test', '2001:db8::/48').scope, 56);
  assert.deepEqual(ask(cloud, 'flat.w.test', '192.0.2.130/32').scope, 0);
});

test('an explanation says where the client is, and what told so', async () => {
  const cloud = await cloudWith({ geoDatabase: database() }, [
    set('near', '10.0.0.1', { Region: 'us-east-1' }),
    set('near', '10.0.0.2', { Region: 'eu-west-2' }),
  ]);
  const buffalo = await explained(cloud, { name: 'near.w.test', ip: '192.0.2.130' });
  assert.equal(buffalo.client.displayName, 'Buffalo');
  assert.match(buffalo.text, /client in Buffalo, US-NY, NA \(42\.9, -78\.9\), by GeoLite2-City/);
  assert.deepEqual(
    buffalo.steps[0]?.candidates.map(({ latencyMs }) => latencyMs),
    ['us-east-1', 'eu-west-2'].map((region) => buffalo.client.rttMs[region]),
  );
  const by = async (ip: string) => (await explained(cloud, { name: 'near.w.test', ip })).client;
  assert.equal((await by('198.18.30.4')).knownBy, 'the subnet of a place');
  assert.equal((await by('133.11.0.0/16')).knownBy, 'a well-known block');
  assert.equal((await by('127.0.12.1')).knownBy, 'the address of eu-central-1');
  assert.equal((await by('9.9.9.9')).knownBy, 'nothing: the default place');
  const named = await explained(cloud, { name: 'near.w.test', place: 'tokyo' });
  assert.equal(named.client.knownBy, 'its name');
  assert.doesNotMatch(named.text, /client in/);
});

test('a latency table overrides the model, by place and by subnet, and is told', async () => {
  const place = placeByName('ashburn');
  assert.ok(place);
  const table = readLatencyTable(
    JSON.stringify({
      tokyo: { 'us-east-1': 1 },
      '203.0.113.64/26': { place: 'tokyo', 'eu-west-2': 0.5 },
      '192.0.2.0/24': { 'ap-northeast-1': 2 },
    }),
  );
  const { database: geoDatabase, rttMs: latencyMs } = latencyNetworks(table, database(), place);
  const cloud = await cloudWith({ geoDatabase, latencyMs }, [
    set('near', '10.0.0.1', { Region: 'us-east-1' }),
    set('near', '10.0.0.2', { Region: 'eu-west-2' }),
    set('near', '10.0.0.3', { Region: 'ap-northeast-1' }),
    set('geo', '10.0.0.1', { GeoLocation: { CountryCode: 'JP' } }),
    set('geo', '10.0.0.2', { GeoLocation: { CountryCode: 'GB' } }),
    set('geo', '10.0.0.3', { GeoLocation: { CountryCode: '*' } }),
  ]);
  assert.equal(ask(cloud, 'near.w.test', '198.18.30.0/24').value, '10.0.0.1');
  assert.equal(ask(cloud, 'near.w.test', '198.18.28.0/24').value, '10.0.0.3');
  assert.deepEqual(ask(cloud, 'near.w.test', '203.0.113.70/32'), { value: '10.0.0.2', scope: 26 });
  assert.deepEqual(ask(cloud, 'near.w.test', '203.0.113.7/32'), { value: '10.0.0.1', scope: 26 });
  assert.equal(ask(cloud, 'near.w.test', '192.0.2.5/32').value, '10.0.0.3');
  assert.equal(ask(cloud, 'geo.w.test', '192.0.2.5/32').value, '10.0.0.2');
  assert.equal(ask(cloud, 'geo.w.test', '203.0.113.70/32').value, '10.0.0.1');
  const why = await explained(cloud, { name: 'near.w.test', ip: '203.0.113.70' });
  assert.match(why.text, /by a subnet of the latency table/);
  assert.match(why.text, /\* 10\.0\.0\.2: eu-west-2, 0\.5 ms/);
  assert.equal(why.client.rttMs['us-east-1'], 1, 'of its place');
});
