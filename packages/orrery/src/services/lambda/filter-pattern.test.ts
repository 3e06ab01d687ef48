import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { compilePattern, FilterPatternError } from './filter-pattern.ts';

const record = {
  eventName: 'MODIFY',
  dynamodb: {
    Keys: { id: { S: 'order#7' } },
    NewImage: {
      id: { S: 'order#7' },
      state: { S: 'Shipped' },
      total: { N: '12.5' },
      paid: { BOOL: true },
      note: { NULL: true },
      tags: { SS: ['red', 'green'] },
      lines: { L: [{ M: { sku: { S: 'a' }, n: { N: '1' } } }, { M: { sku: { S: 'b' } } }] },
      empty: { S: '' },
      none: { L: [] },
    },
    SizeBytes: 26,
  },
};

const matches = (pattern: unknown, event: unknown = record): boolean =>
  compilePattern(JSON.stringify(pattern))(event);
const image = (NewImage: unknown): unknown => ({ dynamodb: { NewImage } });

describe('filter patterns', () => {
  const cases: readonly [title: string, pattern: unknown, wanted: boolean][] = [
    ['equality', { eventName: ['MODIFY'] }, true],
    ['one of several', { eventName: ['INSERT', 'MODIFY'] }, true],
    ['none of several', { eventName: ['INSERT', 'REMOVE'] }, false],
    ['all fields', { eventName: ['MODIFY'], dynamodb: { SizeBytes: [26] } }, true],
    ['one field of two', { eventName: ['INSERT'], dynamodb: { SizeBytes: [26] } }, false],
    ['case counts', image({ state: { S: ['shipped'] } }), false],
    ['a boolean', image({ paid: { BOOL: [true] } }), true],
    ['a boolean is no text', image({ paid: { BOOL: ['true'] } }), false],
    ['an empty text', image({ empty: { S: [''] } }), true],
    ['null is not absent', image({ missing: { S: [null] } }), false],
    ['prefix', image({ id: { S: [{ prefix: 'order#' }] } }), true],
    ['no prefix', image({ id: { S: [{ prefix: 'Order#' }] } }), false],
    ['prefix without case', image({ id: { S: [{ prefix: ignoring('ORDER') }] } }), true],
    ['suffix', image({ id: { S: [{ suffix: '#7' }] } }), true],
    ['suffix without case', image({ state: { S: [{ suffix: ignoring('PPED') }] } }), true],
    ['equals-ignore-case', image({ state: { S: [ignoring('sHIPPED')] } }), true],
    ['anything-but another', image({ state: { S: [{ 'anything-but': 'New' }] } }), true],
    ['anything-but it', image({ state: { S: [{ 'anything-but': ['New', 'Shipped'] }] } }), false],
    ['anything-but what is absent', image({ missing: { S: [{ 'anything-but': 'x' }] } }), false],
    ['anything-but a prefix', image({ state: { S: [not({ prefix: 'Sh' })] } }), false],
    ['anything-but a suffix', image({ state: { S: [not({ suffix: ['x', 'y'] })] } }), true],
    ['anything-but in any case', image({ state: { S: [not(ignoring('SHIPPED'))] } }), false],
    ['anything-but of numbers', { dynamodb: { SizeBytes: [{ 'anything-but': [1, 2] }] } }, true],
    ['exists', image({ paid: { BOOL: [{ exists: true }] } }), true],
    ['exists not', image({ missing: { S: [{ exists: false }] } }), true],
    ['exists not, and does', image({ paid: { BOOL: [{ exists: false }] } }), false],
    ['an object is no leaf', image({ paid: [{ exists: true }] }), false],
    ['an object is not there', image({ paid: [{ exists: false }] }), true],
    ['numeric', { dynamodb: { SizeBytes: [{ numeric: ['=', 26] }] } }, true],
    ['a range', { dynamodb: { SizeBytes: [{ numeric: ['>', 20, '<=', 26] }] } }, true],
    ['out of range', { dynamodb: { SizeBytes: [{ numeric: ['>=', 0, '<', 26] }] } }, false],
    ["DynamoDB's numbers are texts", image({ total: { N: [{ numeric: ['>', 1] }] } }), false],
    ["DynamoDB's numbers as texts", image({ total: { N: ['12.5'] } }), true],
    ['an element of an array', image({ tags: { SS: ['green'] } }), true],
    ['no element of an array', image({ tags: { SS: ['blue'] } }), false],
    ['objects in an array', image({ lines: { L: { M: { sku: { S: ['b'] } } } } }), true],
    ['fields of one of them', image({ lines: { L: { M: line('b', '1') } } }), false],
    ['an empty array', image({ none: { L: [{ exists: false }] } }), true],
    ['$or, the first', { $or: [{ eventName: ['MODIFY'] }, { eventName: ['REMOVE'] }] }, true],
    ['$or, none', { $or: [{ eventName: ['INSERT'] }, { eventName: ['REMOVE'] }] }, false],
    [
      '$or beside a field',
      { $or: [{ eventName: ['MODIFY'] }, { a: ['b'] }], dynamodb: { SizeBytes: [1] } },
      false,
    ],
    [
      '$or within',
      image({
        $or: [{ state: { S: ['New'] } }, { paid: { BOOL: [true] } }],
        id: { S: ['order#7'] },
      }),
      true,
    ],
  ];
  for (const [title, pattern, wanted] of cases) {
    it(title, () => assert.equal(matches(pattern), wanted));
  }

  it('matches null', () => assert.equal(matches({ a: [null] }, { a: null }), true));

  it('does not take what objects inherit for a field', () => {
    assert.equal(matches({ constructor: { name: [{ exists: true }] } }), false);
  });

  it('refuses what is no pattern', () => {
    const bad = [
      ...['nonsense', '[]', '"a"', '{}', '{"a": {}}', '{"a": "b"}', '{"a": []}', '{"a": [[1]]}'],
      ...['{"a": [{}]}', '{"a": [{"like": "x"}]}', '{"a": [{"prefix": 1}]}'],
      ...['{"a": [{"exists": "yes"}]}', '{"a": [{"numeric": [1]}]}', '{"a": [{"numeric": []}]}'],
      ...['{"a": [{"numeric": ["<", 1, ">", 0]}]}', '{"a": [{"numeric": ["!", 1]}]}'],
      ...['{"a": [{"anything-but": []}]}', '{"a": [{"anything-but": {"exists": true}}]}'],
      ...['{"a": [{"prefix": "x", "suffix": "y"}]}', '{"$or": [{"a": ["b"]}]}'],
      `${'{"a":'.repeat(40)}["b"]${'}'.repeat(40)}`,
    ];
    for (const text of bad) assert.throws(() => compilePattern(text), FilterPatternError, text);
  });
});

function ignoring(text: string): object {
  return { 'equals-ignore-case': text };
}

function not(operand: object): object {
  return { 'anything-but': operand };
}

function line(sku: string, n: string): object {
  return { sku: { S: [sku] }, n: { N: [n] } };
}
