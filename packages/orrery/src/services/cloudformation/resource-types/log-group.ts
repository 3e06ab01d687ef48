/** AWS::Logs::LogGroup, on the CloudWatch Logs API. */
import type { Properties } from '../template/template.ts';
import { optionalNumber, optionalText, tagMap } from './properties.ts';
import { createNamed, type ResourceContext, type ResourceType } from './resource-type.ts';

const nameMax = 512;

export const logGroup: ResourceType = {
  name: 'AWS::Logs::LogGroup',
  replaceOn: ['LogGroupName', 'KmsKeyId'],
  nameProperty: 'LogGroupName',

  async create(properties, context) {
    const logGroupName = optionalText(properties, 'LogGroupName') ?? context.physicalName(nameMax);
    const tags = tagMap(properties);
    const handle = {
      physicalId: logGroupName,
      attributes: {
        Arn: `arn:aws:logs:${context.region}:${context.accountId}:log-group:${logGroupName}:*`,
      },
    };
    const input = {
      logGroupName,
      ...(tags === undefined ? {} : { tags }),
      ...(properties['LogGroupClass'] === undefined
        ? {}
        : { logGroupClass: optionalText(properties, 'LogGroupClass') }),
    };
    await createNamed(
      context,
      () => context.call('logs', 'CreateLogGroup', input),
      () => Promise.resolve({}),
    );
    context.made(handle);
    await retain(logGroupName, properties, {}, context);
    return handle;
  },

  async update(handle, properties, previous, context) {
    await retain(handle.physicalId, properties, previous, context);
    return handle;
  },

  async delete(handle, _properties, context) {
    await context.call('logs', 'DeleteLogGroup', { logGroupName: handle.physicalId });
  },
};

async function retain(
  logGroupName: string,
  properties: Properties,
  previous: Properties,
  context: ResourceContext,
): Promise<void> {
  const retentionInDays = optionalNumber(properties, 'RetentionInDays');
  if (retentionInDays === optionalNumber(previous, 'RetentionInDays')) return;
  if (retentionInDays === undefined) {
    await context.call('logs', 'DeleteRetentionPolicy', { logGroupName });
  } else {
    await context.call('logs', 'PutRetentionPolicy', { logGroupName, retentionInDays });
  }
}
