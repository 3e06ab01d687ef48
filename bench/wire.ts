/**
 * Microseconds of CPU per request in the wire layer: the least of several rounds of many calls,
 * so that a busy machine does not count. `node bench/wire.ts [round-count]`.
 */

import type { HttpRequest } from '../packages/orrery/src/io/io.ts';
import { createCodec } from '../packages/orrery/src/wire/codec.ts';
import cloudformation from '../packages/orrery/src/wire/generated/cloudformation.json' with {
  type: 'json',
};
import dynamodb from '../packages/orrery/src/wire/generated/dynamodb.json' with { type: 'json' };
import lambda from '../packages/orrery/src/wire/generated/lambda.json' with { type: 'json' };
import route53 from '../packages/orrery/src/wire/generated/route53.json' with { type: 'json' };
import { asModel } from '../packages/orrery/src/wire/models.ts';
import { signRequest, verifySignature } from '../packages/orrery/src/wire/sigv4.ts';
import { readScope } from '../packages/orrery/src/wire/sigv4-scope.ts';

const rounds = Number(process.argv[2] ?? 7);
const callsPerRound = 20_000;

function measure(name: string, run: () => unknown): void {
  for (let i = 0; i < callsPerRound; i += 1) run();
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round += 1) {
    const before = process.cpuUsage();
    for (let i = 0; i < callsPerRound; i += 1) run();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / callsPerRound);
  }
  console.log(`${name.padEnd(52)} ${least.toFixed(2)} µs`);
}

const item = {
  TableName: 'orders',
  Item: {
    pk: { S: 'ORDER#01JDZ8V1T3Q6W9X2Y5A8B1C4D7' },
    sk: { S: 'META' },
    customer: { S: 'customer-000042' },
    total: { N: '129.95' },
    paid: { BOOL: true },
    tags: { SS: ['new', 'gift'] },
    lines: {
      L: [
        { M: { sku: { S: 'A-1' }, count: { N: '2' }, price: { N: '19.99' } } },
        { M: { sku: { S: 'B-7' }, count: { N: '1' }, price: { N: '89.97' } } },
      ],
    },
    note: { S: 'leave at the door, please, and ring twice' },
  },
  ConditionExpression: 'attribute_not_exists(pk)',
};

function requestFor(model: unknown, operation: string, input: object, options = {}): () => unknown {
  const codec = createCodec(asModel(model), options);
  const request = codec.request(operation, input);
  return () => codec.read(codec.route(request), request);
}

const text = JSON.stringify(item);
const bytes = Buffer.from(text);
console.log(`PutItem body: ${bytes.length} bytes; least of ${rounds} rounds of ${callsPerRound}`);
measure('JSON.parse of the body alone', () => JSON.parse(bytes.toString('utf8')));
const base64 = { blobs: 'base64', validatesRequired: true };
measure('PutItem parse, as DynamoDB asks for it', requestFor(dynamodb, 'PutItem', item, base64));
measure('PutItem parse, blobs as bytes, required checked', requestFor(dynamodb, 'PutItem', item));

const writer = createCodec(asModel(dynamodb));
measure('GetItem answer from an object', () => writer.write('GetItem', { Item: item.Item }, 'id'));
const body = JSON.stringify({ Item: item.Item });
measure('GetItem answer from serialised text', () => writer.writeText('GetItem', body, 'id'));

const changes = (count: number): object => ({
  HostedZoneId: 'Z1',
  ChangeBatch: {
    Changes: Array.from({ length: count }, (_, i) => ({
      Action: 'UPSERT',
      ResourceRecordSet: {
        Name: `n${i}.orders.test`,
        Type: 'A',
        TTL: 60,
        ResourceRecords: [{ Value: '127.0.1.1' }],
      },
    })),
  },
});
measure(
  'ChangeResourceRecordSets parse, 1 change',
  requestFor(route53, 'ChangeResourceRecordSets', changes(1)),
);
measure(
  'ChangeResourceRecordSets parse, 20 changes',
  requestFor(route53, 'ChangeResourceRecordSets', changes(20)),
);
measure(
  'CreateChangeSet parse (AWS Query)',
  requestFor(cloudformation, 'CreateChangeSet', {
    StackName: 'orders-eu-central-1',
    ChangeSetName: 'cdk-deploy-change-set',
    TemplateURL: 'http://127.0.0.1:4566/cdk-assets/0123456789abcdef.json',
    Capabilities: ['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM', 'CAPABILITY_AUTO_EXPAND'],
    ChangeSetType: 'CREATE',
  }),
);
measure(
  'Invoke parse',
  requestFor(lambda, 'Invoke', { FunctionName: 'f', Payload: Buffer.from('{"a":1}') }),
);

const signed: HttpRequest = signRequest(
  {
    method: 'POST',
    path: '/',
    headers: {
      host: '127.0.0.1:4566',
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'DynamoDB_20120810.PutItem',
    },
    body: bytes,
  },
  { accessKeyId: 'AKIATEST', secret: 's', region: 'eu-central-1', service: 'dynamodb', nowMs: 0 },
);
measure('SigV4 scope', () => readScope(signed));
measure('SigV4 verification', () => verifySignature(signed, { secretOf: () => 's', nowMs: 0 }));
