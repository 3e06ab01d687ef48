/**
 * API Gateway (HTTP APIs, v2) of one region: the service on one screen.
 *
 *   endpoint ─ control-plane/* ─→ state.ts ─ propagation ─→ data-plane/table.ts
 *   client ── execute-api ─→ data-plane/execute-api.ts ─→ lambda-invoke
 */
import type { Service } from '../../endpoint/service.ts';
import type { Io } from '../../io/io.ts';
import model from '../../wire/generated/apigatewayv2.json' with { type: 'json' };
import { asModel } from '../../wire/models.ts';
import * as mappings from './control-plane/api-mappings.ts';
import * as apis from './control-plane/apis.ts';
import type { ControlPlane } from './control-plane/control-plane.ts';
import * as domains from './control-plane/domain-names.ts';
import * as integrations from './control-plane/integrations.ts';
import * as routes from './control-plane/routes.ts';
import * as stages from './control-plane/stages.ts';
import * as tags from './control-plane/tags.ts';
import { executeApi } from './data-plane/execute-api.ts';
import { Table } from './data-plane/table.ts';
import { ApiStore } from './state.ts';

export interface ApiGatewayOptions {
  readonly accountId: string;
  readonly region: string;
  /** From a change of configuration to the data plane. 0: at once. */
  readonly propagationMs?: number;
}

/** Opens the store `api-gateway` of this process. Throws `StorageError`. */
export async function createApiGatewayService(
  io: Io,
  options: ApiGatewayOptions,
): Promise<Service> {
  const { accountId, region, propagationMs = 0 } = options;
  const state = await ApiStore.open(io);
  const table = new Table();
  propagate(io, state, table, propagationMs);
  const plane: ControlPlane = { io, state, accountId, region };
  return {
    name: 'apigateway',
    model: asModel(model),
    operations: operationsOf(plane),
    internal: { 'execute-api': executeApi(io, { accountId, region }, table) },
  };
}

/** What is on disk is served at once; changes arrive after the delay, in order. */
function propagate(io: Io, state: ApiStore, table: Table, delayMs: number): void {
  let isLoading = true;
  const later = (apply: () => void): void => {
    if (isLoading || delayMs === 0) apply();
    else io.timers.after(delayMs, 'api-gateway propagation', apply);
  };
  state.listen({
    api: (apiId, record) => later(() => table.setApi(apiId, record)),
    domain: (name, record) => later(() => table.setDomain(name, record)),
  });
  isLoading = false;
}

function operationsOf(plane: ControlPlane): Service['operations'] {
  return {
    CreateApi: apis.createApi(plane),
    GetApi: apis.getApi(plane),
    GetApis: apis.getApis(plane),
    UpdateApi: apis.updateApi(plane),
    DeleteApi: apis.deleteApi(plane),
    DeleteCorsConfiguration: apis.deleteCorsConfiguration(plane),
    CreateRoute: routes.createRoute(plane),
    GetRoute: routes.getRoute(plane),
    GetRoutes: routes.getRoutes(plane),
    UpdateRoute: routes.updateRoute(plane),
    DeleteRoute: routes.deleteRoute(plane),
    CreateIntegration: integrations.createIntegration(plane),
    GetIntegration: integrations.getIntegration(plane),
    GetIntegrations: integrations.getIntegrations(plane),
    UpdateIntegration: integrations.updateIntegration(plane),
    DeleteIntegration: integrations.deleteIntegration(plane),
    CreateStage: stages.createStage(plane),
    GetStage: stages.getStage(plane),
    GetStages: stages.getStages(plane),
    UpdateStage: stages.updateStage(plane),
    DeleteStage: stages.deleteStage(plane),
    CreateDeployment: stages.createDeployment(plane),
    GetDeployment: stages.getDeployment(plane),
    GetDeployments: stages.getDeployments(plane),
    DeleteDeployment: stages.deleteDeployment(plane),
    CreateDomainName: domains.createDomainName(plane),
    GetDomainName: domains.getDomainName(plane),
    GetDomainNames: domains.getDomainNames(plane),
    UpdateDomainName: domains.updateDomainName(plane),
    DeleteDomainName: domains.deleteDomainName(plane),
    CreateApiMapping: mappings.createApiMapping(plane),
    GetApiMapping: mappings.getApiMapping(plane),
    GetApiMappings: mappings.getApiMappings(plane),
    UpdateApiMapping: mappings.updateApiMapping(plane),
    DeleteApiMapping: mappings.deleteApiMapping(plane),
    GetTags: tags.getTags(plane),
    TagResource: tags.tagResource(plane),
    UntagResource: tags.untagResource(plane),
  };
}
