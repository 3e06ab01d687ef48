/**
 * Owns: what an UpdateTable must look like before its table is looked at.
 */
import type { GlobalSecondaryIndexUpdate, UpdateTableInput } from '@aws-sdk/client-dynamodb';
import { collectProblems, oneOf, type Rules, throwProblems } from '../constraints.ts';
import { invalidParameter, validationError } from '../errors.ts';
import { requireTableName, tableNameConstraints } from '../table-names.ts';
import {
  checkUnits,
  collectProblemsOfIndex,
  collectSettingProblems,
  definitionRules,
  each,
  indexNameConstraints,
  throughputRules,
} from './schema-checks.ts';

const rules: Rules = [
  ['TableName', ...tableNameConstraints],
  ['BillingMode', oneOf('PROVISIONED', 'PAY_PER_REQUEST')],
  ['TableClass', oneOf('STANDARD', 'STANDARD_INFREQUENT_ACCESS')],
];
const nameRules: Rules = [['IndexName', ...indexNameConstraints]];
const kinds = ['Update', 'Create', 'Delete'] as const;

const changeable = [
  'BillingMode',
  'ProvisionedThroughput',
  'StreamSpecification',
  'GlobalSecondaryIndexUpdates',
  'SSESpecification',
  'ReplicaUpdates',
  'TableClass',
  'DeletionProtectionEnabled',
  'OnDemandThroughput',
  'WarmThroughput',
  'MultiRegionConsistency',
  'GlobalTableWitnessUpdates',
  'DisassociationProtectionEnabled',
  'VectorIndexUpdates',
] as const;

/** Throws `ValidationException`. */
export function checkUpdate(
  input: UpdateTableInput,
): asserts input is UpdateTableInput & { TableName: string } {
  requireTableName(input.TableName);
  const problems: string[] = [];
  collectProblems(input, rules, '', problems);
  each(input.AttributeDefinitions, 'attributeDefinitions', definitionRules, problems);
  const { ProvisionedThroughput: units, GlobalSecondaryIndexUpdates: updates } = input;
  if (units != null) collectProblems(units, throughputRules, 'provisionedThroughput.', problems);
  updates?.forEach((update, i) => {
    const prefix = `globalSecondaryIndexUpdates.${i + 1}.member.`;
    collectUpdateProblems(update, prefix, problems);
  });
  collectSettingProblems(input, problems);
  throwProblems(problems);
  if (!changeable.some((name) => isGiven(input[name]))) {
    throw validationError(
      'At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, ' +
        'GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required',
    );
  }
  if (units != null) checkUnits(units);
  checkIndexUpdates(updates ?? []);
}

/** An empty list is none. */
function isGiven(value: unknown): boolean {
  return value != null && !(Array.isArray(value) && value.length === 0);
}

function collectUpdateProblems(
  { Update: update, Create: create, Delete: remove }: GlobalSecondaryIndexUpdate,
  prefix: string,
  problems: string[],
): void {
  if (update != null) {
    collectProblems(update, nameRules, `${prefix}update.`, problems);
    const { ProvisionedThroughput: units } = update;
    const at = `${prefix}update.provisionedThroughput.`;
    if (units != null) collectProblems(units, throughputRules, at, problems);
  }
  if (create != null) collectProblemsOfIndex(create, `${prefix}create.`, problems);
  if (remove != null) collectProblems(remove, nameRules, `${prefix}delete.`, problems);
}

function checkIndexUpdates(updates: readonly GlobalSecondaryIndexUpdate[]): void {
  const names = new Set<string | undefined>();
  for (const update of updates) {
    const given = kinds.filter((kind) => update[kind] != null);
    const [kind] = given;
    if (kind === undefined) {
      throw invalidParameter(
        'One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, ' +
          'GlobalSecondaryIndexUpdate.Delete must not be null',
      );
    }
    if (given.length > 1) {
      throw invalidParameter(
        'Only one of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, ' +
          'GlobalSecondaryIndexUpdate.Delete can be specified',
      );
    }
    const name = update[kind]?.IndexName;
    if (names.has(name)) {
      throw invalidParameter(
        `Only one global secondary index update per index is allowed simultaneously. Index: ${name}`,
      );
    }
    names.add(name);
    const units = update.Update?.ProvisionedThroughput;
    if (units != null) checkUnits(units, name);
  }
}
