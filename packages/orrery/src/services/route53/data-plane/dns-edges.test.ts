/** The ends of what a message may hold: names, sizes, options, subnets, scopes. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { types } from '../../../wire/dns/constants.ts';
import { clientSubnetOption, clientSubnetText, parseClientSubnet } from '../../../wire/dns/edns.ts';
import {
  type DnsMessage,
  parseMessage,
  type QueryOptions,
  queryMessage,
  serializeMessage,
} from '../../../wire/dns/message.ts';
import { CidrIndex } from './cidr-index.ts';
import { fill, serverWith, soa, zones } from './zones.fake.ts';

/** Labels that make a name of so many octets in all, with the zone's 11 (`edge.test`). */
function labelsOf(octets: number): string {
  const labels: string[] = [];
  let left = octets - 11;
  while (left > 0) {
    // Never one octet alone, which no label fits into.
    const length = Math.min(63, left - 1, left - 64 === 1 ? 62 : 63);
    labels.push('n'.repeat(length));
    left -= length + 1;
  }
  return labels.join('.');
}

const longest = `${labelsOf(255)}.edge.test`;
const deepest = `${'d.'.repeat(122)}edge.test`;
const octal = (octet: number): string => `\\${octet.toString(8).padStart(3, '0')}`;
/** Capital letters are kept small: they are the same. */
const isCapital = (octet: number): boolean => octet >= 0x41 && octet <= 0x5a;
const octets = Array.from({ length: 256 }, (_, octet) => octet).filter((each) => !isCapital(each));
const textOf = (length: number): string => {
  const strings: string[] = [];
  for (let left = length; left > 0; left -= 256)
    strings.push(`"${'t'.repeat(Math.min(255, left - 1))}"`);
  return strings.join(' ');
};

fill(
  zones,
  'Z9',
  'edge.test.',
  9,
  `
  edge.test. 900 SOA ${soa}
  ${longest}. 60 A 192.0.2.1
  ${deepest}. 60 A 192.0.2.2
  \\052.w.edge.test. 60 A 192.0.2.3
  ${octets.map((each) => `x${octal(each)}y.edge.test. 60 A 192.0.2.${each}`).join('\n')}
  a\\056b.edge.test. 60 A 192.0.3.1
  b.a.edge.test. 60 A 192.0.3.2
  a.b.edge.test. 60 A 192.0.3.3
  ${[100, 400, 440, 460, 480, 500, 900, 1150, 1190, 1220, 1300, 4000]
    .map((size) => `t${size}.edge.test. 60 TXT ${textOf(size)}`)
    .join('\n')}
  s.edge.test. 60 A 192.0.2.1
  wt.edge.test. 60 A 192.0.2.1 | {"SetIdentifier":"a","Weight":1}
  wt.edge.test. 60 A 192.0.2.2 | {"SetIdentifier":"b","Weight":1}
  mv.edge.test. 60 A 192.0.2.1 | {"SetIdentifier":"a","MultiValueAnswer":true}
  fo.edge.test. 60 A 192.0.2.1 | {"SetIdentifier":"a","Failover":"PRIMARY"}
  fo.edge.test. 60 A 192.0.2.2 | {"SetIdentifier":"b","Failover":"SECONDARY"}
  lt.edge.test. 60 A 192.0.2.1 | {"SetIdentifier":"a","Region":"us-east-1"}
  ge.edge.test. 60 A 192.0.2.1 | {"SetIdentifier":"a","GeoLocation":{"CountryCode":"*"}}
  gp.edge.test. 60 A 192.0.2.1 | {"SetIdentifier":"a","GeoProximityLocation":{"AWSRegion":"us-east-1"}}
  ip.edge.test. 60 A 192.0.2.1 | {"SetIdentifier":"a","CidrRoutingConfig":{"CollectionId":"c","LocationName":"x"}}
  ip.edge.test. 60 A 192.0.2.2 | {"SetIdentifier":"b","CidrRoutingConfig":{"CollectionId":"c","LocationName":"*"}}
`,
);
for (const [name, target] of [
  ['al', 'lt'],
  ['as', 's'],
  ['ai', 'ip'],
]) {
  const DNSName = `${target}.edge.test.`;
  const AliasTarget = { HostedZoneId: 'Z9', DNSName, EvaluateTargetHealth: true };
  const wire = `\x02${name}\x04edge\x04test\0`;
  zones.get('Z9')?.setSets(wire, types.A, [{ Name: `${name}.edge.test.`, Type: 'A', AliasTarget }]);
}

