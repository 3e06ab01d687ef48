import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import fc from 'fast-check';
import { DnsFormatError, typeName, typeNumber, types } from './constants.ts';
import { clientSubnetOption, clientSubnetText, parseClientSubnet } from './edns.ts';
import { type DnsMessage, parseMessage, queryMessage, serializeMessage } from './message.ts';
import { isAtOrBelow, labelsOf, lowerName, nameText, parentName, parseName } from './name.ts';
import { readQuery } from './query.ts';
import { dataText, parseData } from './record-data.ts';

/** The part of the dns-packet package that the tests use; it has no types of its own. */
interface DnsPacket {
  encode(packet: unknown): Buffer;
  decode(bytes: Buffer): {
    id: number;
    flags: number;
    questions: { name: string; type: string; class: string }[];
    answers: { name: string; type: string; ttl: number; data: unknown }[];
    additionals: { type: string; udpPayloadSize?: number; options?: { code: number }[] }[];
  };
}
const dnsPacket = createRequire(import.meta.url)('dns-packet') as DnsPacket;

const hostLabel = fc.stringMatching(/^[a-z0-9_]([a-z0-9-]{0,20}[a-z0-9])?$/);
const host = fc.array(hostLabel, { minLength: 1, maxLength: 6 }).map((labels) => labels.join('.'));
const u16 = fc.integer({ min: 0, max: 65535 });
const u32 = fc.integer({ min: 0, max: 4294967295 });
const text = fc.string({ unit: 'binary-ascii', maxLength: 40 });

/** Pairs of what dns-packet calls the data and what we call its text. */
const sharedData = fc.oneof(
  fc.ipV4().map((ip) => ({ type: 'A', data: ip, text: ip })),
  host.map((name) => ({ type: 'NS', data: name, text: `${name}.` })),
  host.map((name) => ({ type: 'CNAME', data: name, text: `${name}.` })),
  host.map((name) => ({ type: 'PTR', data: name, text: `${name}.` })),
  fc.tuple(u16, host).map(([preference, exchange]) => ({
    type: 'MX',
    data: { preference, exchange },
    text: `${preference} ${exchange}.`,
  })),
  fc.tuple(u16, u16, u16, host).map(([priority, weight, port, target]) => ({
    type: 'SRV',
    data: { priority, weight, port, target },
    text: `${priority} ${weight} ${port} ${target}.`,
  })),
  fc
    .tuple(host, host, fc.array(u32, { minLength: 5, maxLength: 5 }))
    .map(([mname, rname, [serial = 0, refresh = 0, retry = 0, expire = 0, minimum = 0]]) => ({
      type: 'SOA',
      data: { mname, rname, serial, refresh, retry, expire, minimum },
      text: `${mname}. ${rname}. ${serial} ${refresh} ${retry} ${expire} ${minimum}`,
    })),
);

test('what dns-packet writes, compressed or not, reads the same here', () => {
  const record = fc.tuple(host, fc.integer({ min: 0, max: 2147483647 }), sharedData);
  fc.assert(
    fc.property(u16, host, fc.array(record, { maxLength: 8 }), (id, name, records) => {
      const bytes = dnsPacket.encode({
        type: 'response',
        id,
        flags: 0x0500,
        questions: [{ name, type: 'A', class: 'IN' }],
        answers: records.map(([owner, ttl, { type, data }]) => ({ name: owner, type, ttl, data })),
      });
      const message = parseMessage(bytes);
      assert.equal(message.id, id);
      assert.ok(message.response && message.authoritative && message.recursionDesired);
      assert.deepEqual(message.questions, [{ name: `${name}.`, type: 1, class: 1 }]);
      assert.deepEqual(
        message.answers.map((each) => [
          each.name,
          each.ttl,
          typeName(each.type),
          dataText(each.type, each.data),
        ]),
        records.map(([owner, ttl, each]) => [`${owner}.`, ttl, each.type, each.text]),
      );
    }),
  );
});

