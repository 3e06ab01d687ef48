/** Unmodified SDK clients against Lambda, API Gateway and Logs, over real sockets and processes. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApiGatewayV2 } from '@aws-sdk/client-apigatewayv2';
import { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs';
import { Lambda } from '@aws-sdk/client-lambda';
import { zipSync } from 'fflate';
import { createEndpoint, type Endpoint } from '../../endpoint/endpoint.ts';
import { type Listening, listenHttp } from '../../io/node/listen-http.ts';
import { createNodeIo, type NodeIo } from '../../io/node/node-io.ts';
import { createApiGatewayService } from '../api-gateway/service.ts';
import { createLogsService } from '../logs/service.ts';
import { createLambdaService } from './service.ts';

const region = 'eu-central-1';
const root = mkdtempSync(join(tmpdir(), 'orrery-lambda-endpoint-'));
let io: NodeIo;
let endpoint: Endpoint;
let listening: Listening;

before(async () => {
  io = await createNodeIo({
    id: `region/${region}`,
    location: region,
    dataDirectory: join(root, 'data'),
    runDirectory: join(root, 'run'),
    rttMs: () => 0,
    conditions: { links: [] },
  });
  const options = { accountId: '000000000000', region };
  endpoint = createEndpoint({
    io,
    ...options,
    services: [
      await createApiGatewayService(io, options),
      await createLambdaService(io, { ...options, endpointUrl: 'http://127.0.0.1:4566' }),
      await createLogsService(io, options),
    ],
    auth: { mode: 'open' },
    regions: [region],
    globalServices: new Set(),
  });
  await endpoint.start();
  listening = await listenHttp({
    what: 'the endpoint under test',
    host: '127.0.0.1',
    port: 0,
    handler: (request) => endpoint.handle(request, region),
  });
});

after(async () => {
  await listening.close();
  await endpoint.stop();
  await io.close();
  rmSync(root, { recursive: true, force: true });
});

const config = () => ({
  endpoint: `http://127.0.0.1:${listening.port}`,
  region,
  credentials: { accessKeyId: 'orrery', secretAccessKey: 'orrery' },
  maxAttempts: 1,
});

const source = `export const handler = async (event) => {
  console.log('asked', event.rawPath ?? event.name);
  if (event.name === 'throw') throw new TypeError('on purpose');
  return { statusCode: 201, cookies: ['a=1'], body: JSON.stringify(event.pathParameters ?? event) };
};`;

async function createHello(client: Lambda, name: string) {
  return client.createFunction({
    FunctionName: name,
    Role: 'arn:aws:iam::000000000000:role/hello',
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
    Code: { ZipFile: zipSync({ 'index.mjs': Buffer.from(source) }) },
  });
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

function get(host: string, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: listening.port, path, headers: { host } };
    httpRequest(options, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString();
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    })
      .on('error', reject)
      .end();
  });
}

describe('SDK v3', () => {
  it('creates a function, invokes it and reads its log', async () => {
    const client = new Lambda(config());
    const made = await createHello(client, 'hello');
    assert.equal(made.FunctionArn, `arn:aws:lambda:${region}:000000000000:function:hello`);
    assert.equal(made.State, 'Pending');
    const got = await client.getFunction({ FunctionName: 'hello' });
    assert.equal(got.Configuration?.State, 'Active');
    const answer = await client.invoke({
      FunctionName: 'hello',
      Payload: JSON.stringify({ name: 'a' }),
      LogType: 'Tail',
    });
    assert.equal(answer.StatusCode, 200);
    assert.equal(answer.ExecutedVersion, '$LATEST');
    assert.equal(answer.FunctionError, undefined);
    assert.match(answer.Payload?.transformToString() ?? '', /"statusCode":201/);
    assert.match(Buffer.from(answer.LogResult ?? '', 'base64').toString(), /\tINFO\tasked a\n/);
    const failed = await client.invoke({
      FunctionName: made.FunctionArn,
      Payload: JSON.stringify({ name: 'throw' }),
    });
    assert.equal(failed.FunctionError, 'Unhandled');
    assert.match(failed.Payload?.transformToString() ?? '', /"errorType":"TypeError"/);
    const event = await client.invoke({ FunctionName: 'hello', InvocationType: 'Event' });
    assert.equal(event.StatusCode, 202);
    await sleep(400);
    const logs = new CloudWatchLogs(config());
    const found = await logs.filterLogEvents({
      logGroupName: '/aws/lambda/hello',
      filterPattern: '"asked a"',
    });
    assert.equal(found.events?.length, 1);
    const { logStreams } = await logs.describeLogStreams({ logGroupName: '/aws/lambda/hello' });
    assert.match(logStreams?.[0]?.logStreamName ?? '', /^\d{4}\/\d\d\/\d\d\/\[\$LATEST\]/);
  });

  it('reads the errors of Lambda', async () => {
    const client = new Lambda(config());
    await assert.rejects(client.invoke({ FunctionName: 'none' }), {
      name: 'ResourceNotFoundException',
      message: `Function not found: arn:aws:lambda:${region}:000000000000:function:none`,
      Type: 'User',
    });
    await createHello(client, 'off');
    await client.putFunctionConcurrency({
      FunctionName: 'off',
      ReservedConcurrentExecutions: 0,
    });
    await assert.rejects(client.invoke({ FunctionName: 'off' }), {
      name: 'TooManyRequestsException',
      Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
    });
    await assert.rejects(client.publishVersion({ FunctionName: 'off' }), {
      name: 'NotImplemented',
    });
    await client.deleteFunction({ FunctionName: 'off' });
  });

  it('makes an HTTP API that serves a function', async () => {
    const lambda = new Lambda(config());
    const gateway = new ApiGatewayV2(config());
    const made = await createHello(lambda, 'api');
    const api = await gateway.createApi({ Name: 'hello', ProtocolType: 'HTTP' });
    assert.ok(api.CreatedDate instanceof Date);
    const ApiId = api.ApiId ?? '';
    await lambda.addPermission({
      FunctionName: 'api',
      StatementId: 'gateway',
      Action: 'lambda:InvokeFunction',
      Principal: 'apigateway.amazonaws.com',
      SourceArn: `arn:aws:execute-api:${region}:000000000000:${ApiId}/*/*/pets/*`,
    });
    const integration = await gateway.createIntegration({
      ApiId,
      IntegrationType: 'AWS_PROXY',
      IntegrationUri: made.FunctionArn,
      PayloadFormatVersion: '2.0',
    });
    await gateway.createRoute({
      ApiId,
      RouteKey: 'GET /pets/{id}',
      Target: `integrations/${integration.IntegrationId}`,
    });
    await gateway.createStage({ ApiId, StageName: '$default', AutoDeploy: true });
    const host = new URL(api.ApiEndpoint ?? '').host;
    const answer = await get(host, '/pets/7');
    assert.equal(answer.status, 201);
    assert.equal(answer.text, '{"id":"7"}');
    assert.deepEqual(answer.headers['set-cookie'], ['a=1']);
    assert.equal(answer.headers['content-type'], 'text/plain;charset=UTF-8');
    assert.equal((await get(host, '/cats')).text, '{"message":"Not Found"}');
    assert.equal((await get('nobody.test', '/pets/7')).status, 403);
    const { address, port } = { address: '127.0.0.1', port: listening.port };
    assert.equal((await get(`${address}:${port}`, `/_api/${ApiId}/pets/8`)).text, '{"id":"8"}');
    await assert.rejects(gateway.getApi({ ApiId: 'none' }), { name: 'NotFoundException' });
  });
});