const blocks = new CidrIndex({ x: ['10.0.0.0/9', '10.128.0.0/20', '2001:db8::/33'] });
const server = serverWith(1, { cidr: () => blocks });

function answer(
  packet: Uint8Array,
  tcp = false,
): { readonly message: DnsMessage; readonly length: number } {
  const bytes = server.answer(packet, { ip: '192.0.2.1', tcp });
  assert.ok(bytes);
  return { message: parseMessage(bytes), length: bytes.length };
}

const ask = (name: string, type = 1, more: Partial<QueryOptions> = {}, tcp = false) =>
  answer(serializeMessage(queryMessage({ id: 1, name, type, ...more })), tcp);
const valuesOf = ({ message }: ReturnType<typeof ask>): string =>
  message.answers.map(({ data }) => data.join('.')).join(' ');

describe('names', () => {
  test('of 255 octets and of 124 labels are answered; of 256 they are malformed', () => {
    assert.equal(
      Buffer.from(serializeMessage(queryMessage({ id: 1, name: longest, type: 1 }))).length,
      12 + 255 + 4,
    );
    assert.equal(valuesOf(ask(longest)), '192.0.2.1');
    assert.equal(valuesOf(ask(longest.toUpperCase())), '192.0.2.1');
    assert.equal(valuesOf(ask(deepest)), '192.0.2.2');
    assert.equal(ask(`e${deepest.slice(1)}`).message.rcode, 3);
    // Everything between exists, without records.
    assert.equal(ask(`${'d.'.repeat(60)}edge.test`).message.rcode, 0);
    assert.equal(valuesOf(ask(`${labelsOf(253)}.w.edge.test`)), '192.0.2.3');
    const header = Buffer.from('000100000001000000000000', 'hex');
    const label = (length: number) => String.fromCharCode(length) + 'a'.repeat(length);
    for (const [name, code] of [
      ['\x01a'.repeat(127), 5],
      ['\x01a'.repeat(128), 1],
      [[63, 63, 63, 61].map(label).join(''), 5],
      [[63, 63, 63, 62].map(label).join(''), 1],
    ] as const) {
      const question = Buffer.from(`${name}\0\0\x01\0\x01`, 'latin1');
      assert.equal(
        answer(Buffer.concat([header, question])).message.rcode,
        code,
        String(name.length),
      );
    }
  });

  test('of any octet are told apart, and only letters have two cases', () => {
    for (let octet = 0; octet < 256; octet++) {
      const name = `X\\${octet.toString().padStart(3, '0')}y.edge.test`;
      const expected = isCapital(octet) ? octet + 0x20 : octet;
      assert.equal(valuesOf(ask(name)), `192.0.2.${expected}`, name);
    }
  });

  test('with a dot inside a label are other names than those with labels', () => {
    assert.equal(valuesOf(ask('a\\.b.edge.test')), '192.0.3.1');
    assert.equal(valuesOf(ask('b.a.edge.test')), '192.0.3.2');
    assert.equal(valuesOf(ask('a.b.edge.test')), '192.0.3.3');
  });

  test('of the server itself are refused in every class', () => {
    for (const name of ['version.bind', 'version.server', 'id.server', 'hostname.bind']) {
      const packet = Buffer.from(
        serializeMessage(queryMessage({ id: 1, name, type: types.TXT, edns: {} })),
      );
      for (const asked of [1, 3, 4, 254, 255]) {
        packet.writeUInt16BE(asked, 12 + name.length + 2 + 2);
        const { message } = answer(packet);
        assert.deepEqual([message.rcode, message.answers, message.additionals], [5, [], []]);
      }
    }
  });
});

describe('sizes', () => {
  test('whole where the answer fits what is asked for, empty and truncated where it does not', () => {
    const sizes = [100, 400, 440, 460, 480, 500, 900, 1150, 1190, 1220, 1300, 4000];
    for (const size of sizes) {
      const name = `t${size}.edge.test`;
      const plain = ask(name, types.TXT, {}, true).length;
      assert.equal(ask(name, types.TXT).message.truncated, plain > 512, `${plain} octets`);
      const whole = ask(name, types.TXT, { edns: {} }, true).length;
      assert.equal(whole, plain + 11);
      const edges = [whole - 1, whole, whole + 1, 0, 1, 511, 512, 513, 1231, 1232, 1233, 65_535];
      for (const payload of [...edges, ...Array.from({ length: 656 }, (_, i) => i * 100)]) {
        const { message, length } = ask(name, types.TXT, { edns: { udpPayloadSize: payload } });
        const limit = Math.min(1232, Math.max(512, payload));
        assert.equal(message.truncated, whole > limit, `${whole} octets for ${payload}`);
        assert.equal(message.answers.length, whole > limit ? 0 : 1);
        assert.ok(length <= limit);
        assert.equal(message.edns?.udpPayloadSize, 1232);
      }
    }
  });
});

