/** Replicas of one table, each a whole engine over its own store; batches move by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { utf8Decode } from '../../../stdx/bytes.ts';
import type { ApplyRequest, Conflict, VersionVector } from '../api.ts';
import { memoryIo } from '../memory-io.fake.ts';
import { encodeItemKey } from '../storage/key-encoding.ts';
import { createLocalWriter } from '../storage/local-writer.ts';
import { type StoredTable, statusIn } from '../storage/stored-table.ts';
import { decodeStreamRecord } from '../storage/stream-record.ts';
import { openTableCatalog } from '../storage/table-catalog.ts';
import { openTableStorage } from '../storage/table-storage.ts';
import { createTurns } from '../turns.ts';
import { applyChanges } from './apply-changes.ts';
import { clockStart } from './clock-start.ts';
import { listConflicts } from './conflicts.ts';
import { createHybridLogicalClock } from './hybrid-logical-clock.ts';
import { createChangeReader } from './read-changes.ts';
import { type ReplicaContext, readHeld } from './replica-tables.ts';
import { setReplicas } from './set-replicas.ts';
import { readSnapshot } from './snapshot.ts';
import { createTombstoneCollector } from './tombstones.ts';

const tableName = 'orders';
const regionIds = ['ap-northeast-1', 'eu-central-1', 'us-east-1'] as const;

interface Replica extends ReplicaContext {
  readonly wall: { ms: number };
  write(id: string, item: Record<string, unknown> | null): void;
  read(id: string): { item: string | null; version: string } | undefined;
  changes(after: number, limit?: number): Promise<{ batch: ApplyRequest; through: number }>;
  snapshot(pageLimit?: number): Promise<ApplyRequest[]>;
  conflicts(): Promise<readonly Conflict[]>;
  /** Lets others have their turn once. */
  step(): boolean;
}

async function replica(region: string, turnRows = 1_000): Promise<Replica> {
  const memory = memoryIo(region);
  const wall = { ms: 1_795_500_000_000, wallMs: () => wall.ms, monotonicUs: () => 0 };
  const io = { ...memory.io, clock: wall };
  const storage = openTableStorage(await io.storage.open('dynamodb'), io.clock);
  const catalog = openTableCatalog(storage.store);
  const clock = createHybridLogicalClock(wall);
  const context: ReplicaContext = {
    io,
    region,
    catalog,
    storage,
    clock,
    turns: createTurns(io, turnRows),
  };
  const writer = createLocalWriter(storage, clock, region);
  catalog.create((id) => emptyTable(id));
  await setReplicas(context, {
    tableName,
    replicas: regionIds.map((id) => ({ region: id, status: 'ACTIVE' })),
  });
  const table = (): StoredTable => catalog.find(tableName) as StoredTable;
  const readChanges = createChangeReader(context);
  return {
    ...context,
    wall,
    step: memory.step,
    write(id, item) {
      storage.transaction((transaction) => {
        const map = { pk: { S: id } };
        const key = encodeItemKey(table(), map);
        const previous = storage.readRecord(transaction, key);
        const json = item === null ? null : JSON.stringify({ ...map, ...item });
        writer.write(transaction, table(), key, previous, json, map);
      });
    },
    read(id) {
      const held = readHeld(storage, storage.store, encodeItemKey(table(), { pk: { S: id } }));
      if (held === undefined) return undefined;
      const { version, deleted, body } = held;
      return {
        item: deleted ? null : body,
        version: `${version.timestamp}@${version.region}`,
      };
    },
    async changes(after, limit = 100) {
      const request = { tableName, after, limit, waitMs: 0, lingerMs: 0, trimThrough: 0 };
      const { headers, body } = await readChanges(request);
      const batch = JSON.parse(utf8Decode(body)) as ApplyRequest;
      return { batch, through: Number(headers['orrery-through']) };
    },
    async snapshot(limit = 2) {
      const pages: ApplyRequest[] = [];
      for (let start: string | null = null; ; ) {
        const { headers, body } = await readSnapshot(context, { tableName, start, limit });
        pages.push(JSON.parse(utf8Decode(body)) as ApplyRequest);
        const next = headers['orrery-next'];
        if (next === undefined) return pages;
        start = next;
      }
    },
    conflicts: async () => (await listConflicts(context, {})).conflicts,
  };
}

