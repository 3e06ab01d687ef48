/**
 * UpdateContributorInsights, DescribeContributorInsights, ListContributorInsights: settings of tables
 * and global indexes that are kept and shown. No rule counts anything.
 */
import type {
  DescribeContributorInsightsInput,
  ListContributorInsightsInput,
  UpdateContributorInsightsInput,
} from '@aws-sdk/client-dynamodb';
import {
  atMost,
  checkConstraints,
  lengthAtLeast,
  lengthAtMost,
  oneOf,
  type Rules,
  required,
} from '../constraints.ts';
import { namedTableNotFound, validationError } from '../errors.ts';
import type { StoredInsights, StoredTable } from '../storage/stored-table.ts';
import { requireTableName, tableNameConstraints } from '../table-names.ts';
import { type ControlPlane, existingTable } from './control-plane.ts';

const listedMost = 100;
const indexRule = ['IndexName', lengthAtLeast(3), lengthAtMost(255)] as const;
const describeRules: Rules = [['TableName', ...tableNameConstraints], indexRule];
const updateRules: Rules = [
  ...describeRules,
  ['ContributorInsightsAction', required, oneOf('ENABLE', 'DISABLE')],
  ['ContributorInsightsMode', oneOf('ACCESSED_AND_THROTTLED_KEYS', 'THROTTLED_KEYS')],
];
const listRules: Rules = [['MaxResults', atMost(listedMost)]];

interface Found {
  readonly table: StoredTable;
  /** Of the table itself it is empty. */
  readonly index: string;
  readonly set: StoredInsights | undefined;
}

export function updateContributorInsights(
  plane: ControlPlane,
  input: UpdateContributorInsightsInput,
): object {
  requireTableName(input.TableName);
  checkConstraints(input, updateRules);
  const { table, index, set } = find(plane, input);
  const enabled = input.ContributorInsightsAction === 'ENABLE';
  const mode = input.ContributorInsightsMode ?? set?.mode ?? 'ACCESSED_AND_THROTTLED_KEYS';
  const changedMs = plane.io.clock.wallMs();
  const insights = { ...table.insights, [index]: { enabled, mode, changedMs } };
  plane.catalog.replace({ ...table, insights });
  return {
    ...names(table, index),
    ContributorInsightsStatus: enabled ? 'ENABLING' : 'DISABLING',
    ...(enabled && { ContributorInsightsMode: mode }),
  };
}

export function describeContributorInsights(
  plane: ControlPlane,
  input: DescribeContributorInsightsInput,
): object {
  requireTableName(input.TableName);
  checkConstraints(input, describeRules);
  const { table, index, set } = find(plane, input);
  return {
    ...names(table, index),
    ...status(set),
    ...(set !== undefined && { LastUpdateDateTime: set.changedMs }),
    ...(set?.enabled === true && { ContributorInsightsRuleList: ruleNames(table, index, set) }),
  };
}

/** `NextToken` is where the last page ended. */
export function listContributorInsights(
  plane: ControlPlane,
  input: ListContributorInsightsInput,
): object {
  checkConstraints(input, listRules);
  const { TableName: name, MaxResults: most = listedMost, NextToken: token = '0' } = input;
  const tables = name === undefined ? plane.catalog.list() : [existingTable(plane, name)];
  const all = tables.flatMap((table) =>
    Object.entries(table.insights ?? {}).map(([index, set]) => ({
      ...names(table, index),
      ...status(set),
    })),
  );
  const from = Number(token);
  if (!Number.isSafeInteger(from) || from < 0) throw validationError('Invalid NextToken');
  const end = from + Math.max(1, most);
  return {
    ContributorInsightsSummaries: all.slice(from, end),
    ...(end < all.length && { NextToken: String(end) }),
  };
}

function find(
  plane: ControlPlane,
  { TableName: name, IndexName: index = '' }: DescribeContributorInsightsInput,
): Found {
  const table = existingTable(plane, name ?? '');
  const isThere = table.indexes.some((one) => one.kind === 'GLOBAL' && one.name === index);
  if (index !== '' && !isThere) throw namedTableNotFound(`${table.name}/index/${index}`);
  return { table, index, set: table.insights?.[index] };
}

function names({ name }: StoredTable, index: string): object {
  return { TableName: name, ...(index !== '' && { IndexName: index }) };
}

function status(set: StoredInsights | undefined): object {
  return set?.enabled === true
    ? { ContributorInsightsStatus: 'ENABLED', ContributorInsightsMode: set.mode }
    : { ContributorInsightsStatus: 'DISABLED' };
}

/** Of keys that are used and throttled; of sort keys where there are any. */
function ruleNames(table: StoredTable, index: string, { mode, changedMs }: StoredInsights) {
  const keys = table.indexes.find(({ name }) => name === index) ?? table;
  const parts = keys.sortKey === undefined ? ['PK'] : ['PK', 'SK'];
  const kinds = mode === 'THROTTLED_KEYS' ? ['T'] : ['C', 'T'];
  const of = index === '' ? table.name : `${table.name}-${index}`;
  return parts.flatMap((part) =>
    kinds.map((kind) => `DynamoDBContributorInsights-${part}${kind}-${of}-${changedMs}`),
  );
}
