import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { rcodeName, typeName, typeNumber, types } from '../../../wire/dns/constants.ts';
import { clientSubnetOption, clientSubnetText, parseClientSubnet } from '../../../wire/dns/edns.ts';
import {
  type DnsMessage,
  parseMessage,
  type QueryOptions,
  queryMessage,
  serializeMessage,
} from '../../../wire/dns/message.ts';
import { dataText } from '../../../wire/dns/record-data.ts';
import { placeByName } from '../../../world/places.ts';
import { down, serverWith, soa } from './zones.fake.ts';

const server = serverWith(1);

interface Asked {
  readonly message: DnsMessage;
  readonly bytes: Uint8Array;
}

function ask(
  name: string,
  type: string,
  more: Partial<QueryOptions> & { tcp?: boolean; ip?: string; class?: number } = {},
): Asked {
  const plain = queryMessage({ id: 4711, name, type: typeNumber(type) ?? 0, ...more });
  const query = {
    ...plain,
    questions: plain.questions.map((each) => ({ ...each, class: more.class ?? 1 })),
  };
  const source = { ip: more.ip ?? '127.0.0.1', tcp: more.tcp ?? false };
  const bytes = server.answer(serializeMessage(query), source);
  assert.ok(bytes);
  return { message: parseMessage(bytes), bytes };
}

const shown = (records: DnsMessage['answers']): string[] =>
  records.map(
    (each) => `${each.name} ${each.ttl} ${typeName(each.type)} ${dataText(each.type, each.data)}`,
  );

