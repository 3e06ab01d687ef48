/** Geolocation, geoproximity and IP-based records over the API: what is taken, what is refused. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { batch, type Output, records, TestCloud } from '../cloud.fake.ts';
import type { RecordSet } from '../record-set.ts';

type Loose = Partial<Record<keyof RecordSet, unknown>>;

const at = (id: string, members: Loose, value = '192.0.2.1'): Partial<RecordSet> =>
  records('x.r.test', 'A', [value], { SetIdentifier: id, ...(members as Partial<RecordSet>) });

const unknown = 'c0000000-0000-0000-0000-000000000000';
const constraintOn = '400 InvalidInput: 1 validation error detected: Value';

/** What, the members, and how the refusal begins. */
const refusals: readonly (readonly [string, Loose, string])[] = [
  ['no area', { GeoLocation: {} }, '400 InvalidInput: Invalid GeoLocation: one of'],
  [
    'continent and country',
    { GeoLocation: { ContinentCode: 'EU', CountryCode: 'DE' } },
    '400 InvalidInput: Invalid GeoLocation: ContinentCode cannot',
  ],
  [
    'continent and state',
    { GeoLocation: { ContinentCode: 'NA', SubdivisionCode: 'NY' } },
    '400 InvalidInput: Invalid GeoLocation: ContinentCode cannot',
  ],
  [
    'a state of no country',
    { GeoLocation: { SubdivisionCode: 'NY' } },
    '400 InvalidInput: Invalid GeoLocation: SubdivisionCode needs',
  ],
  [
    'a state of another country',
    { GeoLocation: { CountryCode: 'DE', SubdivisionCode: 'BY' } },
    '400 InvalidInput: Invalid GeoLocation: DE has no subdivision BY',
  ],
  ['no continent', { GeoLocation: { ContinentCode: 'XX' } }, `${constraintOn} 'XX'`],
  ['no country', { GeoLocation: { CountryCode: 'ZZ' } }, `${constraintOn} 'ZZ'`],
  [
    'nowhere',
    { GeoProximityLocation: { Bias: 3 } },
    '400 InvalidInput: Invalid GeoProximityLocation: exactly one',
  ],
  [
    'two places',
    { GeoProximityLocation: { AWSRegion: 'us-east-1', LocalZoneGroup: 'us-east-1-bos-1' } },
    '400 InvalidInput: Invalid GeoProximityLocation: exactly one',
  ],
  [
    'no region',
    { GeoProximityLocation: { AWSRegion: 'us-moon-1' } },
    `${constraintOn} 'us-moon-1'`,
  ],
  ['no zone', { GeoProximityLocation: { LocalZoneGroup: 'moon' } }, `${constraintOn} 'moon'`],
  [
    'a bias of 100',
    { GeoProximityLocation: { AWSRegion: 'us-east-1', Bias: 100 } },
    `${constraintOn} '100'`,
  ],
  [
    'three decimals',
    { GeoProximityLocation: { Coordinates: { Latitude: '1.234', Longitude: '1' } } },
    `${constraintOn} '1.234'`,
  ],
  [
    'beyond the pole',
    { GeoProximityLocation: { Coordinates: { Latitude: '91', Longitude: '1' } } },
    `${constraintOn} '91'`,
  ],
  [
    'beyond the date line',
    { GeoProximityLocation: { Coordinates: { Latitude: '1', Longitude: '-181.5' } } },
    `${constraintOn} '-181.5'`,
  ],
  [
    'no collection',
    { CidrRoutingConfig: { CollectionId: 'x', LocationName: 'a' } },
    `${constraintOn} 'x'`,
  ],
  [
    'no location name',
    { CidrRoutingConfig: { CollectionId: unknown, LocationName: 'a b' } },
    `${constraintOn} 'a b'`,
  ],
  [
    'an unknown collection',
    { CidrRoutingConfig: { CollectionId: unknown, LocationName: 'a' } },
    `400 InvalidChangeBatch: [CIDR collection ${unknown} does not exist.]`,
  ],
  [
    'two policies',
    { GeoLocation: { CountryCode: '*' }, Weight: 1 },
    '400 InvalidInput: Invalid request: Expected exactly one of [Weight, Region, Failover, GeoLocation',
  ],
];

