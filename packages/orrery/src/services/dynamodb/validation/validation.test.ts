/** Refused requests, in AWS's words: the transcripts beside this file say which and how. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashTable, indexedTable, rangeTable, testedService } from '../dynamodb.fake.ts';
import { refusalsIn } from './transcript.fake.ts';

const item = {
  pk: { S: 'a' },
  s: { S: 's' },
  n: { N: '1' },
  l: { L: [{ N: '1' }] },
  m: { M: { x: { S: 'y' } } },
  ss: { SS: ['a', 'b'] },
};

const files = [
  'items',
  'expressions',
  'reads',
  'batches',
  'tables',
  'statements',
  'streams',
] as const;

for (const file of files) {
  test(`${file}: every refusal is as written`, async () => {
    const { call } = await testedService();
    for (const table of [hashTable, rangeTable, indexedTable]) await call('CreateTable', table);
    await call('PutItem', { TableName: 'hash', Item: item });
    const indexed = { ...item, sk: { S: 'b' }, weight: { N: '1' }, colour: { S: 'red' } };
    await call('PutItem', { TableName: 'indexed', Item: indexed });

    const refusals = refusalsIn(`${file}.txt`);
    assert.ok(refusals.length >= 25, `${refusals.length} requests`);
    const wrong: string[] = [];
    for (const { line, operation, input, answer } of refusals) {
      const found = await answerOf(() => call(operation, input));
      if (found !== answer) wrong.push(`${file}.txt:${line}\n  is   ${found}\n  not  ${answer}`);
    }
    assert.equal(wrong.join('\n'), '');
  });
}

async function answerOf(run: () => Promise<unknown>): Promise<string> {
  try {
    await run();
    return 'ok';
  } catch (error) {
    const { code, message, fields } = error as {
      code?: string;
      message: string;
      fields?: { CancellationReasons?: readonly { Code: string; Message?: string }[] };
    };
    assert.ok(code !== undefined, (error as Error).stack);
    const reasons = fields?.CancellationReasons?.map(({ Message }) => Message ?? '-') ?? [];
    return [`${code}: ${message}`, ...reasons].join(' | ');
  }
}
