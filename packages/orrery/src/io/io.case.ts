/**
 * One suite for every implementation of `Io`: what `io.ts` promises, as seen by a service. Owns the
 * questions; each implementation brings an `IoHarness` and asks nothing less. Waits are a few
 * milliseconds each, so that a real clock can keep up; nothing asserts an upper bound of time except
 * where the contract has one (deadlines), and then generously.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  bytes,
  type CreateHarness,
  east,
  type IoHarness,
  startEast,
  startWest,
  text,
  west,
  within,
} from './harness.case.ts';
import {
  type HttpRequest,
  type HttpResponse,
  type Io,
  NetError,
  type RequestOptions,
} from './io.ts';
import { storageCases } from './storage.case.ts';

const post = (body: string, headers: Record<string, string> = {}): HttpRequest => ({
  method: 'POST',
  path: '/orders?x=1',
  headers: { 'content-type': 'text/plain', ...headers },
  body: bytes(body),
});
const answer = (body: string, status = 200): HttpResponse => ({
  status,
  headers: { 'content-type': 'text/plain' },
  body: bytes(body),
});

const parts = {
  'clock and timers': timeCases,
  random: randomCases,
  storage: storageCases,
  network: networkCases,
  'network faults': faultCases,
  probe: probeCases,
};

/** The suite, or some parts of it. `create` is called once per test. */
export function describeIo(
  name: string,
  create: CreateHarness,
  only: readonly (keyof typeof parts)[] = Object.keys(parts) as (keyof typeof parts)[],
): void {
  describe(`io of ${name}`, () => {
    for (const part of only) describe(part, () => parts[part](create));
  });
}

function timeCases(create: CreateHarness): void {
  it('tells whole milliseconds, and microseconds that never go back', () =>
    within(create, async (harness) => {
      const io = await startEast(harness);
      assert.equal(io.id, `region/${east}`);
      assert.equal(io.location, east);
      const wall = io.clock.wallMs();
      const before = io.clock.monotonicUs();
      assert.ok(Number.isSafeInteger(wall) && wall > 0);
      assert.ok(before >= 0);
      await io.timers.sleep(10, 'test');
      assert.ok(io.clock.monotonicUs() - before >= 8_500);
      assert.ok(io.clock.wallMs() - wall >= 8);
    }));

  it('runs timers in the order of their delays and not at once', () =>
    within(create, async (harness) => {
      const io = await startEast(harness);
      const seen: string[] = [];
      io.timers.after(20, 'late', () => seen.push('late'));
      io.timers.after(0, 'zero', () => seen.push('zero'));
      io.timers.after(8, 'early', () => seen.push('early'));
      io.timers.after(4, 'cancelled', () => seen.push('cancelled')).cancel();
      assert.deepEqual(seen, []);
      await io.timers.sleep(40, 'test');
      assert.deepEqual(seen, ['zero', 'early', 'late']);
    }));

  it('repeats until cancelled, also from within', () =>
    within(create, async (harness) => {
      const io = await startEast(harness);
      let ticks = 0;
      const timer = io.timers.every(3, 'tick', () => {
        ticks += 1;
        if (ticks === 3) timer.cancel();
      });
      await io.timers.sleep(60, 'test');
      assert.equal(ticks, 3);
      timer.cancel();
    }));

  it('lets no callback of a dead process run (I2)', () =>
    within(create, async (harness) => {
      const doomed = await startEast(harness);
      const witness = await startWest(harness);
      const seen: string[] = [];
      doomed.timers.after(10, 'after', () => seen.push('after'));
      doomed.timers.every(2, 'every', () => seen.push('every'));
      void doomed.timers.sleep(10, 'sleep').then(() => seen.push('sleep'));
      await harness.crash(doomed);
      seen.length = 0;
      await witness.timers.sleep(30, 'test');
      assert.deepEqual(seen, []);
    }));
}

