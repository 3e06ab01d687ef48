/**
 * The service on a memory store, called as the endpoint calls it; for this folder's tests.
 */
import assert from 'node:assert/strict';
import {
  type RequestContext,
  SerializedBody,
  SerializedBytes,
  ServiceError,
} from '../../endpoint/service.ts';
import { type MemoryIo, memoryIo } from './memory-io.fake.ts';
import { createDynamoDbService, type DynamoDbOptions, type DynamoDbService } from './service.ts';

export interface Tested extends MemoryIo {
  readonly service: DynamoDbService;
  /** The output of an operation, of streams too. The input is copied, as a parser would make it. */
  call(operation: string, input: object): Promise<Record<string, unknown>>;
  /** `Code: message` of what the operation throws. */
  problem(operation: string, input: object): Promise<string>;
  failure(operation: string, input: object): Promise<ServiceError>;
}

const context: RequestContext = {
  service: 'dynamodb',
  operation: '',
  region: 'us-east-1',
  accountId: '000000000000',
  requestId: '0',
  from: '@test',
  accessKeyId: undefined,
};

/** What the service has serialised itself; undefined where it has not. */
export function parsedOutput(output: unknown): Record<string, unknown> | undefined {
  if (output instanceof SerializedBytes) return JSON.parse(Buffer.from(output.bytes).toString());
  return output instanceof SerializedBody ? JSON.parse(output.text) : undefined;
}

export async function testedService(
  content = new Map<string, string>(),
  options: Partial<DynamoDbOptions> = {},
): Promise<Tested> {
  const memory = memoryIo('us-east-1', content);
  const service = await createDynamoDbService(memory.io, {
    region: 'us-east-1',
    accountId: '000000000000',
    turnRows: 200,
    ...options,
  });
  await service.start?.();
  const call = async (operation: string, input: object): Promise<Record<string, unknown>> => {
    const run = service.operations[operation] ?? service.streams.operations[operation];
    assert.ok(run !== undefined, operation);
    const running = run(structuredClone(input) as never, { ...context, operation });
    const output = await settled(running, memory);
    return parsedOutput(output) ?? (output as never);
  };
  const failure = async (operation: string, input: object): Promise<ServiceError> => {
    try {
      await call(operation, input);
    } catch (error) {
      assert.ok(error instanceof ServiceError, (error as Error).stack ?? String(error));
      return error;
    }
    assert.fail(`${operation} succeeded`);
  };
  return {
    ...memory,
    service,
    call,
    failure,
    problem: async (operation, input) => {
      const { code, message } = await failure(operation, input);
      return `${code}: ${message}`;
    },
  };
}

/** What it resolves to; where it waits for turns, those are given. */
async function settled(running: unknown, { advance }: MemoryIo): Promise<unknown> {
  let waits = true;
  const done = (): void => {
    waits = false;
  };
  Promise.resolve(running).then(done, done);
  for (let given = 0; waits; given += 1) {
    assert.ok(given < 10_000, 'it waits for something else');
    // What waits for nothing but promises is done by then.
    for (let tick = 0; waits && tick < 50; tick += 1) await Promise.resolve();
    if (waits) advance(0);
  }
  return running;
}

export const hashTable = {
  TableName: 'hash',
  AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
  KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
  BillingMode: 'PAY_PER_REQUEST',
};

export const rangeTable = {
  TableName: 'range',
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'N' },
  ],
  KeySchema: [
    { AttributeName: 'pk', KeyType: 'HASH' },
    { AttributeName: 'sk', KeyType: 'RANGE' },
  ],
  BillingMode: 'PAY_PER_REQUEST',
};

export const indexedTable = {
  TableName: 'indexed',
  AttributeDefinitions: [
    { AttributeName: 'pk', AttributeType: 'S' },
    { AttributeName: 'sk', AttributeType: 'S' },
    { AttributeName: 'weight', AttributeType: 'N' },
    { AttributeName: 'colour', AttributeType: 'S' },
  ],
  KeySchema: rangeTable.KeySchema,
  BillingMode: 'PAY_PER_REQUEST',
  LocalSecondaryIndexes: [
    {
      IndexName: 'byWeight',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'weight', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'KEYS_ONLY' },
    },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'byColour',
      KeySchema: [
        { AttributeName: 'colour', KeyType: 'HASH' },
        { AttributeName: 'weight', KeyType: 'RANGE' },
      ],
      Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['note'] },
    },
  ],
};
