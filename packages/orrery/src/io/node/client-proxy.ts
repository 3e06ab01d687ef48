/**
 * The client proxy: any HTTP client stands at a place by using `http://tokyo@127.0.0.1:4580` as its
 * proxy. Owns proxying (absolute form, tunnels, TLS inside them), the set-up time of connections, and
 * what failed in words. Refuses to own resolution, latency of messages and faults: it is given
 * `resolve` and `forward`.
 *
 * Invariants:
 *  1. A client pays what a real one would: a look-up, one round trip for TCP, one for TLS 1.3, each once
 *     per connection; and it stays with the address it found while the connection lives.
 *  2. A tunnel whose request got no answer is closed after saying so, so that the client looks again.
 *  3. Connections, idle time, headers and bodies are bounded.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, isIP, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { regionOfIp } from '../../world/addresses.ts';
import type { Clock, HostAddress, HttpRequest, HttpResponse, Timers } from '../io.ts';
import type { Certificates } from './certificates.ts';
import { collectBody, requestHeaders, sendResponse } from './http-message.ts';
import { listenError } from './listen-error.ts';
import type { Listening } from './listen-http.ts';
import {
  forwarded,
  type ProxyUser,
  parseAbsolute,
  parseAuthority,
  placeRequired,
  refusal,
  type Target,
  unanswered,
  userOf,
} from './proxy-message.ts';

export interface ClientProxyOptions {
  readonly host: string;
  readonly port: number;
  /** How the user chooses another port: `--proxy-port`. */
  readonly portOption?: string;
  /** Where the local certificate authority is kept: `<dataDir>/ca.pem`. */
  readonly authorityPath: string;
  readonly isPlace: (place: string) => boolean;
  /** For the message to those who name none. */
  readonly knownPlaces: readonly string[];
  /** Where clients stand who do not say; without it they are asked (407). */
  readonly defaultPlace?: string;
  /**
   * Looks a name up as a client at that place would; `error` is what it is told (`NXDOMAIN`).
   * `source` says how the address was come by, for the answer's headers.
   */
  readonly resolve: (
    place: string,
    name: string,
    client: string,
  ) => Promise<{ readonly ip: string; readonly source?: string } | { readonly error: string }>;
  /** Carries a request from that place; rejects with `NetError`, within its own deadline. */
  readonly forward: (
    place: string,
    to: HostAddress,
    request: HttpRequest,
    client: string,
  ) => Promise<HttpResponse>;
  /** Round trip from a place to an address, for setting up connections. */
  readonly rttMs: (place: string, ip: string) => number;
  readonly timers: Timers;
  readonly clock: Clock;
  readonly onBug?: (error: unknown) => void;
}

const BODY_LIMIT_BYTES = 67_108_864;
const CONNECTIONS_MAX = 2_048;
const IDLE_MS = 120_000;
const HANDSHAKE_MS = 10_000;
const TLS_CLIENT_HELLO = 0x16;
/** How many hosts one client connection may hold open at once. */
const PAID_MAX = 64;

/** What was spent before a request, and how its address was come by. */
interface Timing {
  dnsMs: number;
  connectMs: number;
  source: string | undefined;
}

const nothingSpent = (): Timing => ({ dnsMs: 0, connectMs: 0, source: undefined });

/** What one client connection has: where its client stands and, in a tunnel, where it leads. */
interface ClientConnection {
  readonly place: string;
  /** What the client calls itself; empty where it does not. */
  readonly client: string;
  readonly tunnel: { readonly target: Target; readonly ip: string } | undefined;
  /** Connections that stand: address, port and whether TLS. */
  readonly paid: Set<string>;
  /** Time spent before the first request. */
  unreported: Timing;
}

const connections = new WeakMap<Socket, ClientConnection>();

class ClientProxy {
  readonly #options: ClientProxyOptions;
  readonly #outer: Server;
  /** Never listens: it is given the tunnels' insides. */
  readonly #inner: Server;
  readonly #sockets = new Set<Socket>();
  #certificates: Promise<Certificates> | undefined;

