import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  addDecimals,
  compareDecimals,
  type Decimal,
  decimalProblem,
  formatDecimal,
  isPlainInteger,
  negateDecimal,
  parseDecimal,
} from './decimal.ts';

/** Storable numbers, by sign, digits and exponent. */
export const storable = fc
  .tuple(
    fc.boolean(),
    fc.bigInt({ min: 0n, max: 10n ** 38n - 1n }),
    fc.integer({ min: -130, max: 88 }),
  )
  .map(([negative, digits, exponent]) => `${negative ? '-' : ''}${digits}e${exponent}`)
  .filter((text) => decimalProblem(parsed(text)) === undefined);

function parsed(text: string): Decimal {
  const value = parseDecimal(text);
  assert.ok(value !== undefined, text);
  return value;
}

test('numbers are returned in plain notation', () => {
  const cases: [string, string][] = [
    ['0', '0'],
    ['-0.000', '0'],
    ['0e500', '0'],
    ['+1', '1'],
    ['007', '7'],
    ['1.50', '1.5'],
    ['.5', '0.5'],
    ['5.', '5'],
    ['1e3', '1000'],
    ['1.23E-5', '0.0000123'],
    ['-1200e-2', '-12'],
    ['12345678901234567890123456789012345678', '12345678901234567890123456789012345678'],
    ['1E-130', `0.${'0'.repeat(129)}1`],
    ['9.9e125', `99${'0'.repeat(124)}`],
  ];
  for (const [text, expected] of cases) assert.equal(formatDecimal(parsed(text)), expected, text);
});

test('what is not a number is refused', () => {
  for (const text of [
    '',
    ' 1',
    '1 ',
    '.',
    'e5',
    '1e',
    'NaN',
    'Infinity',
    '0x1',
    '1_0',
    '--1',
    '1e99999999999',
  ]) {
    assert.equal(parseDecimal(text), undefined, text);
  }
});

test('numbers out of range are told apart', () => {
  assert.equal(decimalProblem(parsed('1e126')), 'overflow');
  assert.equal(decimalProblem(parsed('9.9999e125')), undefined);
  assert.equal(decimalProblem(parsed('9e-131')), 'underflow');
  assert.equal(decimalProblem(parsed(`1${'0'.repeat(37)}1`)), 'precision');
  assert.equal(decimalProblem(parsed(`1${'0'.repeat(60)}`)), undefined);
});

test('the normal form is a fixed point, and plain integers are in it', () => {
  fc.assert(
    fc.property(storable, (text) => {
      const normal = formatDecimal(parsed(text));
      assert.equal(formatDecimal(parsed(normal)), normal);
      if (isPlainInteger(text)) assert.equal(normal, text);
    }),
  );
  fc.assert(
    fc.property(fc.maxSafeInteger(), (n) => {
      assert.equal(formatDecimal(parsed(String(n))), n === 0 ? '0' : String(n));
    }),
  );
});

/** The value times 10^170, exactly: an independent model. */
function model(text: string): bigint {
  const normal = formatDecimal(parsed(text));
  const [whole = '', fraction = ''] = normal.replace('-', '').split('.');
  const magnitude = BigInt(whole + fraction.padEnd(170, '0'));
  return normal.startsWith('-') ? -magnitude : magnitude;
}

test('order, sum and difference agree with integers', () => {
  fc.assert(
    fc.property(storable, storable, (a, b) => {
      const [x, y] = [parsed(a), parsed(b)];
      assert.equal(
        Math.sign(compareDecimals(x, y)),
        Number(model(a) > model(b)) - Number(model(a) < model(b)),
      );
      assert.equal(model(formatDecimal(addDecimals(x, y))), model(a) + model(b));
      assert.equal(model(formatDecimal(addDecimals(x, negateDecimal(y)))), model(a) - model(b));
    }),
  );
});
