import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { Duplex } from 'node:stream';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type HttpResponse, NetError } from '../io.ts';
import { type AnswerLimits, AnswerReader } from './http-answer.ts';

const all: AnswerLimits = { bodyBytesMax: 1e6, bodyBytes: Number.POSITIVE_INFINITY, isHead: false };

/** What is read of pieces that come one after the other, and then the end. */
function read(pieces: readonly Buffer[], limits: AnswerLimits = all): HttpResponse {
  const reader = new AnswerReader(limits);
  // One buffer for all of them, as a socket has it.
  const shared = Buffer.alloc(65_536);
  for (const piece of pieces) {
    piece.copy(shared);
    const response = reader.push(shared.subarray(0, piece.length));
    shared.fill(0x21);
    if (response !== undefined) return response;
  }
  return reader.end();
}

const text = (message: string, limits?: AnswerLimits): HttpResponse =>
  read([Buffer.from(message, 'latin1')], limits);
const body = ({ body }: HttpResponse): string => Buffer.from(body).toString('latin1');

function refused(message: string, limits?: AnswerLimits): string {
  try {
    text(message, limits);
  } catch (error) {
    assert.ok(error instanceof NetError && error.maybeApplied);
    return error.code;
  }
  assert.fail(`${JSON.stringify(message.slice(0, 80))} was taken for an answer`);
}

const ok = 'HTTP/1.1 200 OK\r\n';

