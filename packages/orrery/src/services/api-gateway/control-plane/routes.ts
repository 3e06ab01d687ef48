/**
 * CreateRoute, GetRoute(s), UpdateRoute and DeleteRoute.
 */
import type {
  CreateRouteRequest,
  DeleteRouteRequest,
  GetRoutesRequest,
  GetRoutesResponse,
  Route,
  UpdateRouteRequest,
} from '@aws-sdk/client-apigatewayv2';
import type { ServiceError } from '../../../endpoint/service.ts';
import { badRequest, conflict, notFound } from '../errors.ts';
import { parseRouteKey } from '../route-key.ts';
import type { ApiRecord, RouteRecord } from '../state.ts';
import {
  type ControlPlane,
  defined,
  findApi,
  newId,
  pageOf,
  replaced,
  withAutoDeploy,
} from './control-plane.ts';

const routesMax = 300;

export function routeKeyProblem(): ServiceError {
  return badRequest(
    'The provided route key is not formatted properly for HTTP protocol. Format should be ' +
      '"<HTTP METHOD> /<RESOURCE PATH>" or "$default"',
  );
}

export function createRoute(plane: ControlPlane) {
  return async (input: CreateRouteRequest): Promise<Route> => {
    const api = findApi(plane, input.ApiId);
    if (api.routes.length >= routesMax) {
      throw badRequest('Maximum number of routes reached for this API');
    }
    const taken = (id: string): boolean => api.routes.some((one) => one.routeId === id);
    const record = checked(api, {
      routeId: newId(plane, 7, taken),
      routeKey: input.RouteKey ?? '',
      target: input.Target,
      operationName: input.OperationName,
    });
    refuseAuthorization(input);
    await save(plane, { ...api, routes: [...api.routes, record] });
    return shown(record);
  };
}

export function getRoute(plane: ControlPlane) {
  return (input: DeleteRouteRequest): Route =>
    shown(find(findApi(plane, input.ApiId), input.RouteId));
}

export function getRoutes(plane: ControlPlane) {
  return (input: GetRoutesRequest): GetRoutesResponse =>
    pageOf(findApi(plane, input.ApiId).routes.map(shown), input);
}

export function updateRoute(plane: ControlPlane) {
  return async (input: UpdateRouteRequest): Promise<Route> => {
    const api = findApi(plane, input.ApiId);
    const before = find(api, input.RouteId);
    refuseAuthorization(input);
    const record = checked(api, {
      ...before,
      ...defined({
        routeKey: input.RouteKey,
        target: input.Target,
        operationName: input.OperationName,
      }),
    });
    const isIt = (one: RouteRecord): boolean => one.routeId === record.routeId;
    await save(plane, { ...api, routes: replaced(api.routes, isIt, record) });
    return shown(record);
  };
}

export function deleteRoute(plane: ControlPlane) {
  return async (input: DeleteRouteRequest): Promise<Record<string, never>> => {
    const api = findApi(plane, input.ApiId);
    const { routeId } = find(api, input.RouteId);
    await save(plane, { ...api, routes: api.routes.filter((one) => one.routeId !== routeId) });
    return {};
  };
}

function save(plane: ControlPlane, api: ApiRecord): Promise<void> {
  return plane.state.putApi(withAutoDeploy(plane, api));
}

function checked(api: ApiRecord, record: RouteRecord): RouteRecord {
  if (parseRouteKey(record.routeKey) === undefined) throw routeKeyProblem();
  const twin = api.routes.find((one) => one.routeKey === record.routeKey);
  if (twin !== undefined && twin.routeId !== record.routeId) {
    throw conflict(`Route with key ${record.routeKey} already exists for this API`);
  }
  if (record.target === undefined) return record;
  const id = /^integrations\/([a-z0-9]+)$/.exec(record.target)?.[1];
  if (id === undefined || !api.integrations.some((one) => one.integrationId === id)) {
    throw badRequest(`Invalid route target: ${record.target}`);
  }
  return record;
}

/** Nothing pretends: a route that asks for an authorizer would be open here. */
function refuseAuthorization(input: {
  AuthorizationType?: string | undefined;
  ApiKeyRequired?: boolean | undefined;
}): void {
  if ((input.AuthorizationType ?? 'NONE') !== 'NONE') {
    throw badRequest('Orrery has no authorizers yet: AuthorizationType must be NONE.');
  }
  if (input.ApiKeyRequired === true) throw badRequest('API keys are not supported by HTTP APIs');
}

function find(api: ApiRecord, routeId: string | undefined): RouteRecord {
  const record = api.routes.find((one) => one.routeId === routeId);
  if (record === undefined) throw notFound('Route', routeId ?? '');
  return record;
}

function shown(record: RouteRecord): Route {
  return {
    RouteId: record.routeId,
    RouteKey: record.routeKey,
    ApiKeyRequired: false,
    AuthorizationType: 'NONE',
    ...defined({
      Target: record.target,
      OperationName: record.operationName,
      ApiGatewayManaged: record.managed,
    }),
  };
}
