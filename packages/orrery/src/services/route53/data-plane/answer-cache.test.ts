import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { typeNumber } from '../../../wire/dns/constants.ts';
import { clientSubnetOption } from '../../../wire/dns/edns.ts';
import { parseMessage, queryMessage, serializeMessage } from '../../../wire/dns/message.ts';
import { placeByName } from '../../../world/places.ts';
import { AnswerCache } from './answer-cache.ts';
import { compileBody } from './response.ts';
import { serverWith } from './zones.fake.ts';

const packetOf = (name: string, type: string, id: number, cidr?: string): Uint8Array =>
  serializeMessage(
    queryMessage({
      id,
      name,
      type: typeNumber(type) ?? 0,
      ...(cidr === undefined ? {} : { edns: { options: [clientSubnetOption(cidr)] } }),
    }),
  );

describe('answers from the cache', () => {
  const question = fc.record({
    name: fc.constantFrom(
      ...['www', 'WWW', 'near', 'chain', 'sub', 'some.wild', 'nowhere', 'zero', 'txt'].map(
        (label) => `${label}.example.test`,
      ),
    ),
    type: fc.constantFrom('A', 'AAAA', 'TXT', 'ANY', 'NS'),
    id: fc.nat(65_535),
    cidr: fc.constantFrom(undefined, '198.18.1.0/24', '198.18.30.0/24', '2001:2:0:1e00::/56'),
    ip: fc.constantFrom('127.0.0.1', '127.0.30.1', '198.18.30.9', '2001:db8::1'),
    tcp: fc.boolean(),
  });

  test('are those of a server that has answered nothing yet, octet for octet', () => {
    const warm = serverWith(1);
    fc.assert(
      fc.property(question, ({ name, type, id, cidr, ip, tcp }) => {
        const packet = packetOf(name, type, id, cidr);
        const fresh = serverWith(1).answer(packet, { ip, tcp });
        assert.deepEqual(warm.answer(packet, { ip, tcp }), fresh);
      }),
      { numRuns: 2000 },
    );
  });

  test("are nobody else's to write to", () => {
    const server = serverWith(1);
    const source = { ip: '127.0.0.1', tcp: false };
    const [first, second] = [1, 2].map((id) =>
      server.answer(packetOf('www.example.test', 'A', id), source),
    );
    assert.ok(first && second);
    assert.deepEqual(
      [first, second].map((each) => parseMessage(each).id),
      [1, 2],
    );
    first.fill(0);
    second.fill(0);
    const third = server.answer(packetOf('www.example.test', 'A', 3), source);
    assert.ok(third);
    assert.equal(parseMessage(third).answers.length, 1);
  });

  test('without a client subnet hang on the place of the source', () => {
    const server = serverWith(1);
    const packet = packetOf('near.example.test', 'A', 9);
    const valueFor = (ip: string): number | undefined => {
      const answer = server.answer(packet, { ip, tcp: false });
      assert.ok(answer);
      return parseMessage(answer).answers[0]?.data[0];
    };
    for (let i = 0; i < 2; i++) {
      assert.deepEqual(['127.0.1.1', '127.0.30.1', '127.0.12.1'].map(valueFor), [1, 3, 2]);
    }
  });
});

describe('the cache', () => {
  const place = placeByName('tokyo');
  assert.ok(place);

  test('holds a bounded number of bodies', () => {
    const cache = new AnswerCache();
    const query = Buffer.from(packetOf('www.example.test', 'A', 1));
    const body = compileBody(
      { bytes: query, questionEnd: query.length, name: '\x03www\0' } as never,
      {
        rcode: 0,
        authoritative: true,
        answers: [],
        authorities: [],
        additionals: [],
        chance: false,
        location: false,
        cidrScope: 0,
      },
      1,
    );
    for (let i = 0; i < 200_000; i++) cache.keepBody(String(i), body, place);
    assert.equal(
      cache.body('0', () => place),
      undefined,
    );
    assert.equal(
      cache.body('199999', () => place),
      body,
    );
    cache.clear();
    assert.equal(
      cache.body('199999', () => place),
      undefined,
    );
  });
});
