import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type LaunchSpec, StorageError } from '../io.ts';
import { FakeLambda } from './lambda.fake.ts';
import { createProbe } from './probe.ts';
import { createProcesses, type Isolation, type OwnedProcesses } from './processes.ts';

const root = mkdtempSync(join(tmpdir(), 'orrery-processes-'));
const seen: string[] = [];
const create = (isolation: Isolation): OwnedProcesses =>
  createProcesses({
    directory: join(root, 'code'),
    durability: 'process',
    isolation,
    probe: createProbe('test', { event: (kind, data) => seen.push(`${kind} ${data['asked']}`) }),
  });
const processes = create('process');
const threads = create('thread');
after(async () => {
  await Promise.all([processes.close(), threads.close()]);
  rmSync(root, { recursive: true, force: true });
});

let digests = 0;
const put = (files: Record<string, string>): Promise<string> =>
  processes.materialize(
    `digest${++digests}`,
    new Map(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)])),
  );
type Start = (
  source: string | Record<string, string>,
  options?: Partial<LaunchSpec>,
  handler?: string,
) => Promise<FakeLambda>;
const starter =
  (where: OwnedProcesses): Start =>
  async (source, options = {}, handler = 'index.handler') => {
    const files = typeof source === 'string' ? { 'index.js': source } : source;
    return new FakeLambda(where, await put(files), handler, options);
  };
const start = starter(processes);
const isAlive = (pid: number): boolean => {
  try {
    // A zombie that nobody has collected is dead.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'));
  } catch {
    return false;
  }
};

describe('materialize', () => {
  it('writes once per digest, whole, whatever the digest looks like', async () => {
    const files = new Map([
      ['index.js', Buffer.from('1')],
      ['lib/deep/er.js', Buffer.from('2')],
    ]);
    const directory = await processes.materialize('q+/=', files);
    assert.equal(readFileSync(join(directory, 'lib/deep/er.js'), 'utf8'), '2');
    const other = new Map([['index.js', Buffer.from('never')]]);
    assert.equal(await processes.materialize('q+/=', other), directory);
    assert.equal(readFileSync(join(directory, 'index.js'), 'utf8'), '1');
    const together = Array.from({ length: 8 }, () => processes.materialize('same', files));
    assert.equal(new Set(await Promise.all(together)).size, 1);
    assert.deepEqual(
      readdirSync(join(root, 'code')).filter((name) => name.includes('draft')),
      [],
    );
  });

  it('lets no file land outside', async () => {
    for (const name of ['../up.js', '/abs.js', 'a/../../up.js', 'a\\b.js', '', 'nul\0.js', '..']) {
      const files = new Map([[name, Buffer.from('x')]]);
      await assert.rejects(processes.materialize(`bad${name.length}`, files), StorageError, name);
    }
    assert.equal(existsSync(join(root, 'up.js')), false);
    assert.equal(existsSync(join(root, 'code', 'up.js')), false);
  });
});

for (const isolation of ['process', 'thread'] as const) {
  describe(`a Node environment that is a ${isolation}`, () => {
    behave(isolation, isolation === 'process' ? processes : threads);
  });
}

