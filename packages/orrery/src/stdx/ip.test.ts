import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatIpv4, formatIpv6, isIp, parseIpv4, parseIpv6 } from './ip.ts';

test('IPv4 text and number are the same thing', () => {
  fc.assert(
    fc.property(fc.ipV4(), (text) => {
      const value = parseIpv4(text);
      assert.ok(value !== undefined);
      assert.equal(formatIpv4(value), text);
    }),
  );
});

test('IPv6 text survives the bytes, and the canonical form is that of the URL standard', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      const text = formatIpv6(bytes);
      assert.deepEqual(parseIpv6(text), bytes);
      assert.equal(new URL(`http://[${text}]/`).hostname, `[${text}]`);
    }),
  );
  assert.equal(formatIpv6(new Uint8Array(16)), '::');
  assert.deepEqual(parseIpv6('::ffff:1.2.3.4')?.slice(10), Uint8Array.of(255, 255, 1, 2, 3, 4));
});

test('what is an address is what the platform says it is', () => {
  const soup = fc.string({ unit: fc.constantFrom(...'0125:.af:g'), maxLength: 20 });
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), soup), (text) => {
      assert.equal(isIp(text), isIP(text) !== 0, text);
    }),
    { numRuns: 2000 },
  );
  for (const wrong of [
    '01.2.3.4',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '1::2::3',
    ':1',
    '',
    '::1%lo',
  ])
    assert.equal(isIp(wrong), false, wrong);
});
