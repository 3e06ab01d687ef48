import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import * as digest from './digest.ts';

test('digests of published vectors', () => {
  assert.equal(
    digest.sha256Hex('abc'),
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
  assert.equal(digest.sha256('abc').length, 32);
  assert.equal(digest.sha1Hex('abc'), 'a9993e364706816aba3e25717850c26c9cd0d89d');
  assert.equal(digest.md5Hex('abc'), '900150983cd24fb0d6963f7d28e17f72');
  assert.equal(digest.crc32('123456789'), 0xcbf43926);
  assert.equal(
    digest.hmacSha256Hex('Jefe', 'what do ya want for nothing?'),
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  );
});

test('secrets compare by content', () => {
  assert.ok(digest.equalSecrets('abc', 'abc'));
  assert.ok(!digest.equalSecrets('abc', 'abd'));
  assert.ok(!digest.equalSecrets('abc', 'ab'));
});

test('HMAC is that of node:crypto, for keys of every length', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 150 }), fc.string({ maxLength: 200 }), (key, text) => {
      const expected = createHmac('sha256', key).update(text).digest();
      assert.equal(digest.hmacSha256Hex(key, text), expected.toString('hex'));
      assert.deepEqual(Buffer.from(digest.hmacSha256(key, text)), expected);
    }),
  );
});