function emptyTable(id: number): StoredTable {
  return {
    id,
    name: tableName,
    arn: `arn:aws:dynamodb:us-east-1:000000000000:table/${tableName}`,
    tableId: '00000000-0000-4000-8000-000000000001',
    createdMs: 0,
    status: 'ACTIVE',
    billingMode: 'PAY_PER_REQUEST',
    onDemandSinceMs: 0,
    throughput: { readCapacityUnits: 0, writeCapacityUnits: 0 },
    throughputDecreases: 0,
    partitionKey: { name: 'pk', type: 'S' },
    sortKey: undefined,
    attributes: [{ name: 'pk', type: 'S' }],
    indexes: [],
    nextIndexId: 1,
    streamView: undefined,
    streamLabel: undefined,
    tableClass: undefined,
    tableClassUpdatedMs: undefined,
    deletionProtection: false,
    sse: undefined,
    tags: {},
    timeToLive: undefined,
    replicas: [],
  };
}

async function pair(): Promise<[Replica, Replica]> {
  return [await replica(regionIds[1]), await replica(regionIds[2])];
}

test('a write, its overwrite and its delete reach the other replica', async () => {
  const [frankfurt, virginia] = await pair();
  frankfurt.write('a', { n: { N: '1' } });
  frankfurt.write('b', { n: { N: '1' } });
  const first = await frankfurt.changes(0);
  assert.deepEqual(await applyChanges(virginia, first.batch), {
    applied: 2,
    stale: 0,
    conflicts: 0,
  });
  assert.deepEqual(virginia.read('a'), frankfurt.read('a'));
  frankfurt.write('a', { n: { N: '2' } });
  frankfurt.write('a', { n: { N: '3' } });
  frankfurt.write('b', null);
  const second = await frankfurt.changes(first.through);
  assert.equal(second.batch.versions.length, 2, 'two writes of one item are sent as one');
  assert.deepEqual(await applyChanges(virginia, second.batch), {
    applied: 2,
    stale: 0,
    conflicts: 0,
  });
  assert.equal(virginia.read('a')?.item, '{"pk":{"S":"a"},"n":{"N":"3"}}');
  assert.equal(virginia.read('b')?.item, null);
  assert.deepEqual(virginia.read('b'), frankfurt.read('b'));
  assert.deepEqual(await applyChanges(virginia, first.batch), {
    applied: 0,
    stale: 2,
    conflicts: 0,
  });
});

test('what came from elsewhere is not sent on', async () => {
  const [frankfurt, virginia] = await pair();
  frankfurt.write('a', {});
  await applyChanges(virginia, (await frankfurt.changes(0)).batch);
  assert.deepEqual((await virginia.changes(0)).batch.versions, []);
});

test('the loser of concurrent writes is listed on both sides with all that one needs', async () => {
  const [frankfurt, virginia] = await pair();
  virginia.wall.ms += 5;
  frankfurt.write('a', { from: { S: 'frankfurt' } });
  virginia.write('a', { from: { S: 'virginia' } });
  const [east, west] = [await frankfurt.changes(0), await virginia.changes(0)];
  assert.equal((await applyChanges(virginia, east.batch)).conflicts, 1);
  assert.equal((await applyChanges(frankfurt, west.batch)).conflicts, 1);
  assert.equal(
    (await applyChanges(virginia, east.batch)).conflicts,
    0,
    'a redelivery is no conflict',
  );
  assert.deepEqual(frankfurt.read('a'), virginia.read('a'));
  const [seen] = await frankfurt.conflicts();
  assert.deepEqual(seen?.key, '{"pk":{"S":"a"}}');
  assert.equal(seen?.winner.version.region, 'us-east-1');
  assert.equal(seen?.winner.item, '{"pk":{"S":"a"},"from":{"S":"virginia"}}');
  assert.equal(seen?.loser.item, '{"pk":{"S":"a"},"from":{"S":"frankfurt"}}');
  assert.equal((seen?.winner.writtenAtMs ?? 0) - (seen?.loser.writtenAtMs ?? 0), 5);
  const { detectedIn: _here, detectedAtMs: _then, ...same } = seen as Conflict;
  const { detectedIn, detectedAtMs: _when, ...other } = (await virginia.conflicts())[0] as Conflict;
  assert.deepEqual(other, same);
  assert.equal(detectedIn, 'us-east-1');
});

