/** Query strings, AWS Query bodies and the URIs of rest services. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { utf8Decode, utf8Encode } from '../stdx/bytes.ts';
import { createCodec } from './codec.ts';
import { WireError } from './errors.ts';
import cloudformation from './generated/cloudformation.json' with { type: 'json' };
import iam from './generated/iam.json' with { type: 'json' };
import lambda from './generated/lambda.json' with { type: 'json' };
import s3 from './generated/s3.json' with { type: 'json' };
import { asModel } from './models.ts';
import { parsePairs, percentDecode, percentEncode } from './query-string.ts';

const codec = createCodec(asModel(cloudformation));
const request = (body: string, path = '/') => ({
  method: 'POST',
  path,
  headers: {},
  body: utf8Encode(body),
});
const read = (body: string, path?: string): unknown => {
  const made = request(body, path);
  return codec.read(codec.route(made), made);
};

describe('a query string', () => {
  it('is read in order, with + for a space', () => {
    assert.deepEqual(parsePairs('a=1&b&&c=d=e&a=%C3%A9+x'), [
      ['a', '1'],
      ['b', ''],
      ['c', 'd=e'],
      ['a', 'é x'],
    ]);
    assert.equal(parsePairs('a=%zz'), undefined);
    assert.equal(parsePairs('a&'.repeat(20_001)), undefined);
  });

  it('gives every text back that was encoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const encoded = percentEncode(text);
        assert.match(encoded, /^[A-Za-z0-9\-_.~%]*$/);
        assert.equal(percentDecode(encoded), text);
      }),
    );
    assert.equal(percentEncode('\ud800'), '%EF%BF%BD');
  });
});

describe('an AWS Query request', () => {
  it('is read with lists in the order of their numbers, empty ones included', () => {
    const body =
      'Action=CreateStack&Version=2010-05-15&StackName=s&Tags.member.10.Key=b&Tags.member.2.Key=a' +
      '&Tags.member.2.Value=1&Tags.member.10.Value=2&Capabilities=&Unknown.member.1=x';
    assert.deepEqual(read(body), {
      StackName: 's',
      Tags: [
        { Key: 'a', Value: '1' },
        { Key: 'b', Value: '2' },
      ],
      Capabilities: [],
    });
    assert.deepEqual(read('', '/?Action=DescribeStacks&StackName=a%20b&X-Amz-Date=x'), {
      StackName: 'a b',
    });
  });

  it('is refused in the words of AWS', () => {
    const cases: [body: string, code: string, message: RegExp][] = [
      ['', 'MissingAction', /missing an action/],
      ['Action=Nope&Version=2010-05-15', 'InvalidAction', /Nope for version 2010-05-15$/],
      ['Action=__proto__', 'InvalidAction', /^Could not find operation __proto__/],
      ['Action=%', 'MalformedQueryString', /syntax error/],
      ['Action=CreateStack', 'ValidationError', /^1 validation error detected: .*'stackName'/],
      ['Action=CreateStack&StackName.x=1', 'MalformedInput', /Unexpected complex element/],
      ['Action=CreateStack&StackName=a&TimeoutInMinutes=x', 'MalformedInput', /to a Number/],
      ['Action=CreateStack&StackName=a&Tags.member.x.Key=1', 'MalformedInput', /list index: x/],
      ['Action=CreateStack&StackName=a&Tags.member.999999.Key=1', 'MalformedInput', /list index/],
      [`Action=CreateStack&${'a.'.repeat(65)}=1`, 'MalformedInput', /depth/],
    ];
    for (const [body, code, message] of cases) {
      assert.throws(() => read(body), { code, message }, body);
    }
  });

  it('never crashes the reader, whatever it holds', () => {
    const piece = fc.constantFrom(
      'StackName',
      'Tags',
      'member',
      'Parameters',
      '.',
      '1',
      '0',
      '-1',
      '=',
      '&',
      '%41',
      '+',
      'x',
      '__proto__',
      'constructor',
      'entry',
      'RollbackConfiguration',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        try {
          read(`Action=CreateStack&${pieces.join('')}`);
        } catch (error) {
          assert.ok(error instanceof WireError, String(error));
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('is answered in two wrappers, its errors in ErrorResponse', () => {
    const answer = codec.write('CreateStack', { StackId: 'arn&' }, 'id-1');
    assert.equal(
      utf8Decode(answer.body),
      '<CreateStackResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><CreateStackResult><StackId>arn&amp;</StackId></CreateStackResult><ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></CreateStackResponse>',
    );
    const error = new WireError('NoSuchEntityException', 'a < b');
    const refused = createCodec(asModel(iam)).writeError(error, 'id-2');
    assert.equal(refused.status, 404);
    assert.match(
      utf8Decode(refused.body),
      /<Error><Type>Sender<\/Type><Code>NoSuchEntity<\/Code><Message>a &lt; b<\/Message><\/Error><RequestId>id-2</,
    );
  });
});

describe('the URI of a rest request', () => {
  const operation = (model: unknown, method: string, path: string, headers = {}): string => {
    const made = { method, path, headers, body: utf8Encode('') };
    return createCodec(asModel(model)).route(made).operation;
  };

  it('finds its operation among those of the same path', () => {
    const cases: [method: string, path: string, headers: object, operation: string][] = [
      ['GET', '/', {}, 'ListBuckets'],
      ['GET', '/b', {}, 'ListObjects'],
      ['GET', '/b/', {}, 'ListObjects'],
      ['GET', '/b?list-type=2&prefix=x', {}, 'ListObjectsV2'],
      ['GET', '/b?location', {}, 'GetBucketLocation'],
      ['GET', '/b?location=', {}, 'GetBucketLocation'],
      ['GET', '/b?encryption', {}, 'GetBucketEncryption'],
      ['PUT', '/b?versioning', {}, 'PutBucketVersioning'],
      ['PUT', '/b/k', {}, 'PutObject'],
      ['PUT', '/b/k?x-id=CopyObject', {}, 'PutObject'],
      ['PUT', '/b/k', { 'x-amz-copy-source': 'b/j' }, 'CopyObject'],
      ['PUT', '/b/k?partNumber=1&uploadId=u', {}, 'UploadPart'],
      ['PUT', '/b/k?tagging', {}, 'PutObjectTagging'],
      ['GET', '/b/k?uploadId=u', {}, 'ListParts'],
      ['POST', '/b?delete', {}, 'DeleteObjects'],
      ['POST', '/b/k?uploads', {}, 'CreateMultipartUpload'],
      ['HEAD', '/b', {}, 'HeadBucket'],
      ['HEAD', '/b/k/', {}, 'HeadObject'],
    ];
    for (const [method, path, headers, expected] of cases) {
      assert.equal(operation(s3, method, path, headers), expected, `${method} ${path}`);
    }
    assert.equal(operation(lambda, 'GET', '/2015-03-31/functions/'), 'ListFunctions');
    assert.equal(operation(lambda, 'GET', '/2015-03-31/functions'), 'ListFunctions');
    assert.equal(operation(lambda, 'GET', '/2015-03-31/functions/f'), 'GetFunction');
  });

  it('is refused where nothing has it, or its escapes are broken', () => {
    const unknown = { code: 'UnknownOperationException' };
    assert.throws(() => operation(lambda, 'GET', '/2015-03-31/nope'), unknown);
    assert.throws(() => operation(lambda, 'PATCH', '/2015-03-31/functions/f'), unknown);
    assert.throws(() => operation(lambda, 'GET', '/2015-03-31/functions/%zz'), unknown);
    assert.throws(() => operation(lambda, 'GET', '/2015-03-31/functions/a//b'), unknown);
    assert.throws(() => operation(s3, 'GET', '/b?x=%f'), { code: 'MalformedQueryString' });
  });

  it('never crashes the router, whatever it is', () => {
    const piece = fc.constantFrom(
      '/',
      '2015-03-31',
      'functions',
      '?',
      '&',
      '=',
      '%',
      '%2F',
      '..',
      'é',
    );
    fc.assert(
      fc.property(fc.constantFrom(lambda, s3), fc.array(piece), (model, pieces) => {
        try {
          operation(model, 'GET', `/${pieces.join('')}`);
        } catch (error) {
          assert.ok(error instanceof WireError, String(error));
        }
      }),
    );
  });
});
