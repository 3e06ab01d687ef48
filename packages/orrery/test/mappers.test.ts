/** Object mappers doing their usual work against a real cloud: the requests that applications send. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import {
  CreateTableCommand,
  DeleteTableCommand,
  DynamoDB,
  paginateListTables,
  paginateQuery,
  paginateScan,
  waitUntilTableExists,
  waitUntilTableNotExists,
} from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, paginateScan as paginateDocuments } from '@aws-sdk/lib-dynamodb';
import { Table as OneTable } from 'dynamodb-onetable';
import dynamoose from 'dynamoose';
import { Entity, Service } from 'electrodb';
import { type CloudProcess, startCloud } from './cloud-process.ts';

let cloud: CloudProcess;
let client: DynamoDB;

before(async () => {
  cloud = await startCloud({ args: ['--regions', 'us-east-1'] });
  client = new DynamoDB({
    region: 'us-east-1',
    endpoint: cloud.status.endpoint,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
});

after(async () => {
  client?.destroy();
  await cloud?.[Symbol.asyncDispose]();
});

/** The table that single-table designs want: a key of two texts, and one index of two more. */
async function createSingleTable(TableName: string): Promise<void> {
  const text = (AttributeName: string) => ({ AttributeName, AttributeType: 'S' as const });
  const keys = (hash: string, range: string) => [
    { AttributeName: hash, KeyType: 'HASH' as const },
    { AttributeName: range, KeyType: 'RANGE' as const },
  ];
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: ['pk', 'sk', 'gs1pk', 'gs1sk'].map(text),
      KeySchema: keys('pk', 'sk'),
      GlobalSecondaryIndexes: [
        {
          IndexName: 'gs1',
          KeySchema: keys('gs1pk', 'gs1sk'),
          Projection: { ProjectionType: 'ALL' },
        },
      ],
    }),
  );
  await waitUntilTableExists({ client, maxWaitTime: 30 }, { TableName });
}

