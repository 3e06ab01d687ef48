/** AWS::DynamoDB::Table, on the DynamoDB API. */
import type { DescribeTableCommandOutput } from '@aws-sdk/client-dynamodb';
import { sameJson } from '../engine/plan.ts';
import type { Handle } from '../engine/records.ts';
import { isNotFound } from '../engine/resource-failure.ts';
import type { Properties } from '../template/template.ts';
import { objectsOf, optionalObject, optionalText, pick, requiredText } from './properties.ts';
import { createNamed, type ResourceContext, type ResourceType } from './resource-type.ts';

export const tableNameMax = 255;

/** Members that CreateTable and UpdateTable take under the same names. */
const members = [
  'AttributeDefinitions',
  'BillingMode',
  'DeletionProtectionEnabled',
  'OnDemandThroughput',
  'ProvisionedThroughput',
  'TableClass',
] as const;

export const table: ResourceType = {
  name: 'AWS::DynamoDB::Table',
  replaceOn: ['TableName', 'KeySchema', 'LocalSecondaryIndexes'],
  nameProperty: 'TableName',

  async create(properties, context) {
    const TableName = optionalText(properties, 'TableName') ?? context.physicalName(tableNameMax);
    const handle = await createTable(TableName, createInput(properties), context);
    await setTimeToLive(TableName, properties, {}, context);
    return handle;
  },

  async update(handle, properties, previous, context) {
    const TableName = handle.physicalId;
    await updateTable(TableName, properties, previous, context);
    await setTimeToLive(TableName, properties, previous, context);
    return await describe(TableName, context);
  },

  async delete(handle, _properties, context) {
    await deleteTable(handle.physicalId, context);
  },
};

/** What CreateTable takes; of a GlobalTable too. */
export function createInput(properties: Properties): Record<string, unknown> {
  const stream = optionalObject(properties, 'StreamSpecification');
  return {
    ...pick(properties, [
      ...members,
      'GlobalSecondaryIndexes',
      'KeySchema',
      'LocalSecondaryIndexes',
      'Tags',
    ]),
    ...(stream === undefined ? {} : { StreamSpecification: streamOf(stream) }),
  };
}

function streamOf(stream: Properties): Record<string, unknown> {
  return { StreamEnabled: true, StreamViewType: requiredText(stream, 'StreamViewType') };
}

/** Makes a table and waits for it. */
export async function createTable(
  TableName: string,
  input: Readonly<Record<string, unknown>>,
  context: ResourceContext,
): Promise<Handle> {
  await createNamed(
    context,
    () => context.call('dynamodb', 'CreateTable', { ...input, TableName }),
    () => context.call('dynamodb', 'DescribeTable', { TableName }),
  );
  context.made({ physicalId: TableName, attributes: {} });
  await active(TableName, context);
  return await describe(TableName, context);
}

export async function active(TableName: string, context: ResourceContext): Promise<void> {
  await context.until(`table ${TableName} is ACTIVE`, async () => {
    const { Table } = await context.call<DescribeTableCommandOutput>('dynamodb', 'DescribeTable', {
      TableName,
    });
    return (
      Table?.TableStatus === 'ACTIVE' &&
      (Table.GlobalSecondaryIndexes ?? []).every((index) => index.IndexStatus === 'ACTIVE')
    );
  });
}

export async function describe(TableName: string, context: ResourceContext): Promise<Handle> {
  const { Table } = await context.call<DescribeTableCommandOutput>('dynamodb', 'DescribeTable', {
    TableName,
  });
  return {
    physicalId: TableName,
    attributes: {
      Arn: Table?.TableArn ?? '',
      TableId: Table?.TableId ?? '',
      ...(Table?.LatestStreamArn === undefined ? {} : { StreamArn: Table.LatestStreamArn }),
    },
  };
}

/** Table settings first, then one index at a time, as the API demands. */
export async function updateTable(
  TableName: string,
  properties: Properties,
  previous: Properties,
  context: ResourceContext,
): Promise<void> {
  const input: Record<string, unknown> = {};
  for (const name of members) {
    const changed = !sameJson(properties[name], previous[name]);
    if (changed && name !== 'AttributeDefinitions') Object.assign(input, pick(properties, [name]));
  }
  const stream = optionalObject(properties, 'StreamSpecification');
  if (!sameJson(stream, previous['StreamSpecification'])) {
    input['StreamSpecification'] =
      stream === undefined ? { StreamEnabled: false } : streamOf(stream);
  }
  if (Object.keys(input).length > 0) {
    await context.call('dynamodb', 'UpdateTable', { TableName, ...input });
    await active(TableName, context);
  }
  for (const update of indexUpdates(properties, previous)) {
    await context.call('dynamodb', 'UpdateTable', {
      TableName,
      ...pick(properties, ['AttributeDefinitions']),
      GlobalSecondaryIndexUpdates: [update],
    });
    await active(TableName, context);
  }
}

function indexUpdates(properties: Properties, previous: Properties): Record<string, unknown>[] {
  const byName = (from: Properties): Map<string, Properties> =>
    new Map(
      objectsOf(from, 'GlobalSecondaryIndexes').map((one) => [requiredText(one, 'IndexName'), one]),
    );
  const [before, after] = [byName(previous), byName(properties)];
  const updates: Record<string, unknown>[] = [];
  for (const [IndexName, index] of before) {
    const next = after.get(IndexName);
    const rebuilt = next !== undefined && !sameJson(index['KeySchema'], next['KeySchema']);
    if (next === undefined || rebuilt) updates.push({ Delete: { IndexName } });
  }
  for (const [IndexName, index] of after) {
    const old = before.get(IndexName);
    if (old === undefined || !sameJson(old['KeySchema'], index['KeySchema'])) {
      updates.push({ Create: index });
    } else if (!sameJson(old['ProvisionedThroughput'], index['ProvisionedThroughput'])) {
      updates.push({ Update: { IndexName, ...pick(index, ['ProvisionedThroughput']) } });
    }
  }
  return updates;
}

export async function setTimeToLive(
  TableName: string,
  properties: Properties,
  previous: Properties,
  context: ResourceContext,
): Promise<void> {
  const [wanted, before] = [properties, previous].map(enabledTimeToLive);
  if (wanted === before) return;
  const set = (AttributeName: string, Enabled: boolean): Promise<unknown> =>
    context.call('dynamodb', 'UpdateTimeToLive', {
      TableName,
      TimeToLiveSpecification: { AttributeName, Enabled },
    });
  // The API takes another attribute only where Time to Live is off.
  if (before !== undefined) await set(before, false);
  if (wanted !== undefined) await set(wanted, true);
}

/** Its attribute; undefined where it is absent or off. */
function enabledTimeToLive(properties: Properties): string | undefined {
  const given = optionalObject(properties, 'TimeToLiveSpecification');
  if (given === undefined || given['Enabled'] === false || given['Enabled'] === 'false') {
    return undefined;
  }
  return requiredText(given, 'AttributeName');
}

export async function deleteTable(TableName: string, context: ResourceContext): Promise<void> {
  await context.call('dynamodb', 'DeleteTable', { TableName });
  await context.until(`table ${TableName} is gone`, async () => {
    try {
      await context.call('dynamodb', 'DescribeTable', { TableName });
      return false;
    } catch (error) {
      if (isNotFound(error)) return true;
      throw error;
    }
  });
}