describe('records by place and address', () => {
  test('are refused where their form is wrong', async () => {
    const cloud = await TestCloud.make();
    const zone = await cloud.zone('r.test');
    for (const [what, members, expected] of refusals) {
      const said = await cloud.refusal(
        'ChangeResourceRecordSets',
        batch(zone, ['CREATE', at('i', members)]),
      );
      assert.ok(said.startsWith(expected), `${what}: ${said}`);
    }
  });

  test('stand once per place, and one policy per name and type', async () => {
    const cloud = await TestCloud.make();
    const zone = await cloud.zone('r.test');
    const germany = { GeoLocation: { CountryCode: 'DE' } };
    await cloud.change(zone, ['CREATE', at('one', germany)]);
    const again = batch(zone, ['CREATE', at('two', germany)]);
    assert.equal(
      await cloud.refusal('ChangeResourceRecordSets', again),
      '400 InvalidChangeBatch: [RRSet with DNS name x.r.test., type A, SetIdentifier two, and ' +
        'GeoLocation ContinentCode=null, CountryCode=DE, SubdivisionCode=null cannot be created ' +
        'because a geolocation RRSet with the same name, type and location already exists]',
    );
    const other = batch(zone, [
      'CREATE',
      at('two', { GeoProximityLocation: { AWSRegion: 'us-east-1' } }),
    ]);
    assert.match(
      await cloud.refusal('ChangeResourceRecordSets', other),
      /as a non-geoproximity set/,
    );
    const many = Array.from({ length: 31 }, (_, i) => {
      const Coordinates = { Latitude: `${i}`, Longitude: '0.5' };
      const set = at(`${i}`, { GeoProximityLocation: { Coordinates } });
      return ['CREATE', { ...set, Name: 'many.r.test' }] as const;
    });
    assert.match(
      await cloud.refusal('ChangeResourceRecordSets', batch(zone, ...many)),
      /there are 30/,
    );
    await cloud.change(zone, ...many.slice(0, 30));
  });

  test('come back as they were written, and a DELETE must name all of it', async () => {
    const cloud = await TestCloud.make();
    const zone = await cloud.zone('r.test');
    const biased = at('b', { GeoProximityLocation: { AWSRegion: 'eu-central-1', Bias: -20 } });
    await cloud.change(zone, ['CREATE', biased]);
    const listed = await cloud.call('ListResourceRecordSets', { HostedZoneId: zone });
    const sets = listed['ResourceRecordSets'] as RecordSet[];
    assert.deepEqual(sets.at(-1)?.GeoProximityLocation, { AWSRegion: 'eu-central-1', Bias: -20 });
    const wrong = at('b', { GeoProximityLocation: { AWSRegion: 'eu-central-1', Bias: -21 } });
    assert.match(
      await cloud.refusal('ChangeResourceRecordSets', batch(zone, ['DELETE', wrong])),
      /do not match the current values/,
    );
    await cloud.change(zone, ['DELETE', biased]);
  });
});

interface Collection {
  readonly Id: string;
  readonly Version: number;
}
const collectionOf = (output: Output) => output['Collection'] as unknown as Collection;
const putIn = (LocationName: string, ...CidrList: string[]) => ({
  LocationName,
  Action: 'PUT',
  CidrList,
});
const drop = (LocationName: string, ...CidrList: string[]) => ({
  LocationName,
  Action: 'DELETE_IF_EXISTS',
  CidrList,
});