  constructor(options: ClientProxyOptions) {
    this.#options = options;
    const limits = { headersTimeout: 10_000, requestTimeout: 60_000, keepAliveTimeout: 75_000 };
    this.#outer = createServer(limits, (incoming, outgoing) => this.#receive(incoming, outgoing));
    this.#inner = createServer(limits, (incoming, outgoing) => this.#receive(incoming, outgoing));
    this.#outer.maxConnections = CONNECTIONS_MAX;
    this.#outer.on('connection', (socket) => this.#track(socket));
    this.#outer.on('connect', (incoming, socket, head) => {
      this.#open(incoming, socket as Socket, head).catch((error) => {
        this.#options.onBug?.(error);
        socket.destroy();
      });
    });
    for (const server of [this.#outer, this.#inner]) {
      server.on('clientError', (_, socket) => socket.destroy());
    }
  }

  listen(): Promise<Listening> {
    const { host, port, portOption } = this.#options;
    const place = {
      what: 'the client proxy',
      host,
      port,
      ...(portOption && { option: portOption }),
    };
    return new Promise((resolve, reject) => {
      this.#outer.once('error', (error) => reject(listenError(place, error)));
      this.#outer.listen({ host, port }, () => {
        this.#outer.removeAllListeners('error');
        resolve({
          port: (this.#outer.address() as AddressInfo).port,
          close: () =>
            new Promise((closed) => {
              this.#outer.close(() => closed());
              for (const socket of this.#sockets) socket.destroy();
            }),
        });
      });
    });
  }

  #track(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setNoDelay(true);
  }

  /** The place a request names, or the answer that asks for one. */
  #userOf(incoming: IncomingMessage): ProxyUser | HttpResponse {
    const { isPlace, knownPlaces, defaultPlace } = this.#options;
    const said = userOf(incoming.headers['proxy-authorization']);
    const place = said?.place ?? defaultPlace;
    return place !== undefined && isPlace(place)
      ? { place, client: said?.client ?? '' }
      : placeRequired(said?.place, knownPlaces);
  }

  #receive(incoming: IncomingMessage, outgoing: ServerResponse): void {
    collectBody(incoming, BODY_LIMIT_BYTES, (body) => {
      const request = {
        method: incoming.method ?? 'GET',
        path: incoming.url ?? '/',
        headers: requestHeaders(incoming),
        body: body ?? new Uint8Array(0),
      };
      const answer =
        body === undefined
          ? Promise.resolve(refusal(413, 'proxy', `A body is ${BODY_LIMIT_BYTES} bytes at most.`))
          : this.#answer(incoming, request);
      answer.then(
        (response) => {
          const step = response.headers['x-orrery-failed-step'];
          if (step !== undefined && step !== 'proxy') outgoing.shouldKeepAlive = false;
          sendResponse(outgoing, response);
        },
        (error) => {
          this.#options.onBug?.(error);
          sendResponse(outgoing, refusal(500, 'proxy', 'The proxy failed; its log says why.'));
        },
      );
    });
  }

  async #answer(incoming: IncomingMessage, request: HttpRequest): Promise<HttpResponse> {
    const inside = connections.get(incoming.socket);
    if (inside?.tunnel !== undefined) {
      const { target, ip } = inside.tunnel;
      return this.#forward(inside, target, ip, forwarded(request, request.path, target));
    }
    const absolute = parseAbsolute(request.path);
    if (absolute === undefined) return this.#answerForItself(request);
    const user = this.#userOf(incoming);
    if ('status' in user) return user;
    const connection = connectionOf(incoming.socket, user);
    const found = await this.#resolve(connection, absolute.target.host);
    if (typeof found !== 'string') return found;
    await this.#connect(connection, absolute.target, found);
    const onward = forwarded(request, absolute.path, absolute.target);
    return this.#forward(connection, absolute.target, found, onward);
  }

  /** Whoever takes the proxy for a server is told what it is, or gets the authority to trust. */
  async #answerForItself(request: HttpRequest): Promise<HttpResponse> {
    if (request.path === '/ca.pem') {
      const { authorityPem } = await this.#openCertificates();
      const headers = { 'content-type': 'application/x-pem-file' };
      return { status: 200, headers, body: Buffer.from(`${authorityPem}\n`) };
    }
    const message =
      'This is the client proxy of Orrery: name it as HTTP proxy, with a place as its user name,\n' +
      `as in: curl --proxy http://tokyo@127.0.0.1:${this.#options.port} http://api.orders.test/\n` +
      'The authority that signs its certificates is at /ca.pem';
    return refusal(400, 'proxy', message);
  }

  #openCertificates(): Promise<Certificates> {
    this.#certificates ??= import('./certificates.ts').then(({ openCertificates }) =>
      openCertificates(this.#options.authorityPath),
    );
    return this.#certificates;
  }

  async #resolve(connection: ClientConnection, name: string): Promise<string | HttpResponse> {
    if (isIP(name) !== 0) return name;
    const { clock, resolve } = this.#options;
    const startUs = clock.monotonicUs();
    const found = await resolve(connection.place, name, connection.client);
    connection.unreported.dnsMs += (clock.monotonicUs() - startUs) / 1_000;
    if ('ip' in found) {
      connection.unreported.source = found.source;
      return found.ip;
    }
    const status = /time/i.test(found.error) ? 504 : 502;
    const message = `dns: ${name} was not resolved for a client in ${connection.place}: ${found.error}`;
    return refusal(status, 'dns', message);
  }

  /** Pays for the connection, unless the client has it already. */
  async #connect(connection: ClientConnection, target: Target, ip: string): Promise<void> {
    const { timers, rttMs } = this.#options;
    const key = `${ip} ${target.port} ${target.tls}`;
    if (connection.paid.has(key)) return;
    const setUpMs = rttMs(connection.place, ip) * (target.tls ? 2 : 1);
    if (setUpMs > 0) await timers.sleep(setUpMs, 'proxy.connect');
    connection.unreported.connectMs += setUpMs;
    if (connection.paid.size >= PAID_MAX) connection.paid.clear();
    connection.paid.add(key);
  }

  async #forward(
    connection: ClientConnection,
    target: Target,
    ip: string,
    request: HttpRequest,
  ): Promise<HttpResponse> {
    const { clock, forward } = this.#options;
    const { place } = connection;
    const region = regionOfIp(ip);
    const startUs = clock.monotonicUs();
    const to = { ip, port: target.port, tls: target.tls, serverName: target.host };
    let response: HttpResponse;
    try {
      response = await forward(place, to, request, connection.client);
    } catch (error) {
      const where = region === undefined ? `${ip}:${target.port}` : `${region} (${ip})`;
      response = unanswered(error, where, place);
      connection.paid.clear();
    }
    const serverMs = (clock.monotonicUs() - startUs) / 1_000;
    const { dnsMs, connectMs, source } = connection.unreported;
    connection.unreported = nothingSpent();
    // A tunnel stays with its address: its later requests looked nothing up.
    const how = source ?? (connection.tunnel === undefined ? undefined : 'connection');
    const steps = { dns: dnsMs, connect: connectMs, server: serverMs };
    const timing = Object.entries(steps).map(([step, ms]) => `${step};dur=${ms.toFixed(1)}`);
    return {
      ...response,
      headers: {
        ...response.headers,
        'x-orrery-timing': timing.join(', '),
        ...(region === undefined ? {} : { 'x-orrery-region': region }),
        ...(how === undefined ? {} : { 'x-orrery-resolution': `${ip}; ${how}` }),
      },
    };
  }

  /** CONNECT: looks up and connects, then serves what comes through the tunnel. */
  async #open(incoming: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    const authority = parseAuthority(incoming.url ?? '', 443);
    const user = this.#userOf(incoming);
    if ('status' in user) {
      refuseTunnel(socket, user);
      return;
    }
    if (authority === undefined) {
      refuseTunnel(socket, refusal(400, 'proxy', 'A tunnel leads to host:port.'));
      return;
    }
    const unreported = nothingSpent();
    const outside = { ...user, tunnel: undefined, paid: new Set<string>(), unreported };
    const ip = await this.#resolve(outside, authority.host);
    if (typeof ip !== 'string') {
      refuseTunnel(socket, ip);
      return;
    }
    await this.#connect(outside, { ...authority, tls: false }, ip);
    if (!socket.writable) return;
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
    const first = head.length > 0 ? head : await firstBytes(socket);
    if (first === undefined) return;
    socket.unshift(first);
    const tls = first[0] === TLS_CLIENT_HELLO;
    const target = { ...authority, tls };
    const connection = { ...outside, tunnel: { target, ip } };
    if (!tls) {
      connections.set(socket, connection);
      this.#inner.emit('connection', socket);
      socket.resume();
      return;
    }
    const handshakeMs = this.#options.rttMs(user.place, ip);
    if (handshakeMs > 0) await this.#options.timers.sleep(handshakeMs, 'proxy.tls');
    unreported.connectMs += handshakeMs;
    const secure = await this.#endTls(socket, authority.host);
    connections.set(secure, connection);
    this.#inner.emit('connection', secure);
  }

  async #endTls(socket: Socket, host: string): Promise<TLSSocket> {
    const certificates = await this.#openCertificates();
    const secure = new TLSSocket(socket, {
      isServer: true,
      secureContext: await certificates.contextFor(host),
      ALPNProtocols: ['http/1.1'],
      SNICallback: (name, done) => {
        certificates.contextFor(name.toLowerCase()).then(
          (context) => done(null, context),
          (error: Error) => done(error),
        );
      },
    });
    const handshake = this.#options.timers.after(HANDSHAKE_MS, 'proxy.handshake', () => {
      socket.destroy();
    });
    secure.on('secure', () => handshake.cancel());
    secure.on('close', () => handshake.cancel());
    secure.on('error', () => socket.destroy());
    // From here on the bytes pass by the socket below: its own clock would see none.
    socket.setTimeout(0);
    secure.setTimeout(IDLE_MS, () => secure.destroy());
    return secure;
  }
}

