/**
 * The data plane: a client's HTTP request to a function and back, in the order in which this file
 * reads: host → stage → preflight → route → event → function → response.
 *
 * X1  Nothing here reads the control plane: the table is what has been propagated.
 * X2  The function is reached over the network, as the service principal of API Gateway.
 * X3  Whatever the function answers, the client gets a well-formed response within the
 *     integration's timeout (at most 30 s).
 */
import {
  type Handler,
  type HttpRequest,
  type HttpResponse,
  type Io,
  NetError,
} from '../../../io/io.ts';
import { traceRoot } from '../../../stdx/trace-id.ts';
import * as answers from './answers.ts';
import { preflightAnswer, withCors } from './cors.ts';
import { eventV1, eventV2, type RequestFacts } from './event.ts';
import { responseV1, responseV2 } from './function-response.ts';
import type {
  CompiledApi,
  CompiledDomain,
  CompiledIntegration,
  CompiledStage,
  Table,
} from './table.ts';

const bodyBytesMax = 10_485_760;
const headerBytesMax = 10_240;

export interface ExecuteApiOptions {
  readonly accountId: string;
  readonly region: string;
}

interface Target {
  readonly api: CompiledApi;
  readonly stage: CompiledStage;
  readonly host: string;
  /** What routes are matched against. */
  readonly path: string;
  readonly rawPath: string;
}

/** Serves `execute-api`. */
export function executeApi(io: Io, options: ExecuteApiOptions, table: Table): Handler {
  const suffix = `.execute-api.${options.region}.amazonaws.com`;
  return async (request) => {
    const requestId = newRequestId(io);
    if (request.body.length > bodyBytesMax) return answers.bodyTooLarge(requestId);
    if (headerBytes(request) > headerBytesMax) return answers.headersTooLarge(requestId);
    const target = targetOf(request, table, suffix);
    if (typeof target === 'function') return target(requestId);
    const { cors } = target.api;
    if (cors === undefined) return serve(io, options, target, request, requestId);
    const preflight = preflightAnswer(cors, request, requestId);
    if (preflight !== undefined) return preflight;
    return withCors(cors, request, await serve(io, options, target, request, requestId));
  };
}

async function serve(
  io: Io,
  options: ExecuteApiOptions,
  target: Target,
  request: HttpRequest,
  requestId: string,
): Promise<HttpResponse> {
  const { api, stage, host } = target;
  const match = stage.router.match(request.method, target.path);
  if (match === undefined) return answers.notFound(requestId);
  const { integration } = match.route;
  if (integration === undefined) return answers.internalError(requestId);
  const question = request.path.indexOf('?');
  const facts: RequestFacts = {
    request,
    accountId: options.accountId,
    apiId: api.apiId,
    host,
    stage,
    route: match.route,
    parameters: match.parameters,
    rawPath: target.rawPath,
    path: question === -1 ? request.path : request.path.slice(0, question),
    rawQueryString: question === -1 ? '' : request.path.slice(question + 1),
    sourceIp: sourceIpOf(request),
    requestId,
    traceId: traceRoot(io.random.uuid(), io.clock.wallMs()),
    nowMs: io.clock.wallMs(),
  };
  const method = match.route.path === '$default' ? '' : `/${request.method}`;
  const path = match.route.path === '$default' ? '/$default' : match.route.path;
  const sourceArn =
    `arn:aws:execute-api:${options.region}:${options.accountId}:${api.apiId}/${stage.name}` +
    `${method}${path}`;
  const event = integration.payloadFormatVersion === '2.0' ? eventV2(facts) : eventV1(facts);
  const response = await invoke(io, options.region, integration, sourceArn, event);
  return responseOf(response, integration, requestId);
}

/** The function's answer, or undefined where none came in time. */
async function invoke(
  io: Io,
  region: string,
  integration: CompiledIntegration,
  sourceArn: string,
  event: string,
): Promise<HttpResponse | undefined> {
  const request: HttpRequest = {
    method: 'POST',
    path: integration.invokePath,
    headers: {
      'x-orrery-principal': 'apigateway.amazonaws.com',
      'x-orrery-source-arn': sourceArn,
    },
    body: Buffer.from(event),
  };
  const { deadlineMs } = integration;
  try {
    return await io.network.request({ region, service: 'lambda-invoke' }, request, { deadlineMs });
  } catch (error) {
    if (error instanceof NetError) return undefined;
    throw error;
  }
}