function randomCases(create: CreateHarness): void {
  it('stays inside its ranges', () =>
    within(create, async (harness) => {
      const { random } = await startEast(harness);
      const faces = new Set<number>();
      for (let i = 0; i < 500; i++) {
        const u32 = random.u32();
        assert.ok(Number.isInteger(u32) && u32 >= 0 && u32 < 2 ** 32);
        const float = random.float();
        assert.ok(float >= 0 && float < 1);
        faces.add(random.int(1, 6));
        const wide = random.int(-5, Number.MAX_SAFE_INTEGER - 10);
        assert.ok(Number.isSafeInteger(wide) && wide >= -5);
        assert.equal(random.chance(0), false);
        assert.equal(random.chance(1), true);
      }
      assert.deepEqual([...faces].sort(), [1, 2, 3, 4, 5, 6]);
      assert.equal(random.int(4, 4), 4);
      assert.equal(random.bytes(0).length, 0);
      assert.equal(random.bytes(33).length, 33);
      const v4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
      const ids = new Set(Array.from({ length: 100 }, () => random.uuid()));
      assert.equal(ids.size, 100);
      for (const id of ids) assert.match(id, v4);
    }));

  it('splits streams that do not shift one another, the same for the same seed', async () => {
    const draws = async (seed: number, extra: number): Promise<number[]> => {
      let drawn: number[] = [];
      await within(
        create,
        async (harness) => {
          const { random } = await startEast(harness);
          for (let i = 0; i < extra; i++) random.u32();
          const other = random.split('other');
          for (let i = 0; i < extra; i++) other.u32();
          const stream = random.split('stream');
          drawn = [stream.u32(), stream.u32(), random.split('stream/deeper').u32(), other.u32()];
        },
        { seed },
      );
      return drawn;
    };
    const plain = await draws(1, 0);
    const shifted = await draws(1, 3);
    assert.deepEqual(shifted.slice(0, 3), plain.slice(0, 3));
    assert.notEqual(shifted[3], plain[3]);
    assert.notDeepEqual(await draws(2, 0), plain);
    assert.equal(new Set(plain).size, 4);
  });
}

const soon: RequestOptions = { deadlineMs: 5_000 };

/** The NetError that a request ends with. */
async function failure(request: Promise<unknown>): Promise<NetError> {
  try {
    const response = JSON.stringify(await request);
    throw new assert.AssertionError({ message: `expected a NetError, got ${response}` });
  } catch (error) {
    assert.ok(error instanceof NetError, String(error));
    return error;
  }
}

