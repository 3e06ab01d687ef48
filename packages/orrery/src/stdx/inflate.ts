/**
 * The beginning of a compressed body. Owns: gzip and deflate, also of streams that were cut off.
 *
 * F1  No more than `maxBytes` come out, and no more memory is used than the input can unpack to
 *     (1,032 times its size): callers bound the input.
 */
import { constants, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';

/** Its first bytes unpacked; undefined where the encoding is another, or the data are broken. */
export function inflateStart(
  body: Uint8Array,
  encoding: string,
  maxBytes: number,
): Uint8Array | undefined {
  const options = { finishFlush: constants.Z_SYNC_FLUSH };
  const name = encoding.trim().toLowerCase();
  try {
    if (name === 'gzip' || name === 'x-gzip') {
      return gunzipSync(body, options).subarray(0, maxBytes);
    }
    if (name !== 'deflate') return undefined;
    // RFC 9110 means zlib's form by it; some servers send the bare one.
    const isZlib =
      ((body[0] ?? 0) & 15) === 8 && (((body[0] ?? 0) << 8) | (body[1] ?? 0)) % 31 === 0;
    const inflate = isZlib ? inflateSync : inflateRawSync;
    return inflate(body, options).subarray(0, maxBytes);
  } catch {
    return undefined;
  }
}
