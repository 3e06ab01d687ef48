import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hashTable, indexedTable, testedService } from '../dynamodb.fake.ts';

type Output = Record<string, unknown>;

async function fixture(content = new Map<string, string>()) {
  const tested = await testedService(content);
  const status = async (BackupArn: unknown): Promise<string> => {
    const { BackupDescription: told } = await tested.call('DescribeBackup', { BackupArn });
    return String(((told as Output)['BackupDetails'] as Output)['BackupStatus']);
  };
  const back = async (TableName: string): Promise<string> => {
    const { BackupDetails: told } = await tested.call('CreateBackup', {
      TableName,
      BackupName: 'first',
    });
    return String((told as Output)['BackupArn']);
  };
  const whole = async (TableName: string): Promise<Output[]> => {
    const { Items } = await tested.call('Scan', { TableName });
    return Items as Output[];
  };
  const table = async (TableName: string): Promise<Output> =>
    (await tested.call('DescribeTable', { TableName }))['Table'] as Output;
  const until = async (holds: () => Promise<boolean>): Promise<void> => {
    tested.advance(0);
    assert.ok(await holds(), 'it did not come about');
  };
  return { ...tested, until, status, back, whole, table };
}

const put = (i: number, v: string) => ({
  TableName: 'hash',
  Item: { pk: { S: `k${i}` }, v: { S: v } },
});

