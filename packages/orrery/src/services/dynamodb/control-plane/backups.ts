/** CreateBackup, DescribeBackup, ListBackups, DeleteBackup. */
import type {
  CreateBackupInput,
  DeleteBackupInput,
  DescribeBackupInput,
  ListBackupsInput,
} from '@aws-sdk/client-dynamodb';
import { ServiceError } from '../../../endpoint/service.ts';
import {
  atLeast,
  atMost,
  type Constraint,
  checkConstraints,
  lengthAtLeast,
  lengthAtMost,
  oneOf,
  type Rules,
  required,
} from '../constraints.ts';
import { validationError } from '../errors.ts';
import type { StoredBackup } from '../storage/backup-log.ts';
import type { StoredIndex } from '../storage/stored-table.ts';
import {
  nameConstraints,
  requireTableName,
  tableNameConstraints,
  tableNameOf,
} from '../table-names.ts';
import type { ControlPlane } from './control-plane.ts';
import { describe, keySchema } from './table-description.ts';

const name = [required, ...nameConstraints] as const;
export const backupArnRules: Rules = [
  ['BackupArn', required, lengthAtLeast(37), lengthAtMost(1024)],
];
const listRules: Rules = [
  ['TableName', (value) => (value === undefined ? undefined : tableNameProblem(value))],
  ['Limit', atLeast(1), atMost(100)],
  ['ExclusiveStartBackupArn', lengthAtLeast(37), lengthAtMost(1024)],
  ['BackupType', oneOf('USER', 'SYSTEM', 'AWS_BACKUP', 'ALL')],
];

