import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ServiceError } from '../../../endpoint/service.ts';
import {
  createWorld,
  Exit,
  functionInput,
  json,
  logOf,
  type Player,
  type Region,
} from '../lambda.fake.ts';

const hello: Player = { handler: ({ event }) => ({ hello: event }) };

const players: Record<string, Player> = {
  hello,
  throws: {
    handler: () => {
      throw new RangeError('no such order');
    },
  },
  sleeps: { handler: ({ child }) => child.timers.sleep(10_000, 'long') },
  naps: {
    handler: async ({ child, event }) => {
      await child.timers.sleep(100, 'short');
      return { pid: child.label, event };
    },
  },
  exits: {
    handler: () => {
      throw new Exit('over');
    },
  },
  large: { handler: () => 'x'.repeat(6_291_557) },
  prints: {
    handler: ({ child }) => {
      child.print('stdout', 'one\ntwo');
      for (let n = 0; n < 40; n += 1) child.print('stderr', `${'y'.repeat(60_000)}\n`);
      return 'done';
    },
  },
  badinit: {
    init: () => {
      throw new SyntaxError('cannot load');
    },
    handler: () => null,
  },
  slowinit: {
    init: (child) => child.timers.sleep(11_000, 'init'),
    handler: () => 'late',
  },
  environment: { handler: ({ child, headers }) => ({ ...child.environment, headers }) },
};

async function invoke(region: Region, name: string, more: Record<string, unknown> = {}) {
  return region.call<Record<string, unknown>>('Invoke', {
    FunctionName: name,
    Payload: Buffer.from('{"n":1}'),
    ...more,
  });
}

async function createAndInvoke(
  name: string,
  create: Record<string, unknown> = {},
): Promise<{ answer: Record<string, unknown>; lines: string[]; again: Record<string, unknown> }> {
  const world = await createWorld(players);
  return world.run(async (region) => {
    await region.call('CreateFunction', functionInput(name, create));
    const answer = await invoke(region, name);
    const again = await invoke(region, name);
    return { answer, again, lines: await logOf(region, name) };
  }, 120_000);
}