describe('CIDR collections', () => {
  test('are made once, changed by version, listed and deleted empty', async () => {
    const cloud = await TestCloud.make();
    const wanted = { Name: 'offices', CallerReference: '1' };
    const made = collectionOf(await cloud.call('CreateCidrCollection', wanted));
    assert.deepEqual(collectionOf(await cloud.call('CreateCidrCollection', wanted)), made);
    const other = { Name: 'offices', CallerReference: '2' };
    assert.match(
      await cloud.refusal('CreateCidrCollection', other),
      /^400 CidrCollectionAlreadyExistsException/,
    );
    const change = (more: object, ...Changes: object[]) =>
      cloud.refusal('ChangeCidrCollection', { Id: made.Id, Changes, ...more });
    assert.equal(await change({}, putIn('tokyo', '10.1.2.3/16', '2001:db8::/32')), 'accepted');
    assert.equal(await change({ CollectionVersion: 2 }, putIn('osaka', '10.2.0.0/16')), 'accepted');
    assert.match(
      await change({ CollectionVersion: 2 }, drop('osaka', '10.2.0.0/16')),
      /CidrCollectionVersionMismatchException/,
    );
    assert.match(await change({}, putIn('osaka', '10.1.0.0/16')), /is in the location tokyo/);
    for (const bad of ['10.0.0.0/25', '0.0.0.0/0', '10.0.0.0', '2001:db8::/49', 'x/8', '1.2.3/8']) {
      assert.match(await change({}, putIn('osaka', bad)), /^400 InvalidInput/, bad);
    }
    assert.match(await change({}, putIn('*', '10.9.0.0/16')), /^400 InvalidInput/);
    const listed = await cloud.call('ListCidrBlocks', { CollectionId: made.Id });
    assert.deepEqual(listed['CidrBlocks'], [
      { CidrBlock: '10.2.0.0/16', LocationName: 'osaka' },
      { CidrBlock: '10.1.0.0/16', LocationName: 'tokyo' },
      { CidrBlock: '2001:db8::/32', LocationName: 'tokyo' },
    ]);
    const page = await cloud.call('ListCidrLocations', { CollectionId: made.Id, MaxResults: 1 });
    assert.deepEqual(page['CidrLocations'], [{ LocationName: 'osaka' }]);
    const rest = { CollectionId: made.Id, NextToken: page['NextToken'] };
    assert.deepEqual((await cloud.call('ListCidrLocations', rest))['CidrLocations'], [
      { LocationName: 'tokyo' },
    ]);
    assert.match(
      await cloud.refusal('ListCidrBlocks', { CollectionId: made.Id, LocationName: 'rome' }),
      /NoSuchCidrLocationException/,
    );
    assert.match(
      await cloud.refusal('DeleteCidrCollection', { Id: made.Id }),
      /CidrCollectionInUseException/,
    );
    assert.equal(
      await change({}, drop('osaka', '10.2.0.0/16'), drop('tokyo', '10.1.0.0/16', '2001:db8::/32')),
      'accepted',
    );
    await cloud.call('DeleteCidrCollection', { Id: made.Id });
    assert.match(
      await cloud.refusal('ListCidrBlocks', { CollectionId: made.Id }),
      /^404 NoSuchCidrCollectionException/,
    );
  });

  test('hold on to what records use, and a change of blocks reaches the answers', async () => {
    const cloud = await TestCloud.make();
    const zone = await cloud.zone('r.test');
    const made = await cloud.call('CreateCidrCollection', { Name: 'a', CallerReference: 'a' });
    const { Id } = collectionOf(made);
    // Tokyo's and Osaka's model subnets.
    const change = (...Changes: object[]) => cloud.call('ChangeCidrCollection', { Id, Changes });
    await change(putIn('one', '198.18.30.0/24'));
    const one = at(
      'one',
      { CidrRoutingConfig: { CollectionId: Id, LocationName: 'one' } },
      '192.0.2.1',
    );
    const rest = at(
      'rest',
      { CidrRoutingConfig: { CollectionId: Id, LocationName: '*' } },
      '192.0.2.2',
    );
    await cloud.change(zone, ['CREATE', one], ['CREATE', rest]);
    await cloud.sleep(600);
    assert.equal(cloud.dig('x.r.test', 'A', 'tokyo'), '192.0.2.1');
    assert.equal(cloud.dig('x.r.test', 'A', 'osaka'), '192.0.2.2');
    const gone = { Id, Changes: [drop('one', '198.18.30.0/24')] };
    assert.match(await cloud.refusal('ChangeCidrCollection', gone), /CidrBlockInUseException/);
    await change(putIn('one', '198.18.32.0/24'), drop('one', '198.18.30.0/24'));
    await cloud.sleep(600);
    assert.equal(cloud.dig('x.r.test', 'A', 'tokyo'), '192.0.2.2');
    assert.equal(cloud.dig('x.r.test', 'A', 'osaka'), '192.0.2.1');
    await cloud.restartEdge();
    assert.equal(cloud.dig('x.r.test', 'A', 'osaka'), '192.0.2.1', 'after a restart');
    await cloud.change(zone, ['DELETE', one]);
    await change(drop('one', '198.18.32.0/24'));
    assert.match(
      await cloud.refusal('DeleteCidrCollection', { Id }),
      /CidrCollectionInUseException/,
    );
  });
});

describe('areas', () => {
  test('are listed page by page, and each can be got', async () => {
    const cloud = await TestCloud.make();
    const all: object[] = [];
    let start: object = {};
    for (let pages = 0; pages < 10; pages++) {
      const page = await cloud.call('ListGeoLocations', { ...start, MaxItems: 60 });
      all.push(...(page['GeoLocationDetailsList'] as object[]));
      if (page['IsTruncated'] !== true) break;
      start = {
        StartContinentCode: page['NextContinentCode'],
        StartCountryCode: page['NextCountryCode'],
        StartSubdivisionCode: page['NextSubdivisionCode'],
      };
    }
    assert.equal(new Set(all.map((each) => JSON.stringify(each))).size, all.length);
    assert.ok(all.length > 330, String(all.length));
    const get = (input: object) => cloud.refusal('GetGeoLocation', input);
    assert.equal(await get({ CountryCode: 'US', SubdivisionCode: 'NY' }), 'accepted');
    assert.equal(await get({ ContinentCode: 'AF' }), 'accepted');
    assert.match(await get({ CountryCode: 'ZZ' }), /^404 NoSuchGeoLocation/);
    const { GeoLocationDetails } = await cloud.call('GetGeoLocation', { CountryCode: 'JP' });
    assert.deepEqual(GeoLocationDetails, { CountryCode: 'JP', CountryName: 'Japan' });
  });
});
