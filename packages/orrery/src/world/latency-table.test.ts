import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GeoDatabase } from './geo-database.ts';
import { placeToRegionRttMs, rttMs } from './latency.ts';
import {
  LatencyTableError,
  latencyNetworks,
  readLatencyTable,
  tableRttMs,
} from './latency-table.ts';
import { cityRecord, mmdbOf } from './mmdb.fake.ts';
import { openMmdb } from './mmdb.ts';
import { type Place, placeByName } from './places.ts';

const place = (name: string): Place => {
  const found = placeByName(name);
  assert.ok(found, name);
  return found;
};

const read = (rows: object) => readLatencyTable(JSON.stringify(rows));
const networksOf = (rows: object, database?: GeoDatabase) =>
  latencyNetworks(read(rows), database, place('ashburn'));

test('a place, by any of its names, has the times of its row and the model elsewhere', () => {
  const { rttMs: ms, database } = networksOf({ kyoto: { 'us-east-1': 3 } });
  assert.equal(ms(place('osaka'), 'us-east-1'), 3);
  assert.equal(ms(place('osaka'), 'eu-west-1'), placeToRegionRttMs(place('osaka'), 'eu-west-1'));
  assert.equal(ms(place('tokyo'), 'us-east-1'), placeToRegionRttMs(place('tokyo'), 'us-east-1'));
  assert.throws(() => ms(place('tokyo'), 'us-moon-1'), RangeError);
  assert.equal(database.find('203.0.113.1').place, undefined);
});

test('a subnet is a place of its own, the longest first, with the row of its place beneath', () => {
  const { rttMs: ms, database } = networksOf({
    osaka: { 'eu-west-1': 250 },
    '203.0.113.0/24': { place: 'osaka', 'us-east-1': 7 },
    '203.0.113.64/26': { 'us-east-1': 8 },
    '2001:db8::/32': { place: 'paris', 'us-east-1': 9 },
    '133.11.0.0/16': { 'us-east-1': 10 },
  });
  const at = (ip: string): Place => {
    const found = database.find(ip).place;
    assert.ok(found, ip);
    return found;
  };
  assert.equal(ms(at('203.0.113.1'), 'us-east-1'), 7);
  assert.equal(ms(at('203.0.113.1'), 'eu-west-1'), 250);
  assert.equal(at('203.0.113.1').country, 'JP');
  assert.equal(ms(at('203.0.113.65'), 'us-east-1'), 8);
  assert.equal(at('203.0.113.65').country, 'US', 'at the default place');
  assert.equal(ms(at('2001:db8::1'), 'us-east-1'), 9);
  assert.equal(ms(at('::ffff:203.0.113.1'), 'us-east-1'), 7);
  assert.equal(at('133.11.4.4').country, 'JP', 'where a well-known block is');
  assert.equal(at('203.0.113.1'), at('203.0.113.2'));
  assert.notEqual(at('203.0.113.1').index, at('203.0.113.65').index);
  assert.deepEqual(database.find('203.0.114.1'), { place: undefined, prefixLength: 26 });
  assert.equal(database.find('2001:db9::1').prefixLength, 32);
});

test('a subnet without a place is where the database has it; others are the database’s', () => {
  const under = openMmdb(mmdbOf({ '203.0.112.0/22': cityRecord('NZ', 'Nelson', [-41.3, 173.3]) }));
  const { database } = networksOf({ '203.0.113.0/24': { 'us-east-1': 7 } }, under);
  assert.equal(database.find('203.0.113.9').place?.country, 'NZ');
  assert.equal(database.find('203.0.112.9').place?.displayName, 'Nelson');
  assert.equal(database.find('203.0.112.9').prefixLength, 24);
});

test('between locations: regions both ways, places to regions, nothing else', () => {
  const table = read({ 'us-east-1': { 'eu-west-1': 67 }, tokyo: { 'eu-west-1': 210 } });
  assert.equal(tableRttMs(table, 'us-east-1', 'eu-west-1'), 67);
  assert.equal(tableRttMs(table, 'eu-west-1', 'us-east-1'), 67);
  assert.equal(tableRttMs(table, '@tokyo', 'eu-west-1'), 210);
  assert.equal(tableRttMs(table, 'eu-west-1', '@tokyo'), 210);
  for (const [from, to] of [
    ['@ashburn', 'eu-west-1'],
    ['@tokyo', '@osaka'],
    ['global', 'us-east-1'],
    ['@nowhere', 'us-east-1'],
  ] as const) {
    assert.equal(tableRttMs(table, from, to), undefined, `${from} ${to}`);
  }
  assert.notEqual(rttMs('us-east-1', 'eu-west-1'), 67);
});

test('what is wrong with a table is said in words', () => {
  const cases: readonly [string | object, RegExp][] = [
    ['{', /It is no JSON/],
    [[], /The table must be an object/],
    [{ tokyo: 5 }, /The row "tokyo" must be an object/],
    [{ tokio: {} }, /"tokio" is no place, no region and no subnet\. Did you mean tokyo/],
    [{ 'x y z q': {} }, /See: orrery places/],
    [
      { tokyo: { 'us-east-9': 5 } },
      /"us-east-9" in the row "tokyo" is no region\. Did you mean us-east-1/,
    ],
    [{ tokyo: { 'us-east-1': 'fast' } }, /from 0 to 60000, not "fast"/],
    [{ tokyo: { 'us-east-1': -1 } }, /from 0 to 60000, not -1/],
    [{ tokyo: { place: 'osaka' } }, /only a subnet can/],
    [{ osaka: {}, kyoto: {} }, /"kyoto" has a row already/],
    [{ '2001:db8::/32': {}, '2001:0db8::/32': {} }, /"2001:0db8::\/32" has a row already/],
    [{ '::ffff:10.0.0.0/8': {} }, /is no subnet/],
    [{ '203.0.113.7/24': {} }, /has bits beyond its \/24/],
    [{ '203.0.113.0/33': {} }, /is no subnet/],
    [{ '0.0.0.0/0': {} }, /is no subnet/],
    [{ '203.0.113.0/24': { place: 'tokio' } }, /"tokio"\. Did you mean tokyo/],
    [{ '198.18.30.0/24': {} }, /name the place, "tokyo", instead/],
    [
      { 'us-east-1': { 'eu-west-1': 67 }, 'eu-west-1': { 'us-east-1': 70 } },
      /a round trip is the same both ways/,
    ],
    [Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`x${i}`, {}])), /10001 rows/],
  ];
  for (const [rows, message] of cases) {
    const text = typeof rows === 'string' ? rows : JSON.stringify(rows);
    assert.throws(
      () => readLatencyTable(text),
      (error) => error instanceof LatencyTableError && message.test(error.message),
      text.slice(0, 80),
    );
  }
});
