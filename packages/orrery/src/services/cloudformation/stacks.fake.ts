/**
 * For tests: CloudFormation of one region in virtual time, with resource types that only note what
 * is asked of them. `Test::Thing` takes `Name` and `Kind` (replace), `Size`, `DelayMs`, and fails where its
 * property `Fail` says so: `create`, `update` or `delete`.
 */
import assert from 'node:assert/strict';
import { type RequestContext, type Service, ServiceError } from '../../endpoint/service.ts';
import type { Io } from '../../io/io.ts';
import { createUniverse, type Universe } from '../../io/simulated/universe.ts';
import type { Caller } from './calls.ts';
import type { ResourceContext, ResourceType } from './resource-types/resource-type.ts';
import { createCloudFormationService } from './service.ts';
import type { Properties } from './template/template.ts';

export interface FakeStacks {
  readonly universe: Universe;
  /** What was asked of the resource types: `create A thing-1`. */
  readonly log: string[];
  /** Things that exist, by physical id. */
  readonly things: Map<string, Properties>;
  readonly ssm: Map<string, string>;
  /** One operation; throws `ServiceError` as the handler does. */
  call<Output = Record<string, never>>(operation: string, input: object): Promise<Output>;
  /** Creates, updates or deletes, and answers the status that the stack ends in. */
  run(operation: string, input: object): Promise<string>;
  /** Runs so long that everything under way has ended. */
  idle(): Promise<void>;
}

const region = 'us-east-1';
const id = `region/${region}`;
const limitMs = 600_000;

function fail(properties: Properties, at: string): void {
  if (properties['Fail'] === at) {
    throw new ServiceError('InvalidRequest', `no ${at} today`, { status: 400 });
  }
}

async function delay(properties: Properties, context: ResourceContext): Promise<void> {
  let polls = Number(properties['DelayMs'] ?? 0) / 25;
  await context.until('a while', () => Promise.resolve(polls-- <= 0));
}

function thingType(log: string[], things: Map<string, Properties>): ResourceType {
  let made = 0;
  return {
    name: 'Test::Thing',
    replaceOn: ['Name', 'Kind'],
    nameProperty: 'Name',
    async create(properties, context) {
      made += 1;
      const physicalId = `thing-${made}`;
      log.push(`create ${context.logicalId} ${physicalId}${context.resumed ? ' resumed' : ''}`);
      await delay(properties, context);
      fail(properties, 'create');
      things.set(physicalId, properties);
      const handle = { physicalId, attributes: { Arn: `arn:${physicalId}` } };
      if (properties['Fail'] === 'late') {
        context.made(handle);
        throw new ServiceError('InvalidRequest', 'late', { status: 400 });
      }
      return handle;
    },
    async update(handle, properties, _previous, context) {
      log.push(`update ${context.logicalId} ${handle.physicalId}`);
      await delay(properties, context);
      fail(properties, 'update');
      things.set(handle.physicalId, properties);
      return handle;
    },
    async delete(handle, properties, context) {
      log.push(`delete ${context.logicalId} ${handle.physicalId}`);
      await delay(properties, context);
      fail(properties, 'delete');
      if (!things.delete(handle.physicalId)) {
        throw new ServiceError('NoSuchThing', 'gone', { status: 404 });
      }
    },
  };
}

/** SSM parameters from a map; there is no other service. */
function ssmCaller(ssm: ReadonlyMap<string, string>): Caller {
  return {
    call: <Output>(service: string, operation: string, input: object): Promise<Output> => {
      assert.deepEqual([service, operation], ['ssm', 'GetParameters']);
      const [name = ''] = (input as { Names: string[] }).Names;
      const value = ssm.get(name);
      const Parameters = value === undefined ? [] : [{ Name: name, Value: value }];
      return Promise.resolve({ Parameters } as Output);
    },
    post: () => Promise.reject(new Error('no other address')),
  };
}

/** Restarts find the things of before: they stand for other services. */
export async function fakeStacks(seed = 1): Promise<FakeStacks> {
  const log: string[] = [];
  const things = new Map<string, Properties>();
  const ssm = new Map([['/there', 'value']]);
  const thing = thingType(log, things);
  const caller = ssmCaller(ssm);

  const universe = await createUniverse({ seed, strict: false });
  let service: Service | undefined;
  const boot = async (io: Io): Promise<void> => {
    service = await createCloudFormationService(io, {
      region,
      stabilizeMs: 60_000,
      types: new Map([[thing.name, thing]]),
      caller,
    });
    await service.start?.();
  };
  universe.spawn(id, region, boot);
  await universe.runUntil(universe.nowUs + 1_000_000);

  async function call<Output>(operation: string, input: object): Promise<Output> {
    type Answer = { readonly output: Output } | { readonly error: unknown };
    const answer = await universe.perform<Answer>(
      id,
      async () => {
        try {
          const run = service?.operations[operation];
          assert(run !== undefined, operation);
          return { output: (await run(input as never, {} as RequestContext)) as Output };
        } catch (error) {
          return { error };
        }
      },
      limitMs,
    );
    assert(answer !== undefined, `${operation} is answered: ${JSON.stringify(universe.failures)}`);
    if ('error' in answer) throw answer.error;
    return answer.output;
  }

  async function idle(): Promise<void> {
    await universe.runUntil(universe.nowUs + 120_000_000);
    assert.deepEqual(universe.failures, []);
  }

  return {
    universe,
    log,
    things,
    ssm,
    call,
    idle,
    async run(operation, input) {
      await call(operation, input);
      await idle();
      const StackName = (input as { StackName: string }).StackName;
      const { Stacks } = await call<{ Stacks: { StackStatus: string }[] }>('DescribeStacks', {
        StackName,
      });
      return Stacks[0]?.StackStatus ?? '';
    },
  };
}
