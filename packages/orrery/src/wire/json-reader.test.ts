/** What DynamoDB answers to bodies of the wrong types (texts as AWS words them). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { utf8Decode, utf8Encode } from '../stdx/bytes.ts';
import { createCodec } from './codec.ts';
import { WireError } from './errors.ts';
import dynamodb from './generated/dynamodb.json' with { type: 'json' };
import lambda from './generated/lambda.json' with { type: 'json' };
import { asModel } from './models.ts';

const codec = createCodec(asModel(dynamodb), { blobs: 'base64', validatesRequired: true });
const strict = createCodec(asModel(dynamodb));

function read(body: string | Uint8Array, operation = 'PutItem', using = codec): unknown {
  const request = {
    method: 'POST',
    path: '/',
    headers: { 'x-amz-target': `DynamoDB_20120810.${operation}` },
    body: typeof body === 'string' ? utf8Encode(body) : body,
  };
  return using.read(using.route(request), request);
}

function refuses(body: string | Uint8Array, message: string, operation = 'PutItem'): void {
  assert.throws(() => read(body, operation), {
    code: 'SerializationException',
    message,
    typePrefix: 'com.amazon.coral.service',
  });
}

const java = 'com.amazonaws.dynamodb.v20120810';

describe('a JSON body', () => {
  it('has to be a JSON object in UTF-8', () => {
    for (const body of ['', '{', 'null ', '{"TableName":"a"}x']) {
      refuses(body, body === 'null ' ? 'Unexpected value type in payload' : '');
    }
    refuses(new Uint8Array([0x22, 0xff, 0x22]), '');
    refuses('[]', `Unrecognized collection type class ${java}.PutItemInput`);
    refuses('"a"', 'Unexpected value type in payload');
  });

  it('has whole numbers of 32 bits, but for capacities', () => {
    assert.deepEqual(read('{"Limit":2.9}', 'Query'), { Limit: 2 });
    assert.deepEqual(read('{"Limit":3000000000}', 'Query'), { Limit: -1_294_967_296 });
    const units = '{"ProvisionedThroughput":{"ReadCapacityUnits":3000000000.5}}';
    const ProvisionedThroughput = { ReadCapacityUnits: 3_000_000_000 };
    assert.deepEqual(read(units, 'UpdateTable'), { ProvisionedThroughput });
  });

  it('has members of the right types', () => {
    refuses('{"TableName":1}', 'NUMBER_VALUE cannot be converted to String');
    refuses('{"TableName":true}', 'TRUE_VALUE cannot be converted to String');
    refuses('{"TableName":["a"]}', 'Unrecognized collection type class java.lang.String');
    refuses('{"TableName":{}}', 'Start of structure or map found where not expected');
    refuses('{"Limit":"1"}', 'STRING_VALUE cannot be converted to Integer', 'Query');
    const units = '{"ProvisionedThroughput":{"ReadCapacityUnits":"1"}}';
    refuses(units, 'STRING_VALUE cannot be converted to Long', 'UpdateTable');
    refuses('{"ScanIndexForward":"ok"}', "'OK' can not be converted to an Boolean", 'Query');
    refuses('{"Item":"a"}', 'Unexpected field type');
    refuses(
      '{"Item":[]}',
      `Unrecognized collection type java.util.Map<java.lang.String, ${java}.AttributeValue>`,
    );
    refuses('{"Item":{"a":"b"}}', 'Unexpected value type in payload');
    refuses('{"Item":{"a":[]}}', `Unrecognized collection type class ${java}.AttributeValue`);
    refuses('{"Item":{"a":{"L":{}}}}', 'Start of structure or map found where not expected');
    refuses('{"Item":{"a":{"SS":"x"}}}', 'Unexpected field type');
    refuses('{"Item":{"a":{"M":{"b":{"N":1}}}}}', 'NUMBER_VALUE cannot be converted to String');
    refuses('{"Item":{"a":{"B":1}}}', 'only base-64-encoded strings are convertible to bytes');
    const length = 'Base64 encoded length is expected a multiple of 4 bytes but found: 3';
    refuses('{"Item":{"a":{"B":"abc"}}}', `'abc' can not be converted to a Blob: ${length}`);
    const character = "Invalid Base64 character: '!'";
    refuses('{"Item":{"a":{"B":"ab!="}}}', `'ab!=' can not be converted to a Blob: ${character}`);
    const last = 'Invalid last non-pad Base64 character dectected';
    refuses('{"Item":{"a":{"B":"ab=="}}}', `'ab==' can not be converted to a Blob: ${last}`);
  });

  it('may say null for absent, and hold members that nobody knows', () => {
    const input = read('{"TableName":"a","ReturnValues":null,"Zzz":{"a":1},"Item":{"a":{"S":""}}}');
    const { Zzz: _, ...rest } = input as Record<string, unknown>;
    assert.deepEqual(rest, { TableName: 'a', Item: { a: { S: '' } } });
  });

  it('keeps a key named __proto__ a key', () => {
    const { Item } = read('{"Item":{"__proto__":{"S":"a"}}}') as { Item: object };
    assert.deepEqual(Object.keys(Item), ['__proto__']);
    const answer = codec.write('GetItem', { Item }, 'id');
    assert.equal(utf8Decode(answer.body), '{"Item":{"__proto__":{"S":"a"}}}');
  });

  it('is not read below its depth', () => {
    const deep = (levels: number): string =>
      `{"Item":{"a":${'{"L":['.repeat(levels)}{"S":"x"}${']}'.repeat(levels)}}}`;
    assert.doesNotThrow(() => read(deep(200)));
    refuses(deep(300), 'Nesting of the request body is too deep');
    refuses(deep(100_000), 'Nesting of the request body is too deep');
    assert.doesNotThrow(() => read(`{"Other":${'['.repeat(100_000)}${']'.repeat(100_000)}}`));
  });

  it('lacks no required member, unless the service says so itself', () => {
    assert.throws(() => read('{}', 'PutItem', strict), {
      code: 'ValidationException',
      typePrefix: 'com.amazon.coral.validate',
      message:
        "2 validation errors detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null; Value null at 'item' failed to satisfy constraint: Member must not be null",
    });
    const batch = '{"RequestItems":{"t":[{"PutRequest":{}}]}}';
    assert.throws(() => read(batch, 'BatchWriteItem', strict), {
      message:
        "1 validation error detected: Value null at 'requestItems.t.member.1.member.putRequest.item' failed to satisfy constraint: Member must not be null",
    });
    assert.doesNotThrow(() => read('{}'));
  });

  it('never crashes the reader, whatever it holds', () => {
    const operations = Object.keys(dynamodb.operations);
    fc.assert(
      fc.property(fc.constantFrom(...operations), fc.json({ maxDepth: 6 }), (operation, body) => {
        tolerate(() => read(body, operation, strict));
      }),
    );
    const mutated = fc.tuple(fc.nat(), fc.constantFrom('"', '{', '[', 'null', '1', ',', '\\u0000'));
    const whole = '{"TableName":"a","Item":{"a":{"M":{"b":{"L":[{"B":"AQID"}]}}}}}';
    fc.assert(
      fc.property(mutated, ([at, text]) => {
        const place = at % whole.length;
        tolerate(() => read(whole.slice(0, place) + text + whole.slice(place + 1)));
      }),
    );
  });
});

function tolerate(run: () => unknown): void {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof WireError, String(error));
  }
}

describe('a restJson1 body', () => {
  it('cannot speak for members that travel elsewhere, nor by inner names', () => {
    const codec = createCodec(asModel(lambda), { validatesRequired: true });
    const request = {
      method: 'POST',
      path: '/2015-03-31/functions/',
      headers: {},
      body: utf8Encode('{"functionName":"x","FunctionName":"f","Timeout":null}'),
    };
    assert.deepEqual(codec.read(codec.route(request), request), { FunctionName: 'f' });
    const invoke = {
      ...request,
      path: '/2015-03-31/functions/a%3Ab/invocations',
      body: utf8Encode('{"FunctionName":"other"}'),
    };
    const input = codec.read(codec.route(invoke), invoke) as { FunctionName: string };
    assert.equal(input.FunctionName, 'a:b');
    const broken = { ...request, body: utf8Encode('{') };
    assert.throws(() => codec.read(codec.route(broken), broken), {
      code: 'InvalidRequestContentException',
      message: 'Could not parse request body into json: The request body is not JSON',
    });
  });
});
