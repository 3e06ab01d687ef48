import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { VersionVector } from '../api.ts';
import {
  compareVersions,
  decodeRecord,
  encodeRecord,
  encodeSuccessor,
  includesVersion,
  itemOfRecord,
  mergeVectors,
  succeedingVector,
  versionOfRecord,
} from './version.ts';

const regionIds = ['ap-northeast-1', 'eu-central-1', 'eu-west-1', 'us-east-1'];
const timestamp = fc.bigInt({ min: 0n, max: 200n }).map((n) => n.toString(16).padStart(16, '0'));
const region = fc.constantFrom(...regionIds);
const version = fc.record({ timestamp, region }, { noNullPrototype: true });
const vector = fc.dictionary(region, timestamp) as fc.Arbitrary<VersionVector>;
const item = fc.option(
  fc.string().map((text) => JSON.stringify({ pk: { S: text } })),
  { nil: null },
);
const record = fc.record({ version, others: vector, item }).map(({ version, others, item }) => ({
  version,
  vector: { ...others, [version.region]: version.timestamp } as VersionVector,
  item,
}));

test('a record comes apart as it was put together', () => {
  fc.assert(
    fc.property(record, (sample) => {
      const text = encodeRecord(sample.version, sample.vector, sample.item);
      const back = decodeRecord(text);
      assert.deepEqual(back.version, sample.version);
      assert.deepEqual({ ...back.vector }, { ...sample.vector });
      assert.equal(back.item, sample.item);
      assert.equal(itemOfRecord(text), sample.item);
      assert.deepEqual(versionOfRecord(text), sample.version);
    }),
  );
});

test('the text of a lone version is its timestamp, its region, a bar and the item', () => {
  const version = { timestamp: '0000018f00000001', region: 'eu-west-1' };
  const text = encodeRecord(version, { 'eu-west-1': version.timestamp }, '{"pk":{"S":"a,b|c"}}');
  assert.equal(text, '0000018f00000001@eu-west-1|{"pk":{"S":"a,b|c"}}');
  assert.equal(itemOfRecord(text), '{"pk":{"S":"a,b|c"}}');
  assert.equal(encodeRecord(version, {}, null), '0000018f00000001@eu-west-1|');
});

test('the other regions of a vector stand in order, whatever order they were added in', () => {
  const version = { timestamp: '0000000000000009', region: 'eu-west-1' };
  const a = { 'us-east-1': '0000000000000001', 'eu-central-1': '0000000000000002' };
  const b = { 'eu-central-1': '0000000000000002', 'us-east-1': '0000000000000001' };
  assert.equal(encodeRecord(version, a, null), encodeRecord(version, b, null));
});

test('the fast road of a local write gives the text of the plain one', () => {
  fc.assert(
    fc.property(version, fc.option(record, { nil: undefined }), item, (next, before, item) => {
      const replaced = before && encodeRecord(before.version, before.vector, before.item);
      const plain = encodeRecord(next, succeedingVector(next, before?.vector), item);
      assert.equal(encodeSuccessor(next, replaced, item), plain);
    }),
  );
});

test('what is not a record is refused and not taken for an old version', () => {
  for (const text of ['', '{"pk":{"S":"a"}}', '0000018f00000001', '0000018f00000001@|', '|||||']) {
    assert.throws(() => decodeRecord(text), RangeError, text);
  }
});

test('versions are in a total order: time first, the region breaks ties', () => {
  const early = { timestamp: '0000000000000001', region: 'us-east-1' };
  const late = { timestamp: '0000000000000002', region: 'ap-northeast-1' };
  assert.ok(compareVersions(early, late) < 0);
  assert.ok(compareVersions({ ...early, region: 'eu-west-1' }, early) < 0);
  fc.assert(
    fc.property(version, version, version, (a, b, c) => {
      assert.equal(Math.sign(compareVersions(a, b)), -Math.sign(compareVersions(b, a)) + 0);
      assert.equal(
        compareVersions(a, b) === 0,
        a.timestamp === b.timestamp && a.region === b.region,
      );
      if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) {
        assert.ok(compareVersions(a, c) <= 0);
      }
    }),
  );
});

test('vectors merge like sets: commutative, associative, idempotent, and nothing is forgotten', () => {
  fc.assert(
    fc.property(vector, vector, vector, version, (a, b, c, seen) => {
      const plain = (v: VersionVector) => ({ ...v });
      assert.deepEqual(plain(mergeVectors(a, b)), plain(mergeVectors(b, a)));
      assert.deepEqual(
        plain(mergeVectors(mergeVectors(a, b), c)),
        plain(mergeVectors(a, mergeVectors(b, c))),
      );
      assert.equal(mergeVectors(a, a), a);
      assert.equal(
        includesVersion(mergeVectors(a, b), seen),
        includesVersion(a, seen) || includesVersion(b, seen),
      );
    }),
  );
});
