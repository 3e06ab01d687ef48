/**
 * One connection of an HTTP listener: requests of the usual form are read and answered here, at two
 * thirds of what node:http spends on them. The first that is of another form goes, with the rest of
 * its connection, to node:http (`handOver`), so that nothing is read by half a parser.
 *
 * Invariants:
 *  1. One request is in hand at a time; what a client sends ahead waits, at most `AHEAD_BYTES_MAX`.
 *  2. Nothing is read while the client does not take its answers.
 *  3. A body is collected up to the limit only; longer ones are node:http's to refuse.
 *  4. A client that ends its side gets the answers to what it sent; an unusual request among those
 *     that it sent ahead is refused then.
 */
import type { Socket } from 'node:net';
import type { HttpRequest, HttpResponse } from '../io.ts';
import { isBodiless, type RequestHead, readRequestHead, responseHead } from './http-head.ts';

/** The other end of a connection. */
export interface Peer {
  readonly ip: string;
  readonly port: number;
}

export type HttpListenHandler = (
  request: HttpRequest,
  peer: Peer,
) => HttpResponse | Promise<HttpResponse>;

export interface ConnectionOwner {
  readonly handler: HttpListenHandler;
  readonly bodyLimitBytes: number;
  /** For the `Keep-Alive` header. */
  readonly keepAliveMs: number;
  /** What is answered when the handler throws. */
  readonly bug: (error: unknown) => HttpResponse;
  /** Takes the connection with all its bytes; this class never touches it again. */
  readonly handOver: (socket: Socket) => void;
}

const HEAD_BYTES_MAX = 16_384;
const AHEAD_BYTES_MAX = 1_048_576;
/** Longer bodies are sent apart rather than copied behind their head. */
const ONE_PIECE_BYTES_MAX = 32_768;
const noBytes: Buffer = Buffer.alloc(0);
/** Where answers are put together, one after the other. */
let piece = noBytes;

export class HttpConnection {
  readonly #socket: Socket;
  readonly #owner: ConnectionOwner;
  #peer: Peer | undefined;
  /** Bytes that no request has taken yet. */
  #ahead = noBytes;
  #head: RequestHead | undefined;
  #pieces: Buffer[] = [];
  #missingBytes = 0;
  #isBusy = false;
  /** Whether the client has said all that it will say. */
  #hasEnded = false;
  /** When it last began to wait for its client: monotonic milliseconds. */
  #activeAtMs = performance.now();

