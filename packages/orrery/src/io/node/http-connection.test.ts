/** The own reading of HTTP against node:http's: whatever comes, both answer alike. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, createServer as createNetServer, type Socket } from 'node:net';
import { after, before, describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import type { HttpRequest } from '../io.ts';
import { HttpConnection } from './http-connection.ts';
import { readRequestHead, responseHead } from './http-head.ts';
import { type Listening, listenHttp } from './listen-http.ts';

/** What a server understood, as its answer. */
function understood({ method, path, headers, body }: HttpRequest): Buffer {
  const { connection: _, ...told } = headers;
  const text = Buffer.from(body).toString('latin1');
  return Buffer.from(JSON.stringify([method, path, Object.entries(told).sort(), text]));
}

let ours: Listening;
let reference: Server;

before(async () => {
  ours = await listenHttp({
    what: 'the test',
    host: '127.0.0.1',
    port: 0,
    handler: (request) => ({ status: 200, headers: {}, body: understood(request) }),
  });
  reference = createServer((incoming, outgoing) => {
    const pieces: Buffer[] = [];
    incoming.on('data', (piece: Buffer) => pieces.push(piece));
    incoming.on('end', () => {
      const headers = incoming.headers as Record<string, string>;
      const { method = '', url: path = '' } = incoming;
      const body = understood({ method, path, headers, body: Buffer.concat(pieces) });
      outgoing.setHeader('content-length', body.length);
      outgoing.end(body);
    });
  });
  await new Promise<void>((resolve) => reference.listen(0, '127.0.0.1', resolve));
});

after(async () => {
  await ours.close();
  reference.close();
  reference.closeAllConnections();
});

/** A body of one letter, in short. */
function bodyMark(body: string): string {
  const [letter = ''] = body;
  return body === letter.repeat(body.length) ? `${body.length} ${letter}` : 'several letters';
}

const silenceMs = 60;

/** Sends bytes in the given pieces; returns status and body of every answer until all is silent. */
function converse(port: number, pieces: readonly string[]): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
    });
    socket.setTimeout(silenceMs, () => socket.end());
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error);
    });
    socket.on('close', () => resolve(answersIn(text)));
    const send = (at: number): void => {
      const piece = pieces[at];
      if (piece !== undefined)
        socket.write(piece, 'latin1', () => setTimeout(() => send(at + 1), 1));
    };
    send(0);
  });
}

function answersIn(text: string): readonly string[] {
  return text
    .split(/(?=HTTP\/1\.1 \d{3} )/)
    .map((one) => `${one.slice(9, 12)} ${one.slice(one.indexOf('\r\n\r\n') + 4)}`);
}

const isRefused = (answer: string): boolean => answer.startsWith('400');

const line = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('X-One: 1', 'accept: */*', 'X-Two:  spaced \t', 'E:') },
  { weight: 2, arbitrary: fc.constantFrom('x-one: again', 'Cookie: a=1', 'cookie: b=2') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'no colon',
      'bad name: x',
      ': empty',
      ' folded',
      'X-Ctl: a\x01b',
      'X-Nul: \0',
      'X-Lf: a\nb',
      'Expect: 100-continue',
      'Content-Length: 3',
      'Content-Length: -1',
      'Content-Length: 1, 1',
      'Upgrade: websocket',
    ),
  },
);