describe('Invoke', () => {
  it('answers with what the function returned, and reuses its environment', async () => {
    const { answer, again, lines } = await createAndInvoke('hello');
    assert.equal(answer['StatusCode'], 200);
    assert.equal(answer['ExecutedVersion'], '$LATEST');
    assert.equal(answer['FunctionError'], undefined);
    assert.deepEqual(json(answer['Payload']), { hello: { n: 1 } });
    assert.deepEqual(json(again['Payload']), { hello: { n: 1 } });
    assert.equal(lines.length, 6);
    assert.match(lines[0] ?? '', /^START RequestId: [0-9a-f-]{36} Version: \$LATEST$/);
    assert.match(lines[1] ?? '', /^END RequestId: [0-9a-f-]{36}$/);
    assert.match(
      lines[2] ?? '',
      /^REPORT RequestId: [0-9a-f-]{36}\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: \d+ MB\tInit Duration: [\d.]+ ms$/,
    );
    assert.doesNotMatch(lines[5] ?? '', /Init Duration/);
  });

  it('says Unhandled where the function throws', async () => {
    const { answer, lines } = await createAndInvoke('throws');
    assert.equal(answer['StatusCode'], 200);
    assert.equal(answer['FunctionError'], 'Unhandled');
    assert.deepEqual(json(answer['Payload']), {
      errorType: 'RangeError',
      errorMessage: 'no such order',
      trace: [],
    });
    assert.match(lines[2] ?? '', /\tStatus: error\tError Type: /);
  });

  it('kills at the timeout and begins anew', async () => {
    const { answer, lines } = await createAndInvoke('sleeps', { Timeout: 1 });
    assert.equal(answer['FunctionError'], 'Unhandled');
    const body = json(answer['Payload']) as Record<string, string>;
    assert.equal(body['errorType'], 'Sandbox.Timedout');
    assert.match(
      body['errorMessage'] ?? '',
      /^RequestId: [0-9a-f-]{36} Error: Task timed out after 1.00 seconds$/,
    );
    assert.match(lines[1] ?? '', /^\d{4}-.*Z [0-9a-f-]{36} Task timed out after 1.00 seconds$/);
    assert.match(lines[3] ?? '', /\tDuration: 1000.00 ms\t.*\tStatus: timeout$/);
    assert.equal(lines.filter((line) => line.startsWith('START')).length, 2);
  });

  it('reports an exit', async () => {
    const { answer, again } = await createAndInvoke('exits');
    for (const one of [answer, again]) {
      const body = json(one['Payload']) as Record<string, string>;
      assert.equal(body['errorType'], 'Runtime.ExitError');
      assert.match(body['errorMessage'] ?? '', /Error: Runtime exited with error: exit status 1$/);
    }
  });

  it('refuses an answer over 6 MB', async () => {
    const { answer, again } = await createAndInvoke('large');
    assert.deepEqual(json(answer['Payload']), {
      errorType: 'Function.ResponseSizeTooLarge',
      errorMessage: 'Response payload size exceeded maximum allowed payload size (6291556 bytes).',
    });
    assert.equal(again['FunctionError'], 'Unhandled');
  });

  it('runs a failed init again as part of the invocation', async () => {
    const { answer, lines } = await createAndInvoke('badinit');
    assert.equal(answer['FunctionError'], 'Unhandled');
    assert.deepEqual(json(answer['Payload']), {
      errorType: 'SyntaxError',
      errorMessage: 'cannot load',
      trace: [],
    });
    assert.match(
      lines.join('\n'),
      /INIT_REPORT Init Duration: [\d.]+ ms\tPhase: init\tStatus: error/,
    );
  });

  it('gives init ten seconds, then the timeout of the function', async () => {
    const { answer, lines } = await createAndInvoke('slowinit', { Timeout: 20 });
    assert.equal(json(answer['Payload']), 'late');
    assert.match(
      lines[0] ?? '',
      /^INIT_REPORT Init Duration: 1000\d\.\d\d ms\tPhase: init\tStatus: timeout$/,
    );
    assert.doesNotMatch(lines.join('\n'), /\tInit Duration/);
  });

  it('logs what the function prints, within a bound', async () => {
    const { lines } = await createAndInvoke('prints');
    assert.equal(lines[1], 'one');
    const cut = lines.find((line) => line.startsWith('[orrery]'));
    assert.equal(cut, '[orrery] output over 1048576 bytes in one invocation is not logged');
    const first = lines.slice(
      0,
      lines.findIndex((line) => line.startsWith('REPORT')),
    );
    assert.ok(first.length < 25, `${first.length} lines`);
    assert.ok(lines.includes('two'));
  });

  it('gives the tail of the log', async () => {
    const world = await createWorld(players);
    const text = await world.run(async (region) => {
      await region.call('CreateFunction', functionInput('prints'));
      const answer = await invoke(region, 'prints', { LogType: 'Tail' });
      return Buffer.from(String(answer['LogResult']), 'base64').toString();
    });
    assert.ok(text.length <= 4096);
    assert.match(text, /\nEND RequestId: .*\nREPORT RequestId: .*\n$/);
  });

  it('sets the variables that Lambda sets', async () => {
    const { answer } = await createAndInvoke('environment', {
      Environment: { Variables: { TABLE: 'orders', TZ: 'Europe/Berlin' } },
    });
    const seen = json(answer['Payload']) as Record<string, string> & {
      headers: Record<string, string>;
    };
    assert.equal(seen['TABLE'], 'orders');
    assert.equal(seen['TZ'], 'Europe/Berlin');
    assert.equal(seen['AWS_REGION'], 'eu-west-1');
    assert.equal(seen['_HANDLER'], 'index.handler');
    assert.equal(seen['AWS_ENDPOINT_URL'], 'http://127.0.2.1:4566');
    assert.match(
      seen['AWS_LAMBDA_LOG_STREAM_NAME'] ?? '',
      /^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/,
    );
    assert.match(
      seen.headers['lambda-runtime-trace-id'] ?? '',
      /^Root=1-[0-9a-f]{8}-[0-9a-f]{24};/,
    );
    assert.equal(
      seen.headers['lambda-runtime-invoked-function-arn'],
      'arn:aws:lambda:eu-west-1:000000000000:function:environment',
    );
  });

  it('refuses what AWS refuses', async () => {
    const world = await createWorld(players, { transitionMs: 1_000 });
    await world.run(async (region) => {
      const codeOf = async (promise: Promise<unknown>): Promise<string> =>
        promise.then(
          () => 'none',
          (error: ServiceError) => `${error.code} ${error.status} ${error.message}`,
        );
      const arn = 'arn:aws:lambda:eu-west-1:000000000000:function:hello';
      assert.equal(
        await codeOf(invoke(region, 'hello')),
        `ResourceNotFoundException 404 Function not found: ${arn}`,
      );
      await region.call('CreateFunction', functionInput('hello'));
      assert.equal(
        await codeOf(invoke(region, 'hello')),
        'ResourceConflictException 409 The operation cannot be performed at this time. The ' +
          'function is currently in the following state: Pending',
      );
      await region.io.timers.sleep(1_001, 'active');
      assert.equal(await codeOf(invoke(region, arn)), 'none');
      assert.equal(await codeOf(invoke(region, '000000000000:function:hello:$LATEST')), 'none');
      assert.match(await codeOf(invoke(region, `${arn}:7`)), /^ResourceNotFoundException 404/);
      assert.match(
        await codeOf(invoke(region, 'hello', { Payload: Buffer.from('{"n"') })),
        /^InvalidRequestContentException 400 Could not parse request body into json: /,
      );
      const big = Buffer.from(JSON.stringify('x'.repeat(6_291_456)));
      assert.match(
        await codeOf(invoke(region, 'hello', { Payload: big })),
        /^RequestTooLargeException 413/,
      );
      const dry = await invoke(region, 'hello', { InvocationType: 'DryRun' });
      assert.equal(dry['StatusCode'], 204);
    });
  });
});

