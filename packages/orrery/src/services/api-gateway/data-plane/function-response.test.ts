import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { HttpResponse } from '../../../io/io.ts';
import { responseV1, responseV2 } from './function-response.ts';

const id = 'AAAAAAAAAAAAAAA=';

function v2(value: unknown): [number, string, HttpResponse['headers']] | undefined {
  const response = responseV2(Buffer.from(JSON.stringify(value) ?? ''), id);
  if (response === undefined) return undefined;
  return [response.status, Buffer.from(response.body).toString(), response.headers];
}

describe('a response in format 2.0', () => {
  it('is the JSON that the function returned, where there is no statusCode', () => {
    assert.deepEqual(v2({ a: 1 }), [
      200,
      '{"a":1}',
      { 'content-type': 'application/json', 'apigw-requestid': id },
    ]);
    assert.equal(v2('Hello')?.[1], 'Hello');
    assert.equal(v2(null)?.[1], 'null');
    assert.equal(v2([1])?.[1], '[1]');
  });

  it('is what statusCode, headers, cookies and body say', () => {
    assert.deepEqual(
      v2({
        statusCode: 201,
        headers: { 'X-Count': 3, 'Content-Type': 'text/html', Connection: 'close' },
        cookies: ['a=1; Path=/', 'b=2'],
        body: '<p>',
      }),
      [
        201,
        '<p>',
        {
          'x-count': '3',
          'content-type': 'text/html',
          'set-cookie': ['a=1; Path=/', 'b=2'],
          'apigw-requestid': id,
        },
      ],
    );
    assert.deepEqual(v2({ statusCode: '204' })?.[0], 204);
    assert.equal(
      v2({ statusCode: 200, body: 'x' })?.[2]['content-type'],
      'text/plain;charset=UTF-8',
    );
    assert.equal(v2({ statusCode: 200, body: 'aGk=', isBase64Encoded: true })?.[1], 'hi');
  });

  it('is none where the function broke the form', () => {
    const broken: unknown[] = [
      { statusCode: 'ok' },
      { statusCode: 99 },
      { statusCode: 100 },
      { statusCode: 200.5 },
      { statusCode: 200, body: { a: 1 } },
      { statusCode: 200, headers: ['a'] },
      { statusCode: 200, headers: { a: { b: 1 } } },
      { statusCode: 200, headers: { 'a b': 'c' } },
      { statusCode: 200, headers: { a: 'b\r\nset-cookie: c' } },
      { statusCode: 200, cookies: 'a=1' },
      { statusCode: 200, body: '***', isBase64Encoded: true },
      undefined,
    ];
    for (const value of broken) assert.equal(v2(value), undefined, JSON.stringify(value));
  });

  it('never throws, whatever the function returned', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        v2(value);
        v2({ statusCode: 200, headers: value, cookies: value, body: value });
      }),
    );
  });
});

describe('a response in format 1.0', () => {
  const v1 = (value: unknown): HttpResponse | undefined =>
    responseV1(Buffer.from(JSON.stringify(value)), id);

  it('needs the explicit form', () => {
    assert.equal(v1({ a: 1 }), undefined);
    assert.equal(v1('Hello'), undefined);
    const response = v1({
      statusCode: 200,
      headers: { a: '1' },
      multiValueHeaders: { 'Set-Cookie': ['x=1', 'y=2'], A: ['2'] },
      body: 'ok',
    });
    assert.deepEqual(response?.headers['set-cookie'], ['x=1', 'y=2']);
    assert.equal(response?.headers['a'], '2');
    assert.equal(v1({ statusCode: 200, multiValueHeaders: { a: 'b' } }), undefined);
  });
});
