/** RestoreTableFromBackup. */
import type {
  GlobalSecondaryIndex,
  LocalSecondaryIndex,
  RestoreTableFromBackupInput,
} from '@aws-sdk/client-dynamodb';
import { ServiceError } from '../../../endpoint/service.ts';
import { checkConstraints, oneOf, type Rules, required } from '../constraints.ts';
import { validationError } from '../errors.ts';
import type { StoredIndex, StoredTable } from '../storage/stored-table.ts';
import { nameConstraints, tableArn } from '../table-names.ts';
import { backupArnRules, existingBackup, refuseInUse } from './backups.ts';
import { type ControlPlane, refuseFurtherTable } from './control-plane.ts';
import { checkCapacityGiven } from './index-checks.ts';
import { refuseVectorIndexes, throughputOf } from './schema-checks.ts';
import { describe, keySchema } from './table-description.ts';
import { onDemandLimitsOf } from './table-settings.ts';

const rules: Rules = [
  ['TargetTableName', required, ...nameConstraints],
  ...backupArnRules,
  ['BillingModeOverride', oneOf('PROVISIONED', 'PAY_PER_REQUEST')],
];

/** A new table with the keys, indexes and items of the backup; no stream, Time to Live, tags. */
export function restoreTableFromBackup(
  plane: ControlPlane,
  input: RestoreTableFromBackupInput,
): object {
  checkConstraints(input, rules);
  const name = input.TargetTableName ?? '';
  refuseVectorIndexes(input, 'VectorIndexOverride');
  const backup = existingBackup(plane, input.BackupArn);
  if (backup.status === 'CREATING') refuseInUse(plane, backup);
  if (plane.catalog.find(name) !== undefined) {
    throw new ServiceError('TableAlreadyExistsException', `Table already exists: ${name}`);
  }
  refuseFurtherTable(plane);
  const { region, accountId, io, catalog, backups } = plane;
  const restoredMs = io.clock.wallMs();
  const source = backup.table;
  const {
    resourcePolicy: _policy,
    streamPolicies: _streams,
    pointInTimeRecovery: _recovery,
    ...settings
  } = source;
  const capacity = capacityOf(source, input, restoredMs);
  const indexes = indexesOf(source, input, capacity.billingMode);
  const table = catalog.create(
    (id): StoredTable => ({
      ...settings,
      ...capacity,
      id,
      name,
      arn: tableArn(region, accountId, name),
      tableId: io.random.uuid(),
      createdMs: restoredMs,
      status: 'CREATING',
      indexes: indexes.map((index) => ({ ...index, backfilling: false })),
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

/** Indexes may be left out and have another capacity, not be added or changed otherwise. */
function indexesOf(
  source: StoredTable,
  input: RestoreTableFromBackupInput,
  billingMode: StoredTable['billingMode'],
): StoredIndex[] {
  const overrides = {
    LOCAL: input.LocalSecondaryIndexOverride,
    GLOBAL: input.GlobalSecondaryIndexOverride,
  };
  for (const kind of ['LOCAL', 'GLOBAL'] as const) {
    for (const override of overrides[kind] ?? []) checkOverride(source, kind, override);
  }
  return source.indexes.flatMap((index) => {
    const kept = overrides[index.kind];
    const override = kept?.find((one) => one.IndexName === index.name);
    if (kept !== undefined && override === undefined) return [];
    if (index.kind === 'LOCAL') return [index];
    return [withCapacity(index, override ?? {}, source.billingMode, billingMode)];
  });
}

function checkOverride(
  source: StoredTable,
  kind: StoredIndex['kind'],
  { IndexName: name, KeySchema: schema }: LocalSecondaryIndex,
): void {
  const index = source.indexes.find((one) => one.kind === kind && one.name === name);
  if (index === undefined) throw validationError(`The index ${name} is not in the backup`);
  const same = JSON.stringify(keySchema(index)) === JSON.stringify(schema);
  if (schema === undefined || same) return;
  throw validationError(`The key schema of the index ${name} is not that in the backup`);
}

/** An index that has no capacity yet must be given one where the table is to have one. */
function withCapacity(
  index: StoredIndex,
  { ProvisionedThroughput: given, OnDemandThroughput: most }: Partial<GlobalSecondaryIndex>,
  before: StoredTable['billingMode'],
  billingMode: StoredTable['billingMode'],
): StoredIndex {
  const kept = given === undefined && before === billingMode;
  if (!kept) checkCapacityGiven(index.name, billingMode, given);
  return {
    ...index,
    throughput: kept ? index.throughput : throughputOf(billingMode, given, index.name),
    onDemandLimits: onDemandLimitsOf(billingMode, most, index.onDemandLimits),
  };
}

function sseOf(source: StoredTable, input: RestoreTableFromBackupInput): StoredTable['sse'] {
  const given = input.SSESpecificationOverride;
  if (given === undefined) return source.sse;
  return given.Enabled === true ? { type: 'KMS', keyArn: given.KMSMasterKeyId } : undefined;
}
