/** DeleteStack. The stack is deleted after the answer; one that does not exist is deleted already. */
import type { DeleteStackInput } from '@aws-sdk/client-cloudformation';
import { deleteStack } from '../engine/delete-stack.ts';
import type { Engine } from '../engine/engine.ts';
import { Job } from '../engine/job.ts';
import { validationError } from '../errors.ts';
import { forgetChangeSets } from './change-set-record.ts';

export function deleteStackOperation(engine: Engine) {
  return async (raw: DeleteStackInput): Promise<undefined> => {
    const stack = engine.records.find(raw.StackName ?? '');
    if (stack === undefined || stack.status === 'DELETE_COMPLETE') return undefined;
    if (engine.operations.isRunning(stack.stackId)) {
      if (stack.status === 'DELETE_IN_PROGRESS') return undefined;
      throw validationError(
        `Stack [${stack.stackName}] cannot be deleted while in status ${stack.status}`,
      );
    }
    const job = new Job(engine, stack);
    job.setStatus('DELETE_IN_PROGRESS', 'User Initiated');
    forgetChangeSets(engine, stack.stackId);
    engine.operations.start(stack.stackId, () => deleteStack(job));
    await engine.records.flushed();
    return undefined;
  };
}
