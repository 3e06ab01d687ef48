/**
 * Owns: how the answer of a function becomes an HTTP response, payload formats 2.0 and 1.0.
 * Pure: bytes in, a response or undefined (a malformed answer: the caller says 500) out.
 */
import type { HttpResponse } from '../../../io/io.ts';
import { base64Decode, utf8Encode } from '../../../stdx/bytes.ts';

type Headers = Record<string, string | readonly string[]>;

/** Connection's own headers are ours to set, not the function's. */
const dropped = new Set(['connection', 'content-length', 'transfer-encoding', 'keep-alive']);
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Format 2.0: an object with `statusCode` is a response, everything else is a JSON body. */
export function responseV2(payload: Uint8Array, requestId: string): HttpResponse | undefined {
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString();
  const value = parse(text);
  if (value === undefined) return undefined;
  if (!isObject(value) || value['statusCode'] === undefined) {
    const headers = { 'content-type': 'application/json', 'apigw-requestid': requestId };
    // A bare string is the body itself.
    return { status: 200, headers, body: typeof value === 'string' ? utf8Encode(value) : payload };
  }
  const cookies = value['cookies'];
  if (cookies !== undefined && !isStringList(cookies)) return undefined;
  return assembled(value, requestId, cookies === undefined ? {} : { 'set-cookie': cookies });
}

/** Format 1.0: the response object is required, `multiValueHeaders` are added. */
export function responseV1(payload: Uint8Array, requestId: string): HttpResponse | undefined {
  const value = parse(Buffer.from(payload).toString());
  if (!isObject(value) || value['statusCode'] === undefined) return undefined;
  const multi = value['multiValueHeaders'] ?? {};
  if (!isObject(multi)) return undefined;
  const headers: Headers = {};
  for (const [name, values] of Object.entries(multi)) {
    if (!isStringList(values)) return undefined;
    if (!headerName.test(name) || values.some((one) => !headerValue.test(one))) return undefined;
    headers[name.toLowerCase()] = values.length === 1 ? (values[0] ?? '') : values;
  }
  return assembled(value, requestId, headers);
}

function assembled(
  value: Readonly<Record<string, unknown>>,
  requestId: string,
  more: Headers,
): HttpResponse | undefined {
  const status = statusOf(value['statusCode']);
  const body = bodyOf(value);
  const headers = headersOf(value['headers']);
  if (status === undefined || body === undefined || headers === undefined) return undefined;
  for (const [name, values] of Object.entries(more)) headers[name] = values;
  for (const name of dropped) delete headers[name];
  headers['content-type'] ??= 'text/plain;charset=UTF-8';
  headers['apigw-requestid'] = requestId;
  return { status, headers, body };
}

function statusOf(value: unknown): number | undefined {
  const status = typeof value === 'string' ? Number(value) : value;
  return typeof status === 'number' && Number.isInteger(status) && status >= 200 && status <= 599
    ? status
    : undefined;
}

function bodyOf(value: Readonly<Record<string, unknown>>): Uint8Array | undefined {
  const body = value['body'];
  if (body === undefined || body === null) return new Uint8Array(0);
  if (typeof body !== 'string') return undefined;
  return value['isBase64Encoded'] === true ? base64Decode(body) : utf8Encode(body);
}

function headersOf(value: unknown): Headers | undefined {
  const headers: Headers = {};
  if (value === undefined || value === null) return headers;
  if (!isObject(value)) return undefined;
  for (const [name, held] of Object.entries(value)) {
    if (held === null || held === undefined) continue;
    if (typeof held !== 'string' && typeof held !== 'number' && typeof held !== 'boolean') {
      return undefined;
    }
    const text = String(held);
    if (!headerName.test(name) || !headerValue.test(text)) return undefined;
    headers[name.toLowerCase()] = text;
  }
  return headers;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isStringList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}
