/**
 * The service on the simulated disk, which loses what was not flushed: what was acknowledged is
 * there after a crash, and what was not is there wholly or not at all, indexes included.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEndpoint } from '../../endpoint/endpoint.ts';
import { requestJson } from '../../endpoint/internal-json.ts';
import { ServiceError } from '../../endpoint/service.ts';
import { type Io, NetError } from '../../io/io.ts';
import { createUniverse } from '../../io/simulated/universe.ts';
import { indexedTable } from './dynamodb.fake.ts';
import { createDynamoDbService } from './service.ts';

const region = 'us-east-1';

async function boot(io: Io): Promise<void> {
  const service = await createDynamoDbService(io, { region, accountId: '000000000000' });
  const endpoint = createEndpoint({
    io,
    region,
    accountId: '000000000000',
    services: [service],
    auth: { mode: 'open' },
    regions: [region],
    globalServices: new Set(),
  });
  await endpoint.start();
}

interface Answer {
  readonly Items?: readonly Record<string, Record<string, string>>[];
}

function call(io: Io, operation: string, input: object): Promise<Answer> {
  return requestJson<Answer>(io.network, { region, service: 'dynamodb' }, '/', input, {
    deadlineMs: 2_000,
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDB_20120810.${operation}`,
    },
  });
}

for (const seed of [1, 2, 3, 4, 5]) {
  test(`acknowledged writes survive crashes, seed ${seed}`, async () => {
    const universe = await createUniverse({
      seed,
      storage: { flushLowUs: 500, flushHighUs: 20_000 },
    });
    universe.spawn('region', region, boot);
    universe.spawn('client', region, async () => {});
    const within = <T>(run: (io: Io) => Promise<T>) => universe.perform('client', run, 60_000);
    await within((io) => call(io, 'CreateTable', indexedTable));

    const sent = new Map<string, number>();
    const acknowledged = new Map<string, number>();
    const write = async (io: Io, id: string, weight: number): Promise<void> => {
      sent.set(id, weight);
      try {
        await call(io, 'PutItem', {
          TableName: 'indexed',
          Item: {
            pk: { S: 'p' },
            sk: { S: id },
            weight: { N: String(weight) },
            colour: { S: weight % 2 === 0 ? 'red' : 'blue' },
          },
        });
        acknowledged.set(id, weight);
      } catch (error) {
        assert.ok(error instanceof NetError || error instanceof ServiceError, String(error));
      }
    };
    for (let round = 0; round < 5; round += 1) {
      universe.at(universe.nowUs + 15_000 + round * 7_000, 'crash', () => {
        universe.crash('region');
        universe.at(universe.nowUs + 30_000, 'restart', () => universe.restart('region'));
      });
      await within(async (io) => {
        const writers = Array.from({ length: 8 }, (_, w) => `w${w}`);
        await Promise.all(
          writers.map(async (writer) => {
            for (let i = 0; i < 6; i += 1) {
              await write(io, `${writer}-${round}`, round * 10 + i);
              await io.timers.sleep(2, 'between writes');
            }
          }),
        );
        await io.timers.sleep(200, 'the region comes back');
      });
    }
    assert.ok(acknowledged.size > 0);
    const rows = await within((io) => call(io, 'Scan', { TableName: 'indexed' }));
    const found = new Map(
      (rows?.Items ?? []).map((item) => [item['sk']?.['S'] ?? '', Number(item['weight']?.['N'])]),
    );
    for (const [id, weight] of acknowledged) {
      assert.ok((found.get(id) ?? -1) >= weight, `${id}: ${found.get(id)} after ${weight}`);
    }
    for (const [id, weight] of found) assert.ok(weight <= (sent.get(id) ?? -1));
    for (const colour of ['red', 'blue']) {
      const indexed = await within((io) =>
        call(io, 'Query', {
          TableName: 'indexed',
          IndexName: 'byColour',
          KeyConditionExpression: 'colour = :c',
          ExpressionAttributeValues: { ':c': { S: colour } },
        }),
      );
      const ids = (indexed?.Items ?? []).map((item) => item['sk']?.['S'] ?? '').sort();
      const expected = [...found].filter(([, w]) => (w % 2 === 0) === (colour === 'red'));
      assert.deepEqual(ids, expected.map(([id]) => id).sort());
    }
    assert.deepEqual(universe.failures, []);
  });
}
