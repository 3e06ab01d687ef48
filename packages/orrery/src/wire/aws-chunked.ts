/**
 * Owns: bodies in `aws-chunked` content encoding, which SDKs use for streamed uploads to S3:
 * `hex-size;chunk-signature=…\r\n bytes \r\n … 0\r\n trailers \r\n`.
 * Refuses to own: the chunks' signatures and trailing checksums; they are skipped, not verified.
 */
import { concatBytes, utf8Decode } from '../stdx/bytes.ts';
import type { Fail } from './errors.ts';

/** Whether a request's headers say that its body is in chunks. */
export function isAwsChunked(headers: Readonly<Record<string, string>>): boolean {
  return (
    (headers['content-encoding'] ?? '').split(',').some((part) => part.trim() === 'aws-chunked') ||
    (headers['x-amz-content-sha256'] ?? '').startsWith('STREAMING-')
  );
}

/** The bytes of all chunks. Throws what `fail` makes where the framing is broken. */
export function decodeAwsChunked(body: Uint8Array, fail: Fail): Uint8Array {
  const parts: Uint8Array[] = [];
  let at = 0;
  for (;;) {
    const end = body.indexOf(10, at);
    if (end === -1 || end - at > 1024) throw fail('The chunk header is malformed');
    const header = /^([0-9a-fA-F]{1,8})(?:;.*)?\r?$/.exec(utf8Decode(body.subarray(at, end)));
    if (header === null) throw fail('The chunk header is malformed');
    const size = Number.parseInt(header[1] ?? '', 16);
    const start = end + 1;
    if (size === 0) return concatBytes(parts);
    if (start + size + 2 > body.length) throw fail('The chunk is cut short');
    parts.push(body.subarray(start, start + size));
    if (body[start + size] !== 13 || body[start + size + 1] !== 10) {
      throw fail('The chunk does not end where it says');
    }
    at = start + size + 2;
  }
}
