/**
 * Owns: the three texts of a timestamp on the wire. Inside, a timestamp is epoch milliseconds.
 */
import type { TimestampFormat } from './model.ts';

const dateTime = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[Zz]|[+-]\d{2}:?\d{2})$/;
const httpDate = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2}(?:\.\d{1,3})? GMT$/;
const decimal = /^-?\d{1,14}(?:\.\d{1,9})?(?:[eE][+]?\d{1,2})?$/;
const msMax = 8.64e15;

/** Epoch milliseconds of a timestamp in any of the three formats, or undefined. */
export function parseTimestamp(text: string): number | undefined {
  if (decimal.test(text)) return fromEpochSeconds(Number(text));
  if (!dateTime.test(text) && !httpDate.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** Whole milliseconds, or undefined beyond the years that a date can have. */
export function fromEpochSeconds(seconds: number): number | undefined {
  const ms = Math.round(seconds * 1000);
  return Math.abs(ms) <= msMax ? ms : undefined;
}

/** The text (or number, for epoch seconds) of a timestamp. */
export function formatTimestamp(ms: number, format: TimestampFormat): string | number {
  switch (format) {
    case 'epoch-seconds':
      return ms / 1000;
    case 'date-time':
      return new Date(ms).toISOString().replace('.000Z', 'Z');
    case 'http-date':
      return new Date(ms).toUTCString();
  }
}
