import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect as tlsConnect } from 'node:tls';
import { type HostAddress, type HttpRequest, type HttpResponse, NetError } from '../io.ts';
import { type ClientProxyOptions, startClientProxy } from './client-proxy.ts';
import { createClock } from './clock.ts';
import type { Listening } from './listen-http.ts';
import { createProbe } from './probe.ts';
import { createTimers } from './timers.ts';

const root = mkdtempSync(join(tmpdir(), 'orrery-proxy-'));
const authorityPath = join(root, 'data', 'ca.pem');
const timers = createTimers(createProbe('test', undefined));
const forwards: { place: string; to: HostAddress; request: HttpRequest; client: string }[] = [];
const lookups: string[] = [];
const bugs: unknown[] = [];
let outcome: (request: HttpRequest) => HttpResponse = echo;

function echo(request: HttpRequest): HttpResponse {
  const seen = [request.method, request.path, request.headers['host'], String(request.body)];
  return { status: 201, headers: { 'x-served': 'yes' }, body: Buffer.from(JSON.stringify(seen)) };
}

const options: ClientProxyOptions = {
  host: '127.0.0.1',
  port: 0,
  authorityPath,
  isPlace: (place) => place === 'tokyo' || place === 'new york',
  knownPlaces: ['tokyo', 'new york'],
  resolve: async (place, name, client) => {
    lookups.push(`${place} ${name} ${client}`.trim());
    await timers.sleep(5, 'dns');
    if (name === 'absent.test') return { error: 'NXDOMAIN' };
    if (name === 'slow.test') return { error: 'timed out' };
    return { ip: '127.0.1.1', source: 'cached; age=3.2; ttl=10' };
  },
  forward: async (place, to, request, client) => {
    const body = Buffer.from(request.body);
    forwards.push({ place, to, request: { ...request, body }, client });
    return outcome({ ...request, body: Buffer.from(request.body) });
  },
  rttMs: () => 20,
  timers,
  clock: createClock(),
  onBug: (error) => bugs.push(error),
};

let proxy: Listening;
before(async () => {
  proxy = await startClientProxy(options);
});
after(async () => {
  await proxy.close();
  timers.close();
  assert.deepEqual(bugs, []);
  rmSync(root, { recursive: true, force: true });
});

const credentials = (user: string): string =>
  `Basic ${Buffer.from(user.includes(':') ? user : `${user}:`).toString('base64')}`;

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

interface Ask {
  readonly path: string;
  readonly user?: string | undefined;
  readonly agent?: Agent;
  readonly body?: string;
  readonly socket?: Socket;
  readonly headers?: Record<string, string>;
  readonly port?: number;
}

function ask({ path, user, agent, body = '', socket, headers = {}, port }: Ask): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      host: '127.0.0.1',
      port: port ?? proxy.port,
      method: body === '' ? 'GET' : 'POST',
      path,
      headers: { ...headers, ...(user && { 'proxy-authorization': credentials(user) }) },
      ...(agent && { agent }),
      ...(socket && { createConnection: () => socket }),
    });
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) => {
      let text = '';
      incoming.on('data', (chunk) => {
        text += chunk;
      });
      incoming.on('end', () => {
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: text });
      });
    });
    outgoing.end(body);
  });
}

/** CONNECT: the socket of the tunnel, or the refusal. */
function tunnel(to: string, user = 'tokyo'): Promise<Socket | Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      host: '127.0.0.1',
      port: proxy.port,
      method: 'CONNECT',
      path: to,
      headers: { 'proxy-authorization': credentials(user) },
    });
    outgoing.on('error', reject);
    outgoing.on('connect', (incoming, socket, head) => {
      if (incoming.statusCode === 200) {
        resolve(socket);
        return;
      }
      let body = String(head);
      socket.on('data', (chunk) => {
        body += chunk;
      });
      socket.on('close', () => {
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body });
      });
    });
    outgoing.end();
  });
}

const opened = async (to: string): Promise<Socket> => {
  const socket = await tunnel(to);
  assert.ok('write' in socket, 'the tunnel was refused');
  return socket;
};

const timing = (answer: Answer): Record<string, number> =>
  Object.fromEntries(
    String(answer.headers['x-orrery-timing'])
      .split(', ')
      .map((step) => step.split(';dur='))
      .map(([step, ms]) => [step, Number(ms)]),
  );

