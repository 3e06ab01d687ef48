/**
 * HTTP listeners: whole messages in and out over node:http, no framework (it would cost a quarter of
 * the rate). Owns sockets, bounds and patience. Refuses to own what a request means.
 *
 * Invariants:
 *  1. A body over the limit is answered 413 and not collected.
 *  2. A client that sends or reads too slowly loses its connection; a silent one costs one socket.
 *  3. A handler that throws is answered 500 and reported: the endpoint has the one catch, so it is a bug.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Closer, HttpRequest, HttpResponse } from '../io.ts';
import { collectBody, requestHeaders, sendResponse } from './http-message.ts';
import { listenError } from './listen-error.ts';

/** The other end of a connection. */
export interface Peer {
  readonly ip: string;
  readonly port: number;
}

export type HttpListenHandler = (
  request: HttpRequest,
  peer: Peer,
) => HttpResponse | Promise<HttpResponse>;

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
  /** Hears what a handler threw. */
  readonly onBug?: (error: unknown) => void;
}

export interface Listening extends Closer {
  readonly port: number;
}

const BODY_LIMIT_BYTES = 67_108_864;
const CONNECTIONS_MAX = 10_000;
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 60_000;
/** SDKs keep sockets for a minute or less; the side that asks should be the one that lets go. */
const KEEP_ALIVE_MS = 75_000;

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
export async function listenHttp(options: HttpListenOptions): Promise<Listening> {
  const { handler, onBug } = options;
  const limitBytes = options.bodyLimitBytes ?? BODY_LIMIT_BYTES;
  const tooLarge = text(413, `The body is larger than ${limitBytes} bytes.`);

  const fail = (outgoing: ServerResponse, error: unknown): void => {
    onBug?.(error);
    sendResponse(outgoing, internalError);
  };
  const answer = (incoming: IncomingMessage, outgoing: ServerResponse, body: Uint8Array): void => {
    const request: HttpRequest = {
      method: incoming.method ?? 'GET',
      path: incoming.url ?? '/',
      headers: requestHeaders(incoming),
      body,
    };
    try {
      const response = handler(request, peer(incoming.socket));
      if (response instanceof Promise) {
        response.then(
          (settled) => sendResponse(outgoing, settled),
          (error) => fail(outgoing, error),
        );
      } else {
        sendResponse(outgoing, response);
      }
    } catch (error) {
      fail(outgoing, error);
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

  const server = createServer({
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: 5_000,
    noDelay: true,
  });
  server.maxConnections = options.connectionsMax ?? CONNECTIONS_MAX;
  server.on('request', receive);
  server.on('checkContinue', (incoming: IncomingMessage, outgoing: ServerResponse) => {
    if (!(Number(incoming.headers['content-length']) > limitBytes)) outgoing.writeContinue();
    receive(incoming, outgoing);
  });
  server.on('clientError', refuseGarbage);
  return listen(server, options);
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

function listen(server: Server, options: HttpListenOptions): Promise<Listening> {
  const { what, host, port, portOption } = options;
  return new Promise((resolve, reject) => {
    const place = { what, host, port, ...(portOption && { option: portOption }) };
    server.once('error', (error) => reject(listenError(place, error)));
    server.listen({ host, port, backlog: 1_024 }, () => {
      server.removeAllListeners('error');
      resolve({
        port: (server.address() as AddressInfo).port,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            server.closeAllConnections();
          }),
      });
    });
  });
}
