/** Statements of chance: an answer or an error of DynamoDB's, never anything else. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ServiceError } from '../../../endpoint/service.ts';
import { rangeTable, testedService } from '../dynamodb.fake.ts';
import { parseStatement } from './parser.ts';

const words =
  `SELECT * FROM WHERE "range" range pk sk AND OR NOT IN BETWEEN IS MISSING NULL TRUE ORDER BY DESC ` +
  `INSERT INTO VALUE UPDATE SET REMOVE DELETE RETURNING ALL MODIFIED OLD NEW EXISTS ( ) [ ] { } << >> ` +
  `, . : ? = <> < <= > >= + - 'a' '' 1 -2.5e3 0 list_append set_add size contains begins_with doc ;`;
const piece = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...words.split(' ')) },
  { weight: 1, arbitrary: fc.string({ maxLength: 4, unit: 'grapheme' }) },
);
const soup = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(' '));
const literal = fc.constantFrom(
  `'a'`,
  '1',
  '?',
  'null',
  `<<1,2>>`,
  `[1,{'a':?}]`,
  'pk',
  'doc.x[0]',
);
const test = fc
  .tuple(fc.constantFrom('pk', 'sk', 'doc', 'doc.a[1]'), fc.constantFrom('=', '<', '<>'), literal)
  .map((parts) => parts.join(' '));
const condition = fc
  .array(fc.tuple(test, fc.constantFrom('AND', 'OR', 'AND NOT')), { minLength: 1, maxLength: 5 })
  .map((parts) => `${parts.map(([one, link]) => `${one} ${link}`).join(' ')} pk = 'a'`);
const shaped = fc.oneof(
  condition.map((where) => `SELECT * FROM range WHERE ${where}`),
  condition.map((where) => `DELETE FROM range WHERE sk = 1 AND ${where}`),
  fc
    .tuple(literal, condition)
    .map(([value, where]) => `UPDATE range SET d = ${value} WHERE ${where}`),
  fc.tuple(literal, literal).map(([a, b]) => `INSERT INTO range VALUE {'pk': ${a}, 'sk': ${b}}`),
);

describe('PartiQL', () => {
  it('parses or refuses any text', () => {
    fc.assert(
      fc.property(fc.oneof(soup, fc.string({ maxLength: 200 })), (text) => {
        try {
          parseStatement(text);
        } catch (error) {
          assert.ok(error instanceof ServiceError, String((error as Error).stack));
          assert.equal(error.code, 'ValidationException');
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('executes or refuses whatever parses', async () => {
    const tested = await testedService();
    await tested.call('CreateTable', rangeTable);
    const parameter = fc.constantFrom({ S: 'a' }, { N: '1' }, { NULL: true }, { L: [] });
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(soup, shaped),
        fc.array(parameter, { maxLength: 4 }),
        async (Statement, given) => {
          const count = Statement.split('?').length - 1;
          const Parameters = [...given, ...Array(4).fill({ S: 'x' })].slice(0, count);
          const input = { Statement, ...(count > 0 && { Parameters }) };
          try {
            await tested.call('ExecuteStatement', input);
          } catch (error) {
            assert.ok(error instanceof ServiceError, `${Statement}: ${(error as Error).stack}`);
          }
        },
      ),
      { numRuns: 1500 },
    );
  });
});