test('a delete that loses against an update is listed as a loser without an item', async () => {
  const [frankfurt, virginia] = await pair();
  frankfurt.write('a', {});
  const first = await frankfurt.changes(0);
  await applyChanges(virginia, first.batch);
  frankfurt.write('a', null);
  virginia.wall.ms += 5;
  virginia.write('a', { kept: { BOOL: true } });
  await applyChanges(virginia, (await frankfurt.changes(first.through)).batch);
  await applyChanges(frankfurt, (await virginia.changes(0)).batch);
  assert.equal(frankfurt.read('a')?.item, '{"pk":{"S":"a"},"kept":{"BOOL":true}}');
  assert.deepEqual(frankfurt.read('a'), virginia.read('a'));
  assert.equal((await virginia.conflicts())[0]?.loser.item, null);
  assert.equal((await virginia.conflicts())[0]?.key, '{"pk":{"S":"a"}}');
});

test('pages of a snapshot fill a new replica, tombstones included', async () => {
  const [frankfurt, virginia] = await pair();
  for (const id of ['a', 'b', 'c', 'd', 'e']) frankfurt.write(id, {});
  frankfurt.write('b', null);
  frankfurt.write('d', null);
  for (const page of await frankfurt.snapshot()) await applyChanges(virginia, page);
  for (const id of ['a', 'b', 'c', 'd', 'e']) {
    assert.deepEqual(virginia.read(id), frankfurt.read(id), id);
  }
  assert.equal(virginia.read('b')?.item, null);
});

test('a small limit cuts a batch; its cursor goes on where it ended', async () => {
  const [frankfurt, virginia] = await pair();
  for (let index = 0; index < 10; index += 1) frankfurt.write(`item ${index}`, {});
  let after = 0;
  for (let rounds = 0; rounds < 4; rounds += 1) {
    const { batch, through } = await frankfurt.changes(after, 3);
    await applyChanges(virginia, batch);
    after = through;
  }
  assert.equal(after, 10);
  assert.deepEqual(virginia.read('item 9'), frankfurt.read('item 9'));
});

test('a long poll is answered by the commit that it waits for', async () => {
  const [frankfurt] = await pair();
  const readChanges = createChangeReader(frankfurt);
  const request = { tableName, after: 0, limit: 10, waitMs: 5_000, lingerMs: 0, trimThrough: 0 };
  const waiting = readChanges(request);
  frankfurt.write('a', {});
  assert.equal((await waiting).headers['orrery-count'], '1');
});

test('a tombstone is forgotten only when nothing older can come, and stays dead after', async () => {
  const [frankfurt, virginia] = await pair();
  frankfurt.write('a', {});
  const old = await frankfurt.changes(0);
  frankfurt.write('a', null);
  const dead = await frankfurt.changes(old.through);
  await applyChanges(virginia, old.batch);
  await applyChanges(virginia, dead.batch);
  const keepMs = 1_000;
  virginia.wall.ms += 5_000;
  const before = { 'ap-northeast-1': 'f'.repeat(16), 'us-east-1': 'f'.repeat(16) };
  const collector = createTombstoneCollector(virginia);
  const collect = async (frontier: VersionVector, kept = keepMs) =>
    (await collector({ tableName, keepMs: kept, frontier })).collected;
  assert.equal(await collect(before), 0, 'nothing is known of one replica');
  const early = { ...before, 'eu-central-1': '0'.repeat(16) };
  assert.equal(await collect(early), 0, 'a replica may still send something older');
  const all = { ...before, 'eu-central-1': frankfurt.clock.next() };
  assert.equal(await collect(all, 60_000), 0, 'too young');
  assert.equal(await collect(all), 1);
  assert.equal(virginia.read('a'), undefined);
  assert.deepEqual(await applyChanges(virginia, old.batch), { applied: 0, stale: 1, conflicts: 0 });
  assert.equal(virginia.read('a'), undefined, 'a late duplicate does not bring it back');
  virginia.write('a', { again: { BOOL: true } });
  await applyChanges(frankfurt, (await virginia.changes(0)).batch);
  assert.deepEqual(frankfurt.read('a'), virginia.read('a'));
  assert.deepEqual(
    await frankfurt.conflicts(),
    [],
    'writing anew after the collection is no conflict',
  );
});

