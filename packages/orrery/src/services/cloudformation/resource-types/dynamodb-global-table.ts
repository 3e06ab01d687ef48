/**
 * AWS::DynamoDB::GlobalTable: the table in this region by the DynamoDB API, its replicas elsewhere by
 * the global-tables service, which is what UpdateTable's ReplicaUpdates lead to as well.
 */
import { ServiceError } from '../../../endpoint/service.ts';
import type { ReplicaStatus, StatusResponse } from '../../global-tables/api.ts';
import { ResourceFailure } from '../engine/resource-failure.ts';
import type { Properties } from '../template/template.ts';
import {
  createInput,
  createTable,
  deleteTable,
  describe,
  setTimeToLive,
  tableNameMax,
  updateTable,
} from './dynamodb-table.ts';
import { objectsOf, optionalText, requiredText } from './properties.ts';
import type { ResourceContext, ResourceType } from './resource-type.ts';

export const globalTable: ResourceType = {
  name: 'AWS::DynamoDB::GlobalTable',
  replaceOn: ['TableName', 'KeySchema', 'LocalSecondaryIndexes'],
  nameProperty: 'TableName',

  async create(properties, context) {
    const regions = replicaRegions(properties, context);
    const TableName = optionalText(properties, 'TableName') ?? context.physicalName(tableNameMax);
    const handle = await createTable(TableName, ownInput(properties, context), context);
    await setTimeToLive(TableName, properties, {}, context);
    await changeReplicas(TableName, regions, [], context);
    return handle;
  },

  async update(handle, properties, previous, context) {
    const TableName = handle.physicalId;
    await updateTable(TableName, properties, previous, context);
    await setTimeToLive(TableName, properties, previous, context);
    const [regions, before] = [properties, previous].map((one) => replicaRegions(one, context));
    await changeReplicas(TableName, regions ?? [], before ?? [], context);
    return await describe(TableName, context);
  },

  async delete(handle, properties, context) {
    const TableName = handle.physicalId;
    await changeReplicas(TableName, [], replicaRegions(properties, context), context);
    await deleteTable(TableName, context);
  },
};

/** The regions beside the stack's own. */
function replicaRegions(properties: Properties, context: ResourceContext): string[] {
  if (optionalText(properties, 'MultiRegionConsistency') === 'STRONG') {
    throw new ResourceFailure(
      'AWS::DynamoDB::GlobalTable: multi-Region strong consistency is not built.',
    );
  }
  const regions = objectsOf(properties, 'Replicas').map((one) => requiredText(one, 'Region'));
  if (!regions.includes(context.region)) {
    throw new ResourceFailure(
      `Replica must be specified for the region the stack is deployed to: ${context.region}`,
    );
  }
  return [...new Set(regions)].filter((region) => region !== context.region);
}

/** Settings of the stack's own replica join those of the table. */
function ownInput(properties: Properties, context: ResourceContext): Record<string, unknown> {
  const own =
    objectsOf(properties, 'Replicas').find((one) => one['Region'] === context.region) ?? {};
  const { DeletionProtectionEnabled, TableClass, Tags } = own;
  return createInput({
    ...properties,
    ...(DeletionProtectionEnabled === undefined ? {} : { DeletionProtectionEnabled }),
    ...(TableClass === undefined ? {} : { TableClass }),
    ...(Tags === undefined ? {} : { Tags }),
  });
}

/** One replica after the other, as the API demands; removals first. */
async function changeReplicas(
  tableName: string,
  regions: readonly string[],
  before: readonly string[],
  context: ResourceContext,
): Promise<void> {
  for (const region of before.filter((one) => !regions.includes(one))) {
    await reach(tableName, region, 'GONE', context);
  }
  for (const region of regions.filter((one) => !before.includes(one))) {
    await reach(tableName, region, 'ACTIVE', context);
  }
}

/** Asks for a replica to be made or removed, unless it is already, and waits for it. */
async function reach(
  tableName: string,
  region: string,
  wanted: 'ACTIVE' | 'GONE',
  context: ResourceContext,
): Promise<void> {
  const [action, start] = wanted === 'ACTIVE' ? ['Create', 'GONE'] : ['Delete', 'ACTIVE'];
  const request = { tableName, updates: [{ [action ?? '']: { RegionName: region } }] };
  await context.until(`the replica of ${tableName} in ${region} is ${wanted}`, async () => {
    const status = await replicaStatus(tableName, region, context);
    if (status === wanted) return true;
    if (status !== start) return false;
    try {
      await context.post('global-tables', '/replica-updates', request);
    } catch (error) {
      // Another replica's change is still under way.
      if (!(error instanceof ServiceError && error.code === 'ResourceInUseException')) throw error;
    }
    return false;
  });
}

async function replicaStatus(
  tableName: string,
  region: string,
  context: ResourceContext,
): Promise<ReplicaStatus | 'GONE'> {
  const status = await context.post<StatusResponse>('global-tables', '/status', { tableName });
  const table = status.tables.find((one) => one.tableName === tableName);
  return table?.members.find((member) => member.region === region)?.status ?? 'GONE';
}
