/**
 * Hostile packets from a seed, and what must hold of every answer: for a short test and for the
 * fuzzing script. Each packet follows from the seed and its number alone.
 */
import assert from 'node:assert/strict';
import type { Random } from '../../../io/io.ts';
import { namedRandom } from '../../../io/simulated/random.ts';
import { types } from '../../../wire/dns/constants.ts';
import { parseMessage, queryMessage, serializeMessage } from '../../../wire/dns/message.ts';
import { parseName } from '../../../wire/dns/name.ts';
import type { DnsServer } from './dns-server.ts';
import { fill, serverWith, soa, zones } from './zones.fake.ts';

fill(
  zones,
  'Z4',
  'policies.test.',
  3,
  `
  policies.test. 900 SOA ${soa}
  w.policies.test. 60 A 192.0.2.1 | {"SetIdentifier":"a","Weight":1}
  w.policies.test. 60 A 192.0.2.2 | {"SetIdentifier":"b","Weight":3,"HealthCheckId":"h"}
  m.policies.test. 60 A 192.0.2.3 | {"SetIdentifier":"a","MultiValueAnswer":true}
  m.policies.test. 60 A 192.0.2.4 | {"SetIdentifier":"b","MultiValueAnswer":true}
  g.policies.test. 60 A 192.0.2.5 | {"SetIdentifier":"a","GeoLocation":{"CountryCode":"JP"}}
  g.policies.test. 60 A 192.0.2.6 | {"SetIdentifier":"b","GeoLocation":{"CountryCode":"*"}}
  *.any.policies.test. 60 CNAME w.policies.test.
  long.policies.test. 60 TXT ${Array.from({ length: 40 }, () => `"${'x'.repeat(250)}"`).join(' ')}
`.replaceAll('  *.', '  \\052.'),
);

const names = (
  'www txt cname chain out loop pool dangling into a.b.c b.c some.wild wild real.wild sub ' +
  'x.y.sub ns.sub zero near big nowhere x.deep deep'
)
  .split(' ')
  .map((label) => `${label}.example.test`)
  .concat('w.policies.test', 'm.policies.test', 'g.policies.test', 'x.any.policies.test')
  .concat('long.policies.test', 'example.test', 'test', '.', 'version.bind', 'id.server')
  .concat('d-1.execute-api.eu-central-1.amazonaws.com')
  .map((name) => Buffer.from(parseName(name), 'latin1'));
const asked = [...Object.values(types), 0, 65_535, 250, 254];
const oddOptions = [3, 5, 8, 8, 8, 9, 10, 11, 12, 13, 14, 15, 16, 65_001, 65_313, 65_535];

class Generator {
  private readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  private pick<T>(of: readonly T[]): T {
    return of[this.random.int(0, of.length - 1)] as T;
  }

  packet(): Buffer {
    switch (this.random.int(0, 11)) {
      case 0:
        return Buffer.from(this.random.bytes(this.random.int(0, 600)));
      case 1:
        return this.withLyingCounts();
      case 2:
        return this.message(this.loop());
      case 3:
        return this.message(this.longName());
      case 4:
        return this.manyRecords();
      case 5:
        return Buffer.concat([
          this.message(this.name()),
          this.random.bytes(this.random.int(1, 40)),
        ]);
      case 6:
        return this.cut(this.message(this.name()));
      case 7:
      case 8:
        return this.mutated(this.message(this.name()));
      default:
        return this.message(this.name());
    }
  }

  /** Mostly a name that is there, in random case. */
  private name(): Buffer {
    const name = Buffer.from(this.pick(names));
    if (this.random.chance(0.3)) {
      for (let at = 1; at < name.length; at++) {
        const octet = name[at] ?? 0;
        if (octet >= 0x61 && octet <= 0x7a && this.random.chance(0.5)) name[at] = octet - 0x20;
      }
    }
    if (this.random.chance(0.1)) return Buffer.concat([Buffer.from([1, 0x2a]), name]);
    return name;
  }

