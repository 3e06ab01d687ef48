/** CreateBackup, DescribeBackup, ListBackups, DeleteBackup, RestoreTableFromBackup. */
import type {
  CreateBackupInput,
  DeleteBackupInput,
  DescribeBackupInput,
  ListBackupsInput,
  RestoreTableFromBackupInput,
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
import type { StoredIndex, StoredTable } from '../storage/stored-table.ts';
import {
  nameConstraints,
  requireTableName,
  tableArn,
  tableNameConstraints,
  tableNameOf,
} from '../table-names.ts';
import type { ControlPlane } from './control-plane.ts';
import { refuseVectorIndexes, throughputOf } from './schema-checks.ts';
import { describe, keySchema } from './table-description.ts';
import { onDemandLimitsOf } from './table-settings.ts';

const name = [required, ...nameConstraints] as const;
const arnRules: Rules = [['BackupArn', required, lengthAtLeast(37), lengthAtMost(1024)]];
const listRules: Rules = [
  ['TableName', (value) => (value === undefined ? undefined : tableNameProblem(value))],
  ['Limit', atLeast(1), atMost(100)],
  ['ExclusiveStartBackupArn', lengthAtLeast(37), lengthAtMost(1024)],
  ['BackupType', oneOf('USER', 'SYSTEM', 'AWS_BACKUP', 'ALL')],
];
const restoreRules: Rules = [
  ['TargetTableName', ...name],
  ...arnRules,
  ['BillingModeOverride', oneOf('PROVISIONED', 'PAY_PER_REQUEST')],
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

function existingBackup(plane: ControlPlane, arn: string | undefined): StoredBackup {
  const backup = plane.storage.backups.find(arn ?? '');
  if (backup !== undefined) return backup;
  throw new ServiceError('BackupNotFoundException', `Backup not found: ${arn}`);
}

export function describeBackup(plane: ControlPlane, input: DescribeBackupInput): object {
  checkConstraints(input, arnRules);
  const backup = existingBackup(plane, input.BackupArn);
  return { BackupDescription: description(backup, plane.region) };
}

/** The backup is gone at once, its items in a while. */
export function deleteBackup(plane: ControlPlane, input: DeleteBackupInput): object {
  checkConstraints(input, arnRules);
  const backup = existingBackup(plane, input.BackupArn);
  refuseInUse(plane, backup);
  const deleted: StoredBackup = { ...backup, status: 'DELETED' };
  plane.storage.backups.replace(deleted);
  plane.backups.remove(deleted);
  return { BackupDescription: description(deleted, plane.region) };
}

function refuseInUse(plane: ControlPlane, backup: StoredBackup): void {
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

/** A new table with the keys, indexes and items of the backup; no stream, Time to Live, tags. */
export function restoreTableFromBackup(
  plane: ControlPlane,
  input: RestoreTableFromBackupInput,
): object {
  checkConstraints(input, restoreRules);
  const name = input.TargetTableName ?? '';
  refuseVectorIndexes(input, 'VectorIndexOverride');
  const backup = existingBackup(plane, input.BackupArn);
  if (backup.status === 'CREATING') refuseInUse(plane, backup);
  if (plane.catalog.find(name) !== undefined) {
    throw new ServiceError('TableAlreadyExistsException', `Table already exists: ${name}`);
  }
  const { region, accountId, io, catalog, backups } = plane;
  const restoredMs = io.clock.wallMs();
  const source = backup.table;
  const { resourcePolicy: _policy, pointInTimeRecovery: _recovery, ...settings } = source;
  const table = catalog.create(
    (id): StoredTable => ({
      ...settings,
      ...capacityOf(source, input, restoredMs),
      id,
      name,
      arn: tableArn(region, accountId, name),
      tableId: io.random.uuid(),
      createdMs: restoredMs,
      status: 'CREATING',
      indexes: indexesOf(source, input).map((index) => ({ ...index, backfilling: false })),
      throughputDecreases: 0,
      streamView: undefined,
      streamLabel: undefined,
      deletionProtection: false,
      sse: sseOf(source, input),
      tags: {},
      timeToLive: undefined,
      restored: {
        backupArn: backup.arn,
        sourceArn: source.arn,
        restoredMs,
        inProgress: true,
      },
      replicas: [],
    }),
  );
  backups.restore(name);
  return { TableDescription: describe(table, region) };
}

function capacityOf(
  source: StoredTable,
  input: RestoreTableFromBackupInput,
  nowMs: number,
): Pick<StoredTable, 'billingMode' | 'throughput' | 'onDemandSinceMs' | 'onDemandLimits'> {
  const billingMode = input.BillingModeOverride ?? source.billingMode;
  const given = input.ProvisionedThroughputOverride;
  const throughput =
    given === undefined && billingMode === source.billingMode
      ? source.throughput
      : throughputOf(billingMode, given);
  const onDemandSinceMs = billingMode === 'PAY_PER_REQUEST' ? nowMs : undefined;
  const onDemandLimits = onDemandLimitsOf(
    billingMode,
    input.OnDemandThroughputOverride,
    source.onDemandLimits,
  );
  return { billingMode, throughput, onDemandSinceMs, onDemandLimits };
}

/** Indexes may be left out, not added or changed. */
function indexesOf(source: StoredTable, input: RestoreTableFromBackupInput): StoredIndex[] {
  const overrides = {
    LOCAL: input.LocalSecondaryIndexOverride,
    GLOBAL: input.GlobalSecondaryIndexOverride,
  };
  for (const kind of ['LOCAL', 'GLOBAL'] as const) {
    for (const { IndexName: name } of overrides[kind] ?? []) {
      if (source.indexes.some((index) => index.kind === kind && index.name === name)) continue;
      throw validationError(`The index ${name} is not in the backup`);
    }
  }
  return source.indexes.filter(({ kind, name }) => {
    const kept = overrides[kind];
    return kept === undefined || kept.some((one) => one.IndexName === name);
  });
}

function sseOf(source: StoredTable, input: RestoreTableFromBackupInput): StoredTable['sse'] {
  const given = input.SSESpecificationOverride;
  if (given === undefined) return source.sse;
  return given.Enabled === true ? { type: 'KMS', keyArn: given.KMSMasterKeyId } : undefined;
}