describe('electrodb', () => {
  const table = 'electro';
  const index = {
    task: {
      pk: { field: 'pk', composite: ['project'] },
      sk: { field: 'sk', composite: ['task'] },
    },
    owner: {
      index: 'gs1',
      collection: 'work',
      pk: { field: 'gs1pk', composite: ['owner'] },
      sk: { field: 'gs1sk', composite: ['status', 'task'] },
    },
  } as const;
  const open = () =>
    new Entity(
      {
        model: { entity: 'task', version: '1', service: 'tracker' },
        attributes: {
          project: { type: 'string', required: true },
          task: { type: 'string', required: true },
          owner: { type: 'string', required: true },
          status: { type: ['open', 'done'] as const, default: 'open' },
          points: { type: 'number', default: 0 },
          tags: { type: 'set', items: 'string' },
          history: { type: 'list', items: { type: 'string' } },
          detail: { type: 'map', properties: { note: { type: 'string' } } },
        },
        indexes: index,
      },
      { client, table },
    );

  before(() => createSingleTable(table));

  it('creates, gets, patches and queries entities', async () => {
    const tasks = open();
    const created = await tasks
      .create({
        project: 'orrery',
        task: 'a',
        owner: 'ada',
        tags: ['x'],
        history: ['made'],
        detail: { note: 'first' },
      })
      .go();
    assert.equal(created.data.status, 'open');
    await assert.rejects(
      tasks.create({ project: 'orrery', task: 'a', owner: 'bob' }).go(),
      /conditional request failed/,
    );
    await tasks
      .patch({ project: 'orrery', task: 'a' })
      .add({ points: 5, tags: ['y'] })
      .append({ history: ['changed'] })
      .data(({ detail }, { set }) => set(detail.note, 'second'))
      .where(({ points }, { lt }) => lt(points, 100))
      .go();
    const { data } = await tasks.get({ project: 'orrery', task: 'a' }).go();
    assert.deepEqual(
      { ...data, tags: [...(data?.tags ?? [])].sort() },
      {
        project: 'orrery',
        task: 'a',
        owner: 'ada',
        status: 'open',
        points: 5,
        tags: ['x', 'y'],
        history: ['made', 'changed'],
        detail: { note: 'second' },
      },
    );
    await assert.rejects(
      tasks.patch({ project: 'orrery', task: 'none' }).set({ points: 1 }).go(),
      /conditional request failed/,
    );
    await assert.rejects(
      tasks.remove({ project: 'orrery', task: 'none' }).go(),
      /conditional request failed/,
    );
  });

  it('writes and gets in batches, and pages through an index with filters', async () => {
    const tasks = open();
    const many = Array.from({ length: 60 }, (_, i) => ({
      project: 'big',
      task: String(i).padStart(3, '0'),
      owner: 'eve',
      points: i,
      status: i % 2 === 0 ? ('open' as const) : ('done' as const),
    }));
    assert.deepEqual((await tasks.put(many).go()).unprocessed, []);
    const { data: got } = await tasks
      .get(many.map(({ project, task }) => ({ project, task })))
      .go();
    assert.equal(got.length, 60);
    let cursor: string | null = null;
    const seen: string[] = [];
    do {
      const page: { data: { task: string }[]; cursor: string | null } = await tasks.query
        .owner({ owner: 'eve', status: 'done' })
        .between({ task: '010' }, { task: '058' })
        .where(({ points }, { between }) => between(points, 0, 40))
        .go({ limit: 7, cursor });
      seen.push(...page.data.map(({ task }) => task));
      ({ cursor } = page);
    } while (cursor !== null);
    assert.deepEqual(
      seen,
      many
        .filter((m) => m.status === 'done' && m.points >= 10 && m.points <= 40)
        .map((m) => m.task),
    );
    const reversed = await tasks.query.task({ project: 'big' }).go({ order: 'desc', limit: 2 });
    assert.deepEqual(
      reversed.data.map(({ task }) => task),
      ['059', '058'],
    );
  });

  it('keeps transactions whole, and queries collections', async () => {
    const tasks = open();
    const service = new Service({ tasks }, { client, table });
    const moved = await service.transaction
      .write(({ tasks: t }) => [
        t.create({ project: 'tx', task: '1', owner: 'kim' }).commit(),
        t.patch({ project: 'tx', task: 'none' }).set({ points: 1 }).commit({ response: 'all_old' }),
      ])
      .go();
    assert.equal(moved.canceled, true);
    assert.deepEqual(
      moved.data.map(({ code }) => code),
      ['None', 'ConditionalCheckFailed'],
    );
    const made = await service.transaction
      .write(({ tasks: t }) => [
        t.create({ project: 'tx', task: '1', owner: 'kim' }).commit(),
        t.create({ project: 'tx', task: '2', owner: 'kim' }).commit(),
      ])
      .go({ token: 'once' });
    assert.equal(made.canceled, false);
    const read = await service.transaction
      .get(({ tasks: t }) => [t.get({ project: 'tx', task: '2' }).commit()])
      .go();
    assert.equal(read.data[0]?.item?.owner, 'kim');
    const { data } = await service.collections.work({ owner: 'kim' }).go();
    assert.equal(data.tasks.length, 2);
    const scanned = await tasks.scan.where(({ owner }, { eq }) => eq(owner, 'kim')).go();
    assert.equal(scanned.data.length, 2);
  });
});

/** A field's place in the templates of OneTable. */
const field = (name: string): string => `\${${name}}`;

