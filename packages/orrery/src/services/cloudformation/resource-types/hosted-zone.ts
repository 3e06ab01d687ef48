/** AWS::Route53::HostedZone, on the Route 53 API. */
import type { CreateHostedZoneCommandOutput } from '@aws-sdk/client-route-53';
import { ResourceFailure } from '../engine/resource-failure.ts';
import { optionalObject, pick, requiredText } from './properties.ts';
import type { ResourceType } from './resource-type.ts';

export const hostedZone: ResourceType = {
  name: 'AWS::Route53::HostedZone',
  replaceOn: ['Name'],

  async create(properties, context) {
    if (properties['VPCs'] !== undefined) {
      throw new ResourceFailure('AWS::Route53::HostedZone: private zones (VPCs) are not built.');
    }
    const config = optionalObject(properties, 'HostedZoneConfig');
    const created = await context.call<CreateHostedZoneCommandOutput>(
      'route53',
      'CreateHostedZone',
      {
        Name: requiredText(properties, 'Name'),
        CallerReference: context.token(),
        ...(config === undefined
          ? {}
          : { HostedZoneConfig: { ...pick(config, ['Comment']), PrivateZone: false } }),
      },
    );
    const Id = (created.HostedZone?.Id ?? '').replace(/^\/hostedzone\//, '');
    return {
      physicalId: Id,
      attributes: { Id, NameServers: created.DelegationSet?.NameServers ?? [] },
    };
  },

  async update(handle, properties, _previous, context) {
    const config = optionalObject(properties, 'HostedZoneConfig') ?? {};
    await context.call('route53', 'UpdateHostedZoneComment', {
      Id: handle.physicalId,
      ...pick(config, ['Comment']),
    });
    return handle;
  },

  async delete(handle, _properties, context) {
    await context.call('route53', 'DeleteHostedZone', { Id: handle.physicalId });
  },
};
