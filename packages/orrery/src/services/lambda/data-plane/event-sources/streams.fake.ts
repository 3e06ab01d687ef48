/**
 * For tests: a region in virtual time with Lambda, DynamoDB and Logs behind its endpoint, called over
 * the network by a client that lives on when the region dies. Functions are played by plain functions
 * of the same name.
 */
import assert from 'node:assert/strict';
import { callAws } from '../../../../endpoint/aws-call.ts';
import { createEndpoint } from '../../../../endpoint/endpoint.ts';
import type { ServiceError } from '../../../../endpoint/service.ts';
import type { SimulatedChild } from '../../../../io/simulated/processes.ts';
import { createUniverse, type Universe } from '../../../../io/simulated/universe.ts';
import dynamodb from '../../../../wire/generated/dynamodb.json' with { type: 'json' };
import streams from '../../../../wire/generated/dynamodbstreams.json' with { type: 'json' };
import lambda from '../../../../wire/generated/lambda.json' with { type: 'json' };
import logs from '../../../../wire/generated/logs.json' with { type: 'json' };
import { asModel } from '../../../../wire/models.ts';
import { createDynamoDbService, type DynamoDbOptions } from '../../../dynamodb/service.ts';
import { createLogsService } from '../../../logs/service.ts';
import { functionInput, type Player, programOf } from '../../lambda.fake.ts';
import type { LambdaOptions } from '../../options.ts';
import { createLambdaService } from '../../service.ts';

const models = {
  dynamodb: asModel(dynamodb),
  streams: asModel(streams),
  lambda: asModel(lambda),
  logs: asModel(logs),
};
const accountId = '000000000000';
const region = 'eu-west-1';
const id = `region/${region}`;
const limitMs = 7 * 86_400_000;

export interface StreamWorldOptions {
  readonly seed?: number;
  readonly lambda?: Partial<LambdaOptions>;
  readonly dynamoDb?: Partial<DynamoDbOptions>;
}

/** A record of an event, as far as tests look at it. */
export interface EventRecord {
  readonly eventID: string;
  readonly eventName: string;
  readonly eventSourceARN: string;
  readonly userIdentity?: object;
  readonly dynamodb: {
    readonly SequenceNumber: string;
    readonly Keys: { readonly pk: { readonly S: string } };
    readonly NewImage?: {
      readonly pk: { readonly S: string };
      readonly n?: { readonly N: string };
    };
  };
}

export interface StreamEvent {
  readonly Records: readonly EventRecord[];
}

export interface Mapping {
  readonly UUID: string;
  readonly State: string;
  readonly LastProcessingResult: string;
  readonly [member: string]: unknown;
}

type Input = Readonly<Record<string, unknown>>;

export class StreamWorld {
  readonly universe: Universe;
  /** Set when the region has started. */
  stop: () => Promise<void> = async () => {};

  constructor(universe: Universe) {
    this.universe = universe;
  }

  /** The output of an operation. Throws what the service answered. */
  async call<Output = Input>(
    service: keyof typeof models,
    operation: string,
    input: Input,
  ): Promise<Output> {
    type Answer = { readonly output: Output } | { readonly error: unknown };
    const address = { region, service: service === 'streams' ? 'dynamodb' : service };
    const answer = await this.universe.perform<Answer>(
      'client',
      async (io) => {
        try {
          const options = { deadlineMs: 30_000 };
          const model = models[service];
          return { output: await callAws<Output>(io, address, model, operation, input, options) };
        } catch (error) {
          return { error };
        }
      },
      limitMs,
    );
    assert.deepEqual(this.universe.failures, []);
    assert.ok(answer !== undefined);
    if ('error' in answer) throw answer.error;
    return answer.output;
  }

  lambda<Output = Mapping>(operation: string, input: Input): Promise<Output> {
    return this.call<Output>('lambda', operation, input);
  }

  async failure(operation: string, input: Input): Promise<ServiceError> {
    return this.lambda(operation, input).then(
      () => assert.fail(`${operation} succeeded`),
      (error: ServiceError) => error,
    );
  }

  /** Lets so much time pass. */
  async pass(milliseconds: number): Promise<void> {
    await this.universe.runUntil(this.universe.nowUs + milliseconds * 1000);
    assert.deepEqual(this.universe.failures, []);
  }

