/**
 * Requests to hosts that are not of this cloud: real HTTP and HTTPS, a connection each. Owns the
 * message, and which failure is called what. Refuses to own the socket (`outbound-line.ts`), the
 * reading of the answer (`http-answer.ts`), latency, faults and the deadline.
 *
 * Invariants:
 *  1. `maybeApplied` is false exactly where no byte of the request can have reached the host.
 *  2. The asker hears of exactly one end, or of none after `abort`; the connection ends with it.
 *  3. Nothing is collected beyond the limits (`http-answer.ts`).
 */
import { createConnection, type NetConnectOpts } from 'node:net';
import {
  type HostAddress,
  type HttpRequest,
  type HttpResponse,
  NetError,
  type NetErrorCode,
} from '../io.ts';
import type { Asker } from './channel.ts';
import { AnswerReader } from './http-answer.ts';
import { forbiddenInValue, lowerName, token } from './http-head.ts';
import { type Caller, Line } from './outbound-line.ts';

const CONNECT_DEADLINE_MS = 10_000;
/** Longer bodies are sent apart rather than copied behind their head. */
const ONE_PIECE_BYTES_MAX = 32_768;

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
  /** How long the asker waits: a connection may take 10 s of it. */
  readonly deadlineMs: number;
}

/** What the asker of a connection is told when it stands. */
export const connected: HttpResponse = { status: 0, headers: {}, body: new Uint8Array(0) };

/** Connects and hangs up. */
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

/** Sends. */
export function sendOutbound(
  to: HostAddress,
  request: HttpRequest,
  limits: OutboundLimits,
  asker: Asker,
): Outbound {
  const head = knownHead(to, request, limits);
  if (head === undefined) {
    const error = new NetError('EPROTO', false, 'a method, path or header that HTTP cannot carry');
    queueMicrotask(() => asker.failed(error));
    return { wasSent: () => false, abort: () => {} };
  }
  return new OutboundExchange(to, request, head, limits, asker);
}

class OutboundExchange implements Outbound, Caller {
  readonly #head: string;
  readonly #body: Uint8Array;
  readonly #asker: Asker;
  readonly #reader: AnswerReader;
  readonly #line: Line;
  #connectTimer: NodeJS.Timeout | undefined;
  #wasSent = false;
  #isDone = false;

  constructor(
    to: HostAddress,
    request: HttpRequest,
    head: string,
    { bodyBytesMax, bodyBytes, deadlineMs }: OutboundLimits,
    asker: Asker,
  ) {
    this.#head = head;
    this.#body = request.body;
    this.#asker = asker;
    const isHead = request.method === 'HEAD';
    this.#reader = new AnswerReader({ bodyBytesMax, bodyBytes, isHead });
    this.#line = Line.to(to, this);
    if (deadlineMs > CONNECT_DEADLINE_MS) {
      this.#connectTimer = setTimeout(() => {
        const detail = `no connection within ${CONNECT_DEADLINE_MS} ms`;
        this.#fail(new NetError('ETIMEDOUT', false, detail));
      }, CONNECT_DEADLINE_MS);
    }
  }

  wasSent(): boolean {
    return this.#wasSent;
  }

  abort(): void {
    this.#finish();
  }

  onConnected(): void {
    this.#asker.connected?.();
  }

  onReady(): void {
    if (this.#isDone) return;
    this.#wasSent = true;
    clearTimeout(this.#connectTimer);
    const [head, body, { socket }] = [this.#head, this.#body, this.#line];
    if (body.length === 0) socket.write(head, 'latin1');
    else if (body.length <= ONE_PIECE_BYTES_MAX) {
      socket.write(Buffer.concat([Buffer.from(head, 'latin1'), body]));
    } else {
      socket.cork();
      socket.write(head, 'latin1');
      socket.write(body);
      socket.uncork();
    }
  }

  onBytes(bytes: Buffer): void {
    this.#take(() => this.#reader.push(bytes));
  }

  onEnd(): void {
    if (this.#wasSent) this.#take(() => this.#reader.end());
    else this.#fail(new NetError('ECONNRESET', false, 'closed before TLS stood'));
  }

  onError(error: NodeJS.ErrnoException): void {
    this.#fail(netError(error, this.#wasSent));
  }

  #take(read: () => HttpResponse | undefined): void {
    let response: HttpResponse | undefined;
    try {
      response = read();
    } catch (error) {
      this.#fail(error instanceof NetError ? error : netError(error as Error, true));
      return;
    }
    if (response !== undefined && this.#finish()) this.#asker.answered(response);
  }

  #fail(error: NetError): void {
    if (this.#finish()) this.#asker.failed(error);
  }

  #finish(): boolean {
    if (this.#isDone) return false;
    this.#isDone = true;
    clearTimeout(this.#connectTimer);
    this.#line.hangUp();
    return true;
  }
}

/** How probes begin: each is the same object again, as it was. */
const heads = new WeakMap<HttpRequest, string>();

function knownHead(
  to: HostAddress,
  request: HttpRequest,
  { bodyBytes }: OutboundLimits,
): string | undefined {
  const known = heads.get(request);
  if (known !== undefined) return known;
  const head = requestHead(to, request);
  // The host is the address's unless the request says it.
  const isProbe = bodyBytes < Number.POSITIVE_INFINITY && request.headers['host'] !== undefined;
  if (isProbe && head !== undefined) heads.set(request, head);
  return head;
}

const target = /^[\x21-\xff]+$/;

/** How the request begins, its empty line included; undefined where HTTP cannot carry it. */
function requestHead(to: HostAddress, request: HttpRequest): string | undefined {
  const { method, path, headers, body } = request;
  if (!token.test(method) || !target.test(path)) return undefined;
  let lines = '';
  let host = to.serverName ?? to.ip;
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined || hopByHop.has(name)) continue;
    if (lowerName(name) === undefined || forbiddenInValue.test(value)) return undefined;
    if (name === 'host') host = value;
    else lines += `${name}: ${value}\r\n`;
  }
  if (body.length > 0 || !bodiless.has(method)) lines += `content-length: ${body.length}\r\n`;
  return `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n${lines}connection: close\r\n\r\n`;
}

/** Methods of which nobody expects a body. */
const bodiless = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);
