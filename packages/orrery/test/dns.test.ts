/** DNS answers that know where the client is: real packets over UDP and TCP, and dig itself. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { resolve } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type CloudProcess, startCloud } from './cloud-process.ts';

/** The part of the dns-packet package that is used here; it has no types of its own. */
interface DecodedPacket {
  readonly rcode: string;
  readonly flag_aa: boolean;
  readonly answers: readonly { type: string; ttl: number; data: unknown }[];
  readonly authorities: readonly { type: string }[];
}
interface PacketCodec {
  encode(packet: unknown): Buffer;
  decode(packet: Buffer): DecodedPacket;
}
const packetCodec = createRequire(import.meta.url)('dns-packet') as PacketCodec;

const app = resolve(import.meta.dirname, '..', '..', '..', 'examples', 'orders');
const name = 'api.orders.test';
const ipOf = {
  'ap-northeast-1': '127.0.30.1',
  'eu-central-1': '127.0.12.1',
  'us-east-1': '127.0.1.1',
};
let cloud: CloudProcess;

before(async () => {
  cloud = await startCloud({ args: [app] });
});

after(async () => {
  await cloud?.[Symbol.asyncDispose]();
});

function query(question: string, type: string, subnet?: string): Buffer {
  const [ip = '', prefix = '0'] = subnet?.split('/') ?? [];
  return packetCodec.encode({
    type: 'query',
    id: 4242,
    questions: [{ type, name: question, class: 'IN' }],
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: 1232,
        extendedRcode: 0,
        ednsVersion: 0,
        flags: 0,
        options:
          subnet === undefined
            ? []
            : [{ code: 'CLIENT_SUBNET', ip, sourcePrefixLength: Number(prefix), family: 1 }],
      },
    ],
  });
}

const port = (): number => Number(cloud.status.dns.split(':')[1]);

function overUdp(packet: Buffer): Promise<DecodedPacket> {
  return new Promise((done, fail) => {
    const socket = createSocket('udp4');
    const timer = setTimeout(() => fail(new Error('no answer over UDP')), 3_000);
    socket.on('message', (answer) => {
      clearTimeout(timer);
      socket.close();
      done(packetCodec.decode(answer));
    });
    socket.send(packet, port(), '127.0.0.1');
  });
}

function overTcp(packet: Buffer): Promise<DecodedPacket> {
  return new Promise((done, fail) => {
    const socket = connect(port(), '127.0.0.1');
    let got = Buffer.alloc(0);
    socket.setTimeout(3_000, () => socket.destroy(new Error('no answer over TCP')));
    socket.on('error', fail);
    socket.on('data', (piece) => {
      got = Buffer.concat([got, piece]);
      if (got.length < 2 || got.length < 2 + got.readUInt16BE(0)) return;
      socket.destroy();
      done(packetCodec.decode(got.subarray(2)));
    });
    const length = Buffer.alloc(2);
    length.writeUInt16BE(packet.length);
    socket.write(Buffer.concat([length, packet]));
  });
}

const addresses = (answer: DecodedPacket): unknown[] =>
  answer.answers.filter((one) => one.type === 'A').map((one) => one.data);

describe('the name of the app', () => {
  const cases = [
    ['a Tokyo place', '198.18.30.0/24', 'ap-northeast-1'],
    ['a real Tokyo prefix', '13.112.0.0/16', 'ap-northeast-1'],
    ['a real Frankfurt prefix', '3.120.0.0/16', 'eu-central-1'],
  ] as const;
  for (const [who, subnet, region] of cases) {
    for (const [transport, ask] of [
      ['UDP', overUdp],
      ['TCP', overTcp],
    ] as const) {
      it(`answers ${who} over ${transport} with ${region}`, async () => {
        const answer = await ask(query(name, 'A', subnet));
        assert.deepEqual(addresses(answer), [ipOf[region]]);
        assert.equal(answer.flag_aa, true);
        const ttl = answer.answers[0]?.ttl ?? 0;
        assert.ok(ttl > 0 && ttl <= 60, `TTL ${ttl}`);
      });
    }
  }

  it('answers NODATA and NXDOMAIN with the SOA, REFUSED for strangers', async () => {
    const nodata = await overUdp(query(name, 'AAAA'));
    assert.deepEqual([nodata.rcode, nodata.answers?.length], ['NOERROR', 0]);
    assert.equal(nodata.authorities?.[0]?.type, 'SOA');
    const unknown = await overUdp(query('nothing.orders.test', 'A'));
    assert.equal(unknown.rcode, 'NXDOMAIN');
    assert.equal(unknown.authorities?.[0]?.type, 'SOA');
    assert.equal((await overUdp(query('example.com', 'A'))).rcode, 'REFUSED');
  });
});

describe('dig', () => {
  const found = spawnSync('dig', ['-v']).error === undefined;
  const skip = found ? false : 'dig is not on this machine';
  const dig = (...args: string[]): string =>
    spawnSync('dig', ['@127.0.0.1', '-p', String(port()), ...args], { encoding: 'utf8' }).stdout;

  it('sees what our packets see', { skip }, () => {
    assert.equal(dig('+short', '+subnet=13.112.0.0/16', name).trim(), ipOf['ap-northeast-1']);
    assert.equal(dig('+short', '+tcp', '+subnet=3.120.0.0/16', name).trim(), ipOf['eu-central-1']);
    assert.match(dig('+subnet=13.112.0.0/16', name), /CLIENT-SUBNET: 13\.112\.0\.0\/16\/\d+/);
    assert.match(dig('nothing.orders.test'), /status: NXDOMAIN[\s\S]*SOA/);
    assert.match(dig('example.com'), /status: REFUSED/);
  });

  it('agrees with orrery dig', async () => {
    const { stdout } = await cloud.orrery('dig', '--from', 'frankfurt', '--json', name);
    const { answers } = JSON.parse(stdout) as { answers: { value: string; region: string }[] };
    assert.deepEqual(
      [answers[0]?.value, answers[0]?.region],
      [ipOf['eu-central-1'], 'eu-central-1'],
    );
  });
});