/** Runs `between` before every turn that the work takes. */
async function turnByTurn<T>(at: Replica, work: Promise<T>, between: () => void): Promise<T> {
  let waits = true;
  void work.finally(() => {
    waits = false;
  });
  while (waits) {
    for (let tick = 0; waits && tick < 20; tick += 1) await Promise.resolve();
    if (!waits) break;
    between();
    at.step();
  }
  return work;
}

const letters = ['a', 'b', 'c', 'd', 'e', 'f'];
const writesBetween = fc.array(
  fc.record({ id: fc.constantFrom(...letters), remove: fc.boolean() }),
  { minLength: 1, maxLength: 12 },
);

test('a batch that is applied in turns, with writes between, ends in equal replicas', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 3 }), writesBetween, async (rows, writes) => {
      const frankfurt = await replica('eu-central-1', rows);
      const virginia = await replica('us-east-1', rows);
      for (const id of letters) frankfurt.write(id, { from: { S: 'frankfurt' } });
      const left = [...writes];
      const between = (): void => {
        const next = left.shift();
        if (next !== undefined) virginia.write(next.id, next.remove ? null : { n: { N: '1' } });
      };
      const { batch } = await frankfurt.changes(0);
      const tally = await turnByTurn(virginia, applyChanges(virginia, batch), between);
      assert.equal(tally.applied + tally.stale, letters.length);
      const back = (await virginia.changes(0)).batch;
      await turnByTurn(frankfurt, applyChanges(frankfurt, back), () => {});
      for (const id of letters) assert.deepEqual(frankfurt.read(id), virginia.read(id));
    }),
    { numRuns: 100 },
  );
});

test('what was written before a table had replicas is logged in turns, and the rest as ever', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 3 }), writesBetween, async (rows, writes) => {
      const virginia = await replica('us-east-1', rows);
      const { catalog } = virginia;
      await setReplicas(virginia, { tableName, replicas: [] });
      for (const id of letters) virginia.write(id, { at: { S: 'first' } });
      assert.equal(virginia.storage.head(catalog.find(tableName)?.id ?? 0), 0);
      const left = [...writes];
      const between = (): void => {
        const next = left.shift();
        if (next !== undefined) virginia.write(next.id, next.remove ? null : { n: { N: '1' } });
      };
      const replicas = [
        { region: 'us-east-1', status: 'CREATING' },
        { region: 'eu-central-1', status: 'ACTIVE' },
      ];
      await turnByTurn(virginia, setReplicas(virginia, { tableName, replicas }), between);
      assert.equal(catalog.find(tableName)?.logsEarlier, undefined);
      const { batch } = await virginia.changes(0);
      const held = new Set(batch.versions.map(({ key }) => key));
      assert.equal(held.size, letters.length, 'every item is in the log, dead or alive');
      const frankfurt = await replica('eu-central-1');
      await applyChanges(frankfurt, batch);
      for (const id of letters) assert.deepEqual(frankfurt.read(id), virginia.read(id));
    }),
    { numRuns: 100 },
  );
});

test('collecting tombstones stops between two turns when a replica is being added', async () => {
  const virginia = await replica('us-east-1', 2);
  for (const id of letters) {
    virginia.write(id, {});
    virginia.write(id, null);
  }
  virginia.wall.ms += 5_000;
  const frontier = Object.fromEntries(regionIds.map((id) => [id, 'f'.repeat(16)]));
  const collect = createTombstoneCollector(virginia);
  const request = { tableName, keepMs: 1_000, frontier };
  const table = virginia.catalog.find(tableName) as StoredTable;
  let turns = 0;
  const { collected } = await turnByTurn(virginia, collect(request), () => {
    turns += 1;
    if (turns < 2) return;
    const replicas = [...table.replicas, { region: 'sa-east-1', status: 'CREATING' }];
    virginia.catalog.replace({ ...table, replicas });
  });
  assert.equal(collected, 4);
  const dead = virginia.storage.rangeTombstones(virginia.storage.store, table.id, undefined, 10);
  assert.equal([...dead].length, 2);
});

