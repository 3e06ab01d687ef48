/**
 * An HTTP/1.1 answer, read from bytes as they come. Pure. Owns its framing and its bounds. Refuses to
 * own the socket, and what an answer means.
 *
 * Invariants:
 *  1. Nothing is kept beyond the limits: 16 KiB of head, of a line between chunks and of trailers,
 *     the given bytes of body.
 *  2. What two readers could take for different messages is no answer: two lengths, a length beside
 *     chunks, a bare end of line, a space before a colon.
 *  3. Bytes given to `push` are copied where they are kept: their buffer is the caller's again.
 */
import { type HttpResponse, NetError } from '../io.ts';
import { ChunkReader } from './chunk-reader.ts';
import { endOfLine, forbiddenInValue, isBodiless, lowerName } from './http-head.ts';

export const HEAD_BYTES_MAX = 16_384;

export interface AnswerLimits {
  /** A longer body is an error … */
  readonly bodyBytesMax: number;
  /** … unless no more than this is wanted of it: then the answer is there as soon as that is. */
  readonly bodyBytes: number;
  /** An answer to HEAD speaks of a body that does not follow. */
  readonly isHead: boolean;
}

type Headers = Record<string, string | readonly string[]>;

const noBytes: Buffer = Buffer.alloc(0);
const statusLine = /^HTTP\/1\.[01] ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const start = 'HTTP/1.';
const digits = /^\d{1,15}$/;

export function malformed(what: string): NetError {
  return new NetError('EPROTO', true, what);
}

export class AnswerReader {
  readonly #limits: AnswerLimits;
  /** What has come of the head. */
  #ahead = noBytes;
  #status = 0;
  #headers: Headers = {};
  #chunks: ChunkReader | undefined;
  /** Of the body; infinite where it goes on until the sender ends. */
  #missingBytes = Number.POSITIVE_INFINITY;
  #pieces: Buffer[] = [];
  #bodyBytes = 0;

  constructor(limits: AnswerLimits) {
    this.#limits = limits;
  }

  /** Takes what has come. The answer, as soon as it is whole; throws `NetError` where it is none. */
  push(bytes: Buffer): HttpResponse | undefined {
    return this.#status === 0 ? this.#readHead(bytes) : this.#readBody(bytes);
  }

  /** The sender has ended: the answer, or what is wrong with it. */
  end(): HttpResponse {
    if (this.#status !== 0 && this.#missingBytes === Number.POSITIVE_INFINITY) {
      if (this.#chunks === undefined) return this.#whole();
    }
    throw new NetError('ECONNRESET', true, 'the answer broke off');
  }

  #readHead(bytes: Buffer): HttpResponse | undefined {
    const known = this.#ahead.length;
    let rest = known === 0 ? bytes : Buffer.concat([this.#ahead, bytes]);
    for (let searched = known; rest.length > 0; searched = 0) {
      const text = rest.toString('latin1', 0, Math.min(rest.length, HEAD_BYTES_MAX + 4));
      if (!text.startsWith(text.length < start.length ? start.slice(0, text.length) : start)) {
        throw malformed('the answer is not HTTP/1');
      }
      const end = text.indexOf('\r\n\r\n', Math.max(0, searched - 3));
      if (end === -1) {
        if (rest.length >= HEAD_BYTES_MAX) {
          throw malformed(`an answer with a head of more than ${HEAD_BYTES_MAX} bytes`);
        }
        break;
      }
      const status = readStatus(text);
      const headers = readHeaders(text, end);
      rest = rest.subarray(end + 4);
      if (status >= 200) return this.#begin(status, headers, rest);
      // Another answer follows; but nobody has asked for another protocol.
      if (status === 101) throw malformed('an answer that changes the protocol');
    }
    this.#ahead = rest.length === 0 ? noBytes : Buffer.from(rest);
    return undefined;
  }

  #begin(status: number, headers: Headers, rest: Buffer): HttpResponse | undefined {
    this.#ahead = noBytes;
    this.#status = status;
    this.#headers = headers;
    if (this.#limits.bodyBytes === 0 || this.#limits.isHead || isBodiless(status)) {
      return this.#whole();
    }
    this.#frame(headers);
    return this.#readBody(rest);
  }

  #frame(headers: Headers): void {
    const length = headers['content-length'];
    const coding = headers['transfer-encoding'];
    if (typeof coding === 'string') {
      if (/(?:^|,)[ \t]*chunked[ \t]*$/i.test(coding)) this.#chunks = new ChunkReader();
    } else if (typeof length === 'string') this.#missingBytes = Number(length);
  }

