/**
 * CreateApi, GetApi, GetApis, UpdateApi, DeleteApi and DeleteCorsConfiguration.
 *
 * `Target` makes the quick API: a `$default` route, an integration, a `$default` stage.
 */
import type {
  Api,
  CreateApiRequest,
  DeleteApiRequest,
  GetApisRequest,
  GetApisResponse,
  UpdateApiRequest,
} from '@aws-sdk/client-apigatewayv2';
import { badRequest } from '../errors.ts';
import { parseRouteKey } from '../route-key.ts';
import type { ApiRecord } from '../state.ts';
import {
  type ControlPlane,
  defined,
  findApi,
  newId,
  pageOf,
  withAutoDeploy,
} from './control-plane.ts';
import { integrationOf } from './integrations.ts';
import { routeKeyProblem } from './routes.ts';

const apisMax = 600;

export function createApi(plane: ControlPlane) {
  return async (input: CreateApiRequest): Promise<Api> => {
    if (input.ProtocolType !== 'HTTP') {
      throw badRequest('Orrery builds HTTP APIs only: protocolType must be HTTP.');
    }
    if (plane.state.apis.size >= apisMax) throw badRequest('Maximum number of APIs reached');
    const name = input.Name ?? '';
    if (name.length < 1 || name.length > 128) throw badRequest('Invalid API name');
    const nowMs = plane.io.clock.wallMs();
    const bare: ApiRecord = {
      apiId: newId(plane, 10, (id) => plane.state.apis.has(id)),
      name,
      description: input.Description,
      version: input.Version,
      createdMs: nowMs,
      cors: input.CorsConfiguration ?? null,
      disableExecuteApiEndpoint: input.DisableExecuteApiEndpoint ?? false,
      tags: input.Tags ?? {},
      routes: [],
      integrations: [],
      stages: [],
      deployments: [],
    };
    const record = input.Target === undefined ? bare : quick(plane, bare, input, nowMs);
    await plane.state.putApi(record);
    return shown(plane, record);
  };
}

function quick(
  plane: ControlPlane,
  bare: ApiRecord,
  input: CreateApiRequest,
  nowMs: number,
): ApiRecord {
  const routeKey = input.RouteKey ?? '$default';
  if (parseRouteKey(routeKey) === undefined) throw routeKeyProblem();
  const integration = integrationOf(
    newId(plane, 7, () => false),
    {
      IntegrationType: 'AWS_PROXY',
      IntegrationUri: input.Target,
      PayloadFormatVersion: '2.0',
    },
  );
  return withAutoDeploy(plane, {
    ...bare,
    integrations: [{ ...integration, managed: true }],
    routes: [
      {
        routeId: newId(plane, 7, () => false),
        routeKey,
        target: `integrations/${integration.integrationId}`,
        managed: true,
      },
    ],
    stages: [
      {
        stageName: '$default',
        autoDeploy: true,
        stageVariables: {},
        createdMs: nowMs,
        updatedMs: nowMs,
        tags: {},
        managed: true,
        declared: {},
      },
    ],
  });
}

export function getApi(plane: ControlPlane) {
  return (input: DeleteApiRequest): Api => shown(plane, findApi(plane, input.ApiId));
}

export function getApis(plane: ControlPlane) {
  return (input: GetApisRequest): GetApisResponse => {
    const records = [...plane.state.apis.values()].sort((a, b) => (a.apiId < b.apiId ? -1 : 1));
    return pageOf(
      records.map((record) => shown(plane, record)),
      input,
    );
  };
}

export function updateApi(plane: ControlPlane) {
  return async (input: UpdateApiRequest): Promise<Api> => {
    const before = findApi(plane, input.ApiId);
    if (input.Target !== undefined || input.RouteKey !== undefined) {
      throw badRequest(
        'Orrery changes the route and the integration themselves, not by UpdateApi.',
      );
    }
    const record: ApiRecord = {
      ...before,
      ...defined({
        name: input.Name,
        description: input.Description,
        version: input.Version,
        cors: input.CorsConfiguration,
        disableExecuteApiEndpoint: input.DisableExecuteApiEndpoint,
      }),
    };
    await plane.state.putApi(record);
    return shown(plane, record);
  };
}

export function deleteCorsConfiguration(plane: ControlPlane) {
  return async (input: DeleteApiRequest): Promise<Record<string, never>> => {
    await plane.state.putApi({ ...findApi(plane, input.ApiId), cors: null });
    return {};
  };
}

/** Mappings of domain names to a deleted API stay and answer 404, as on AWS they forbid it. */
export function deleteApi(plane: ControlPlane) {
  return async (input: DeleteApiRequest): Promise<Record<string, never>> => {
    const record = findApi(plane, input.ApiId);
    for (const domain of plane.state.domains.values()) {
      if (domain.mappings.some((mapping) => mapping.apiId === record.apiId)) {
        throw badRequest(
          `Deleting API ${record.apiId} failed. Please remove all base path mappings related to ` +
            `the API in your domains: ${domain.domainName}`,
        );
      }
    }
    await plane.state.deleteApi(record.apiId);
    return {};
  };
}

function shown(plane: ControlPlane, record: ApiRecord): Api {
  return {
    ApiId: record.apiId,
    ApiEndpoint: `https://${record.apiId}.execute-api.${plane.region}.amazonaws.com`,
    ApiKeySelectionExpression: '$request.header.x-api-key',
    CreatedDate: record.createdMs as unknown as Date,
    DisableExecuteApiEndpoint: record.disableExecuteApiEndpoint,
    IpAddressType: 'ipv4',
    Name: record.name,
    ProtocolType: 'HTTP',
    RouteSelectionExpression: '$request.method $request.path',
    Tags: record.tags,
    ...(record.cors === null ? {} : { CorsConfiguration: record.cors }),
    ...defined({ Description: record.description, Version: record.version }),
  };
}