function tableNameProblem(value: unknown): ReturnType<Constraint> {
  for (const constraint of tableNameConstraints) {
    const problem = constraint(value);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

export function createBackup(plane: ControlPlane, input: CreateBackupInput): object {
  requireTableName(input.TableName);
  checkConstraints(input, [
    ['TableName', ...tableNameConstraints],
    ['BackupName', ...name],
  ]);
  const { catalog, storage, region, io, backups } = plane;
  const table = catalog.find(tableNameOf(input.TableName, region));
  if (table === undefined || table.status === 'CREATING' || table.status === 'DELETING') {
    throw new ServiceError('TableNotFoundException', `Table not found: ${input.TableName}`);
  }
  const createdMs = io.clock.wallMs();
  const suffix = io.random.uuid().slice(-8);
  const backup = storage.backups.create((id) => ({
    id,
    arn: `${table.arn}/backup/${String(createdMs).padStart(14, '0')}-${suffix}`,
    name: input.BackupName ?? '',
    status: 'CREATING',
    createdMs,
    copied: false,
    bytes: 0,
    items: 0,
    table,
  }));
  backups.copy(backup);
  return { BackupDetails: details(backup) };
}

function details(backup: StoredBackup): object {
  return {
    BackupArn: backup.arn,
    BackupName: backup.name,
    BackupSizeBytes: backup.bytes,
    BackupStatus: backup.status,
    BackupType: 'USER',
    BackupCreationDateTime: backup.createdMs,
  };
}

function description(backup: StoredBackup, region: string): object {
  const { table } = backup;
  const told = describe(table, region);
  const plain = (index: StoredIndex): object => ({
    IndexName: index.name,
    KeySchema: keySchema(index),
    Projection: {
      ProjectionType: index.projection.type,
      ...(index.projection.nonKeyAttributes.length > 0 && {
        NonKeyAttributes: index.projection.nonKeyAttributes,
      }),
    },
  });
  const local = table.indexes.filter(({ kind }) => kind === 'LOCAL').map(plain);
  const global = table.indexes
    .filter(({ kind }) => kind === 'GLOBAL')
    .map((index) => ({
      ...plain(index),
      ProvisionedThroughput: {
        ReadCapacityUnits: index.throughput?.readCapacityUnits ?? 0,
        WriteCapacityUnits: index.throughput?.writeCapacityUnits ?? 0,
      },
    }));
  return {
    BackupDetails: details(backup),
    SourceTableDetails: {
      TableName: table.name,
      TableId: table.tableId,
      TableArn: table.arn,
      TableSizeBytes: backup.bytes,
      ItemCount: backup.items,
      KeySchema: told.KeySchema,
      TableCreationDateTime: table.createdMs,
      ProvisionedThroughput: {
        ReadCapacityUnits: table.throughput.readCapacityUnits,
        WriteCapacityUnits: table.throughput.writeCapacityUnits,
      },
      BillingMode: table.billingMode,
    },
    SourceTableFeatureDetails: {
      ...(local.length > 0 && { LocalSecondaryIndexes: local }),
      ...(global.length > 0 && { GlobalSecondaryIndexes: global }),
      ...(told.StreamSpecification !== undefined && {
        StreamDescription: told.StreamSpecification,
      }),
      ...(told.SSEDescription !== undefined && { SSEDescription: told.SSEDescription }),
      TimeToLiveDescription:
        table.timeToLive === undefined
          ? { TimeToLiveStatus: 'DISABLED' }
          : { TimeToLiveStatus: 'ENABLED', AttributeName: table.timeToLive.attribute },
    },
  };
}

export function existingBackup(plane: ControlPlane, arn: string | undefined): StoredBackup {
  const backup = plane.storage.backups.find(arn ?? '');
  if (backup !== undefined) return backup;
  throw new ServiceError('BackupNotFoundException', `Backup not found: ${arn}`);
}

export function describeBackup(plane: ControlPlane, input: DescribeBackupInput): object {
  checkConstraints(input, backupArnRules);
  const backup = existingBackup(plane, input.BackupArn);
  return { BackupDescription: description(backup, plane.region) };
}

/** The backup is gone at once, its items in a while. */
export function deleteBackup(plane: ControlPlane, input: DeleteBackupInput): object {
  checkConstraints(input, backupArnRules);
  const backup = existingBackup(plane, input.BackupArn);
  refuseInUse(plane, backup);
  const deleted: StoredBackup = { ...backup, status: 'DELETED' };
  plane.storage.backups.replace(deleted);
  plane.backups.remove(deleted);
  return { BackupDescription: description(deleted, plane.region) };
}

export function refuseInUse(plane: ControlPlane, backup: StoredBackup): void {
  const doing =
    backup.status === 'CREATING'
      ? 'created'
      : plane.backups.isRestoring(backup)
        ? 'restored'
        : undefined;
  if (doing === undefined) return;
  throw new ServiceError(
    'BackupInUseException',
    `Backup is being ${doing}: ${backup.arn}. Retry when that has ended`,
  );
}

/** Oldest first. Times are epoch milliseconds here. */
export function listBackups(plane: ControlPlane, input: ListBackupsInput): object {
  checkConstraints(input, listRules);
  const { region } = plane;
  const tableName =
    input.TableName === undefined ? undefined : tableNameOf(input.TableName, region);
  const from = Number(input.TimeRangeLowerBound ?? 0);
  const until = Number(input.TimeRangeUpperBound ?? Number.POSITIVE_INFINITY);
  const all = plane.storage.backups.list();
  const start = input.ExclusiveStartBackupArn;
  const behind = start === undefined ? -1 : all.findIndex(({ arn }) => arn === start);
  if (start !== undefined && behind === -1) {
    throw validationError(`Invalid ExclusiveStartBackupArn: ${start}`);
  }
  const ours = input.BackupType === undefined || ['USER', 'ALL'].includes(input.BackupType);
  const found = all.filter(
    ({ table, createdMs }, i) =>
      ours &&
      i > behind &&
      (tableName === undefined || table.name === tableName) &&
      createdMs >= from &&
      createdMs < until,
  );
  const limit = input.Limit ?? 100;
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return {
    BackupSummaries: page.map((backup) => ({
      TableName: backup.table.name,
      TableId: backup.table.tableId,
      TableArn: backup.table.arn,
      ...details(backup),
    })),
    ...(found.length > limit && last !== undefined && { LastEvaluatedBackupArn: last.arn }),
  };
}
