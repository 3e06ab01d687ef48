/** DescribeTable, ListTables, DescribeLimits, DescribeEndpoints: what there is. */
import type { DescribeTableInput, ListTablesInput } from '@aws-sdk/client-dynamodb';
import {
  atLeast,
  atMost,
  checkConstraints,
  lengthAtLeast,
  lengthAtMost,
  matches,
  type Rules,
} from '../constraints.ts';
import { requireTableName, tableNameConstraints } from '../table-names.ts';
import { type ControlPlane, existingTable } from './control-plane.ts';
import { describe } from './table-description.ts';
import { decreasesToday } from './table-settings.ts';

const listRules: Rules = [
  ['ExclusiveStartTableName', matches('[a-zA-Z0-9_.-]+'), lengthAtLeast(3), lengthAtMost(255)],
  ['Limit', atLeast(1), atMost(100)],
];

export function describeTable(plane: ControlPlane, input: DescribeTableInput): object {
  requireTableName(input.TableName);
  checkConstraints(input, [['TableName', ...tableNameConstraints]]);
  const table = existingTable(plane, input.TableName);
  const throughputDecreases = decreasesToday(table, plane.io.clock.wallMs());
  const count = plane.storage.counts.of(table.id);
  return { Table: describe({ ...table, throughputDecreases }, plane.region, count) };
}

export function listTables(plane: ControlPlane, input: ListTablesInput): object {
  checkConstraints(input, listRules);
  const start = input.ExclusiveStartTableName;
  const limit = input.Limit ?? 100;
  const names = plane.catalog
    .list()
    .map(({ name }) => name)
    .filter((name) => start === undefined || name > start);
  const page = names.slice(0, limit);
  const last = page.at(-1);
  return {
    TableNames: page,
    ...(names.length > limit && last !== undefined && { LastEvaluatedTableName: last }),
  };
}

/** The default quotas of an account. */
export function describeLimits(): object {
  return {
    AccountMaxReadCapacityUnits: 80_000,
    AccountMaxWriteCapacityUnits: 80_000,
    TableMaxReadCapacityUnits: 40_000,
    TableMaxWriteCapacityUnits: 40_000,
  };
}

export function describeEndpoints(plane: ControlPlane): object {
  return {
    Endpoints: [{ Address: `dynamodb.${plane.region}.amazonaws.com`, CachePeriodInMinutes: 1440 }],
  };
}