/** The state of a client's connection, for requests in absolute form; a change of place starts anew. */
function connectionOf(socket: Socket, user: ProxyUser): ClientConnection {
  let connection = connections.get(socket);
  if (connection?.place !== user.place || connection.client !== user.client) {
    connection = { ...user, tunnel: undefined, paid: new Set(), unreported: nothingSpent() };
    connections.set(socket, connection);
  }
  return connection;
}

/** The first bytes of a tunnel, or undefined when the client leaves without any. */
function firstBytes(socket: Socket): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const onClose = (): void => resolve(undefined);
    socket.once('close', onClose);
    socket.once('data', (chunk) => {
      socket.off('close', onClose);
      socket.pause();
      resolve(chunk);
    });
  });
}

/** Answers a CONNECT that leads nowhere. node:http has given the socket away by then. */
function refuseTunnel(socket: Socket, response: HttpResponse): void {
  const lines = [`HTTP/1.1 ${response.status} Refused`];
  for (const [name, value] of Object.entries(response.headers)) lines.push(`${name}: ${value}`);
  lines.push(`content-length: ${response.body.length}`, 'connection: close', '', '');
  socket.end(Buffer.concat([Buffer.from(lines.join('\r\n')), response.body]));
}

/** Listens; rejects with a message for the user where the address cannot be had. */
export function startClientProxy(options: ClientProxyOptions): Promise<Listening> {
  return new ClientProxy(options).listen();
}