describe('environments', () => {
  it('are as many as there are calls at once, and no more', async () => {
    const world = await createWorld(players);
    const pids = await world.run(async (region) => {
      await region.call('CreateFunction', functionInput('naps'));
      const round = async (): Promise<string[]> => {
        const answers = await Promise.all([1, 2, 3].map(() => invoke(region, 'naps')));
        return answers.map((one) => (json(one['Payload']) as { pid: string }).pid);
      };
      return [...(await round()), ...(await round())];
    });
    assert.equal(new Set(pids).size, 3);
  });

  it('are two where a function answers sooner than a third would wake up', async () => {
    const world = await createWorld({
      ...players,
      quick: { handler: ({ child }) => child.label },
      varies: {
        handler: async ({ child, event }) => {
          await child.timers.sleep((event as { ms: number }).ms, 'varies');
          return child.label;
        },
      },
    });
    await world.run(async (region) => {
      const labels = async (name: string, payloads: readonly unknown[]): Promise<Set<unknown>> => {
        const calls = payloads.map((payload) =>
          invoke(region, name, { Payload: Buffer.from(JSON.stringify(payload)) }),
        );
        return new Set((await Promise.all(calls)).map((one) => json(one['Payload'])));
      };
      for (const name of ['quick', 'varies']) {
        await region.call('CreateFunction', functionInput(name));
        // Nothing is known of a function yet: each call has an environment of its own.
        assert.equal((await labels(name, Array(4).fill({ ms: 0 }))).size, 4);
        // The first answers without an init before them tell.
        await labels(name, [{ ms: 0 }]);
      }
      assert.equal((await labels('quick', Array(20).fill({}))).size, 2);
      // What turns out to be slow after all does not hold up the others.
      const startedUs = region.io.clock.monotonicUs();
      assert.equal((await labels('varies', Array(6).fill({ ms: 500 }))).size, 6);
      assert.ok(region.io.clock.monotonicUs() - startedUs < 600_000);
    });
  });

  it('start few at a time, and serve who waits meanwhile', async () => {
    const world = await createWorld({
      short: {
        handler: async ({ child }) => {
          await child.timers.sleep(5, 'short');
          return child.label;
        },
      },
      slow: {
        init: (child) => child.timers.sleep(5_000, 'init'),
        handler: ({ child }) => child.label,
      },
    });
    await world.run(async (region) => {
      const labels = async (name: string, calls: number): Promise<Set<unknown>> => {
        const answers = await Promise.all(
          Array.from({ length: calls }, () => invoke(region, name)),
        );
        return new Set(answers.map((one) => json(one['Payload'])));
      };
      await region.call('CreateFunction', functionInput('short'));
      await region.call('CreateFunction', functionInput('slow'));
      // Forty calls of 5 ms: the first environments are free before the last would have started.
      const used = (await labels('short', 40)).size;
      assert.ok(used >= 4 && used <= 12, `${used} environments`);
      // One that takes long to start keeps others from it for a second at most.
      const startedUs = region.io.clock.monotonicUs();
      const slow = labels('slow', 4);
      await region.call('UpdateFunctionConfiguration', { FunctionName: 'short', Timeout: 5 });
      assert.equal((await labels('short', 1)).size, 1);
      assert.ok(region.io.clock.monotonicUs() - startedUs < 1_200_000);
      assert.equal((await slow).size, 4);
    });
  });

  it('are reserved, and throttled above it', async () => {
    const world = await createWorld(players);
    await world.run(async (region) => {
      await region.call('CreateFunction', functionInput('naps'));
      await region.call('PutFunctionConcurrency', {
        FunctionName: 'naps',
        ReservedConcurrentExecutions: 2,
      });
      const settled = await Promise.allSettled([1, 2, 3].map(() => invoke(region, 'naps')));
      const refused = settled.filter((one) => one.status === 'rejected');
      assert.equal(refused.length, 1);
      const error = refused[0]?.reason as ServiceError;
      assert.equal(error.code, 'TooManyRequestsException');
      assert.equal(error.status, 429);
      assert.equal(error.message, 'Rate Exceeded.');
      assert.equal(error.fields['Reason'], 'ReservedFunctionConcurrentInvocationLimitExceeded');
    });
  });

  it('wait for one another at the limit of the machine, then are throttled', async () => {
    const world = await createWorld(players, { maxEnvironments: 1, environmentWaitMs: 250 });
    await world.run(async (region) => {
      await region.call('CreateFunction', functionInput('naps'));
      await region.call('CreateFunction', functionInput('hello'));
      const calls = [1, 2, 3, 4, 5].map(() => invoke(region, 'naps'));
      const settled = await Promise.allSettled(calls);
      const done = settled.filter((one) => one.status === 'fulfilled').length;
      assert.ok(done >= 2 && done < 5, `${done} done`);
      // The idle one of the other function makes room.
      assert.equal((await invoke(region, 'hello'))['StatusCode'], 200);
    });
  });

  it('end when idle, and when the function changes', async () => {
    const world = await createWorld(players, { idleMs: 10_000 });
    await world.run(async (region) => {
      await region.call('CreateFunction', functionInput('naps'));
      const pid = async (): Promise<string> =>
        (json((await invoke(region, 'naps'))['Payload']) as { pid: string }).pid;
      const first = await pid();
      assert.equal(await pid(), first);
      await region.io.timers.sleep(25_000, 'idle');
      const second = await pid();
      assert.notEqual(second, first);
      await region.call('UpdateFunctionConfiguration', { FunctionName: 'naps', Timeout: 9 });
      assert.notEqual(await pid(), second);
    });
  });
});

