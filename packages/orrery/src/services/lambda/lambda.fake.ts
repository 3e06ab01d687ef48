/**
 * For tests: a region in virtual time with Lambda and Logs, whose functions are played by plain
 * functions. The file `index.mjs` of a function's zip holds the name of the function that plays it.
 */
import assert from 'node:assert/strict';
import { zipSync } from 'fflate';
import type { RequestContext, Service } from '../../endpoint/service.ts';
import type { HttpResponse, Io } from '../../io/io.ts';
import type { Program, SimulatedChild } from '../../io/simulated/processes.ts';
import { createUniverse, type Universe } from '../../io/simulated/universe.ts';
import { createLogsService } from '../logs/service.ts';
import type { LambdaOptions } from './options.ts';
import { createLambdaService } from './service.ts';

export interface PlayedInvocation {
  readonly event: unknown;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly child: SimulatedChild;
}

/** Returns the answer, throws the function's error, or exits by throwing `Exit`. */
export type Play = (invocation: PlayedInvocation) => unknown;

export interface Player {
  readonly init?: (child: SimulatedChild) => Promise<void> | void;
  readonly handler: Play;
}

/** Thrown by a player: the process ends, with code 1. */
export class Exit extends Error {}

const prefix = '/2018-06-01/runtime';

export function programOf(player: Player): Program {
  return async (child) => {
    const call = (method: string, path: string, body: unknown): Promise<HttpResponse> =>
      child.request({
        method,
        path: `${prefix}${path}`,
        headers: {},
        body: body === undefined ? new Uint8Array(0) : Buffer.from(JSON.stringify(body)),
      });
    try {
      await player.init?.(child);
    } catch (error) {
      if (error instanceof Exit) throw error;
      await call('POST', '/init/error', bodyOf(error));
      throw error;
    }
    for (;;) {
      const next = await call('GET', '/invocation/next', undefined);
      assert.equal(next.status, 200);
      const id = String(next.headers['lambda-runtime-aws-request-id']);
      const event: unknown = JSON.parse(Buffer.from(next.body).toString());
      try {
        const answer = await player.handler({ event, headers: next.headers, child });
        await call('POST', `/invocation/${id}/response`, answer ?? null);
      } catch (error) {
        if (error instanceof Exit) throw error;
        await call('POST', `/invocation/${id}/error`, bodyOf(error));
      }
    }
  };
}

function bodyOf(error: unknown): unknown {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { errorType: name, errorMessage: message, trace: [] };
}

export type Call = <T = Record<string, unknown>>(
  operation: string,
  input: Record<string, unknown>,
) => Promise<T>;

export interface Region {
  readonly io: Io;
  readonly lambda: Service;
  readonly logs: Service;
  readonly call: Call;
  readonly callLogs: Call;
  /** Of the further service that the test brought. */
  readonly callMore: Call;
}

export interface World {
  readonly universe: Universe;
  /** Runs `body` inside the region until it is done, in virtual time. */
  run<T>(body: (region: Region) => Promise<T>, limitMs?: number): Promise<T>;
  restart(): void;
}

const id = 'region/eu-west-1';

export async function createWorld(
  players: Readonly<Record<string, Player>>,
  options: Partial<LambdaOptions> = {},
  more?: (io: Io) => Promise<Service>,
): Promise<World> {
  const universe = await createUniverse({
    seed: 7,
    findProgram: (_spec, files) => {
      const name = Buffer.from(files.get('index.mjs') ?? []).toString();
      const player = players[name];
      return player === undefined ? undefined : programOf(player);
    },
  });
  let region: Region | undefined;
  universe.spawn(id, 'eu-west-1', async (io) => {
    const lambda = await createLambdaService(io, {
      accountId: '000000000000',
      region: 'eu-west-1',
      endpointUrl: 'http://127.0.2.1:4566',
      ...options,
    });
    const logs = await createLogsService(io, { accountId: '000000000000', region: 'eu-west-1' });
    const another = await more?.(io);
    for (const service of another === undefined ? [lambda, logs] : [lambda, logs, another]) {
      for (const [name, handler] of Object.entries(service.internal ?? {})) {
        io.network.serve(name, handler);
      }
      await service.start?.();
    }
    region = {
      io,
      lambda,
      logs,
      call: callerOf(io, lambda),
      callLogs: callerOf(io, logs),
      callMore: callerOf(io, another ?? lambda),
    };
  });
  return {
    universe,
    run: async (body, limitMs = 60_000) => {
      let thrown: unknown;
      const result = await universe.perform(
        id,
        async (io) => {
          while (region === undefined) await io.timers.sleep(1, 'boot');
          try {
            return { value: await body(region) };
          } catch (error) {
            thrown = error;
            return undefined;
          }
        },
        limitMs,
      );
      assert.deepEqual(universe.failures, []);
      if (thrown !== undefined) throw thrown;
      assert.ok(result !== undefined, `not done within ${limitMs} ms`);
      return result.value;
    },
    restart: () => {
      region = undefined;
      universe.crash(id);
      universe.restart(id);
    },
  };
}

function callerOf(io: Io, service: Service): Call {
  return async (operation, input) => {
    const handler = service.operations[operation];
    assert.ok(handler !== undefined, `no operation ${operation}`);
    const context: RequestContext = {
      service: service.name,
      operation,
      region: 'eu-west-1',
      accountId: '000000000000',
      requestId: io.random.uuid(),
      from: 'eu-west-1',
      accessKeyId: undefined,
    };
    return (await handler(input as never, context)) as never;
  };
}

/** The input of CreateFunction for a function played by `name`. */
export function functionInput(
  name: string,
  more: Record<string, unknown> = {},
): Record<string, unknown> {
  return {
    FunctionName: name,
    Role: 'arn:aws:iam::000000000000:role/service-role/orders',
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
    Code: { ZipFile: zipSync({ 'index.mjs': Buffer.from(name) }) },
    ...more,
  };
}

export function json(payload: unknown): unknown {
  return JSON.parse(Buffer.from(payload as Uint8Array).toString());
}

/** The messages in a function's log group, in order. */
export async function logOf(region: Region, name: string): Promise<string[]> {
  await region.io.timers.sleep(500, 'logs arrive');
  const lines: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = await region.callLogs<{ events: { message: string }[]; nextToken?: string }>(
      'FilterLogEvents',
      { logGroupName: `/aws/lambda/${name}`, ...(nextToken === undefined ? {} : { nextToken }) },
    );
    lines.push(...page.events.map((event) => event.message.trimEnd()));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return lines;
}
