import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryIo, memoryStore } from '../memory-io.fake.ts';
import { createHybridLogicalClock } from '../replication/hybrid-logical-clock.ts';
import { decodeRecord, encodeRecord } from '../replication/version.ts';
import { encodeItemKey } from './key-encoding.ts';
import { createLocalWriter } from './local-writer.ts';
import type { StoredTable } from './stored-table.ts';
import { openTableStorage } from './table-storage.ts';

const layout = { id: 1, partitionKey: { name: 'id', type: 'S' }, sortKey: undefined } as const;
const item = { id: { S: 'a' } };
const key = encodeItemKey(layout, item);
const single = { ...layout, indexes: [], replicas: [] } as unknown as StoredTable;
const replicated: StoredTable = {
  ...single,
  replicas: [
    { region: 'us-east-1', status: 'ACTIVE' },
    { region: 'eu-west-1', status: 'ACTIVE' },
  ],
};

function open() {
  const { io } = memoryIo();
  const storage = openTableStorage(memoryStore(), io.clock);
  const writer = createLocalWriter(storage, createHybridLogicalClock(io.clock), 'us-east-1');
  const write = (table: StoredTable, json: string | null): void =>
    storage.transaction((tx) =>
      writer.write(tx, table, key, storage.readRecord(tx, key), json, item),
    );
  return { storage, write };
}

test('a table without replicas has neither log nor tombstones', () => {
  const { storage, write } = open();
  write(single, '{"id":{"S":"a"}}');
  assert.equal(decodeRecord(storage.readRecord(storage.store, key) ?? '').item, '{"id":{"S":"a"}}');
  write(single, null);
  assert.equal(storage.readRecord(storage.store, key), undefined);
  assert.equal(storage.readTombstone(storage.store, key), undefined);
  assert.equal(storage.head(1), 0);
});

test('a replicated table logs each write and remembers what it deleted', () => {
  const { storage, write } = open();
  const ahead = { timestamp: 'ff00000000000000', region: 'eu-west-1' };
  const theirs = encodeRecord(ahead, {}, '{"id":{"S":"a"}}');
  storage.transaction((tx) => storage.putRecord(tx, replicated, key, theirs, undefined));

  write(replicated, null);
  const tombstone = storage.readTombstone(storage.store, key);
  assert.equal(tombstone?.key, '{"id":{"S":"a"}}');
  const dead = decodeRecord(tombstone?.record ?? '');
  assert.ok(dead.version.timestamp > ahead.timestamp, 'later than what it replaces');
  assert.equal(dead.vector['eu-west-1'], ahead.timestamp);

  write(replicated, '{"id":{"S":"a"}}');
  assert.equal(storage.readTombstone(storage.store, key), undefined);
  const alive = decodeRecord(storage.readRecord(storage.store, key) ?? '');
  assert.ok(alive.version.timestamp > dead.version.timestamp);
  assert.equal(alive.vector['eu-west-1'], ahead.timestamp);
  assert.deepEqual(
    storage.changes(storage.store, 1, 0, 10).map((change) => change.version),
    [dead.version, alive.version],
  );

  write(replicated, null);
  write(replicated, null);
  assert.equal(storage.head(1), 3, 'deleting nothing is no write');
});
