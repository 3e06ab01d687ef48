/**
 * CreateChangeSet, DescribeChangeSet, ExecuteChangeSet, DeleteChangeSet, ListChangeSets. A change
 * set is ready when the answer to its creation goes out.
 */
import type {
  CreateChangeSetInput,
  CreateChangeSetOutput,
  DeleteChangeSetInput,
  DescribeChangeSetInput,
  ExecuteChangeSetInput,
  ListChangeSetsInput,
} from '@aws-sdk/client-cloudformation';
import { ServiceError } from '../../../endpoint/service.ts';
import type { Engine } from '../engine/engine.ts';
import { Job } from '../engine/job.ts';
import type { Change, Plan } from '../engine/plan.ts';
import type { StackRecord } from '../engine/records.ts';
import { alreadyExists, invalidChangeSetStatus, validationError } from '../errors.ts';
import { parseTemplate } from '../template/parse.ts';
import {
  type ChangeSetRecord,
  changeSetOf,
  changeSetsOf,
  forgetChangeSet,
  forgetChangeSets,
  putChangeSet,
} from './change-set-record.ts';
import { newStack, startCreation } from './create-stack.ts';
import { findStack } from './describe-stacks.ts';
import { checkStackName, type PreparedInput, prepareInput } from './stack-input.ts';
import { planUpdate, startUpdate, updatable } from './update-stack.ts';

const nothingChanged =
  "The submitted information didn't contain changes. Submit different information to create a change set.";

export function createChangeSetOperation(engine: Engine) {
  return async (raw: CreateChangeSetInput): Promise<CreateChangeSetOutput> => {
    const name = checkChangeSetName(raw.ChangeSetName ?? '');
    const type = raw.ChangeSetType ?? 'UPDATE';
    if (type === 'IMPORT') throw validationError('ChangeSetType IMPORT is not built.');
    const existing = engine.records.find(raw.StackName ?? '');
    const isNew = existing === undefined || existing.status === 'REVIEW_IN_PROGRESS';
    if (type === 'CREATE' && !isNew) throw alreadyExists(existing.stackName);
    const previous = type === 'UPDATE' ? updatable(engine, raw.StackName ?? '') : undefined;
    const prepared = await prepareInput(engine, raw, previous);
    const onFailure = onFailureOf(raw);
    const stack =
      previous ??
      existing ??
      reviewStack(engine, checkStackName(raw.StackName ?? ''), prepared, onFailure);
    if (changeSetsOf(engine, stack.stackId).some((one) => one.name === name)) {
      throw new ServiceError('AlreadyExistsException', `ChangeSet ${name} already exists`);
    }
    const plan = await planUpdate(engine, stack, prepared.template, prepared.input);
    const record: ChangeSetRecord = {
      changeSetId: stack.stackId.replace(
        /:stack\/.*/,
        `:changeSet/${name}/${engine.io.random.uuid()}`,
      ),
      name,
      stackId: stack.stackId,
      stackName: stack.stackName,
      type,
      ...statusOf(plan, type),
      createdMs: engine.io.clock.wallMs(),
      input: prepared.input,
      changes: plan.changes,
      capabilities: raw.Capabilities ?? [],
      onFailure,
      ...(raw.RoleARN === undefined ? {} : { roleArn: raw.RoleARN }),
      ...(raw.Description === undefined ? {} : { description: raw.Description }),
    };
    putChangeSet(engine, record);
    await engine.records.flushed();
    return { Id: record.changeSetId, StackId: stack.stackId };
  };
}

function checkChangeSetName(name: string): string {
  if (/^[a-zA-Z][-a-zA-Z0-9]{0,127}$/.test(name)) return name;
  throw validationError(
    `1 validation error detected: Value '${name}' at 'changeSetName' failed to satisfy constraint: ` +
      'Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*',
  );
}

function onFailureOf(raw: CreateChangeSetInput): StackRecord['onFailure'] {
  return raw.OnStackFailure ?? 'ROLLBACK';
}

function statusOf(
  plan: Plan,
  type: 'CREATE' | 'UPDATE',
): Pick<ChangeSetRecord, 'status' | 'statusReason'> {
  const empty = type === 'UPDATE' && plan.changes.length === 0 && !plan.stackChanges;
  return empty ? { status: 'FAILED', statusReason: nothingChanged } : { status: 'CREATE_COMPLETE' };
}

