import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type AttributeMap, type AttributeValue, setMember } from './attribute-value.ts';
import { memberTexts } from './member-texts.ts';

test('attributes are found in the text as a parser would find them', () => {
  const text = fc.oneof(
    fc.string({ maxLength: 6 }),
    fc.stringMatching(/^["\\{}[\]:,é]{0,6}$/),
    fc.constantFrom('__proto__', '"', '\\', '\\"', '\ud800', 'pk', 'S'),
  );
  const { value } = fc.letrec<{ value: AttributeValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      text.map((S) => ({ S })),
      fc.array(text, { maxLength: 3 }).map((SS) => ({ SS })),
      fc.constantFrom<AttributeValue>({ NULL: true }, { BOOL: false }, { N: '-1.5' }),
      fc.array(tie('value'), { maxLength: 3 }).map((L) => ({ L })),
      fc.dictionary(text, tie('value'), { maxKeys: 3 }).map((M) => ({ M })),
    ),
  }));
  const members = fc.uniqueArray(fc.tuple(text, value), {
    selector: ([name]) => name,
    maxLength: 6,
  });
  fc.assert(
    fc.property(members, fc.uniqueArray(text, { maxLength: 4 }), (list, names) => {
      const item: AttributeMap = {};
      for (const [name, one] of list) setMember(item, name, one);
      const json = JSON.stringify(item);
      const wanted = [...names, ...list.slice(0, 2).map(([name]) => name)];
      const distinct = [...new Set(wanted)];
      const expected = distinct.flatMap((name) => {
        const found = list.find(([one]) => one === name);
        return found ? [`${JSON.stringify(name)}:${JSON.stringify(found[1])}`] : [];
      });
      assert.equal(memberTexts(json, distinct), `{${expected.join(',')}}`);
    }),
    { numRuns: 1000 },
  );
});
