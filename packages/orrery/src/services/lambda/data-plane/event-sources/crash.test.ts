/**
 * Regions that die while they read streams, in virtual time: each seed draws the mapping, the writes,
 * the function's moods and the crashes.
 *
 *  1. Every acknowledged write reaches the function, in an invocation that succeeds.
 *  2. Of one item nothing succeeds before what was written earlier has succeeded.
 */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { namedRandom } from '../../../../io/simulated/random.ts';
import { type StreamEvent, type StreamWorld, streamWorld } from './streams.fake.ts';

const keys = ['a', 'b', 'c', 'd', 'e'];

interface Handled {
  readonly key: string;
  readonly n: number;
}

function draw(seed: number) {
  const random = namedRandom(seed, 'stream plan');
  return {
    random,
    settings: {
      BatchSize: random.int(1, 12),
      ParallelizationFactor: random.int(1, 4),
      MaximumBatchingWindowInSeconds: random.chance(0.3) ? random.int(1, 5) : 0,
      BisectBatchOnFunctionError: random.chance(0.5),
      FunctionResponseTypes: random.chance(0.5) ? ['ReportBatchItemFailures'] : [],
      StartingPosition: random.chance(0.5) ? 'LATEST' : 'TRIM_HORIZON',
    },
    shardRecords: random.int(3, 20),
    failing: random.chance(0.7) ? 0.2 : 0,
    writes: 80,
  };
}

type Plan = ReturnType<typeof draw>;

/** What the function does with an event; what it succeeds with is told. */
function moody({ random, settings, failing }: Plan, succeed: (records: Handled[]) => void) {
  const moods = random.split('moods');
  const handledOf = ({ Records }: StreamEvent): Handled[] =>
    Records.map(({ dynamodb }) => ({
      key: dynamodb.Keys.pk.S,
      n: Number(dynamodb.NewImage?.n?.N),
    }));
  return (event: StreamEvent): unknown => {
    const all = handledOf(event);
    if (!moods.chance(failing)) {
      succeed(all);
      return { batchItemFailures: [] };
    }
    if (settings.FunctionResponseTypes.length === 0 || moods.chance(0.5)) throw new Error('moody');
    const at = moods.int(0, all.length - 1);
    succeed(all.slice(0, at));
    const itemIdentifier = event.Records[at]?.dynamodb.SequenceNumber;
    return { batchItemFailures: [{ itemIdentifier }] };
  };
}

async function write(world: StreamWorld, key: string, n: number): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await world.put(key, n);
    } catch (error) {
      if (attempt > 60) throw error;
      await world.pass(500);
    }
  }
}

async function run(seed: number): Promise<void> {
  const plan = draw(seed);
  const { random, settings, shardRecords } = plan;
  const handled: Handled[] = [];
  const world = await streamWorld(
    { sink: moody(plan, (records) => handled.push(...records)) },
    { seed, dynamoDb: { streamShards: { shardRecords } } },
  );
  const streamArn = await world.makeTable();
  await world.makeFunction('sink');
  await world.map('sink', streamArn, settings);
  const crashes = random.int(1, 4);
  for (let i = 0; i < crashes; i += 1) {
    const atUs = world.universe.nowUs + random.int(0, 20_000_000);
    world.universe.at(atUs, 'crash', () => world.crash());
    world.universe.at(atUs + random.int(1, 5_000_000), 'restart', () => world.restart());
  }
  const written = new Map(keys.map((key) => [key, 0]));
  for (let i = 0; i < plan.writes; i += 1) {
    const key = keys[random.int(0, keys.length - 1)] ?? '';
    const n = (written.get(key) ?? 0) + 1;
    await write(world, key, n);
    written.set(key, n);
    if (random.chance(0.3)) await world.pass(random.int(1, 1_000));
  }
  const counts = (): Map<string, number> => highest(handled);
  await world.until(
    `all is handled: ${JSON.stringify(settings)}`,
    () => keys.every((key) => (counts().get(key) ?? 0) >= (written.get(key) ?? 0)),
    900_000,
  );
}

/** By item; fails where one was handled before its predecessor. */
function highest(handled: readonly Handled[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const { key, n } of handled) {
    const before = found.get(key) ?? 0;
    assert.ok(n <= before + 1, `${key}: ${n} was handled when ${before} was the last`);
    found.set(key, Math.max(before, n));
  }
  return found;
}

it('loses no record and keeps the order of each item over crashes', async () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    await run(seed).catch((error: unknown) => {
      throw new Error(`seed ${seed}`, { cause: error });
    });
  }
});
