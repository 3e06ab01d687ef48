import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compareBytes } from './bytes.ts';
import { prefixRange, textKey } from './text-keys.ts';

describe('prefixRange', () => {
  it('holds the keys that begin with the prefix and no others', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 5 }), fc.string({ maxLength: 9 }), (name, key) => {
        const prefix = `${name}/`;
        const { start, end } = prefixRange(prefix);
        const isIn = (bytes: Uint8Array): boolean =>
          compareBytes(bytes, start) >= 0 && compareBytes(bytes, end) < 0;
        assert.ok(isIn(textKey(prefix + key)));
        assert.equal(isIn(textKey(key)), key.startsWith(prefix));
      }),
    );
  });
});
