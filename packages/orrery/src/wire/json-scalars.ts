/**
 * Owns: scalars of JSON bodies, with the texts of AWS's Java servers where one is of another type.
 */
import { base64Decode, isBase64 } from '../stdx/bytes.ts';
import type { Fail } from './errors.ts';
import { excerpt } from './text-scalars.ts';
import { fromEpochSeconds, parseTimestamp } from './timestamps.ts';

export type Blobs = 'bytes' | 'base64';

/** The text for a scalar of the wrong type. */
export function mismatch(value: unknown, type: string, className: string): string {
  switch (typeof value) {
    case 'boolean':
      return `${value ? 'TRUE_VALUE' : 'FALSE_VALUE'} cannot be converted to ${type}`;
    case 'number':
      return `NUMBER_VALUE cannot be converted to ${type}`;
    case 'string':
      return `STRING_VALUE cannot be converted to ${type}`;
    default:
      return collectionMismatch(value, className);
  }
}

function collectionMismatch(value: unknown, className: string): string {
  return Array.isArray(value)
    ? `Unrecognized collection type class ${className}`
    : 'Start of structure or map found where not expected';
}

const booleanTexts: Readonly<Record<string, boolean>> = {
  TRUE: true,
  YES: true,
  '1': true,
  FALSE: false,
  NO: false,
  '0': false,
};

/** Texts of truth are accepted, as AWS does. */
export function readBoolean(value: unknown, fail: Fail): boolean {
  if (typeof value === 'boolean') return value;
  if (typeof value === 'string') {
    const upper = value.toUpperCase();
    const known = Object.hasOwn(booleanTexts, upper) ? booleanTexts[upper] : undefined;
    if (known !== undefined) return known;
    throw fail(`'${excerpt(upper)}' can not be converted to an Boolean`);
  }
  if (typeof value === 'number') {
    const number = 'class com.amazon.coral.value.json.numbers.TruncatingBigDecimalNumber';
    throw fail(`${number} can not be converted to an Boolean`);
  }
  throw fail(collectionMismatch(value, 'java.lang.Boolean'));
}

/** Texts are compared as they are in `base64` mode, so the bits after the last byte must be 0. */
const lastCharacter = /(?:[AQgw]==|[AEIMQUYcgkosw048]=|[^=])$/;

/** Bytes of base64 text, or the text itself once it is known to be base64. */
export function readBlob(value: unknown, blobs: Blobs, fail: Fail): string | Uint8Array {
  if (typeof value === 'object') throw fail(collectionMismatch(value, 'java.nio.ByteBuffer'));
  if (typeof value !== 'string') {
    throw fail('only base-64-encoded strings are convertible to bytes');
  }
  if (isBase64(value) && (value === '' || lastCharacter.test(value))) {
    return blobs === 'base64' ? value : (base64Decode(value) ?? value);
  }
  throw fail(`'${excerpt(value)}' can not be converted to a Blob: ${whyNotBase64(value)}`);
}

function whyNotBase64(text: string): string {
  if (text.length % 4 !== 0) {
    const rule = 'Base64 encoded length is expected a multiple of 4 bytes but found';
    return `${rule}: ${text.length}`;
  }
  const wrong = /[^A-Za-z0-9+/=]|=[^=]/.exec(text)?.[0]?.[0];
  return wrong === undefined
    ? 'Invalid last non-pad Base64 character dectected'
    : `Invalid Base64 character: '${wrong}'`;
}

/** Epoch milliseconds of epoch seconds, or of a timestamp's text. */
export function readTimestamp(value: unknown, fail: Fail): number {
  const ms =
    typeof value === 'number'
      ? fromEpochSeconds(value)
      : typeof value === 'string'
        ? parseTimestamp(value)
        : undefined;
  if (ms !== undefined) return ms;
  throw fail(
    typeof value === 'object'
      ? collectionMismatch(value, 'java.util.Date')
      : `${JSON.stringify(value).slice(0, 100)} can not be converted to a Timestamp`,
  );
}
