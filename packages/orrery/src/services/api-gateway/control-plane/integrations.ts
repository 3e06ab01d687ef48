/**
 * CreateIntegration, GetIntegration(s), UpdateIntegration and DeleteIntegration. One type is built:
 * AWS_PROXY to a Lambda function.
 */
import type {
  CreateIntegrationRequest,
  DeleteIntegrationRequest,
  GetIntegrationsRequest,
  GetIntegrationsResponse,
  Integration,
  UpdateIntegrationRequest,
} from '@aws-sdk/client-apigatewayv2';
import { badRequest, conflict, notFound } from '../errors.ts';
import type { ApiRecord, IntegrationRecord } from '../state.ts';
import {
  type ControlPlane,
  defined,
  findApi,
  newId,
  pageOf,
  replaced,
  withAutoDeploy,
} from './control-plane.ts';

const integrationsMax = 300;
const functionArn =
  /^(?:arn:aws[a-z-]*:apigateway:[a-z0-9-]+:lambda:path\/2015-03-31\/functions\/)?arn:aws[a-z-]*:lambda:[a-z0-9-]+:\d{12}:function:[a-zA-Z0-9-_]+(?::[a-zA-Z0-9-_$]+)?(?:\/invocations)?$/;

type Draft = Partial<CreateIntegrationRequest>;

/** A record of checked input. Throws BadRequestException. */
export function integrationOf(integrationId: string, input: Draft): IntegrationRecord {
  if (input.IntegrationType !== 'AWS_PROXY' || input.IntegrationSubtype !== undefined) {
    throw badRequest('Orrery builds AWS_PROXY integrations with Lambda functions only.');
  }
  if ((input.ConnectionType ?? 'INTERNET') !== 'INTERNET') {
    throw badRequest('Orrery has no VPC links.');
  }
  const uri = input.IntegrationUri ?? '';
  if (!functionArn.test(uri)) {
    throw badRequest(`Invalid integration URI: ${uri} is no ARN of a Lambda function`);
  }
  const version = input.PayloadFormatVersion ?? '1.0';
  if (version !== '1.0' && version !== '2.0') {
    throw badRequest('Invalid payload format version specified for Lambda integration');
  }
  const timeoutInMillis = input.TimeoutInMillis ?? 30_000;
  if (timeoutInMillis < 50 || timeoutInMillis > 30_000) {
    throw badRequest('Timeout should be between 50 ms and 30000 ms');
  }
  return {
    integrationId,
    integrationUri: uri,
    payloadFormatVersion: version,
    timeoutInMillis,
    description: input.Description,
  };
}

export function createIntegration(plane: ControlPlane) {
  return async (input: CreateIntegrationRequest): Promise<Integration> => {
    const api = findApi(plane, input.ApiId);
    if (api.integrations.length >= integrationsMax) {
      throw badRequest('Maximum number of integrations reached for this API');
    }
    const taken = (id: string): boolean => api.integrations.some((one) => one.integrationId === id);
    const record = integrationOf(newId(plane, 7, taken), input);
    await save(plane, { ...api, integrations: [...api.integrations, record] });
    return shown(record);
  };
}

export function getIntegration(plane: ControlPlane) {
  return (input: DeleteIntegrationRequest): Integration =>
    shown(find(findApi(plane, input.ApiId), input.IntegrationId));
}

export function getIntegrations(plane: ControlPlane) {
  return (input: GetIntegrationsRequest): GetIntegrationsResponse =>
    pageOf(findApi(plane, input.ApiId).integrations.map(shown), input);
}

export function updateIntegration(plane: ControlPlane) {
  return async (input: UpdateIntegrationRequest): Promise<Integration> => {
    const api = findApi(plane, input.ApiId);
    const before = find(api, input.IntegrationId);
    const record = integrationOf(before.integrationId, {
      IntegrationType: 'AWS_PROXY',
      IntegrationUri: before.integrationUri,
      PayloadFormatVersion: before.payloadFormatVersion,
      TimeoutInMillis: before.timeoutInMillis,
      Description: before.description,
      ...defined(input),
    });
    const isIt = (one: IntegrationRecord): boolean => one.integrationId === record.integrationId;
    await save(plane, { ...api, integrations: replaced(api.integrations, isIt, record) });
    return shown(record);
  };
}

export function deleteIntegration(plane: ControlPlane) {
  return async (input: DeleteIntegrationRequest): Promise<Record<string, never>> => {
    const api = findApi(plane, input.ApiId);
    const { integrationId } = find(api, input.IntegrationId);
    const used = api.routes.find((route) => route.target === `integrations/${integrationId}`);
    if (used !== undefined) {
      throw conflict(
        `Cannot delete Integration '${integrationId}'. Route '${used.routeKey}' uses it.`,
      );
    }
    const integrations = api.integrations.filter((one) => one.integrationId !== integrationId);
    await save(plane, { ...api, integrations });
    return {};
  };
}

function save(plane: ControlPlane, api: ApiRecord): Promise<void> {
  return plane.state.putApi(withAutoDeploy(plane, api));
}

function find(api: ApiRecord, integrationId: string | undefined): IntegrationRecord {
  const record = api.integrations.find((one) => one.integrationId === integrationId);
  if (record === undefined) throw notFound('Integration', integrationId ?? '');
  return record;
}

function shown(record: IntegrationRecord): Integration {
  return {
    IntegrationId: record.integrationId,
    IntegrationType: 'AWS_PROXY',
    IntegrationMethod: 'POST',
    IntegrationUri: record.integrationUri,
    PayloadFormatVersion: record.payloadFormatVersion,
    TimeoutInMillis: record.timeoutInMillis,
    ConnectionType: 'INTERNET',
    ...defined({ Description: record.description, ApiGatewayManaged: record.managed }),
  };
}
