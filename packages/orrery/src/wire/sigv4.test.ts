import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { HttpRequest } from '../io/io.ts';
import { noBytes, utf8Decode, utf8Encode } from '../stdx/bytes.ts';
import { decodeAwsChunked, isAwsChunked } from './aws-chunked.ts';
import { WireError } from './errors.ts';
import { signRequest, verifySignature } from './sigv4.ts';
import { hasAwsMark, readScope } from './sigv4-scope.ts';

const nowMs = Date.parse('2026-11-24T10:26:30Z');
const secret = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const secretOf = (id: string): string | undefined => (id === 'AKIDEXAMPLE' ? secret : undefined);
const verify = (request: HttpRequest, at = nowMs) =>
  verifySignature(request, { secretOf, nowMs: at });

const base: HttpRequest = {
  method: 'POST',
  path: '/',
  headers: { host: '127.0.0.1:4566', 'content-type': 'application/x-amz-json-1.0' },
  body: utf8Encode('{"a":1}'),
};
const signer = {
  accessKeyId: 'AKIDEXAMPLE',
  secret,
  region: 'us-east-1',
  service: 'dynamodb',
  nowMs,
};

/** The example of the S3 user guide. */
const presigned: HttpRequest = {
  method: 'GET',
  path: '/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
  headers: { host: 'examplebucket.s3.amazonaws.com' },
  body: noBytes,
};

