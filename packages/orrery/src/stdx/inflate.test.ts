import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { inflateStart } from './inflate.ts';

test('the beginning of a body comes out, whole or cut off', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 3000 }), fc.nat(3000), (body, max) => {
      for (const [encoding, packed] of [
        ['gzip', gzipSync(body)],
        ['deflate', deflateSync(body)],
        ['Deflate', deflateRawSync(body)],
      ] as const) {
        const out = inflateStart(packed, encoding, max);
        // A bare stream can begin as if it were zlib's: then it counts as broken.
        if (out === undefined) assert.equal(encoding, 'Deflate');
        else assert.deepEqual(Buffer.from(out), Buffer.from(body.subarray(0, max)));
        const part = inflateStart(packed.subarray(0, packed.length >> 1), encoding, max);
        if (part !== undefined && encoding !== 'Deflate') {
          assert.deepEqual(Buffer.from(part), Buffer.from(body.subarray(0, part.length)));
        }
      }
    }),
  );
});

test('other encodings and broken data give nothing', () => {
  assert.equal(inflateStart(Buffer.from('plain'), 'gzip', 10), undefined);
  assert.equal(inflateStart(Buffer.from('plain'), 'br', 10), undefined);
});

test('5,120 bytes that unpack to five million are cut short', () => {
  const bomb = gzipSync(Buffer.alloc(50_000_000)).subarray(0, 5120);
  assert.equal(inflateStart(bomb, 'gzip', 5120)?.length, 5120);
});
