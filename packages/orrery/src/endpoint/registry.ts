/**
 * Owns: the services of one process with their codecs, and which of them a request means.
 * Refuses to own: order of work (endpoint.ts).
 *
 *  R1  Services that share a signing name (API Gateway v1 and v2, DynamoDB and its streams) are
 *      told apart by target prefix or path.
 */
import type { HttpRequest } from '../io/io.ts';
import { createCodec } from '../wire/codec.ts';
import type { ServiceModel } from '../wire/model.ts';
import type { ServerCodec } from '../wire/protocols/protocol.ts';
import { parsePairs, splitPath } from '../wire/query-string.ts';
import type { Service } from './service.ts';

export interface ApiService {
  readonly service: Service;
  readonly model: ServiceModel;
  readonly codec: ServerCodec;
}

/** The services of a process that have an AWS API. */
export class Registry {
  private readonly bySigningName = new Map<string, ApiService[]>();

  constructor(services: readonly Service[]) {
    for (const service of services) {
      if (service.model === undefined) continue;
      const codec = createCodec(service.model, {
        blobs: service.blobs ?? 'bytes',
        validatesRequired: service.validatesRequired ?? false,
      });
      const list = this.bySigningName.get(service.name) ?? [];
      list.push({ service, model: service.model, codec });
      this.bySigningName.set(service.name, list);
    }
  }

  names(): string[] {
    return [...this.bySigningName.keys()];
  }

  has(signingName: string): boolean {
    return this.bySigningName.has(signingName);
  }

  /** The service of a signing name that answers this request. */
  find(signingName: string, request: HttpRequest): ApiService | undefined {
    const candidates = this.bySigningName.get(signingName);
    if (candidates === undefined || candidates.length === 1) return candidates?.[0];
    return candidates.find(({ model }) => claims(model, request)) ?? candidates[0];
  }

  /** The signing name that an unsigned request's target or action speaks of. */
  infer(request: HttpRequest): string | undefined {
    for (const [name, candidates] of this.bySigningName) {
      if (candidates.some(({ model }) => speaksTo(model, request))) return name;
    }
    return undefined;
  }
}

function claims(model: ServiceModel, request: HttpRequest): boolean {
  if (model.target !== undefined) return isTargetOf(model, request);
  const isVersion2 = request.path.startsWith('/v2/');
  return isVersion2 === (model.namespace === 'com.amazonaws.apigatewayv2');
}

function isTargetOf(model: ServiceModel, request: HttpRequest): boolean {
  return request.headers['x-amz-target']?.startsWith(`${model.target}.`) === true;
}

function speaksTo(model: ServiceModel, request: HttpRequest): boolean {
  if (model.target !== undefined) return isTargetOf(model, request);
  if (model.protocol !== 'awsQuery') return false;
  const parameters = queryParameters(request);
  return (
    parameters?.version === model.apiVersion && Object.hasOwn(model.operations, parameters.action)
  );
}

/** `Action` and `Version` of an AWS Query request, signed or not; undefined for any other. */
export function queryParameters(
  request: HttpRequest,
): { readonly action: string; readonly version: string } | undefined {
  const [, inUri] = splitPath(request.path);
  const isForm =
    request.method === 'POST' &&
    (request.headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded');
  const start = isForm ? Buffer.from(request.body.subarray(0, 4096)).toString('latin1') : '';
  const text = inUri.includes('Action=') ? inUri : start;
  if (!text.includes('Action=') || !text.includes('Version=')) return undefined;
  const pairs = parsePairs(text) ?? [];
  const value = (name: string): string | undefined => pairs.find(([key]) => key === name)?.[1];
  const action = value('Action');
  const version = value('Version');
  return action === undefined || version === undefined ? undefined : { action, version };
}
