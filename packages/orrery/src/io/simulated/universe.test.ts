import assert from 'node:assert/strict';
import { createHook } from 'node:async_hooks';
import { describe, it } from 'node:test';
import { type HttpRequest, type Io, NetError } from '../io.ts';
import type { DrainMode } from './drain.ts';
import type { Program } from './processes.ts';
import { createUniverse, type Universe, type UniverseOptions } from './universe.ts';

const regions = ['us-east-1', 'eu-central-1', 'ap-northeast-1'];
const empty: HttpRequest = { method: 'POST', path: '/', headers: {}, body: new Uint8Array(0) };
const body = (text: string): HttpRequest => ({ ...empty, body: Buffer.from(text) });

/** A service that stores what it is sent, and peers that send chance to one another. */
async function chatter(io: Io): Promise<void> {
  const store = await io.storage.open('heard');
  let count = 0;
  io.network.serve('chat', async (request, from) => {
    count += 1;
    store.transaction((t) => t.put(Buffer.from(`${from} ${count}`), String(request.body)));
    await store.flushed();
    return { status: 200, headers: {}, body: Buffer.from(String(io.clock.wallMs())) };
  });
  io.timers.every(20, 'chat', () => {
    const region = regions[io.random.int(0, 2)] ?? '';
    io.network
      .request({ region, service: 'chat' }, body(io.random.uuid()), { deadlineMs: 500 })
      .catch((error: unknown) => assert.ok(error instanceof NetError));
  });
}

async function talk(seed: number, options: Partial<UniverseOptions> = {}): Promise<Universe> {
  const universe = await createUniverse({ seed, ...options });
  for (const region of regions) universe.spawn(`region/${region}`, region, chatter);
  universe.at(2_000_000, 'crash', () => universe.crash('region/us-east-1'));
  universe.at(4_000_000, 'restart', () => universe.restart('region/us-east-1'));
  universe.at(5_000_000, 'cut', () => {
    universe.conditions.links = [{ a: 'eu-central-1', b: '*', cut: true }];
  });
  universe.setSkewMs('region/eu-central-1', -5_000);
  await universe.runUntil(10_000_000);
  return universe;
}