describe('dynamodb-onetable', () => {
  const schema = {
    format: 'onetable:1.1.0',
    version: '0.0.1',
    indexes: {
      primary: { hash: 'pk', sort: 'sk' },
      gs1: { hash: 'gs1pk', sort: 'gs1sk', project: 'all' },
    },
    models: {
      User: {
        pk: { type: String, value: `user#${field('id')}` },
        sk: { type: String, value: 'user#' },
        gs1pk: { type: String, value: 'user#' },
        gs1sk: { type: String, value: `user#${field('name')}` },
        id: { type: String, generate: 'ulid' },
        name: { type: String, required: true },
        email: { type: String, unique: true },
        age: { type: Number },
        joined: { type: Date },
        address: { type: Object, default: {}, schema: { city: { type: String } } },
        roles: { type: Array, items: { type: String } },
      },
      Note: {
        pk: { type: String, value: `note#${field('id')}` },
        sk: { type: String, value: 'note#' },
        gs1pk: { type: String, value: 'note#' },
        gs1sk: { type: String, value: `note#${field('name')}` },
        id: { type: String, generate: 'ulid' },
        name: { type: String, required: true },
      },
    },
    params: { isoDates: true, timestamps: true },
  } as const;
  const open = () => new OneTable({ name: 'one', client, schema, partial: true, logger: false });

  it('creates its table, and tells whether there is one', async () => {
    const table = open();
    assert.equal(await table.exists(), false);
    await table.createTable();
    await waitUntilTableExists({ client, maxWaitTime: 30 }, { TableName: 'one' });
    assert.equal(await table.exists(), true);
    const { Table } = await client.describeTable({ TableName: 'one' });
    assert.equal(Table?.GlobalSecondaryIndexes?.length, 1);
  });

  it('creates with unique fields, updates in place, finds by index', async () => {
    const User = open().getModel('User');
    const joined = new Date('2026-01-02T03:04:05.000Z');
    const ada = await User.create({ name: 'Ada', email: 'ada@x.test', age: 36, joined });
    await assert.rejects(User.create({ name: 'Eve', email: 'ada@x.test' }), /unique/);
    const id = ada.id ?? '';
    await User.update({ id, age: 37 });
    const updated = await User.update(
      { id },
      { add: { age: 1 }, set: { 'address.city': '{Ulm}' } },
    );
    assert.equal(updated?.age, 38);
    await User.update({ id }, { set: { roles: ['a', 'b'] } });
    const pushed = await User.update({ id }, { push: { roles: ['c'] }, remove: ['joined'] });
    assert.deepEqual(pushed?.roles, ['a', 'b', 'c']);
    const got = await User.get({ id });
    assert.equal(got?.joined, undefined);
    await User.update({ id, email: 'ada@y.test' });
    await User.create({ name: 'Bob', email: 'ada@x.test' });
    const found = await User.find(
      { gs1pk: 'user#', gs1sk: { begins: 'user#A' } },
      { index: 'gs1' },
    );
    assert.deepEqual(
      found.map(({ name }) => name),
      ['Ada'],
    );
    await User.remove({ id });
    assert.equal(await User.get({ id }), undefined);
  });

  it('keeps batches and transactions, and pages', async () => {
    const table = open();
    const Note = table.getModel('Note');
    const batch = {};
    for (let i = 0; i < 20; i += 1) {
      await Note.create({ name: `Z${String(i).padStart(2, '0')}` }, { batch });
    }
    await table.batchWrite(batch);
    const transaction = {};
    const one = await Note.create({ name: 'T1' }, { transaction });
    await Note.create({ name: 'T2' }, { transaction });
    await table.transact('write', transaction);
    assert.equal((await Note.get({ id: one.id ?? '' }))?.name, 'T1');
    const seen: (string | undefined)[] = [];
    let next: object | undefined;
    do {
      const page = await Note.find(
        { gs1pk: 'note#', gs1sk: { begins: 'note#Z' } },
        { index: 'gs1', limit: 6, ...(next !== undefined && { next }) },
      );
      seen.push(...page.map(({ name }) => name));
      ({ next } = page);
    } while (next !== undefined);
    assert.equal(seen.length, 20);
    assert.deepEqual(seen, [...seen].sort());
    const scanned = await Note.scan({}, { where: `${field('name')} = {T2}` });
    assert.equal(scanned.length, 1);
  });
});

