/**
 * What the checkers say: GetHealthCheckStatus, GetHealthCheckLastFailureReason, and their
 * addresses.
 */
import type {
  GetHealthCheckLastFailureReasonRequest,
  GetHealthCheckStatusRequest,
} from '@aws-sdk/client-route-53';
import type { CheckerState } from '../api.ts';
import { invalidInput } from '../errors.ts';
import { checkerAddresses, type HealthCheckers } from '../health/checkers.ts';
import { isProbed } from '../record-set.ts';
import { bareId, type ControlPlane, type HealthCheckRecord, readHealthCheck } from './plane.ts';

function observation(checker: CheckerState): object {
  return {
    Region: checker.region,
    IPAddress: checker.ip,
    StatusReport: {
      Status: checker.lastStatus ?? 'Unknown: this checker has not probed the endpoint yet.',
      ...(checker.checkedAtMs === null ? {} : { CheckedTime: checker.checkedAtMs }),
    },
  };
}

/** AWS has no observations either of checks that no checker probes for. */
function endpointCheck(plane: ControlPlane, id: string | undefined): HealthCheckRecord {
  const record = readHealthCheck(plane.store, bareId(id));
  const { Type: type } = record.config;
  if (!isProbed(type)) {
    throw invalidInput(`Health checks of type ${type} have no status of checkers.`);
  }
  return record;
}

export const getHealthCheckStatus =
  (plane: ControlPlane, checkers: HealthCheckers) =>
  (input: GetHealthCheckStatusRequest): object => {
    const { id } = endpointCheck(plane, input.HealthCheckId);
    const states = checkers.state(id)?.checkers ?? [];
    return { HealthCheckObservations: states.map(observation) };
  };

export const getHealthCheckLastFailureReason =
  (plane: ControlPlane, checkers: HealthCheckers) =>
  (input: GetHealthCheckLastFailureReasonRequest): object => {
    const { id } = endpointCheck(plane, input.HealthCheckId);
    return { HealthCheckObservations: checkers.lastFailures(id).map(observation) };
  };

export const getCheckerIpRanges = () => (): object => ({
  CheckerIpRanges: Object.values(checkerAddresses)
    .flat()
    .map((ip) => `${ip}/32`),
});
