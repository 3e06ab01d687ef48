/** Lambda over io/node: real processes, real sockets, real time. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { zipSync } from 'fflate';
import type { RequestContext, Service } from '../../endpoint/service.ts';
import { createNodeIo, type NodeIo } from '../../io/node/node-io.ts';
import { createLogsService } from '../logs/service.ts';
import { json } from './lambda.fake.ts';
import { createLambdaService } from './service.ts';

const root = mkdtempSync(join(tmpdir(), 'orrery-lambda-'));
let io: NodeIo;
let lambda: Service;
let logs: Service;

async function boot(): Promise<void> {
  io = await createNodeIo({
    id: 'region/eu-west-1',
    location: 'eu-west-1',
    dataDirectory: join(root, 'data'),
    runDirectory: join(root, 'run'),
    rttMs: () => 0,
    conditions: { links: [] },
  });
  const options = { accountId: '000000000000', region: 'eu-west-1' };
  logs = await createLogsService(io, options);
  lambda = await createLambdaService(io, { ...options, endpointUrl: 'http://127.0.2.1:4566' });
  for (const service of [lambda, logs]) {
    for (const [name, handler] of Object.entries(service.internal ?? {})) {
      io.network.serve(name, handler);
    }
    await service.start?.();
  }
}

async function shut(): Promise<void> {
  await lambda.stop?.();
  await logs.stop?.();
  await io.close();
}

async function call<T = Record<string, unknown>>(
  service: Service,
  operation: string,
  input: Record<string, unknown>,
): Promise<T> {
  const context: RequestContext = {
    service: service.name,
    operation,
    region: 'eu-west-1',
    accountId: '000000000000',
    requestId: io.random.uuid(),
    from: 'eu-west-1',
    accessKeyId: undefined,
  };
  const handler = service.operations[operation];
  assert.ok(handler !== undefined);
  return (await handler(input as never, context)) as T;
}

interface Invoked {
  readonly FunctionError?: string;
  readonly Payload: Uint8Array;
  readonly LogResult: string;
}

interface Ran {
  readonly error: string | undefined;
  readonly body: unknown;
  readonly tail: string;
}

async function invoke(name: string, event: unknown = {}): Promise<Ran> {
  const answer = await call<Invoked>(lambda, 'Invoke', {
    FunctionName: name,
    LogType: 'Tail',
    Payload: Buffer.from(JSON.stringify(event)),
  });
  return {
    error: answer.FunctionError,
    body: json(answer.Payload),
    tail: Buffer.from(answer.LogResult, 'base64').toString(),
  };
}

let made = 0;

async function create(
  files: Readonly<Record<string, string>>,
  more: Record<string, unknown> = {},
): Promise<string> {
  made += 1;
  const name = `function-${made}`;
  const zip = Object.fromEntries(
    Object.entries(files).map(([path, text]) => [path, Buffer.from(text)]),
  );
  await call(lambda, 'CreateFunction', {
    FunctionName: name,
    Role: 'arn:aws:iam::000000000000:role/test',
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
    Code: { ZipFile: zipSync(zip) },
    ...more,
  });
  return name;
}

function typeOf(ran: Ran): string {
  assert.equal(ran.error, 'Unhandled');
  return String((ran.body as Record<string, unknown>)['errorType']);
}

function messageOf(ran: Ran): string {
  return String((ran.body as Record<string, unknown>)['errorMessage']);
}

describe('Lambda with real processes', () => {
  before(boot);
  after(async () => {
    await shut();
    rmSync(root, { recursive: true, force: true });
  });

  it('runs ES modules and CommonJS, and keeps their environment', async () => {
    const modules = await create({
      'index.mjs': `
        import { greeting } from './lib/greeting.mjs';
        let count = 0;
        export const handler = async (event) => ({ text: greeting(event.name), count: ++count });`,
      'lib/greeting.mjs': 'export const greeting = (name) => "hello " + name;',
    });
    assert.deepEqual((await invoke(modules, { name: 'a' })).body, { text: 'hello a', count: 1 });
    assert.deepEqual((await invoke(modules, { name: 'b' })).body, { text: 'hello b', count: 2 });
    const common = await create({
      'index.js': `exports.handler = async (event, context) => [
        process.env.AWS_REGION, context.functionName, context.awsRequestId.length];`,
    });
    assert.deepEqual((await invoke(common)).body, ['eu-west-1', common, 36]);
  });

  it('tells what a function throws and what it logs', async () => {
    const name = await create({
      'index.mjs': `export const handler = async () => {
        console.log('about to fail');
        throw new RangeError('no such order');
      };`,
    });
    const ran = await invoke(name);
    assert.equal(typeOf(ran), 'RangeError');
    assert.equal(messageOf(ran), 'no such order');
    assert.ok(Array.isArray((ran.body as Record<string, unknown>)['trace']));
    assert.match(ran.tail, /^START RequestId.*\n.*\tINFO\tabout to fail\n[\s\S]*\nEND RequestId/);
    assert.match(ran.tail, /Max Memory Used: [1-9]\d+ MB/);
    assert.match(ran.tail, /Status: error\tError Type: RangeError/);
  });

  it('kills what exceeds its time, also a busy loop, and begins anew', async () => {
    const name = await create(
      {
        'index.mjs': `export const handler = async (event) => {
          if (event.busy) for (;;);
          if (event.hang) await new Promise((resolve) => setTimeout(resolve, 60_000));
          return process.pid;
        };`,
      },
      { Timeout: 1 },
    );
    const first = (await invoke(name)).body;
    for (const event of [{ busy: true }, { hang: true }]) {
      const ran = await invoke(name, event);
      assert.equal(typeOf(ran), 'Sandbox.Timedout');
      assert.match(messageOf(ran), /Task timed out after 1.00 seconds$/);
    }
    const next = await invoke(name);
    assert.equal(typeof next.body, 'number');
    assert.notEqual(next.body, first);
    assert.doesNotMatch(next.tail, /Init Duration/);
  });

  it('reports an exit with its status', async () => {
    const name = await create({
      'index.mjs': 'export const handler = async (event) => process.exit(event.code);',
    });
    const zero = await invoke(name, { code: 0 });
    assert.equal(typeOf(zero), 'Runtime.ExitError');
    assert.match(messageOf(zero), /Runtime exited without providing a reason$/);
    const seven = await invoke(name, { code: 7 });
    assert.match(messageOf(seven), /Runtime exited with error: exit status 7$/);
  });

  it('stays upright when a function prints without end', async () => {
    const name = await create(
      {
        'index.mjs': `export const handler = async (event) => {
          const line = 'x'.repeat(1023) + '\\n';
          if (event.once) for (let n = 0; n < 10_240; n += 1) process.stdout.write(line);
          else for (;;) process.stdout.write(line);
          return 'printed';
        };`,
      },
      { Timeout: 2 },
    );
    const once = await invoke(name, { once: true });
    assert.equal(once.body, 'printed');
    assert.match(once.tail, /\[orrery\] output over 1048576 bytes in one invocation is not logged/);
    assert.equal(typeOf(await invoke(name)), 'Sandbox.Timedout');
  });

  it('kills what eats all its memory', async () => {
    const name = await create(
      {
        'index.mjs': `export const handler = async () => {
          const held = [];
          for (;;) {
            held.push(Buffer.alloc(4_194_304, 1));
            await new Promise((resolve) => setTimeout(resolve, 5));
          }
        };`,
      },
      { Timeout: 20 },
    );
    const ran = await invoke(name);
    assert.equal(typeOf(ran), 'Runtime.ExitError');
    assert.match(messageOf(ran), /Runtime exited with error: signal: killed$/);
    assert.match(ran.tail, /Max Memory Used: 128 MB/);
  });

  it('says which module or handler is missing', async () => {
    const missing = await create({ 'index.mjs': "import 'not-there'; export const handler = 1;" });
    const ran = await invoke(missing);
    assert.equal(typeOf(ran), 'Runtime.ImportModuleError');
    assert.match(messageOf(ran), /Cannot find package 'not-there'/);
    const other = await create({ 'index.mjs': 'export const other = async () => 1;' });
    assert.equal(typeOf(await invoke(other)), 'Runtime.HandlerNotFound');
    const broken = await create({ 'index.mjs': 'export const handler = async () => {' });
    assert.equal(typeOf(await invoke(broken)), 'Runtime.UserCodeSyntaxError');
  });

  it('runs calls at once in processes of their own', async () => {
    const name = await create({
      'index.mjs': `export const handler = async () => {
        await new Promise((resolve) => setTimeout(resolve, 150));
        return process.pid;
      };`,
    });
    const pids = await Promise.all([1, 2, 3].map(async () => (await invoke(name)).body));
    assert.equal(new Set(pids).size, 3);
  });

  it('keeps functions and logs over a restart', async () => {
    const name = await create({ 'index.mjs': 'export const handler = async () => "kept";' });
    assert.equal((await invoke(name)).body, 'kept');
    await shut();
    await boot();
    assert.equal((await invoke(name)).body, 'kept');
    const { events } = await call<{ events: { message: string }[] }>(logs, 'FilterLogEvents', {
      logGroupName: `/aws/lambda/${name}`,
      filterPattern: 'REPORT',
    });
    assert.ok(events.length >= 1);
    assert.match(events[0]?.message ?? '', /^REPORT RequestId: /);
  });
});