  /** 127 labels, 255 octets and one more, labels of 63 and 64 octets, reserved label types. */
  private longName(): Buffer {
    const label = (length: number): Buffer =>
      Buffer.concat([Buffer.from([length]), Buffer.alloc(length, 0x61)]);
    const end = this.pick(names);
    switch (this.random.int(0, 5)) {
      case 0:
        return Buffer.from(`${'\x01a'.repeat(this.random.int(120, 128))}\0`, 'latin1');
      case 1: {
        const room = this.random.int(253, 256) - end.length;
        const parts: Buffer[] = [];
        for (let left = room; left > 1; left -= 64) parts.push(label(Math.min(63, left - 1)));
        return Buffer.concat([...parts, end]);
      }
      case 2:
        return Buffer.concat([label(this.pick([62, 63, 64, 65])), end]);
      case 3:
        return Buffer.concat([Buffer.from([this.pick([0x40, 0x80, 0x41, 0xbf])]), end]);
      case 4:
        return Buffer.concat([Buffer.from([63]), end]);
      default:
        return Buffer.from(this.random.bytes(this.random.int(1, 300)));
    }
  }

  /** Pointers to themselves, forwards, to each other, into the header. */
  private loop(): Buffer {
    const to = this.pick([0, 4, 11, 12, 13, 14, 20, 0x3fff, this.random.int(0, 300)]);
    const pointer = Buffer.from([0xc0 | (to >>> 8), to & 255]);
    const label = Buffer.from('\x03www', 'latin1');
    return this.pick([
      pointer,
      Buffer.concat([label, pointer]),
      Buffer.concat([pointer, pointer]),
      Buffer.concat([label, label, pointer]),
    ]);
  }

  private message(name: Buffer): Buffer {
    const header = Buffer.alloc(12);
    header.writeUInt16BE(this.random.int(0, 65_535), 0);
    const opcode = this.random.chance(0.05) ? this.random.int(0, 15) : 0;
    const bits = this.random.chance(0.1) ? this.random.int(0, 0xffff) : 0x0100;
    const isResponse = this.random.chance(0.02) ? 0x8000 : 0;
    header.writeUInt16BE((bits & 0x07ff) | (opcode << 11) | isResponse, 2);
    const questions = this.random.chance(0.03) ? this.random.int(0, 3) : 1;
    header.writeUInt16BE(questions, 4);
    const question = (): Buffer => {
      const fields = Buffer.alloc(4);
      fields.writeUInt16BE(this.pick(asked), 0);
      const isOdd = this.random.chance(0.06);
      fields.writeUInt16BE(isOdd ? this.pick([0, 2, 3, 4, 254, 255, 65_535]) : 1, 2);
      return Buffer.concat([name, fields]);
    };
    const records: Buffer[] = [];
    if (this.random.chance(0.7)) records.push(this.opt());
    if (this.random.chance(0.03)) records.push(this.opt());
    if (this.random.chance(0.05)) records.unshift(this.record());
    header.writeUInt16BE(records.length, 10);
    return Buffer.concat([header, ...Array.from({ length: questions }, question), ...records]);
  }

  private opt(): Buffer {
    const options: Buffer[] = [];
    while (this.random.chance(0.6) && options.length < 40) options.push(this.option());
    const data = Buffer.concat(options);
    const head = Buffer.alloc(11);
    if (this.random.chance(0.02)) head[0] = this.random.int(1, 255);
    head.writeUInt16BE(types.OPT, 1);
    const sizes = [0, 1, 511, 512, 513, 1231, 1232, 1233, 4096, 65_535];
    head.writeUInt16BE(this.random.chance(0.3) ? this.random.int(0, 65_535) : this.pick(sizes), 3);
    if (this.random.chance(0.1)) head.writeUInt32BE(this.random.u32(), 5);
    const lie = this.random.chance(0.05) ? this.random.int(0, 70) : data.length;
    head.writeUInt16BE(lie, 9);
    return Buffer.concat([head, data]);
  }