test('what is written here, names compressed, reads the same in dns-packet', () => {
  const record = fc.tuple(host, u16, sharedData);
  fc.assert(
    fc.property(u16, host, fc.array(record, { maxLength: 8 }), (id, name, records) => {
      const message: DnsMessage = {
        ...queryMessage({ id, name, type: types.A, edns: { udpPayloadSize: 1400 } }),
        response: true,
        answers: records.map(([owner, ttl, each]) => {
          const type = typeNumber(each.type) ?? 0;
          return { name: `${owner}.`, type, class: 1, ttl, data: parseData(type, each.text) };
        }),
      };
      const theirs = dnsPacket.decode(Buffer.from(serializeMessage(message)));
      assert.equal(theirs.id, id);
      assert.equal(theirs.questions[0]?.name, name);
      assert.equal(theirs.additionals[0]?.udpPayloadSize, 1400);
      assert.deepEqual(
        theirs.answers.map((each) => [each.name, each.ttl, each.type, each.data]),
        records.map(([owner, ttl, each]) => [owner, ttl, each.type, each.data]),
      );
    }),
  );
});

/** One text per type of Route 53, with what the wire form must be in hexadecimal. */
const values: readonly [string, string, string?][] = [
  ['A', '192.0.2.1', 'c0000201'],
  ['AAAA', '2001:db8::1', '20010db8000000000000000000000001'],
  ['CNAME', 'www.example.com.', '03777777076578616d706c6503636f6d00'],
  ['NS', 'ns1.example.com.'],
  ['SOA', 'ns-1.awsdns-01.org. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400'],
  ['MX', '10 mail.example.com.'],
  ['TXT', '"v=spf1 -all" "a \\"quoted\\" string" ""'],
  ['SPF', '"v=spf1 ip4:192.0.2.0/24 -all"'],
  ['SRV', '1 10 5269 xmpp.example.com.'],
  ['PTR', 'host.example.com.'],
  ['CAA', '0 issue "ca.example.com; account=230123"'],
  ['NAPTR', '100 50 "u" "E2U+sip" "!^(\\\\+441632960083)$!sip:\\\\1@example.com!" .'],
  ['DS', '12345 3 1 123456789abcdef67890123456789abcdef67890'],
  ['TLSA', '3 1 1 0c72ac70b745ac19998811b131d662c9ac69dbdbe7cb23e5b514b56664c5d3d6'],
  ['SSHFP', '1 1 123456789abcdef67890123456789abcdef67890'],
  ['SVCB', '16 foo.example.org. mandatory=alpn,ipv4hint alpn="h2,h3-19" ipv4hint=192.0.2.1'],
  ['HTTPS', '1 . alpn="h3" port=8443 ech=AEn+DQ== ipv6hint=2001:db8::1,2001:db8::53 key667="hi"'],
  ['HTTPS', '0 alias.example.com.', '000005616c696173076578616d706c6503636f6d00'],
  ['HINFO', '"RFC8482" ""'],
  ['TYPE65280', '\\# 4 0a0b0c0d', '0a0b0c0d'],
];

test('every record type of Route 53 goes from text to wire and back', () => {
  for (const [name, presentation, hex] of values) {
    const type = typeNumber(name);
    assert.ok(type !== undefined, name);
    for (const base of [8, 10] as const) {
      const data = parseData(type, presentation, base);
      assert.equal(dataText(type, data, base), presentation, name);
      if (hex !== undefined) assert.equal(Buffer.from(data).toString('hex'), hex);
    }
  }
});

test('data that is not of its type is refused, with a reason', () => {
  const wrong: readonly [string, string][] = [
    ['A', '192.0.2.256'],
    ['A', '192.0.2.1 192.0.2.2'],
    ['A', ''],
    ['AAAA', '192.0.2.1'],
    ['MX', 'mail.example.com.'],
    ['MX', '65536 mail.example.com.'],
    ['MX', '10 mail..example.com.'],
    ['TXT', '"not closed'],
    ['TXT', `"${'x'.repeat(256)}"`],
    ['SRV', '1 2 3'],
    ['CAA', '256 issue "x"'],
    ['CAA', '0 is-sue "x"'],
    ['DS', '1 2 3 abc'],
    ['CNAME', `${'x'.repeat(64)}.example.`],
    ['HTTPS', '1 . port=65536'],
    ['HTTPS', '1 . alpn=h2 alpn=h3'],
    ['HTTPS', '1 . colour=red'],
    ['TYPE65280', '\\# 3 0a0b'],
    ['A', '\\# 3 0a0b0c'],
  ];
  for (const [name, presentation] of wrong) {
    const parse = () => parseData(typeNumber(name) ?? 0, presentation);
    assert.throws(parse, DnsFormatError, `${name} ${presentation}`);
  }
});