describe('asynchronous invocation', () => {
  it('answers 202 and retries a failed function twice', async () => {
    let runs = 0;
    const world = await createWorld({
      flaky: {
        handler: () => {
          runs += 1;
          throw new Error('again');
        },
      },
    });
    await world.run(async (region) => {
      await region.call('CreateFunction', functionInput('flaky'));
      const answer = await invoke(region, 'flaky', { InvocationType: 'Event' });
      assert.equal(answer['StatusCode'], 202);
      await region.io.timers.sleep(30_000, 'first');
      assert.equal(runs, 1);
      await region.io.timers.sleep(60_000, 'second');
      assert.equal(runs, 2);
      await region.io.timers.sleep(1_000_000, 'third');
      assert.equal(runs, 3);
    }, 2_000_000);
  });

  it('survives a crash between acceptance and answer', async () => {
    let runs = 0;
    const world = await createWorld({
      slow: {
        handler: async ({ child }) => {
          await child.timers.sleep(500, 'work');
          runs += 1;
        },
      },
    });
    await world.run(async (region) => {
      await region.call('CreateFunction', functionInput('slow'));
      await invoke(region, 'slow', { InvocationType: 'Event' });
    });
    assert.equal(runs, 0);
    world.restart();
    await world.run((region) => region.io.timers.sleep(5_000, 'resumed'));
    assert.equal(runs, 1);
  });

  it('refuses events over 1 MB', async () => {
    const world = await createWorld(players);
    await world.run(async (region) => {
      await region.call('CreateFunction', functionInput('hello'));
      await assert.rejects(
        invoke(region, 'hello', {
          InvocationType: 'Event',
          Payload: Buffer.from(JSON.stringify('x'.repeat(1_048_576))),
        }),
        { code: 'RequestTooLargeException' },
      );
    });
  });
});