function networkCases(create: CreateHarness): void {
  it('carries whole messages inside a process and between two', () =>
    within(create, async (harness) => {
      const io = await startEast(harness);
      const other = await startWest(harness);
      for (const server of [io, other]) {
        server.network.serve('echo', (request, from) => ({
          status: 201,
          headers: { 'x-from': from, 'x-path': request.path, 'set-cookie': ['a=1', 'b=2'] },
          body: bytes(`${request.method} ${request.headers['x-test']} ${text(request.body)}`),
        }));
      }
      for (const region of [east, west]) {
        const to = { region, service: 'echo' };
        const response = await io.network.request(to, post('grüße', { 'x-test': 'yes' }), soon);
        assert.equal(response.status, 201);
        assert.equal(response.headers['x-from'], east);
        assert.equal(response.headers['x-path'], '/orders?x=1');
        assert.deepEqual(response.headers['set-cookie'], ['a=1', 'b=2']);
        assert.equal(text(response.body), 'POST yes grüße');
        const named = { ...soon, from: '@tokyo' };
        const placed = await io.network.request(to, post(''), named);
        assert.equal(placed.headers['x-from'], '@tokyo');
      }
    }));

  it('carries many at once, and bodies of a megabyte, byte for byte', () =>
    within(create, async (harness) => {
      const io = await startEast(harness);
      const other = await startWest(harness);
      other.network.serve('echo', (request) => ({
        status: 200,
        headers: {},
        body: request.body.slice(),
      }));
      const to = { region: west, service: 'echo' };
      const big = new Uint8Array(1_000_000).map((_, index) => (index * 7) & 255);
      const response = await io.network.request(to, { ...post(''), body: big }, soon);
      assert.ok(Buffer.from(response.body).equals(big));
      const asks = Array.from({ length: 50 }, (_, index) =>
        io.network.request(to, post(`ask ${index}`), soon),
      );
      const bodies = (await Promise.all(asks)).map((each) => text(each.body));
      assert.deepEqual(
        bodies,
        Array.from({ length: 50 }, (_, index) => `ask ${index}`),
      );
    }));

  it('shares nothing by reference between two processes (I6)', () =>
    within(create, async (harness) => {
      const io = await startEast(harness);
      const other = await startWest(harness);
      const reply = bytes('reply');
      const received: Uint8Array[] = [];
      other.network.serve('keep', (request) => {
        received.push(request.body);
        return { status: 200, headers: {}, body: reply };
      });
      const sent = bytes('sent');
      const to = { region: west, service: 'keep' };
      const response = await io.network.request(to, { ...post(''), body: sent }, soon);
      sent.fill(0);
      reply.fill(0);
      assert.equal(text(received[0] ?? sent), 'sent');
      assert.equal(text(response.body), 'reply');
    }));

  it('answers later than the call returns, and never throws at once', () =>
    within(create, async (harness) => {
      const io = await startEast(harness);
      let called = false;
      io.network.serve('here', () => {
        called = true;
        return answer('here');
      });
      const asked = io.network.request({ region: east, service: 'here' }, post(''), soon);
      assert.equal(called, false);
      assert.equal(text((await asked).body), 'here');
    }));

  it('refuses what nobody serves, knowing that nothing was applied', () =>
    within(create, async (harness) => {
      const io = await startEast(harness);
      const other = await startWest(harness);
      const served = other.network.serve('orders', () => answer('ok'));
      assert.throws(() => other.network.serve('orders', () => answer('twice')));
      for (const to of [
        { region: east, service: 'absent' },
        { region: west, service: 'absent' },
        { region: 'ap-south-1', service: 'orders' },
        { ip: '127.0.12.1', port: 443, tls: true },
      ]) {
        const error = await failure(io.network.request(to, post(''), soon));
        assert.equal(error.code, 'ECONNREFUSED', JSON.stringify(to));
        assert.equal(error.maybeApplied, false);
      }
      const to = { region: west, service: 'orders' };
      assert.equal((await io.network.request(to, post(''), soon)).status, 200);
      await served.close();
      assert.equal((await failure(io.network.request(to, post(''), soon))).code, 'ECONNREFUSED');
      other.network.serve('orders', () => answer('again'));
      assert.equal(text((await io.network.request(to, post(''), soon)).body), 'again');
    }));

  it('leads the address of a region to its front door, host kept', () =>
    within(create, async (harness) => {
      const io = await startEast(harness);
      const other = await startWest(harness);
      other.network.serve('front-door', (request, from) =>
        answer(`${request.headers['host']} ${from}`),
      );
      const { regionIp } = await import('../world/addresses.ts');
      const request = post('', { host: 'api.orders.test' });
      for (const [port, tls] of [
        [80, false],
        [443, true],
      ] as const) {
        const to = { ip: regionIp(west), port, tls, serverName: 'api.orders.test' };
        const response = await io.network.request(to, request, soon);
        assert.equal(text(response.body), `api.orders.test ${east}`);
      }
    }));

  it('connects where something serves, and nowhere else', () =>
    within(create, async (harness) => {
      const io = await startEast(harness);
      const other = await startWest(harness);
      const { regionIp } = await import('../world/addresses.ts');
      const to = { ip: regionIp(west), port: 443, tls: true };
      let calls = 0;
      const serve = (one: Io): unknown =>
        one.network.serve('front-door', () => {
          calls += 1;
          return answer('ok');
        });
      serve(other);
      await io.network.connect(to, soon);
      harness.setConditions([{ a: east, b: west, cut: true }]);
      const cut = await failure(io.network.connect(to, { deadlineMs: 30 }));
      assert.equal(cut.code, 'ETIMEDOUT');
      harness.setConditions([]);
      await harness.crash(other);
      assert.equal((await failure(io.network.connect(to, soon))).code, 'ECONNREFUSED');
      serve(await startWest(harness));
      await io.network.connect(to, soon);
      assert.equal(calls, 0, 'a connection is no request');
    }));

  it('gives no more of a body than is wanted', () =>
    within(create, async (harness) => {
      const io = await startEast(harness);
      const other = await startWest(harness);
      for (const one of [io, other]) one.network.serve('long', () => answer('0123456789'));
      for (const region of [east, west]) {
        const to = { region, service: 'long' };
        const wanted = async (bodyBytes: number) =>
          text((await io.network.request(to, post(''), { ...soon, bodyBytes })).body);
        assert.deepEqual(
          [await wanted(0), await wanted(4), await wanted(10), await wanted(99)],
          ['', '0123', '0123456789', '0123456789'],
        );
      }
    }));

  it('settles at the deadline, unsure whether it was applied (I5)', () =>
    within(create, async (harness) => {
      const io = await startEast(harness);
      const other = await startWest(harness);
      let calls = 0;
      for (const server of [io, other]) {
        server.network.serve('silent', () => {
          calls += 1;
          return new Promise<HttpResponse>(() => {});
        });
      }
      for (const region of [east, west]) {
        const before = io.clock.monotonicUs();
        const to = { region, service: 'silent' };
        const error = await failure(io.network.request(to, post(''), { deadlineMs: 20 }));
        assert.equal(error.code, 'ETIMEDOUT');
        assert.equal(error.maybeApplied, true);
        const waitedMs = (io.clock.monotonicUs() - before) / 1_000;
        assert.ok(waitedMs >= 18 && waitedMs < 2_000, `waited ${waitedMs} ms`);
      }
      assert.equal(calls, 2);
    }));

  it('gives an answer its own time once the connection stands, where it is asked to', () =>
    within(create, async (harness) => {
      const io = await startEast(harness);
      const other = await startWest(harness);
      for (const server of [io, other]) {
        server.network.serve('silent', () => new Promise<HttpResponse>(() => {}));
        server.network.serve('slow', async () => {
          await server.timers.sleep(120, 'slow');
          return answer('late');
        });
      }
      for (const region of [east, west]) {
        const ask = (service: string, options: RequestOptions) =>
          io.network.request({ region, service }, post(''), options);
        const before = io.clock.monotonicUs();
        const error = await failure(ask('silent', { deadlineMs: 9_000, answerMs: 20 }));
        assert.deepEqual([error.code, error.maybeApplied], ['ETIMEDOUT', true]);
        assert.ok(io.clock.monotonicUs() - before < 4_000_000, 'not after the deadline');
        const late = await ask('slow', { deadlineMs: 100, answerMs: 9_000 });
        assert.equal(text(late.body), 'late', 'the deadline was the connection’s');
      }
    }));

  it('turns a handler that throws into a reset', () =>
    within(create, async (harness) => {
      const io = await startEast(harness);
      const other = await startWest(harness);
      for (const server of [io, other]) {
        server.network.serve('broken', () => Promise.reject(new RangeError('bug')));
      }
      for (const region of [east, west]) {
        const error = await failure(
          io.network.request({ region, service: 'broken' }, post(''), soon),
        );
        assert.equal(error.code, 'ECONNRESET');
        assert.equal(error.maybeApplied, true);
      }
    }));

  it('fails what a dying process leaves unanswered, and finds it again afterwards', () =>
    within(create, async (harness) => {
      const io = await startEast(harness);
      let other = await startWest(harness);
      let arrived = () => {};
      const arrival = new Promise<void>((resolve) => {
        arrived = resolve;
      });
      other.network.serve('orders', () => {
        arrived();
        return new Promise<HttpResponse>(() => {});
      });
      const to = { region: west, service: 'orders' };
      const asked = failure(io.network.request(to, post(''), { deadlineMs: 500 }));
      await arrival;
      await harness.crash(other);
      const error = await asked;
      assert.ok(error.code === 'ECONNRESET' || error.code === 'ETIMEDOUT', error.code);
      assert.equal(error.maybeApplied, true);
      assert.equal((await failure(io.network.request(to, post(''), soon))).code, 'ECONNREFUSED');
      other = await startWest(harness);
      other.network.serve('orders', () => answer('back'));
      assert.equal(text((await io.network.request(to, post(''), soon)).body), 'back');
    }));
}

