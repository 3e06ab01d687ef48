import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryStore } from '../memory-io.fake.ts';
import type { StoredTable } from './stored-table.ts';
import { openTableCatalog } from './table-catalog.ts';

const build =
  (name: string) =>
  (id: number): StoredTable => ({
    id,
    name,
    arn: `arn:aws:dynamodb:us-east-1:000000000000:table/${name}`,
    tableId: name,
    createdMs: 0,
    status: 'CREATING',
    billingMode: 'PAY_PER_REQUEST',
    onDemandSinceMs: 0,
    throughput: { readCapacityUnits: 0, writeCapacityUnits: 0 },
    throughputDecreases: 0,
    partitionKey: { name: 'id', type: 'S' },
    sortKey: undefined,
    attributes: [{ name: 'id', type: 'S' }],
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
  });

test('tables outlive a restart, ids of dropped tables are not used again', () => {
  const content = new Map<string, string>();
  const catalog = openTableCatalog(memoryStore(content));
  catalog.create(build('b'));
  const first = catalog.create(build('a'));
  catalog.replace({ ...first, status: 'ACTIVE' });
  catalog.drop('b');

  const reopened = openTableCatalog(memoryStore(content));
  assert.deepEqual(
    reopened.list().map(({ name, status, id }) => [name, status, id]),
    [['a', 'ACTIVE', 2]],
  );
  assert.deepEqual(reopened.dropped(), [{ tableId: 1 }]);
  reopened.forgetDropped({ tableId: 1 });
  assert.equal(reopened.create(build('b')).id, 3);
  assert.deepEqual(openTableCatalog(memoryStore(content)).dropped(), []);
});

test('what could not be stored is not in memory either', () => {
  const catalog = openTableCatalog(memoryStore());
  const table = catalog.create(build('a'));
  assert.throws(() =>
    catalog.replace({ ...table, status: 'DELETING' }, () => {
      throw new Error('stop');
    }),
  );
  assert.equal(catalog.find('a')?.status, 'CREATING');
});
