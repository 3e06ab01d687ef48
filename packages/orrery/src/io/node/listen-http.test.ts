import assert from 'node:assert/strict';
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import type { HttpRequest, HttpResponse } from '../io.ts';
import { type HttpListenHandler, type Listening, listenHttp, type Peer } from './listen-http.ts';

const ok = (body = 'ok', headers: HttpResponse['headers'] = {}): HttpResponse => ({
  status: 200,
  headers,
  body: Buffer.from(body),
});

async function serving(
  handler: HttpListenHandler,
  body: (listening: Listening, bugs: unknown[]) => Promise<void>,
): Promise<void> {
  const bugs: unknown[] = [];
  const listening = await listenHttp({
    what: 'the test',
    host: '127.0.0.1',
    port: 0,
    handler,
    bodyLimitBytes: 1_000,
    onBug: (error) => bugs.push(error),
  });
  try {
    await body(listening, bugs);
  } finally {
    await listening.close();
  }
}

/** Sends raw bytes and returns all that comes back until the connection ends or falls silent. */
function raw(port: number, parts: readonly string[], silenceMs = 100): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.setTimeout(silenceMs, () => socket.destroy());
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
    const send = (index: number): void => {
      const part = parts[index];
      if (part === undefined) return;
      socket.write(part);
      setTimeout(() => send(index + 1), 15);
    };
    send(0);
  });
}

