/**
 * UpdateFunctionConfiguration: members that are absent stay as they were.
 */
import type {
  FunctionConfiguration,
  UpdateFunctionConfigurationRequest,
} from '@aws-sdk/client-lambda';
import { invalidParameter } from '../errors.ts';
import type { FunctionRecord } from '../functions.ts';
import { configurationOf } from './configuration.ts';
import { type ControlPlane, checkRevision, findFunction } from './control-plane.ts';
import { declaredOf } from './create-function.ts';
import { scheduleTransition } from './transition.ts';
import { refuseWhileUpdating } from './update-function-code.ts';
import * as check from './validation.ts';

export function updateFunctionConfiguration(plane: ControlPlane) {
  return async (input: UpdateFunctionConfigurationRequest): Promise<FunctionConfiguration> => {
    const before = findFunction(plane, input.FunctionName);
    checkRevision(before, input.RevisionId);
    refuseWhileUpdating(before);
    if ((input.Layers ?? []).length > 0) {
      throw invalidParameter('Orrery has no layers: bundle what the function needs into its code.');
    }
    const nowMs = plane.io.clock.wallMs();
    const record: FunctionRecord = {
      ...before,
      ...changesOf(input),
      declared: { ...before.declared, ...declaredOf(input) },
      lastModifiedMs: nowMs,
      revisionId: plane.io.random.uuid(),
      lastUpdateStatus: 'InProgress',
      transitionEndsAtMs: nowMs + plane.settings.transitionMs,
      generation: before.generation + 1,
    };
    plane.registry.put(record);
    await plane.registry.flushed();
    scheduleTransition(plane.io, plane.registry, record);
    return configurationOf(record);
  };
}

function changesOf(input: UpdateFunctionConfigurationRequest): Partial<FunctionRecord> {
  const { Role, Handler, Description, Timeout, MemorySize, Environment, Runtime } = input;
  return {
    ...(Role === undefined ? {} : { role: check.checkRole(Role) }),
    ...(Handler === undefined ? {} : { handler: check.checkHandler(Handler) }),
    ...(Description === undefined ? {} : { description: check.checkDescription(Description) }),
    ...(Timeout === undefined ? {} : { timeoutS: check.checkTimeout(Timeout) }),
    ...(MemorySize === undefined ? {} : { memoryMb: check.checkMemory(MemorySize) }),
    ...(Runtime === undefined ? {} : { runtime: check.checkRuntime(Runtime) }),
    ...(Environment === undefined
      ? {}
      : { environment: check.checkVariables(Environment.Variables ?? {}) }),
    ...(input.EphemeralStorage?.Size === undefined
      ? {}
      : { ephemeralStorageMb: check.checkEphemeralStorage(input.EphemeralStorage.Size) }),
    ...(input.TracingConfig?.Mode === undefined ? {} : { tracingMode: input.TracingConfig.Mode }),
    ...(input.LoggingConfig?.LogGroup === undefined
      ? {}
      : { logGroup: input.LoggingConfig.LogGroup }),
  };
}