describe('a signature', () => {
  it('of the published AWS test suite is verified', () => {
    // "get-vanilla-query-order-key-case" of aws-sig-v4-test-suite.
    const request: HttpRequest = {
      method: 'GET',
      path: '/?Param2=value2&Param1=value1',
      headers: {
        host: 'example.amazonaws.com',
        'x-amz-date': '20150830T123600Z',
        authorization:
          'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
      },
      body: noBytes,
    };
    assert.equal(verify(request, Date.parse('2015-08-30T12:36:00Z')), undefined);
  });

  it('of the published S3 examples is verified, in headers and in a URL', () => {
    const verification = {
      secretOf: () => 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
      nowMs: Date.parse('2013-05-24T00:00:00Z'),
    };
    const inHeaders: HttpRequest = {
      method: 'GET',
      path: '/test.txt',
      headers: {
        host: 'examplebucket.s3.amazonaws.com',
        range: 'bytes=0-9',
        'x-amz-content-sha256': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
        'x-amz-date': '20130524T000000Z',
        authorization:
          'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
      },
      body: noBytes,
    };
    assert.equal(verifySignature(inHeaders, verification), undefined);
    assert.equal(verifySignature(presigned, verification), undefined);
    const moved = { ...presigned, path: presigned.path.replace('test', 'text') };
    assert.equal(verifySignature(moved, verification)?.kind, 'mismatch');
  });

  it('vouches for method, path, query, signed headers and body', () => {
    const signed = signRequest(base, signer);
    assert.equal(verify(signed), undefined);
    const changes: Partial<HttpRequest>[] = [
      { method: 'PUT' },
      { path: '/x' },
      { path: '/?a' },
      { body: utf8Encode('{"a":2}') },
      { headers: { ...signed.headers, host: 'elsewhere' } },
      { headers: { ...signed.headers, 'content-type': 'text/plain' } },
    ];
    for (const change of changes) {
      assert.equal(verify({ ...signed, ...change })?.kind, 'mismatch', JSON.stringify(change));
    }
    const wrong = signRequest(base, { ...signer, secret: 'other' });
    assert.equal(verify(wrong)?.kind, 'mismatch');
    const stranger = signRequest(base, { ...signer, accessKeyId: 'AKIAOTHER' });
    assert.equal(verify(stranger)?.kind, 'unknown-key');
  });

  it('has its time, and says how far it is off', () => {
    const signed = signRequest(base, signer);
    const minutes = (count: number): number => nowMs + count * 60_000;
    assert.equal(verify(signed, minutes(5)), undefined);
    assert.equal(verify(signed, minutes(-5)), undefined);
    assert.deepEqual(verify(signed, minutes(6)), {
      kind: 'skewed',
      detail:
        'Signature expired: 20261124T102630Z is now earlier than 20261124T102730Z (20261124T103230Z - 5 min.)',
    });
    assert.deepEqual(verify(signed, minutes(-6)), {
      kind: 'skewed',
      detail:
        'Signature not yet current: 20261124T102630Z is still later than 20261124T102530Z (20261124T102030Z + 5 min.)',
    });
    const s3 = signRequest(base, { ...signer, service: 's3' });
    assert.equal(verify(s3, minutes(14)), undefined);
    assert.equal(verify(s3, minutes(16))?.kind, 'skewed');
  });

  it('in a URL holds as long as it says', () => {
    const at = (nowMs: number, request = presigned): string | undefined =>
      verifySignature(request, {
        secretOf: () => 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
        nowMs,
      })?.kind;
    const signedAtMs = Date.parse('2013-05-24T00:00:00Z');
    assert.equal(at(signedAtMs + 86_400_000), undefined);
    assert.equal(at(signedAtMs + 86_400_001), 'presign-expired');
    assert.equal(at(signedAtMs - 16 * 60_000), 'skewed');
    const path = presigned.path.replace('Expires=86400', 'Expires=604801');
    assert.equal(at(signedAtMs, { ...presigned, path }), 'incomplete');
  });

  it('that is not whole is told what it lacks', () => {
    const headers = { host: 'h', authorization: 'AWS4-HMAC-SHA256 Credential=A/b' };
    assert.deepEqual(verify({ ...base, headers }), {
      kind: 'incomplete',
      detail:
        "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
    });
    assert.equal(verify(base)?.kind, 'missing');
    const signed = signRequest(base, signer);
    const authorization = (signed.headers['authorization'] ?? '').replace('host;', '');
    assert.equal(
      verify({ ...signed, headers: { ...signed.headers, authorization } })?.kind,
      'mismatch',
    );
  });

  it('never makes a reader throw', () => {
    const piece = fc.constantFrom(
      'AWS4-HMAC-SHA256',
      ' ',
      ',',
      'Credential=',
      'A/20261124/us-east-1/s3/aws4_request',
      '/',
      'SignedHeaders=',
      'host',
      ';',
      'Signature=',
      'abc',
      '=',
      '%',
      '%zz',
      '\0',
      'é',
      'X-Amz-Credential=',
      'X-Amz-Signature=',
      '&',
      '?',
      'X-Amz-Date=20261124T102630Z',
    );
    const text = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(text, text, text, (authorization, path, date) => {
        const headers = { host: 'h', authorization, 'x-amz-date': date };
        const request = { ...base, path: `/${path}`, headers };
        readScope(request);
        hasAwsMark(request);
        assert.ok(verify(request) !== undefined);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a body in chunks', () => {
  const fail = (message: string): WireError => new WireError('MalformedXML', message);

  it('gives the bytes of its chunks', () => {
    const headers = { 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' };
    assert.ok(isAwsChunked(headers));
    assert.ok(isAwsChunked({ 'content-encoding': 'aws-chunked,gzip' }));
    assert.ok(!isAwsChunked({ 'content-encoding': 'gzip' }));
    const text =
      '5;chunk-signature=ab\r\nhello\r\n3\r\n\r\n!\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n';
    assert.equal(utf8Decode(decodeAwsChunked(utf8Encode(text), fail)), 'hello\r\n!');
  });

  it('is refused where its frames are broken', () => {
    for (const text of ['', '5', '5\r\nhel', '5\r\nhelloxx0\r\n', 'zz\r\n', 'ffffffff\r\na\r\n']) {
      assert.throws(() => decodeAwsChunked(utf8Encode(text), fail), WireError, text);
    }
  });
});
