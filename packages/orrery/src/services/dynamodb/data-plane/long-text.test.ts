import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SerializedBody } from '../../../endpoint/service.ts';
import { crc32 } from '../../../stdx/digest.ts';
import { LongText } from './long-text.ts';

test('a text is the same whole as in pieces, however long it grows', () => {
  const part = fc.tuple(fc.constantFrom('x', 'ä', '€', '😀'), fc.nat(300_000));
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const text = new LongText();
      const pieces = parts.map(([of, count]) => of.repeat(count));
      for (const piece of pieces) text.add(piece);
      const whole = pieces.join('');
      const made = text.end();
      if (made instanceof SerializedBody) {
        assert.equal(made.text, whole);
        assert.ok(whole.length < 256 * 1024);
        return;
      }
      assert.ok(Buffer.from(whole).equals(made.bytes));
      assert.equal(made.crc32, crc32(made.bytes));
    }),
    { numRuns: 60 },
  );
});
