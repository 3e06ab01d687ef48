/**
 * Random worlds: three regions, clients that write the same few items everywhere, partitions,
 * crashes that lose what was not flushed, clocks that are off, in half of them a replica that is
 * added in the middle of it. Then all is healed, and:
 *
 *  - the replicas are equal, item and version;
 *  - every acknowledged write is the winner, an ancestor of it, or an ancestor of a listed loser;
 *  - nothing waits any more.
 *
 * What a write replaced is noted by the writer, apart from the vectors that are under test.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestJson } from '../../endpoint/internal-json.ts';
import { ServiceError } from '../../endpoint/service.ts';
import { type Io, NetError } from '../../io/io.ts';
import { createUniverse, type Universe } from '../../io/simulated/universe.ts';
import type { ConflictsResponse } from '../dynamodb/api.ts';
import type { StatusResponse } from './api.ts';
import { bootRegion, type HeldAnswer, type WriteAnswer } from './region.fake.ts';

const regionIds = ['us-east-1', 'eu-central-1', 'ap-northeast-1'];
const tableName = 'orders';
/** A few that everybody fights over; many where a lost write is not covered up by the next. */
const hotIds = ['a', 'b', 'c'];
const coldIds = Array.from({ length: 100 }, (_, n) => `cold-${n}`);
const ids = [...hotIds, ...coldIds];
const chaosUs = 60_000_000;
const settleUs = 30_000_000;

interface World {
  readonly universe: Universe;
  readonly acknowledged: { id: string; version: string }[];
  /** What each write replaced, acknowledged or not. */
  readonly parents: Map<string, string | null>;
  /** Deleted while the table had no replicas: nothing is left of them, and nothing should be. */
  readonly deletedAlone: Set<string>;
}

async function ask<T>(io: Io, region: string, service: string, path: string, body: object) {
  return requestJson<T>(io.network, { region, service }, path, body, { deadlineMs: 20_000 });
}

/** A client in its region's process: it writes until the process dies. */
async function client(world: World, io: Io): Promise<void> {
  const random = io.random.split('client');
  const region = io.location;
  for (let n = 0; ; n += 1) {
    await io.timers.sleep(random.int(20, 400), 'client');
    if (world.universe.nowUs > chaosUs) return;
    const some = random.chance(0.3) ? hotIds : coldIds;
    const id = some[random.int(0, some.length - 1)] ?? '';
    const item = random.chance(0.2) ? null : { n, region };
    try {
      const answer = await ask<WriteAnswer>(io, region, 'test', '/write', { tableName, id, item });
      if (answer.written === null || answer.written === answer.replaced) continue;
      world.acknowledged.push({ id, version: answer.written });
    } catch (error) {
      if (!(error instanceof NetError || error instanceof ServiceError)) throw error;
    }
  }
}

/** Asks for the third replica in the middle of the faults, until it is there or coming. */
async function addLate(io: Io): Promise<void> {
  const updates = [{ Create: { RegionName: regionIds[2] ?? '' } }];
  await io.timers.sleep(20_000, 'add-late');
  for (;;) {
    try {
      await ask(io, 'us-east-1', 'global-tables', '/replica-updates', { tableName, updates });
      return;
    } catch (error) {
      if (!(error instanceof NetError || error instanceof ServiceError)) throw error;
      if (error.message.includes('already existed')) return;
      await io.timers.sleep(300, 'add-late');
    }
  }
}

/** In odd worlds the third replica is added while the others already write and fail. */
async function run(seed: number): Promise<World> {
  const late = seed % 2 === 1;
  const universe = await createUniverse({
    seed,
    network: { jitterUs: 30_000 },
    storage: { flushLowUs: 200, flushHighUs: 300_000 },
  });
  const world: World = { universe, acknowledged: [], parents: new Map(), deletedAlone: new Set() };
  for (const region of regionIds) {
    universe.spawn(`region/${region}`, region, async (io) => {
      await bootRegion(io, {
        onWrite: (written, replaced) => {
          if (written !== null) world.parents.set(written, replaced);
          else if (replaced !== null) world.deletedAlone.add(replaced);
        },
      });
      void client(world, io);
      if (late && region === 'us-east-1') void addLate(io);
    });
  }
  await universe.runUntil(1_000_000);
  const setUp = async (run: (io: Io) => Promise<unknown>): Promise<void> => {
    await universe.perform('region/us-east-1', run, 10_000);
    await universe.runUntil(universe.nowUs + 4_500_000);
  };
  await setUp((io) =>
    requestJson(
      io.network,
      { region: 'us-east-1', service: 'dynamodb' },
      '/',
      { TableName: tableName },
      { deadlineMs: 5_000, headers: { 'x-amz-target': 'DynamoDB_20120810.CreateTable' } },
    ),
  );
  for (const target of regionIds.slice(1, late ? 2 : 3)) {
    const updates = [{ Create: { RegionName: target } }];
    await setUp((io) =>
      ask(io, 'us-east-1', 'global-tables', '/replica-updates', { tableName, updates }),
    );
  }
  plan(universe, seed);
  await universe.runUntil(chaosUs + settleUs);
  assert.deepEqual(universe.failures, [], `seed ${seed}`);
  return world;
}

