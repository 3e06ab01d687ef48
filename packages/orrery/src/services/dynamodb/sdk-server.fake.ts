/**
 * The service behind the endpoint, on the store that it runs on, with an unmodified SDK client; for
 * this folder's tests.
 */
import { DynamoDB } from '@aws-sdk/client-dynamodb';
import { createEndpoint, type Endpoint } from '../../endpoint/endpoint.ts';
import { type FakeServer, fakeIo, listen } from '../../endpoint/io.fake.ts';
import type { Io } from '../../io/io.ts';
import { createProbe } from '../../io/node/probe.ts';
import { createStorage, type OwnedStorage } from '../../io/node/storage.ts';
import { createTimers } from '../../io/node/timers.ts';
import { createDynamoDbService, type DynamoDbOptions } from './service.ts';

export const region = 'us-east-1';
const accountId = '000000000000';

export interface Running {
  readonly endpoint: Endpoint;
  readonly server: FakeServer;
  readonly storage: OwnedStorage;
  readonly client: DynamoDB;
}

/** Serves what is stored in that directory. */
export async function run(
  directory: string,
  options: Partial<DynamoDbOptions> = {},
): Promise<Running> {
  const storage = createStorage(directory, 'test', 'process');
  const probe = createProbe('test', undefined);
  const io: Io = {
    ...fakeIo(region, new Map(), []),
    storage,
    timers: createTimers(probe),
  };
  const dynamoDb = await createDynamoDbService(io, { region, accountId, ...options });
  const endpoint = createEndpoint({
    io,
    region,
    accountId,
    services: [dynamoDb, dynamoDb.streams],
    auth: { mode: 'open' },
    regions: [region],
    globalServices: new Set(),
  });
  await endpoint.start();
  const server = await listen(endpoint.handle);
  const client = new DynamoDB({
    endpoint: server.url,
    region,
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' },
    maxAttempts: 1,
  });
  return { endpoint, server, storage, client };
}

export async function stop({ endpoint, server, storage, client }: Running): Promise<void> {
  client.destroy();
  await server.close();
  await endpoint.stop();
  await storage.close();
}
