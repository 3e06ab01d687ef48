/**
 * PutFunctionConcurrency, GetFunctionConcurrency and DeleteFunctionConcurrency: reserved
 * concurrency, a guarantee and a cap at once; 0 turns a function off.
 */
import type {
  Concurrency,
  GetFunctionConcurrencyRequest,
  GetFunctionConcurrencyResponse,
  PutFunctionConcurrencyRequest,
} from '@aws-sdk/client-lambda';
import { constraint, invalidParameter } from '../errors.ts';
import { type ControlPlane, findFunction } from './control-plane.ts';

/** At least so much stays for the functions without a reservation. */
const unreservedMin = 100;

export function putFunctionConcurrency(plane: ControlPlane) {
  return async (input: PutFunctionConcurrencyRequest): Promise<Concurrency> => {
    const record = findFunction(plane, input.FunctionName);
    const reserved = input.ReservedConcurrentExecutions ?? 0;
    if (reserved < 0) {
      throw constraint(
        reserved,
        'reservedConcurrentExecutions',
        'Member must have value greater than or equal to 0',
      );
    }
    const others = plane.registry.reservedTotal - (record.reservedConcurrency ?? 0);
    if (plane.settings.accountConcurrency - others - reserved < unreservedMin) {
      throw invalidParameter(
        "Specified ReservedConcurrentExecutions for function decreases account's " +
          `UnreservedConcurrentExecution below its minimum value of [${unreservedMin}].`,
      );
    }
    plane.registry.put({ ...record, reservedConcurrency: reserved });
    await plane.registry.flushed();
    return { ReservedConcurrentExecutions: reserved };
  };
}

export function getFunctionConcurrency(plane: ControlPlane) {
  return (input: GetFunctionConcurrencyRequest): GetFunctionConcurrencyResponse => {
    const { reservedConcurrency } = findFunction(plane, input.FunctionName);
    return reservedConcurrency === null
      ? {}
      : { ReservedConcurrentExecutions: reservedConcurrency };
  };
}

export function deleteFunctionConcurrency(plane: ControlPlane) {
  return async (input: GetFunctionConcurrencyRequest): Promise<Record<string, never>> => {
    const record = findFunction(plane, input.FunctionName);
    plane.registry.put({ ...record, reservedConcurrency: null });
    await plane.registry.flushed();
    return {};
  };
}
