import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { handledCount } from './batch-response.ts';

const sequences = ['1', '2', '3', '4'];
const said = (text: string, failed = false, reports = true): number =>
  handledCount({ payload: Buffer.from(text), failed }, sequences, reports);
const failing = (...identifiers: unknown[]): string =>
  JSON.stringify({ batchItemFailures: identifiers.map((itemIdentifier) => ({ itemIdentifier })) });

describe("a function's answer", () => {
  it('counts as success where it reports nothing', () => {
    const texts = ['', 'null', '""', '{}', '{"batchItemFailures":null}', failing()];
    for (const text of texts) assert.equal(said(text), 4, text);
  });

  it('says where to go on', () => {
    assert.equal(said(failing('3')), 2);
    assert.equal(said(failing('4', '2')), 1);
    assert.equal(said(failing('1')), 0);
  });

  it('fails the batch where it makes no sense', () => {
    const texts = [
      ...[failing(''), failing(null), failing('5'), failing('2', '5'), failing(2)],
      ...['{"batchItemFailures":[{"id":"2"}]}', '{"batchItemFailures":{}}', '7', 'x'],
    ];
    for (const text of texts) assert.equal(said(text), 0, text);
  });

  it('is an error or not, without ReportBatchItemFailures', () => {
    assert.equal(said(failing('1'), false, false), 4);
    assert.equal(said('', true, false), 0);
    assert.equal(said(failing('3'), true), 0);
  });
});
