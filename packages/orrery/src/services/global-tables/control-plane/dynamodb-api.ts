/**
 * Owns: the requests that the control plane makes to DynamoDB, here and in other regions, as any
 * client would: AWS JSON 1.0. Refuses to own: retries.
 */
import type {
  CreateTableInput,
  DescribeTableOutput,
  DescribeTimeToLiveOutput,
  GlobalSecondaryIndexDescription,
  LocalSecondaryIndexDescription,
  TableDescription,
} from '@aws-sdk/client-dynamodb';
import { requestJson } from '../../../endpoint/internal-json.ts';
import { ServiceError } from '../../../endpoint/service.ts';
import type { Network } from '../../../io/io.ts';
import type { TimeToLiveRequest } from '../../dynamodb/api.ts';

const deadlineMs = 10_000;

/** The table's description, or undefined where the region has no such table. */
export async function describeTable(
  network: Network,
  region: string,
  tableName: string,
): Promise<TableDescription | undefined> {
  try {
    const input = { TableName: tableName };
    const output = await call<DescribeTableOutput>(network, region, 'DescribeTable', input);
    return output.Table;
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'ResourceNotFoundException') return;
    throw error;
  }
}

/** Makes an empty table like the one described; one that is there already was made by a try before. */
export async function createTableLike(
  network: Network,
  region: string,
  source: TableDescription,
): Promise<void> {
  try {
    await call(network, region, 'CreateTable', createInputOf(source));
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'ResourceInUseException') return;
    throw error;
  }
}

/** Deletes a table; one that is not there is deleted already. */
export async function deleteTable(
  network: Network,
  region: string,
  tableName: string,
): Promise<void> {
  try {
    await call(network, region, 'DeleteTable', { TableName: tableName });
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'ResourceNotFoundException') return;
    throw error;
  }
}

/** Gives a table the Time to Live that it has in the region of its source. */
export async function copyTimeToLive(
  network: Network,
  source: string,
  target: string,
  tableName: string,
): Promise<void> {
  const input = { TableName: tableName };
  const output = await call<DescribeTimeToLiveOutput>(network, source, 'DescribeTimeToLive', input);
  const attribute = output.TimeToLiveDescription?.AttributeName ?? null;
  const request: TimeToLiveRequest = { tableName, attribute };
  const to = { region: target, service: 'dynamodb-replica' };
  await requestJson(network, to, '/time-to-live', request, { deadlineMs });
}

/** What CreateTable needs to make the same table: keys, indexes, capacity, stream, class. */
export function createInputOf(source: TableDescription): CreateTableInput {
  const provisioned = source.BillingModeSummary?.BillingMode !== 'PAY_PER_REQUEST';
  const input: CreateTableInput = {
    TableName: source.TableName,
    AttributeDefinitions: source.AttributeDefinitions,
    KeySchema: source.KeySchema,
    BillingMode: provisioned ? 'PROVISIONED' : 'PAY_PER_REQUEST',
    StreamSpecification: {
      StreamEnabled: true,
      StreamViewType: source.StreamSpecification?.StreamViewType ?? 'NEW_AND_OLD_IMAGES',
    },
  };
  if (provisioned) input.ProvisionedThroughput = throughputOf(source.ProvisionedThroughput);
  if (source.TableClassSummary?.TableClass !== undefined) {
    input.TableClass = source.TableClassSummary.TableClass;
  }
  const local = source.LocalSecondaryIndexes ?? [];
  if (local.length > 0) input.LocalSecondaryIndexes = local.map(indexOf);
  const global = source.GlobalSecondaryIndexes ?? [];
  if (global.length > 0) {
    input.GlobalSecondaryIndexes = global.map((index) =>
      provisioned
        ? { ...indexOf(index), ProvisionedThroughput: throughputOf(index.ProvisionedThroughput) }
        : indexOf(index),
    );
  }
  return input;
}

function indexOf(index: GlobalSecondaryIndexDescription | LocalSecondaryIndexDescription) {
  const { IndexName, KeySchema, Projection } = index;
  return { IndexName, KeySchema, Projection };
}

function throughputOf(described: TableDescription['ProvisionedThroughput']) {
  return {
    ReadCapacityUnits: described?.ReadCapacityUnits ?? 1,
    WriteCapacityUnits: described?.WriteCapacityUnits ?? 1,
  };
}

function call<T>(network: Network, region: string, operation: string, input: object): Promise<T> {
  const to = { region, service: 'dynamodb' };
  return requestJson<T>(network, to, '/', input, {
    deadlineMs,
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDB_20120810.${operation}`,
    },
  });
}