  constructor(socket: Socket, owner: ConnectionOwner) {
    this.#socket = socket;
    this.#owner = owner;
    socket.on('data', this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('drain', this.#onDrain);
    socket.on('error', this.#onError);
  }

  /** Whether it waits for its client, in the midst of a message (`slow`) or between two. */
  idleFor(nowMs: number): { readonly ms: number; readonly slow: boolean } {
    if (this.#isBusy && this.#socket.writableLength === 0) return { ms: 0, slow: false };
    const slow = this.#head !== undefined || this.#socket.writableLength > 0;
    return { ms: nowMs - this.#activeAtMs, slow };
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#head !== undefined && !this.#isBusy) {
      // A body has its time as a whole: one that drips is no sign of life.
      this.#collect(chunk);
      return;
    }
    this.#activeAtMs = performance.now();
    this.#ahead = this.#ahead.length === 0 ? chunk : Buffer.concat([this.#ahead, chunk]);
    if (!this.#isBusy) this.#next();
    if (this.#ahead.length > AHEAD_BYTES_MAX) this.#socket.pause();
  };

  readonly #onEnd = (): void => {
    this.#hasEnded = true;
    if (this.#isBusy || this.#ahead.length > 0) return;
    if (this.#head === undefined) this.#socket.end();
    else this.#socket.end(badRequest);
  };

  readonly #onDrain = (): void => {
    this.#activeAtMs = performance.now();
    if (!this.#isBusy) this.#next();
    if (this.#ahead.length <= AHEAD_BYTES_MAX && this.#socket.isPaused()) this.#socket.resume();
  };

  readonly #onError = (): void => {
    this.#socket.destroy();
  };

  /** Starts with the next request, where there is one and the client takes its answers. */
  #next(): void {
    const bytes = this.#ahead;
    if (bytes.length === 0 || this.#socket.writableNeedDrain) return;
    const headEnd = bytes.indexOf('\r\n\r\n');
    const head =
      headEnd === -1 || headEnd > HEAD_BYTES_MAX
        ? undefined
        : readRequestHead(bytes.toString('latin1', 0, headEnd));
    if (head === undefined || head.bodyBytes > this.#owner.bodyLimitBytes) {
      this.#handOver(bytes);
      return;
    }
    this.#ahead = noBytes;
    this.#head = head;
    this.#missingBytes = head.bodyBytes;
    this.#collect(bytes.subarray(headEnd + 4));
  }

  #collect(chunk: Buffer): void {
    if (chunk.length < this.#missingBytes) {
      this.#pieces.push(chunk);
      this.#missingBytes -= chunk.length;
      return;
    }
    const last =
      chunk.length === this.#missingBytes ? chunk : chunk.subarray(0, this.#missingBytes);
    this.#ahead = chunk.subarray(this.#missingBytes);
    const body = this.#pieces.length === 0 ? last : Buffer.concat([...this.#pieces, last]);
    this.#pieces = [];
    this.#handle(body);
  }

  #handle(body: Buffer): void {
    const head = this.#head;
    if (head === undefined) return;
    this.#isBusy = true;
    const { method, path, headers } = head;
    const socket = this.#socket;
    this.#peer ??= { ip: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
    const { handler, bug } = this.#owner;
    try {
      const response = handler({ method, path, headers, body }, this.#peer);
      if (response instanceof Promise) {
        response.then(this.#answer, (error: unknown) => this.#answer(bug(error)));
      } else this.#answer(response);
    } catch (error) {
      this.#answer(bug(error));
    }
  }

  readonly #answer = (response: HttpResponse): void => {
    const head = this.#head;
    this.#head = undefined;
    this.#isBusy = false;
    if (head === undefined || this.#socket.destroyed) return;
    this.#activeAtMs = performance.now();
    this.#send(response, head);
    if (head.closes) {
      this.#socket.off('data', this.#onData);
      this.#socket.end();
    }
    // What a client sends in one go must not become one deep recursion.
    else if (this.#ahead.length > 0) setImmediate(this.#onDrain);
    else if (this.#hasEnded) this.#socket.end();
  };

  #send(response: HttpResponse, { method, closes }: RequestHead): void {
    const isHead = method === 'HEAD';
    const connection = closes ? 'connection: close\r\n' : keepAlive(this.#owner.keepAliveMs);
    const framing = { isHead, connection: `${date()}${connection}` };
    const answer = responseHead(response, framing);
    if (answer === undefined) {
      this.#send(invalidAnswer, { method, closes } as RequestHead);
      return;
    }
    const { body, status, release } = response;
    const bodyBytes = isHead || isBodiless(status) ? 0 : body.length;
    if (bodyBytes === 0) {
      this.#socket.write(answer, 'latin1');
    } else if (bodyBytes <= ONE_PIECE_BYTES_MAX) {
      this.#writeInOnePiece(answer, body);
      release?.();
    } else {
      this.#socket.cork();
      this.#socket.write(answer, 'latin1');
      this.#socket.write(body);
      this.#socket.uncork();
      if (this.#socket.writableLength === 0) release?.();
    }
  }

  #writeInOnePiece(head: string, body: Uint8Array): void {
    const length = head.length + body.length;
    if (piece.length < length) piece = Buffer.allocUnsafeSlow(length + ONE_PIECE_BYTES_MAX);
    piece.write(head, 'latin1');
    piece.set(body, head.length);
    this.#socket.write(piece.subarray(0, length));
    // The kernel has not taken all of it: the socket keeps the bytes.
    if (this.#socket.writableLength > 0) piece = noBytes;
  }

  #handOver(bytes: Buffer): void {
    const socket = this.#socket;
    if (this.#hasEnded) {
      // Bytes cannot be put back behind the end.
      socket.end(badRequest);
      return;
    }
    socket.off('data', this.#onData);
    socket.off('end', this.#onEnd);
    socket.off('drain', this.#onDrain);
    socket.off('error', this.#onError);
    socket.unshift(bytes);
    this.#ahead = noBytes;
    this.#owner.handOver(socket);
    if (socket.isPaused()) socket.resume();
  }
}

const badRequest = 'HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n';

/** A status or header that HTTP cannot carry, as functions may well return it. */
const invalidAnswer: HttpResponse = {
  status: 502,
  headers: { 'content-type': 'text/plain' },
  body: Buffer.from(
    'The answer is no valid HTTP message: its status or a header cannot be sent.\n',
  ),
};

const keepAliveLines = new Map<number, string>();

function keepAlive(ms: number): string {
  let line = keepAliveLines.get(ms);
  if (line === undefined) {
    const hint = Number.isFinite(ms) ? `keep-alive: timeout=${Math.floor(ms / 1000)}\r\n` : '';
    line = `connection: keep-alive\r\n${hint}`;
    keepAliveLines.set(ms, line);
  }
  return line;
}

let dateLine = '';
let dateSecond = -1;

function date(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateLine = `date: ${new Date(second * 1000).toUTCString()}\r\n`;
  }
  return dateLine;
}
