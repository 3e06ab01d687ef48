/**
 * Owns: what the data plane serves: APIs, stages and host names, compiled from documents that the
 * control plane propagates.
 * Refuses to own: those documents (state.ts).
 *
 * T1  Everything in a table is immutable but the maps of the table itself, which change between
 *     two requests only.
 * T2  A document that has not arrived yet is not served: propagation takes the time it takes.
 */
import { parseRouteKey } from '../route-key.ts';
import type { ApiRecord, DeploymentRecord, DomainRecord, StageRecord } from '../state.ts';
import { type CompiledCors, compileCors } from './cors.ts';
import { Router } from './router.ts';

export interface CompiledRoute {
  readonly routeKey: string;
  /** `/pets/{id}`; `$default` for the catch-all. */
  readonly path: string;
  /** Undefined where the route has no integration. */
  readonly integration: CompiledIntegration | undefined;
}

export interface CompiledIntegration {
  /** Path of the Invoke call. */
  readonly invokePath: string;
  readonly payloadFormatVersion: '1.0' | '2.0';
  readonly deadlineMs: number;
}

export interface CompiledStage {
  readonly name: string;
  readonly variables: Readonly<Record<string, string>> | undefined;
  readonly router: Router<CompiledRoute>;
}

export interface CompiledApi {
  readonly apiId: string;
  readonly stages: ReadonlyMap<string, CompiledStage>;
  readonly cors: CompiledCors | undefined;
  readonly executeApiDisabled: boolean;
}

export interface CompiledMapping {
  readonly apiId: string;
  readonly stage: string;
  readonly key: string;
}

export interface CompiledDomain {
  readonly domainName: string;
  /** Longest key first. */
  readonly mappings: readonly CompiledMapping[];
  /** One key of several segments makes all of them prefixes of the path. */
  readonly multiLevel: boolean;
}

export class Table {
  readonly apis = new Map<string, CompiledApi>();
  readonly #domains = new Map<string, CompiledDomain>();
  /** Custom names and `d-…` names. */
  readonly #domainByHost = new Map<string, CompiledDomain>();
  readonly #gatewayHosts = new Map<string, string>();

  setApi(apiId: string, record: ApiRecord | undefined): void {
    if (record === undefined) this.apis.delete(apiId);
    else this.apis.set(apiId, compileApi(record));
  }

  setDomain(domainName: string, record: DomainRecord | undefined): void {
    const gatewayHost = this.#gatewayHosts.get(domainName);
    if (gatewayHost !== undefined) this.#domainByHost.delete(gatewayHost);
    this.#domainByHost.delete(domainName);
    this.#domains.delete(domainName);
    if (record === undefined) return;
    const domain = compileDomain(record);
    this.#domains.set(domainName, domain);
    this.#domainByHost.set(domainName, domain);
    this.#domainByHost.set(record.gatewayDomainName, domain);
    this.#gatewayHosts.set(domainName, record.gatewayDomainName);
  }

  /** The custom domain of a host name; `*.example.com` serves what has no name of its own. */
  domainOf(host: string): CompiledDomain | undefined {
    const exact = this.#domainByHost.get(host);
    if (exact !== undefined) return exact;
    const dot = host.indexOf('.');
    return dot === -1 ? undefined : this.#domainByHost.get(`*${host.slice(dot)}`);
  }
}

function compileApi(record: ApiRecord): CompiledApi {
  const stages = new Map<string, CompiledStage>();
  for (const stage of record.stages) {
    const deployment = record.deployments.find((one) => one.deploymentId === stage.deploymentId);
    if (deployment !== undefined) stages.set(stage.stageName, compileStage(stage, deployment));
  }
  return {
    apiId: record.apiId,
    stages,
    cors: record.cors === null ? undefined : compileCors(record.cors),
    executeApiDisabled: record.disableExecuteApiEndpoint,
  };
}

function compileStage(stage: StageRecord, deployment: DeploymentRecord): CompiledStage {
  const integrations = new Map(
    deployment.integrations.map((one) => [
      `integrations/${one.integrationId}`,
      {
        invokePath: invokePathOf(one.integrationUri),
        payloadFormatVersion: one.payloadFormatVersion,
        deadlineMs: one.timeoutInMillis,
      },
    ]),
  );
  const routes = deployment.routes.flatMap((route) => {
    const key = parseRouteKey(route.routeKey);
    if (key === undefined) return [];
    const compiled: CompiledRoute = {
      routeKey: route.routeKey,
      path: key === '$default' ? key : key.path,
      integration: integrations.get(route.target ?? ''),
    };
    return [[key, compiled] as const];
  });
  const hasVariables = Object.keys(stage.stageVariables).length > 0;
  return {
    name: stage.stageName,
    variables: hasVariables ? stage.stageVariables : undefined,
    router: new Router(routes),
  };
}

function invokePathOf(integrationUri: string): string {
  const arn = /(arn:aws[a-z-]*:lambda:[^/]+)(?:\/invocations)?$/.exec(integrationUri)?.[1];
  return `/2015-03-31/functions/${arn ?? integrationUri}/invocations`;
}

function compileDomain(record: DomainRecord): CompiledDomain {
  const mappings = record.mappings
    .map(({ apiId, stage, key }) => ({ apiId, stage, key }))
    .sort((a, b) => b.key.length - a.key.length);
  const multiLevel = mappings.some(({ key }) => key.includes('/'));
  return { domainName: record.domainName, mappings, multiLevel };
}