test('engines that exchange batches in any order, cut anywhere, repeated, end equal', async () => {
  const step = fc.oneof(
    fc.record({ at: fc.nat(2), id: fc.constantFrom('a', 'b', 'c'), remove: fc.boolean() }),
    fc.record({
      from: fc.nat(2),
      to: fc.nat(2),
      after: fc.nat(6),
      limit: fc.integer({ min: 1, max: 4 }),
    }),
    fc.record({ skewOf: fc.nat(2), byMs: fc.integer({ min: -20, max: 20 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const replicas = await Promise.all(regionIds.map((region) => replica(region)));
      let writes = 0;
      for (const action of steps) {
        if ('skewOf' in action) (replicas[action.skewOf] as Replica).wall.ms += action.byMs;
        else if ('at' in action) {
          writes += 1;
          const item = action.remove ? null : { n: { N: String(writes) } };
          (replicas[action.at] as Replica).write(action.id, item);
        } else {
          const { batch } = await (replicas[action.from] as Replica).changes(
            action.after,
            action.limit,
          );
          if (action.from !== action.to) await applyChanges(replicas[action.to] as Replica, batch);
        }
      }
      for (const from of replicas) {
        const { batch } = await from.changes(0);
        for (const to of replicas) if (to !== from) await applyChanges(to, batch);
      }
      for (const id of ['a', 'b', 'c']) {
        const [first, second, third] = replicas.map((one) => one.read(id));
        assert.deepEqual(second, first);
        assert.deepEqual(third, first);
      }
    }),
    { numRuns: 60 },
  );
});

test('after a restart the clock goes on behind what it stamped and what it saw', async () => {
  const [frankfurt, virginia] = await pair();
  virginia.wall.ms += 60_000;
  virginia.write('a', {});
  const stamped = virginia.read('a')?.version.slice(0, 16) ?? '';
  assert.equal(clockStart(virginia.storage, virginia.catalog), stamped);
  await applyChanges(frankfurt, (await virginia.changes(0)).batch);
  assert.equal(clockStart(frankfurt.storage, frankfurt.catalog), stamped);
});

test('a replica that is being filled serves nothing, the others serve on', async () => {
  const [frankfurt, virginia] = await pair();
  const replicas = [
    { region: 'eu-central-1', status: 'CREATING' },
    { region: 'us-east-1', status: 'ACTIVE' },
  ];
  for (const one of [frankfurt, virginia]) {
    await setReplicas(one, { tableName, replicas });
    const table = one.catalog.find(tableName) as StoredTable;
    const expected = one === frankfurt ? 'CREATING' : 'UPDATING';
    assert.equal(statusIn(table, one.region), expected);
  }
});

test('what comes from elsewhere is told to the stream of the replica, once', async () => {
  const [frankfurt, virginia] = await pair();
  const told = (one: Replica): string[] => {
    const { streams } = one.storage;
    return streams.list().flatMap((stream) =>
      streams
        .records(stream, 1, streams.head(stream), 100)
        .map(({ text }) => decodeStreamRecord(text))
        .map(({ kind, keys, newImage, oldImage }) => [kind, keys, newImage, oldImage].join(' ')),
    );
  };
  virginia.write('a', { n: { N: '1' } });
  await applyChanges(frankfurt, (await virginia.changes(0)).batch);
  virginia.write('a', null);
  const { batch } = await virginia.changes(0);
  await applyChanges(frankfurt, batch);
  await applyChanges(frankfurt, batch);
  const item = '{"pk":{"S":"a"},"n":{"N":"1"}}';
  assert.deepEqual(told(frankfurt), [`I {"pk":{"S":"a"}} ${item} `, `R {"pk":{"S":"a"}}  ${item}`]);
  assert.deepEqual(told(frankfurt), told(virginia));

  const replicas = [
    { region: 'eu-central-1', status: 'CREATING' },
    { region: 'us-east-1', status: 'ACTIVE' },
  ];
  await setReplicas(frankfurt, { tableName, replicas });
  virginia.write('b', {});
  await applyChanges(frankfurt, (await virginia.changes(0)).batch);
  assert.equal(told(frankfurt).length, 2, 'filling a replica changes nothing');
});
