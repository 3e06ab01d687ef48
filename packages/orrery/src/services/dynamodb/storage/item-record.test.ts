import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bodyOf, decodeRecord, encodeRecord, succeed, timestampOf } from './item-record.ts';

const timestamp = fc
  .bigInt({ min: 0n, max: 2n ** 64n - 1n })
  .map((value) => value.toString(16).padStart(16, '0'));
const region = fc.constantFrom('us-east-1', 'eu-central-1', 'ap-northeast-1');
const version = fc.record({ timestamp, region });
const vector = fc.dictionary(region, timestamp, { noNullPrototype: true });

test('a record decodes to what it was made of', () => {
  fc.assert(
    fc.property(version, vector, fc.json(), (own, others, body) => {
      const record = encodeRecord(own, others, body);
      assert.deepEqual(decodeRecord(record), {
        version: own,
        vector: { ...others, [own.region]: own.timestamp },
        body,
      });
      assert.equal(bodyOf(record), body);
      assert.equal(timestampOf(record), own.timestamp);
    }),
  );
});

test('a local write carries the vector on', () => {
  fc.assert(
    fc.property(version, vector, version, (old, others, next) => {
      const before = encodeRecord(old, others, '{}');
      const after = decodeRecord(succeed(before, next, '{"a":{"S":"|,@"}}'));
      assert.deepEqual(after.version, next);
      assert.deepEqual(after.vector, {
        ...decodeRecord(before).vector,
        [next.region]: next.timestamp,
      });
    }),
  );
  assert.equal(
    succeed(undefined, { timestamp: '0'.repeat(16), region: 'us-east-1' }, '{}'),
    '0000000000000000@us-east-1|{}',
  );
});
