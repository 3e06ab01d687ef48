/** Unmodified SDK clients against the endpoint: what they send is understood, and so are answers. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { ACM } from '@aws-sdk/client-acm';
import { ApiGatewayV2 } from '@aws-sdk/client-apigatewayv2';
import { CloudFormation } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs';
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { IAM } from '@aws-sdk/client-iam';
import { Lambda } from '@aws-sdk/client-lambda';
import { Route53 } from '@aws-sdk/client-route-53';
import { S3 } from '@aws-sdk/client-s3';
import { SSM } from '@aws-sdk/client-ssm';
import { STS } from '@aws-sdk/client-sts';
import { utf8Decode } from '../stdx/bytes.ts';
import { type FakeServer, fakeProcess, listen } from './io.fake.ts';
import { cannedServices, inputs } from './services.fake.ts';

interface ServiceException extends Error {
  readonly $metadata: { readonly httpStatusCode?: number; readonly requestId?: string };
}

let server: FakeServer;
const config = () => ({
  endpoint: server.url,
  region: 'eu-central-1',
  credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' },
  maxAttempts: 1,
});
const last = (): Readonly<Record<string, unknown>> =>
  (inputs.at(-1)?.input ?? {}) as Readonly<Record<string, unknown>>;

before(async () => {
  const { endpoint } = await fakeProcess({ services: cannedServices() });
  server = await listen(endpoint.handle);
});
after(() => server.close());

describe('SDK v3', () => {
  it('puts and gets items, and reads DynamoDB errors with their members', async () => {
    const client = new DynamoDB(config());
    const item = {
      pk: { S: 'a' },
      data: { B: new Uint8Array([1, 2, 3]) },
      list: { L: [{ N: '1' }, { NULL: true }, { M: { __proto__x: { BOOL: false } } }] },
    };
    await client.putItem({ TableName: 'orders', Item: item });
    assert.deepEqual(last()['Item'], { ...item, data: { B: 'AQID' } });
    const got = await client.getItem({ TableName: 'orders', Key: { pk: { S: 'a' } } });
    assert.deepEqual(got.Item?.['data']?.B, new Uint8Array([1, 2, 3]));
    await assert.rejects(client.updateItem({ TableName: 'orders', Key: {} }), {
      name: 'ConditionalCheckFailedException',
      message: 'The conditional request failed',
      Item: { pk: { S: 'a' } },
    });
    const table = await client.describeTable({ TableName: 'orders' });
    assert.deepEqual(table.Table?.CreationDateTime, new Date(1_700_000_000_123));
    await assert.rejects(client.listBackups({}), (error: ServiceException) => {
      assert.equal(error.name, 'NotImplemented');
      assert.match(error.message, /^Orrery does not implement dynamodb:ListBackups\. Of dynamodb/);
      assert.equal(error.$metadata.httpStatusCode, 501);
      assert.match(error.$metadata.requestId ?? '', /^[0-9a-f-]{36}$/);
      return true;
    });
  });

  it('changes records in Route 53 and reads its errors', async () => {
    const client = new Route53(config());
    const change = {
      Action: 'UPSERT' as const,
      ResourceRecordSet: {
        Name: 'a&b.orders.test',
        Type: 'A' as const,
        TTL: 60,
        ResourceRecords: [{ Value: '127.0.1.1' }, { Value: '127.0.2.1' }],
      },
    };
    const answer = await client.changeResourceRecordSets({
      HostedZoneId: '/hostedzone/Z1',
      ChangeBatch: { Comment: '<é>', Changes: [change] },
    });
    assert.deepEqual(last(), {
      HostedZoneId: 'Z1',
      ChangeBatch: { Comment: '<é>', Changes: [change] },
    });
    assert.equal(answer.ChangeInfo?.Status, 'PENDING');
    assert.deepEqual(answer.ChangeInfo?.SubmittedAt, new Date(1_700_000_000_000));
    const batch = { Changes: [] };
    await assert.rejects(
      client.changeResourceRecordSets({ HostedZoneId: 'ZBAD', ChangeBatch: batch }),
      { name: 'InvalidChangeBatch', message: '[first, second]', messages: ['first', 'second'] },
    );
    await assert.rejects(client.getHostedZone({ Id: 'ZNONE' }), {
      name: 'NoSuchHostedZone',
      message: 'No hosted zone found with ID: ZNONE',
    });
    const zones = await client.listHostedZonesByName({ DNSName: 'orders.test', MaxItems: 1 });
    assert.deepEqual(last(), { DNSName: 'orders.test', MaxItems: 1 });
    assert.deepEqual(zones.HostedZones, []);
  });

  it('creates, invokes and misses functions', async () => {
    const client = new Lambda(config());
    const zip = new Uint8Array([80, 75, 3, 4]);
    await client.createFunction({
      FunctionName: 'f',
      Role: 'arn:aws:iam::000000000000:role/r',
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Code: { ZipFile: zip },
      Environment: { Variables: { A: 'b' } },
    });
    assert.deepEqual((last()['Code'] as { ZipFile: Uint8Array }).ZipFile, Buffer.from(zip));
    const answer = await client.invoke({
      FunctionName: 'f',
      LogType: 'Tail',
      Payload: JSON.stringify({ hello: 'wörld' }),
    });
    assert.equal(utf8Decode(last()['Payload'] as Uint8Array), '{"hello":"wörld"}');
    assert.equal(last()['LogType'], 'Tail');
    assert.equal(answer.StatusCode, 200);
    assert.equal(answer.FunctionError, 'Unhandled');
    assert.equal(utf8Decode(answer.Payload ?? new Uint8Array()), '{"ok":true}');
    await assert.rejects(client.getFunction({ FunctionName: 'none' }), {
      name: 'ResourceNotFoundException',
      Type: 'User',
      message: 'Function not found: none',
    });
    await client.tagResource({ Resource: 'arn:aws:lambda:x:0:function:f', Tags: { a: '1' } });
    assert.equal(last()['Resource'], 'arn:aws:lambda:x:0:function:f');
    await client.untagResource({ Resource: 'arn:f', TagKeys: ['a', 'b c'] });
    assert.deepEqual(last(), { Resource: 'arn:f', TagKeys: ['a', 'b c'] });
  });

  it('creates HTTP APIs, whose members are in camel case on the wire', async () => {
    const client = new ApiGatewayV2(config());
    const api = await client.createApi({ Name: 'orders', ProtocolType: 'HTTP', Tags: { k: 'v' } });
    assert.deepEqual(last(), { Name: 'orders', ProtocolType: 'HTTP', Tags: { k: 'v' } });
    assert.equal(api.ApiId, 'abc123');
    assert.deepEqual(api.CreatedDate, new Date(1_700_000_000_000));
    await assert.rejects(client.getApi({ ApiId: 'none' }), {
      name: 'NotFoundException',
      message: 'Invalid API identifier specified 000000000000:none',
    });
    await client.deleteApi({ ApiId: 'abc123' });
  });

  it('describes stacks over AWS Query', async () => {
    const client = new CloudFormation(config());
    await client.createChangeSet({
      StackName: 's',
      ChangeSetName: 'c',
      Capabilities: ['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM'],
      Parameters: [{ ParameterKey: 'a', ParameterValue: 'x & y' }],
      Tags: [],
      IncludeNestedStacks: false,
    });
    assert.deepEqual(last(), {
      StackName: 's',
      ChangeSetName: 'c',
      Capabilities: ['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM'],
      Parameters: [{ ParameterKey: 'a', ParameterValue: 'x & y' }],
      Tags: [],
      IncludeNestedStacks: false,
    });
    const { Stacks } = await client.describeStacks({ StackName: 's' });
    assert.equal(Stacks?.[0]?.StackName, 's');
    assert.deepEqual(Stacks?.[0]?.Outputs, [{ OutputKey: 'Url', OutputValue: 'http://x?a&b' }]);
    await assert.rejects(client.describeStacks({ StackName: 'none' }), {
      name: 'ValidationError',
      message: 'Stack with id none does not exist',
    });
    await client.deleteStack({ StackName: 's' });
  });

  it('speaks with STS, IAM, SSM, ACM and Logs', async () => {
    const { Credentials } = await new STS(config()).assumeRole({
      RoleArn: 'arn:aws:iam::000000000000:role/r',
      RoleSessionName: 's',
    });
    assert.deepEqual(Credentials?.Expiration, new Date(1_700_000_000_000));
    await assert.rejects(
      new IAM(config()).getRole({ RoleName: 'none' }),
      (error: ServiceException) => {
        assert.equal(error.name, 'NoSuchEntityException');
        assert.equal(error.$metadata.httpStatusCode, 404);
        return true;
      },
    );
    const { Parameter } = await new SSM(config()).getParameter({ Name: '/a/b' });
    assert.equal(Parameter?.Value, '/a/b');
    const acm = await new ACM(config()).requestCertificate({ DomainName: 'orders.test' });
    assert.match(acm.CertificateArn ?? '', /^arn:aws:acm:/);
    await new CloudWatchLogs(config()).createLogGroup({ logGroupName: '/aws/lambda/f' });
    assert.deepEqual(last(), { logGroupName: '/aws/lambda/f' });
  });

  it('stores objects in S3, path style', async () => {
    const client = new S3(config());
    await client.createBucket({
      Bucket: 'assets',
      CreateBucketConfiguration: { LocationConstraint: 'eu-central-1' },
    });
    assert.deepEqual(last()['CreateBucketConfiguration'], { LocationConstraint: 'eu-central-1' });
    await client.putObject({
      Bucket: 'assets',
      Key: 'a b/c+d//é',
      Body: 'hello',
      ContentType: 'text/plain',
      Metadata: { color: 'red' },
    });
    assert.equal(last()['Key'], 'a b/c+d//é');
    assert.equal(utf8Decode(last()['Body'] as Uint8Array), 'hello');
    assert.deepEqual({ ...(last()['Metadata'] as object) }, { color: 'red' });
    const got = await client.getObject({ Bucket: 'assets', Key: 'k' });
    assert.equal(await got.Body?.transformToString(), 'hello');
    assert.deepEqual(got.LastModified, new Date(1_700_000_000_000));
    assert.deepEqual(got.Metadata, { color: 'red' });
    await assert.rejects(client.getObject({ Bucket: 'assets', Key: 'none' }), {
      name: 'NoSuchKey',
      Key: 'none',
    });
    await assert.rejects(client.headObject({ Bucket: 'assets', Key: 'none' }), {
      name: 'NotFound',
    });
    await client.headBucket({ Bucket: 'assets' });
    const list = await client.listObjectsV2({ Bucket: 'assets', Prefix: 'p/', MaxKeys: 1 });
    assert.deepEqual(last(), { Bucket: 'assets', Prefix: 'p/', MaxKeys: 1 });
    assert.equal(list.Contents?.[0]?.Key, 'p/<1>');
    const location = await client.getBucketLocation({ Bucket: 'assets' });
    assert.equal(location.LocationConstraint, 'eu-central-1');
    await client.copyObject({ Bucket: 'assets', Key: 'to', CopySource: 'assets/from' });
    assert.equal(inputs.at(-1)?.operation, 'CopyObject');
    await client.deleteObjects({ Bucket: 'assets', Delete: { Objects: [{ Key: 'a' }] } });
    assert.deepEqual(last()['Delete'], { Objects: [{ Key: 'a' }] });
    await assert.rejects(client.getBucketVersioning({ Bucket: 'assets' }), {
      name: 'NotImplemented',
    });
    const stream = Readable.from([Buffer.from('streamed')]);
    await client.putObject({ Bucket: 'assets', Key: 's', Body: stream, ContentLength: 8 });
    assert.equal(utf8Decode(last()['Body'] as Uint8Array), 'streamed');
  });
});
