import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ServiceError } from '../../../endpoint/service.ts';
import type { AttributeMap, AttributeValue } from './attribute-value.ts';
import { compareNumbers, compareTexts, equalValues } from './compare.ts';
import { itemSize } from './size.ts';
import { validateMap } from './validate-value.ts';

function problem(value: unknown): string {
  try {
    validateMap({ a: value as AttributeValue });
  } catch (error) {
    assert.ok(error instanceof ServiceError, String(error));
    return `${error.code}: ${error.message}`;
  }
  return 'none';
}

test('values are refused in DynamoDB’s words', () => {
  const invalid = 'ValidationException: One or more parameter values were invalid: ';
  const deep = (levels: number): unknown => (levels === 0 ? { S: 'x' } : { L: [deep(levels - 1)] });
  const cases: [unknown, string][] = [
    [
      {},
      'ValidationException: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes',
    ],
    [
      { X: 'a' },
      'ValidationException: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes',
    ],
    [
      { S: 'a', N: '1' },
      'ValidationException: Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes',
    ],
    [{ NULL: false }, `${invalid}Null attribute value types must have the value of true`],
    [{ SS: [] }, `${invalid}An string set  may not be empty`],
    [{ NS: [] }, `${invalid}An number set  may not be empty`],
    [{ BS: [] }, `${invalid}Binary sets should not be empty`],
    [{ SS: ['a', 'b', 'a'] }, `${invalid}Input collection [a, b, a] contains duplicates.`],
    [
      { BS: ['Yg==', 'Yg=='] },
      `${invalid}Input collection [Yg==, Yg==]of type BS contains duplicates.`,
    ],
    [{ NS: ['1', '1.0'] }, 'ValidationException: Input collection contains duplicates'],
    [{ N: '' }, 'ValidationException: The parameter cannot be converted to a numeric value'],
    [{ N: 'b' }, 'ValidationException: The parameter cannot be converted to a numeric value: b'],
    [
      { N: '1e126' },
      'ValidationException: Number overflow. Attempting to store a number with magnitude larger than supported range',
    ],
    [
      { N: '1e-131' },
      'ValidationException: Number underflow. Attempting to store a number with magnitude smaller than supported range',
    ],
    [
      { L: [{ N: '9'.repeat(39) }] },
      'ValidationException: Attempting to store more than 38 significant digits in a Number',
    ],
    [
      deep(32),
      'ValidationException: Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit',
    ],
    [deep(31), 'none'],
    [{ S: 5 }, 'SerializationException: NUMBER_VALUE cannot be converted to String'],
    [{ BOOL: 'x' }, 'SerializationException: STRING_VALUE cannot be converted to Boolean'],
    [{ B: 'a' }, "SerializationException: 'a' can not be converted to a Blob"],
    ['text', 'SerializationException: STRING_VALUE cannot be converted to AttributeValue'],
    [{ S: '' }, 'none'],
    [{ SS: [''] }, 'none'],
    [{ M: {} }, 'none'],
  ];
  for (const [value, expected] of cases) assert.equal(problem(value), expected);
});

test('numbers leave in normal form, wherever they are', () => {
  const item: AttributeMap = { a: { N: '01.50' }, b: { L: [{ N: '1e2' }, { NS: ['+1', '2.0'] }] } };
  validateMap(item);
  assert.deepEqual(item, { a: { N: '1.5' }, b: { L: [{ N: '100' }, { NS: ['1', '2'] }] } });
});

test('sizes are counted as DynamoDB counts them', () => {
  const sizes: [AttributeMap, number][] = [
    [{ a: { S: 'hello' } }, 6],
    [{ é: { S: 'é' } }, 4],
    [{ a: { N: '0' } }, 2],
    [{ a: { N: '1' } }, 3],
    [{ a: { N: '-12' } }, 4],
    [{ a: { N: '123' } }, 4],
    [{ a: { N: '1000' } }, 3],
    [{ a: { N: '123.4' } }, 5],
    [{ a: { N: '12.34' } }, 4],
    [{ a: { N: '0.01' } }, 3],
    [{ a: { B: 'AQI=' } }, 3],
    [{ a: { NULL: true }, b: { BOOL: false } }, 4],
    [{ a: { L: [{ S: 'x' }] } }, 6],
    [{ a: { M: { k: { S: 'x' } } } }, 7],
    [{ a: { SS: ['x', 'yz'] } }, 4],
  ];
  for (const [item, size] of sizes) {
    assert.equal(itemSize(item), size, JSON.stringify(item));
    assert.equal(validateMap(structuredClone(item)), size);
  }
});

test('texts order by their UTF-8 bytes', () => {
  const text = fc.string({ unit: 'grapheme-composite', maxLength: 6 });
  fc.assert(
    fc.property(text, text, (a, b) => {
      const expected = Buffer.compare(Buffer.from(a), Buffer.from(b));
      assert.equal(Math.sign(compareTexts(a, b)), expected);
    }),
    { numRuns: 1000 },
  );
  assert.ok(compareTexts('\u{ffff}', '\u{10000}') < 0);
  assert.ok(compareNumbers('10', '9') > 0);
  assert.ok(compareNumbers('-0.5', '0.1') < 0);
});

test('equality is deep and knows sets', () => {
  assert.ok(equalValues({ SS: ['a', 'b'] }, { SS: ['b', 'a'] }));
  assert.ok(!equalValues({ SS: ['a'] }, { SS: ['a', 'b'] }));
  assert.ok(equalValues({ M: { x: { L: [{ N: '1' }] } } }, { M: { x: { L: [{ N: '1' }] } } }));
  assert.ok(!equalValues({ M: { x: { S: '1' } } }, { M: { y: { S: '1' } } }));
  assert.ok(!equalValues({ S: '1' }, { N: '1' }));
});
