/**
 * UpdateTimeToLive, DescribeTimeToLive. The setting is the same in all replicas of a table: the region
 * that is asked tells the others.
 */
import type { DescribeTimeToLiveInput, UpdateTimeToLiveInput } from '@aws-sdk/client-dynamodb';
import { requestJson } from '../../../endpoint/internal-json.ts';
import { ServiceError } from '../../../endpoint/service.ts';
import { NetError } from '../../../io/io.ts';
import type { TimeToLiveRequest } from '../api.ts';
import {
  checkConstraints,
  collectProblems,
  lengthAtLeast,
  lengthAtMost,
  type Rules,
  required,
  throwProblems,
} from '../constraints.ts';
import { resourceInUse, validationError } from '../errors.ts';
import type { StoredTable } from '../storage/stored-table.ts';
import { requireTableName, tableNameConstraints } from '../table-names.ts';
import { type ControlPlane, existingTable } from './control-plane.ts';

const peerDeadlineMs = 5_000;

const rules: Rules = [
  ['TableName', ...tableNameConstraints],
  ['TimeToLiveSpecification', required],
];

const specificationRules: Rules = [
  ['Enabled', required],
  ['AttributeName', required, lengthAtLeast(1), lengthAtMost(255)],
];

export async function updateTimeToLive(
  plane: ControlPlane,
  input: UpdateTimeToLiveInput,
): Promise<object> {
  requireTableName(input.TableName);
  const problems: string[] = [];
  collectProblems(input, rules, '', problems);
  const given = input.TimeToLiveSpecification;
  if (given != null) {
    collectProblems(given, specificationRules, 'timeToLiveSpecification.', problems);
  }
  throwProblems(problems);
  const { Enabled: enabled = false, AttributeName: attribute = '' } = given ?? {};
  const table = existingTable(plane, input.TableName);
  if (table.status !== 'ACTIVE') {
    throw resourceInUse(`Table is not ACTIVE: ${table.name}`);
  }
  checkChange(table, attribute, enabled);
  setTimeToLive(plane, { tableName: table.name, attribute: enabled ? attribute : null });
  await tellReplicas(plane, table, enabled ? attribute : null);
  return { TimeToLiveSpecification: { Enabled: enabled, AttributeName: attribute } };
}

function checkChange({ timeToLive: now }: StoredTable, attribute: string, enabled: boolean): void {
  if (now === undefined) {
    if (!enabled) throw validationError('TimeToLive is already disabled');
    return;
  }
  if (now.attribute !== attribute) {
    throw validationError(
      `TimeToLive is active on a different AttributeName: current AttributeName is ${now.attribute}`,
    );
  }
  if (enabled) throw validationError('TimeToLive is already enabled');
  if (now.filling) {
    throw validationError('Time to live has been modified multiple times within a fixed interval');
  }
}

/** Sets it in this region, whatever it was. */
export function setTimeToLive(
  { catalog, lifecycle, sweeper }: Pick<ControlPlane, 'catalog' | 'lifecycle' | 'sweeper'>,
  { tableName, attribute }: TimeToLiveRequest,
): void {
  const table = catalog.find(tableName);
  if (table === undefined || table.timeToLive?.attribute === (attribute ?? undefined)) return;
  if (table.timeToLive !== undefined) {
    catalog.dropIndex({ ...table, timeToLive: undefined }, table.timeToLive.indexId);
    lifecycle.purge();
  }
  if (attribute === null) return;
  const now = catalog.find(tableName) ?? table;
  const indexId = now.nextIndexId;
  catalog.replace({
    ...now,
    nextIndexId: indexId + 1,
    timeToLive: { attribute, indexId, filling: true },
  });
  lifecycle.settleTimeToLive(tableName);
  sweeper.arm();
}

/** A replica that does not answer keeps its setting: the trace says so. */
async function tellReplicas(
  { io, region }: ControlPlane,
  { name, replicas }: StoredTable,
  attribute: string | null,
): Promise<void> {
  const request: TimeToLiveRequest = { tableName: name, attribute };
  const others = replicas.filter((one) => one.region !== region);
  await Promise.all(
    others.map(async ({ region: peer }) => {
      const to = { region: peer, service: 'dynamodb-replica' };
      try {
        await requestJson(io.network, to, '/time-to-live', request, { deadlineMs: peerDeadlineMs });
      } catch (error) {
        if (!(error instanceof NetError || error instanceof ServiceError)) throw error;
        const reason = error.message;
        io.probe.event('dynamodb.time-to-live-not-told', { tableName: name, peer, reason });
      }
    }),
  );
}

export function describeTimeToLive(plane: ControlPlane, input: DescribeTimeToLiveInput): object {
  requireTableName(input.TableName);
  checkConstraints(input, [['TableName', ...tableNameConstraints]]);
  const { timeToLive } = existingTable(plane, input.TableName);
  return {
    TimeToLiveDescription:
      timeToLive === undefined
        ? { TimeToLiveStatus: 'DISABLED' }
        : {
            TimeToLiveStatus: timeToLive.filling ? 'ENABLING' : 'ENABLED',
            AttributeName: timeToLive.attribute,
          },
  };
}
