/**
 * Histories are drawn as commands: a replica writes, or a version that was written anywhere is
 * delivered to a replica, in any order, any number of times. True ancestry is kept beside it by
 * sets of writes, with no vectors, as the yardstick.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Version } from '../api.ts';
import { createHybridLogicalClock, type HybridLogicalClock } from './hybrid-logical-clock.ts';
import { type CompareVersions, decide, type Versioned } from './last-writer-wins.ts';
import { compareVersions, succeedingVector } from './version.ts';

const regionIds = ['ap-northeast-1', 'eu-central-1', 'us-east-1', 'us-west-2'];

interface Held extends Versioned {
  readonly item: string;
}

interface Replica {
  readonly region: string;
  readonly clock: HybridLogicalClock;
  readonly wall: { ms: number };
  held: Held | undefined;
  /** Names of every write that the held item knew of: the yardstick. */
  known: Set<string>;
}

interface World {
  readonly replicas: readonly Replica[];
  readonly writes: { held: Held; known: Set<string> }[];
  readonly losers: Set<string>;
  readonly compare: CompareVersions;
}

const nameOf = (version: Version) => `${version.timestamp}@${version.region}`;

function newWorld(count: number, compare: CompareVersions = compareVersions): World {
  const replicas = regionIds.slice(0, count).map((region) => {
    const wall = { ms: 1_000 };
    const clock = createHybridLogicalClock({ wallMs: () => wall.ms, monotonicUs: () => 0 });
    return { region, clock, wall, held: undefined, known: new Set<string>() };
  });
  return { replicas, writes: [], losers: new Set(), compare };
}

function write(world: World, replica: Replica): void {
  const version = { timestamp: replica.clock.next(), region: replica.region };
  const item = `item ${world.writes.length}`;
  replica.held = { version, vector: succeedingVector(version, replica.held?.vector), item };
  replica.known = new Set([...replica.known, nameOf(version)]);
  world.writes.push({ held: replica.held, known: replica.known });
}

function deliver(world: World, replica: Replica, index: number): void {
  const sent = world.writes[index];
  if (sent === undefined) return;
  const { held } = replica;
  replica.clock.observe(sent.held.version.timestamp);
  const decision = decide(held, sent.held, world.compare);
  const heldKnew = replica.known.has(nameOf(sent.held.version));
  assert.equal(decision.outcome === 'duplicate', heldKnew, 'duplicate is exactly: known already');
  if (decision.outcome === 'duplicate') return;
  const sentKnew = held === undefined || sent.known.has(nameOf(held.version));
  assert.equal(decision.concurrent, !sentKnew, 'concurrent is exactly: neither knew of the other');
  if (decision.concurrent && held !== undefined) {
    world.losers.add(nameOf((decision.outcome === 'apply' ? held : sent.held).version));
  }
  const staying = decision.outcome === 'apply' ? sent.held : (held as Held);
  replica.held = { ...staying, vector: decision.vector };
  replica.known = new Set([...replica.known, ...sent.known]);
}

const command = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ write: fc.nat(3), stepMs: fc.integer({ min: -3, max: 3 }) }),
  },
  { weight: 3, arbitrary: fc.record({ deliver: fc.nat(40), to: fc.nat(3) }) },
);
type Command = { write: number; stepMs: number } | { deliver: number; to: number };

function run(world: World, commands: readonly Command[]): void {
  for (const action of commands) {
    if ('write' in action) {
      const replica = world.replicas[action.write % world.replicas.length] as Replica;
      replica.wall.ms += action.stepMs;
      write(world, replica);
    } else if (world.writes.length > 0) {
      const replica = world.replicas[action.to % world.replicas.length] as Replica;
      deliver(world, replica, action.deliver % world.writes.length);
    }
  }
}

const history = fc.record({
  count: fc.integer({ min: 2, max: 4 }),
  commands: fc.array(command, { maxLength: 60 }),
});

test('any order, repetition and delay of deliveries ends in one item and version everywhere', () => {
  const order = fc.array(fc.nat(), { minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(history, order, ({ count, commands }, orders) => {
      const world = newWorld(count);
      run(world, commands);
      world.replicas.forEach((replica, index) => {
        for (const sent of shuffled(world.writes.length, orders[index] as number)) {
          deliver(world, replica, sent);
          deliver(world, replica, sent);
        }
      });
      const ends = world.replicas.map(({ held }) => ({ item: held?.item, version: held?.version }));
      for (const end of ends) assert.deepEqual(end, ends[0]);
    }),
    { numRuns: 300 },
  );
});

test('no write disappears unseen: it is an ancestor of the winner or a recorded loser', () => {
  fc.assert(
    fc.property(history, fc.nat(), ({ count, commands }, order) => {
      const world = newWorld(count);
      run(world, commands);
      for (const replica of world.replicas) {
        for (const sent of shuffled(world.writes.length, order)) deliver(world, replica, sent);
      }
      const winner = world.replicas[0]?.held;
      const seenBy = ancestry(world);
      const known = winner === undefined ? new Set() : seenBy(nameOf(winner.version));
      // The ancestors of a recorded loser are accounted for by it.
      const accounted = new Set([...known]);
      for (const loser of world.losers) for (const name of seenBy(loser)) accounted.add(name);
      for (const { held } of world.writes) {
        assert.ok(accounted.has(nameOf(held.version)), `${nameOf(held.version)} is nowhere`);
      }
    }),
    { numRuns: 300 },
  );
});

test('a comparator that lets the arrival break ties is caught: the replicas stay apart', () => {
  const ignoresRegion: CompareVersions = (a, b) =>
    a.timestamp === b.timestamp ? 0 : a.timestamp < b.timestamp ? -1 : 1;
  const world = newWorld(2, ignoresRegion);
  const [first, second] = world.replicas as [Replica, Replica];
  write(world, first);
  write(world, second);
  deliver(world, second, 0);
  deliver(world, first, 1);
  assert.notDeepEqual(first.held?.version, second.held?.version);
});

test('the loser of a conflict that is delivered again is no second conflict', () => {
  const world = newWorld(2);
  const [first, second] = world.replicas as [Replica, Replica];
  second.wall.ms = 2_000;
  write(world, first);
  write(world, second);
  const [lost, won] = world.writes.map(({ held }) => held) as [Held, Held];
  assert.equal(decide(won, lost).outcome, 'keep');
  const after = { ...won, vector: decide(won, lost).vector };
  assert.deepEqual(decide(after, lost), {
    outcome: 'duplicate',
    concurrent: false,
    vector: after.vector,
  });
  // And the write that follows knows of both, so it conflicts with neither.
  const next = { timestamp: '00000000ffff0000', region: second.region };
  const follower = { version: next, vector: succeedingVector(next, after.vector) };
  assert.equal(decide(lost, follower).concurrent, false);
});

/** What was really written on top of what: versions whose ancestry a version carries. */
function ancestry(world: World): (name: string) => Set<string> {
  const known = new Map(world.writes.map(({ held, known }) => [nameOf(held.version), known]));
  return (name) => known.get(name) ?? new Set();
}

function shuffled(length: number, seed: number): number[] {
  const order = Array.from({ length }, (_, index) => index);
  let state = seed >>> 0;
  for (let index = length - 1; index > 0; index -= 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const other = state % (index + 1);
    [order[index], order[other]] = [order[other] as number, order[index] as number];
  }
  return order;
}
