/** AWS::CDK::Metadata: what the CDK tells AWS about itself. Kept, and nothing else. */
import type { ResourceType } from './resource-type.ts';

export const cdkMetadata: ResourceType = {
  name: 'AWS::CDK::Metadata',
  replaceOn: [],
  create: async (_properties, context) =>
    await Promise.resolve({ physicalId: context.token(), attributes: {} }),
  update: async (handle) => await Promise.resolve(handle),
  delete: async () => await Promise.resolve(),
};
