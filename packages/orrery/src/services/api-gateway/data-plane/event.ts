/**
 * Owns: the events that a Lambda proxy integration hands to a function, payload formats 2.0 and
 * 1.0.
 *
 * E1  In 2.0 what is absent is left out; in 1.0 it is null.
 * E2  Header names are lower case; cookies stand in a list of their own in 2.0.
 * E3  A body that is not text by its type, or not UTF-8, travels as base64.
 */
import type { HttpRequest } from '../../../io/io.ts';
import { utf8DecodeStrict } from '../../../stdx/bytes.ts';
import type { CompiledRoute, CompiledStage } from './table.ts';

export interface RequestFacts {
  readonly request: HttpRequest;
  readonly accountId: string;
  readonly apiId: string;
  readonly host: string;
  readonly stage: CompiledStage;
  readonly route: CompiledRoute;
  readonly parameters: Readonly<Record<string, string>> | undefined;
  /** With the stage in front where the stage came from the path. */
  readonly rawPath: string;
  /** As the client wrote it, API mapping included. */
  readonly path: string;
  readonly rawQueryString: string;
  readonly sourceIp: string;
  readonly requestId: string;
  readonly traceId: string;
  readonly nowMs: number;
}

const textType = /^(text\/|application\/(json|javascript|xml|graphql|[a-z0-9.+-]+\+(json|xml))\b)/i;

interface Body {
  readonly text: string | undefined;
  readonly isBase64Encoded: boolean;
}

function bodyOf(request: HttpRequest): Body {
  if (request.body.length === 0) return { text: undefined, isBase64Encoded: false };
  const type = request.headers['content-type'];
  const text =
    type === undefined || textType.test(type) ? utf8DecodeStrict(request.body) : undefined;
  if (text !== undefined) return { text, isBase64Encoded: false };
  const bytes = Buffer.from(request.body.buffer, request.body.byteOffset, request.body.length);
  return { text: bytes.toString('base64'), isBase64Encoded: true };
}

/** Values by name, in order. `+` and percent-encodings are decoded. */
export function parseQuery(rawQueryString: string): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(rawQueryString)) {
    const held = values.get(name);
    if (held === undefined) values.set(name, [value]);
    else held.push(value);
  }
  return values;
}

function headersOf(facts: RequestFacts, withCookies: boolean): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(facts.request.headers)) {
    if (name === 'connection' || (!withCookies && name === 'cookie')) continue;
    headers[name] = value;
  }
  headers['content-length'] ??= String(facts.request.body.length);
  headers['x-amzn-trace-id'] ??= facts.traceId;
  headers['x-forwarded-for'] ??= facts.sourceIp;
  headers['x-forwarded-port'] ??= '443';
  headers['x-forwarded-proto'] ??= 'https';
  return headers;
}

export function eventV2(facts: RequestFacts): string {
  const { request, route, stage, host } = facts;
  const body = bodyOf(request);
  const cookies = request.headers['cookie']?.split(/;\s*/).filter((cookie) => cookie !== '');
  const query = facts.rawQueryString === '' ? undefined : joinedQuery(facts.rawQueryString);
  return JSON.stringify({
    version: '2.0',
    routeKey: route.routeKey,
    rawPath: facts.rawPath,
    rawQueryString: facts.rawQueryString,
    cookies: cookies?.length === 0 ? undefined : cookies,
    headers: headersOf(facts, false),
    queryStringParameters: query,
    requestContext: {
      accountId: facts.accountId,
      apiId: facts.apiId,
      domainName: host,
      domainPrefix: host.slice(0, host.indexOf('.') === -1 ? undefined : host.indexOf('.')),
      http: {
        method: request.method,
        path: facts.rawPath,
        protocol: 'HTTP/1.1',
        sourceIp: facts.sourceIp,
        userAgent: request.headers['user-agent'] ?? '',
      },
      requestId: facts.requestId,
      routeKey: route.routeKey,
      stage: stage.name,
      time: requestTime(facts.nowMs),
      timeEpoch: facts.nowMs,
    },
    pathParameters: facts.parameters,
    stageVariables: stage.variables,
    body: body.text,
    isBase64Encoded: body.isBase64Encoded,
  });
}

function joinedQuery(rawQueryString: string): Record<string, string> | undefined {
  const entries = [...parseQuery(rawQueryString)];
  if (entries.length === 0) return undefined;
  return Object.fromEntries(entries.map(([name, values]) => [name, values.join(',')]));
}

export function eventV1(facts: RequestFacts): string {
  const { request, route, stage, host } = facts;
  const body = bodyOf(request);
  const query = [...parseQuery(facts.rawQueryString)];
  const headers = headersOf(facts, true);
  const multi = Object.entries(headers).map(([name, value]) => [name, [value]]);
  return JSON.stringify({
    version: '1.0',
    resource: route.path,
    path: facts.path,
    httpMethod: request.method,
    headers,
    multiValueHeaders: Object.fromEntries(multi),
    queryStringParameters:
      query.length === 0
        ? null
        : Object.fromEntries(query.map(([name, values]) => [name, values.at(-1)])),
    multiValueQueryStringParameters: query.length === 0 ? null : Object.fromEntries(query),
    requestContext: {
      accountId: facts.accountId,
      apiId: facts.apiId,
      domainName: host,
      domainPrefix: host.split('.', 1)[0],
      extendedRequestId: facts.requestId,
      httpMethod: request.method,
      identity: identityOf(facts),
      path: facts.path,
      protocol: 'HTTP/1.1',
      requestId: facts.requestId,
      requestTime: requestTime(facts.nowMs),
      requestTimeEpoch: facts.nowMs,
      resourceId: route.routeKey,
      resourcePath: route.path,
      stage: stage.name,
    },
    pathParameters: facts.parameters ?? null,
    stageVariables: stage.variables ?? null,
    body: body.text ?? null,
    isBase64Encoded: body.isBase64Encoded,
  });
}

function identityOf(facts: RequestFacts): Record<string, string | null> {
  return {
    accessKey: null,
    accountId: null,
    caller: null,
    cognitoAmr: null,
    cognitoAuthenticationProvider: null,
    cognitoAuthenticationType: null,
    cognitoIdentityId: null,
    cognitoIdentityPoolId: null,
    principalOrgId: null,
    sourceIp: facts.sourceIp,
    user: null,
    userAgent: facts.request.headers['user-agent'] ?? null,
    userArn: null,
  };
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

let formattedSecond = -1;
let formatted = '';

/** `12/Mar/2020:19:03:58 +0000`. */
export function requestTime(nowMs: number): string {
  const second = Math.floor(nowMs / 1000);
  if (second !== formattedSecond) {
    formattedSecond = second;
    formatted = format(nowMs);
  }
  return formatted;
}

function format(nowMs: number): string {
  const iso = new Date(nowMs).toISOString();
  const month = months[Number(iso.slice(5, 7)) - 1];
  return `${iso.slice(8, 10)}/${month}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`;
}