  async until(
    what: string,
    holds: () => boolean | Promise<boolean>,
    maxMs = 120_000,
  ): Promise<void> {
    const endUs = this.universe.nowUs + maxMs * 1000;
    while (!(await holds())) {
      assert.ok(this.universe.nowUs < endUs, `not within ${maxMs} ms: ${what}`);
      await this.pass(50);
    }
  }

  /** Ends the region as Ctrl-C does, and starts it again. */
  async restartGracefully(): Promise<void> {
    await this.universe.perform(id, async () => await this.stop(), limitMs);
    this.crash();
    this.restart();
    await this.pass(1_000);
  }

  /** The messages in a function's log group. */
  async logOf(name: string): Promise<string> {
    await this.pass(1_000);
    const { events } = await this.call<{ events: { message: string }[] }>(
      'logs',
      'FilterLogEvents',
      { logGroupName: `/aws/lambda/${name}` },
    );
    return events.map(({ message }) => message).join('');
  }

  crash(): void {
    this.universe.crash(id);
  }

  restart(): void {
    this.universe.restart(id);
  }

  /** A table with a stream; answers the stream's ARN. */
  async makeTable(TableName = 'items', StreamViewType = 'NEW_AND_OLD_IMAGES'): Promise<string> {
    const { TableDescription } = await this.call<{
      TableDescription: { LatestStreamArn: string };
    }>('dynamodb', 'CreateTable', {
      TableName,
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification: { StreamEnabled: true, StreamViewType },
    });
    return TableDescription.LatestStreamArn;
  }

  async put(pk: string, n: number, TableName = 'items'): Promise<void> {
    const Item = { pk: { S: pk }, n: { N: String(n) } };
    await this.call('dynamodb', 'PutItem', { TableName, Item });
  }

  async makeFunction(name: string, more: Input = {}): Promise<void> {
    await this.lambda('CreateFunction', functionInput(name, more));
  }

  /** A mapping that is Enabled, or Disabled where it was asked for. */
  async map(FunctionName: string, EventSourceArn: string, more: Input = {}): Promise<string> {
    const { UUID } = await this.lambda('CreateEventSourceMapping', {
      FunctionName,
      EventSourceArn,
      StartingPosition: 'TRIM_HORIZON',
      ...more,
    });
    await this.settled(UUID);
    return UUID;
  }

  async mapping(UUID: string): Promise<Mapping> {
    return await this.lambda('GetEventSourceMapping', { UUID });
  }

  async settled(UUID: string): Promise<void> {
    await this.until('the mapping has settled', async () =>
      ['Enabled', 'Disabled'].includes((await this.mapping(UUID)).State),
    );
  }
}

/** Functions by name; a handler gets the event of its mapping. */
export async function streamWorld(
  functions: Readonly<Record<string, (event: StreamEvent, child: SimulatedChild) => unknown>>,
  options: StreamWorldOptions = {},
): Promise<StreamWorld> {
  const players = new Map<string, Player>(
    Object.entries(functions).map(([name, handle]) => [
      name,
      { handler: ({ event, child }) => handle(event as StreamEvent, child) },
    ]),
  );
  const universe = await createUniverse({
    seed: options.seed ?? 7,
    strict: false,
    findProgram: (_spec, files) => {
      const player = players.get(Buffer.from(files.get('index.mjs') ?? []).toString());
      return player === undefined ? undefined : programOf(player);
    },
  });
  const world = new StreamWorld(universe);
  universe.spawn(id, region, async (io) => {
    const common = { accountId, region };
    const endpointUrl = 'http://127.0.2.1:4566';
    const dynamoDb = await createDynamoDbService(io, { ...common, ...options.dynamoDb });
    const services = [
      await createLogsService(io, common),
      await createLambdaService(io, { ...common, endpointUrl, ...options.lambda }),
      dynamoDb,
      dynamoDb.streams,
    ];
    const auth = { mode: 'open' } as const;
    const globalServices = new Set<string>();
    const regions = [region];
    const settings = { io, region, accountId, services, auth, regions, globalServices };
    const endpoint = createEndpoint(settings);
    await endpoint.start();
    world.stop = () => endpoint.stop();
  });
  universe.spawn('client', region);
  await world.pass(1_000);
  return world;
}

/** The value `n` of each record's new image. */
export function numbers({ Records }: StreamEvent): number[] {
  return Records.map(({ dynamodb }) => Number(dynamodb.NewImage?.n?.N));
}