describe('a universe', () => {
  it('has one trace per seed', async () => {
    const first = await talk(1);
    assert.deepEqual(first.failures, []);
    assert.ok(first.events > 2_000, `${first.events} events`);
    assert.equal(first.nowUs, 10_000_000);
    assert.equal((await talk(1)).traceHash, first.traceHash);
    const hashes = new Set<string>();
    for (let seed = 1; seed <= 8; seed += 1) hashes.add((await talk(seed)).traceHash);
    assert.equal(hashes.size, 8);
  });

  it('has the same trace however promises are drained', async () => {
    const modes: DrainMode[] = ['tick', 'immediate'];
    const [tick, immediate] = await Promise.all(modes.map((mode) => talk(3, { drainMode: mode })));
    assert.equal(tick?.traceHash, immediate?.traceHash);
    assert.ok((tick?.events ?? 0) > 2_000);
  });

  it('uses no real asynchronous resource', async () => {
    const universe = await createUniverse({ seed: 1 });
    for (const region of regions) universe.spawn(`region/${region}`, region, chatter);
    const seen: string[] = [];
    const hook = createHook({ init: (_id, type) => void seen.push(type) }).enable();
    await universe.runUntil(1_000_000);
    hook.disable();
    const real = seen.filter((type) => type !== 'PROMISE' && type !== 'TickObject');
    // The one macrotask that the run itself starts from.
    assert.deepEqual(real, ['Immediate']);
  });

  it('reports a real timer that a process leaks', async () => {
    const universe = await createUniverse({ seed: 1 });
    let leaked: NodeJS.Timeout | undefined;
    universe.spawn('a', 'us-east-1', async () => {
      leaked = setTimeout(() => undefined, 1_000);
    });
    await universe.runUntil(1_000);
    clearTimeout(leaked);
    assert.equal(universe.failures[0]?.invariant, 'no real resource is used');
  });

  it('reports what nobody caught, at the process that threw it', async () => {
    const cases: ((io: Io) => Promise<void>)[] = [
      async () => {
        throw new RangeError('boot');
      },
      async (io) => {
        io.timers.after(1, 'thrower', () => {
          throw new RangeError('timer');
        });
      },
      async (io) => {
        await io.timers.sleep(1, 'rejecter');
        await Promise.reject(new RangeError('later'));
      },
    ];
    for (const boot of cases) {
      const universe = await createUniverse({ seed: 1 });
      universe.spawn('a', 'us-east-1', boot);
      await universe.runUntil(1_000_000);
      const [failure] = universe.failures;
      assert.equal(failure?.invariant, 'nothing is thrown uncaught');
      assert.equal(failure.owner, 'a');
      assert.match(failure.detail, /RangeError/);
      assert.ok(universe.nowUs <= 1_000, 'the run ends at the failure');
    }
  });

  it('reports a bug that was caught and told, and counts what is told', async () => {
    const universe = await createUniverse({ seed: 1 });
    universe.spawn('a', 'us-east-1', async ({ probe }) => {
      probe.event('test.seen', {});
      probe.event('test.seen', { n: 1 });
      probe.always(true, 'holds');
      probe.event('endpoint.bug', { stack: 'RangeError' });
      probe.always(false, 'does not hold');
    });
    await universe.runUntil(1_000);
    assert.equal(universe.told.get('test.seen'), 2);
    assert.deepEqual(
      universe.failures.map(({ invariant, owner }) => `${invariant} ${owner}`),
      ['there are no bugs a', 'does not hold a'],
    );
  });

  it('switches mischief on for a share of its points, by the seed', async () => {
    const said = async (seed: number, buggify: boolean): Promise<number> => {
      const universe = await createUniverse({ seed, buggify });
      const { probe } = universe.spawn('a', 'us-east-1');
      return Array.from({ length: 40 }, (_, point) => probe.buggify(`point ${point}`, 1)).filter(
        Boolean,
      ).length;
    };
    assert.equal(await said(1, false), 0);
    const count = await said(1, true);
    assert.ok(count > 2 && count < 25, `${count} of 40`);
    assert.equal(await said(1, true), count);
  });

  it('reports a process that reaches into another', async () => {
    const universe = await createUniverse({ seed: 1 });
    let shared: () => void = () => undefined;
    const promise = new Promise<void>((resolve) => {
      shared = resolve;
    });
    universe.spawn('a', 'us-east-1', async (io) => {
      await promise;
      await io.timers.sleep(1, 'never');
    });
    universe.spawn('b', 'us-east-1', async () => shared());
    await universe.runUntil(1_000_000);
    assert.equal(universe.failures[0]?.invariant, 'one event has one owner');
  });

  it('ends a busy-wait instead of hanging', async () => {
    const universe = await createUniverse({ seed: 1 });
    universe.spawn('a', 'us-east-1', async (io) => {
      const end = io.clock.wallMs() + 1_000;
      while (io.clock.wallMs() < end);
    });
    await universe.runUntil(1_000_000);
    assert.match(universe.failures[0]?.detail ?? '', /busy-wait/);
  });

  it('lets a paused process catch up in order when it is resumed', async () => {
    const universe = await createUniverse({ seed: 1 });
    const seen: string[] = [];
    universe.spawn('a', 'us-east-1', async (io) => {
      const cancelled = io.timers.after(30, 'three', () => seen.push('cancelled'));
      io.timers.after(10, 'one', () => seen.push(`one at ${io.clock.monotonicUs()}`));
      io.timers.after(20, 'two', () => {
        seen.push('two');
        cancelled.cancel();
      });
    });
    universe.at(5_000, 'pause', () => universe.pause('a'));
    await universe.runUntil(100_000);
    assert.deepEqual(seen, []);
    assert.ok(!universe.isUp('a'));
    universe.resume('a');
    await universe.runUntil(200_000);
    assert.deepEqual(seen, ['one at 100000', 'two']);
  });

  it('loses a tail of unflushed transactions, never flushed ones and never from the middle', async () => {
    const lengths = new Set<number>();
    for (let seed = 1; seed <= 40; seed += 1) {
      const universe = await createUniverse({ seed });
      universe.spawn('a', 'us-east-1');
      await universe.perform(
        'a',
        async (io) => {
          const store = await io.storage.open('log');
          const append = (from: number, to: number): void => {
            for (let index = from; index < to; index += 1) {
              store.transaction((t) => {
                t.put(Buffer.from([index]), 'entry');
                t.put(Buffer.from('length'), String(index + 1));
              });
            }
          };
          append(0, 3);
          await store.flushed();
          append(3, 9);
        },
        1_000,
      );
      universe.crash('a');
      universe.restart('a');
      const kept = await universe.perform(
        'a',
        async (io) => {
          const store = await io.storage.open('log');
          const entries = [...store.range({ start: Buffer.from([0]), end: Buffer.from([99]) })];
          assert.equal(store.get(Buffer.from('length')), String(entries.length));
          assert.deepEqual(
            entries.map(({ key }) => key[0]),
            entries.map((_, index) => index),
          );
          return entries.length;
        },
        1_000,
      );
      assert.ok(kept !== undefined && kept >= 3 && kept <= 9);
      lengths.add(kept);
    }
    assert.ok(lengths.size >= 6, [...lengths].join(' '));
  });

  it('acknowledges before the flush only where that is planted', async () => {
    const flushUs = async (ackBeforeFlush: boolean): Promise<number | undefined> => {
      const storage = { flushLowUs: 5_000, flushHighUs: 5_000, ackBeforeFlush };
      const universe = await createUniverse({ seed: 1, storage });
      universe.spawn('a', 'us-east-1');
      return universe.perform(
        'a',
        async (io) => {
          const store = await io.storage.open('log');
          store.transaction((t) => t.put(Buffer.from('a'), ''));
          await store.flushed();
          return io.clock.monotonicUs();
        },
        1_000,
      );
    };
    assert.equal(await flushUs(false), 5_000);
    assert.equal(await flushUs(true), 0);
  });

  it('keeps the wall clock wrong by what it is told, over a restart, and durations right', async () => {
    const universe = await createUniverse({ seed: 1, epochMs: 1_000_000 });
    universe.setSkewMs('a', -30_000);
    const before = universe.spawn('a', 'us-east-1');
    await universe.runUntil(2_000_000);
    assert.equal(before.clock.wallMs(), 1_000_000 + 2_000 - 30_000);
    assert.equal(before.clock.monotonicUs(), 2_000_000);
    universe.crash('a');
    const after = universe.restart('a');
    assert.equal(after.clock.wallMs(), before.clock.wallMs());
    assert.equal(after.clock.monotonicUs(), 0);
    assert.notEqual(after.random.uuid(), before.random.uuid());
  });
});

