/** UpdateStack. The stack is changed after the answer. */
import type { UpdateStackInput, UpdateStackOutput } from '@aws-sdk/client-cloudformation';
import type { Engine } from '../engine/engine.ts';
import { Job } from '../engine/job.ts';
import { type Plan, planChanges, sameJson } from '../engine/plan.ts';
import type { StackInput, StackRecord, StackStatus } from '../engine/records.ts';
import { updateStack } from '../engine/update-stack.ts';
import { noUpdates, stackNotFound, validationError } from '../errors.ts';
import type { Template } from '../template/template.ts';
import { prepareInput } from './stack-input.ts';

export function updateStackOperation(engine: Engine) {
  return async (raw: UpdateStackInput): Promise<UpdateStackOutput> => {
    const previous = updatable(engine, raw.StackName ?? '');
    const { template, input } = await prepareInput(engine, raw, previous);
    if (isSettled(previous) && sameInput(input, previous)) throw noUpdates();
    const plan = await planUpdate(engine, previous, template, input);
    if (isSettled(previous) && plan.changes.length === 0 && !plan.stackChanges) throw noUpdates();
    // Another request may have begun one while this one was planned.
    updatable(engine, previous.stackId);
    startUpdate(engine, previous, template, input, {
      ...(raw.Capabilities === undefined ? {} : { capabilities: raw.Capabilities }),
      ...(raw.RoleARN === undefined ? {} : { roleArn: raw.RoleARN }),
      onFailure: raw.DisableRollback === true ? 'DO_NOTHING' : 'ROLLBACK',
    });
    await engine.records.flushed();
    return { StackId: previous.stackId };
  };
}

/** Interrupted and failed updates may be followed by another; a failed creation must be deleted. */
const updatableStatus: ReadonlySet<StackStatus> = new Set([
  'CREATE_COMPLETE',
  'CREATE_FAILED',
  'UPDATE_COMPLETE',
  'UPDATE_FAILED',
  'UPDATE_ROLLBACK_COMPLETE',
  'UPDATE_ROLLBACK_FAILED',
]);

/** The stack, where it may be updated now. Throws ValidationError. */
export function updatable(engine: Engine, name: string): StackRecord {
  const stack = engine.records.find(name);
  if (stack === undefined || stack.status === 'DELETE_COMPLETE') throw stackNotFound(name);
  if (engine.operations.isRunning(stack.stackId) || !updatableStatus.has(stack.status)) {
    throw validationError(
      `Stack:${stack.stackId} is in ${stack.status} state and can not be updated.`,
    );
  }
  return stack;
}

/** Whether all that the stack's template says is known to stand. */
function isSettled({ status }: StackRecord): boolean {
  return status.endsWith('_COMPLETE');
}

/** The fast way out of an update that changes nothing: the same text with the same values. */
function sameInput(input: StackInput, previous: StackRecord): boolean {
  return (
    input.templateBody === previous.templateBody &&
    sameJson(input.resolvedParameters, previous.resolvedParameters) &&
    sameJson(input.tags, previous.tags)
  );
}

export async function planUpdate(
  engine: Engine,
  previous: StackRecord,
  template: Template,
  input: StackInput,
): Promise<Plan> {
  return await planChanges(new Job(engine, { ...previous, ...input }), template, previous);
}

/** Records the beginning, and changes the resources in the background. */
export function startUpdate(
  engine: Engine,
  previous: StackRecord,
  template: Template,
  input: StackInput,
  options: Partial<StackRecord>,
): void {
  const { description: _old, ...rest } = previous;
  const job = new Job(engine, {
    ...rest,
    ...input,
    ...options,
    updatedMs: engine.io.clock.wallMs(),
    ...(template.description === undefined ? {} : { description: template.description }),
  });
  job.setStatus('UPDATE_IN_PROGRESS', 'User Initiated');
  engine.operations.start(previous.stackId, () => updateStack(job, template, previous));
}