function faultCases(create: CreateHarness): void {
  const pair = async (harness: IoHarness): Promise<{ io: Io; arrivals: number[] }> => {
    const io = await startEast(harness);
    const other = await startWest(harness);
    const arrivals: number[] = [];
    for (const server of [io, other]) {
      server.network.serve('orders', () => {
        arrivals.push(io.clock.monotonicUs());
        return answer('ok');
      });
    }
    return { io, arrivals };
  };
  const remote = { region: west, service: 'orders' };
  const local = { region: east, service: 'orders' };

  it('pays half the round trip each way between locations, nothing within one', () =>
    within(
      create,
      async (harness) => {
        const { io, arrivals } = await pair(harness);
        await io.network.request(local, post(''), soon);
        await io.network.request(remote, post(''), soon);
        arrivals.length = 0;
        const localStart = io.clock.monotonicUs();
        await io.network.request(local, post(''), soon);
        assert.ok(io.clock.monotonicUs() - localStart < 40_000);
        arrivals.length = 0;
        const start = io.clock.monotonicUs();
        await io.network.request(remote, post(''), soon);
        const end = io.clock.monotonicUs();
        const there = (arrivals[0] ?? start) - start;
        const back = end - (arrivals[0] ?? end);
        assert.ok(there >= 28_000 && back >= 28_000, `${there} µs there, ${back} µs back`);
        harness.setConditions([{ a: east, b: west, oneWay: true, extraLatencyMs: 50 }]);
        const slow = io.clock.monotonicUs();
        await io.network.request(remote, post(''), soon);
        assert.ok(io.clock.monotonicUs() - slow >= 107_000);
      },
      { rttMs: 60 },
    ));

  it('lets a cut swallow the request or the answer, until the deadline', () =>
    within(create, async (harness) => {
      const { io, arrivals } = await pair(harness);
      const brief = { deadlineMs: 30 };
      harness.setConditions([{ a: east, b: west, oneWay: true, cut: true }]);
      const before = io.clock.monotonicUs();
      const lost = await failure(io.network.request(remote, post(''), brief));
      assert.deepEqual([lost.code, lost.maybeApplied], ['ETIMEDOUT', true]);
      assert.ok(io.clock.monotonicUs() - before >= 28_000);
      assert.equal(arrivals.length, 0);
      harness.setConditions([{ a: west, b: east, oneWay: true, cut: true }]);
      const unanswered = await failure(io.network.request(remote, post(''), brief));
      assert.deepEqual([unanswered.code, unanswered.maybeApplied], ['ETIMEDOUT', true]);
      assert.equal(arrivals.length, 1);
      harness.setConditions([{ a: '*', b: '*', cut: true }]);
      assert.equal((await io.network.request(local, post(''), soon)).status, 200);
      const { regionIp } = await import('../world/addresses.ts');
      const address = { ip: regionIp(west), port: 443, tls: true };
      assert.equal((await failure(io.network.request(address, post(''), brief))).code, 'ETIMEDOUT');
      harness.setConditions([]);
      assert.equal((await io.network.request(remote, post(''), soon)).status, 200);
    }));

  it('cuts by where the caller stands', () =>
    within(create, async (harness) => {
      const { io } = await pair(harness);
      harness.setConditions([{ a: '@tokyo', b: west, cut: true }]);
      const options = { deadlineMs: 20, from: '@tokyo' };
      assert.equal(
        (await failure(io.network.request(remote, post(''), options))).code,
        'ETIMEDOUT',
      );
      assert.equal((await io.network.request(remote, post(''), soon)).status, 200);
      assert.equal(
        (await io.network.request(local, post(''), { ...soon, ...options })).status,
        200,
      );
    }));

  it('loses about the share of messages that it is told to', () =>
    within(create, async (harness) => {
      const { io } = await pair(harness);
      harness.setConditions([{ a: east, b: west, lossProbability: 0.3 }]);
      const asks = Array.from({ length: 200 }, () =>
        io.network.request(remote, post(''), { deadlineMs: 1_500 }).then(
          () => true,
          () => false,
        ),
      );
      const arrived = (await Promise.all(asks)).filter((each) => each).length;
      assert.ok(arrived > 60 && arrived < 140, `${arrived} of 200 arrived, expected about 98`);
    }));
}

function probeCases(create: CreateHarness): void {
  it('takes observations and decides nothing', () =>
    within(create, async (harness) => {
      const { probe } = await startEast(harness);
      probe.event('test.event', { text: 'a', number: 1, flag: true });
      probe.always(true, 'true is true');
      probe.sometimes(true, 'the suite reached its end');
      assert.equal(typeof probe.buggify('test', 0), 'boolean');
      assert.equal(probe.buggify('test', 0), false);
    }));
}
