import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { encodeFrame, type Frame, FrameReader } from './frames.ts';

const headers = fc.dictionary(
  fc.stringMatching(/^[a-z][a-z-]{0,10}$/),
  fc.string({ maxLength: 12, unit: 'grapheme' }),
  { noNullPrototype: true, maxKeys: 4 },
);
const body = fc.uint8Array({ maxLength: 300 });
const exchange = fc.nat(0xffffffff);
const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({
    kind: fc.constant('request' as const),
    exchange,
    service: fc.string(),
    from: fc.string(),
    request: fc.record({ method: fc.constant('PUT'), path: fc.webPath(), headers, body }),
  }),
  fc.record({
    kind: fc.constant('response' as const),
    exchange,
    response: fc.record({ status: fc.integer({ min: 200, max: 599 }), headers, body }),
  }),
  fc.record({
    kind: fc.constant('failure' as const),
    exchange,
    code: fc.constant('ECONNREFUSED' as const),
    maybeApplied: fc.boolean(),
    detail: fc.string(),
  }),
);

const bytesOf = (frames: readonly Frame[]): Buffer => Buffer.concat(frames.flatMap(encodeFrame));

describe('frames', () => {
  it('come back as they were, however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 5 }), fc.array(fc.nat(400)), (frames, cuts) => {
        const stream = bytesOf(frames);
        const seen: Frame[] = [];
        const reader = new FrameReader(1_000, (one) => seen.push(one));
        let at = 0;
        for (const cut of [...cuts, stream.length]) {
          const chunk = stream.subarray(at, at + cut);
          at += chunk.length;
          if (chunk.length > 0) reader.push(Buffer.from(chunk));
        }
        assert.deepEqual(seen.map(plainBody), frames.map(plainBody));
      }),
    );
  });

  it('give up a stream that is none of theirs', () => {
    const push = (bytes: Buffer) => () => new FrameReader(1_000, () => {}).push(bytes);
    assert.throws(push(Buffer.from('GET / HTTP/1.1\r\n\r\n')), RangeError);
    assert.throws(push(Buffer.from([0, 0, 0, 0, 0])), RangeError);
    const good = bytesOf([
      { kind: 'failure', exchange: 1, code: 'EPROTO', maybeApplied: true, detail: '' },
    ]);
    const wrongKind = Buffer.from(good);
    wrongKind[4] = 9;
    assert.throws(push(wrongKind), RangeError);
    const longHead = Buffer.from(good);
    longHead.writeUInt32LE(1_000_000, 9);
    assert.throws(push(longHead), RangeError);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          new FrameReader(1_000, () => {}).push(Buffer.from(bytes));
        } catch (error) {
          assert.ok(error instanceof RangeError || error instanceof SyntaxError, String(error));
        }
      }),
    );
  });
});

/** The same with the body as a plain list, for comparing. */
function plainBody(one: Frame): unknown {
  if (one.kind === 'request') {
    return { ...one, request: { ...one.request, body: [...one.request.body] } };
  }
  if (one.kind === 'response') {
    return { ...one, response: { ...one.response, body: [...one.response.body] } };
  }
  return { ...one };
}
