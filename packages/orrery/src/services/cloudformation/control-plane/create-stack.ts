/** CreateStack. The stack is made after the answer. */
import type { CreateStackInput, CreateStackOutput } from '@aws-sdk/client-cloudformation';
import { createStack } from '../engine/create-stack.ts';
import type { Engine } from '../engine/engine.ts';
import { Job } from '../engine/job.ts';
import type { StackInput, StackRecord } from '../engine/records.ts';
import { alreadyExists } from '../errors.ts';
import type { Template } from '../template/template.ts';
import { checkStackName, prepareInput } from './stack-input.ts';

export function createStackOperation(engine: Engine) {
  return async (raw: CreateStackInput): Promise<CreateStackOutput> => {
    const stackName = checkStackName(raw.StackName ?? '');
    if (engine.records.find(stackName) !== undefined) throw alreadyExists(stackName);
    const { template, input } = await prepareInput(engine, raw);
    // Another request may have made it while parameters and template were fetched.
    if (engine.records.find(stackName) !== undefined) throw alreadyExists(stackName);
    const onFailure = raw.DisableRollback === true ? 'DO_NOTHING' : (raw.OnFailure ?? 'ROLLBACK');
    const stack = newStack(engine, stackName, template, input, {
      onFailure,
      capabilities: raw.Capabilities ?? [],
      ...(raw.RoleARN === undefined ? {} : { roleArn: raw.RoleARN }),
    });
    startCreation(engine, stack, template);
    await engine.records.flushed();
    return { StackId: stack.stackId };
  };
}

/** A record for a stack that does not exist yet. */
export function newStack(
  engine: Engine,
  stackName: string,
  template: Template,
  input: StackInput,
  options: Pick<StackRecord, 'onFailure' | 'capabilities' | 'roleArn'>,
): StackRecord {
  const { region, accountId, io } = engine;
  return {
    ...input,
    ...options,
    stackId: `arn:aws:cloudformation:${region}:${accountId}:stack/${stackName}/${io.random.uuid()}`,
    stackName,
    status: 'CREATE_IN_PROGRESS',
    createdMs: io.clock.wallMs(),
    outputs: [],
    imports: [],
    ...(template.description === undefined ? {} : { description: template.description }),
  };
}

/** Records the beginning, and makes the resources in the background. */
export function startCreation(engine: Engine, stack: StackRecord, template: Template): void {
  const job = new Job(engine, stack);
  job.setStatus('CREATE_IN_PROGRESS', 'User Initiated');
  engine.operations.start(stack.stackId, () => createStack(job, template));
}
