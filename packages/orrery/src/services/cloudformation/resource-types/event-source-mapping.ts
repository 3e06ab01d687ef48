/** AWS::Lambda::EventSourceMapping, on the Lambda API. */
import { isNotFound, ResourceFailure } from '../engine/resource-failure.ts';
import type { Properties } from '../template/template.ts';
import { defined, pick, requiredText, tagMap } from './properties.ts';
import { createNamed, type ResourceContext, type ResourceType } from './resource-type.ts';

/** Settings that the API takes under the same names, but for numbers and booleans. */
const same = [
  'DestinationConfig',
  'FilterCriteria',
  'FunctionResponseTypes',
  'KmsKeyArn',
  'LoggingConfig',
  'MetricsConfig',
  'Topics',
  'Queues',
  'SourceAccessConfigurations',
  'SelfManagedEventSource',
  'AmazonManagedKafkaEventSourceConfig',
  'SelfManagedKafkaEventSourceConfig',
  'DocumentDBEventSourceConfig',
  'ScalingConfig',
  'ProvisionedPollerConfig',
] as const;
const numbers = [
  'BatchSize',
  'MaximumBatchingWindowInSeconds',
  'MaximumRecordAgeInSeconds',
  'MaximumRetryAttempts',
  'ParallelizationFactor',
  'TumblingWindowInSeconds',
] as const;
const booleans = ['BisectBatchOnFunctionError', 'Enabled'] as const;

/** What the API takes for a setting that the template no longer has. */
const defaults = {
  BatchSize: 100,
  MaximumBatchingWindowInSeconds: 0,
  MaximumRecordAgeInSeconds: -1,
  MaximumRetryAttempts: -1,
  ParallelizationFactor: 1,
  BisectBatchOnFunctionError: false,
  Enabled: true,
  FilterCriteria: {},
  FunctionResponseTypes: [],
  DestinationConfig: { OnFailure: {} },
};

export const eventSourceMapping: ResourceType = {
  name: 'AWS::Lambda::EventSourceMapping',
  replaceOn: [
    'EventSourceArn',
    'StartingPosition',
    'StartingPositionTimestamp',
    'SelfManagedEventSource',
    'AmazonManagedKafkaEventSourceConfig',
    'SelfManagedKafkaEventSourceConfig',
  ],

  async create(properties, context) {
    const input = {
      ...settingsOf(properties),
      ...pick(properties, ['EventSourceArn', 'StartingPosition']),
      ...defined({ Tags: tagMap(properties) }),
    };
    const { UUID, EventSourceMappingArn } = await createNamed(
      context,
      () => context.call<Mapping>('lambda', 'CreateEventSourceMapping', input),
      () => existing(properties, context),
    );
    const handle = { physicalId: UUID, attributes: { Id: UUID, EventSourceMappingArn } };
    context.made(handle);
    await settled(UUID, context);
    return handle;
  },

  async update(handle, properties, previous, context) {
    const UUID = handle.physicalId;
    await context.call('lambda', 'UpdateEventSourceMapping', {
      ...defaults,
      ...settingsOf(properties),
      UUID,
    });
    await settled(UUID, context);
    await updateTags(handle.attributes['EventSourceMappingArn'], properties, previous, context);
    return handle;
  },

  async delete(handle, _properties, context) {
    const UUID = handle.physicalId;
    await settled(UUID, context);
    await context.call('lambda', 'DeleteEventSourceMapping', { UUID });
    await context.until(`mapping ${UUID} is gone`, async () => {
      try {
        await context.call('lambda', 'GetEventSourceMapping', { UUID });
        return false;
      } catch (error) {
        if (isNotFound(error)) return true;
        throw error;
      }
    });
  },
};

interface Mapping {
  readonly UUID: string;
  readonly EventSourceMappingArn: string;
}

/** The one mapping that a stream and a function can have. */
async function existing(properties: Properties, context: ResourceContext): Promise<Mapping> {
  const { EventSourceMappings } = await context.call<{ EventSourceMappings: readonly Mapping[] }>(
    'lambda',
    'ListEventSourceMappings',
    pick(properties, ['FunctionName', 'EventSourceArn']),
  );
  const [mapping] = EventSourceMappings;
  if (mapping === undefined) throw new ResourceFailure('the mapping that existed is gone');
  return mapping;
}

function settingsOf(properties: Properties): Record<string, unknown> {
  const { KmsKeyArn, ...settings } = pick(properties, same, { numbers, booleans });
  return {
    ...settings,
    FunctionName: requiredText(properties, 'FunctionName'),
    ...(KmsKeyArn !== undefined && { KMSKeyArn: KmsKeyArn }),
  };
}

/** Waits until no transition of the mapping is under way. */
async function settled(UUID: string, context: ResourceContext): Promise<void> {
  await context.until(`mapping ${UUID} has settled`, async () => {
    const { State } = await context.call<{ State: string }>('lambda', 'GetEventSourceMapping', {
      UUID,
    });
    return State === 'Enabled' || State === 'Disabled';
  });
}

async function updateTags(
  Resource: unknown,
  properties: Properties,
  previous: Properties,
  context: ResourceContext,
): Promise<void> {
  const [before, after] = [tagMap(previous) ?? {}, tagMap(properties) ?? {}];
  const TagKeys = Object.keys(before).filter((key) => !Object.hasOwn(after, key));
  if (TagKeys.length > 0) await context.call('lambda', 'UntagResource', { Resource, TagKeys });
  if (Object.keys(after).length > 0) {
    await context.call('lambda', 'TagResource', { Resource, Tags: after });
  }
}