describe('dynamoose', () => {
  const model = () => {
    const cat = new dynamoose.Schema(
      {
        id: { type: String, hashKey: true },
        born: { type: Number, rangeKey: true },
        colour: { type: String, index: { name: 'byColour', type: 'global' } },
        lives: { type: Number, default: 9 },
        friends: { type: Set, schema: [String] },
        home: {
          type: Object,
          schema: { street: String, rooms: { type: Array, schema: [String] } },
        },
      },
      { timestamps: true },
    );
    return dynamoose.model('Cat', cat);
  };

  before(() => {
    const { endpoint } = cloud.status;
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    dynamoose.aws.ddb.set(
      new dynamoose.aws.ddb.DynamoDB({ region: 'us-east-1', endpoint, credentials }),
    );
    dynamoose.Table.defaults.set({ waitForActive: { enabled: true } });
  });

  it('makes its table, saves, conditions, updates, queries', async () => {
    const Cat = model();
    const home = { street: 'High', rooms: ['hall'] };
    const tom = new Cat({
      id: 'tom',
      born: 2020,
      colour: 'grey',
      friends: new Set(['spike']),
      home,
    });
    await tom.save();
    await assert.rejects(Cat.create({ id: 'tom', born: 2020 }), /conditional request failed/);
    const updated = await Cat.update(
      { id: 'tom', born: 2020 },
      { $ADD: { lives: -1 }, $SET: { colour: 'blue' }, $DELETE: { friends: new Set(['spike']) } },
    );
    assert.deepEqual(
      [updated['lives'], updated['colour'], updated['friends']],
      [8, 'blue', undefined],
    );
    const condition = new dynamoose.Condition().where('lives').gt(8);
    await assert.rejects(
      Cat.update({ id: 'tom', born: 2020 }, { lives: 1 }, { condition }),
      /conditional request failed/,
    );
    await Cat.batchPut(
      Array.from({ length: 20 }, (_, i) => ({ id: 'many', born: i, colour: 'red', lives: i })),
    );
    const red = await Cat.query('colour').eq('red').using('byColour').filter('lives').ge(15).exec();
    assert.equal(red.count, 5);
    const page = await Cat.query('id').eq('many').where('born').between(3, 12).limit(4).exec();
    assert.deepEqual(
      page.map((cat) => cat['born']),
      [3, 4, 5, 6],
    );
    const rest = await Cat.query('id')
      .eq('many')
      .where('born')
      .between(3, 12)
      .startAt(page.lastKey)
      .exec();
    assert.equal(rest.count, 6);
    assert.equal((await Cat.scan('colour').in(['blue', 'red']).count().exec()).count, 21);
    const got = await Cat.batchGet([
      { id: 'many', born: 3 },
      { id: 'tom', born: 2020 },
      { id: 'none', born: 1 },
    ]);
    assert.equal(got.length, 2);
    await Cat.delete({ id: 'tom', born: 2020 });
    assert.equal(await Cat.get({ id: 'tom', born: 2020 }), undefined);
  });

  it('keeps transactions', async () => {
    const Cat = model();
    await dynamoose.transaction([
      Cat.transaction.create({ id: 'tx', born: 1, lives: 3 }),
      Cat.transaction.create({ id: 'tx', born: 2, lives: 3 }),
    ]);
    await assert.rejects(
      dynamoose.transaction([
        Cat.transaction.update({ id: 'tx', born: 1 }, { lives: 4 }),
        Cat.transaction.create({ id: 'tx', born: 2 }),
      ]),
      /Transaction cancelled/,
    );
    assert.equal((await Cat.get({ id: 'tx', born: 1 }))['lives'], 3);
  });
});