  private option(): Buffer {
    const code = this.random.chance(0.1) ? this.random.int(0, 65_535) : this.pick(oddOptions);
    const data = code === 8 ? this.subnet() : Buffer.from(this.optionData(code));
    const head = Buffer.alloc(4);
    head.writeUInt16BE(code, 0);
    head.writeUInt16BE(this.random.chance(0.03) ? this.random.int(0, 65_535) : data.length, 2);
    return Buffer.concat([head, data]);
  }

  private optionData(code: number): Uint8Array {
    if (code === 65_313) {
      const text = ['ns=ns-1.awsdns-01.com', 'vpc=vpc-1', 'vpc=', '=', 'ns', '\xff=\0'];
      return Buffer.from(this.pick(text), 'latin1');
    }
    return this.random.bytes(this.pick([0, 1, 8, 16, 24, 40, 41, this.random.int(0, 300)]));
  }

  private subnet(): Buffer {
    const family = this.pick([1, 1, 1, 2, 2, 0, 3, 65_535]);
    const bits = this.random.int(0, this.pick([24, 32, 33, 56, 128, 129, 255]));
    const octets = this.random.chance(0.1) ? this.random.int(0, 20) : (bits + 7) >> 3;
    const scope = this.random.chance(0.05) ? this.random.int(0, 255) : 0;
    const address = this.random.bytes(octets);
    // Nine in ten keep the bits beyond the prefix at zero.
    const last = octets - 1;
    if (last >= 0 && (bits & 7) !== 0 && this.random.chance(0.9)) {
      address[last] = (address[last] ?? 0) & ~(0xff >> (bits & 7));
    }
    return Buffer.from([family >>> 8, family & 255, bits, scope, ...address]);
  }

  private record(): Buffer {
    const data = this.random.bytes(this.random.int(0, 40));
    const fields = Buffer.alloc(10);
    fields.writeUInt16BE(this.pick(asked), 0);
    fields.writeUInt16BE(1, 2);
    fields.writeUInt16BE(this.random.chance(0.2) ? this.random.int(0, 65_535) : data.length, 8);
    const name = this.random.chance(0.5) ? this.loop() : this.name();
    return Buffer.concat([name, fields, data]);
  }

  /** As over TCP: up to thousands of records, each a pointer to the one before. */
  private manyRecords(): Buffer {
    const start = this.message(this.name());
    const count = this.random.chance(0.02) ? 4_000 : this.random.int(0, 30);
    const record = Buffer.from('c00c00010001000000000000', 'hex');
    const packet = Buffer.concat([start, ...Array.from({ length: count }, () => record)]);
    packet.writeUInt16BE((packet.readUInt16BE(10) + count) & 0xffff, 10);
    return packet;
  }

  private withLyingCounts(): Buffer {
    const packet = this.message(this.name());
    const at = this.pick([4, 6, 8, 10]);
    packet.writeUInt16BE(this.pick([0, 1, 2, 255, 65_535, this.random.int(0, 65_535)]), at);
    return packet;
  }

  private cut(packet: Buffer): Buffer {
    return packet.subarray(0, this.random.int(0, packet.length));
  }

  private mutated(packet: Buffer): Buffer {
    for (let edits = this.random.int(1, 6); edits > 0; edits--) {
      packet[this.random.int(0, packet.length - 1)] = this.random.int(0, 255);
    }
    return packet;
  }
}

export interface FuzzReport {
  readonly packets: number;
  readonly answered: number;
  readonly dropped: number;
  readonly codes: ReadonlyMap<number, number>;
  readonly slowestMs: number;
}

/** An answer that takes as long as this takes it again when asked again, or the machine was busy. */
const slowMs = 20;
const repeats = 5;

