/**
 * Owns: CORS of HTTP APIs: preflight answers and the headers of actual ones. Where it is
 * configured, CORS headers of the function are ignored.
 */
import type { Cors } from '@aws-sdk/client-apigatewayv2';
import type { HttpRequest, HttpResponse } from '../../../io/io.ts';

export interface CompiledCors {
  readonly allowOrigin: (origin: string) => string | undefined;
  readonly preflight: Readonly<Record<string, string>>;
  readonly actual: Readonly<Record<string, string>>;
}

export function compileCors(cors: Cors): CompiledCors {
  const origins = (cors.AllowOrigins ?? []).map((origin) => origin.toLowerCase());
  const any = origins.includes('*');
  const credentials: Record<string, string> =
    cors.AllowCredentials === true ? { 'access-control-allow-credentials': 'true' } : {};
  const list = (name: string, values: readonly string[] | undefined): Record<string, string> =>
    values === undefined || values.length === 0 ? {} : { [name]: values.join(',').toLowerCase() };
  const methods = (cors.AllowMethods ?? []).map((method) => method.toUpperCase());
  return {
    allowOrigin: (origin) => {
      if (any) return '*';
      const lower = origin.toLowerCase();
      const isAllowed = origins.some(
        (one) => one === lower || (one.endsWith('://*') && lower.startsWith(one.slice(0, -1))),
      );
      return isAllowed ? origin : undefined;
    },
    preflight: {
      ...credentials,
      ...(methods.length === 0 ? {} : { 'access-control-allow-methods': methods.join(',') }),
      ...list('access-control-allow-headers', cors.AllowHeaders),
      ...(cors.MaxAge === undefined ? {} : { 'access-control-max-age': String(cors.MaxAge) }),
    },
    actual: { ...credentials, ...list('access-control-expose-headers', cors.ExposeHeaders) },
  };
}

/** The answer to a preflight request; undefined where the request is none. */
export function preflightAnswer(
  cors: CompiledCors,
  request: HttpRequest,
  requestId: string,
): HttpResponse | undefined {
  const origin = request.headers['origin'];
  const method = request.headers['access-control-request-method'];
  if (request.method !== 'OPTIONS' || origin === undefined || method === undefined) {
    return undefined;
  }
  const allowed = cors.allowOrigin(origin);
  const headers: Record<string, string> = { 'apigw-requestid': requestId };
  if (allowed !== undefined) {
    Object.assign(headers, cors.preflight, { 'access-control-allow-origin': allowed });
    if (allowed !== '*') headers['vary'] = 'origin';
  }
  return { status: 204, headers, body: new Uint8Array(0) };
}

/** The answer with our CORS headers in the place of the function's. */
export function withCors(
  cors: CompiledCors,
  request: HttpRequest,
  response: HttpResponse,
): HttpResponse {
  const headers: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (!name.startsWith('access-control-')) headers[name] = value;
  }
  const origin = request.headers['origin'];
  const allowed = origin === undefined ? undefined : cors.allowOrigin(origin);
  if (allowed !== undefined) {
    Object.assign(headers, cors.actual, { 'access-control-allow-origin': allowed });
    if (allowed !== '*') headers['vary'] = 'origin';
  }
  return { ...response, headers };
}
