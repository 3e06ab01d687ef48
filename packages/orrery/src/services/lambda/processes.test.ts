/** Lambda over io/node: real processes and threads, real sockets, real time. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { zipSync } from 'fflate';
import type { RequestContext, Service } from '../../endpoint/service.ts';
import { createNodeIo, type NodeIo } from '../../io/node/node-io.ts';
import type { Isolation } from '../../io/node/processes.ts';
import { createLogsService } from '../logs/service.ts';
import { json } from './lambda.fake.ts';
import { createLambdaService } from './service.ts';

const root = mkdtempSync(join(tmpdir(), 'orrery-lambda-'));
after(() => rmSync(root, { recursive: true, force: true }));
let io: NodeIo;
let lambda: Service;
let logs: Service;

async function boot(isolation: Isolation): Promise<void> {
  io = await createNodeIo({
    id: 'region/eu-west-1',
    location: 'eu-west-1',
    dataDirectory: join(root, isolation),
    runDirectory: join(root, 'run'),
    rttMs: () => 0,
    conditions: { links: [] },
    isolation,
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

for (const isolation of ['process', 'thread'] as const) {
  describe(`Lambda with a real ${isolation} for each environment`, () => behave(isolation));
}

function behave(isolation: Isolation): void {
  before(() => boot(isolation));
  after(shut);

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
    assert.match(ran.tail, /Max Memory Used: [1-9]\d* MB/);
    assert.match(ran.tail, /Status: error\tError Type: RangeError/);
  });

  it('kills what exceeds its time, also a busy loop, and begins anew', async () => {
    const name = await create(
      {
        'index.mjs': `const birth = process.hrtime.bigint().toString();
        export const handler = async (event) => {
          if (event.busy) for (;;);
          if (event.hang) await new Promise((resolve) => setTimeout(resolve, 60_000));
          return birth;
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
    assert.equal(typeof next.body, 'string');
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

  it('runs calls at once in environments of their own', async () => {
    const name = await create({
      'index.mjs': `const birth = process.hrtime.bigint().toString();
      export const handler = async () => {
        await new Promise((resolve) => setTimeout(resolve, 150));
        return birth;
      };`,
    });
    const births = await Promise.all([1, 2, 3].map(async () => (await invoke(name)).body));
    assert.equal(new Set(births).size, 3);
  });

  it('lets nobody wait behind a call that is slow for once, or dies', async () => {
    const name = await create(
      {
        'index.mjs': `import { appendFileSync } from 'node:fs';
        export const handler = async ({ file, id, burnMs, dies }) => {
          if (dies) process.exit(7);
          appendFileSync(file, id + '\\n');
          for (const until = Date.now() + (burnMs ?? 0); Date.now() < until; );
          return id;
        };`,
      },
      { Timeout: 20, MemorySize: 256 },
    );
    const file = join(root, `${isolation}-${name}`);
    const warm = async (from: number): Promise<void> => {
      for (let n = from; n < from + 20; n += 1) await invoke(name, { file, id: `warm ${n}` });
    };
    await warm(0);
    const answered: unknown[] = [];
    const call = async (id: string, more = {}): Promise<void> => {
      const { body } = await invoke(name, { file, id, ...more });
      answered.push(id);
      if (!id.startsWith('dies')) assert.equal(body, id);
    };
    const quick = (from: number) => Array.from({ length: 12 }, (_, n) => call(`quick ${from + n}`));
    const burnMs = 3_000;
    await Promise.all([call('slow 1', { burnMs }), call('slow 2', { burnMs }), ...quick(0)]);
    assert.deepEqual(answered.slice(-2).toSorted(), ['slow 1', 'slow 2']);
    await warm(20);
    await Promise.all([
      call('dies 1', { dies: true }),
      ...quick(100),
      call('dies 2', { dies: true }),
      ...quick(200),
    ]);
    const ran = readFileSync(file, 'utf8').trimEnd().split('\n');
    assert.equal(new Set(ran).size, ran.length, 'each event has run once');
    assert.equal(ran.length, 40 + 2 + 3 * 12);
  });

  it('keeps functions and logs over a restart', async () => {
    const name = await create({ 'index.mjs': 'export const handler = async () => "kept";' });
    assert.equal((await invoke(name)).body, 'kept');
    await shut();
    await boot(isolation);
    assert.equal((await invoke(name)).body, 'kept');
    const { events } = await call<{ events: { message: string }[] }>(logs, 'FilterLogEvents', {
      logGroupName: `/aws/lambda/${name}`,
      filterPattern: 'REPORT',
    });
    assert.ok(events.length >= 1);
    assert.match(events[0]?.message ?? '', /^REPORT RequestId: /);
  });
}
