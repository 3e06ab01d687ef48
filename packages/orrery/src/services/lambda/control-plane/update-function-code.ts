/**
 * UpdateFunctionCode: calls under way end on the old code, later ones begin on the new.
 */
import type { FunctionConfiguration, UpdateFunctionCodeRequest } from '@aws-sdk/client-lambda';
import { functionNotFound, invalidParameter, resourceConflict } from '../errors.ts';
import type { FunctionRecord } from '../functions.ts';
import { fetchCode } from './code-source.ts';
import { configurationOf } from './configuration.ts';
import { type ControlPlane, checkRevision, findFunction } from './control-plane.ts';
import { dropUnusedCode } from './delete-function.ts';
import { scheduleTransition } from './transition.ts';
import { checkArchitecture } from './validation.ts';

export function updateFunctionCode(plane: ControlPlane) {
  return async (input: UpdateFunctionCodeRequest): Promise<FunctionConfiguration> => {
    const before = findFunction(plane, input.FunctionName);
    checkRevision(before, input.RevisionId);
    refuseWhileUpdating(before);
    if (input.Publish === true) {
      throw invalidParameter('Orrery publishes no versions yet: $LATEST is the only one.');
    }
    const code = await fetchCode(plane, input);
    if (input.DryRun === true) return configurationOf({ ...before, codeSha256: code.sha256 });
    await plane.code.unpack(code);
    const current = plane.registry.get(before.name);
    if (current === undefined) throw functionNotFound(before.arn);
    refuseWhileUpdating(current);
    checkRevision(current, input.RevisionId);
    const nowMs = plane.io.clock.wallMs();
    const record: FunctionRecord = {
      ...current,
      codeDigest: code.digest,
      codeSize: code.size,
      codeSha256: code.sha256,
      architecture:
        input.Architectures === undefined
          ? current.architecture
          : checkArchitecture(input.Architectures),
      lastModifiedMs: nowMs,
      revisionId: plane.io.random.uuid(),
      lastUpdateStatus: 'InProgress',
      transitionEndsAtMs: nowMs + plane.settings.transitionMs,
      generation: current.generation + 1,
    };
    plane.code.put(code);
    plane.registry.put(record);
    dropUnusedCode(plane, current.codeDigest);
    await plane.registry.flushed();
    scheduleTransition(plane.io, plane.registry, record);
    return configurationOf(record);
  };
}

/** Throws ResourceConflictException while a create or an update is in hand. */
export function refuseWhileUpdating(record: FunctionRecord): void {
  if (record.state === 'Pending') {
    throw resourceConflict(
      `The operation cannot be performed at this time. The function is currently in the ` +
        `following state: Pending`,
    );
  }
  if (record.lastUpdateStatus === 'InProgress') {
    throw resourceConflict(
      `The operation cannot be performed at this time. An update is in progress for resource: ` +
        record.arn,
    );
  }
}
