/**
 * JSON between services of this cloud: POST with a JSON body, answered with JSON. Owns its two
 * ends. Refuses to own AWS's protocols (`wire/`): nothing here is reachable with an SDK.
 *
 * N1  The caller's mistakes cross as `ServiceError` and come out as `ServiceError`, with code,
 *     message and status. What the network does comes out as `NetError`. Nothing else is thrown
 *     by `requestJson`.
 */
import type { Address, Handler, HttpResponse, Location, Network } from '../io/io.ts';
import { utf8Decode, utf8Encode } from '../stdx/bytes.ts';
import { ServiceError } from './service.ts';

/** One route: gets the parsed body, returns what is answered, or a response as it stands. */
export type JsonRoute = (body: JsonObject, from: Location) => unknown;

export type JsonObject = Readonly<Record<string, unknown>>;

/** An answer that a route has put together itself. */
export class RawResponse {
  readonly response: HttpResponse;
  constructor(response: HttpResponse) {
    this.response = response;
  }
}

/** A handler over routes by path (`/apply`). Unknown paths answer 404, other methods 405. */
export function jsonHandler(routes: Readonly<Record<string, JsonRoute>>): Handler {
  return async (request, from) => {
    const path = request.path.split('?', 1)[0] ?? '';
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    try {
      if (route === undefined) throw new ServiceError('NotFound', path, { status: 404 });
      if (request.method !== 'POST') {
        throw new ServiceError('MethodNotAllowed', 'POST only', { status: 405 });
      }
      const answer = await route(parseObject(request.body), from);
      return answer instanceof RawResponse ? answer.response : jsonResponse(200, answer ?? {});
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      return jsonResponse(error.status, { __type: error.code, message: error.message });
    }
  };
}

export interface JsonCall {
  readonly deadlineMs: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Posts a body (a text stands for itself, already JSON) and returns the whole good answer. */
export async function postJson(
  network: Network,
  to: Address,
  path: string,
  body: unknown,
  { deadlineMs, headers }: JsonCall,
): Promise<HttpResponse> {
  const bytes =
    body instanceof Uint8Array
      ? body
      : utf8Encode(typeof body === 'string' ? body : JSON.stringify(body));
  const response = await network.request(
    to,
    {
      method: 'POST',
      path,
      headers: { 'content-type': 'application/json', ...headers },
      body: bytes,
    },
    { deadlineMs },
  );
  if (response.status < 300) return response;
  throw errorOf(response);
}

/** Posts a body and returns the parsed answer. */
export async function requestJson<T>(
  network: Network,
  to: Address,
  path: string,
  body: unknown,
  call: JsonCall,
): Promise<T> {
  const response = await postJson(network, to, path, body, call);
  return JSON.parse(utf8Decode(response.body)) as T;
}

function errorOf(response: HttpResponse): ServiceError {
  const status = response.status;
  let code = `HTTP${status}`;
  let message = '';
  try {
    const parsed = JSON.parse(utf8Decode(response.body)) as Record<string, unknown>;
    // AWS's JSON protocols put a namespace in front of the name.
    if (typeof parsed['__type'] === 'string') code = parsed['__type'].replace(/^.*#/, '');
    const text = parsed['message'] ?? parsed['Message'];
    if (typeof text === 'string') message = text;
  } catch {
    message = utf8Decode(response.body.subarray(0, 200));
  }
  return new ServiceError(code, message, { status });
}

function parseObject(body: Uint8Array): JsonObject {
  let parsed: unknown;
  try {
    parsed = body.length === 0 ? {} : JSON.parse(utf8Decode(body));
  } catch {
    throw new ServiceError('SerializationException', 'the body is not JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new ServiceError('SerializationException', 'the body is not a JSON object');
  }
  return parsed as JsonObject;
}

function jsonResponse(status: number, value: unknown): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: utf8Encode(JSON.stringify(value)),
  };
}
