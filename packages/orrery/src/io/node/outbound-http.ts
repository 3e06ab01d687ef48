/**
 * Requests to hosts that are not of this cloud: real HTTP and HTTPS. Owns the socket, the bounds of
 * the answer, and which failure is called what. Refuses to own latency, faults and the deadline.
 *
 * Invariants:
 *  1. `maybeApplied` is false exactly where no byte of the request can have reached the host.
 *  2. Nothing is collected beyond the limits: 16 KiB of headers, the given bytes of body.
 */
import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import { createConnection, type NetConnectOpts } from 'node:net';
import {
  type HostAddress,
  type HttpRequest,
  type HttpResponse,
  NetError,
  type NetErrorCode,
} from '../io.ts';
import type { Asker } from './channel.ts';

const CONNECT_DEADLINE_MS = 10_000;
const HEADER_BYTES_MAX = 16_384;

const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
]);

/** Headers without those that belong to one connection, and without the length, which is recounted. */
export function endToEndHeaders<T>(headers: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.has(name)));
}

const codes: Readonly<Record<string, NetErrorCode>> = {
  ECONNREFUSED: 'ECONNREFUSED',
  ECONNRESET: 'ECONNRESET',
  EPIPE: 'ECONNRESET',
  ETIMEDOUT: 'ETIMEDOUT',
  ENOTFOUND: 'ENOTFOUND',
  EAI_AGAIN: 'ENOTFOUND',
  EHOSTUNREACH: 'EHOSTUNREACH',
  ENETUNREACH: 'EHOSTUNREACH',
  EADDRNOTAVAIL: 'EHOSTUNREACH',
  EACCES: 'EHOSTUNREACH',
  EPERM: 'EHOSTUNREACH',
};

function netError(error: NodeJS.ErrnoException, sent: boolean): NetError {
  return new NetError(codes[error.code ?? ''] ?? 'EPROTO', sent, error.message);
}

export interface Outbound {
  /** Whether the host may have received the request. */
  wasSent(): boolean;
  abort(): void;
}

export interface OutboundLimits {
  /** A longer body is an error … */
  readonly bodyBytesMax: number;
  /** … unless no more than this is wanted of it: then the answer is there as soon as that is. */
  readonly bodyBytes: number;
}

/** What the asker of a connection is told when it stands. */
export const connected: HttpResponse = { status: 0, headers: {}, body: new Uint8Array(0) };

/** Connects and hangs up; the asker hears of exactly one end, or of none after `abort`. */
export function openConnection(to: NetConnectOpts, asker: Asker): Outbound {
  let done = false;
  const socket = createConnection(to);
  const end = (tell: () => void): void => {
    socket.destroy();
    if (done) return;
    done = true;
    tell();
  };
  socket.on('connect', () => end(() => asker.answered(connected)));
  socket.on('error', (error: NodeJS.ErrnoException) => {
    // The socket of a process of this cloud that is not there.
    const gone = error.code === 'ENOENT';
    const reason = gone ? new NetError('ECONNREFUSED', false) : netError(error, false);
    end(() => asker.failed(reason));
  });
  return { wasSent: () => false, abort: () => end(() => {}) };
}

/** Sends; the asker hears of exactly one end, or of none after `abort`. */
export function sendOutbound(
  to: HostAddress,
  request: HttpRequest,
  limits: OutboundLimits,
  asker: Asker,
): Outbound {
  let connected = false;
  let done = false;
  const fail = (error: NetError): void => {
    if (done) return;
    done = true;
    outgoing.destroy();
    asker.failed(error);
  };
  const options: RequestOptions = {
    host: to.ip,
    port: to.port,
    method: request.method,
    path: request.path,
    headers: {
      host: to.serverName ?? to.ip,
      ...endToEndHeaders(request.headers),
      connection: 'close',
      'content-length': request.body.length,
    },
    agent: false,
    maxHeaderSize: HEADER_BYTES_MAX,
  };
  // Names and chains of test hosts are seldom in order; health checks of AWS do not look either.
  const tls = { rejectUnauthorized: false, servername: to.serverName ?? '' };
  let outgoing: ClientRequest;
  try {
    outgoing = to.tls ? httpsRequest({ ...options, ...tls }) : httpRequest(options);
  } catch (error) {
    // A method, path or header that HTTP cannot carry.
    queueMicrotask(() => asker.failed(new NetError('EPROTO', false, String(error))));
    return { wasSent: () => false, abort: () => {} };
  }
  const connectTimer = setTimeout(() => {
    fail(new NetError('ETIMEDOUT', false, `no connection within ${CONNECT_DEADLINE_MS} ms`));
  }, CONNECT_DEADLINE_MS);
  outgoing.on('socket', (socket) => {
    socket.once('connect', () => asker.connected?.());
    socket.once(to.tls ? 'secureConnect' : 'connect', () => {
      connected = true;
      clearTimeout(connectTimer);
    });
  });
  outgoing.on('close', () => clearTimeout(connectTimer));
  outgoing.on('error', (error) => fail(netError(error, connected)));
  outgoing.on('response', (incoming) => {
    collect(incoming, limits, fail, (body) => {
      if (done) return;
      done = true;
      if (!incoming.complete) outgoing.destroy();
      asker.answered({ status: incoming.statusCode ?? 0, headers: headersOf(incoming), body });
    });
  });
  outgoing.end(request.body);
  return {
    wasSent: () => connected,
    abort: () => {
      done = true;
      clearTimeout(connectTimer);
      outgoing.destroy();
    },
  };
}

function collect(
  incoming: IncomingMessage,
  { bodyBytesMax, bodyBytes }: OutboundLimits,
  fail: (error: NetError) => void,
  enough: (body: Uint8Array) => void,
): void {
  if (bodyBytes === 0) {
    enough(new Uint8Array(0));
    return;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  incoming.on('data', (chunk: Buffer) => {
    size += chunk.length;
    chunks.push(chunk);
    if (size >= bodyBytes) enough(Buffer.concat(chunks));
    else if (size > bodyBytesMax) {
      fail(new NetError('EPROTO', true, `an answer of more than ${bodyBytesMax} bytes`));
    }
  });
  incoming.on('end', () => enough(Buffer.concat(chunks)));
  incoming.on('error', (error) => fail(netError(error, true)));
  incoming.on('aborted', () => fail(new NetError('ECONNRESET', true, 'the answer broke off')));
}

function headersOf(incoming: IncomingMessage): Record<string, string | readonly string[]> {
  const headers: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = value;
  }
  return headers;
}
