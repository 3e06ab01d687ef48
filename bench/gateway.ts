/** HTTP API → Lambda hello against serverless-offline and bare node:http, at 16 connections. */
import { execFileSync } from 'node:child_process';
import { existsSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ApiGatewayV2Client, CreateApiCommand } from '@aws-sdk/client-apigatewayv2';
import { AddPermissionCommand, CreateFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { strToU8, zipSync } from 'fflate';
import { startCloud } from '../packages/orrery/test/cloud-process.ts';
import { eventually } from '../packages/orrery/test/eventually.ts';
import { httpRequest, load } from './load.ts';
import { type Contender, report, rivalry } from './rounds.ts';
import { forkServer, freePort, type Server, spawnServer, temporaryFolder } from './servers.ts';

const handler = `exports.handler = async () => ({ statusCode: 200, body: 'hello' });`;
const account = '000000000000';

/** Function and API through the AWS SDK, as a user would; returns the API's host name. */
async function deployHello(endpoint: string): Promise<string> {
  const client = {
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  const lambda = new LambdaClient(client);
  const { FunctionArn } = await lambda.send(
    new CreateFunctionCommand({
      FunctionName: 'hello',
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: `arn:aws:iam::${account}:role/hello`,
      Code: { ZipFile: zipSync({ 'index.js': strToU8(handler) }) },
    }),
  );
  await lambda.send(
    new AddPermissionCommand({
      FunctionName: 'hello',
      StatementId: 'api',
      Action: 'lambda:InvokeFunction',
      Principal: 'apigateway.amazonaws.com',
    }),
  );
  const { ApiEndpoint } = await new ApiGatewayV2Client(client).send(
    new CreateApiCommand({
      Name: 'hello',
      ProtocolType: 'HTTP',
      Target: FunctionArn,
      RouteKey: 'GET /hello',
    }),
  );
  return new URL(ApiEndpoint ?? '').host;
}

/** serverless-offline as its README has it: worker threads, one HTTP API route. */
async function startServerlessOffline(node: string): Promise<Server> {
  const folder = temporaryFolder();
  const port = await freePort();
  const lambdaPort = await freePort();
  symlinkSync(join(import.meta.dirname, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'handler.js'), handler.replace('exports.handler', 'exports.hello'));
  writeFileSync(
    join(folder, 'serverless.yml'),
    `service: hello
frameworkVersion: '3'
provider: { name: aws, runtime: nodejs20.x, region: us-east-1 }
plugins: [serverless-offline]
custom: { serverless-offline: { httpPort: ${port}, lambdaPort: ${lambdaPort}, host: 127.0.0.1 } }
functions: { hello: { handler: handler.hello, events: [{ httpApi: 'GET /hello' }] } }
`,
  );
  const cli = join(import.meta.dirname, 'node_modules', 'serverless', 'bin', 'serverless.js');
  return spawnServer(node, [cli, 'offline', 'start'], /Server ready/i, {
    port,
    cwd: folder,
    env: { SLS_TELEMETRY_DISABLED: '1', SLS_NOTIFICATIONS_MODE: 'off' },
  });
}

/** The first Node on the PATH that is not the pinned one. */
function machineNode(): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('node_modules'))
    .map((folder) => join(folder, 'node'))
    .find((path) => existsSync(path));
}

function versionOf(node: string): string {
  return `Node ${execFileSync(node, ['--version'], { encoding: 'utf8' }).trim().slice(1)}`;
}

/** Our own two: a function's environment is a process, or with `--isolation thread` a thread. */
async function startOrrery(isolation: 'process' | 'thread') {
  const cloud = await startCloud({ args: ['--regions', 'us-east-1', '--isolation', isolation] });
  const region = cloud.status.regions[0];
  return {
    name: `orrery, a ${isolation} each`,
    host: region?.ip ?? '',
    port: Number(new URL(region?.endpoint ?? '').port),
    pid: region?.pid ?? 0,
    header: await deployHello(cloud.status.endpoint),
    cloud,
  };
}

export async function run(): Promise<void> {
  const ours = [await startOrrery('thread'), await startOrrery('process')];
  // A peer is run by the Node that its user has; ours is pinned. Both are shown where they differ.
  const nodes = [...new Set([process.execPath, machineNode() ?? process.execPath])];
  const offline = await Promise.all(
    nodes.map(async (node) => ({
      name: `serverless-offline (${versionOf(node)})`,
      host: '127.0.0.1',
      ...(await startServerlessOffline(node)),
      header: 'localhost',
    })),
  );
  const bare = await forkServer('node-http.ts');
  const targets = [
    ...ours,
    ...offline,
    { name: 'bare node:http echo', host: '127.0.0.1', ...bare, header: 'localhost' },
  ];
  await eventually(async () => {
    for (const target of targets) {
      const bytes = httpRequest('GET', '/hello', { host: target.header }, '');
      const once = { connections: 1, durationMs: 0, request: () => bytes, pids: [target.pid] };
      const { failures } = await load({ host: target.host, port: target.port, ...once });
      if (failures > 0) throw new Error(`${target.name} does not say hello yet`);
    }
  });
  const contenders = targets.map((target): Contender => {
    const bytes = httpRequest('GET', '/hello', { host: target.header }, '');
    return {
      name: target.name,
      run: () =>
        load({
          host: target.host,
          port: target.port,
          pids: [target.pid],
          connections: 16,
          sleeps: true,
          durationMs: 1_500,
          request: () => bytes,
          ...(target.name.startsWith('bare') ? {} : { expected: 'hello' }),
        }),
    };
  });
  const standings = await rivalry(contenders, 5);
  const title = 'HTTP API → Lambda hello';
  for (const { name } of ours) report(title, standings(name), 'goal ≥ 4 × serverless-offline');
  for (const one of offline) one.stop();
  bare.stop();
  for (const { cloud } of ours) await cloud[Symbol.asyncDispose]();
}