/** Question → code, answers, authorities. The SOA of the zone is written `SOA`. */
const soaLine = `example.test. 900 SOA ${soa}`;
const table: readonly [string, string, string, string[], string[]][] = [
  ['www.example.test', 'A', 'NOERROR', ['www.example.test. 300 A 192.0.2.1'], []],
  ['WWW.EXAMPLE.TEST', 'A', 'NOERROR', ['WWW.EXAMPLE.TEST. 300 A 192.0.2.1'], []],
  ['txt.example.test', 'TXT', 'NOERROR', ['txt.example.test. 300 TXT "hello \\"world\\""'], []],
  ['www.example.test', 'AAAA', 'NOERROR', [], [soaLine]],
  ['nowhere.example.test', 'A', 'NXDOMAIN', [], [soaLine]],
  ['below.www.example.test', 'A', 'NXDOMAIN', [], [soaLine]],
  ['b.c.example.test', 'A', 'NOERROR', [], [soaLine]],
  ['c.example.test', 'TXT', 'NOERROR', [], [soaLine]],
  ['x.b.c.example.test', 'A', 'NXDOMAIN', [], [soaLine]],
  ['example.test', 'SOA', 'NOERROR', [soaLine], []],
  ['example.test', 'A', 'NOERROR', [], [soaLine]],
  [
    'cname.example.test',
    'A',
    'NOERROR',
    ['cname.example.test. 300 CNAME www.example.test.', 'www.example.test. 300 A 192.0.2.1'],
    [],
  ],
  [
    'chain.example.test',
    'A',
    'NOERROR',
    [
      'chain.example.test. 300 CNAME cname.example.test.',
      'cname.example.test. 300 CNAME www.example.test.',
      'www.example.test. 300 A 192.0.2.1',
    ],
    [],
  ],
  [
    'chain.example.test',
    'CNAME',
    'NOERROR',
    ['chain.example.test. 300 CNAME cname.example.test.'],
    [],
  ],
  [
    'cname.example.test',
    'TXT',
    'NOERROR',
    ['cname.example.test. 300 CNAME www.example.test.'],
    [soaLine],
  ],
  ['out.example.test', 'A', 'NOERROR', ['out.example.test. 300 CNAME www.elsewhere.test.'], []],
  [
    'dangling.example.test',
    'A',
    'NXDOMAIN',
    ['dangling.example.test. 300 CNAME nowhere.example.test.'],
    [soaLine],
  ],
  [
    'into.example.test',
    'A',
    'NOERROR',
    ['into.example.test. 300 CNAME host.sub.example.test.'],
    [],
  ],
  ['some.wild.example.test', 'A', 'NOERROR', ['some.wild.example.test. 300 A 192.0.2.3'], []],
  [
    'very.deep.wild.example.test',
    'A',
    'NOERROR',
    ['very.deep.wild.example.test. 300 A 192.0.2.3'],
    [],
  ],
  ['some.wild.example.test', 'AAAA', 'NOERROR', [], [soaLine]],
  ['wild.example.test', 'A', 'NOERROR', [], [soaLine]],
  ['real.wild.example.test', 'TXT', 'NOERROR', [], [soaLine]],
  ['below.real.wild.example.test', 'A', 'NXDOMAIN', [], [soaLine]],
  ['*.wild.example.test', 'A', 'NOERROR', ['*.wild.example.test. 300 A 192.0.2.3'], []],
  ['sub.example.test', 'DS', 'NOERROR', ['sub.example.test. 300 DS 1 13 2 aabbcc'], []],
  ['www.example.test', 'ANY', 'NOERROR', ['www.example.test. 3600 HINFO "RFC8482" ""'], []],
  ['nowhere.example.test', 'ANY', 'NXDOMAIN', [], [soaLine]],
  ['x.deep.example.test', 'A', 'NOERROR', ['x.deep.example.test. 300 A 192.0.2.9'], []],
  ['deep.example.test', 'DS', 'NXDOMAIN', [], [soaLine]],
  ['zero.example.test', 'A', 'NOERROR', ['zero.example.test. 0 A 192.0.2.5'], []],
  ['www.elsewhere.test', 'A', 'REFUSED', [], []],
  ['test', 'SOA', 'REFUSED', [], []],
  ['.', 'NS', 'REFUSED', [], []],
  ['example.test', 'AXFR', 'REFUSED', [], []],
  ['example.test', 'IXFR', 'REFUSED', [], []],
  [
    'd-1.execute-api.eu-central-1.amazonaws.com',
    'A',
    'NOERROR',
    ['d-1.execute-api.eu-central-1.amazonaws.com. 10 A 127.0.12.1'],
    [],
  ],
  [
    'dynamodb.us-east-1.amazonaws.com',
    'A',
    'NOERROR',
    ['dynamodb.us-east-1.amazonaws.com. 10 A 127.0.1.1'],
    [],
  ],
  [
    'dynamodb.us-east-1.amazonaws.com',
    'AAAA',
    'NOERROR',
    [],
    [
      `amazonaws.com. 900 SOA ns-1.awsdns-01.org. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400`,
    ],
  ],
  ['dynamodb.us-moon-1.amazonaws.com', 'A', 'REFUSED', [], []],
  ['www.amazon.com', 'A', 'REFUSED', [], []],
];

describe('questions and answers', () => {
  for (const [name, type, code, answers, authorities] of table) {
    test(`${name} ${type}`, () => {
      // Twice: compiled, and from the cache.
      for (let i = 0; i < 2; i++) {
        const { message } = ask(name, type);
        assert.equal(rcodeName(message.rcode), code);
        assert.deepEqual(shown(message.answers), answers);
        assert.deepEqual(shown(message.authorities), authorities);
        assert.equal(message.authoritative, code !== 'REFUSED');
        assert.equal(message.id, 4711);
        assert.ok(!message.recursionAvailable && !message.truncated);
      }
    });
  }

  test('a delegation is a referral with glue, at and below the cut', () => {
    for (const name of ['sub.example.test', 'x.y.sub.example.test', 'ns.sub.example.test']) {
      const { message } = ask(name, 'A');
      assert.ok(!message.authoritative);
      assert.deepEqual(message.answers, []);
      assert.deepEqual(shown(message.authorities), [
        'sub.example.test. 300 NS ns.sub.example.test.',
        'sub.example.test. 300 NS ns.elsewhere.test.',
      ]);
      assert.deepEqual(shown(message.additionals), [
        'ns.sub.example.test. 300 A 192.0.2.53',
        'ns.sub.example.test. 300 AAAA 2001:db8::53',
      ]);
    }
  });

  test('a loop of CNAMEs ends, and so does the answer', () => {
    const { message } = ask('loop.example.test', 'A', { tcp: true });
    assert.ok(message.answers.length > 1 && message.answers.length < 20);
  });
});

