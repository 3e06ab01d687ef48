/** CreateTable. The response says CREATING even where the table is there a moment later. */
import type { CreateTableInput, StreamSpecification } from '@aws-sdk/client-dynamodb';
import {
  collectProblems,
  lengthAtLeast,
  lengthAtMost,
  oneOf,
  type Rules,
  required,
  throwProblems,
} from '../constraints.ts';
import { invalidParameter, notBuilt, resourceInUse, validationError } from '../errors.ts';
import { type StoredTable, streamLabel } from '../storage/stored-table.ts';
import { requireTableName, tableArn } from '../table-names.ts';
import type { KeyType } from '../values/attribute-value.ts';
import { type ControlPlane, refuseFurtherTable } from './control-plane.ts';
import { indexesOf } from './index-checks.ts';
import { checkedPolicy } from './resource-policies.ts';
import {
  checkDefinitionsUsed,
  collectSchemaProblems,
  keysOf,
  refuseVectorIndexes,
  throughputOf,
} from './schema-checks.ts';
import { describe } from './table-description.ts';
import { onDemandLimitsOf, raisedWarmThroughput, warmThroughputOf } from './table-settings.ts';
import { checkTagCount, tagsOf } from './tags.ts';

const rules: Rules = [
  ['AttributeDefinitions', required],
  ['KeySchema', required, lengthAtLeast(1), lengthAtMost(2, 'KeySchema')],
  ['BillingMode', oneOf('PROVISIONED', 'PAY_PER_REQUEST')],
  ['TableClass', oneOf('STANDARD', 'STANDARD_INFREQUENT_ACCESS')],
];

const tableName = /^[a-zA-Z0-9_.-]{3,255}$/;

export function createTable(plane: ControlPlane, input: CreateTableInput): object {
  requireTableName(input.TableName);
  const problems: string[] = [];
  collectProblems(input, rules, '', problems);
  collectSchemaProblems(input, problems);
  throwProblems(problems);
  checkNewName(input.TableName);
  refuseVectorIndexes(input, 'VectorIndexes');
  if (input.GlobalTableSourceArn !== undefined)
    throw notBuilt('GlobalTableSourceArn: replicas across accounts');

  const billingMode = input.BillingMode ?? 'PROVISIONED';
  const throughput = throughputOf(billingMode, input.ProvisionedThroughput);
  const definitions = input.AttributeDefinitions ?? [];
  const keys = keysOf(input.KeySchema ?? [], definitions);
  const indexes = indexesOf(input, keys, billingMode);
  checkDefinitionsUsed(definitions, keys, indexes);
  const streamView = streamViewOf(input.StreamSpecification);
  const tags = tagsOf(input.Tags ?? []);
  checkTagCount(tags);
  const onDemandLimits = onDemandLimitsOf(billingMode, input.OnDemandThroughput, undefined);
  const warm = input.WarmThroughput;
  const warmThroughput =
    warm && raisedWarmThroughput(warmThroughputOf(billingMode, throughput, undefined), warm);
  const policy =
    input.ResourcePolicy === undefined ? undefined : checkedPolicy(input.ResourcePolicy);
  if (plane.catalog.find(input.TableName) !== undefined) {
    throw resourceInUse(`Table already exists: ${input.TableName}`);
  }
  refuseFurtherTable(plane);

  const { region, accountId, io } = plane;
  const name = input.TableName;
  const createdMs = io.clock.wallMs();
  const table = plane.catalog.create(
    (id): StoredTable => ({
      id,
      name,
      arn: tableArn(region, accountId, name),
      tableId: io.random.uuid(),
      createdMs,
      status: 'CREATING',
      billingMode,
      onDemandSinceMs: billingMode === 'PAY_PER_REQUEST' ? createdMs : undefined,
      throughput,
      throughputDecreases: 0,
      onDemandLimits,
      warmThroughput,
      ...(policy !== undefined && {
        resourcePolicy: { policy, revisionId: String(createdMs * 1000) },
      }),
      ...keys,
      attributes: definitions.map((one) => ({
        name: one.AttributeName ?? '',
        type: one.AttributeType as KeyType,
      })),
      indexes,
      nextIndexId: indexes.length + 1,
      streamView,
      streamLabel: streamView === undefined ? undefined : streamLabel(createdMs),
      tableClass: input.TableClass,
      tableClassUpdatedMs: undefined,
      deletionProtection: input.DeletionProtectionEnabled === true,
      sse:
        input.SSESpecification?.Enabled === true
          ? { type: 'KMS', keyArn: input.SSESpecification.KMSMasterKeyId }
          : undefined,
      tags,
      timeToLive: undefined,
      replicas: [],
    }),
    (transaction, made) => {
      if (streamView !== undefined) plane.storage.streams.enable(transaction, made);
    },
  );
  if (streamView !== undefined) plane.storage.streams.refresh();
  plane.lifecycle.settle(name);
  return { TableDescription: describe(table, region) };
}

function checkNewName(name: string): void {
  if (tableName.test(name)) return;
  throw validationError(
    'Invalid table/index name.  Table/index names must be between 3 and 255 characters long, ' +
      "and may contain only the characters a-z, A-Z, 0-9, '_', '-', and '.'",
  );
}

/** The view of a stream that is to be on; undefined for one that is not. */
export function streamViewOf(given: StreamSpecification | undefined): string | undefined {
  if (given?.StreamEnabled === undefined) return undefined;
  if (given.StreamEnabled) {
    if (given.StreamViewType !== undefined) return given.StreamViewType;
    throw invalidParameter('StreamViewType is required when StreamEnabled is true');
  }
  if (given.StreamViewType === undefined) return undefined;
  throw invalidParameter('StreamViewType cannot be specified when StreamEnabled is false');
}