test('any octets of a text record survive the text, in both ways of escaping', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 255 }), { minLength: 1, maxLength: 3 }),
      fc.constantFrom(8 as const, 10 as const),
      (strings, base) => {
        const data = new Uint8Array(strings.flatMap((each) => [each.length, ...each]));
        assert.deepEqual(parseData(types.TXT, dataText(types.TXT, data, base), base), data);
      },
    ),
  );
});

test('any data shows as text that reads back to the same data, whatever its type', () => {
  const anyType = fc.constantFrom(...Object.values(types));
  fc.assert(
    fc.property(anyType, fc.uint8Array({ maxLength: 60 }), (type, data) => {
      const presentation = dataText(type, data);
      try {
        assert.deepEqual(parseData(type, presentation), data, presentation);
      } catch (error) {
        // Data that is not of its type: shown in the generic form, refused when read.
        assert.ok(error instanceof DnsFormatError && presentation.startsWith('\\#'), presentation);
      }
    }),
    { numRuns: 3000 },
  );
});

test('names: octets, escapes, limits and comparison', () => {
  const label = fc.uint8Array({ minLength: 1, maxLength: 63 });
  fc.assert(
    fc.property(
      fc.array(label, { maxLength: 3 }),
      fc.constantFrom(8 as const, 10 as const),
      (labels, base) => {
        const wire = `${labels.map((each) => String.fromCharCode(each.length, ...each)).join('')}\0`;
        assert.equal(parseName(nameText(wire, base), base), wire);
        assert.deepEqual(labelsOf(wire).length, labels.length);
      },
    ),
  );
  const longest = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}.`;
  assert.equal(parseName(longest).length, 255);
  assert.throws(() => parseName(`${longest}e.`), DnsFormatError);
  assert.throws(() => parseName(longest.replace('dd', 'ddd')), DnsFormatError);
  assert.equal(labelsOf(parseName('a.'.repeat(127))).length, 127);
  for (const wrong of ['', '..', 'a..b', '.a', 'a b', 'é.fr', 'a\\', '\\999.a', '\\400.a']) {
    assert.throws(() => parseName(wrong), DnsFormatError, wrong);
  }
  assert.equal(nameText(parseName('*.example.com'), 8), '\\052.example.com.');
  assert.equal(parseName('\\052.example.com', 8), parseName('*.example.com'));
  assert.equal(lowerName('\x03\xc0AB\0'), '\x03\xc0ab\0');
  assert.ok(isAtOrBelow(parseName('a.b.c'), parseName('b.c')));
  assert.ok(isAtOrBelow(parseName('b.c'), parseName('.')));
  assert.ok(!isAtOrBelow(parseName('ab.c'), parseName('b.c')));
  // The octets of b.c stand at the end of one long label's parent-less twin.
  assert.ok(!isAtOrBelow('\x05a\x01b\x01c\0', parseName('b.c')));
  assert.equal(parentName(parseName('a.b')), parseName('b'));
  assert.equal(parentName('\0'), undefined);
});

test('client subnets: both families, odd prefixes, and what RFC 7871 forbids', () => {
  for (const [cidr, shown] of [
    ['198.18.7.0/24', '198.18.7.0/24/0'],
    ['203.0.113.255/25', '203.0.113.128/25/0'],
    ['10.1.2.3/0', '0.0.0.0/0/0'],
    ['2001:db8::1/56', '2001:db8::/56/0'],
    ['2001:db8::1', '2001:db8::1/128/0'],
  ] as const) {
    assert.equal(clientSubnetText(parseClientSubnet(clientSubnetOption(cidr).data)), shown);
  }
  for (const hex of [
    '',
    '0001',
    '00012100c0a80100ff',
    '00011800c0a801ff',
    '00011900c0a80101',
    '00031800c0a801',
  ]) {
    assert.throws(() => parseClientSubnet(Buffer.from(hex, 'hex')), DnsFormatError, hex);
  }
  assert.throws(() => clientSubnetOption('198.18.7.0/33'), DnsFormatError);
  assert.throws(() => clientSubnetOption('nowhere/8'), DnsFormatError);
});

test('compression that loops, leads forward, or hides a long name is refused', () => {
  const header = '0001000000010000000000000000'.slice(0, 24);
  for (const body of [
    'c00c00010001',
    'c00e00010001',
    '0161c00c00010001',
    '40aa00010001',
    'c0ff00010001',
  ]) {
    assert.throws(() => parseMessage(Buffer.from(header + body, 'hex')), DnsFormatError, body);
    assert.equal(readQuery(Buffer.from(header + body, 'hex')), 1, body);
  }
  // 130 pointers, each to the one before it.
  const chain = Buffer.alloc(12 + 1 + 2 * 130);
  chain.writeUInt16BE(1, 4);
  for (let i = 0; i < 130; i++)
    chain.writeUInt16BE(0xc000 | (i === 0 ? 12 : 11 + 2 * i), 13 + 2 * i);
  assert.throws(() => parseMessage(chain), DnsFormatError);
});

const anyMessage = fc
  .record({
    id: u16,
    name: host,
    type: fc.constantFrom(...Object.values(types)),
    cidr: fc.ipV4().map((ip) => `${ip}/24`),
    records: fc.array(fc.tuple(host, u32, sharedData), { maxLength: 5 }),
    extra: fc.array(fc.tuple(u16, text), { maxLength: 2 }),
  })
  .map(({ id, name, type, cidr, records, extra }): DnsMessage => {
    const options = [
      clientSubnetOption(cidr),
      ...extra
        .filter(([code]) => code !== 8)
        .map(([code, value]) => ({ code, data: new Uint8Array(Buffer.from(value)) })),
    ];
    const rows = records.map(([owner, ttl, each]) => {
      const number = typeNumber(each.type) ?? 0;
      return { name: `${owner}.`, type: number, class: 1, ttl, data: parseData(number, each.text) };
    });
    return {
      ...queryMessage({ id, name: `${name}.`, type, edns: { options } }),
      answers: rows,
      authorities: rows.slice(0, 1),
    };
  });

test('a message survives its bytes', () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      assert.deepEqual(parseMessage(serializeMessage(message)), message);
    }),
  );
});

test('the fast reader and the whole parser agree on queries', () => {
  fc.assert(
    fc.property(anyMessage, (message) => {
      const query = readQuery(serializeMessage(message));
      assert.ok(typeof query === 'object');
      assert.equal(nameText(query.name), message.questions[0]?.name);
      assert.equal(query.type, message.questions[0]?.type);
      const subnet = message.edns?.options[0];
      assert.ok(query.edns && query.subnet && subnet);
      assert.deepEqual(query.subnet, parseClientSubnet(subnet.data));
    }),
  );
});

test('random and mutated packets give a value or a DnsFormatError, and soon', () => {
  const mutated = fc
    .tuple(
      anyMessage,
      fc.array(fc.tuple(u16, fc.integer({ min: 0, max: 255 }), fc.nat(3)), { maxLength: 6 }),
    )
    .map(([message, edits]) => {
      let bytes = Buffer.from(serializeMessage(message));
      for (const [at, value, kind] of edits) {
        const i = at % bytes.length;
        if (kind === 0) bytes = bytes.subarray(0, Math.max(1, i));
        else if (kind === 1) bytes = Buffer.concat([bytes, Buffer.from([value])]);
        else bytes[i] = value;
      }
      return bytes;
    });
  const started = performance.now();
  fc.assert(
    fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 600 }).map(Buffer.from)), (bytes) => {
      const query = readQuery(bytes);
      try {
        const message = parseMessage(bytes);
        for (const each of message.answers) dataText(each.type, each.data);
      } catch (error) {
        assert.ok(error instanceof DnsFormatError, String(error));
        return;
      }
      // Where both readers take a packet, they read the same question.
      if (typeof query !== 'object') return;
      const question = parseMessage(bytes).questions[0];
      assert.equal(nameText(query.name), nameText(lowerName(parseName(question?.name ?? ''))));
      assert.equal(query.type, question?.type);
    }),
    { numRuns: 4000 },
  );
  assert.ok(performance.now() - started < 20_000);
});