describe('the client proxy', () => {
  it('asks at which place the client stands', async () => {
    for (const [user, complaint] of [
      [undefined, /At which place does this client stand\?/],
      ['atlantis', /No place is called atlantis/],
    ] as const) {
      const answer = await ask({ path: 'http://api.orders.test/', user });
      assert.equal(answer.status, 407);
      assert.match(answer.headers['proxy-authenticate'] ?? '', /^Basic realm=/);
      assert.match(answer.body, complaint);
      assert.match(answer.body, /http:\/\/tokyo@127.0.0.1:4580[\s\S]*Places: tokyo, new york/);
    }
    const refused = await tunnel('api.orders.test:443', 'atlantis');
    assert.ok('status' in refused && refused.status === 407);
    assert.match(refused.body, /No place is called atlantis/);
    assert.equal(forwards.length, 0);
  });

  it('carries requests in absolute form, and pays for the connection once', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const headers = { 'proxy-connection': 'keep-alive', 'x-own': 'kept' };
    const url = 'http://API.orders.test:8080/orders?x=%20/1';
    const first = await ask({ path: url, user: 'tokyo', agent, body: 'new', headers });
    assert.equal(first.status, 201);
    assert.equal(first.headers['x-served'], 'yes');
    assert.equal(first.headers['x-orrery-region'], 'us-east-1');
    const [method, path, host, body] = JSON.parse(first.body);
    assert.deepEqual([method, path, body], ['POST', '/orders?x=%20/1', 'new']);
    assert.match(host, /^127\.0\.0\.1|api\.orders\.test:8080$/);
    const { place, to, request } = forwards.at(-1) ?? assert.fail();
    assert.equal(place, 'tokyo');
    const expected = { ip: '127.0.1.1', port: 8080, tls: false, serverName: 'api.orders.test' };
    assert.deepEqual(to, expected);
    assert.equal(request.headers['x-own'], 'kept');
    assert.equal(request.headers['proxy-authorization'], undefined);
    assert.equal(request.headers['proxy-connection'], undefined);
    const paid = timing(first);
    assert.ok((paid['dns'] ?? 0) >= 4 && paid['connect'] === 20, JSON.stringify(paid));
    const second = await ask({ path: url, user: 'tokyo', agent });
    assert.equal(timing(second)['connect'], 0);
    const elsewhere = await ask({ path: url, user: 'new york', agent });
    assert.equal(timing(elsewhere)['connect'], 20);
    agent.destroy();
  });

  it('knows clients of one place apart, and says how an address was come by', async () => {
    const url = 'http://api.orders.test/';
    const anna = await ask({ path: url, user: 'tokyo:anna:b' });
    assert.equal(anna.headers['x-orrery-resolution'], '127.0.1.1; cached; age=3.2; ttl=10');
    assert.equal(lookups.at(-1), 'tokyo api.orders.test anna:b');
    assert.equal(forwards.at(-1)?.client, 'anna:b');
    const byAddress = await ask({ path: 'http://127.0.1.1/', user: 'tokyo' });
    assert.equal(byAddress.headers['x-orrery-resolution'], undefined);
    const socket = await tunnel('api.orders.test:80', 'tokyo:ben');
    assert.ok('destroy' in socket);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    Object.assign(agent, { createConnection: () => socket });
    const inside = { path: '/', agent, headers: { host: 'api.orders.test' } };
    const [first, second] = [await ask(inside), await ask(inside)];
    assert.equal(first.headers['x-orrery-resolution'], '127.0.1.1; cached; age=3.2; ttl=10');
    assert.equal(second.headers['x-orrery-resolution'], '127.0.1.1; connection');
    assert.equal(forwards.at(-1)?.client, 'ben');
    agent.destroy();
    socket.destroy();
  });

  it('says which step failed', async () => {
    const failing = (error: Error) => () => {
      throw error;
    };
    const cases: [string, () => HttpResponse, number, string, RegExp][] = [
      ['absent.test', failing(new Error()), 502, 'dns', /^dns: absent\.test .* in tokyo: NXDOMAIN/],
      ['slow.test', failing(new Error()), 504, 'dns', /timed out/],
      [
        'a.test',
        failing(new NetError('ECONNREFUSED', false)),
        502,
        'connect',
        /^connect: us-east-1 \(127\.0\.1\.1\) refused/,
      ],
      [
        'a.test',
        failing(new NetError('ETIMEDOUT', true)),
        504,
        'server',
        /in time[\s\S]*network between tokyo and it is cut\. The request may have been carried out/,
      ],
      ['a.test', failing(new NetError('ECONNRESET', true)), 502, 'server', /broke off/],
      ['a.test', failing(new NetError('EHOSTUNREACH', false)), 502, 'connect', /no way from tokyo/],
    ];
    for (const [name, fail, status, step, message] of cases) {
      outcome = fail;
      const answer = await ask({ path: `http://${name}/`, user: 'tokyo' });
      assert.deepEqual([answer.status, answer.headers['x-orrery-failed-step']], [status, step]);
      assert.match(answer.body, message);
    }
    outcome = echo;
    const refused = await tunnel('absent.test:443');
    assert.ok('status' in refused && refused.status === 502);
    assert.match(refused.body, /NXDOMAIN/);
  });

  it('ends TLS inside a tunnel, with a certificate that its authority signed', async () => {
    const ca = (await ask({ path: '/ca.pem' })).body;
    assert.equal(ca, readFileSync(authorityPath, 'utf8'));
    const keyPath = authorityPath.replace('.pem', '-key.pem');
    assert.equal(statSync(keyPath).mode & 0o777, 0o600);
    const socket = await opened('api.orders.test:443');
    const lookupsBefore = lookups.length;
    const secure = tlsConnect({
      socket,
      servername: 'api.orders.test',
      ca,
      ALPNProtocols: ['h2', 'http/1.1'],
    });
    await new Promise((resolve, reject) => {
      secure.once('secureConnect', resolve);
      secure.once('error', reject);
    });
    assert.equal(secure.authorized, true);
    assert.equal(secure.alpnProtocol, 'http/1.1');
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    agent.createConnection = () => secure;
    const headers = { host: 'api.orders.test' };
    const first = await ask({ path: '/orders', agent, headers, body: 'b'.repeat(100_000) });
    assert.equal(first.status, 201);
    assert.equal(JSON.parse(first.body)[3].length, 100_000);
    assert.equal(JSON.parse(first.body)[2], 'api.orders.test');
    assert.equal(timing(first)['connect'], 40);
    assert.deepEqual(forwards.at(-1)?.to, {
      ip: '127.0.1.1',
      port: 443,
      tls: true,
      serverName: 'api.orders.test',
    });
    const second = await ask({ path: '/orders', agent, headers });
    assert.equal(timing(second)['connect'], 0);
    assert.equal(lookups.length, lookupsBefore);
    agent.destroy();
  });

  it('shows certificates of other names and of addresses, with one authority over restarts', async () => {
    const again = await startClientProxy(options);
    const ca = (await ask({ path: '/ca.pem', port: again.port })).body;
    assert.equal(ca, readFileSync(authorityPath, 'utf8'));
    await again.close();
    for (const [to, servername] of [
      ['api.orders.test:443', 'other.orders.test'],
      ['127.0.1.1:443', ''],
    ] as const) {
      const socket = await opened(to);
      const secure = tlsConnect({ socket, servername, ca, host: '127.0.1.1' });
      await new Promise((resolve, reject) => {
        secure.once('secureConnect', resolve);
        secure.once('error', reject);
      });
      assert.equal(secure.authorized, true, to);
      secure.destroy();
    }
  });

  it('carries plain HTTP in a tunnel, and closes it after a request without an answer', async () => {
    const socket = await opened('api.orders.test:80');
    let ended = false;
    socket.on('close', () => {
      ended = true;
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    agent.createConnection = () => socket;
    assert.equal((await ask({ path: '/a', agent })).status, 201);
    assert.equal(forwards.at(-1)?.to.tls, false);
    outcome = () => {
      throw new NetError('ECONNREFUSED', false);
    };
    assert.equal((await ask({ path: '/b', agent })).status, 502);
    outcome = echo;
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(ended, true);
    agent.destroy();
  });

  it('survives clients that leave in the middle', async () => {
    const silent = await opened('api.orders.test:443');
    silent.destroy();
    const garbled = await opened('api.orders.test:443');
    garbled.write(Buffer.from([0x16, 3, 1, 0, 5, 9, 0, 0, 1, 5]));
    garbled.resume();
    await new Promise((resolve) => garbled.once('close', resolve));
    const bad = await tunnel('api.orders.test:99999');
    assert.ok('status' in bad && bad.status === 400);
    assert.match((await ask({ path: '/' })).body, /This is the client proxy of Orrery/);
    assert.equal((await ask({ path: 'http://a.test/', user: 'tokyo' })).status, 201);
  });

  it('takes those who say nothing to stand at the default place', async () => {
    const own = await startClientProxy({ ...options, defaultPlace: 'new york' });
    const answer = await ask({ path: 'http://a.test/', port: own.port });
    assert.equal(answer.status, 201);
    assert.equal(forwards.at(-1)?.place, 'new york');
    await own.close();
  });
});
