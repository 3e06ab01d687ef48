import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { PacketCache } from './packet-cache.ts';

/** A query of a number, with an id; and what is answered to it, with an id of its own. */
const query = (n: number, id = 0): Buffer => {
  const bytes = Buffer.alloc(40 + (n % 7), n & 255);
  bytes.writeUInt16BE(id);
  bytes.writeUInt32BE(n, 20);
  return bytes;
};
const answer = (n: number): Buffer => Buffer.from(`__answer to ${n}, ${'x'.repeat(n % 90)}`);

/** Only one in so many offers is taken. */
function keep(cache: PacketCache, n: number): void {
  for (let times = 0; times < 8; times++) cache.keep(query(n), answer(n));
}

describe('whole answers', () => {
  test('are found for the same octets only, with the id of the query', () => {
    const cache = new PacketCache();
    fc.assert(
      fc.property(fc.nat(50), fc.nat(200), fc.nat(65_535), (kept, asked, id) => {
        keep(cache, kept);
        assert.ok(cache.find(query(kept)));
        const found = cache.find(query(asked, id));
        if (found === undefined) return;
        assert.equal(found.readUInt16BE(0), id);
        assert.deepEqual(found.subarray(2), answer(asked).subarray(2));
        // It is the caller's own.
        found.fill(0);
        assert.deepEqual(cache.find(query(asked, id))?.subarray(2), answer(asked).subarray(2));
      }),
    );
    for (let at = 2; at < query(7).length; at++) {
      const other = query(7);
      other.writeUInt8(other.readUInt8(at) ^ 1, at);
      keep(cache, 7);
      assert.equal(cache.find(other), undefined, `octet ${at}`);
    }
  });

  test('are bounded in number, and nearly all of a few thousand are kept', () => {
    const cache = new PacketCache();
    const known = (count: number): number => {
      let found = 0;
      for (let n = 0; n < count; n++) if (cache.find(query(n)) !== undefined) found++;
      return found;
    };
    for (let n = 0; n < 1_000; n++) keep(cache, n);
    assert.ok(known(1_000) > 900, `${known(1_000)} of 1,000`);
    for (let n = 0; n < 30_000; n++) keep(cache, n);
    assert.ok(known(30_000) <= 8_192);
    cache.clear();
    assert.equal(known(30_000), 0);
  });

  test('are not kept where query or answer is long', () => {
    const cache = new PacketCache();
    for (let n = 0; n < 20; n++) cache.keep(query(1), Buffer.alloc(513));
    for (let n = 0; n < 20; n++) cache.keep(Buffer.alloc(193), answer(1));
    assert.equal(cache.find(query(1)), undefined);
    assert.equal(cache.find(Buffer.alloc(193)), undefined);
  });
});
