/** PartiQL, backups and settings, as the unmodified SDK sends and reads them, on the real store. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { DynamoDB } from '@aws-sdk/client-dynamodb';
import { type Running, run, stop } from './sdk-server.fake.ts';

let directory: string;
let running: Running;
let client: DynamoDB;

before(async () => {
  directory = mkdtempSync(join(tmpdir(), 'orrery-statements-'));
  running = await run(directory);
  ({ client } = running);
  await client.createTable({
    TableName: 'notes',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
  });
});

after(async () => {
  await stop(running);
  rmSync(directory, { recursive: true });
});

describe('the SDK', () => {
  it('executes statements, with binary parameters and pages', async () => {
    for (const id of ['a', 'b', 'c']) {
      await client.executeStatement({
        Statement: `INSERT INTO notes VALUE {'id': ?, 'raw': ?}`,
        Parameters: [{ S: id }, { B: Uint8Array.of(0, 255) }],
      });
    }
    const found: (string | undefined)[] = [];
    let NextToken: string | undefined;
    do {
      const page = await client.executeStatement({
        Statement: 'SELECT * FROM notes WHERE raw = ?',
        Parameters: [{ B: Uint8Array.of(0, 255) }],
        Limit: 2,
        NextToken,
      });
      assert.deepEqual(page.Items?.[0]?.['raw']?.B, Uint8Array.of(0, 255));
      found.push(...(page.Items ?? []).map((item) => item['id']?.S));
      ({ NextToken } = page);
    } while (NextToken !== undefined);
    assert.deepEqual(found.sort(), ['a', 'b', 'c']);
    await assert.rejects(
      client.executeStatement({ Statement: `INSERT INTO notes VALUE {'id': 'a'}` }),
      { name: 'DuplicateItemException', message: 'Duplicate primary key exists in table' },
    );
    await assert.rejects(
      client.executeTransaction({
        TransactStatements: [{ Statement: `INSERT INTO notes VALUE {'id': 'a'}` }],
      }),
      (error: { name: string; CancellationReasons?: { Code?: string }[] }) => {
        assert.equal(error.name, 'TransactionCanceledException');
        assert.equal(error.CancellationReasons?.[0]?.Code, 'DuplicateItem');
        return true;
      },
    );
    const { Responses } = await client.batchExecuteStatement({
      Statements: [{ Statement: `SELECT id FROM notes WHERE id = 'b'` }],
    });
    assert.deepEqual(Responses, [{ TableName: 'notes', Item: { id: { S: 'b' } } }]);
  });

  it('makes and restores backups, and reads their times', async () => {
    const { BackupDetails } = await client.createBackup({
      TableName: 'notes',
      BackupName: 'first',
    });
    const BackupArn = BackupDetails?.BackupArn ?? '';
    assert.ok(BackupDetails?.BackupCreationDateTime instanceof Date);
    const TimeRangeLowerBound = BackupDetails.BackupCreationDateTime;
    const { BackupSummaries } = await client.listBackups({ TimeRangeLowerBound });
    assert.deepEqual(
      BackupSummaries?.map((one) => [one.BackupName, one.BackupStatus]),
      [['first', 'AVAILABLE']],
    );
    assert.deepEqual(
      (await client.listBackups({ TimeRangeUpperBound: TimeRangeLowerBound })).BackupSummaries,
      [],
    );
    await client.restoreTableFromBackup({ TargetTableName: 'again', BackupArn });
    const { Table } = await client.describeTable({ TableName: 'again' });
    assert.equal(Table?.ItemCount, 3);
    assert.ok(Table?.RestoreSummary?.RestoreDateTime instanceof Date);
  });

  it('keeps recovery settings and policies', async () => {
    const { ContinuousBackupsDescription: told } = await client.updateContinuousBackups({
      TableName: 'notes',
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
    const { LatestRestorableDateTime: latest } = told?.PointInTimeRecoveryDescription ?? {};
    assert.ok(latest instanceof Date && Math.abs(latest.getTime() - Date.now()) < 600_000);
    const ResourceArn = 'arn:aws:dynamodb:us-east-1:000000000000:table/notes';
    const Policy = '{"Version":"2012-10-17","Statement":[]}';
    const put = await client.putResourcePolicy({ ResourceArn, Policy });
    const got = await client.getResourcePolicy({ ResourceArn });
    assert.deepEqual([got.Policy, got.RevisionId], [Policy, put.RevisionId]);
  });
});