describe('the wire', () => {
  test('the case of a question comes back letter for letter (0x20)', () => {
    const query = serializeMessage(queryMessage({ id: 1, name: 'wWw.ExAmPlE.tEsT', type: 1 }));
    const bytes = server.answer(query, { ip: '127.0.0.1', tcp: false });
    assert.ok(bytes);
    assert.deepEqual(bytes.subarray(12, query.length), query.subarray(12));
  });

  test('recursion is not available, but the wish for it is copied', () => {
    assert.ok(ask('www.example.test', 'A', { recursionDesired: true }).message.recursionDesired);
    assert.ok(!ask('www.example.test', 'A').message.recursionDesired);
  });

  test('an answer that is too large is truncated over UDP and whole over TCP', () => {
    for (const [edns, tcp, fits] of [
      [undefined, false, false],
      [{ udpPayloadSize: 512 }, false, false],
      [{ udpPayloadSize: 1232 }, false, false],
      [{ udpPayloadSize: 65535 }, false, false],
      [{ udpPayloadSize: 512 }, true, true],
      [undefined, true, true],
    ] as const) {
      const { message, bytes } = ask('big.example.test', 'AAAA', { tcp, ...(edns && { edns }) });
      assert.equal(message.truncated, !fits);
      assert.equal(message.answers.length, fits ? 60 : 0);
      if (!tcp) assert.ok(bytes.length <= 512);
      assert.equal(message.edns !== undefined, edns !== undefined);
    }
  });

  test('EDNS: our size, the DNSSEC-OK bit, BADVERS', () => {
    const { message } = ask('www.example.test', 'A', { edns: { dnssecOk: true } });
    assert.equal(message.edns?.udpPayloadSize, 1232);
    assert.ok(message.edns?.dnssecOk);
    const bad = ask('www.example.test', 'A', { edns: { version: 1 } }).message;
    assert.equal(bad.rcode, 16);
    assert.deepEqual(bad.answers, []);
    const cookie = { code: 10, data: new Uint8Array(8) };
    assert.deepEqual(
      ask('www.example.test', 'A', { edns: { options: [cookie] } }).message.edns?.options,
      [],
    );
  });

  test('what cannot be served: code or silence', () => {
    const header = (words: string) => Buffer.from(words.replace(/ /g, ''), 'hex');
    const answer = (bytes: Uint8Array) => server.answer(bytes, { ip: '::1', tcp: false });
    assert.equal(answer(Buffer.alloc(0)), undefined);
    assert.equal(answer(Buffer.alloc(11)), undefined);
    assert.equal(answer(header('0001 8000 0001 0000 0000 0000 00 0001 0001')), undefined);
    for (const [bytes, code] of [
      [header('0001 2800 0001 0000 0000 0000 00 0006 0001'), 'NOTIMP'],
      [header('0001 0000 0000 0000 0000 0000'), 'FORMERR'],
      [header('0001 0000 0002 0000 0000 0000 00 0001 0001 00 0001 0001'), 'FORMERR'],
      [header('0001 0000 0001 0000 0000 0000 00 0001 0001 00'), 'FORMERR'],
      [header('0001 0000 0001 0000 0000 0001 00 0001 0001'), 'FORMERR'],
    ] as const) {
      const response = answer(bytes);
      assert.ok(response);
      assert.equal(rcodeName(parseMessage(response).rcode), code);
    }
    assert.equal(ask('version.bind', 'TXT', { class: 3 }).message.rcode, 5);
  });

  test('any packet is answered or dropped, with at most 1,232 octets', () => {
    const valid = fc
      .tuple(
        fc.constantFrom(...table),
        fc.constantFrom('198.18.1.0/24', '2001:2:0:100::/56', '0.0.0.0/0'),
      )
      .map(([[name, type], cidr]) =>
        serializeMessage(
          queryMessage({
            id: 1,
            name,
            type: typeNumber(type) ?? 0,
            edns: { options: [clientSubnetOption(cidr)] },
          }),
        ),
      );
    const edit = fc.tuple(fc.nat(200), fc.nat(255));
    const mutated = fc.tuple(valid, fc.array(edit, { maxLength: 4 })).map(([bytes, edits]) => {
      const copy = Buffer.from(bytes);
      for (const [at, value] of edits) copy[at % copy.length] = value;
      return copy;
    });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 300 })), (packet) => {
        const response = server.answer(packet, { ip: '192.0.2.1', tcp: false });
        if (response === undefined) return;
        assert.ok(response.length <= 1232);
        const message = parseMessage(response);
        assert.ok(message.response);
        assert.equal(message.id, Buffer.from(packet).readUInt16BE(0));
      }),
      { numRuns: 4000 },
    );
  });
});

