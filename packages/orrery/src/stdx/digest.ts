/**
 * Owns: digests, on the pure functions of node:crypto and node:zlib. A text is taken as UTF-8.
 */
import { createHmac, hash, timingSafeEqual } from 'node:crypto';
import { crc32 as zlibCrc32 } from 'node:zlib';

export function sha256(data: Uint8Array | string): Uint8Array {
  return hash('sha256', data, 'buffer');
}

export function sha256Hex(data: Uint8Array | string): string {
  return hash('sha256', data, 'hex');
}

export function sha256Base64(data: Uint8Array | string): string {
  return hash('sha256', data, 'base64');
}

export function sha1Hex(data: Uint8Array | string): string {
  return hash('sha1', data, 'hex');
}

/** For formats that ask for it (S3 ETags), not for security. */
export function md5Hex(data: Uint8Array | string): string {
  return hash('md5', data, 'hex');
}

export function hmacSha256(key: Uint8Array | string, data: Uint8Array | string): Uint8Array {
  return createHmac('sha256', key).update(data).digest();
}

export function hmacSha256Hex(key: Uint8Array | string, data: Uint8Array | string): string {
  return createHmac('sha256', key).update(data).digest('hex');
}

/** CRC-32 (IEEE), an unsigned 32-bit number. */
export function crc32(data: Uint8Array | string): number {
  return zlibCrc32(data);
}

/** Compares two secrets without telling by its time where they differ. */
export function equalSecrets(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(sha256(a), sha256(b));
}
