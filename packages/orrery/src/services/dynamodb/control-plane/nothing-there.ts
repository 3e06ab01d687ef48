/**
 * ListExports, ListImports, ListGlobalTables, DescribeGlobalTable, DescribeKinesisStreamingDestination:
 * what cannot be made here, there is none of. Global tables are those of the first version (2017).
 */
import type {
  DescribeGlobalTableInput,
  DescribeKinesisStreamingDestinationInput,
  ListExportsInput,
  ListGlobalTablesInput,
  ListImportsInput,
} from '@aws-sdk/client-dynamodb';
import { ServiceError } from '../../../endpoint/service.ts';
import {
  atLeast,
  atMost,
  checkConstraints,
  lengthAtLeast,
  lengthAtMost,
  matches,
  required,
} from '../constraints.ts';
import { requireTableName, tableNameConstraints } from '../table-names.ts';
import { type ControlPlane, existingTable } from './control-plane.ts';

const arnRule = ['TableArn', lengthAtLeast(1), lengthAtMost(1_024)] as const;
const nameRule = [matches('[a-zA-Z0-9_.-]+'), lengthAtLeast(3), lengthAtMost(255)] as const;

export function listExports(_plane: ControlPlane, input: ListExportsInput): object {
  checkConstraints(input, [arnRule, ['MaxResults', atLeast(1), atMost(25)]]);
  return { ExportSummaries: [] };
}

export function listImports(_plane: ControlPlane, input: ListImportsInput): object {
  checkConstraints(input, [arnRule, ['PageSize', atLeast(1), atMost(25)]]);
  return { ImportSummaryList: [] };
}

export function listGlobalTables(_plane: ControlPlane, input: ListGlobalTablesInput): object {
  checkConstraints(input, [
    ['ExclusiveStartGlobalTableName', ...nameRule],
    ['Limit', atLeast(1)],
  ]);
  return { GlobalTables: [] };
}

export function describeGlobalTable(_plane: ControlPlane, input: DescribeGlobalTableInput): never {
  checkConstraints(input, [['GlobalTableName', required, ...nameRule]]);
  const name = input.GlobalTableName;
  throw new ServiceError(
    'GlobalTableNotFoundException',
    `Global table not found: Global table with name: '${name}' does not exist.`,
  );
}

export function describeKinesisStreamingDestination(
  plane: ControlPlane,
  input: DescribeKinesisStreamingDestinationInput,
): object {
  requireTableName(input.TableName);
  checkConstraints(input, [['TableName', ...tableNameConstraints]]);
  const { name } = existingTable(plane, input.TableName);
  return { TableName: name, KinesisDataStreamDestinations: [] };
}
