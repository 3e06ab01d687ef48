import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cityRecord, type MmdbValue, mmdbOf } from './mmdb.fake.ts';
import { MmdbError, openMmdb } from './mmdb.ts';
import { placeByName } from './places.ts';

const networks: Readonly<Record<string, MmdbValue>> = {
  '192.0.2.0/24': cityRecord('GB', 'Leeds', [53.7965, -1.5478]),
  '192.0.2.128/28': cityRecord('US', 'Buffalo', [42.8864, -78.8784], 'NY'),
  '198.51.100.0/22': cityRecord('CA', 'Regina', [50.4452, -104.6189], 'SK'),
  '203.0.113.7/32': { country: { iso_code: 'FR' } },
  '2001:db8::/32': cityRecord('NZ', 'Nelson', [-41.2706, 173.284]),
  '2001:db8:1::/48': cityRecord('UA', 'Lviv', [49.8397, 24.0297], '46'),
};

for (const recordSize of [24, 28, 32] as const) {
  test(`places are found by network, the longest first (records of ${recordSize} bits)`, () => {
    const database = openMmdb(mmdbOf(networks, { recordSize }));
    assert.equal(database.name, 'GeoLite2-City');
    const leeds = database.find('192.0.2.1');
    assert.ok(leeds.place);
    const { displayName, country, subdivision, continent, lat, lon } = leeds.place;
    assert.deepEqual(
      [displayName, country, subdivision, continent, lat, lon],
      ['Leeds', 'GB', undefined, 'EU', 53.8, -1.5],
    );
    assert.equal(leeds.prefixLength, 25);
    const buffalo = database.find('192.0.2.143');
    assert.equal(buffalo.place?.name, 'US-NY@42.9,-78.9');
    assert.equal(buffalo.prefixLength, 28);
    // Only the United States and Ukraine have subdivisions in Route 53.
    assert.equal(database.find('198.51.103.9').place?.subdivision, undefined);
    assert.equal(database.find('::ffff:192.0.2.1').place, leeds.place);
    assert.equal(database.find('2001:db8:7::1').place?.displayName, 'Nelson');
    assert.equal(database.find('2001:db8:1::1').place?.subdivision, '46');
    for (const unknown of ['203.0.113.7', '8.8.8.8', '2001:db9::1', 'not an address', '']) {
      assert.equal(database.find(unknown).place, undefined, unknown);
    }
  });
}

test('a place is one object however often and from wherever it is asked for', () => {
  const database = openMmdb(
    mmdbOf({
      '192.0.2.0/25': cityRecord('GB', 'Leeds', [53.79, -1.54]),
      '198.51.100.0/24': cityRecord('GB', 'Leeds', [53.81, -1.52]),
    }),
  );
  const first = database.find('192.0.2.1').place;
  assert.ok(first);
  assert.equal(database.find('192.0.2.99').place, first);
  assert.equal(database.find('198.51.100.1').place, first);
  assert.notEqual(first.index, placeByName('london')?.index);
});

test('an IPv4 database knows no IPv6 address', () => {
  const leeds = { '192.0.2.0/24': cityRecord('GB', 'Leeds', [53.7965, -1.5478]) };
  const database = openMmdb(mmdbOf(leeds, { ipVersion: 4 }));
  assert.equal(database.find('192.0.2.1').place?.displayName, 'Leeds');
  assert.equal(database.find('2001:db8::1').place, undefined);
});

test('a file that will not do is refused in words', () => {
  const country = { '192.0.2.0/24': { country: { iso_code: 'GB' } } };
  const asn = { '192.0.2.0/24': { autonomous_system_number: 64500 } };
  const good = mmdbOf(networks);
  const cases: readonly [Buffer, RegExp][] = [
    [Buffer.alloc(0), /^is empty\.$/],
    [Buffer.from('{"no": "database"}'), /no MaxMind DB \(\.mmdb\) file/],
    [Buffer.from([0x1f, 0x8b, 8, 0]), /gzip archive\. Unpack it first/],
    [good.subarray(0, good.length / 2), /cut short/],
    [good.subarray(good.length - 270), /search tree is longer than the file/],
    [mmdbOf(networks, { majorVersion: 3 }), /version 3 of the format; 2 can be read/],
    [
      mmdbOf(country, { databaseType: 'GeoLite2-Country' }),
      /is a GeoLite2-Country database: it has no coordinates.*GeoLite2-City/,
    ],
    [
      mmdbOf(asn, { databaseType: 'ASN-Lite' }),
      /is an ASN-Lite database: it does not say where networks are.*GeoLite2-City/,
    ],
    [mmdbOf({}), /without networks/],
  ];
  for (const [bytes, message] of cases) {
    assert.throws(
      () => openMmdb(bytes),
      (error) => error instanceof MmdbError && message.test(error.message),
      String(message),
    );
  }
});

test('a damaged file is refused, or leaves addresses unknown; it never throws later', () => {
  const good = mmdbOf(networks);
  let refused = 0;
  for (let at = 0; at < good.length; at++) {
    for (const value of [0x00, 0x2f, 0xff]) {
      const bytes = Buffer.from(good);
      bytes[at] = value;
      let database: ReturnType<typeof openMmdb> | undefined;
      try {
        database = openMmdb(bytes);
      } catch (error) {
        assert.ok(error instanceof MmdbError, `${at}: ${error}`);
        refused++;
      }
      for (const ip of ['192.0.2.1', '192.0.2.130', '2001:db8::1', '9.9.9.9']) database?.find(ip);
    }
  }
  assert.ok(refused > 0);
});
