/**
 * The head of an HTTP/1.1 message as text: what a request of the usual form says, and how an answer
 * begins. Pure. Owns a strict reading only: whatever is unusual (another version, chunks, folded or
 * repeated headers, anything malformed) is `undefined`, and left to node:http, which knows it all.
 */
import { STATUS_CODES } from 'node:http';
import type { HttpResponse } from '../io.ts';

export interface RequestHead {
  readonly method: string;
  readonly path: string;
  /** Lower-case names, each once. */
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyBytes: number;
  readonly closes: boolean;
}

const NAMES_MAX = 1_000;
export const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const target = /^[\x21-\x7e]+$/;
const lengthDigits = /^\d{1,15}$/;
/** What no header may hold. */
export const forbiddenInValue = /[^\t\x20-\x7e\x80-\xff]/;

/** Header names as clients write them → lower case, or undefined where they are none. */
const names = new Map<string, string | undefined>();

export function lowerName(written: string): string | undefined {
  const known = names.get(written);
  if (known !== undefined) return known;
  if (!token.test(written)) return undefined;
  const lower = written.toLowerCase();
  // A substring keeps the whole request in memory; this one is kept for good.
  if (names.size < NAMES_MAX) names.set(Buffer.from(written, 'latin1').toString('latin1'), lower);
  return lower;
}

/** Headers that change how the message is framed or answered. */
const unusual = new Set(['transfer-encoding', 'expect', 'upgrade', 'trailer']);

/** Reads a head up to, without, its empty line. */
export function readRequestHead(text: string): RequestHead | undefined {
  const lineEnd = endOfLine(text, 0);
  const methodEnd = text.indexOf(' ');
  const pathEnd = lineEnd - ' HTTP/1.1'.length;
  if (methodEnd === -1 || methodEnd >= pathEnd) return undefined;
  if (!text.startsWith(' HTTP/1.1', pathEnd)) return undefined;
  const method = text.slice(0, methodEnd);
  const path = text.slice(methodEnd + 1, pathEnd);
  if (!methods.has(method) || !target.test(path)) return undefined;
  const headers: Record<string, string> = {};
  for (let at = lineEnd + 2; at < text.length; ) {
    const end = endOfLine(text, at);
    const colon = text.indexOf(':', at);
    if (colon === -1 || colon > end) return undefined;
    const name = lowerName(text.slice(at, colon));
    if (name === undefined || unusual.has(name) || headers[name] !== undefined) return undefined;
    const value = text.slice(colon + 1, end).trim();
    if (forbiddenInValue.test(value)) return undefined;
    headers[name] = value;
    at = end + 2;
  }
  const length = headers['content-length'] ?? '0';
  const connection = headers['connection'];
  if (headers['host'] === undefined || !lengthDigits.test(length)) return undefined;
  const closes = connection === 'close';
  if (connection !== undefined && !closes && connection.toLowerCase() !== 'keep-alive') {
    return undefined;
  }
  return { method, path, headers, bodyBytes: Number(length), closes };
}

export function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\r\n', from);
  return end === -1 ? text.length : end;
}

/** What the connection says, not the answer. */
const framing = new Set(['transfer-encoding', 'connection', 'keep-alive', 'content-length']);

export interface Framing {
  readonly isHead: boolean;
  /** The lines that tell what becomes of the connection, ends of line included. */
  readonly connection: string;
}

/** How an answer begins, its empty line included; undefined where HTTP cannot carry it. */
export function responseHead(
  response: HttpResponse,
  { isHead, connection }: Framing,
): string | undefined {
  const { status, headers, body } = response;
  if (!Number.isInteger(status) || status < 100 || status > 999) return undefined;
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n`;
  // Only an answer to HEAD may speak of a body that does not follow.
  let length = isBodiless(status) ? undefined : String(body.length);
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined) continue;
    if (framing.has(name.toLowerCase())) {
      if (isHead && name === 'content-length') length = String(value);
      continue;
    }
    if (lowerName(name) === undefined) return undefined;
    for (const one of typeof value === 'string' ? [value] : value) {
      if (forbiddenInValue.test(one)) return undefined;
      head += `${name}: ${one}\r\n`;
    }
  }
  if (length !== undefined) head += `content-length: ${length}\r\n`;
  return `${head}${connection}\r\n`;
}

/** Whether an answer of this status never has a body. */
export function isBodiless(status: number): boolean {
  return status === 204 || status === 304 || status < 200;
}