describe('an answer', () => {
  it('ends with its length, its last chunk, or its sender', () => {
    assert.equal(body(text(`${ok}content-length: 2\r\n\r\nokay`)), 'ok');
    assert.equal(
      body(text(`${ok}transfer-encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nx: y\r\n\r\nz`)),
      'abc',
    );
    assert.equal(body(text(`${ok}\r\nto the end`)), 'to the end');
    assert.equal(body(text('HTTP/1.0 200\r\n\r\nold')), 'old');
    for (const status of [204, 304]) {
      assert.equal(body(text(`HTTP/1.1 ${status} X\r\ncontent-length: 9\r\n\r\n`)), '');
    }
    assert.equal(body(text(`${ok}content-length: 9\r\n\r\n`, { ...all, isHead: true })), '');
  });

  it('comes after informational ones', () => {
    const many = 'HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n'.repeat(1_000);
    const { status, headers } = text(`${many}${ok}a: b\r\ncontent-length: 0\r\n\r\n`);
    assert.deepEqual([status, headers], [200, { a: 'b', 'content-length': '0' }]);
    assert.equal(refused('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n'), 'EPROTO');
  });

  it('is there with as much of the body as is wanted', () => {
    const some = (bodyBytes: number): AnswerLimits => ({ ...all, bodyBytes, bodyBytesMax: 10 });
    const long = `${ok}content-length: 999\r\n\r\n${'x'.repeat(20)}`;
    assert.equal(body(text(long, some(0))), '');
    assert.equal(body(text(long, some(7))), 'xxxxxxx');
    assert.equal(refused(long, some(11)), 'EPROTO');
    const chunked = `${ok}transfer-encoding: chunked\r\n\r\nffffffff\r\n${'x'.repeat(20)}`;
    assert.equal(body(text(chunked, some(7))), 'xxxxxxx');
    assert.equal(refused(chunked, some(11)), 'EPROTO');
  });

  it('has each header once, as HTTP and node:http join them', () => {
    const { headers } = text(
      `${ok}Set-Cookie: a\r\nset-cookie: b\r\nX-A:1\r\nx-a: \t 2 \t\r\nServer: s\r\nserver: t\r\n` +
        'X-Folded: one\r\n  two\r\n\tthree\r\n__proto__: x\r\ncontent-length: 0\r\n\r\n',
    );
    assert.deepEqual(
      { ...headers },
      {
        'set-cookie': ['a', 'b'],
        'x-a': '1, 2',
        server: 's',
        'x-folded': 'one two three',
        'content-length': '0',
      },
    );
  });

  it('is none where two readers could disagree, or where there is more than is kept', () => {
    const long = 'y'.repeat(16_400);
    for (const head of [
      'HTTP/2 200\r\n',
      'HTTP/1.1 20 X\r\n',
      'HTTP/1.1 2000 X\r\n',
      'ICY 200 OK\r\n',
      ' HTTP/1.1 200 OK\r\n',
      `${ok}content-length: 1\r\ncontent-length: 1\r\n`,
      `${ok}content-length: 1\r\ntransfer-encoding: chunked\r\n`,
      `${ok}content-length: +1\r\n`,
      `${ok}content-length: 1, 1\r\n`,
      `${ok}content-length: 1${'0'.repeat(20)}\r\n`,
      `${ok}content-length : 1\r\n`,
      `${ok}a\r\n`,
      `${ok}: b\r\n`,
      `${ok}a: b\nc: d\r\n`,
      `${ok}a: b\rc: d\r\n`,
      `${ok}a: \0\r\n`,
      `${ok}a: ${long}\r\n`,
      `${ok}${'a: b\r\n'.repeat(3_000)}`,
      `${ok}transfer-encoding: chunked\r\n\r\nx\r\n`,
      `${ok}transfer-encoding: chunked\r\n\r\n1\nx`,
      `${ok}transfer-encoding: chunked\r\n\r\n-1\r\n`,
      `${ok}transfer-encoding: chunked\r\n\r\n1\r\nxy\r\n`,
      `${ok}transfer-encoding: chunked\r\n\r\n1;${long}`,
      `${ok}transfer-encoding: chunked\r\n\r\n0\r\n${'a: b\r\n'.repeat(3_000)}`,
      `${ok}transfer-encoding: chunked\r\n\r\n${'f'.repeat(18)}\r\n`,
    ]) {
      assert.equal(refused(`${head}\r\n`), 'EPROTO', JSON.stringify(head.slice(0, 80)));
    }
    // Found out at once, not when the sender ends.
    assert.throws(() => new AnswerReader(all).push(Buffer.from('SSH-2')), { code: 'EPROTO' });
    assert.throws(() => new AnswerReader(all).push(Buffer.from('\0')), { code: 'EPROTO' });
  });

  it('breaks off where its sender ends too early', () => {
    for (const part of [
      '',
      'HTTP/1.1 2',
      `${ok}a: b\r\n`,
      `${ok}content-length: 2\r\n\r\nx`,
      `${ok}transfer-encoding: chunked\r\n\r\n5\r\nabc`,
      `${ok}transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n`,
      'HTTP/1.1 100 Continue\r\n\r\n',
    ]) {
      assert.equal(refused(part), 'ECONNRESET', JSON.stringify(part));
    }
  });
});

type Seen = { readonly status: number; readonly headers: unknown; readonly body: string };

/** What node:http reads of the same pieces; undefined where it is no whole answer to it. */
function readByNode(pieces: readonly Buffer[]): Promise<Seen | undefined> {
  return new Promise((done) => {
    const socket = new Duplex({ read: () => {}, write: (_chunk, _encoding, next) => next() });
    const sent = httpRequest({ createConnection: () => socket, method: 'GET', path: '/' });
    sent.on('error', () => done(undefined));
    sent.on('upgrade', () => done(undefined));
    sent.on('response', (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk) => chunks.push(chunk));
      incoming.on('error', () => done(undefined));
      incoming.on('end', () => {
        const { statusCode: status = 0, headers } = incoming;
        done({ status, headers: { ...headers }, body: Buffer.concat(chunks).toString('latin1') });
      });
    });
    sent.end();
    for (const piece of pieces) socket.push(piece);
    socket.push(null);
  });
}

