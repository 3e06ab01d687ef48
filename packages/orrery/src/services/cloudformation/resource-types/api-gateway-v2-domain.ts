/** AWS::ApiGatewayV2::{DomainName, ApiMapping}, on the API Gateway v2 API. */
import type {
  CreateApiMappingCommandOutput,
  CreateDomainNameCommandOutput,
} from '@aws-sdk/client-apigatewayv2';
import { listOf, pick, requiredText, tagMap } from './properties.ts';
import { createNamed, type ResourceType } from './resource-type.ts';

function attributesOf(output: CreateDomainNameCommandOutput): Record<string, string> {
  const { ApiGatewayDomainName, HostedZoneId } = output.DomainNameConfigurations?.[0] ?? {};
  return {
    RegionalDomainName: ApiGatewayDomainName ?? '',
    RegionalHostedZoneId: HostedZoneId ?? '',
    DomainNameArn: output.DomainNameArn ?? '',
  };
}

export const domainName: ResourceType = {
  name: 'AWS::ApiGatewayV2::DomainName',
  replaceOn: ['DomainName'],
  nameProperty: 'DomainName',
  async create(properties, context) {
    const tags = tagMap(properties);
    const DomainName = requiredText(properties, 'DomainName');
    const call = (
      operation: string,
      input: Readonly<Record<string, unknown>>,
    ): Promise<CreateDomainNameCommandOutput> => context.call('apigateway', operation, input);
    const created = await createNamed(
      context,
      () =>
        call('CreateDomainName', {
          DomainName,
          DomainNameConfigurations: listOf(properties, 'DomainNameConfigurations'),
          ...pick(properties, ['MutualTlsAuthentication', 'RoutingMode']),
          ...(tags === undefined ? {} : { Tags: tags }),
        }),
      () => call('GetDomainName', { DomainName }),
    );
    return { physicalId: DomainName, attributes: attributesOf(created) };
  },
  async update(handle, properties, _previous, context) {
    const updated = await context.call<CreateDomainNameCommandOutput>(
      'apigateway',
      'UpdateDomainName',
      {
        DomainName: handle.physicalId,
        DomainNameConfigurations: listOf(properties, 'DomainNameConfigurations'),
        ...pick(properties, ['MutualTlsAuthentication', 'RoutingMode']),
      },
    );
    return { ...handle, attributes: { ...handle.attributes, ...attributesOf(updated) } };
  },
  async delete(handle, _properties, context) {
    await context.call('apigateway', 'DeleteDomainName', { DomainName: handle.physicalId });
  },
};

export const apiMapping: ResourceType = {
  name: 'AWS::ApiGatewayV2::ApiMapping',
  replaceOn: ['DomainName'],
  async create(properties, context) {
    const { ApiMappingId = '' } = await context.call<CreateApiMappingCommandOutput>(
      'apigateway',
      'CreateApiMapping',
      {
        DomainName: requiredText(properties, 'DomainName'),
        ApiId: requiredText(properties, 'ApiId'),
        Stage: requiredText(properties, 'Stage'),
        ...pick(properties, ['ApiMappingKey']),
      },
    );
    return { physicalId: ApiMappingId, attributes: { ApiMappingId } };
  },
  async update(handle, properties, _previous, context) {
    await context.call('apigateway', 'UpdateApiMapping', {
      ApiMappingId: handle.physicalId,
      DomainName: requiredText(properties, 'DomainName'),
      ApiId: requiredText(properties, 'ApiId'),
      ...pick(properties, ['Stage', 'ApiMappingKey']),
    });
    return handle;
  },
  async delete(handle, properties, context) {
    await context.call('apigateway', 'DeleteApiMapping', {
      ApiMappingId: handle.physicalId,
      DomainName: requiredText(properties, 'DomainName'),
    });
  },
};
