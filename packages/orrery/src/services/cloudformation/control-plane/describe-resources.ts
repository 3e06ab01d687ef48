/** DescribeStackResource, DescribeStackResources, ListStackResources, DescribeStackEvents. */
import type {
  DescribeStackEventsInput,
  DescribeStackResourceInput,
  DescribeStackResourcesInput,
  ListStackResourcesInput,
} from '@aws-sdk/client-cloudformation';
import type { Engine } from '../engine/engine.ts';
import type { EventRecord, ResourceRecord, StackRecord } from '../engine/records.ts';
import { validationError } from '../errors.ts';
import { findStack } from './describe-stacks.ts';

const notChecked = { StackResourceDriftStatus: 'NOT_CHECKED' };

export function describeStackEventsOperation(engine: Engine) {
  return (raw: DescribeStackEventsInput): { StackEvents: object[] } => {
    const stack = findStack(engine, raw.StackName ?? '');
    return {
      StackEvents: engine.records.events(stack.stackId).map((event) => eventOf(stack, event)),
    };
  };
}

export function describeStackResourceOperation(engine: Engine) {
  return (raw: DescribeStackResourceInput): { StackResourceDetail: object } => {
    const stack = findStack(engine, raw.StackName ?? '');
    const id = raw.LogicalResourceId ?? '';
    const resource = engine.records.resources(stack.stackId).get(id);
    if (resource === undefined) {
      throw validationError(`Resource ${id} does not exist for stack ${stack.stackName}`);
    }
    return {
      StackResourceDetail: {
        ...stackMembers(stack),
        ...resourceMembers(resource),
        LastUpdatedTimestamp: resource.updatedMs,
      },
    };
  };
}

export function describeStackResourcesOperation(engine: Engine) {
  return (raw: DescribeStackResourcesInput): { StackResources: object[] } => {
    const { StackName, LogicalResourceId, PhysicalResourceId } = raw;
    const stack =
      StackName === undefined
        ? ownerOf(engine, PhysicalResourceId ?? '')
        : findStack(engine, StackName);
    const resources = [...engine.records.resources(stack.stackId).values()].filter(
      ({ logicalId }) => LogicalResourceId === undefined || logicalId === LogicalResourceId,
    );
    return {
      StackResources: resources.map((resource) => ({
        ...stackMembers(stack),
        ...resourceMembers(resource),
        Timestamp: resource.updatedMs,
      })),
    };
  };
}

export function listStackResourcesOperation(engine: Engine) {
  return (raw: ListStackResourcesInput): { StackResourceSummaries: object[] } => {
    const stack = findStack(engine, raw.StackName ?? '');
    return {
      StackResourceSummaries: [...engine.records.resources(stack.stackId).values()].map(
        (resource) => ({
          ...resourceMembers(resource),
          LastUpdatedTimestamp: resource.updatedMs,
        }),
      ),
    };
  };
}

function ownerOf(engine: Engine, physicalId: string): StackRecord {
  for (const stack of engine.records.live()) {
    for (const { physical } of engine.records.resources(stack.stackId).values()) {
      if (physical?.physicalId === physicalId) return stack;
    }
  }
  throw validationError(`Stack for ${physicalId} does not exist`);
}

function stackMembers(stack: StackRecord): object {
  return { StackName: stack.stackName, StackId: stack.stackId };
}

function resourceMembers(resource: ResourceRecord): object {
  return {
    LogicalResourceId: resource.logicalId,
    PhysicalResourceId: resource.physical?.physicalId,
    ResourceType: resource.type,
    ResourceStatus: resource.status,
    ResourceStatusReason: resource.statusReason,
    DriftInformation: notChecked,
  };
}

function eventOf(stack: StackRecord, event: EventRecord): object {
  return {
    ...stackMembers(stack),
    EventId: event.eventId,
    LogicalResourceId: event.logicalId,
    PhysicalResourceId: event.physicalId,
    ResourceType: event.type,
    Timestamp: event.timestampMs,
    ResourceStatus: event.status,
    ResourceStatusReason: event.statusReason,
    ResourceProperties:
      event.properties === undefined ? undefined : JSON.stringify(event.properties),
  };
}
