/**
 * AWS::ApiGatewayV2::{Api, Integration, Route, Stage}, on the API Gateway v2 API. They are alike:
 * the properties are the operation's members, and everything but the Api lies below one.
 */
import type { CreateApiCommandOutput } from '@aws-sdk/client-apigatewayv2';
import { ResourceFailure } from '../engine/resource-failure.ts';
import type { Properties, Value } from '../template/template.ts';
import { pick, requiredText, tagMap } from './properties.ts';
import { createNamed, type ResourceType } from './resource-type.ts';

interface Kind {
  readonly name: string;
  /** Of the operations: `CreateRoute`, `UpdateRoute`, `DeleteRoute`. */
  readonly noun: string;
  readonly idMember: string;
  readonly replaceOn: readonly string[];
  readonly members: readonly string[];
  readonly numbers?: readonly string[];
  readonly booleans?: readonly string[];
}

/** A resource below an Api whose id the service chooses. */
function belowApi(kind: Kind): ResourceType {
  const input = (properties: Properties): Record<string, Value> => ({
    ...pick(properties, kind.members, kind),
    ApiId: requiredText(properties, 'ApiId'),
  });
  return {
    name: kind.name,
    replaceOn: ['ApiId', ...kind.replaceOn],
    async create(properties, context) {
      const created = await context.call<Record<string, string>>(
        'apigateway',
        `Create${kind.noun}`,
        input(properties),
      );
      const id = created[kind.idMember] ?? '';
      return { physicalId: id, attributes: { [kind.idMember]: id } };
    },
    async update(handle, properties, _previous, context) {
      await context.call('apigateway', `Update${kind.noun}`, {
        ...input(properties),
        [kind.idMember]: handle.physicalId,
      });
      return handle;
    },
    async delete(handle, properties, context) {
      await context.call('apigateway', `Delete${kind.noun}`, {
        ApiId: requiredText(properties, 'ApiId'),
        [kind.idMember]: handle.physicalId,
      });
    },
  };
}

export const integration = belowApi({
  name: 'AWS::ApiGatewayV2::Integration',
  noun: 'Integration',
  idMember: 'IntegrationId',
  replaceOn: [],
  members: [
    'ConnectionId',
    'ConnectionType',
    'ContentHandlingStrategy',
    'CredentialsArn',
    'Description',
    'IntegrationMethod',
    'IntegrationSubtype',
    'IntegrationType',
    'IntegrationUri',
    'PassthroughBehavior',
    'PayloadFormatVersion',
    'RequestParameters',
    'RequestTemplates',
    'ResponseParameters',
    'TemplateSelectionExpression',
    'TlsConfig',
  ],
  numbers: ['TimeoutInMillis'],
});

export const route = belowApi({
  name: 'AWS::ApiGatewayV2::Route',
  noun: 'Route',
  idMember: 'RouteId',
  replaceOn: [],
  members: [
    'AuthorizationScopes',
    'AuthorizationType',
    'AuthorizerId',
    'ModelSelectionExpression',
    'OperationName',
    'RequestModels',
    'RouteKey',
    'RouteResponseSelectionExpression',
    'Target',
  ],
  booleans: ['ApiKeyRequired'],
});

/** A stage is named by its user, so what the service hands back is not asked for. */
const stageMembers = [
  'AccessLogSettings',
  'ClientCertificateId',
  'DefaultRouteSettings',
  'DeploymentId',
  'Description',
  'RouteSettings',
  'StageVariables',
];

function stageInput(properties: Properties): Record<string, unknown> {
  return {
    ...pick(properties, stageMembers, { booleans: ['AutoDeploy'] }),
    ApiId: requiredText(properties, 'ApiId'),
    StageName: requiredText(properties, 'StageName'),
  };
}

export const stage: ResourceType = {
  name: 'AWS::ApiGatewayV2::Stage',
  replaceOn: ['ApiId', 'StageName'],
  nameProperty: 'StageName',
  async create(properties, context) {
    const tags = tagMap(properties);
    const input = stageInput(properties);
    await createNamed(
      context,
      () => context.call('apigateway', 'CreateStage', tags ? { ...input, Tags: tags } : input),
      () => context.call('apigateway', 'UpdateStage', input),
    );
    return { physicalId: requiredText(properties, 'StageName'), attributes: {} };
  },
  async update(handle, properties, _previous, context) {
    await context.call('apigateway', 'UpdateStage', stageInput(properties));
    return handle;
  },
  async delete(handle, properties, context) {
    const ApiId = requiredText(properties, 'ApiId');
    await context.call('apigateway', 'DeleteStage', { ApiId, StageName: handle.physicalId });
  },
};

const apiMembers = [
  'ApiKeySelectionExpression',
  'CredentialsArn',
  'Description',
  'Name',
  'RouteKey',
  'RouteSelectionExpression',
  'Target',
  'Version',
];

function apiInput(properties: Properties): Record<string, unknown> {
  for (const name of ['Body', 'BodyS3Location']) {
    if (properties[name] !== undefined) {
      throw new ResourceFailure(`AWS::ApiGatewayV2::Api: ${name} (OpenAPI import) is not built.`);
    }
  }
  const cors = properties['CorsConfiguration'];
  return {
    ...pick(properties, apiMembers, { booleans: ['DisableExecuteApiEndpoint'] }),
    ...(cors === undefined ? {} : { CorsConfiguration: corsOf(cors) }),
  };
}

function corsOf(cors: Value): Value {
  const properties = cors as Properties;
  return {
    ...properties,
    ...pick(properties, [], { numbers: ['MaxAge'], booleans: ['AllowCredentials'] }),
  };
}

export const api: ResourceType = {
  name: 'AWS::ApiGatewayV2::Api',
  replaceOn: ['ProtocolType'],
  async create(properties, context) {
    const tags = tagMap(properties);
    const created = await context.call<CreateApiCommandOutput>('apigateway', 'CreateApi', {
      ...apiInput(properties),
      ProtocolType: requiredText(properties, 'ProtocolType'),
      ...(tags === undefined ? {} : { Tags: tags }),
    });
    const ApiId = created.ApiId ?? '';
    const ApiEndpoint = created.ApiEndpoint ?? '';
    return { physicalId: ApiId, attributes: { ApiId, ApiEndpoint } };
  },
  async update(handle, properties, _previous, context) {
    await context.call('apigateway', 'UpdateApi', {
      ...apiInput(properties),
      ApiId: handle.physicalId,
    });
    return handle;
  },
  async delete(handle, _properties, context) {
    await context.call('apigateway', 'DeleteApi', { ApiId: handle.physicalId });
  },
};