const statusLines = fc.constantFrom(
  ...['200 OK', '200', '404 ', '204 No', '304 X', '100 Continue', '999 \xff', '20', 'x'],
);
const versions = fc.constantFrom('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/3.0', 'SSH');
const lines = fc.constantFrom(
  ...['content-length: 3', 'Content-Length: 0', 'transfer-encoding: chunked', 'connection: close'],
  ...['transfer-encoding: gzip, Chunked', 'transfer-encoding: gzip', 'x-a: 1', 'X-A:2', 'x y: 1'],
  ...[
    'set-cookie: a=b',
    'server: s',
    'server: t',
    'x-b: \t\xe4 \t',
    'x-c:',
    ': x',
    'x-d: \x07',
    'x-e',
  ],
);
const bodies = fc.constantFrom(
  ...['', 'abc', 'abcdef', '3\r\nabc\r\n0\r\n\r\n', '3;q\r\nabc\r\n1\r\nd\r\n0\r\nt: u\r\n\r\n'],
  ...[
    '3\r\nabcd\r\n0\r\n\r\n',
    'g\r\n',
    '3\r\nabc\r\n',
    '0\r\n\r\nmore',
    '03\r\nabc\r\n00\r\n\r\n',
  ],
);
const messages = fc
  .tuple(versions, statusLines, fc.array(lines, { maxLength: 4 }), bodies)
  .map(([version, status, headers, rest]) =>
    [`${version} ${status}`, ...headers, '', rest].join('\r\n'),
  );
/** One answer, or one after an informational one, cut at random. */
const cut = fc
  .tuple(
    fc.constantFrom('', 'HTTP/1.1 103 X\r\na: b\r\n\r\n'),
    messages,
    fc.array(fc.nat(200), { maxLength: 4 }),
  )
  .map(([before, message, cuts]) => {
    const bytes = Buffer.from(before + message, 'latin1');
    const places = [...cuts, 0, bytes.length].map((at) => Math.min(at, bytes.length));
    places.sort((a, b) => a - b);
    return places.slice(1).map((to, n) => bytes.subarray(places[n], to));
  })
  .map((pieces) => pieces.filter(({ length }) => length > 0));

/** What we read of the bytes, and how many of them it took. */
function readByUs(bytes: Buffer): { readonly seen: Seen | undefined; readonly taken: number } {
  const reader = new AnswerReader(all);
  const seen = (response: HttpResponse): Seen => {
    const { status, headers } = response;
    return { status, headers: { ...headers }, body: body(response) };
  };
  for (let at = 0; at < bytes.length; at += 1) {
    try {
      const response = reader.push(bytes.subarray(at, at + 1));
      if (response !== undefined) return { seen: seen(response), taken: at + 1 };
    } catch {
      return { seen: undefined, taken: bytes.length };
    }
  }
  const isWhole = ((): HttpResponse | undefined => {
    try {
      return reader.end();
    } catch {
      return undefined;
    }
  })();
  return { seen: isWhole === undefined ? undefined : seen(isWhole), taken: bytes.length };
}

it('is the one that node:http reads, whole, cut, or byte by byte', async () => {
  let answers = 0;
  await fc.assert(
    fc.asyncProperty(cut, async (pieces) => {
      const { seen, taken } = readByUs(Buffer.concat(pieces));
      let at = 0;
      // What comes behind the answer is nobody's: node:http refuses it, we never look.
      const needed = pieces.flatMap((piece) => {
        const part = piece.subarray(0, Math.max(0, taken - at));
        at += piece.length;
        return part.length > 0 ? [part] : [];
      });
      assert.deepEqual(seen, await readByNode(needed));
      if (seen === undefined) return;
      const { status, headers } = read(needed);
      assert.deepEqual([status, { ...headers }], [seen.status, seen.headers]);
      assert.equal(body(read(needed)), seen.body);
      answers += 1;
    }),
    { numRuns: 2_000 },
  );
  assert.ok(answers > 200, `${answers} of 2,000 were answers`);
});
