import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashTable, indexedTable, rangeTable, testedService } from '../dynamodb.fake.ts';

const S = (text: string) => ({ S: text });

type Described = {
  TableStatus: string;
  TableArn: string;
  BillingModeSummary?: { BillingMode: string };
  GlobalSecondaryIndexes?: { IndexName: string; IndexStatus: string }[];
  LatestStreamArn?: string;
  DeletionProtectionEnabled: boolean;
};

test('a table is created, described, listed and deleted', async () => {
  const { call, problem } = await testedService();
  const { TableDescription } = await call('CreateTable', hashTable);
  assert.equal((TableDescription as Described).TableStatus, 'CREATING');
  const { Table } = await call('DescribeTable', { TableName: 'hash' });
  assert.equal((Table as Described).TableStatus, 'ACTIVE');
  assert.equal((Table as Described).TableArn, 'arn:aws:dynamodb:us-east-1:000000000000:table/hash');
  assert.equal(
    await problem('CreateTable', hashTable),
    'ResourceInUseException: Table already exists: hash',
  );
  await call('CreateTable', rangeTable);
  assert.deepEqual(await call('ListTables', { Limit: 1 }), {
    TableNames: ['hash'],
    LastEvaluatedTableName: 'hash',
  });
  assert.deepEqual(await call('ListTables', { ExclusiveStartTableName: 'hash' }), {
    TableNames: ['range'],
  });
  await call('PutItem', { TableName: 'hash', Item: { pk: S('a') } });
  const deleted = await call('DeleteTable', { TableName: 'hash' });
  assert.equal((deleted['TableDescription'] as Described).TableStatus, 'DELETING');
  const gone = 'ResourceNotFoundException: Requested resource not found: Table: hash not found';
  assert.equal(await problem('DescribeTable', { TableName: 'hash' }), gone);
  assert.equal(await problem('DeleteTable', { TableName: 'hash' }), gone);
  await call('CreateTable', hashTable);
  assert.deepEqual(await call('GetItem', { TableName: 'hash', Key: { pk: S('a') } }), {});
});

test('passing states last as long as they are told to, restarts included', async () => {
  const content = new Map<string, string>();
  const first = await testedService(content, { transitionMs: 1000 });
  await first.call('CreateTable', hashTable);
  assert.equal(
    await first.problem('GetItem', { TableName: 'hash', Key: { pk: S('a') } }),
    'ResourceNotFoundException: Requested resource not found',
  );
  assert.equal(
    await first.problem('DeleteTable', { TableName: 'hash' }),
    'ResourceInUseException: Attempt to change a resource which is still in use: Table is being created: hash',
  );
  const second = await testedService(content, { transitionMs: 1000 });
  second.advance(1000);
  assert.deepEqual(await second.call('GetItem', { TableName: 'hash', Key: { pk: S('a') } }), {});
  await second.call('PutItem', { TableName: 'hash', Item: { pk: S('a') } });
  await second.call('DeleteTable', { TableName: 'hash' });
  const { Table } = await second.call('DescribeTable', { TableName: 'hash' });
  assert.equal((Table as Described).TableStatus, 'DELETING');
  const third = await testedService(content, { transitionMs: 1000 });
  third.advance(1000);
  third.advance(1);
  assert.deepEqual(await third.call('ListTables', {}), { TableNames: [] });
  assert.equal(content.size, 1, 'nothing is left but the counter of ids');
});

test('schemas are refused in DynamoDB’s words', async () => {
  const { problem } = await testedService();
  const invalid = 'ValidationException: One or more parameter values were invalid: ';
  const cases: [object, string][] = [
    [
      {},
      "ValidationException: The parameter 'TableName' is required but was not present in the request",
    ],
    [
      { ...hashTable, TableName: 'ab' },
      "ValidationException: Invalid table/index name.  Table/index names must be between 3 and 255 characters long, and may contain only the characters a-z, A-Z, 0-9, '_', '-', and '.'",
    ],
    [
      { ...hashTable, BillingMode: 'PROVISIONED' },
      `${invalid}ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED`,
    ],
    [
      { ...hashTable, ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 } },
      `${invalid}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST`,
    ],
    [
      { ...hashTable, KeySchema: rangeTable.KeySchema },
      `${invalid}Some index key attributes are not defined in AttributeDefinitions. Keys: [pk, sk], AttributeDefinitions: [pk]`,
    ],
    [
      { ...rangeTable, KeySchema: hashTable.KeySchema },
      `${invalid}Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions`,
    ],
    [
      { ...hashTable, KeySchema: [{ AttributeName: 'pk', KeyType: 'RANGE' }] },
      'ValidationException: Invalid KeySchema: The first KeySchemaElement is not a HASH key type',
    ],
    [
      { ...hashTable, KeySchema: [{ AttributeName: 'pk', KeyType: 'SORT' }] },
      "ValidationException: 1 validation error detected: Value 'SORT' at 'keySchema.1.member.keyType' failed to satisfy constraint: Member must satisfy enum value set: [HASH, RANGE]",
    ],
    [
      { ...indexedTable, GlobalSecondaryIndexes: [] },
      `${invalid}List of GlobalSecondaryIndexes is empty`,
    ],
  ];
  for (const [input, expected] of cases)
    assert.equal(await problem('CreateTable', input), expected);
});