describe('place and health', () => {
  const near = (cidr: string | undefined, ip = '127.0.0.1') => {
    const options = cidr === undefined ? [] : [clientSubnetOption(cidr)];
    const { message } = ask('near.example.test', 'A', { ip, edns: { options } });
    const echoed = message.edns?.options[0];
    const scope =
      echoed === undefined ? '' : ` ${clientSubnetText(parseClientSubnet(echoed.data))}`;
    return `${shown(message.answers).map((line) => line.split(' ')[3])}${scope}`;
  };

  test('the client subnet decides, else the source, else the default place', () => {
    const tokyo = placeByName('tokyo');
    assert.ok(tokyo);
    assert.equal(near(tokyo.subnet), `3.3.3.3 ${tokyo.subnet}/24`);
    assert.equal(near(tokyo.subnet6), `3.3.3.3 ${tokyo.subnet6}/56`);
    assert.equal(near('133.11.0.0/16'), '3.3.3.3 133.11.0.0/16/24');
    assert.equal(near('91.10.0.0/24'), '2.2.2.2 91.10.0.0/24/24');
    assert.equal(near('192.0.2.0/24'), '1.1.1.1 192.0.2.0/24/24');
    assert.equal(near('192.0.2.0/24', '127.0.30.1'), '1.1.1.1 192.0.2.0/24/24');
    assert.equal(near('0.0.0.0/0', '127.0.30.1'), '3.3.3.3 0.0.0.0/0/0');
    assert.equal(near(undefined, '127.0.30.1'), '3.3.3.3');
    assert.equal(near(undefined, '198.18.30.9'), '3.3.3.3');
    assert.equal(near(undefined), '1.1.1.1');
  });

  test('an answer that is the same everywhere has scope 0', () => {
    const { message } = ask('www.example.test', 'A', {
      edns: { options: [clientSubnetOption('198.18.30.0/24')] },
    });
    const echoed = message.edns?.options[0];
    assert.ok(echoed);
    assert.equal(clientSubnetText(parseClientSubnet(echoed.data)), '198.18.30.0/24/0');
  });

  test('health reaches the next answer once the cache is told', () => {
    assert.equal(near('198.18.1.0/24').split(' ')[0], '1.1.1.1');
    down.add('us');
    assert.equal(near('198.18.1.0/24').split(' ')[0], '1.1.1.1', 'still cached');
    server.invalidate();
    assert.equal(near('198.18.1.0/24').split(' ')[0], '2.2.2.2');
    down.clear();
    server.invalidate();
    assert.equal(near('198.18.1.0/24').split(' ')[0], '1.1.1.1');
  });

  test('TTLs are divided by the time scale, down to a second; 0 stays 0', () => {
    const fast = serverWith(100);
    const ttlOf = (name: string) => {
      const query = serializeMessage(queryMessage({ id: 1, name, type: types.A }));
      const bytes = fast.answer(query, { ip: '127.0.0.1', tcp: false });
      assert.ok(bytes);
      return parseMessage(bytes).answers[0]?.ttl;
    };
    assert.equal(ttlOf('www.example.test'), 3);
    assert.equal(ttlOf('near.example.test'), 1);
    assert.equal(ttlOf('zero.example.test'), 0);
  });
});
