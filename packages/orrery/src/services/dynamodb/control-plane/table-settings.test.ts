import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hashTable, indexedTable, testedService } from '../dynamodb.fake.ts';

type Output = Record<string, unknown>;
const arn = 'arn:aws:dynamodb:us-east-1:000000000000:table/hash';
const units = (read: number, write: number) => ({
  ReadCapacityUnits: read,
  WriteCapacityUnits: write,
});

async function fixture(more: object = {}) {
  const tested = await testedService();
  await tested.call('CreateTable', { ...hashTable, ...more });
  const table = async (): Promise<Output> =>
    (await tested.call('DescribeTable', { TableName: 'hash' }))['Table'] as Output;
  const update = (change: object) => tested.call('UpdateTable', { TableName: 'hash', ...change });
  const refused = (change: object) =>
    tested.problem('UpdateTable', { TableName: 'hash', ...change });
  return { ...tested, table, update, refused };
}

describe('provisioned throughput', () => {
  it('is lowered four times a day, then once an hour', async () => {
    const { update, refused, table, advance } = await fixture({
      BillingMode: 'PROVISIONED',
      ProvisionedThroughput: units(20, 20),
    });
    for (let i = 1; i <= 4; i += 1) {
      await update({ ProvisionedThroughput: units(20 - i, 20) });
    }
    const shown = async () => (await table())['ProvisionedThroughput'] as Output;
    assert.equal((await shown())['NumberOfDecreasesToday'], 4);
    const again = { ProvisionedThroughput: units(10, 20) };
    assert.match(
      await refused(again),
      /^LimitExceededException: Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day\. .* Number of decreases today: 4\./,
    );
    await update({ ProvisionedThroughput: units(30, 20) });
    advance(3_600_000);
    await update(again);
    assert.equal((await shown())['NumberOfDecreasesToday'], 5);
    assert.match(await refused({ ProvisionedThroughput: units(9, 20) }), /^LimitExceeded/);
    advance(24 * 3_600_000);
    assert.equal((await shown())['NumberOfDecreasesToday'], 0);
    await update({ ProvisionedThroughput: units(9, 20) });
    assert.equal((await shown())['NumberOfDecreasesToday'], 1);
  });
});

describe('warm and on-demand throughput', () => {
  it('is shown, raised and not lowered', async () => {
    const { update, refused, table } = await fixture();
    const warm = async () => (await table())['WarmThroughput'];
    assert.deepEqual(await warm(), {
      ReadUnitsPerSecond: 12_000,
      WriteUnitsPerSecond: 4_000,
      Status: 'ACTIVE',
    });
    await update({ WarmThroughput: { WriteUnitsPerSecond: 9_000 } });
    assert.deepEqual(await warm(), {
      ReadUnitsPerSecond: 12_000,
      WriteUnitsPerSecond: 9_000,
      Status: 'ACTIVE',
    });
    assert.match(await refused({ WarmThroughput: { WriteUnitsPerSecond: 8_000 } }), /is lower/);
    assert.match(await refused({ WarmThroughput: {} }), /At least one of ReadUnitsPerSecond/);
  });

  it('has limits that -1 takes away, on demand only', async () => {
    const limits = { MaxReadRequestUnits: 10, MaxWriteRequestUnits: 5 };
    const { update, refused, table } = await fixture({ OnDemandThroughput: limits });
    assert.deepEqual((await table())['OnDemandThroughput'], limits);
    await update({ OnDemandThroughput: { MaxReadRequestUnits: -1 } });
    assert.deepEqual((await table())['OnDemandThroughput'], {
      MaxReadRequestUnits: -1,
      MaxWriteRequestUnits: 5,
    });
    assert.match(await refused({ OnDemandThroughput: { MaxReadRequestUnits: 0 } }), /at least 1/);
    await update({ BillingMode: 'PROVISIONED', ProvisionedThroughput: units(1, 1) });
    assert.equal((await table())['OnDemandThroughput'], undefined);
    assert.match(await refused({ OnDemandThroughput: limits }), /when BillingMode is PROVISIONED/);
  });

  it('is kept of global indexes too', async () => {
    const { call } = await fixture();
    await call('CreateTable', indexedTable);
    const Update = {
      IndexName: 'byColour',
      OnDemandThroughput: { MaxReadRequestUnits: 7 },
      WarmThroughput: { ReadUnitsPerSecond: 20_000 },
    };
    await call('UpdateTable', {
      TableName: 'indexed',
      GlobalSecondaryIndexUpdates: [{ Update }],
    });
    const { Table } = await call('DescribeTable', { TableName: 'indexed' });
    const [index] = (Table as Output)['GlobalSecondaryIndexes'] as Output[];
    assert.deepEqual(index?.['OnDemandThroughput'], {
      MaxReadRequestUnits: 7,
      MaxWriteRequestUnits: -1,
    });
    const warm = index?.['WarmThroughput'] as Output | undefined;
    assert.equal(warm?.['ReadUnitsPerSecond'], 20_000);
  });
});