describe('a simulated child process', () => {
  const launchIn = async (
    program: Program,
    act: (kill: (signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT') => void, io: Io) => void,
  ): Promise<string[]> => {
    const universe = await createUniverse({
      seed: 1,
      findProgram: (_spec, files) => (files.has('index.mjs') ? program : undefined),
    });
    const seen: string[] = [];
    universe.spawn('region', 'us-east-1', async (io) => {
      const files = new Map([['index.mjs', new Uint8Array(0)]]);
      const child = io.processes.launch({
        label: 'hello#1',
        directory: await io.processes.materialize('digest', files),
        runtime: 'nodejs24.x',
        environment: { NAME: 'x' },
        memoryMb: 128,
        serve: async (request) => ({ status: 200, headers: {}, body: request.body }),
        onOutput: (stream, text) => seen.push(`${stream} ${text}`),
        onExit: ({ code, signal }) => seen.push(`exit ${code} ${signal}`),
      });
      act((signal) => child.kill(signal), io);
    });
    await universe.runUntil(1_000_000);
    assert.deepEqual(universe.failures, []);
    return seen;
  };

  it('speaks to its parent, prints and ends', async () => {
    const program: Program = async (child) => {
      const response = await child.request(body('ping'));
      child.print('stdout', `${child.environment['NAME']} ${String(response.body)}`);
    };
    const seen = await launchIn(program, () => undefined);
    assert.deepEqual(seen, ['stdout x ping', 'exit 0 null']);
  });

  it('fails, is killed, is stopped and goes on', async () => {
    const failing = await launchIn(
      async () => {
        throw new RangeError('broken');
      },
      () => undefined,
    );
    assert.deepEqual(failing, ['stderr RangeError: broken\n', 'exit 1 null']);
    const ticking: Program = async (child) => {
      await child.timers.sleep(300, 'work');
      child.print('stdout', `done ${child.clock.monotonicUs() > 500_000}`);
    };
    const killed = await launchIn(ticking, (kill, io) => {
      io.timers.after(200, 'kill', () => kill('SIGKILL'));
    });
    assert.deepEqual(killed, ['exit null SIGKILL']);
    const stopped = await launchIn(ticking, (kill, io) => {
      io.timers.after(100, 'stop', () => kill('SIGSTOP'));
      io.timers.after(700, 'continue', () => kill('SIGCONT'));
    });
    assert.deepEqual(stopped, ['stdout done true', 'exit 0 null']);
  });
});