  #readBody(bytes: Buffer): HttpResponse | undefined {
    if (this.#chunks !== undefined) {
      const isLast = this.#chunks.push(bytes, (piece) => this.#keep(piece));
      return isLast || this.#hasEnough() ? this.#whole() : undefined;
    }
    const piece =
      bytes.length <= this.#missingBytes ? bytes : bytes.subarray(0, this.#missingBytes);
    this.#missingBytes -= piece.length;
    this.#keep(piece);
    return this.#missingBytes === 0 || this.#hasEnough() ? this.#whole() : undefined;
  }

  #hasEnough(): boolean {
    return this.#bodyBytes >= this.#limits.bodyBytes;
  }

  #keep(piece: Buffer): void {
    const { bodyBytes, bodyBytesMax } = this.#limits;
    const wanted = Math.min(piece.length, bodyBytes - this.#bodyBytes);
    if (wanted <= 0) return;
    this.#bodyBytes += wanted;
    if (this.#bodyBytes > bodyBytesMax) {
      throw malformed(`an answer of more than ${bodyBytesMax} bytes`);
    }
    this.#pieces.push(Buffer.from(piece.subarray(0, wanted)));
  }

  #whole(): HttpResponse {
    const pieces = this.#pieces;
    const body = pieces.length === 1 ? (pieces[0] ?? noBytes) : Buffer.concat(pieces);
    return { status: this.#status, headers: this.#headers, body };
  }
}

function readStatus(text: string): number {
  const found = statusLine.exec(text.slice(0, endOfLine(text, 0)));
  if (found === null) throw malformed('an answer without a status');
  return Number(found[1]);
}

/** Headers of which the first counts, as node:http has it. */
const single = new Set([
  'age',
  'content-type',
  'etag',
  'expires',
  'last-modified',
  'location',
  'retry-after',
  'server',
]);

function readHeaders(text: string, end: number): Headers {
  const headers: Headers = {};
  for (let at = endOfLine(text, 0) + 2; at < end; ) {
    let lineEnd = endOfLine(text, at);
    const colon = text.indexOf(':', at);
    const name = colon === -1 || colon > lineEnd ? undefined : lowerName(text.slice(at, colon));
    if (name === undefined) throw malformed('an answer with a malformed header');
    let value = trimmed(text, colon + 1, lineEnd);
    // A line that begins with a space goes on with the last one.
    for (; isSpace(text.charCodeAt(lineEnd + 2)) && lineEnd < end; ) {
      const from = lineEnd + 2;
      lineEnd = endOfLine(text, from);
      value += ` ${trimmed(text, from, lineEnd)}`;
    }
    if (forbiddenInValue.test(value)) throw malformed(`the header ${name} is malformed`);
    add(headers, name, value);
    at = lineEnd + 2;
  }
  const length = headers['content-length'];
  if (length !== undefined) {
    if (typeof length !== 'string' || !digits.test(length))
      throw malformed('a length that is none');
    if (headers['transfer-encoding'] !== undefined) throw malformed('chunks and a length');
  }
  return headers;
}

function add(headers: Headers, name: string, value: string): void {
  const before = headers[name];
  if (name === 'set-cookie') headers[name] = before === undefined ? [value] : [...before, value];
  else if (before === undefined) headers[name] = value;
  else if (name === 'content-length') throw malformed('two lengths');
  else if (!single.has(name)) headers[name] = `${before}, ${value}`;
}

function isSpace(code: number): boolean {
  return code === 32 || code === 9;
}

function trimmed(text: string, from: number, to: number): string {
  let [start, end] = [from, to];
  while (start < end && isSpace(text.charCodeAt(start))) start += 1;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}
