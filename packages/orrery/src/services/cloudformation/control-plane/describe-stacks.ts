/**
 * DescribeStacks and ListStacks.
 *
 * DescribeStacks of one stack that is being worked on waits for the end, a few seconds at most:
 * every tool asks again and again, with seconds in between, and so learns the end at once.
 */
import type {
  DescribeStacksInput,
  ListStacksInput,
  Stack,
  StackSummary,
} from '@aws-sdk/client-cloudformation';
import type { Engine } from '../engine/engine.ts';
import type { StackRecord } from '../engine/records.ts';
import { stackNotFound } from '../errors.ts';

const waitMs = 3000;

/** The dates of the API's types are epoch milliseconds on our side of the wire. */
type Described<T> = Omit<T, 'CreationTime' | 'LastUpdatedTime' | 'DeletionTime'> & {
  readonly CreationTime: number;
  readonly LastUpdatedTime?: number;
  readonly DeletionTime?: number;
};

export function describeStacksOperation(engine: Engine) {
  return async (raw: DescribeStacksInput): Promise<{ Stacks: Described<Stack>[] }> => {
    const name = raw.StackName;
    if (name === undefined || name === '') {
      return { Stacks: engine.records.live().map((stack) => describe(stack)) };
    }
    const found = findStack(engine, name);
    await engine.operations.settled(found.stackId, waitMs);
    return { Stacks: [describe(engine.records.find(found.stackId) ?? found)] };
  };
}

export function listStacksOperation(engine: Engine) {
  return (raw: ListStacksInput): { StackSummaries: Described<StackSummary>[] } => {
    const wanted = raw.StackStatusFilter ?? [];
    const stacks = engine.records
      .all()
      .filter(({ status }) => wanted.length === 0 || wanted.includes(status));
    return {
      StackSummaries: stacks.map((stack) => ({
        StackId: stack.stackId,
        StackName: stack.stackName,
        StackStatus: stack.status,
        DriftInformation: { StackDriftStatus: 'NOT_CHECKED' },
        ...optional(stack),
        ...times(stack),
      })),
    };
  };
}

/** By name or id. Throws ValidationError, as AWS does for what does not exist. */
export function findStack(engine: Engine, name: string): StackRecord {
  const stack = engine.records.find(name);
  if (stack === undefined) throw stackNotFound(name);
  return stack;
}

function describe(stack: StackRecord): Described<Stack> {
  return {
    StackId: stack.stackId,
    StackName: stack.stackName,
    StackStatus: stack.status,
    ...optional(stack),
    ...times(stack),
    Parameters: Object.entries(stack.parameters).map(([ParameterKey, ParameterValue]) => {
      const resolved = String(stack.resolvedParameters[ParameterKey] ?? ParameterValue);
      return {
        ParameterKey,
        ParameterValue,
        ...(resolved === ParameterValue ? {} : { ResolvedValue: resolved }),
      };
    }),
    Outputs: stack.outputs.map(({ key, value, description, exportName }) => ({
      OutputKey: key,
      OutputValue: value,
      ...(description === undefined ? {} : { Description: description }),
      ...(exportName === undefined ? {} : { ExportName: exportName }),
    })),
    Tags: [...stack.tags],
    Capabilities: [...stack.capabilities] as NonNullable<Stack['Capabilities']>,
    DisableRollback: stack.onFailure === 'DO_NOTHING',
    EnableTerminationProtection: false,
    NotificationARNs: [],
    RollbackConfiguration: {},
    DriftInformation: { StackDriftStatus: 'NOT_CHECKED' },
    ...(stack.roleArn === undefined ? {} : { RoleARN: stack.roleArn }),
  };
}

function optional(stack: StackRecord): { StackStatusReason?: string; Description?: string } {
  return {
    ...(stack.statusReason === undefined ? {} : { StackStatusReason: stack.statusReason }),
    ...(stack.description === undefined ? {} : { Description: stack.description }),
  };
}

function times(stack: StackRecord): {
  CreationTime: number;
  LastUpdatedTime?: number;
  DeletionTime?: number;
} {
  return {
    CreationTime: stack.createdMs,
    ...(stack.updatedMs === undefined ? {} : { LastUpdatedTime: stack.updatedMs }),
    ...(stack.deletedMs === undefined ? {} : { DeletionTime: stack.deletedMs }),
  };
}
