/** `--auth strict` before real clients: each sees the error that AWS's own service would give. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CloudFormation } from '@aws-sdk/client-cloudformation';
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { Lambda } from '@aws-sdk/client-lambda';
import { Route53 } from '@aws-sdk/client-route-53';
import { S3 } from '@aws-sdk/client-s3';
import type { Auth } from './authenticate.ts';
import { type FakeServer, fakeIo, fakeProcess, listen } from './io.fake.ts';
import { cannedServices } from './services.fake.ts';

const auth: Auth = {
  mode: 'strict',
  secretOf: (id) => (id === 'AKIATEST' ? 'the secret' : undefined),
};

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const good: Credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'the secret' };
const wrong: Credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'another' };
const stranger: Credentials = { accessKeyId: 'AKIAOTHER', secretAccessKey: 'the secret' };

/** One call of each protocol. */
function calls(endpoint: string, credentials: Credentials): Record<string, () => Promise<unknown>> {
  const config = { endpoint, credentials, region: 'eu-central-1', maxAttempts: 1 };
  const id = 'arn:aws:lambda:eu-central-1:000000000000:function:f';
  return {
    dynamodb: () => new DynamoDB(config).describeTable({ TableName: 'orders' }),
    lambda: () => new Lambda(config).untagResource({ Resource: id, TagKeys: ['a b', 'c/d'] }),
    cloudformation: () => new CloudFormation(config).describeStacks({ StackName: 's' }),
    route53: () => new Route53(config).listHostedZonesByName({ DNSName: 'a.b' }),
    s3: () => new S3(config).putObject({ Bucket: 'b', Key: "a b/c+d//é'(1)", Body: 'x' }),
  };
}

async function names(endpoint: string, credentials: Credentials): Promise<Record<string, string>> {
  const outcomes: Record<string, string> = {};
  for (const [service, call] of Object.entries(calls(endpoint, credentials))) {
    outcomes[service] = await call().then(
      () => 'ok',
      (error: Error) => error.name,
    );
  }
  return outcomes;
}

describe('strict authentication', () => {
  let server: FakeServer;
  let late: FakeServer;

  before(async () => {
    const { endpoint } = await fakeProcess({ services: cannedServices(), auth });
    server = await listen(endpoint.handle);
    const network = new Map();
    const io = fakeIo('eu-central-1', network, [], () => Date.now() + 20 * 60_000);
    const future = await fakeProcess({ services: cannedServices(), auth, io });
    late = await listen(future.endpoint.handle);
  });
  after(async () => {
    await server.close();
    await late.close();
  });

  it('lets known keys pass, whatever stands in path and query', async () => {
    assert.deepEqual(await names(server.url, good), {
      dynamodb: 'ok',
      lambda: 'ok',
      cloudformation: 'ok',
      route53: 'ok',
      s3: 'ok',
    });
  });

  it('refuses a wrong secret, an unknown key and an old signature in each service’s words', async () => {
    assert.deepEqual(await names(server.url, wrong), {
      dynamodb: 'InvalidSignatureException',
      lambda: 'InvalidSignatureException',
      cloudformation: 'SignatureDoesNotMatch',
      route53: 'SignatureDoesNotMatch',
      s3: 'SignatureDoesNotMatch',
    });
    assert.deepEqual(await names(server.url, stranger), {
      dynamodb: 'UnrecognizedClientException',
      lambda: 'UnrecognizedClientException',
      cloudformation: 'InvalidClientTokenId',
      route53: 'InvalidClientTokenId',
      s3: 'InvalidAccessKeyId',
    });
    assert.deepEqual(await names(late.url, good), {
      dynamodb: 'InvalidSignatureException',
      lambda: 'InvalidSignatureException',
      cloudformation: 'SignatureDoesNotMatch',
      route53: 'SignatureDoesNotMatch',
      s3: 'RequestTimeTooSkewed',
    });
  });

  it('refuses what is not signed', async () => {
    const dynamodb = await fetch(server.url, {
      method: 'POST',
      headers: { 'x-amz-target': 'DynamoDB_20120810.ListTables' },
      body: '{}',
    });
    assert.equal(dynamodb.status, 400);
    assert.deepEqual(await dynamodb.json(), {
      __type: 'com.amazon.coral.service#MissingAuthenticationTokenException',
      message: 'Request is missing Authentication Token',
    });
    const route53 = await fetch(`${server.url}/2013-04-01/hostedzone`);
    assert.equal(route53.status, 403);
    assert.match(await route53.text(), /<Code>MissingAuthenticationToken<\/Code>/);
    const lambda = await fetch(`${server.url}/2015-03-31/functions`);
    assert.equal(lambda.status, 403);
    assert.equal(lambda.headers.get('x-amzn-errortype'), 'MissingAuthenticationTokenException');
  });
});
