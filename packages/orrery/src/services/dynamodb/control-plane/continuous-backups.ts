/**
 * UpdateContinuousBackups, DescribeContinuousBackups: settings that are kept and shown. Nothing can be
 * restored to a point in time.
 */
import type {
  DescribeContinuousBackupsInput,
  UpdateContinuousBackupsInput,
} from '@aws-sdk/client-dynamodb';
import { ServiceError } from '../../../endpoint/service.ts';
import {
  atLeast,
  atMost,
  collectProblems,
  type Rules,
  required,
  throwProblems,
} from '../constraints.ts';
import type { StoredTable } from '../storage/stored-table.ts';
import { requireTableName, tableNameConstraints, tableNameOf } from '../table-names.ts';
import type { ControlPlane } from './control-plane.ts';

const daysMax = 35;
const dayMs = 24 * 3_600_000;
/** The newest instant that could be restored lies so far back. */
const behindMs = 5 * 60_000;

const rules: Rules = [
  ['TableName', ...tableNameConstraints],
  ['PointInTimeRecoverySpecification', required],
];
const specificationRules: Rules = [
  ['PointInTimeRecoveryEnabled', required],
  ['RecoveryPeriodInDays', atLeast(1), atMost(daysMax)],
];

export function updateContinuousBackups(
  plane: ControlPlane,
  input: UpdateContinuousBackupsInput,
): object {
  requireTableName(input.TableName);
  const problems: string[] = [];
  collectProblems(input, rules, '', problems);
  const given = input.PointInTimeRecoverySpecification;
  if (given != null) {
    const prefix = 'pointInTimeRecoverySpecification.';
    collectProblems(given, specificationRules, prefix, problems);
  }
  throwProblems(problems);
  const table = backedUpTable(plane, input.TableName);
  const before = table.pointInTimeRecovery;
  const sinceMs = before?.sinceMs ?? plane.io.clock.wallMs();
  const days = given?.RecoveryPeriodInDays ?? before?.days ?? daysMax;
  const next: StoredTable = {
    ...table,
    pointInTimeRecovery: given?.PointInTimeRecoveryEnabled === true ? { days, sinceMs } : undefined,
  };
  plane.catalog.replace(next);
  return described(plane, next);
}

export function describeContinuousBackups(
  plane: ControlPlane,
  input: DescribeContinuousBackupsInput,
): object {
  requireTableName(input.TableName);
  const problems: string[] = [];
  collectProblems(input, [['TableName', ...tableNameConstraints]], '', problems);
  throwProblems(problems);
  return described(plane, backedUpTable(plane, input.TableName));
}

function backedUpTable({ catalog, region }: ControlPlane, nameOrArn: string): StoredTable {
  const name = tableNameOf(nameOrArn, region);
  const table = catalog.find(name);
  if (table !== undefined) return table;
  throw new ServiceError('TableNotFoundException', `Table not found: ${name}`);
}

function described({ io }: ControlPlane, { pointInTimeRecovery: on }: StoredTable): object {
  const nowMs = io.clock.wallMs();
  const recovery =
    on === undefined
      ? { PointInTimeRecoveryStatus: 'DISABLED' }
      : {
          PointInTimeRecoveryStatus: 'ENABLED',
          RecoveryPeriodInDays: on.days,
          EarliestRestorableDateTime: Math.max(on.sinceMs, nowMs - on.days * dayMs),
          LatestRestorableDateTime: Math.max(on.sinceMs, nowMs - behindMs),
        };
  return {
    ContinuousBackupsDescription: {
      ContinuousBackupsStatus: 'ENABLED',
      PointInTimeRecoveryDescription: recovery,
    },
  };
}
