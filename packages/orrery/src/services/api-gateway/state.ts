/**
 * Owns: APIs, domain names and mappings of one region, durable: a document per API and per
 * domain name.
 * Refuses to own: what may be in them (control-plane/) and serving them (data-plane/).
 *
 * S1  A document is immutable; a change is a new document, written in one transaction.
 * S2  What the data plane serves is a deployment: a copy of routes and integrations, never the
 *     working ones.
 */
import type { Cors, DomainNameConfiguration } from '@aws-sdk/client-apigatewayv2';
import type { Io, Store } from '../../io/io.ts';
import { prefixRange, textKey } from '../../stdx/text-keys.ts';

export interface RouteRecord {
  readonly routeId: string;
  readonly routeKey: string;
  /** `integrations/<id>`; absent until one is set: then the route answers 500. */
  readonly target?: string | undefined;
  readonly operationName?: string | undefined;
  readonly managed?: boolean | undefined;
}

export interface IntegrationRecord {
  readonly integrationId: string;
  readonly integrationUri: string;
  readonly payloadFormatVersion: '1.0' | '2.0';
  readonly timeoutInMillis: number;
  readonly description?: string | undefined;
  readonly managed?: boolean | undefined;
}

export interface DeploymentRecord {
  readonly deploymentId: string;
  readonly createdMs: number;
  readonly description?: string | undefined;
  readonly auto: boolean;
  readonly routes: readonly RouteRecord[];
  readonly integrations: readonly IntegrationRecord[];
}

export interface StageRecord {
  readonly stageName: string;
  readonly autoDeploy: boolean;
  readonly deploymentId?: string | undefined;
  readonly description?: string | undefined;
  readonly stageVariables: Readonly<Record<string, string>>;
  readonly createdMs: number;
  readonly updatedMs: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly managed?: boolean | undefined;
  /** Accepted and given back, without effect (README). */
  readonly declared: Readonly<Record<string, unknown>>;
}

export interface ApiRecord {
  readonly apiId: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly version?: string | undefined;
  readonly createdMs: number;
  readonly cors: Cors | null;
  readonly disableExecuteApiEndpoint: boolean;
  readonly tags: Readonly<Record<string, string>>;
  readonly routes: readonly RouteRecord[];
  readonly integrations: readonly IntegrationRecord[];
  readonly stages: readonly StageRecord[];
  readonly deployments: readonly DeploymentRecord[];
}

export interface MappingRecord {
  readonly apiMappingId: string;
  readonly apiId: string;
  readonly stage: string;
  /** Empty for the whole domain. */
  readonly key: string;
}

export interface DomainRecord {
  readonly domainName: string;
  readonly configurations: readonly DomainNameConfiguration[];
  /** `d-abcdefghij.execute-api.eu-west-1.amazonaws.com`. */
  readonly gatewayDomainName: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly mappings: readonly MappingRecord[];
}

export interface ChangeListener {
  api(apiId: string, record: ApiRecord | undefined): void;
  domain(domainName: string, record: DomainRecord | undefined): void;
}

export class ApiStore {
  readonly #store: Store;
  readonly apis = new Map<string, ApiRecord>();
  readonly domains = new Map<string, DomainRecord>();
  #listener: ChangeListener | undefined;

  private constructor(store: Store) {
    this.#store = store;
  }

  /** Opens the store `api-gateway` of this process. Throws `StorageError`. */
  static async open(io: Io): Promise<ApiStore> {
    const state = new ApiStore(await io.storage.open('api-gateway'));
    for (const { value } of state.#store.range(prefixRange('api/'))) {
      const record = JSON.parse(value) as ApiRecord;
      state.apis.set(record.apiId, record);
    }
    for (const { value } of state.#store.range(prefixRange('domain/'))) {
      const record = JSON.parse(value) as DomainRecord;
      state.domains.set(record.domainName, record);
    }
    return state;
  }

  /** The one that propagates changes to the data plane; told of all that is there at once. */
  listen(listener: ChangeListener): void {
    this.#listener = listener;
    for (const record of this.apis.values()) listener.api(record.apiId, record);
    for (const record of this.domains.values()) listener.domain(record.domainName, record);
  }

  /** Resolves when the change is durable. */
  async putApi(record: ApiRecord): Promise<void> {
    this.#write(`api/${record.apiId}`, record);
    this.apis.set(record.apiId, record);
    this.#listener?.api(record.apiId, record);
    await this.#store.flushed();
  }

  async deleteApi(apiId: string): Promise<void> {
    this.#write(`api/${apiId}`, undefined);
    this.apis.delete(apiId);
    this.#listener?.api(apiId, undefined);
    await this.#store.flushed();
  }

  async putDomain(record: DomainRecord): Promise<void> {
    this.#write(`domain/${record.domainName}`, record);
    this.domains.set(record.domainName, record);
    this.#listener?.domain(record.domainName, record);
    await this.#store.flushed();
  }

  async deleteDomain(domainName: string): Promise<void> {
    this.#write(`domain/${domainName}`, undefined);
    this.domains.delete(domainName);
    this.#listener?.domain(domainName, undefined);
    await this.#store.flushed();
  }

  #write(key: string, value: unknown): void {
    this.#store.transaction((transaction) => {
      if (value === undefined) transaction.delete(textKey(key));
      else transaction.put(textKey(key), JSON.stringify(value));
    });
  }
}