const message = fc
  .record({
    method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'PATCH', 'get', 'WRONG', ''),
    path: fc.constantFrom('/', '/a/b?c=d&e', '/%20', '*', 'http://x/y', '/sp ace', '/\xe9', ''),
    version: fc.constantFrom('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'X'),
    host: fc.constantFrom('Host: x', 'Host: x', 'Host: x', 'host: y', 'X-None: 1'),
    lines: fc.array(line, { maxLength: 4 }),
    body: fc.constantFrom('', '', 'abc', 'x'.repeat(3_000)),
    framing: fc.constantFrom('length', 'length', 'chunked', 'none'),
  })
  .map(({ method, path, version, host, lines, body, framing }) => {
    const framed =
      framing === 'length' && body !== ''
        ? [`Content-Length: ${body.length}`]
        : framing === 'chunked'
          ? ['Transfer-Encoding: chunked']
          : [];
    const head = [`${method} ${path} ${version}`, host, ...lines, ...framed].join('\r\n');
    const chunked =
      body === '' ? '0\r\n\r\n' : `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    return `${head}\r\n\r\n${framing === 'chunked' ? chunked : framing === 'length' ? body : ''}`;
  });

/** Spares the wait for silence. */
const last = 'GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

describe('a connection', () => {
  it('understands and refuses what node:http does, in one piece and in several', async () => {
    const port = (reference.address() as AddressInfo).port;
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { minLength: 1, maxLength: 3 }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 2 }),
        async (messages, cuts) => {
          const whole = `${messages.join('')}${last}`;
          const at = cuts.map((cut) => Math.floor(cut * whole.length)).sort((a, b) => a - b);
          const pieces = [...at, whole.length].map((end, n) => whole.slice(at[n - 1] ?? 0, end));
          const [expected, actual] = await Promise.all([
            converse(port, pieces),
            converse(ours.port, pieces),
          ]);
          // What stands before garbage in one packet is answered here; node:http drops it at times.
          if (expected.some(isRefused)) assert.ok(actual.some(isRefused), String(actual));
          else assert.deepEqual(actual, expected);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('answers requests that were sent ahead one after another', async () => {
    const one = (n: number): string =>
      `POST /${n} HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n${'b'.repeat(5_000)}`;
    const ahead = Array.from({ length: 400 }, (_, n) => one(n)).join('');
    const answers = await converse(ours.port, [ahead]);
    assert.equal(answers.length, 400);
    assert.ok(answers.every((answer, n) => answer.startsWith(`200 ["POST","/${n}",`)));
  });
});

/** A connection as its listener has it, and its client. */
async function connected(
  context: TestContext,
): Promise<{ connection: HttpConnection; client: Socket; handled: string[] }> {
  const handled: string[] = [];
  const owner = {
    handler: ({ path }: HttpRequest) => {
      handled.push(path);
      return { status: 200, headers: {}, body: Buffer.from(path) };
    },
    bodyLimitBytes: 1_000,
    keepAliveMs: 1_000,
    bug: () => assert.fail(),
    handOver: () => assert.fail(),
  };
  const server = createNetServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const [socket] = (await once(server, 'connection')) as [Socket];
  context.after(() => {
    client.destroy();
    socket.destroy();
    server.close();
  });
  return { connection: new HttpConnection(socket, owner), client, handled };
}

describe('patience', () => {
  it('gives bytes back only when nobody needs them, also to clients that do not read', async (context) => {
    let released = 0;
    const listening = await listenHttp({
      what: 'the test',
      host: '127.0.0.1',
      port: 0,
      handler: ({ path }) => {
        const [, size, letter] = path.split('/');
        const body = Buffer.alloc(Number(size), letter);
        const release = (): void => {
          released += 1;
          body.fill('!');
        };
        return { status: 200, headers: {}, body, release };
      },
    });
    context.after(() => listening.close());
    const sizes = [100, 30_000, 300_000, 1_000_000];
    const asked = Array.from({ length: 24 }, (_, n) => ({
      size: sizes[n % sizes.length] ?? 0,
      letter: 'abcdefg'[n % 7] ?? '',
    }));
    const ask = async (): Promise<string> => {
      const socket = connect(listening.port, '127.0.0.1');
      const paths = asked.map(({ size, letter }) => `/${size}/${letter}`);
      const requests = paths.map((path) => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`);
      socket.end(requests.join(''));
      socket.pause();
      await new Promise((wake) => setTimeout(wake, 30));
      let text = '';
      socket.setEncoding('latin1').on('data', (chunk) => {
        text += chunk;
      });
      socket.resume();
      await once(socket, 'close');
      return text;
    };
    const expected = asked.map(({ size, letter }) => letter.repeat(size));
    for (const text of await Promise.all([ask(), ask(), ask()])) {
      const answers = text.split('HTTP/1.1 200 OK').slice(1);
      const bodies = answers.map((one) => one.slice(one.indexOf('\r\n\r\n') + 4));
      assert.deepEqual(bodies.map(bodyMark), expected.map(bodyMark));
    }
    assert.ok(released >= 36, `${released} were given back`);
  });

  it('counts a body as a whole, however steadily it drips', async (context) => {
    const { connection, client, handled } = await connected(context);
    client.write('POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n');
    const idle = () => connection.idleFor(performance.now());
    for (let drops = 0; drops < 9; drops += 1) {
      await new Promise((wake) => setTimeout(wake, 20));
      client.write('x');
    }
    assert.ok(idle().slow);
    assert.ok(idle().ms >= 150, `${idle().ms} ms`);
    client.write('x');
    await once(client, 'data');
    assert.deepEqual(handled, ['/slow']);
    assert.ok(!idle().slow && idle().ms < 150);
  });

  it('ends with an answer that closes: what was sent behind it is not read', async (context) => {
    const { client, handled } = await connected(context);
    client.resume();
    client.write('GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await once(client, 'end');
    client.on('error', () => {});
    client.write('GET /more HTTP/1.1\r\nHost: x\r\n\r\n');
    await new Promise((wake) => setTimeout(wake, 50));
    assert.deepEqual(handled, ['/last']);
  });
});

describe('a head', () => {
  it('keeps nothing but what it understands whole', () => {
    const head = readRequestHead('POST /x?y HTTP/1.1\r\nHost: h\r\nX-A:  b \r\nContent-Length: 7');
    assert.deepEqual(head, {
      method: 'POST',
      path: '/x?y',
      headers: { host: 'h', 'x-a': 'b', 'content-length': '7' },
      bodyBytes: 7,
      closes: false,
    });
    for (const strange of ['Transfer-Encoding: chunked', 'Host: again', '__proto__: x', 'a b: c']) {
      assert.equal(readRequestHead(`GET / HTTP/1.1\r\nHost: h\r\n${strange}`), undefined);
    }
  });

  it('of an answer is refused where a header would end early', () => {
    const framing = { isHead: false, connection: '' };
    const of = (headers: Record<string, string>) =>
      responseHead({ status: 200, headers, body: Buffer.from('') }, framing);
    assert.equal(of({ 'x-a': 'b' }), 'HTTP/1.1 200 OK\r\nx-a: b\r\ncontent-length: 0\r\n\r\n');
    for (const value of ['a\r\nb: c', 'a\nb', 'a\0']) assert.equal(of({ 'x-a': value }), undefined);
    assert.equal(of({ 'x\r\n': 'a' }), undefined);
  });
});
