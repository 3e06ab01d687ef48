/**
 * Owns: scalars as text, the way headers, query strings, form bodies and XML carry them.
 * Refuses to own: scalars of JSON (json-reader.ts).
 */
import { assert } from '../stdx/assert.ts';
import { base64Decode, base64Encode } from '../stdx/bytes.ts';
import type { Fail } from './errors.ts';
import type { Shape, TimestampFormat } from './model.ts';
import { formatTimestamp, parseTimestamp } from './timestamps.ts';

type Scalar = Extract<Shape, { readonly timestampFormat?: TimestampFormat }>;

const number = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/;

/** The value of a scalar's text. Throws what `fail` makes where it is none of that type. */
export function scalarFromText(shape: Shape, text: string, fail: Fail): unknown {
  switch (shape.type) {
    case 'string':
    case 'document':
      return text;
    case 'boolean': {
      const lower = text.toLowerCase();
      if (lower === 'true') return true;
      if (lower === 'false') return false;
      throw fail(`'${excerpt(text)}' can not be converted to an Boolean`);
    }
    case 'number':
      if (!number.test(text)) throw fail(`'${excerpt(text)}' can not be converted to a Number`);
      return Number(text);
    case 'timestamp': {
      const ms = parseTimestamp(text);
      if (ms === undefined) throw fail(`'${excerpt(text)}' can not be converted to a Timestamp`);
      return ms;
    }
    case 'blob': {
      const bytes = base64Decode(text);
      if (bytes === undefined) throw fail(`'${excerpt(text)}' can not be converted to a Blob`);
      return bytes;
    }
    default:
      throw fail('Start of structure or map found where not expected');
  }
}

/** The text of a scalar. A value of another type is our own mistake. */
export function scalarToText(shape: Shape, value: unknown, defaultFormat: TimestampFormat): string {
  switch (shape.type) {
    case 'timestamp': {
      assert(typeof value === 'number', 'a timestamp is epoch milliseconds');
      return String(formatTimestamp(value, (shape as Scalar).timestampFormat ?? defaultFormat));
    }
    case 'blob':
      if (typeof value === 'string') return value;
      assert(value instanceof Uint8Array, 'a blob is bytes, or base64 text');
      return base64Encode(value);
    default: {
      const isScalar = ['string', 'number', 'boolean', 'bigint'].includes(typeof value);
      assert(isScalar, `a ${shape.type} is no ${typeof value}`);
      return String(value);
    }
  }
}

/** At most 100 characters of what the caller sent, for messages. */
export function excerpt(text: string): string {
  return text.length <= 100 ? text : `${text.slice(0, 100)}…`;
}