/** Faults from the seed; all end before the chaos does. */
function plan(universe: Universe, seed: number): void {
  let state = seed * 2_654_435_761;
  const int = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const some = (): string => regionIds[int(3)] ?? '';
  for (const region of regionIds) universe.setSkewMs(`region/${region}`, int(2_000) - 1_000);
  for (let count = 0; count < 12; count += 1) {
    const startUs = universe.nowUs + 1_000_000 + int(chaosUs - universe.nowUs - 5_000_000);
    const endUs = Math.min(startUs + int(10_000_000), chaosUs - 1_000_000);
    const [a, b] = [some(), some()];
    if (int(2) === 0) {
      universe.at(startUs, 'crash', () => universe.crash(`region/${a}`));
      universe.at(endUs, 'restart', () => universe.restart(`region/${a}`));
    } else if (a !== b) {
      const link = { a, b, cut: true };
      universe.at(startUs, 'cut', () => {
        universe.conditions.links = [...universe.conditions.links, link];
      });
      universe.at(endUs, 'heal', () => {
        universe.conditions.links = universe.conditions.links.filter((one) => one !== link);
      });
    }
  }
}

async function inRegion<T>(universe: Universe, region: string, run: (io: Io) => Promise<T>) {
  const result = await universe.perform(`region/${region}`, run, 20_000);
  assert.notEqual(result, undefined, `${region} answers`);
  return result as T;
}

async function check(world: World, seed: number): Promise<{ conflicts: number }> {
  const { universe, acknowledged, parents } = world;
  const accounted = new Set<string>();
  const account = (version: string | null | undefined): void => {
    for (let at = version; at !== null && at !== undefined; at = parents.get(at)) accounted.add(at);
  };
  for (const version of world.deletedAlone) account(version);
  let conflicts = 0;
  for (const id of ids) {
    const held: HeldAnswer[] = [];
    for (const region of regionIds) {
      held.push(
        await inRegion(universe, region, (io) =>
          ask(io, region, 'test', '/read', { tableName, id }),
        ),
      );
    }
    for (const one of held) assert.deepEqual(one, held[0], `seed ${seed}: ${id} is the same`);
    account(held[0]?.held?.version);
  }
  for (const region of regionIds) {
    const listed = await inRegion(universe, region, (io) =>
      ask<ConflictsResponse>(io, region, 'global-tables', '/conflicts', { limit: 10_000 }),
    );
    conflicts += listed.total;
    for (const { loser } of listed.conflicts) {
      account(`${loser.version.timestamp}@${loser.version.region}`);
    }
    const status = await inRegion(universe, region, (io) =>
      ask<StatusResponse>(io, region, 'global-tables', '/status', {}),
    );
    for (const peer of status.tables[0]?.peers ?? []) {
      assert.equal(peer.queueDepth, 0, `seed ${seed}: ${region} to ${peer.peer} has drained`);
    }
    assert.equal(status.tables[0]?.peers.length, 2, `seed ${seed}: ${region} ships to both`);
  }
  for (const { id, version } of acknowledged) {
    assert.ok(accounted.has(version), `seed ${seed}: the write ${version} of ${id} is nowhere`);
  }
  return { conflicts };
}

const seeds = 20;

test(`${seeds} worlds with faults converge and lose no acknowledged write unseen`, async () => {
  let writes = 0;
  let conflicts = 0;
  for (let seed = 1; seed <= seeds; seed += 1) {
    const world = await run(seed);
    writes += world.acknowledged.length;
    conflicts += (await check(world, seed)).conflicts;
  }
  assert.ok(writes > seeds * 100, `${writes} writes`);
  assert.ok(conflicts > seeds * 5, `${conflicts} conflicts`);
});

test('the same seed has the same trace', async () => {
  assert.equal((await run(3)).universe.traceHash, (await run(3)).universe.traceHash);
});