function responseOf(
  response: HttpResponse | undefined,
  integration: CompiledIntegration,
  requestId: string,
): HttpResponse {
  if (response === undefined) return answers.unavailable(requestId);
  if (response.status === 200) {
    if (response.headers['x-amz-function-error'] !== undefined) {
      return answers.internalError(requestId);
    }
    const read = integration.payloadFormatVersion === '2.0' ? responseV2 : responseV1;
    return read(response.body, requestId) ?? answers.internalError(requestId);
  }
  if (response.status === 413) return answers.bodyTooLarge(requestId);
  if (response.status === 429 || response.status >= 500) return answers.unavailable(requestId);
  return answers.internalError(requestId);
}

// ── host and stage ──────────────────────────────────────────────────────────────────────────

const localPath = /^\/_api\/([a-z0-9]{1,20})(\/.*)?$/;

/** What a request is for, or the answer to one that is for nothing here. */
function targetOf(request: HttpRequest, table: Table, suffix: string): Target | answers.Answer {
  const question = request.path.indexOf('?');
  const path = question === -1 ? request.path : request.path.slice(0, question);
  const host = hostOf(request);
  const local = path.startsWith('/_api/') ? localPath.exec(path) : null;
  if (local !== null) {
    const apiId = local[1] ?? '';
    const api = table.apis.get(apiId);
    return api === undefined
      ? answers.forbidden
      : targetInApi(api, `${apiId}${suffix}`, local[2] ?? '/');
  }
  if (host.endsWith(suffix)) {
    const api = table.apis.get(host.slice(0, -suffix.length));
    if (api !== undefined) {
      return api.executeApiDisabled ? answers.notFound : targetInApi(api, host, path);
    }
  }
  const domain = table.domainOf(host);
  if (domain === undefined) return answers.forbidden;
  return targetInDomain(table, domain, host, path);
}

function hostOf(request: HttpRequest): string {
  const host = (request.headers['host'] ?? '').toLowerCase();
  const colon = host.lastIndexOf(':');
  return colon === -1 ? host : host.slice(0, colon);
}

/** The stage is the first segment of the path where there is one of that name. */
function targetInApi(api: CompiledApi, host: string, path: string): Target | answers.Answer {
  const slash = path.indexOf('/', 1);
  const first = path.slice(1, slash === -1 ? undefined : slash);
  const named = first === '$default' ? undefined : api.stages.get(first);
  if (named !== undefined) {
    const rest = slash === -1 ? '/' : path.slice(slash);
    return { api, stage: named, host, path: rest, rawPath: path };
  }
  const stage = api.stages.get('$default');
  return stage === undefined ? answers.notFound : { api, stage, host, path, rawPath: path };
}

function targetInDomain(
  table: Table,
  domain: CompiledDomain,
  host: string,
  path: string,
): Target | answers.Answer {
  const mapping = domain.mappings.find(({ key }) => fits(key, path, domain.multiLevel));
  const api = mapping === undefined ? undefined : table.apis.get(mapping.apiId);
  const stage = mapping === undefined ? undefined : api?.stages.get(mapping.stage);
  if (mapping === undefined || api === undefined || stage === undefined) return answers.notFound;
  const cut = mapping.key === '' ? path : path.slice(mapping.key.length + 1);
  const rest = cut.startsWith('/') ? cut : `/${cut}`;
  return { api, stage, host, path: rest, rawPath: rest };
}

/** Single-level keys are whole segments; one multi-level key makes all of them prefixes. */
function fits(key: string, path: string, multiLevel: boolean): boolean {
  if (key === '') return true;
  if (!path.startsWith(`/${key}`)) return false;
  return multiLevel || path.length === key.length + 1 || path[key.length + 1] === '/';
}

// ── small things ────────────────────────────────────────────────────────────────────────────

function headerBytes(request: HttpRequest): number {
  let bytes = request.path.length;
  for (const name in request.headers) bytes += name.length + (request.headers[name]?.length ?? 0);
  return bytes;
}

function sourceIpOf(request: HttpRequest): string {
  const forwarded = request.headers['x-forwarded-for'];
  return forwarded?.split(',').at(-1)?.trim() ?? '127.0.0.1';
}

/** `JKJaXmPLvHcESHA=`: eleven bytes in base64, as HTTP APIs have them. */
function newRequestId(io: Io): string {
  const bytes = Buffer.allocUnsafe(12);
  for (let at = 0; at < 12; at += 4) bytes.writeUInt32LE(io.random.u32(), at);
  return bytes.toString('base64', 0, 11);
}