function behave(isolation: Isolation, where: OwnedProcesses): void {
  const start = starter(where);
  const isProcess = isolation === 'process';

  it('invokes a handler with AWS’s context, in a clean environment', async () => {
    const lambda = await start(
      `exports.handler = async (event, context) => ({
        event,
        cwd: process.cwd(),
        env: process.env,
        left: context.getRemainingTimeInMillis(),
        context,
      });`,
      { environment: { TABLE: 'orders' } },
    );
    const { kind, body } = await lambda.invoke({ n: 1 });
    assert.equal(kind, 'response');
    const answer = JSON.parse(body);
    assert.deepEqual(answer.event, { n: 1 });
    assert.ok(answer.left > 1_000 && answer.left <= 3_000);
    assert.equal(answer.context.awsRequestId, 'request-1');
    assert.equal(answer.context.functionName, 'test');
    assert.equal(answer.context.memoryLimitInMB, '128');
    assert.equal(answer.context.logGroupName, '/aws/lambda/test');
    assert.match(answer.context.invokedFunctionArn, /^arn:aws:lambda:us-east-1:/);
    assert.equal(answer.env.TABLE, 'orders');
    assert.equal(answer.env.LAMBDA_TASK_ROOT, answer.cwd);
    const api = answer.env.AWS_LAMBDA_RUNTIME_API;
    if (isProcess) assert.match(api, /^127\.0\.0\.1:\d+$/);
    else assert.equal(api, undefined);
    const allowed = /^(PATH|LANG|TZ|TABLE|_HANDLER|LAMBDA_TASK_ROOT|AWS_.*)$/;
    assert.deepEqual(
      Object.keys(answer.env).filter((name) => !allowed.test(name)),
      [],
    );
    assert.equal(JSON.parse((await lambda.invoke(2)).body).event, 2);
    const bytes = lambda.child.memoryBytes() ?? 0;
    assert.ok(bytes > (isProcess ? 10_000_000 : 1_000_000), `${bytes} bytes`);
    lambda.child.kill('SIGKILL');
    assert.deepEqual(await lambda.exit, { code: null, signal: 'SIGKILL' });
    assert.equal(lambda.child.memoryBytes(), undefined);
    assert.equal(lambda.exits, 1);
  });

  it('loads CommonJS, ESM and nested exports', async () => {
    const esm = 'export const handler = async () => "esm"; export const deep = { er: handler };';
    for (const [files, handler, expected] of [
      [{ 'index.mjs': esm }, 'index.handler', 'esm'],
      [{ 'src/app.mjs': esm }, 'src/app.deep.er', 'esm'],
      [{ 'index.js': esm, 'package.json': '{"type":"module"}' }, 'index.handler', 'esm'],
      [{ 'index.cjs': 'exports.handler = async () => "cjs";' }, 'index.handler', 'cjs'],
      [{ 'a/b.js': 'module.exports.h = () => "sync";' }, 'a/b.h', 'sync'],
    ] as [Record<string, string>, string, string][]) {
      const lambda = await start(files, {}, handler);
      assert.equal((await lambda.invoke({})).body, JSON.stringify(expected), handler);
      lambda.child.kill('SIGKILL');
      await lambda.exit;
    }
  });

  it('posts what the handler throws, in AWS’s shape, and goes on', async () => {
    const lambda = await start(
      `exports.handler = async (event) => {
        if (event === 1) throw new RangeError('too far');
        if (event === 2) throw 'a text';
        if (event === 3) return undefined;
        return { ok: true };
      };`,
    );
    const first = await lambda.invoke(1);
    assert.equal(first.kind, 'error');
    assert.equal(first.headers['lambda-runtime-function-error-type'], 'RangeError');
    const error = JSON.parse(first.body);
    assert.equal(error.errorType, 'RangeError');
    assert.equal(error.errorMessage, 'too far');
    assert.match(error.trace[0], /RangeError: too far/);
    assert.match(error.trace[1], /index\.js/);
    assert.deepEqual(JSON.parse((await lambda.invoke(2)).body), {
      errorType: 'string',
      errorMessage: 'a text',
      trace: [],
    });
    assert.equal((await lambda.invoke(3)).body, 'null');
    assert.deepEqual(JSON.parse((await lambda.invoke(4)).body), { ok: true });
    lambda.child.kill('SIGKILL');
    await lambda.exit;
  });

  it('tells why it cannot start', async () => {
    const cases: [Record<string, string>, string, string, RegExp][] = [
      [{}, 'index.handler', 'Runtime.ImportModuleError', /Cannot find module 'index'/],
      [
        { 'index.js': 'require("no-such-package");' },
        'index.handler',
        'Runtime.ImportModuleError',
        /Cannot find module 'no-such-package'/,
      ],
      [
        { 'index.mjs': 'import "no-such-package";' },
        'index.handler',
        'Runtime.ImportModuleError',
        /no-such-package/,
      ],
      [{ 'index.js': 'const = 1' }, 'index.handler', 'Runtime.UserCodeSyntaxError', /SyntaxError/],
      [
        { 'index.js': 'exports.other = 1' },
        'index.handler',
        'Runtime.HandlerNotFound',
        /index\.handler is undefined or not exported/,
      ],
      [{ 'index.js': '' }, 'index', 'Runtime.MalformedHandlerName', /Bad handler/],
      [{ 'index.js': 'throw new TypeError("no table")' }, 'index.handler', 'TypeError', /no table/],
      [
        { 'index.js': 'exports.handler = (event, context, callback) => callback(null, 1);' },
        'index.handler',
        'Runtime.CallbackHandlerDeprecated',
        /Node\.js 24/,
      ],
    ];
    for (const [files, handler, type, message] of cases) {
      const lambda = await start(files, {}, handler);
      const result = await lambda.result();
      assert.equal(result.kind, 'init error', type);
      assert.equal(result.headers['lambda-runtime-function-error-type'], type);
      assert.equal(JSON.parse(result.body).errorType, type);
      assert.match(JSON.parse(result.body).errorMessage, message);
      assert.deepEqual(await lambda.exit, { code: 1, signal: null });
    }
  });

  it('serves callback handlers of nodejs22.x, and says that Node 24 runs them', async () => {
    const lambda = await start(
      `exports.handler = (event, context, callback) => {
        if (event === 'wait') setTimeout(() => { global.late = 'late'; }, 30);
        if (event === 'fail') return callback(new Error('told'));
        if (event === 'hurry') {
          context.callbackWaitsForEmptyEventLoop = false;
          setTimeout(() => {}, 60000);
        }
        if (event !== 'silent') callback(null, { event, get late() { return global.late; } });
      };`,
      { runtime: 'nodejs22.x' },
    );
    assert.deepEqual(JSON.parse((await lambda.invoke('wait')).body), {
      event: 'wait',
      late: 'late',
    });
    assert.equal((await lambda.invoke('silent')).body, 'null');
    assert.equal(JSON.parse((await lambda.invoke('fail')).body).errorMessage, 'told');
    assert.equal(JSON.parse((await lambda.invoke('hurry')).body).event, 'hurry');
    lambda.child.kill('SIGKILL');
    await lambda.exit;
    assert.deepEqual(seen.splice(0), ['process.runtime-substituted nodejs22.x']);
  });

  it('ends after what nobody caught, having told it', async () => {
    const lambda = await start(
      `exports.handler = (event) => new Promise(() => {
        if (event === 'throw') setTimeout(() => { throw new RangeError('loose'); }, 1);
        else Promise.reject(new Error('unhandled'));
      });`,
    );
    const thrown = await lambda.invoke('throw');
    assert.equal(JSON.parse(thrown.body).errorType, 'RangeError');
    assert.deepEqual(await lambda.exit, { code: 129, signal: null });
    const second = new FakeLambda(where, join(root, 'code', `digest${digests}`), 'index.handler');
    const rejected = await second.invoke('reject');
    assert.equal(JSON.parse(rejected.body).errorType, 'Runtime.UnhandledPromiseRejection');
    assert.deepEqual(await second.exit, { code: 128, signal: null });
  });

  it('hands over what was printed before the result, one line per call', async () => {
    const lambda = await start(
      `exports.handler = async (event) => {
        console.log('event', { event });
        console.error('two\\nlines');
        process.stdout.write('raw grüße\\n');
        return event;
      };`,
    );
    for (let n = 1; n <= 20; n++) {
      lambda.output.stdout = '';
      await lambda.invoke(n);
      const lines = lambda.output.stdout.split('\n');
      assert.match(lines[0] ?? '', new RegExp(`Z\trequest-${n}\tINFO\tevent { event: ${n} }$`));
      assert.match(lines[1] ?? '', new RegExp(`Z\trequest-${n}\tERROR\ttwo\rlines$`));
      assert.deepEqual(lines.slice(2), ['raw grüße', '']);
    }
    lambda.child.kill('SIGKILL');
    await lambda.exit;
  });

  it('is held back when it prints more than anyone can take', async () => {
    const lambda = await start(
      `exports.handler = async (event) => {
        const line = 'ü'.repeat(500) + '\\n';
        const lines = event === 'endless' ? Infinity : 10000;
        for (let i = 0; i < lines; i++) process.stdout.write(line);
        return 'printed';
      };`,
    );
    await lambda.invoke('10 MB');
    assert.equal(
      lambda.pieces.reduce((sum, piece) => sum + piece, 0),
      10_010_000,
    );
    assert.ok(!lambda.output.stdout.includes('\ufffd'));
    assert.ok(Math.max(...lambda.pieces) <= 65_536 + 3);
    lambda.pieces.length = 0;
    void lambda.invoke('endless');
    await new Promise((resolve) => setTimeout(resolve, 300));
    const printed = lambda.pieces.reduce((sum, piece) => sum + piece, 0);
    assert.ok(printed > 1_000_000 && printed < 40_000_000, `${printed} bytes in 300 ms`);
    lambda.child.kill('SIGKILL');
    await lambda.exit;
  });

  it('ends where the other side of its calls breaks', async () => {
    const serve = async (): Promise<never> => {
      throw new Error('on purpose');
    };
    const lambda = await start('exports.handler = async (event) => event;', { serve });
    const ended = isProcess ? { code: 1, signal: null } : { code: null, signal: 'SIGKILL' };
    assert.deepEqual(await lambda.exit, ended);
  });

  it('may be killed before it was started', async () => {
    const lambda = await start('exports.handler = async (event) => event;');
    lambda.child.kill('SIGKILL');
    assert.deepEqual(await lambda.exit, { code: null, signal: 'SIGKILL' });
    assert.equal(lambda.exits, 1);
  });
}

