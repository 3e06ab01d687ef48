import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareBytes } from '../../../stdx/bytes.ts';
import type { AttributeValue } from '../values/attribute-value.ts';
import { compareDecimals, decimalProblem, formatDecimal, parseDecimal } from '../values/decimal.ts';
import { terminated, terminatedWithPrefix } from './index-entries.ts';
import {
  after,
  changeKey,
  decodeSortKey,
  encodeItemKey,
  encodeSortKey,
  indexPrefix,
  itemKeyOfTombstone,
  sequenceOf,
  tombstoneKeyOf,
} from './key-encoding.ts';

const numbers = fc
  .tuple(
    fc.boolean(),
    fc.oneof(fc.bigInt({ min: 0n, max: 10n ** 38n - 1n }), fc.bigInt({ min: 0n, max: 200n })),
    fc.oneof(fc.integer({ min: -130, max: 88 }), fc.integer({ min: -3, max: 3 })),
  )
  .map(([negative, digits, exponent]) => `${negative ? '-' : ''}${digits}e${exponent}`)
  .map((text) => parseDecimal(text))
  .filter((value) => value !== undefined)
  .filter((value) => decimalProblem(value) === undefined);

test('encoded numbers order by value and decode to themselves', () => {
  fc.assert(
    fc.property(numbers, numbers, (a, b) => {
      const [x, y] = [{ N: formatDecimal(a) }, { N: formatDecimal(b) }];
      const order = compareBytes(encodeSortKey(x), encodeSortKey(y));
      assert.equal(Math.sign(order), Math.sign(compareDecimals(a, b)));
      assert.deepEqual(decodeSortKey(encodeSortKey(x), 'N'), x);
    }),
    { numRuns: 500 },
  );
});

const text = fc.string({ unit: 'grapheme', maxLength: 20 });

test('encoded texts and bytes order as unsigned bytes and decode to themselves', () => {
  fc.assert(
    fc.property(text, text, (a, b) => {
      const order = compareBytes(encodeSortKey({ S: a }), encodeSortKey({ S: b }));
      assert.equal(Math.sign(order), Math.sign(compareBytes(Buffer.from(a), Buffer.from(b))));
      assert.deepEqual(decodeSortKey(encodeSortKey({ S: a }), 'S'), { S: a });
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const value = { B: Buffer.from(bytes).toString('base64') };
      assert.deepEqual(decodeSortKey(encodeSortKey(value), 'B'), value);
    }),
  );
});

const bytes = fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.uint8Array({ maxLength: 20, max: 1 }));

test('terminated bytes keep their order and let something follow', () => {
  fc.assert(
    fc.property(bytes, bytes, bytes, bytes, (a, b, x, y) => {
      const order = compareBytes(a, b);
      const followed = compareBytes(
        Buffer.concat([terminated(a), x]),
        Buffer.concat([terminated(b), y]),
      );
      assert.equal(Math.sign(followed), Math.sign(order === 0 ? compareBytes(x, y) : order));
      const startsWith = Buffer.from(a).subarray(0, b.length).equals(b);
      if (b.length === 0 || b[0] === 0xff) return;
      const { start, end } = terminatedWithPrefix(b);
      const encoded = terminated(a);
      assert.equal(compareBytes(start, encoded) <= 0 && compareBytes(encoded, end) < 0, startsWith);
    }),
    { numRuns: 2000 },
  );
});

test('the longest legal keys fit the store', () => {
  const table = {
    id: 0xffffffff,
    partitionKey: { name: 'p', type: 'S' },
    sortKey: { name: 's', type: 'B' },
  } as const;
  const key: Record<string, AttributeValue> = {
    p: { S: 'p'.repeat(2048) },
    s: { B: Buffer.alloc(1024, 0xff).toString('base64') },
  };
  assert.equal(encodeItemKey(table, key).length, 1045);
  const longest =
    indexPrefix(table.id, 1, new Uint8Array(16)).length +
    terminated(Buffer.alloc(1024)).length +
    16;
  assert.equal(longest, 1200);
});

test('keys of tombstones and changes lead back', () => {
  const key = encodeItemKey(
    { id: 7, partitionKey: { name: 'p', type: 'N' }, sortKey: undefined },
    { p: { N: '1' } },
  );
  assert.ok(itemKeyOfTombstone(tombstoneKeyOf(key)).equals(key));
  assert.equal(sequenceOf(changeKey(7, 2 ** 40)), 2 ** 40);
  assert.deepEqual(after(Uint8Array.of(1, 255, 255)), Buffer.from([2]));
});
