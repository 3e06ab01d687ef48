/**
 * Endpoints that mean harm, over real sockets: each probe of them ends in time, leaves no connection
 * behind and keeps no memory; other checks do not notice. And what a well-meaning endpoint sees of
 * sixteen checkers.
 */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import * as x509 from '@peculiar/x509';
import { openCertificates } from '../../../io/node/certificates.ts';
import type { HealthChecksResponse } from '../api.ts';
import type { HealthCheckConfig } from '../record-set.ts';
import { createRoute53Service, type Route53Service } from '../service.ts';
import { checkerRegions } from './checkers.ts';
import { Endpoints, limits } from './endpoints.fake.ts';

let endpoints: Endpoints;

before(async () => {
  endpoints = await Endpoints.open();
});
after(() => endpoints.close());

async function eventually(holds: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await holds())) {
    assert.ok(performance.now() < deadline, what);
    await new Promise((wake) => setTimeout(wake, 20));
  }
}

/** Writes again and again, as fast as the socket takes it or every so many milliseconds. */
function flood(socket: Socket, text: string, everyMs = 0): void {
  if (everyMs > 0) {
    const timer = setInterval(() => socket.write(text), everyMs);
    socket.on('close', () => clearInterval(timer));
    return;
  }
  const more = (): void => {
    while (!socket.destroyed && socket.write(text));
    socket.once('drain', more);
  };
  more();
}

const ok = 'HTTP/1.1 200 OK\r\n';
const search = { Type: 'HTTP_STR_MATCH', SearchString: 'needle' } as const;

interface Adversary {
  readonly what: string;
  readonly says: (socket: Socket) => void;
  readonly config?: Partial<HealthCheckConfig>;
  /** Undefined: it passes. */
  readonly fails?: RegExp;
}

const adversaries: readonly Adversary[] = [
  { what: 'one byte at a time before any header', says: (s) => flood(s, 'H', 60), fails: /./ },
  {
    what: 'a header that never ends, one byte at a time',
    says: (s) => {
      s.write(`${ok}x: `);
      flood(s, 'a', 60);
    },
    fails: /timed out/,
  },
  {
    what: 'headers as fast as the line takes them',
    says: (s) => {
      s.write(ok);
      flood(s, `x-filler: ${'a'.repeat(500)}\r\n`);
    },
    fails: /^Failure/,
  },
  {
    what: 'ten thousand short headers',
    says: (s) => void s.write(`${ok}${'a:b\r\n'.repeat(10_000)}\r\n`),
    fails: /^Failure/,
  },
  {
    what: 'informational answers without end',
    says: (s) => flood(s, 'HTTP/1.1 100 Continue\r\n\r\n', 5),
    fails: /timed out/,
  },
  {
    what: 'a body as fast as the line takes it, which nobody wants',
    says: (s) => {
      s.write(`${ok}\r\n`);
      flood(s, 'x'.repeat(65_536));
    },
  },
  {
    what: 'the string at once, and then a body that drips for ever',
    says: (s) => {
      s.write(`${ok}transfer-encoding: chunked\r\n\r\n6\r\nneedle\r\n`);
      flood(s, '1\r\nx\r\n', 60);
    },
    config: search,
    fails: /timed out/,
  },
  {
    what: 'the string behind 5,120 octets',
    says: (s) => void s.end(`${ok}connection: close\r\n\r\n${'.'.repeat(5_120)}needle`),
    config: search,
    fails: /did not appear in the first 5120 bytes/,
  },
  {
    what: 'a chunk of a length that cannot be',
    says: (s) => void s.write(`${ok}transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n`),
    config: search,
    fails: /^Failure/,
  },
  {
    what: 'a chunk of four gigabytes, of which the first octets hold the string',
    says: (s) => {
      s.write(`${ok}transfer-encoding: chunked\r\n\r\nffffffff\r\nneedle`);
      flood(s, 'x'.repeat(65_536));
    },
    config: search,
  },
  {
    what: 'a chunk extension without end',
    says: (s) => {
      s.write(`${ok}transfer-encoding: chunked\r\n\r\n1;`);
      flood(s, 'e'.repeat(65_536));
    },
    config: search,
    fails: /^Failure/,
  },
  {
    what: 'less of a body than it promises',
    says: (s) => void s.end(`${ok}content-length: 100\r\n\r\nneedle`),
    config: search,
    fails: /closed|malformed/,
  },
  {
    what: 'two lengths',
    says: (s) => void s.end(`${ok}content-length: 1\r\ncontent-length: 7\r\n\r\nneedle!`),
    fails: /malformed/,
  },
  { what: 'zeros', says: (s) => flood(s, '\0'.repeat(4_096)), fails: /malformed/ },
  { what: 'HTTP/2', says: (s) => void s.write('\0\0\x12\x04\0\0\0\0\0'), fails: /malformed/ },
  { what: 'a status that is none', says: (s) => void s.end('HTTP/1.1 banana\r\n\r\n'), fails: /./ },
  {
    what: 'a redirect to itself',
    says: (s) => void s.end('HTTP/1.1 301 Moved\r\nlocation: /\r\ncontent-length: 0\r\n\r\n'),
  },
  { what: 'a reset', says: (s) => void s.resetAndDestroy(), fails: /closed|reset/ },
  {
    what: 'a reset in the middle of its headers',
    says: (s) => void s.write(`${ok}x: `, () => s.resetAndDestroy()),
    fails: /closed|reset/,
  },
];