describe('global indexes', () => {
  it('are DELETING in the answer that deletes them, and changed one at a time', async () => {
    const { call, problem } = await fixture();
    await call('CreateTable', indexedTable);
    const change = (...GlobalSecondaryIndexUpdates: object[]) => ({
      TableName: 'indexed',
      GlobalSecondaryIndexUpdates,
    });
    const Delete = { IndexName: 'byColour' };
    assert.match(
      await problem('UpdateTable', change({ Delete }, { Delete: { IndexName: 'other' } })),
      /^LimitExceededException: Subscriber limit exceeded: Only 1 online index/,
    );
    const { TableDescription } = await call('UpdateTable', change({ Delete }));
    const [index] = (TableDescription as Output)['GlobalSecondaryIndexes'] as Output[];
    assert.deepEqual([index?.['IndexName'], index?.['IndexStatus']], ['byColour', 'DELETING']);
    const { Table } = await call('DescribeTable', { TableName: 'indexed' });
    assert.equal((Table as Output)['GlobalSecondaryIndexes'], undefined);
  });
});

describe('continuous backups', () => {
  it('are settings', async () => {
    const { call, problem, advance } = await fixture();
    const TableName = 'hash';
    const told = async () => {
      const output = await call('DescribeContinuousBackups', { TableName });
      const all = output['ContinuousBackupsDescription'] as Output;
      assert.equal(all['ContinuousBackupsStatus'], 'ENABLED');
      return all['PointInTimeRecoveryDescription'] as Output;
    };
    const set = (PointInTimeRecoverySpecification: object) => ({
      TableName,
      PointInTimeRecoverySpecification,
    });
    assert.deepEqual(await told(), { PointInTimeRecoveryStatus: 'DISABLED' });
    await call('UpdateContinuousBackups', set({ PointInTimeRecoveryEnabled: true }));
    assert.equal((await told())['RecoveryPeriodInDays'], 35);
    const more = { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 2 };
    await call('UpdateContinuousBackups', set(more));
    advance(3 * 24 * 3_600_000);
    const { EarliestRestorableDateTime: from, LatestRestorableDateTime: until } = await told();
    assert.equal(Number(until) - Number(from), 2 * 24 * 3_600_000 - 5 * 60_000);
    assert.match(
      await problem('UpdateContinuousBackups', set({ ...more, RecoveryPeriodInDays: 36 })),
      /at 'pointInTimeRecoverySpecification.recoveryPeriodInDays' failed/,
    );
    assert.equal(
      await problem('DescribeContinuousBackups', { TableName: 'nothing' }),
      'TableNotFoundException: Table not found: nothing',
    );
    await call('UpdateContinuousBackups', set({ PointInTimeRecoveryEnabled: false }));
    assert.deepEqual(await told(), { PointInTimeRecoveryStatus: 'DISABLED' });
  });
});

describe('indexes', () => {
  it('have the capacity that the billing of their table wants', async () => {
    const { call, problem } = await testedService();
    await call('CreateTable', indexedTable);
    const provisioned = {
      TableName: 'indexed',
      BillingMode: 'PROVISIONED',
      ProvisionedThroughput: units(5, 5),
    };
    const missing =
      'ValidationException: One or more parameter values were invalid: ProvisionedThroughput must ' +
      'be specified for index: byColour';
    assert.equal(await problem('UpdateTable', provisioned), missing);
    const Update = { IndexName: 'byColour', ProvisionedThroughput: units(2, 3) };
    const GlobalSecondaryIndexUpdates = [{ Update }];
    await call('UpdateTable', { ...provisioned, GlobalSecondaryIndexUpdates });
    assert.match(
      await problem('UpdateTable', { TableName: 'indexed', GlobalSecondaryIndexUpdates }),
      /^ValidationException: The provisioned throughput for the index byColour will not change\./,
    );
    const shown = async (): Promise<Output> => {
      const { Table } = await call('DescribeTable', { TableName: 'indexed' });
      const [index] = (Table as { GlobalSecondaryIndexes: Output[] }).GlobalSecondaryIndexes;
      return index?.['ProvisionedThroughput'] as Output;
    };
    assert.equal((await shown())['WriteCapacityUnits'], 3);
    await call('UpdateTable', { TableName: 'indexed', BillingMode: 'PAY_PER_REQUEST' });
    assert.equal((await shown())['WriteCapacityUnits'], 0);
  });
});

