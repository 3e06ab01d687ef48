/**
 * HTTP listeners: whole messages in and out, no framework (it would cost a quarter of the rate). Owns
 * sockets, bounds and patience. Refuses to own what a request means.
 *
 * Invariants:
 *  1. A body over the limit is answered 413 and not collected.
 *  2. A client that sends or reads too slowly loses its connection; a silent one costs one socket.
 *  3. A handler that throws is answered 500 and reported: the endpoint has the one catch, so it is a bug.
 */
import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Closer, HttpResponse } from '../io.ts';
import { HttpConnection, type HttpListenHandler, type Peer } from './http-connection.ts';
import { collectBody, requestHeaders, sendResponse } from './http-message.ts';
import { listenError } from './listen-error.ts';

export type { HttpListenHandler, Peer } from './http-connection.ts';

export interface HttpListenOptions {
  /** For messages: `the AWS endpoint`. */
  readonly what: string;
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** How the user chooses another port: `--port`. */
  readonly portOption?: string;
  readonly handler: HttpListenHandler;
  readonly bodyLimitBytes?: number;
  readonly connectionsMax?: number;
  /** How long a client may be silent between two requests. */
  readonly keepAliveMs?: number;
  /** Hears what a handler threw. */
  readonly onBug?: (error: unknown) => void;
}

export interface Listening extends Closer {
  readonly port: number;
}

export interface HttpListening extends Listening {
  /** Serves a connection that came by another way. */
  adopt(socket: Socket): void;
}

const BODY_LIMIT_BYTES = 67_108_864;
const CONNECTIONS_MAX = 10_000;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 60_000;
/** SDKs keep sockets for a minute or less; the side that asks should be the one that lets go. */
const KEEP_ALIVE_MS = 75_000;
const SWEEP_MS = 5_000;

const text = (status: number, message: string): HttpResponse => ({
  status,
  headers: { 'content-type': 'text/plain' },
  body: Buffer.from(`${message}\n`),
});
const internalError = text(500, 'Orrery failed to answer; its log says why.');

const peerOf = Symbol('peer');
type PeerSocket = Socket & { [peerOf]?: Peer };

/** Looked up once per connection: it asks the kernel. */
function peer(socket: PeerSocket): Peer {
  socket[peerOf] ??= { ip: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
  return socket[peerOf];
}

/** Listens; rejects with a message for the user where the address cannot be had. */
export function listenHttp(options: HttpListenOptions): Promise<HttpListening> {
  const { handler, onBug } = options;
  const keepAliveMs = options.keepAliveMs ?? KEEP_ALIVE_MS;
  const bodyLimitBytes = options.bodyLimitBytes ?? BODY_LIMIT_BYTES;
  const bug = (error: unknown): HttpResponse => {
    onBug?.(error);
    return internalError;
  };
  const general = generalServer(handler, bodyLimitBytes, keepAliveMs, bug);
  const sockets = new Set<Socket>();
  const connections = new Map<Socket, HttpConnection>();
  const handOver = (socket: Socket): void => {
    connections.delete(socket);
    general.emit('connection', socket);
  };
  const owner = { handler, bodyLimitBytes, keepAliveMs, bug, handOver };
  const adopt = (socket: Socket): void => {
    sockets.add(socket);
    connections.set(socket, new HttpConnection(socket, owner));
    socket.on('close', () => {
      sockets.delete(socket);
      connections.delete(socket);
    });
  };
  const server = createServer({ noDelay: true, allowHalfOpen: true }, adopt);
  server.maxConnections = options.connectionsMax ?? CONNECTIONS_MAX;
  const sweep = setInterval(() => sweepSilent(connections, keepAliveMs), SWEEP_MS);
  sweep.unref();
  const close = (): Promise<void> =>
    new Promise((closed) => {
      clearInterval(sweep);
      general.close();
      server.close(() => closed());
      for (const socket of sockets) socket.destroy();
    });
  return new Promise((resolve, reject) => {
    const { what, host, port, portOption } = options;
    const place = { what, host, port, ...(portOption && { option: portOption }) };
    server.once('error', (error) => {
      clearInterval(sweep);
      general.close();
      reject(listenError(place, error));
    });
    server.listen({ host, port, backlog: 1_024 }, () => {
      server.removeAllListeners('error');
      resolve({ port: (server.address() as AddressInfo).port, adopt, close });
    });
  });
}

function sweepSilent(connections: ReadonlyMap<Socket, HttpConnection>, keepAliveMs: number): void {
  const nowMs = performance.now();
  for (const [socket, connection] of connections) {
    const { ms, slow } = connection.idleFor(nowMs);
    if (ms > (slow ? REQUEST_TIMEOUT_MS : keepAliveMs)) socket.destroy();
  }
}

/** What `HttpConnection` hands over: node:http, which listens nowhere. */
function generalServer(
  handler: HttpListenHandler,
  limitBytes: number,
  keepAliveMs: number,
  bug: (error: unknown) => HttpResponse,
): HttpServer {
  const tooLarge = text(413, `The body is larger than ${limitBytes} bytes.`);
  const answer = (incoming: IncomingMessage, outgoing: ServerResponse, body: Uint8Array): void => {
    const { method = 'GET', url: path = '/' } = incoming;
    const request = { method, path, headers: requestHeaders(incoming), body };
    try {
      const response = handler(request, peer(incoming.socket));
      if (response instanceof Promise) {
        response.then(
          (settled) => sendResponse(outgoing, settled),
          (error) => sendResponse(outgoing, bug(error)),
        );
      } else {
        sendResponse(outgoing, response);
      }
    } catch (error) {
      sendResponse(outgoing, bug(error));
    }
  };
  const receive = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    collectBody(incoming, limitBytes, (body) => {
      if (body !== undefined) {
        answer(incoming, outgoing, body);
        return;
      }
      // The rest of the body is not worth waiting for.
      outgoing.shouldKeepAlive = false;
      sendResponse(outgoing, tooLarge);
    });
  };
  const server = createHttpServer({
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: Number.isFinite(keepAliveMs) ? keepAliveMs : 0,
    connectionsCheckingInterval: SWEEP_MS,
  });
  server.on('request', receive);
  server.on('checkContinue', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    if (!(Number(incoming.headers['content-length']) > limitBytes)) outgoing.writeContinue();
    receive(incoming, outgoing);
  });
  server.on('clientError', refuseGarbage);
  // It watches the patience of its connections from here on.
  server.emit('listening');
  return server;
}

/** What is not HTTP, or came too slowly, is told so where it can still be told. */
function refuseGarbage(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? '408 Request Timeout'
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? '431 Request Header Fields Too Large'
        : '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}
