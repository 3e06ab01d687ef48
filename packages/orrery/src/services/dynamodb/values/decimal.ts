/**
 * Owns: DynamoDB's numbers: reading, normal form, order, sum and difference, exactly.
 * Refuses to own: error texts (`attribute-value.ts`) and bytes of keys (`storage/key-encoding.ts`).
 *
 * D1  A number is never a JavaScript number: 38 digits stay 38 digits.
 * D2  `formatDecimal(parseDecimal(text))` is the text that DynamoDB returns: plain notation, no
 *     superfluous zero, no exponent, `0` for every zero.
 */

/** `sign * d.ddd… * 10^exponent`; `digits` has no zero at either end and is empty for zero. */
export interface Decimal {
  readonly sign: -1 | 0 | 1;
  readonly digits: string;
  readonly exponent: number;
}

export type DecimalProblem = 'overflow' | 'underflow' | 'precision';

export const zero: Decimal = { sign: 0, digits: '', exponent: 0 };

const digitsMax = 38;
const exponentMax = 125;
const exponentMin = -130;

const grammar = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?)0*(\d+))?$/;
const plainInteger = /^(?:0|-?[1-9]\d{0,14})$/;

/** Whether the text is an integer short enough to be in normal form without a closer look. */
export function isPlainInteger(text: string): boolean {
  return plainInteger.test(text);
}

const scaleMax = 2 ** 31 - 1;

/**
 * Reads a number of any size; undefined where the text is none. Nor is one whose exponent is beyond
 * what Java's BigDecimal, by which AWS reads numbers, can hold.
 */
export function parseDecimal(text: string): Decimal | undefined {
  const match = grammar.exec(text);
  if (match === null) return undefined;
  const whole = match[2] ?? '';
  const fraction = match[3] ?? match[4] ?? '';
  const power = Number(`${match[5] ?? ''}${match[6] ?? 0}`);
  const scale = fraction.length - power;
  if (power > scaleMax || power < -scaleMax - 1 || scale > scaleMax || scale < -scaleMax - 1) {
    return undefined;
  }
  const all = whole + fraction;
  const digits = trimZeros(all);
  if (digits === '') return zero;
  const leading = all.length - all.replace(/^0+/, '').length;
  const exponent = power + whole.length - 1 - leading;
  return { sign: match[1] === '-' ? -1 : 1, digits, exponent };
}

/** What keeps a number from being stored, if anything. */
export function decimalProblem(value: Decimal): DecimalProblem | undefined {
  if (value.sign === 0) return undefined;
  if (value.exponent > exponentMax) return 'overflow';
  if (value.exponent < exponentMin) return 'underflow';
  return value.digits.length > digitsMax ? 'precision' : undefined;
}

/** Plain notation. Only for storable numbers: at most some 170 characters. */
export function formatDecimal(value: Decimal): string {
  if (value.sign === 0) return '0';
  const { digits, exponent } = value;
  const sign = value.sign < 0 ? '-' : '';
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  if (digits.length <= exponent + 1)
    return sign + digits + '0'.repeat(exponent + 1 - digits.length);
  return `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`;
}

/** Negative, zero or positive, as `a` is less than, equal to or greater than `b`. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  if (a.sign !== b.sign) return a.sign - b.sign;
  if (a.sign === 0) return 0;
  if (a.exponent !== b.exponent) return a.exponent < b.exponent ? -a.sign : a.sign;
  if (a.digits === b.digits) return 0;
  return a.digits < b.digits ? -a.sign : a.sign;
}

/** The exact sum; it may have more digits than can be stored. Both must be storable. */
export function addDecimals(a: Decimal, b: Decimal): Decimal {
  if (a.sign === 0) return b;
  if (b.sign === 0) return a;
  const scale = Math.min(lastPlace(a), lastPlace(b));
  const sum = scaled(a, scale) + scaled(b, scale);
  if (sum === 0n) return zero;
  const text = (sum < 0n ? -sum : sum).toString();
  return {
    sign: sum < 0n ? -1 : 1,
    digits: trimZeros(text),
    exponent: text.length - 1 + scale,
  };
}

export function negateDecimal(value: Decimal): Decimal {
  return value.sign === 0 ? value : { ...value, sign: value.sign < 0 ? 1 : -1 };
}

/** Power of ten of the last digit. */
function lastPlace(value: Decimal): number {
  return value.exponent - value.digits.length + 1;
}

function scaled(value: Decimal, scale: number): bigint {
  const magnitude = BigInt(value.digits) * 10n ** BigInt(lastPlace(value) - scale);
  return value.sign < 0 ? -magnitude : magnitude;
}

function trimZeros(digits: string): string {
  let start = 0;
  let end = digits.length;
  while (start < end && digits.charCodeAt(start) === 48) start += 1;
  while (end > start && digits.charCodeAt(end - 1) === 48) end -= 1;
  return digits.slice(start, end);
}
