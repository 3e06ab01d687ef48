/**
 * Health checks: create, get, list, count, update, delete. Their status is the data plane's
 * (`health-check-status.ts` asks it).
 *
 * E1  The same caller reference with the same settings gives the check that is there; with other
 *     settings it is refused.
 */
import type {
  CreateHealthCheckRequest,
  DeleteHealthCheckRequest,
  GetHealthCheckRequest,
  HealthCheckConfig as GivenConfig,
  ListHealthChecksRequest,
  UpdateHealthCheckRequest,
} from '@aws-sdk/client-route-53';
import type { ReadTransaction } from '../../../io/io.ts';
import {
  constraint,
  healthCheckAlreadyExists,
  healthCheckInUse,
  healthCheckVersionMismatch,
  invalidInput,
} from '../errors.ts';
import { keyOf, rangeOf } from '../keys.ts';
import { checkLength } from './constraints.ts';
import { definedOf, normalizeConfig } from './health-check-input.ts';
import {
  bareId,
  type ControlPlane,
  type HealthCheckRecord,
  pageSize,
  readHealthCheck,
} from './plane.ts';
import { addToCount, countOf } from './zone-index.ts';

const maxPage = 100;

function output({ id, callerReference, version, config }: HealthCheckRecord): object {
  return {
    Id: id,
    CallerReference: callerReference,
    HealthCheckConfig: config,
    HealthCheckVersion: version,
  };
}

export const createHealthCheck =
  ({ io, store, propagation }: ControlPlane) =>
  async (input: CreateHealthCheckRequest): Promise<object> => {
    const callerReference = input.CallerReference ?? '';
    checkLength(callerReference, 1, 64, 'callerReference');
    if (input.HealthCheckConfig === undefined) throw invalidInput('HealthCheckConfig is missing.');
    const given = input.HealthCheckConfig;
    const record = store.transaction((transaction) => {
      const config = normalizeConfig(given, transaction);
      const reference = keyOf('health-check-reference', callerReference);
      const known = transaction.get(reference);
      if (known !== undefined) {
        const existing = readHealthCheck(transaction, known);
        if (JSON.stringify(existing.config) === JSON.stringify(config)) return existing;
        throw healthCheckAlreadyExists();
      }
      const made: HealthCheckRecord = { id: io.random.uuid(), callerReference, version: 1, config };
      transaction.put(keyOf('health-check', made.id), JSON.stringify(made));
      transaction.put(reference, made.id);
      addToCount(transaction, 'health-check', 1);
      const check = { id: made.id, config };
      propagation.submit(transaction, [{ kind: 'health-check', check }], null);
      return made;
    });
    await store.flushed();
    return {
      HealthCheck: output(record),
      Location: `https://route53.amazonaws.com/2013-04-01/healthcheck/${record.id}`,
    };
  };

export const getHealthCheck =
  ({ store }: ControlPlane) =>
  (input: GetHealthCheckRequest): object => ({
    HealthCheck: output(readHealthCheck(store, bareId(input.HealthCheckId))),
  });

function allHealthChecks(store: ReadTransaction): HealthCheckRecord[] {
  return [...store.range(rangeOf('health-check'))].map(
    ({ value }) => JSON.parse(value) as HealthCheckRecord,
  );
}

export const getHealthCheckCount =
  ({ store }: ControlPlane) =>
  (): object => ({ HealthCheckCount: countOf(store, 'health-check') });

export const listHealthChecks =
  ({ store }: ControlPlane) =>
  (input: ListHealthChecksRequest): object => {
    const limit = pageSize(input.MaxItems, maxPage);
    const marker = input.Marker ?? '';
    const { end } = rangeOf('health-check');
    const range = { start: keyOf('health-check', marker), end, limit: limit + 1 };
    const checks = [...store.range(range)].map(
      ({ value }) => JSON.parse(value) as HealthCheckRecord,
    );
    const next = checks[limit];
    return {
      HealthChecks: checks.slice(0, limit).map(output),
      Marker: marker,
      IsTruncated: next !== undefined,
      ...(next === undefined ? {} : { NextMarker: next.id }),
      MaxItems: limit,
    };
  };

/** Members of an update that go by the same name in the configuration. */
const updatable = [
  'IPAddress',
  'Port',
  'ResourcePath',
  'FullyQualifiedDomainName',
  'SearchString',
  'FailureThreshold',
  'Inverted',
  'Disabled',
  'HealthThreshold',
  'ChildHealthChecks',
  'EnableSNI',
  'Regions',
  'AlarmIdentifier',
  'InsufficientDataHealthStatus',
] as const;

const resettable: readonly string[] = [
  'ChildHealthChecks',
  'FullyQualifiedDomainName',
  'Regions',
  'ResourcePath',
];

export const updateHealthCheck =
  ({ store, propagation }: ControlPlane) =>
  async (input: UpdateHealthCheckRequest): Promise<object> => {
    const record = store.transaction((transaction) => {
      const before = readHealthCheck(transaction, bareId(input.HealthCheckId));
      const version = input.HealthCheckVersion;
      if (version !== undefined && Number(version) !== before.version) {
        throw healthCheckVersionMismatch();
      }
      const config = normalizeConfig(merged(before.config, input), transaction);
      const changed = { ...before, version: before.version + 1, config };
      transaction.put(keyOf('health-check', changed.id), JSON.stringify(changed));
      const check = { id: changed.id, config };
      propagation.submit(transaction, [{ kind: 'health-check', check }], null);
      return changed;
    });
    await store.flushed();
    return { HealthCheck: output(record) };
  };

/** What an update leaves out stays, unless `ResetElements` names it. */
function merged(before: HealthCheckRecord['config'], input: UpdateHealthCheckRequest): GivenConfig {
  const reset: readonly string[] = input.ResetElements ?? [];
  for (const element of reset) {
    if (resettable.includes(element)) continue;
    const rule = `Member must satisfy enum value set: [${resettable.join(', ')}]`;
    throw constraint(element, 'resetElements', rule);
  }
  if (input.IPAddress !== undefined && before.IPAddress === undefined) {
    throw invalidInput('IPAddress cannot be added to a health check that was made without it.');
  }
  const kept = Object.fromEntries(
    Object.entries(before).filter(([member]) => !reset.includes(member)),
  ) as unknown as GivenConfig;
  const given = Object.fromEntries(updatable.map((member) => [member, input[member]]));
  return { ...kept, ...definedOf(given) };
}

export const deleteHealthCheck =
  ({ store, propagation }: ControlPlane) =>
  async (input: DeleteHealthCheckRequest): Promise<object> => {
    store.transaction((transaction) => {
      const record = readHealthCheck(transaction, bareId(input.HealthCheckId));
      const parents = allHealthChecks(transaction).filter(({ config }) =>
        config.ChildHealthChecks?.includes(record.id),
      );
      if (parents.length > 0) throw healthCheckInUse(record.id);
      transaction.delete(keyOf('health-check', record.id));
      addToCount(transaction, 'health-check', -1);
      transaction.delete(keyOf('health-check-reference', record.callerReference));
      transaction.delete(keyOf('tags', 'healthcheck', record.id));
      propagation.submit(transaction, [{ kind: 'health-check-deleted', id: record.id }], null);
    });
    await store.flushed();
    return {};
  };
