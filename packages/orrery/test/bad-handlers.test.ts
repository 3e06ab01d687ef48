/** Handlers that misbehave in every way: each gets its answer, and everybody else goes on. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { ApiGatewayV2Client, CreateApiCommand } from '@aws-sdk/client-apigatewayv2';
import {
  AddPermissionCommand,
  CreateFunctionCommand,
  InvokeCommand,
  LambdaClient,
} from '@aws-sdk/client-lambda';
import { strToU8, zipSync } from 'fflate';
import { type CloudProcess, startCloud } from './cloud-process.ts';
import { eventually } from './eventually.ts';

/** Body of `exports.handler`, by what is wrong with it. */
const bodies = {
  well: `return { statusCode: 200, body: 'well' };`,
  throws: `throw new Error('on purpose');`,
  'rejects-with-text': `return Promise.reject('just a text');`,
  hangs: `return new Promise(() => { setInterval(() => {}, 1000); });`,
  loops: `for (;;);`,
  exits: `process.exit(3);`,
  'prints-10-mb': `for (let n = 0; n < 10240; n += 1) console.log('x'.repeat(1023)); return 'printed';`,
  'eats-memory': `const all = []; for (;;) all.push(Buffer.alloc(8e6, 1));`,
  'answers-7-mb': `return { statusCode: 200, body: 'x'.repeat(7e6) };`,
  'answers-a-circle': `const a = {}; a.a = a; return a;`,
  'answers-nonsense': `return { statusCode: 'teapot', body: 7 };`,
} as const;

type Name = keyof typeof bodies;

let cloud: CloudProcess;
let lambda: LambdaClient;
/** Host name of each handler's API. */
const hosts = new Map<Name, string>();

async function start(isolation: string): Promise<void> {
  cloud = await startCloud({ args: ['--regions', 'us-east-1', '--isolation', isolation] });
  const client = {
    region: 'us-east-1',
    endpoint: cloud.status.endpoint,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  };
  lambda = new LambdaClient(client);
  const api = new ApiGatewayV2Client(client);
  for (const name of Object.keys(bodies) as Name[]) {
    const code = `exports.handler = async () => { ${bodies[name]} };`;
    const { FunctionArn } = await lambda.send(
      new CreateFunctionCommand({
        FunctionName: name,
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Role: 'arn:aws:iam::000000000000:role/test',
        Timeout: 2,
        MemorySize: 128,
        Code: { ZipFile: zipSync({ 'index.js': strToU8(code) }) },
      }),
    );
    await lambda.send(
      new AddPermissionCommand({
        FunctionName: name,
        StatementId: 'api',
        Action: 'lambda:InvokeFunction',
        Principal: 'apigateway.amazonaws.com',
      }),
    );
    const created = await api.send(
      new CreateApiCommand({ Name: name, ProtocolType: 'HTTP', Target: FunctionArn }),
    );
    hosts.set(name, new URL(created.ApiEndpoint ?? '').host);
  }
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** A request to the region's own address, as a client that resolved the name sends it. */
function get(name: Name): Promise<Answer> {
  const endpoint = new URL(cloud.status.regions[0]?.endpoint ?? '');
  return new Promise((done, fail) => {
    const sent = request({
      hostname: endpoint.hostname,
      port: endpoint.port,
      headers: { host: hosts.get(name) },
    });
    sent.on('error', fail);
    sent.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        text += piece;
      });
      response.on('end', () => done({ status: response.statusCode ?? 0, text }));
    });
    sent.end();
  });
}

async function invoke(name: Name): Promise<{ error: string | undefined; payload: string }> {
  const answer = await lambda.send(new InvokeCommand({ FunctionName: name }));
  assert.equal(answer.StatusCode, 200);
  const payload = Buffer.from(answer.Payload ?? []).toString('utf8');
  return { error: answer.FunctionError, payload };
}

const serverError = '{"message":"Internal Server Error"}';

for (const isolation of ['process', 'thread']) {
  describe(`in a ${isolation} of its own`, () => {
    before(() => start(isolation));
    after(() => cloud?.[Symbol.asyncDispose]());
    behave();
  });
}

function behave(): void {
  describe('through the API', () => {
    const expected: readonly [Name, number, string][] = [
      ['throws', 500, serverError],
      ['rejects-with-text', 500, serverError],
      ['exits', 500, serverError],
      ['eats-memory', 500, serverError],
      ['answers-7-mb', 500, serverError],
      ['answers-a-circle', 500, serverError],
      ['answers-nonsense', 500, serverError],
      ['prints-10-mb', 200, 'printed'],
      ['hangs', 500, serverError],
      ['loops', 500, serverError],
    ];
    for (const [name, status, text] of expected) {
      it(`a handler that ${name} is answered ${status}, and the others go on`, async () => {
        const bad = get(name);
        assert.deepEqual(await get('well'), { status: 200, text: 'well' });
        const answer = await bad;
        assert.deepEqual([answer.status, answer.text], [status, text]);
        assert.deepEqual(await get('well'), { status: 200, text: 'well' });
      });
    }
  });

  describe('through Invoke', () => {
    const expected: readonly [Name, RegExp][] = [
      ['throws', /"errorType":"Error","errorMessage":"on purpose","trace":\["Error: on purpose"/],
      ['exits', /Runtime\.ExitError.*exit status 3/],
      ['hangs', /Sandbox\.Timedout.*Task timed out after 2\.00 seconds/],
      ['loops', /Sandbox\.Timedout.*Task timed out after 2\.00 seconds/],
      ['eats-memory', /Runtime\.ExitError|Runtime\.OutOfMemory/],
      ['answers-7-mb', /Function\.ResponseSizeTooLarge.*6291556 bytes/],
    ];
    for (const [name, words] of expected) {
      it(`a handler that ${name} says why`, async () => {
        const { error, payload } = await invoke(name);
        assert.equal(error, 'Unhandled');
        assert.match(payload, words);
      });
    }
  });

  describe('afterwards', () => {
    it('the region is the process that it was, and its log says what happened', async () => {
      const status = await cloud.admin<CloudProcess['status']>('GET', '/api/status');
      assert.equal(status.regions[0]?.pid, cloud.status.regions[0]?.pid);
      assert.deepEqual(status.faults, []);
      await eventually(async () => {
        const { stdout } = await cloud.orrery('logs', '--limit', '10000');
        assert.match(stdout, /hangs .*Status: timeout/);
        assert.match(stdout, /throws .*on purpose/);
        assert.match(stdout, /prints-10-mb \[orrery\] output over/);
      });
    });
  });
}
