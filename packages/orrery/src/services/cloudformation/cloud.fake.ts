/**
 * For tests: an edge and regions in virtual time, each a process with its services behind the real
 * endpoint, spoken to by wire requests.
 */
import assert from 'node:assert/strict';
import { createEndpoint } from '../../endpoint/endpoint.ts';
import type { Service } from '../../endpoint/service.ts';
import type { Io } from '../../io/io.ts';
import {
  createUniverse,
  type Universe,
  type UniverseOptions,
} from '../../io/simulated/universe.ts';
import { createCaller } from './calls.ts';

export interface FakeCloudOptions extends Partial<UniverseOptions> {
  readonly regions: readonly string[];
  readonly regionServices: (io: Io, region: string) => Promise<readonly Service[]>;
  readonly edgeServices: (io: Io) => Promise<readonly Service[]>;
}

export interface FakeCloud {
  readonly universe: Universe;
  /** Lets a process with no services of its own do something, and moves time until it is done. */
  perform<T>(run: (io: Io) => Promise<T>): Promise<T>;
  /** One AWS call from outside. Throws what the service answered. */
  call<Output>(
    service: string,
    operation: string,
    input: Readonly<Record<string, unknown>>,
    region?: string,
  ): Promise<Output>;
}

const limitMs = 3_600_000;
const accountId = '000000000000';
const globalServices = new Set(['iam', 'route53', 'sts']);

export async function fakeCloud(options: FakeCloudOptions): Promise<FakeCloud> {
  const { regions } = options;
  const universe = await createUniverse({ seed: 1, strict: false, ...options });
  const boot =
    (region: string, build: (io: Io) => Promise<readonly Service[]>) =>
    async (io: Io): Promise<void> => {
      const services = await build(io);
      const auth = { mode: 'open' } as const;
      const common = { io, accountId, regions, globalServices, auth };
      await createEndpoint({ ...common, region, services }).start();
    };
  universe.spawn('edge', 'global', boot('global', options.edgeServices));
  for (const region of regions) {
    const build = (io: Io): Promise<readonly Service[]> => options.regionServices(io, region);
    universe.spawn(`region/${region}`, region, boot(region, build));
  }
  const client = universe.spawn('client', 'global');
  await universe.runUntil(universe.nowUs + 1_000_000);
  assert.deepEqual(universe.failures, []);

  async function perform<T>(run: (io: Io) => Promise<T>): Promise<T> {
    type Answer = { readonly value: T } | { readonly error: unknown };
    const answer = await universe.perform<Answer>(
      client.id,
      async (io) => {
        try {
          return { value: await run(io) };
        } catch (error) {
          return { error };
        }
      },
      limitMs,
    );
    assert(answer !== undefined, `it ends: ${JSON.stringify(universe.failures)}`);
    if ('error' in answer) throw answer.error;
    return answer.value;
  }

  return {
    universe,
    perform,
    call: (service, operation, input, region = regions[0] ?? '') =>
      perform((io) =>
        createCaller(io, { deadlineMs: 30_000 }).call(service, operation, input, region),
      ),
  };
}
