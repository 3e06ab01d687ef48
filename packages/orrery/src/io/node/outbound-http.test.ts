import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { type HostAddress, type HttpRequest, type HttpResponse, NetError } from '../io.ts';
import { sendOutbound } from './outbound-http.ts';

const request: HttpRequest = {
  method: 'POST',
  path: '/health?x=1',
  headers: { 'x-test': 'yes', connection: 'keep-alive', 'content-length': '999' },
  body: Buffer.from('body'),
};

const limits = {
  bodyBytesMax: 10_000,
  bodyBytes: Number.POSITIVE_INFINITY,
  deadlineMs: 5_000,
};

function send(to: Partial<HostAddress> & { port: number }): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const address = { ip: '127.0.0.1', tls: false, ...to };
    sendOutbound(address, request, limits, { answered: resolve, failed: reject });
  });
}

async function failure(sent: Promise<HttpResponse>): Promise<[string, boolean]> {
  const error = await sent.then(
    (response) => assert.fail(`answered ${response.status}`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof NetError, String(error));
  return [error.code, error.maybeApplied];
}

async function withTcp(
  onSocket: (socket: Socket) => void,
  body: (port: number) => Promise<void>,
): Promise<void> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await body((server.address() as AddressInfo).port);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

describe('requests to real hosts', () => {
  it('carry the message as it is, framed anew', async () => {
    const server: Server = createServer((incoming, outgoing) => {
      let body = '';
      incoming.on('data', (chunk) => {
        body += chunk;
      });
      incoming.on('end', () => {
        const { host, connection } = incoming.headers;
        const seen = [incoming.method, incoming.url, incoming.headers['x-test'], body, host];
        outgoing.setHeader('set-cookie', ['a=1', 'b=2']);
        outgoing.writeHead(418).end(JSON.stringify([...seen, connection]));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const response = await send({ port, serverName: 'api.orders.test' });
    assert.equal(response.status, 418);
    assert.deepEqual(response.headers['set-cookie'], ['a=1', 'b=2']);
    assert.deepEqual(JSON.parse(Buffer.from(response.body).toString()), [
      'POST',
      '/health?x=1',
      'yes',
      'body',
      'api.orders.test',
      'close',
    ]);
    server.close();
  });

  it('carry long bodies, and answers that come in turns do not touch each other', async () => {
    const server: Server = createServer((incoming, outgoing) => {
      outgoing.flushHeaders();
      // Every piece goes back as it comes, so that many connections read by turns.
      incoming.pipe(outgoing);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const bodies = ['a', 'b', 'c', 'd'].map((letter) => Buffer.alloc(300_000, letter));
    const answers = await Promise.all(
      bodies.map(
        (body) =>
          new Promise<HttpResponse>((resolve, reject) => {
            const to = { ip: '127.0.0.1', port, tls: false };
            const asker = { answered: resolve, failed: reject };
            const most = { ...limits, bodyBytesMax: 1_000_000 };
            sendOutbound(to, { ...request, body }, most, asker);
          }),
      ),
    );
    for (const [n, answer] of answers.entries()) {
      assert.ok(Buffer.from(answer.body).equals(bodies[n] ?? Buffer.alloc(0)), `body ${n}`);
    }
    server.close();
  });

  it('have nothing of those before them, however these ended', async () => {
    const waiting = new Set<Socket>();
    await withTcp(
      (socket) =>
        socket.once('data', (head) => {
          const [, ending, name] = /^GET \/(\w+)\/(\w+)/.exec(String(head)) ?? [];
          const answer = `HTTP/1.1 200 OK\r\nx-name: ${name}\r\n`;
          if (ending === 'closes') socket.end(`${answer}\r\n${name}`);
          else if (ending === 'stays')
            socket.write(`${answer}content-length: 3\r\n\r\n${name}junk`);
          else if (ending === 'resets') socket.write(answer, () => socket.resetAndDestroy());
          else if (ending === 'lies') socket.end('HTTP/1.1 200\r\n\0\r\n\r\n');
          else waiting.add(socket);
        }),
      async (port) => {
        const failed = { resets: 'ECONNRESET', lies: 'EPROTO', refused: 'ECONNREFUSED' };
        const one = (ending: string, name: string): Promise<void> =>
          new Promise((done, fail) => {
            const to = { ip: '127.0.0.1', port: ending === 'refused' ? 1 : port, tls: false };
            const get = { method: 'GET', path: `/${ending}/${name}`, headers: {} };
            const outbound = sendOutbound(to, { ...get, body: new Uint8Array(0) }, limits, {
              answered: ({ headers, body }) => {
                const seen = [ending, headers['x-name'], Buffer.from(body).toString()];
                const expected = [ending in failed ? 'a failure' : ending, name, name];
                if (String(seen) === String(expected)) done();
                else fail(new Error(`${seen} instead of ${expected}`));
              },
              failed: ({ code }) => {
                if (code === failed[ending as keyof typeof failed]) done();
                else fail(new Error(`${ending}: ${code}`));
              },
            });
            if (ending === 'aborted') {
              outbound.abort();
              done();
            }
            if (ending === 'forgotten') {
              setTimeout(() => {
                outbound.abort();
                done();
              }, 5);
            }
          });
        const endings = ['closes', 'stays', 'resets', 'lies', 'refused', 'aborted', 'forgotten'];
        for (let round = 0; round < 30; round += 1) {
          const names = endings.flatMap((ending, n) => [[ending, `a${(round % 10) * 10 + n}`]]);
          await Promise.all(
            names.map(([ending = '', name = '']) => one(ending, name.padEnd(3, 'x'))),
          );
        }
      },
    );
    assert.ok(waiting.size > 0);
  });

  it('say no length where nobody expects a body', async () => {
    const heads: string[] = [];
    for (const method of ['GET', 'POST']) {
      await withTcp(
        (socket) =>
          socket.once('data', (head) => {
            heads.push(String(head));
            socket.end('HTTP/1.1 200 OK\r\n\r\n');
          }),
        async (port) => {
          const bare = { ...request, method, body: new Uint8Array(0) };
          await new Promise<HttpResponse>((answered, failed) => {
            const to = { ip: '127.0.0.1', port, tls: false };
            sendOutbound(to, bare, limits, { answered, failed });
          });
        },
      );
    }
    const line = 'x-test: yes\r\n';
    const rest = 'connection: close\r\n\r\n';
    assert.deepEqual(heads, [
      `GET /health?x=1 HTTP/1.1\r\nhost: 127.0.0.1\r\n${line}${rest}`,
      `POST /health?x=1 HTTP/1.1\r\nhost: 127.0.0.1\r\n${line}content-length: 0\r\n${rest}`,
    ]);
  });

  it('were not applied where nothing listens or TLS does not come about', async () => {
    let closed = 0;
    await withTcp(
      () => {},
      async (port) => {
        closed = port;
      },
    );
    assert.deepEqual(await failure(send({ port: closed })), ['ECONNREFUSED', false]);
    await withTcp(
      (socket) => socket.write('this is not TLS'),
      async (port) => {
        assert.deepEqual(await failure(send({ port, tls: true })), ['EPROTO', false]);
      },
    );
  });

  it('may have been applied once the connection stood', async () => {
    const cases: [(socket: Socket) => void, string][] = [
      [(socket) => socket.once('data', () => socket.destroy()), 'ECONNRESET'],
      [(socket) => socket.once('data', () => socket.resetAndDestroy()), 'ECONNRESET'],
      [(socket) => socket.once('data', () => socket.end('not http\r\n\r\n')), 'EPROTO'],
      [
        (socket) =>
          socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nx')),
        'ECONNRESET',
      ],
      [
        (socket) =>
          socket.once('data', () => {
            socket.write('HTTP/1.1 200 OK\r\n\r\n');
            socket.write(Buffer.alloc(20_000));
          }),
        'EPROTO',
      ],
      [
        (socket) =>
          socket.once('data', () => {
            socket.write(`HTTP/1.1 200 OK\r\nX-Long: ${'y'.repeat(20_000)}\r\n\r\n`);
          }),
        'EPROTO',
      ],
    ];
    for (const [onSocket, code] of cases) {
      await withTcp(onSocket, async (port) => {
        assert.deepEqual(await failure(send({ port })), [code, true], String(onSocket));
      });
    }
  });

  it('are refused where HTTP cannot carry them', async () => {
    for (const wrong of [{ path: '/a b' }, { headers: { 'x-test': 'a\nb' } }, { method: 'G T' }]) {
      const sent = new Promise<HttpResponse>((resolve, reject) => {
        const asker = { answered: resolve, failed: reject };
        sendOutbound(
          { ip: '127.0.0.1', port: 1, tls: false },
          { ...request, ...wrong },
          limits,
          asker,
        );
      });
      assert.deepEqual(await failure(sent), ['EPROTO', false]);
    }
  });

  it('know, when the asker gives up, whether the host may have heard', async () => {
    await withTcp(
      () => {},
      async (port) => {
        const never = { answered: () => assert.fail(), failed: () => assert.fail() };
        const to = { ip: '127.0.0.1', port, tls: false };
        const outbound = sendOutbound(to, request, limits, never);
        assert.equal(outbound.wasSent(), false);
        await new Promise((resolve) => setTimeout(resolve, 30));
        assert.equal(outbound.wasSent(), true);
        outbound.abort();
        await new Promise((resolve) => setTimeout(resolve, 10));
      },
    );
  });
});