describe('a process', () => {
  it('freezes, thaws and ends on demand', async () => {
    const lambda = await start('exports.handler = async (event) => event;');
    await lambda.ready;
    lambda.child.kill('SIGSTOP');
    let answered = false;
    const asked = lambda.invoke('frozen').then((result) => {
      answered = true;
      return result;
    });
    await new Promise((resolve) => setTimeout(resolve, 60));
    assert.equal(answered, false);
    lambda.child.kill('SIGCONT');
    assert.equal((await asked).body, '"frozen"');
    lambda.child.kill('SIGTERM');
    assert.deepEqual(await lambda.exit, { code: null, signal: 'SIGTERM' });
    lambda.child.kill('SIGKILL');
  });
});

describe('a launch that cannot be', () => {
  it('ends like a program that did not start', async () => {
    const lambda = await start('', { environment: { BAD: 'nul\0byte' } });
    assert.deepEqual(await lambda.exit, { code: 1, signal: null });
    assert.match(lambda.output.stderr, /cannot start .*BAD/);
  });
});

describe('other programs', () => {
  it('run their own bootstrap where the runtime is provided', async () => {
    const lambda = await start(
      { bootstrap: '#!/bin/sh\necho "$LAMBDA_TASK_ROOT $_HANDLER"; exit 3\n' },
      { runtime: 'provided.al2023' },
    );
    assert.deepEqual(await lambda.exit, { code: 3, signal: null });
    assert.match(lambda.output.stdout, /code\/digest\d+ index\.handler\n$/);
  });

  it('say that they cannot be run', async () => {
    const missing = await start({}, { runtime: 'provided.al2023' });
    assert.deepEqual(await missing.exit, { code: 1, signal: null });
    assert.match(missing.output.stderr, /cannot start .*bootstrap/);
    const python = await start({}, { runtime: 'python3.13' });
    assert.deepEqual(await python.exit, { code: 1, signal: null });
    assert.match(python.output.stderr, /python3\.13 cannot be run here/);
  });
});

describe('the death of the parent', () => {
  it('takes idle, busy and frozen children along, and theirs', async () => {
    const parent = spawn(
      process.execPath,
      [join(import.meta.dirname, 'processes-parent.fake.ts'), join(root, 'parent')],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [line] = await once(parent.stdout, 'data');
    const pids = JSON.parse(String(line)) as number[];
    assert.equal(pids.length, 5);
    for (const pid of pids) assert.ok(isAlive(pid), `${pid} should live`);
    parent.kill('SIGKILL');
    const giveUp = Date.now() + 5_000;
    while (pids.some(isAlive) && Date.now() < giveUp) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.deepEqual(pids.filter(isAlive), []);
  });
});
