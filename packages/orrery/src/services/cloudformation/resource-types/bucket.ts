/** AWS::S3::Bucket, on the S3 API: the bucket alone. Its other properties have no effect. */
import { optionalText } from './properties.ts';
import { createNamed, type ResourceType } from './resource-type.ts';

const nameMax = 63;

export const bucket: ResourceType = {
  name: 'AWS::S3::Bucket',
  replaceOn: ['BucketName'],
  nameProperty: 'BucketName',

  async create(properties, context) {
    const name =
      optionalText(properties, 'BucketName') ?? context.physicalName(nameMax).toLowerCase();
    await createNamed(
      context,
      () =>
        context.call('s3', 'CreateBucket', {
          Bucket: name,
          ...(context.region === 'us-east-1'
            ? {}
            : { CreateBucketConfiguration: { LocationConstraint: context.region } }),
        }),
      () => context.call('s3', 'HeadBucket', { Bucket: name }),
    );
    return {
      physicalId: name,
      attributes: {
        Arn: `arn:aws:s3:::${name}`,
        DomainName: `${name}.s3.amazonaws.com`,
        DualStackDomainName: `${name}.s3.dualstack.${context.region}.amazonaws.com`,
        RegionalDomainName: `${name}.s3.${context.region}.amazonaws.com`,
        WebsiteURL: `http://${name}.s3-website-${context.region}.amazonaws.com`,
      },
    };
  },

  async update(handle) {
    return await Promise.resolve(handle);
  },

  async delete(handle, _properties, context) {
    await context.call('s3', 'DeleteBucket', { Bucket: handle.physicalId });
  },
};
