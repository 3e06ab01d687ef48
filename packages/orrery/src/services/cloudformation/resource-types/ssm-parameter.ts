/** AWS::SSM::Parameter, on the Systems Manager API. */
import type { Properties } from '../template/template.ts';
import { optionalText, pick, requiredText } from './properties.ts';
import type { ResourceContext, ResourceType } from './resource-type.ts';

const nameMax = 512;

export const ssmParameter: ResourceType = {
  name: 'AWS::SSM::Parameter',
  replaceOn: ['Name'],
  nameProperty: 'Name',

  async create(properties, context) {
    const name = optionalText(properties, 'Name') ?? context.physicalName(nameMax);
    return await put(name, properties, context.resumed, context);
  },

  async update(handle, properties, _previous, context) {
    return await put(handle.physicalId, properties, true, context);
  },

  async delete(handle, _properties, context) {
    await context.call('ssm', 'DeleteParameter', { Name: handle.physicalId });
  },
};

async function put(
  Name: string,
  properties: Properties,
  Overwrite: boolean,
  context: ResourceContext,
): ReturnType<ResourceType['create']> {
  const Type = requiredText(properties, 'Type');
  const Value = requiredText(properties, 'Value');
  await context.call('ssm', 'PutParameter', {
    Name,
    Type,
    Value,
    Overwrite,
    ...pick(properties, ['Description', 'AllowedPattern', 'Tier', 'DataType']),
  });
  return { physicalId: Name, attributes: { Type, Value } };
}
