import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as bytes from './bytes.ts';

test('texts come back from their encodings', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), (input) => {
      assert.ok(bytes.equalBytes(bytes.base64Decode(bytes.base64Encode(input)) ?? input, input));
      assert.ok(bytes.isBase64(bytes.base64Encode(input)));
      assert.ok(bytes.equalBytes(bytes.hexDecode(bytes.hexEncode(input)) ?? input, input));
      assert.equal(bytes.concatBytes([input, input]).length, input.length * 2);
    }),
  );
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      assert.equal(bytes.utf8DecodeStrict(bytes.utf8Encode(text)), text);
    }),
  );
});

test('a view into a larger buffer is read from its own offset', () => {
  const inner = new Uint8Array([0, 104, 105, 0]).subarray(1, 3);
  assert.equal(bytes.utf8Decode(inner), 'hi');
  assert.equal(bytes.hexEncode(inner), '6869');
});

test('what is not in the format is undefined, never thrown', () => {
  assert.equal(bytes.hexDecode('abc'), undefined);
  assert.equal(bytes.hexDecode('zz'), undefined);
  assert.equal(bytes.base64Decode('a'), undefined);
  assert.equal(bytes.base64Decode('a-_='), undefined);
  assert.equal(bytes.base64Decode('a==='), undefined);
  assert.equal(bytes.utf8DecodeStrict(new Uint8Array([0xff])), undefined);
});

test('bytes order as unsigned', () => {
  assert.ok(bytes.compareBytes(new Uint8Array([0x80]), new Uint8Array([0x7f])) > 0);
  assert.ok(bytes.compareBytes(new Uint8Array([1]), new Uint8Array([1, 0])) < 0);
});
