/**
 * Owns: bytes and their texts (UTF-8, hex, base64), on Node's Buffer. Pure.
 * Refuses to own: formats (wire/) and digests (digest.ts).
 *
 * B1  Decoders of outside text never throw: they answer undefined.
 */
import { isUtf8 } from 'node:buffer';

export const noBytes: Uint8Array = new Uint8Array(0);

export function utf8Encode(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}

/** Text of UTF-8 bytes; what is not UTF-8 becomes U+FFFD. */
export function utf8Decode(bytes: Uint8Array): string {
  return view(bytes).toString('utf8');
}

/** Text of the bytes from `start` to before `end`, likewise. */
export function utf8Slice(bytes: Uint8Array, start: number, end: number): string {
  return view(bytes).toString('utf8', start, end);
}

/** Text of UTF-8 bytes, or undefined where they are not UTF-8. */
export function utf8DecodeStrict(bytes: Uint8Array): string | undefined {
  return isUtf8(bytes) ? utf8Decode(bytes) : undefined;
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}

/** Order as unsigned bytes: negative, zero or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b);
}

export function hexEncode(bytes: Uint8Array): string {
  return view(bytes).toString('hex');
}

export function hexDecode(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined;
  return Buffer.from(text, 'hex');
}

export function base64Encode(bytes: Uint8Array): string {
  return view(bytes).toString('base64');
}

/** Bytes of padded standard base64 (RFC 4648 §4), or undefined for anything else. */
export function base64Decode(text: string): Uint8Array | undefined {
  return isBase64(text) ? Buffer.from(text, 'base64') : undefined;
}

const base64Text = /^[A-Za-z0-9+/]*={0,2}$/;

/** Whether a text is padded standard base64. Bits beyond the last byte are not looked at. */
export function isBase64(text: string): boolean {
  return text.length % 4 === 0 && base64Text.test(text);
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