describe('UpdateTable', () => {
  it('is refused as AWS refuses it', async () => {
    const index = (i: number) => ({
      IndexName: `index-${i}`,
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      Projection: { ProjectionType: 'KEYS_ONLY' },
    });
    const StreamSpecification = { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' };
    const { refused } = await fixture({
      GlobalSecondaryIndexes: Array.from({ length: 20 }, (_, i) => index(i)),
      StreamSpecification,
    });
    assert.equal(
      await refused({ StreamSpecification }),
      'ValidationException: Table already has an enabled stream: TableName: hash',
    );
    const { AttributeDefinitions } = hashTable;
    const GlobalSecondaryIndexUpdates = [{ Create: index(20) }];
    assert.equal(
      await refused({ AttributeDefinitions, GlobalSecondaryIndexUpdates }),
      'LimitExceededException: Subscriber limit exceeded: Number of global secondary indexes ' +
        'exceeds per-table limit of 20',
    );
  });
});

describe('resource policies', () => {
  it('have revisions', async () => {
    const { call, problem } = await fixture();
    const ResourceArn = arn;
    const Policy = '{"Version":"2012-10-17","Statement":[]}';
    assert.match(await problem('GetResourcePolicy', { ResourceArn }), /^PolicyNotFoundException/);
    const first = await call('PutResourcePolicy', {
      ResourceArn,
      Policy,
      ExpectedRevisionId: 'NO_POLICY',
    });
    assert.deepEqual(await call('GetResourcePolicy', { ResourceArn }), { Policy, ...first });
    assert.deepEqual(await call('PutResourcePolicy', { ResourceArn, Policy }), first);
    const other = await call('PutResourcePolicy', { ResourceArn, Policy: `${Policy} ` });
    assert.notDeepEqual(other, first);
    const stale = { ResourceArn, ExpectedRevisionId: first['RevisionId'] };
    assert.match(await problem('DeleteResourcePolicy', stale), /^PolicyNotFoundException/);
    const has = `has revision id ${other['RevisionId']}.`;
    assert.ok((await problem('PutResourcePolicy', { ...stale, Policy })).endsWith(has));
    const fresh = { ResourceArn, Policy, ExpectedRevisionId: 'NO_POLICY' };
    assert.match(await problem('PutResourcePolicy', fresh), /expecting none to be present/);
    const absent = { ResourceArn: `${arn}-absent` };
    assert.match(await problem('GetResourcePolicy', absent), /not found: Table: .+-absent not/);
    assert.deepEqual(await call('DeleteResourcePolicy', { ResourceArn }), other);
    assert.deepEqual(await call('DeleteResourcePolicy', { ResourceArn }), {});
    for (const bad of ['x', '{}', 'null']) {
      const input = { ResourceArn, Policy: bad };
      assert.match(await problem('PutResourcePolicy', input), /: Invalid policy document: /);
    }
  });

  it('are of streams too, each of its own', async () => {
    const StreamSpecification = { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' };
    const { call, problem, table, update, advance } = await fixture({ StreamSpecification });
    const Policy = '{"Statement":[]}';
    const streamArn = async () => (await table())['LatestStreamArn'];
    const stream = { ResourceArn: await streamArn() };
    const put = await call('PutResourcePolicy', { ...stream, Policy });
    assert.deepEqual(await call('GetResourcePolicy', stream), { Policy, ...put });
    assert.match(await problem('GetResourcePolicy', { ResourceArn: arn }), /^PolicyNotFound/);
    const fresh = { ...stream, Policy, ExpectedRevisionId: 'NO_POLICY' };
    assert.match(await problem('PutResourcePolicy', fresh), /expecting none to be present/);

    await update({ StreamSpecification: { StreamEnabled: false } });
    advance(1_000);
    await update({ StreamSpecification });
    const next = { ResourceArn: await streamArn() };
    assert.notDeepEqual(next, stream);
    assert.match(await problem('GetResourcePolicy', next), /^PolicyNotFoundException/);
    assert.deepEqual(await call('GetResourcePolicy', stream), { Policy, ...put });
    assert.deepEqual(await call('DeleteResourcePolicy', stream), put);
    assert.match(await problem('GetResourcePolicy', stream), /^PolicyNotFoundException/);
    const none = { ResourceArn: `${arn}/stream/2020-01-01T00:00:00.000` };
    assert.match(await problem('GetResourcePolicy', none), /^ResourceNotFoundException/);
  });

  it('may come with the table', async () => {
    const ResourcePolicy = '{"Statement":[]}';
    const { call } = await fixture({ ResourcePolicy });
    const { Policy } = await call('GetResourcePolicy', { ResourceArn: arn });
    assert.equal(Policy, ResourcePolicy);
  });
});

describe('tags', () => {
  it('have limits', async () => {
    const { problem } = await fixture();
    const tag = (Key: string, Value: string) =>
      problem('TagResource', { ResourceArn: arn, Tags: [{ Key, Value }] });
    assert.match(await tag('', 'x'), /'tags.1.member.key' .* greater than or equal to 1/);
    assert.match(
      await tag('k'.repeat(129), 'x'),
      /'tags.1.member.key' .* less than or equal to 128/,
    );
    assert.match(await tag('k', 'x'.repeat(257)), /'tags.1.member.value' .* or equal to 256/);
    assert.match(await tag('aws:k', 'x'), /must not start with aws:/);
    const Tags = Array.from({ length: 51 }, (_, i) => ({ Key: `k${i}`, Value: '' }));
    assert.match(
      await problem('TagResource', { ResourceArn: arn, Tags }),
      /exceeds the limit of 50/,
    );
    const table = { ...hashTable, TableName: 'tagged', Tags };
    assert.match(await problem('CreateTable', table), /exceeds the limit of 50/);
  });
});

it('contributor insights are kept of tables and global indexes, and shown', async () => {
  const { call, problem } = await testedService();
  await call('CreateTable', indexedTable);
  const TableName = 'indexed';
  const described = (more: object = {}) =>
    call('DescribeContributorInsights', { TableName, ...more });
  assert.deepEqual(await described(), { TableName, ContributorInsightsStatus: 'DISABLED' });
  const IndexName = 'byColour';
  const enabled = await call('UpdateContributorInsights', {
    TableName,
    IndexName,
    ContributorInsightsAction: 'ENABLE',
    ContributorInsightsMode: 'THROTTLED_KEYS',
  });
  assert.equal(enabled['ContributorInsightsStatus'], 'ENABLING');
  const { ContributorInsightsStatus: status, ContributorInsightsRuleList: rules } = await described(
    { IndexName },
  );
  assert.deepEqual([status, (rules as string[]).length], ['ENABLED', 2]);
  const action = { TableName, ContributorInsightsAction: 'ENABLE' };
  await call('UpdateContributorInsights', action);
  await call('UpdateContributorInsights', { ...action, ContributorInsightsAction: 'DISABLE' });
  const first = await call('ListContributorInsights', { MaxResults: 1 });
  const rest = await call('ListContributorInsights', { NextToken: first['NextToken'] });
  assert.deepEqual(
    [first, rest].map((page) => page['ContributorInsightsSummaries']),
    [
      [
        {
          TableName,
          IndexName,
          ContributorInsightsStatus: 'ENABLED',
          ContributorInsightsMode: 'THROTTLED_KEYS',
        },
      ],
      [{ TableName, ContributorInsightsStatus: 'DISABLED' }],
    ],
  );
  assert.match(
    await problem('DescribeContributorInsights', { TableName, IndexName: 'nothing' }),
    /^ResourceNotFoundException/,
  );
});

it('there are no exports, imports, streaming destinations and global tables of 2017', async () => {
  const { call, problem } = await testedService();
  await call('CreateTable', indexedTable);
  const TableName = 'indexed';
  assert.deepEqual(await call('ListExports', {}), { ExportSummaries: [] });
  assert.deepEqual(await call('ListImports', {}), { ImportSummaryList: [] });
  assert.deepEqual(await call('ListGlobalTables', {}), { GlobalTables: [] });
  assert.deepEqual(await call('DescribeKinesisStreamingDestination', { TableName }), {
    TableName,
    KinesisDataStreamDestinations: [],
  });
  assert.equal(
    await problem('DescribeGlobalTable', { GlobalTableName: TableName }),
    "GlobalTableNotFoundException: Global table not found: Global table with name: 'indexed' does not exist.",
  );
});

it('a table defines the attributes that its keys use, and no others', async () => {
  const { call } = await testedService();
  await call('CreateTable', hashTable);
  const TableName = 'hash';
  const attribute = (AttributeName: string) => ({ AttributeName, AttributeType: 'S' });
  const defined = async (): Promise<string[]> => {
    const { Table } = await call('DescribeTable', { TableName });
    const { AttributeDefinitions: all } = Table as {
      AttributeDefinitions: { AttributeName: string }[];
    };
    return all.map(({ AttributeName }) => AttributeName);
  };
  const IndexName = 'byColour';
  const Create = {
    IndexName,
    KeySchema: [{ AttributeName: 'colour', KeyType: 'HASH' }],
    Projection: { ProjectionType: 'ALL' },
  };
  await call('UpdateTable', {
    TableName,
    AttributeDefinitions: [attribute('colour'), attribute('unused')],
    GlobalSecondaryIndexUpdates: [{ Create }],
  });
  assert.deepEqual(await defined(), ['pk', 'colour']);
  const Delete = { IndexName };
  await call('UpdateTable', { TableName, GlobalSecondaryIndexUpdates: [{ Delete }] });
  assert.deepEqual(await defined(), ['pk']);
});
