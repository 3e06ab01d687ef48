import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Store } from '../../../io/io.ts';
import { memoryIo, memoryStore } from '../memory-io.fake.ts';
import { encodeRecord } from '../replication/version.ts';
import type { Turn } from '../turns.ts';
import { itemKeyOfEntry } from './index-entries.ts';
import { encodeItemKey, nextKey, spaces, tableRange } from './key-encoding.ts';
import type { StoredIndex, StoredTable } from './stored-table.ts';
import { openTableStorage } from './table-storage.ts';

const version = { timestamp: '0'.repeat(16), region: 'us-east-1' };
const record = (item: object): string => encodeRecord(version, {}, JSON.stringify(item));
const index: StoredIndex = {
  id: 1,
  name: 'byColour',
  kind: 'GLOBAL',
  partitionKey: { name: 'colour', type: 'S' },
  sortKey: { name: 'weight', type: 'N' },
  projection: { type: 'ALL', nonKeyAttributes: [] },
  throughput: undefined,
  backfilling: false,
};
const table = {
  id: 3,
  partitionKey: { name: 'id', type: 'S' },
  sortKey: undefined,
  indexes: [index],
} as const;
const keyOf = (id: string): Buffer => encodeItemKey(table, { id: { S: id } });

/** A turn of so many rows. */
function rows(count: number): Turn {
  let left = count;
  return {
    over: () => {
      left -= 1;
      return left <= 0;
    },
    late: () => left <= 0,
    end: () => {},
  };
}

test('the change log keeps order, coalesces nothing, and its head outlives trimming', () => {
  const content = new Map<string, string>();
  const storage = openTableStorage(memoryStore(content), memoryIo().io.clock);
  let calls = 0;
  const stop = storage.onChange(3, () => {
    calls += 1;
  });
  assert.equal(storage.head(3), 0);
  storage.transaction((transaction) => {
    storage.appendChange(transaction, 3, keyOf('a'), version);
    storage.appendChange(transaction, 3, keyOf('b'), version);
  });
  assert.throws(() =>
    storage.transaction((transaction) => {
      storage.appendChange(transaction, 3, keyOf('lost'), version);
      throw new Error('stop');
    }),
  );
  stop();
  storage.transaction((transaction) => storage.appendChange(transaction, 3, keyOf('a'), version));
  assert.equal(calls, 1);
  const changes = storage.changes(storage.store, 3, 1, 10);
  assert.deepEqual(
    changes.map(({ key, version: of }) => [key, of]),
    [
      [keyOf('b'), version],
      [keyOf('a'), version],
    ],
  );
  const head = storage.head(3);
  assert.equal(changes.at(-1)?.sequence, head);
  assert.equal(storage.trimChanges(3, head, rows(1)), true);
  assert.equal(storage.trimChanges(3, head, rows(10)), false);
  assert.deepEqual(storage.changes(storage.store, 3, 0, 10), []);
  const reopened = openTableStorage(memoryStore(content), memoryIo().io.clock);
  assert.equal(reopened.head(3), head);
  assert.equal(reopened.latestTimestamp([1, 3]), version.timestamp);
  assert.equal(reopened.latestTimestamp([1]), undefined);
});

test('index entries follow the record', () => {
  const storage = openTableStorage(memoryStore(), memoryIo().io.clock);
  const entries = (): Buffer[] =>
    [...storage.store.range(tableRange(spaces.index, 3))].map(({ value }) => itemKeyOfEntry(value));
  let current: string | undefined;
  const put = (item: object): void => {
    const next = record(item);
    storage.transaction((tx) => storage.putRecord(tx, table, keyOf('a'), next, current));
    current = next;
  };
  put({ id: { S: 'a' }, colour: { S: 'red' }, weight: { N: '1' } });
  assert.deepEqual(entries(), [keyOf('a')]);
  put({ id: { S: 'a' }, colour: { S: 'blue' }, weight: { N: '1' } });
  assert.deepEqual(entries(), [keyOf('a')]);
  put({ id: { S: 'a' }, colour: { S: 'blue' }, weight: { S: 'heavy' } });
  assert.deepEqual(entries(), []);
  put({ id: { S: 'a' }, colour: { S: 'blue' }, weight: { N: '2' } });
  storage.transaction((tx) => storage.deleteRecord(tx, table, keyOf('a'), current ?? ''));
  assert.deepEqual(entries(), []);
});

test('tombstones stand beside records, under the same key', () => {
  const storage = openTableStorage(memoryStore(), memoryIo().io.clock);
  const gone = { record: encodeRecord(version, {}, null), key: '{"id":{"S":"a|"}}' };
  storage.transaction((tx) => {
    storage.putTombstone(tx, keyOf('a'), gone);
    storage.putRecord(tx, table, keyOf('b'), record({ id: { S: 'b' } }), undefined);
  });
  assert.equal(storage.readRecord(storage.store, keyOf('a')), undefined);
  assert.deepEqual(storage.readTombstone(storage.store, keyOf('a')), gone);
  const dead = [...storage.rangeTombstones(storage.store, 3, undefined, 10)];
  assert.deepEqual(dead, [{ ...gone, itemKey: keyOf('a') }]);
  assert.deepEqual([...storage.rangeTombstones(storage.store, 3, nextKey(keyOf('a')), 10)], []);
  const alive = [...storage.rangeRecords(storage.store, 3, undefined, 10)];
  assert.deepEqual(
    alive.map(({ key }) => Buffer.from(key)),
    [keyOf('b')],
  );
  assert.equal(storage.purge({ tableId: 3 }, rows(1)), true);
  assert.equal(storage.purge({ tableId: 3 }, rows(10)), false);
  assert.deepEqual([...storage.rangeRecords(storage.store, 3, undefined, 10)], []);
});

test('what a group has counted and logged is forgotten when the disk does not take it', () => {
  const content = new Map<string, string>();
  const listeners: (() => void)[] = [];
  const store: Store = {
    ...memoryStore(content),
    onUndone: (listener) => void listeners.push(listener),
  };
  const storage = openTableStorage(store, memoryIo().io.clock);
  const streamed = { ...table, name: 't', arn: 'arn:t', streamLabel: 'l', streamView: 'KEYS_ONLY' };
  store.transaction((transaction) =>
    storage.streams.enable(transaction, streamed as unknown as StoredTable),
  );
  storage.streams.refresh();
  const write = (id: string): void =>
    storage.grouped((transaction) => {
      const text = record({ id: { S: id }, colour: { S: 'red' }, weight: { N: '1' } });
      storage.putRecord(transaction, table, keyOf(id), text, undefined);
      storage.appendChange(transaction, table.id, keyOf(id), version);
    });
  const seen = (): unknown => {
    const [stream] = storage.streams.list();
    assert.ok(stream !== undefined);
    const { items, indexes } = storage.counts.of(table.id);
    return [items, indexes.get(1)?.items, storage.head(table.id), storage.streams.head(stream)];
  };
  write('a');
  const kept = new Map(content);
  assert.deepEqual(seen(), [1, 1, 1, 1]);
  write('b');
  assert.deepEqual(seen(), [2, 2, 2, 2]);
  content.clear();
  for (const [key, value] of kept) content.set(key, value);
  for (const listener of listeners) listener();
  assert.deepEqual(seen(), [1, 1, 1, 1]);
  write('c');
  assert.deepEqual(seen(), [2, 2, 2, 2]);
});