describe('an endpoint that sends', () => {
  for (const { what, says, config = {}, fails } of adversaries) {
    test(what, async () => {
      const port = await endpoints.raw(says);
      const startedAt = performance.now();
      const { success, status } = await endpoints.ask(port, config);
      const tookMs = performance.now() - startedAt;
      assert.equal(success, fails === undefined, status);
      if (fails !== undefined) assert.match(status, fails);
      assert.ok(status.length < 300, status);
      // Late timers of a busy machine are not the endpoint's doing.
      assert.ok(tookMs < limits.silenceMs + 1_500, `${tookMs} ms`);
      await eventually(() => endpoints.connections === 0, 'its connection is closed');
    });
  }

  test('nothing, to a TLS handshake', async () => {
    const port = await endpoints.listen(createServer((socket) => void socket.resume()));
    const startedAt = performance.now();
    const { success, status } = await endpoints.ask(port, { Type: 'HTTPS' });
    assert.deepEqual([success, /timed out/.test(status)], [false, true], status);
    assert.ok(performance.now() - startedAt < limits.silenceMs + 1_500);
    await eventually(() => endpoints.connections === 0, 'its connection is closed');
  });

  test('whatever it likes, five times over: memory does not grow', async () => {
    const ports = await Promise.all(adversaries.map(({ says }) => endpoints.raw(says)));
    const round = () =>
      Promise.all(adversaries.map(({ config = {} }, at) => endpoints.ask(ports[at] ?? 0, config)));
    await round();
    const before = process.memoryUsage().rss;
    for (let n = 0; n < 5; n += 1) await round();
    const grownMb = (process.memoryUsage().rss - before) / 1e6;
    assert.ok(grownMb < 150, `${grownMb} MB in ${5 * adversaries.length} probes`);
    await eventually(() => endpoints.connections === 0, 'all connections are closed');
  });
});

