/** AWS::Lambda::Function, on the Lambda API, which fetches code in S3 by itself. */
import type { CreateFunctionCommandOutput, GetFunctionCommandOutput } from '@aws-sdk/client-lambda';
import { utf8Encode } from '../../../stdx/bytes.ts';
import { zipOf } from '../../../stdx/zip-writer.ts';
import { sameJson } from '../engine/plan.ts';
import type { Handle } from '../engine/records.ts';
import { ResourceFailure } from '../engine/resource-failure.ts';
import type { Properties } from '../template/template.ts';
import {
  defined,
  optionalNumber,
  optionalObject,
  optionalText,
  pick,
  tagMap,
} from './properties.ts';
import type { ResourceContext, ResourceType } from './resource-type.ts';

const functionNameMax = 64;
/** Configuration that the API takes under the same names. */
const same = [
  'Description',
  'Handler',
  'Role',
  'Runtime',
  'Environment',
  'EphemeralStorage',
  'DeadLetterConfig',
  'FileSystemConfigs',
  'KmsKeyArn',
  'Layers',
  'LoggingConfig',
  'SnapStart',
  'TracingConfig',
  'VpcConfig',
] as const;
const numbers = ['MemorySize', 'Timeout'] as const;

export const lambdaFunction: ResourceType = {
  name: 'AWS::Lambda::Function',
  replaceOn: ['FunctionName', 'PackageType'],
  nameProperty: 'FunctionName',

  async create(properties, context) {
    const FunctionName =
      optionalText(properties, 'FunctionName') ?? context.physicalName(functionNameMax);
    const created = await context.call<CreateFunctionCommandOutput>(
      'lambda',
      'CreateFunction',
      defined({
        ...pick(properties, [...same, 'PackageType', 'Architectures'], { numbers }),
        FunctionName,
        Code: codeOf(properties),
        Tags: tagMap(properties),
      }),
    );
    const handle: Handle = {
      physicalId: FunctionName,
      attributes: { Arn: created.FunctionArn ?? '' },
    };
    context.made(handle);
    await settled(FunctionName, context);
    await reserve(FunctionName, properties, {}, context);
    return handle;
  },

  async update(handle, properties, previous, context) {
    const FunctionName = handle.physicalId;
    if (!sameJson(properties['Code'], previous['Code'])) {
      await context.call('lambda', 'UpdateFunctionCode', {
        FunctionName,
        ...codeOf(properties),
        ...pick(properties, ['Architectures']),
      });
      await settled(FunctionName, context);
    }
    if (!sameJson(configuration(properties), configuration(previous))) {
      await context.call('lambda', 'UpdateFunctionConfiguration', {
        FunctionName,
        // What the template no longer sets goes back to its default.
        ...{ Environment: { Variables: {} }, Description: '', MemorySize: 128, Timeout: 3 },
        ...configuration(properties),
      });
      await settled(FunctionName, context);
    }
    await reserve(FunctionName, properties, previous, context);
    return handle;
  },

  async delete(handle, _properties, context) {
    await context.call('lambda', 'DeleteFunction', { FunctionName: handle.physicalId });
  },
};

function configuration(properties: Properties): Record<string, unknown> {
  return pick(properties, same, { numbers });
}

/** As the API takes it: an object in S3, or a zip around the inline text. */
function codeOf(properties: Properties): Record<string, unknown> {
  const code = optionalObject(properties, 'Code') ?? {};
  const inline = optionalText(code, 'ZipFile');
  if (inline === undefined) return pick(code, ['S3Bucket', 'S3Key', 'S3ObjectVersion', 'ImageUri']);
  const entry = { bytes: utf8Encode(inline), executable: false };
  return { ZipFile: zipOf(new Map([['index.js', entry]])) };
}

async function settled(FunctionName: string, context: ResourceContext): Promise<void> {
  await context.until(`function ${FunctionName} is active`, async () => {
    const { Configuration } = await context.call<GetFunctionCommandOutput>(
      'lambda',
      'GetFunction',
      { FunctionName },
    );
    if (Configuration?.State === 'Failed' || Configuration?.LastUpdateStatus === 'Failed') {
      throw new ResourceFailure(
        Configuration.StateReason ?? Configuration.LastUpdateStatusReason ?? 'the function failed',
      );
    }
    const active = Configuration?.State === undefined || Configuration.State === 'Active';
    return active && Configuration?.LastUpdateStatus !== 'InProgress';
  });
}

async function reserve(
  FunctionName: string,
  properties: Properties,
  previous: Properties,
  context: ResourceContext,
): Promise<void> {
  const wanted = optionalNumber(properties, 'ReservedConcurrentExecutions');
  if (wanted === optionalNumber(previous, 'ReservedConcurrentExecutions')) return;
  if (wanted === undefined) {
    await context.call('lambda', 'DeleteFunctionConcurrency', { FunctionName });
    return;
  }
  await context.call('lambda', 'PutFunctionConcurrency', {
    FunctionName,
    ReservedConcurrentExecutions: wanted,
  });
}