describe('listenHttp', () => {
  it('hands over whole requests, split however, and sends whole answers', async () => {
    const seen: [HttpRequest, Peer][] = [];
    await serving(
      (request, peer) => {
        seen.push([request, peer]);
        return ok(`${request.method} ${request.path}`, {
          'set-cookie': ['a=1', 'b=2'],
          'x-y': 'z',
        });
      },
      async ({ port }) => {
        const answer = await raw(port, [
          'POST /a?b=c HTTP/1.1\r\nHost: x\r\nX-Up',
          'per: One\r\nX-Upper: Two\r\nContent-Length: 6\r\n\r\nab',
          'cd',
          'efGET /second HTTP/1.1\r\nHost: x\r\n\r\n',
        ]);
        assert.equal(seen.length, 2);
        const [request, peer] = seen.find(([one]) => one.method === 'POST') ?? assert.fail();
        assert.equal(Buffer.from(request.body).toString(), 'abcdef');
        assert.equal(request.headers['x-upper'], 'One, Two');
        assert.equal(peer.ip, '127.0.0.1');
        assert.ok(peer.port > 0);
        assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
        assert.match(answer, /set-cookie: a=1\r\nset-cookie: b=2\r\nx-y: z\r\ncontent-length: 11/);
        assert.match(answer, /\r\n\r\nPOST \/a\?b=cHTTP\/1\.1 200 OK[\s\S]*\r\n\r\nGET \/second$/);
      },
    );
  });

  it('takes chunked bodies, and refuses what is over the limit', async () => {
    await serving(
      (request) => ok(String(request.body.length)),
      async ({ port }) => {
        const chunked = 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n';
        assert.match(await raw(port, [chunked, '3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n']), /\r\n\r\n5$/);
        const big = 'x'.repeat(1_001);
        const over = /^HTTP\/1\.1 413 [\s\S]*The body is larger than 1000 bytes\.\n$/;
        assert.match(await raw(port, [chunked, `3e9\r\n${big}\r\n0\r\n\r\n`]), over);
        const declared = `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n`;
        assert.match(await raw(port, [declared]), over);
        assert.match(
          await raw(port, [declared.replace('1001', '1000') + 'x'.repeat(1_000)]),
          /1000$/,
        );
      },
    );
  });

  it('lets a client wait for 100 Continue, unless the body is too large', async () => {
    await serving(
      (request) => ok(String(request.body.length)),
      async ({ port }) => {
        const ask = (length: number) =>
          `PUT / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`;
        const allowed = await raw(port, [ask(4), 'abcd']);
        assert.match(allowed, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK[\s\S]*\r\n\r\n4$/);
        assert.match(await raw(port, [ask(5_000)]), /^HTTP\/1\.1 413 /);
      },
    );
  });

  it('frames answers without a body as HTTP says', async () => {
    await serving(
      (request) => {
        if (request.path === '/204') return { ...ok(''), status: 204 };
        if (request.path === '/304') return { ...ok('never'), status: 304 };
        if (request.path === '/wrong') return ok('four', { 'content-length': '99' });
        return ok('', { 'content-length': '1234' });
      },
      async ({ port }) => {
        const ask = (method: string, path: string) =>
          raw(port, [`${method} ${path} HTTP/1.1\r\nHost: x\r\n\r\n`]);
        assert.match(await ask('HEAD', '/'), /content-length: 1234\r\n[\s\S]*\r\n\r\n$/);
        assert.match(await ask('GET', '/'), /content-length: 0\r\n/);
        assert.match(await ask('GET', '/wrong'), /content-length: 4\r\n[\s\S]*\r\n\r\nfour$/);
        assert.doesNotMatch(await ask('GET', '/204'), /content-length|transfer-encoding/i);
        assert.doesNotMatch(await ask('GET', '/304'), /never|transfer-encoding/i);
      },
    );
  });

  it('says so when an answer is no valid HTTP, and goes on', async () => {
    await serving(
      (request) => {
        if (request.path === '/header') return ok('', { 'x-bad': 'a\r\nb: c' });
        if (request.path === '/name') return ok('', { 'x bad': 'a' });
        if (request.path === '/late') return Promise.resolve({ ...ok(), status: 9_999 });
        return ok();
      },
      async ({ port }, bugs) => {
        for (const path of ['/header', '/name', '/late']) {
          const answer = await raw(port, [`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`]);
          assert.match(answer, /^HTTP\/1\.1 502 [\s\S]*no valid HTTP message/);
        }
        assert.deepEqual(bugs, []);
        assert.match(await raw(port, ['GET / HTTP/1.1\r\nHost: x\r\n\r\n']), / 200 OK/);
      },
    );
  });

  it('answers 500 to bugs and 400 to what is not HTTP, and goes on', async () => {
    await serving(
      (request) => {
        if (request.path === '/throw') throw new RangeError('thrown');
        if (request.path === '/reject') return Promise.reject(new RangeError('rejected'));
        return ok();
      },
      async ({ port }, bugs) => {
        const ask = (path: string) => raw(port, [`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`]);
        assert.match(await ask('/throw'), /^HTTP\/1\.1 500 /);
        assert.match(await ask('/reject'), /^HTTP\/1\.1 500 /);
        assert.deepEqual(bugs.map(String), ['RangeError: thrown', 'RangeError: rejected']);
        assert.match(await raw(port, ['nonsense\r\n\r\n']), /^HTTP\/1\.1 400 /);
        const long = `GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'y'.repeat(20_000)}\r\n\r\n`;
        assert.match(await raw(port, [long]), /^HTTP\/1\.1 431 /);
        assert.match(await ask('/'), /^HTTP\/1\.1 200 /);
      },
    );
  });

  it('outlives clients that leave before their answer', async () => {
    let release = (): void => {};
    await serving(
      () => new Promise((resolve) => (release = () => resolve(ok()))),
      async ({ port }, bugs) => {
        const agent = new Agent();
        const outgoing = httpRequest({ port, host: '127.0.0.1', agent });
        outgoing.on('error', () => {});
        outgoing.end();
        await new Promise((resolve) => setTimeout(resolve, 30));
        outgoing.destroy();
        await new Promise((resolve) => setTimeout(resolve, 30));
        release();
        await new Promise((resolve) => setTimeout(resolve, 10));
        assert.deepEqual(bugs, []);
      },
    );
  });

  it('says what to do when the port is taken', async () => {
    await serving(
      () => ok(),
      async ({ port }) => {
        const again = { what: 'the AWS endpoint', host: '127.0.0.1', port, handler: () => ok() };
        await assert.rejects(listenHttp({ ...again, portOption: '--port' }), {
          message: new RegExp(`port ${port} on 127.0.0.1 is taken.*choose another with --port`),
        });
      },
    );
    const elsewhere = { what: 'the test', host: '192.0.2.1', port: 0, handler: () => ok() };
    await assert.rejects(listenHttp(elsewhere), { message: /192\.0\.2\.1 is no address/ });
  });
});