/** A certificate of one's own, for a name and a time. */
async function certificate(name: string, notBefore: Date, notAfter: Date) {
  x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0]);
  const keys = await webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ]);
  const made = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${name}`,
    keys,
    notBefore,
    notAfter,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
  });
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY'), cert: made.toString('pem') };
}

test('certificates of others, of yesterday and of tomorrow pass: AWS does not look', async () => {
  const day = 86_400_000;
  const now = Date.now();
  for (const [name, from, to] of [
    ['somebody-else.test', now - day, now + day],
    ['api.test', now - 2 * day, now - day],
    ['api.test', now + day, now + 2 * day],
  ] as const) {
    const secure = await certificate(name, new Date(from), new Date(to));
    const port = await endpoints.listen(
      createHttpsServer(secure, (_, response) => response.end('ok')),
    );
    const config = { Type: 'HTTPS', FullyQualifiedDomainName: 'api.test' } as const;
    const { success, status } = await endpoints.ask(port, config);
    assert.ok(success, `${name}: ${status}`);
  }
});

const hasIpv6 = Object.values(networkInterfaces())
  .flat()
  .some((one) => one?.address === '::1');

test('IPv6', { skip: !hasIpv6 && 'this machine has no ::1' }, async () => {
  let host: string | undefined;
  const server = createServer((socket) =>
    socket.once('data', (head) => {
      host = /^host: (.*)$/im.exec(String(head))?.[1]?.trim();
      socket.end(`${ok}content-length: 0\r\n\r\n`);
    }),
  );
  const port = await endpoints.listen(server, '::1');
  const found = await endpoints.ask(port, { IPAddress: '::1' });
  assert.ok(found.success, found.status);
  assert.match(found.status, /Resolved IP: ::1/);
  assert.equal(host, `[::1]:${port}`);
  const tcp = await endpoints.ask(port, { Type: 'TCP', IPAddress: '0:0:0:0:0:0:0:1' });
  assert.ok(tcp.success, tcp.status);
});

describe('sixteen checkers', () => {
  const timeScale = 20;
  const intervalMs = 10_000 / timeScale;
  let service: Route53Service;

  before(async () => {
    service = await createRoute53Service(endpoints.io, { timeScale });
    await service.start?.();
  });
  after(() => service.stop?.());

  let reference = 0;
  async function create(config: Partial<HealthCheckConfig>): Promise<string> {
    reference += 1;
    const run = service.operations['CreateHealthCheck'] as unknown as (input: object) => unknown;
    const made = (await run({
      CallerReference: `check-${reference}`,
      HealthCheckConfig: { IPAddress: '127.0.0.1', RequestInterval: 10, ...config },
    })) as { HealthCheck: { Id: string } };
    return made.HealthCheck.Id;
  }

  async function state(id: string) {
    const handler = service.internal?.['route53-internal'];
    assert.ok(handler);
    const ask = { method: 'POST', path: '/health-checks', headers: {}, body: new Uint8Array(0) };
    const { body } = await handler(ask, 'global');
    const all = JSON.parse(Buffer.from(body).toString()) as HealthChecksResponse;
    return all.healthChecks.find((one) => one.id === id);
  }

  test('are seen by an HTTPS endpoint as Route 53 is: agent, host, SNI, rate', async () => {
    const authority = await openCertificates(join(endpoints.folder, 'checkers-ca.pem'));
    const context = await authority.contextFor('api.orders.test');
    const requests: { at: number; message: IncomingMessage; servername: unknown }[] = [];
    const names = new Set<string>();
    const server = createHttpsServer(
      {
        SNICallback: (name, done) => {
          names.add(name);
          done(null, context);
        },
      },
      (message, response) => {
        const { servername } = message.socket as unknown as { servername: unknown };
        requests.push({ at: performance.now(), message, servername });
        response.end('a body that nobody reads');
      },
    );
    const port = await endpoints.listen(server);
    const id = await create({
      Type: 'HTTPS',
      Port: port,
      FullyQualifiedDomainName: 'api.orders.test',
      ResourcePath: '/health?deep=1',
    });
    await eventually(() => requests.length >= 16 * 4, 'four rounds');
    const first = requests[0]?.message;
    assert.equal(`${first?.method} ${first?.url} ${first?.httpVersion}`, 'GET /health?deep=1 1.1');
    assert.deepEqual([...names], ['api.orders.test']);
    for (const { message, servername } of requests) {
      const { host, accept, connection, ...rest } = message.headers;
      assert.equal(
        rest['user-agent'],
        `Amazon-Route53-Health-Check-Service (ref ${id}; report http://amzn.to/1vsZADi)`,
      );
      assert.deepEqual(
        [host, accept, connection, servername],
        [`api.orders.test:${port}`, '*/*', 'close', 'api.orders.test'],
      );
      assert.equal(rest['authorization'], undefined);
    }
    // Each waits its interval after an answer: never more than sixteen in one, at any moment.
    const times = requests.map(({ at }) => at);
    const most = Math.max(
      ...times.map((from) => times.filter((at) => at >= from && at < from + intervalMs).length),
    );
    assert.ok(most <= 16, `${most} requests within ${intervalMs} ms`);
    const spread = (times[15] ?? 0) - (times[0] ?? 0);
    assert.ok(spread > intervalMs / 4, `not all at once: ${spread} ms`);
    const seen = await state(id);
    assert.equal(new Set(seen?.checkers.map(({ region }) => region)).size, checkerRegions.length);
    assert.deepEqual([seen?.votes, seen?.healthy], [16, true]);
    await eventually(() => endpoints.connections <= 16, 'one connection each at most');
  });

  test('are not kept from other endpoints by one that hangs, drips or floods', async () => {
    let answered = 0;
    const good = await endpoints.web((_, response) => {
      answered += 1;
      response.end('ok');
    });
    const bad = await Promise.all([
      endpoints.raw(() => {}),
      endpoints.raw((socket) => flood(socket, 'H', 50)),
      endpoints.raw((socket) => {
        socket.write(ok);
        flood(socket, `x-filler: ${'a'.repeat(500)}\r\n`);
      }),
    ]);
    const ids = await Promise.all(bad.map((Port) => create({ Type: 'HTTP', Port })));
    const id = await create({ Type: 'HTTP', Port: good });
    await eventually(async () => {
      const states = await Promise.all(ids.map(state));
      return states.every((one) => one?.healthyVotes === 0);
    }, 'all three are found out');
    const before = answered;
    await eventually(() => answered >= before + 48, 'three more rounds of the good one');
    // A busy machine may cost a vote or two; a checker that waited for a bad endpoint would cost all.
    assert.equal((await state(id))?.healthy, true);
    // Three bad checks and two good ones, sixteen checkers each, never two probes at once.
    assert.ok(endpoints.connections <= 5 * 16, `${endpoints.connections} connections`);
  });
});