describe('backups', () => {
  it('hold the items of one instant, whatever is written while they are made', async () => {
    const { until, call, back, status, whole, table } = await fixture();
    await call('CreateTable', hashTable);
    for (let i = 0; i < 1000; i += 1) await call('PutItem', put(i, 'old'));
    const BackupArn = await back('hash');
    assert.match(
      BackupArn,
      /^arn:aws:dynamodb:us-east-1:000000000000:table\/hash\/backup\/0\d{13}-/,
    );
    assert.equal(await status(BackupArn), 'CREATING', 'the copy takes several pieces');
    for (let i = 0; i < 1000; i += 3) await call('PutItem', put(i, 'new'));
    for (let i = 1; i < 1000; i += 3) {
      await call('DeleteItem', { TableName: 'hash', Key: { pk: { S: `k${i}` } } });
    }
    for (let i = 1000; i < 1200; i += 1) await call('PutItem', put(i, 'new'));
    await until(async () => (await status(BackupArn)) === 'AVAILABLE');
    const { BackupDescription: told } = await call('DescribeBackup', { BackupArn });
    const source = (told as Output)['SourceTableDetails'] as Output;
    assert.equal(source['ItemCount'], 1000);
    assert.ok(Number(source['TableSizeBytes']) > 20_000);

    await call('DeleteTable', { TableName: 'hash' });
    const restore = { TargetTableName: 'again', BackupArn };
    const { TableDescription } = await call('RestoreTableFromBackup', restore);
    assert.equal((TableDescription as Output)['TableStatus'], 'CREATING');
    await until(async () => (await table('again'))['TableStatus'] === 'ACTIVE');
    const items = await whole('again');
    assert.equal(items.length, 1000);
    assert.ok(items.every((item) => (item['v'] as Output)['S'] === 'old'));
    const summary = (await table('again'))['RestoreSummary'] as Output;
    assert.equal(summary['SourceBackupArn'], BackupArn);
    assert.equal(summary['RestoreInProgress'], false);
  });

  it('keep indexes, and neither streams nor Time to Live nor tags', async () => {
    const { until, call, problem, back, status, table } = await fixture();
    await call('CreateTable', {
      ...indexedTable,
      Tags: [{ Key: 'a', Value: 'b' }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' },
    });
    const Item = { pk: { S: 'p' }, sk: { S: 's' }, weight: { N: '1' }, colour: { S: 'red' } };
    await call('PutItem', { TableName: 'indexed', Item });
    const BackupArn = await back('indexed');
    await until(async () => (await status(BackupArn)) === 'AVAILABLE');
    const provisioned = {
      TargetTableName: 'less',
      BackupArn,
      BillingModeOverride: 'PROVISIONED',
      ProvisionedThroughputOverride: { ReadCapacityUnits: 3, WriteCapacityUnits: 2 },
    };
    assert.match(
      await problem('RestoreTableFromBackup', provisioned),
      /ProvisionedThroughput must be specified for index: byColour$/,
    );
    const [colours] = indexedTable.GlobalSecondaryIndexes;
    const ProvisionedThroughput = { ReadCapacityUnits: 1, WriteCapacityUnits: 7 };
    await call('RestoreTableFromBackup', {
      ...provisioned,
      TargetTableName: 'given',
      GlobalSecondaryIndexOverride: [{ ...colours, ProvisionedThroughput }],
    });
    await until(async () => (await table('given'))['TableStatus'] === 'ACTIVE');
    const [given] = (await table('given'))['GlobalSecondaryIndexes'] as Output[];
    const told = given?.['ProvisionedThroughput'] as Output | undefined;
    assert.equal(told?.['WriteCapacityUnits'], 7);
    const KeySchema = [{ AttributeName: 'weight', KeyType: 'HASH' }];
    assert.match(
      await problem('RestoreTableFromBackup', {
        ...provisioned,
        GlobalSecondaryIndexOverride: [{ ...colours, ProvisionedThroughput, KeySchema }],
      }),
      /key schema of the index byColour/,
    );
    const override = {
      GlobalSecondaryIndexOverride: [],
      BillingModeOverride: 'PROVISIONED',
      ProvisionedThroughputOverride: { ReadCapacityUnits: 3, WriteCapacityUnits: 2 },
    };
    await call('RestoreTableFromBackup', { TargetTableName: 'same', BackupArn });
    await call('RestoreTableFromBackup', { TargetTableName: 'less', BackupArn, ...override });
    await until(async () => (await table('less'))['TableStatus'] === 'ACTIVE');
    await until(async () => (await table('same'))['TableStatus'] === 'ACTIVE');
    const { Count } = await call('Query', {
      TableName: 'same',
      IndexName: 'byColour',
      KeyConditionExpression: 'colour = :r',
      ExpressionAttributeValues: { ':r': { S: 'red' } },
    });
    assert.equal(Count, 1);
    assert.equal((await table('same'))['StreamSpecification'], undefined);
    assert.equal((await table('less'))['GlobalSecondaryIndexes'], undefined);
    const throughput = (await table('less'))['ProvisionedThroughput'] as Output;
    assert.equal(throughput['ReadCapacityUnits'], 3);
    const arn = (await table('same'))['TableArn'];
    assert.deepEqual(await call('ListTagsOfResource', { ResourceArn: arn }), { Tags: [] });
  });

  it('are listed by table, time and page, and deleted', async () => {
    const content = new Map<string, string>();
    const { until, call, back, status, problem } = await fixture(content);
    await call('CreateTable', hashTable);
    await call('PutItem', put(1, 'x'));
    const arns = [await back('hash'), await back('hash'), await back('hash')];
    for (const arn of arns) await until(async () => (await status(arn)) === 'AVAILABLE');
    const list = async (input: object): Promise<Output> => call('ListBackups', input);
    const first = await list({ TableName: 'hash', Limit: 2 });
    assert.equal((first['BackupSummaries'] as Output[]).length, 2);
    assert.equal(first['LastEvaluatedBackupArn'], arns[1]);
    const rest = await list({ ExclusiveStartBackupArn: arns[1] });
    assert.deepEqual(
      (rest['BackupSummaries'] as Output[]).map((one) => one['BackupArn']),
      [arns[2]],
    );
    assert.deepEqual(await list({ TableName: 'other' }), { BackupSummaries: [] });
    assert.deepEqual(await list({ BackupType: 'SYSTEM' }), { BackupSummaries: [] });
    assert.deepEqual(await list({ TimeRangeUpperBound: 1 }), { BackupSummaries: [] });
    for (const arn of arns) {
      const { BackupDescription: told } = await call('DeleteBackup', { BackupArn: arn });
      assert.equal(((told as Output)['BackupDetails'] as Output)['BackupStatus'], 'DELETED');
      assert.equal(
        await problem('DescribeBackup', { BackupArn: arn }),
        `BackupNotFoundException: Backup not found: ${arn}`,
      );
    }
    const left = (): number => [...content.keys()].filter((key) => /^[\f\r]/.test(key)).length;
    await until(async () => left() < 2);
    assert.equal(left(), 1, 'the counter of backups alone');
  });

  it('go on after a restart, copying and restoring', async () => {
    const content = new Map<string, string>();
    const one = await fixture(content);
    await one.call('CreateTable', hashTable);
    for (let i = 0; i < 900; i += 1) await one.call('PutItem', put(i, 'old'));
    const BackupArn = await one.back('hash');
    await one.call('PutItem', put(899, 'new'));
    const half = new Map(content);
    const two = await fixture(half);
    await two.call('PutItem', put(898, 'new'));
    await two.until(async () => (await two.status(BackupArn)) === 'AVAILABLE');
    await two.call('RestoreTableFromBackup', { TargetTableName: 'again', BackupArn });
    assert.match(await two.problem('DeleteBackup', { BackupArn }), /^BackupInUseException/);
    const three = await fixture(new Map(half));
    await three.until(async () => (await three.table('again'))['TableStatus'] === 'ACTIVE');
    const items = await three.whole('again');
    assert.equal(items.length, 900);
    assert.ok(items.every((item) => (item['v'] as Output)['S'] === 'old'));
  });

  it('are refused as AWS refuses them', async () => {
    const { until, call, back, problem, status } = await fixture();
    await call('CreateTable', hashTable);
    assert.equal(
      await problem('CreateBackup', { TableName: 'nothing', BackupName: 'abc' }),
      'TableNotFoundException: Table not found: nothing',
    );
    assert.match(
      await problem('CreateBackup', { TableName: 'hash', BackupName: 'a' }),
      /backupName/,
    );
    const BackupArn = await back('hash');
    await until(async () => (await status(BackupArn)) === 'AVAILABLE');
    const restore = { TargetTableName: 'hash', BackupArn };
    assert.equal(
      await problem('RestoreTableFromBackup', restore),
      'TableAlreadyExistsException: Table already exists: hash',
    );
  });
});