describe('EDNS options', () => {
  test('that are not known are passed over, and not sent back', () => {
    const option = (code: number, length: number) => ({ code, data: Buffer.alloc(length, 7) });
    for (const options of [
      [option(10, 8)],
      [option(10, 40), option(12, 400)],
      [option(3, 0), option(11, 2), option(65_001, 1000)],
      Array.from({ length: 100 }, (_, code) => option(code === 8 ? 200 : code, code % 5)),
      [option(12, 0), option(12, 0), option(12, 1)],
    ]) {
      const { message } = ask('s.edge.test', 1, { edns: { options } });
      assert.equal(message.rcode, 0);
      assert.equal(message.answers.length, 1);
      assert.deepEqual(message.edns?.options, []);
    }
  });

  test('client subnets that RFC 7871 forbids are malformed queries', () => {
    const codeFor = (hex: string): number => {
      const options = hex.split(',').map((each) => ({
        code: 8,
        data: Buffer.from(each.replaceAll(' ', ''), 'hex'),
      }));
      return ask('lt.edge.test', 1, { edns: { options } }).message.rcode;
    };
    for (const good of [
      '0001 18 00 c00002',
      '0001 20 00 c0000201',
      '0001 00 00',
      '0001 01 00 80',
      '0001 17 00 c00002',
      '0002 38 00 20010db8000000',
      '0002 80 00 20010db8000000000000000000000001',
      '0002 00 00',
      '0000 00 00',
    ]) {
      assert.equal(codeFor(good), 0, good);
    }
    for (const bad of [
      '',
      '0001 18',
      '0003 18 00 c00002',
      'ffff 00 00',
      '0000 18 00 c00002',
      '0001 21 00 c000020100',
      '0002 81 00 20010db800000000000000000000000100',
      '0001 18 00 c000',
      '0001 18 00 c0000200',
      '0001 17 00 c00003',
      '0001 01 00 c0',
      '0002 37 00 20010db8000001',
      '0001 18 01 c00002',
      '0001 18 18 c00002',
      '0001 18 00 c00002,0001 18 00 c00002',
    ]) {
      assert.equal(codeFor(bad), 1, bad);
    }
  });
});

describe('the scope of an answer', () => {
  const scopes = (name: string, ...subnets: string[]): string[] =>
    subnets.map((subnet) => {
      const { message } = ask(name, 1, { edns: { options: [clientSubnetOption(subnet)] } });
      const option = message.edns?.options[0];
      assert.ok(option);
      return clientSubnetText(parseClientSubnet(option.data));
    });
  const v4 = '198.18.1.0/24';
  const v6 = '2001:2:0:100::/56';

  test('is 0 where every client gets the same', () => {
    for (const label of ['s', 'wt', 'mv', 'fo', 'as', 'nowhere']) {
      assert.deepEqual(
        scopes(`${label}.edge.test`, v4, v6, '0.0.0.0/0', '192.0.2.0/30'),
        [`${v4}/0`, `${v6}/0`, '0.0.0.0/0/0', '192.0.2.0/30/0'],
        label,
      );
    }
  });

  test('is that of a place where the place decides, through aliases too', () => {
    for (const label of ['lt', 'ge', 'gp', 'al']) {
      assert.deepEqual(
        scopes(`${label}.edge.test`, v4, v6, '0.0.0.0/0', '198.18.1.128/25', '198.18.0.0/16'),
        [`${v4}/24`, `${v6}/56`, '0.0.0.0/0/0', '198.18.1.128/25/24', '198.18.0.0/16/24'],
        label,
      );
    }
  });

  test('is the shortest prefix with the same blocks where those decide', () => {
    for (const label of ['ip', 'ai']) {
      assert.deepEqual(
        scopes(
          `${label}.edge.test`,
          '10.1.2.0/24',
          '10.128.1.0/24',
          '10.200.0.0/24',
          '192.0.2.0/24',
          '2001:db8:1::/48',
          '10.0.0.0/8',
        ),
        [
          '10.1.2.0/24/9',
          '10.128.1.0/24/20',
          '10.200.0.0/24/10',
          '192.0.2.0/24/1',
          '2001:db8:1::/48/33',
          '10.0.0.0/8/24',
        ],
        label,
      );
    }
  });
});