describe('AWS SDK v3: paginators and waiters', () => {
  const TableName = 'paged';

  it('pages through tables, queries and scans, segments too', async () => {
    await createSingleTable(TableName);
    for (let i = 0; i < 30; i += 1) {
      const Item = { pk: { S: 'a' }, sk: { S: String(i).padStart(2, '0') }, n: { N: String(i) } };
      await client.putItem({ TableName, Item });
    }
    let pages = 0;
    const found: unknown[] = [];
    const input = {
      TableName,
      KeyConditionExpression: 'pk = :a',
      ExpressionAttributeValues: { ':a': { S: 'a' } },
    };
    for await (const page of paginateQuery({ client, pageSize: 7 }, input)) {
      pages += 1;
      found.push(...(page.Items ?? []).map((item) => item['n']?.N));
    }
    assert.equal(pages, 5);
    assert.deepEqual(
      found,
      Array.from({ length: 30 }, (_, i) => String(i)),
    );
    let scanned = 0;
    for (const Segment of [0, 1, 2]) {
      const part = { TableName, Segment, TotalSegments: 3 };
      for await (const page of paginateScan({ client, pageSize: 4 }, part)) {
        scanned += page.Count ?? 0;
      }
    }
    assert.equal(scanned, 30);
    const documents = DynamoDBDocumentClient.from(client);
    let sum = 0;
    for await (const page of paginateDocuments({ client: documents }, { TableName })) {
      for (const item of page.Items ?? []) sum += item['n'] as number;
    }
    assert.equal(sum, 435);
    const names: string[] = [];
    for await (const page of paginateListTables({ client, pageSize: 1 }, {})) {
      names.push(...(page.TableNames ?? []));
    }
    assert.ok(names.includes(TableName) && names.length >= 3, names.join());
    await client.send(new DeleteTableCommand({ TableName }));
    await waitUntilTableNotExists({ client, maxWaitTime: 30 }, { TableName });
  });
});

describe("boto3's resources", () => {
  const script = `
import boto3, sys
from boto3.dynamodb.conditions import Attr, Key
from decimal import Decimal
db = boto3.resource('dynamodb', region_name='us-east-1', endpoint_url=sys.argv[1],
                    aws_access_key_id='test', aws_secret_access_key='test')
table = db.create_table(TableName='films', BillingMode='PAY_PER_REQUEST',
    AttributeDefinitions=[{'AttributeName': 'year', 'AttributeType': 'N'},
                          {'AttributeName': 'title', 'AttributeType': 'S'}],
    KeySchema=[{'AttributeName': 'year', 'KeyType': 'HASH'},
               {'AttributeName': 'title', 'KeyType': 'RANGE'}])
table.wait_until_exists()
with table.batch_writer(overwrite_by_pkeys=['year', 'title']) as batch:
    for i in range(60):
        batch.put_item(Item={'year': 1990 + i % 3, 'title': 'f%02d' % (i % 50), 'rank': Decimal(i)})
assert table.scan(Select='COUNT')['Count'] == 60, table.scan(Select='COUNT')
page = table.query(KeyConditionExpression=Key('year').eq(1990) & Key('title').begins_with('f1'),
                   FilterExpression=Attr('rank').lt(15), ScanIndexForward=False)
assert [i['title'] for i in page['Items']] == ['f12'], page['Items']
count, kwargs = 0, {'Limit': 7}
while True:
    page = table.scan(**kwargs)
    count += page['Count']
    if 'LastEvaluatedKey' not in page: break
    kwargs['ExclusiveStartKey'] = page['LastEvaluatedKey']
assert count == 60, count
with table.batch_writer() as batch:
    for item in table.scan()['Items']:
        batch.delete_item(Key={'year': item['year'], 'title': item['title']})
client = db.meta.client
assert sum(p['Count'] for p in client.get_paginator('scan').paginate(TableName='films')) == 0
keys = {'films': {'Keys': [{'year': 1990, 'title': 'x'}, {'year': 1991, 'title': 'x'}]}}
table.put_item(Item={'year': 1990, 'title': 'x', 's': {'a', 'b'}, 'n': {Decimal(1), Decimal(2)}})
got = db.batch_get_item(RequestItems=keys)
assert got['Responses']['films'][0]['s'] == {'a', 'b'} and got['UnprocessedKeys'] == {}, got
table.delete()
table.wait_until_not_exists()
print('done')
`;
  const python = spawnSync('python3', ['-c', 'import boto3; print(boto3.__version__)']);
  const skip = python.status === 0 ? false : 'python3 with boto3 is not on this machine';

  it('writes in batches, queries, pages, waits', { skip }, () => {
    const run = spawnSync('python3', ['-c', script, cloud.status.endpoint], { encoding: 'utf8' });
    assert.equal(run.stderr, '');
    assert.equal(run.stdout.trim(), 'done');
  });
});