test('settings are updated', async () => {
  const { call, problem } = await testedService();
  await call('CreateTable', hashTable);
  const update = async (input: object): Promise<Described> => {
    await call('UpdateTable', { TableName: 'hash', ...input });
    return (await call('DescribeTable', { TableName: 'hash' }))['Table'] as Described;
  };
  const guarded = await update({ DeletionProtectionEnabled: true });
  assert.equal(guarded.DeletionProtectionEnabled, true);
  assert.match(await problem('DeleteTable', { TableName: 'hash' }), /protected against deletion/);
  const provisioned = await update({
    BillingMode: 'PROVISIONED',
    ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 6 },
  });
  assert.equal(provisioned.BillingModeSummary?.BillingMode, 'PROVISIONED');
  const streaming = await update({
    StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_IMAGE' },
  });
  assert.match(streaming.LatestStreamArn ?? '', /table\/hash\/stream\/2026-11-24T00:00:00.000$/);
  assert.match(
    await problem('UpdateTable', { TableName: 'hash' }),
    /^ValidationException: At least/,
  );
});

test('an index on a filled table is filled, and one that is dropped leaves nothing', async () => {
  const content = new Map<string, string>();
  const { call, advance } = await testedService(content);
  await call('CreateTable', hashTable);
  for (let i = 0; i < 450; i += 1) {
    const Item = { pk: S(`item-${i}`), colour: S(i % 3 === 0 ? 'red' : 'blue') };
    await call('PutItem', { TableName: 'hash', Item });
  }
  const size = content.size;
  const { TableDescription } = await call('UpdateTable', {
    TableName: 'hash',
    AttributeDefinitions: [
      ...hashTable.AttributeDefinitions,
      { AttributeName: 'colour', AttributeType: 'S' },
    ],
    GlobalSecondaryIndexUpdates: [
      {
        Create: {
          IndexName: 'byColour',
          KeySchema: [{ AttributeName: 'colour', KeyType: 'HASH' }],
          Projection: { ProjectionType: 'ALL' },
        },
      },
    ],
  });
  assert.equal(
    (TableDescription as Described).GlobalSecondaryIndexes?.[0]?.IndexStatus,
    'CREATING',
  );
  advance(0);
  const query = {
    TableName: 'hash',
    IndexName: 'byColour',
    KeyConditionExpression: 'colour = :c',
    ExpressionAttributeValues: { ':c': S('red') },
  };
  assert.equal((await call('Query', query))['Count'], 150);
  const { Table } = await call('DescribeTable', { TableName: 'hash' });
  assert.equal((Table as Described).GlobalSecondaryIndexes?.[0]?.IndexStatus, 'ACTIVE');
  await call('UpdateTable', {
    TableName: 'hash',
    GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: 'byColour' } }],
  });
  advance(0);
  assert.equal(content.size, size);
});

test('tags are kept', async () => {
  const { call } = await testedService();
  await call('CreateTable', { ...hashTable, Tags: [{ Key: 'a', Value: '1' }] });
  const ResourceArn = 'arn:aws:dynamodb:us-east-1:000000000000:table/hash';
  await call('TagResource', { ResourceArn, Tags: [{ Key: 'b', Value: '2' }] });
  await call('UntagResource', { ResourceArn, TagKeys: ['a'] });
  assert.deepEqual(await call('ListTagsOfResource', { ResourceArn }), {
    Tags: [{ Key: 'b', Value: '2' }],
  });
});

test('a region has 2,500 tables at most', async () => {
  const { call, problem } = await testedService();
  const table = (i: number) => ({ ...hashTable, TableName: `table-${i}` });
  for (let i = 0; i < 2_500; i += 1) await call('CreateTable', table(i));
  assert.equal(
    await problem('CreateTable', table(2_500)),
    'LimitExceededException: Subscriber limit exceeded: There is a limit of 2500 tables per ' +
      'subscriber',
  );
  await call('DeleteTable', { TableName: 'table-0' });
  await call('CreateTable', table(2_500));
});