/** The empty stack that a change set of type CREATE waits in. */
function reviewStack(
  engine: Engine,
  stackName: string,
  { template, input }: PreparedInput,
  onFailure: StackRecord['onFailure'],
): StackRecord {
  const found = engine.records.find(stackName);
  if (found !== undefined) return found;
  const stack = newStack(engine, stackName, template, input, { onFailure, capabilities: [] });
  new Job(engine, stack).setStatus('REVIEW_IN_PROGRESS', 'User Initiated');
  return engine.records.find(stack.stackId) ?? stack;
}

export function describeChangeSetOperation(engine: Engine) {
  return (raw: DescribeChangeSetInput): object => {
    const changeSet = changeSetOf(engine, raw.ChangeSetName ?? '', raw.StackName);
    return {
      ...summaryOf(changeSet),
      Parameters: Object.entries(changeSet.input.parameters).map(
        ([ParameterKey, ParameterValue]) => ({ ParameterKey, ParameterValue }),
      ),
      Capabilities: changeSet.capabilities,
      Tags: changeSet.input.tags,
      NotificationARNs: [],
      RollbackConfiguration: {},
      Changes: changeSet.changes.map(changeMembers),
    };
  };
}

export function listChangeSetsOperation(engine: Engine) {
  return (raw: ListChangeSetsInput): { Summaries: object[] } => {
    const stack = findStack(engine, raw.StackName ?? '');
    return { Summaries: changeSetsOf(engine, stack.stackId).map(summaryOf) };
  };
}

export function executeChangeSetOperation(engine: Engine) {
  return async (raw: ExecuteChangeSetInput): Promise<object> => {
    const changeSet = changeSetOf(engine, raw.ChangeSetName ?? '', raw.StackName);
    if (changeSet.status !== 'CREATE_COMPLETE') {
      throw invalidChangeSetStatus(changeSet.changeSetId, changeSet.status);
    }
    const template = await parseTemplate(changeSet.input.templateBody);
    const { input, capabilities, roleArn } = changeSet;
    const onFailure = raw.DisableRollback === true ? 'DO_NOTHING' : changeSet.onFailure;
    const options = {
      capabilities,
      onFailure,
      ...(roleArn === undefined ? {} : { roleArn }),
    };
    const stack = findStack(engine, changeSet.stackId);
    if (changeSet.type === 'CREATE' && stack.status === 'REVIEW_IN_PROGRESS') {
      startCreation(engine, { ...stack, ...input, ...options }, template);
    } else {
      startUpdate(engine, updatable(engine, stack.stackId), template, input, options);
    }
    forgetChangeSets(engine, stack.stackId);
    await engine.records.flushed();
    return {};
  };
}

export function deleteChangeSetOperation(engine: Engine) {
  return async (raw: DeleteChangeSetInput): Promise<object> => {
    try {
      forgetChangeSet(engine, changeSetOf(engine, raw.ChangeSetName ?? '', raw.StackName));
    } catch (error) {
      // What is gone is deleted.
      if (!(error instanceof ServiceError) || error.code !== 'ChangeSetNotFound') throw error;
    }
    await engine.records.flushed();
    return {};
  };
}

function summaryOf(changeSet: ChangeSetRecord): object {
  return {
    ChangeSetId: changeSet.changeSetId,
    ChangeSetName: changeSet.name,
    StackId: changeSet.stackId,
    StackName: changeSet.stackName,
    Status: changeSet.status,
    StatusReason: changeSet.statusReason,
    ExecutionStatus: changeSet.status === 'FAILED' ? 'UNAVAILABLE' : 'AVAILABLE',
    Description: changeSet.description,
    CreationTime: changeSet.createdMs,
    IncludeNestedStacks: false,
  };
}

function changeMembers(change: Change): object {
  return {
    Type: 'Resource',
    ResourceChange: {
      Action: change.action,
      LogicalResourceId: change.logicalId,
      PhysicalResourceId: change.physicalId,
      ResourceType: change.type,
      Replacement: change.replacement,
      Scope: change.action === 'Modify' ? ['Properties'] : [],
      Details: [],
    },
  };
}