/** Throws at the first packet of which something does not hold; the message has it in hex. */
export function fuzzPackets(
  seed: number,
  count: number,
  nowMs: () => number,
  onProgress: (done: number) => void = () => {},
): FuzzReport {
  const server = serverWith(1);
  const generator = new Generator(namedRandom(seed, 'packets'));
  const questions = ['www.example.test', 'x.deep.example.test', 'www.elsewhere.test'];
  const controls = questions.map((name, id) =>
    serializeMessage(queryMessage({ id, name, type: 1 })),
  );
  const source = { ip: '192.0.2.1', tcp: false };
  const expected = controls.map((each) => server.answer(each, source));
  const codes = new Map<number, number>();
  let dropped = 0;
  let slowestMs = 0;
  for (let n = 0; n < count; n++) {
    const packet = generator.packet();
    const tcp = n % 5 === 0;
    const from = { ip: n % 3 === 0 ? '2001:db8::1' : '192.0.2.1', tcp };
    try {
      const { answer, tookMs } = timed(server, packet, from, nowMs);
      slowestMs = Math.max(slowestMs, tookMs);
      if (answer === undefined) dropped++;
      else {
        const code = checkAnswer(packet, answer, tcp);
        codes.set(code, (codes.get(code) ?? 0) + 1);
      }
    } catch (error) {
      const hex = packet.toString('hex');
      throw new Error(`seed ${seed}, packet ${n}: ${error}\n${hex}`, { cause: error });
    }
    if (n % 5000 !== 4999) continue;
    for (const [index, control] of controls.entries()) {
      assert.deepEqual(server.answer(control, source), expected[index], 'other zones go on');
    }
    if (n % 50_000 === 49_999) onProgress(n + 1);
  }
  return { packets: count, answered: count - dropped, dropped, codes, slowestMs };
}

function timed(
  server: DnsServer,
  packet: Buffer,
  from: { ip: string; tcp: boolean },
  nowMs: () => number,
): { answer: Uint8Array | undefined; tookMs: number } {
  let tookMs = Number.POSITIVE_INFINITY;
  let answer: Uint8Array | undefined;
  for (let n = 0; n < repeats && tookMs > slowMs; n++) {
    const startedAt = nowMs();
    answer = server.answer(packet, from);
    tookMs = Math.min(tookMs, nowMs() - startedAt);
  }
  assert.ok(tookMs <= slowMs, `takes ${tookMs} ms, ${repeats} times over`);
  return { answer, tookMs };
}

/** What must hold of an answer; returns its code. */
function checkAnswer(packet: Buffer, bytes: Uint8Array, tcp: boolean): number {
  assert.ok(packet.length >= 12 && (packet.readUInt8(2) & 0x80) === 0, 'only queries are answered');
  assert.ok(bytes.length <= (tcp ? 65_535 : 1232), `${bytes.length} octets`);
  const message = parseMessage(bytes);
  assert.ok(message.response);
  assert.equal(message.id, packet.readUInt16BE(0));
  assert.equal(message.opcode, (packet.readUInt8(2) >>> 3) & 15);
  assert.ok([0, 1, 3, 4, 5, 16].includes(message.rcode), `code ${message.rcode}`);
  assert.ok(!message.recursionAvailable);
  if (message.truncated) assert.ok(!tcp && message.answers.length === 0);
  if (message.edns === undefined && !tcp) assert.ok(bytes.length <= 512);
  if (message.questions.length === 1) {
    // The question comes back octet for octet, whatever its case.
    let end = 12;
    while ((packet[end] ?? 0) !== 0) end += 1 + (packet[end] ?? 0);
    const question = Buffer.from(bytes).toString('hex', 12, end + 5);
    assert.equal(question, packet.toString('hex', 12, end + 5));
  } else assert.equal(bytes.length, 12);
  for (const { ttl, class: of } of [...message.answers, ...message.authorities]) {
    assert.ok(of === 1 && ttl <= 0x7fffffff);
  }
  return message.rcode;
}
