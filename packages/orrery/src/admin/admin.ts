/**
 * The admin interface over HTTP: JSON in and out, for CLI, console and scripts.
 * Owns routes, input checks and who may call. Refuses to own any state.
 *
 * Invariants:
 *  1. A request whose Host is not this machine's loopback, or that carries a foreign Origin, is
 *     refused: a web page that the user has open must not break the user's regions.
 *  2. Anything that changes something is a POST or DELETE with a JSON body or none.
 */
import { FaultError } from '../faults/fault.ts';
import type { HttpRequest, HttpResponse } from '../io/io.ts';
import { places } from '../world/places.ts';
import { type CloudControl, ControlError } from './api.ts';

export interface AdminOptions {
  readonly cloud: CloudControl;
  /** What `/` shows: the console's page. */
  readonly page: string;
}

class BadRequest extends Error {}

type Route = (request: HttpRequest, path: string, query: URLSearchParams) => Promise<unknown>;

/** Makes the handler of the admin listener. It never rejects. */
export function createAdmin(
  options: AdminOptions,
): (request: HttpRequest) => Promise<HttpResponse> {
  const routes = createRoutes(options.cloud);
  return async (request) => {
    if (!isLocal(request)) {
      return json(403, { error: 'Only pages and programs of this machine may call.' });
    }
    const [path = '/', search = ''] = request.path.split('?', 2);
    if (request.method === 'GET' && path === '/') return html(options.page);
    const [key, route] =
      Object.entries(routes).find(([name]) => {
        const [method, pattern = ''] = name.split(' ');
        const isPrefix = pattern.endsWith('/');
        return (
          method === request.method && (isPrefix ? path.startsWith(pattern) : path === pattern)
        );
      }) ?? [];
    if (key === undefined || route === undefined) {
      return json(404, { error: `No such route. There are: ${Object.keys(routes).join(', ')}` });
    }
    try {
      return json(200, await route(request, path, new URLSearchParams(search)));
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const isCallers = [FaultError, ControlError, BadRequest].some(
        (kind) => error instanceof kind,
      );
      return json(isCallers ? 400 : 500, { error: message });
    }
  };
}

function createRoutes(cloud: CloudControl): Readonly<Record<string, Route>> {
  return {
    'GET /api/status': () => cloud.status(),
    'GET /api/faults': async () => (await cloud.status()).faults,
    'POST /api/faults': async (request) => {
      const body = bodyOf(request);
      return cloud.startFault({
        action: text(body, 'action'),
        targets: texts(body, 'targets'),
        parameters: numbers(body, 'parameters'),
        ...(body['durationMs'] === undefined ? {} : { durationMs: number(body, 'durationMs') }),
      });
    },
    'POST /api/faults/stop': async (request) => {
      const body = bodyOf(request);
      if (body['id'] !== undefined) return cloud.stopFault({ id: text(body, 'id') });
      return cloud.stopFault({ action: text(body, 'action'), targets: texts(body, 'targets') });
    },
    'DELETE /api/faults/': (_request, path) =>
      cloud.stopFault({ id: decodeURIComponent(path.slice('/api/faults/'.length)) }),
    'GET /api/conflicts': (_request, _path, query) => cloud.conflicts(limitOf(query, 100)),
    'GET /api/logs': (_request, _path, query) =>
      cloud.logs({
        sinceMs: Number(query.get('since') ?? 0),
        limit: limitOf(query, 200),
        after: cursorsOf(query.get('after')),
        ...optional('region', query.get('region')),
        ...optional('group', query.get('group')),
      }),
    'GET /api/events': async (_request, _path, query) =>
      cloud.events(Number(query.get('after') ?? 0), limitOf(query, 500)),
    'GET /api/timeline': async () => cloud.timeline(),
    'GET /api/lookups': async (_request, _path, query) => cloud.lookups(limitOf(query, 500)),
    'GET /api/places': async () => places,
    'GET /api/explain': (_request, _path, query) =>
      cloud.explain({
        ...questionOf(query),
        ...optional('place', query.get('place')),
        ...optional('ip', query.get('ip')),
        ...optional('vpc', query.get('vpc')),
      }),
    'GET /api/world': (_request, _path, query) => cloud.world(questionOf(query)),
    'GET /api/routing-controls': () => cloud.routingControls(),
    'POST /api/routing-controls': async (request) => {
      const body = bodyOf(request);
      if (typeof body['on'] !== 'boolean') throw new BadRequest('"on" must be true or false.');
      return cloud.setRoutingControl(text(body, 'name'), body['on']);
    },
    'POST /api/deploy': (request) => {
      const path = bodyOf(request)['app'];
      if (path !== undefined && typeof path !== 'string') throw new BadRequest('"app" is a path.');
      return cloud.deploy(path);
    },
    'POST /api/destroy': () => cloud.destroy(),
    'POST /api/reset': async () => {
      await cloud.reset();
      return { reset: true };
    },
  };
}

const localHost = /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])(:\d+)?$/i;

function isLocal(request: HttpRequest): boolean {
  if (!localHost.test(request.headers['host'] ?? '')) return false;
  const origin = request.headers['origin'];
  if (origin === undefined) return request.headers['sec-fetch-site'] !== 'cross-site';
  return origin === `http://${request.headers['host']}`;
}

function bodyOf(request: HttpRequest): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(request.body));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return value as Readonly<Record<string, unknown>>;
    }
  } catch {
    // Answered below, in the same words as a body that is JSON but no object.
  }
  throw new BadRequest('The body must be a JSON object.');
}

function text(body: Readonly<Record<string, unknown>>, name: string): string {
  const value = body[name];
  if (typeof value !== 'string' || value === '') throw new BadRequest(`"${name}" must be a text.`);
  return value;
}

function texts(body: Readonly<Record<string, unknown>>, name: string): readonly string[] {
  const value = body[name] ?? [];
  if (!Array.isArray(value) || value.length > 100 || value.some((one) => typeof one !== 'string')) {
    throw new BadRequest(`"${name}" must be a list of texts.`);
  }
  return value as readonly string[];
}

function number(body: Readonly<Record<string, unknown>>, name: string): number {
  const value = body[name];
  if (typeof value !== 'number') throw new BadRequest(`"${name}" must be a number.`);
  return value;
}

function numbers(body: Readonly<Record<string, unknown>>, name: string): Record<string, number> {
  const value = body[name] ?? {};
  if (typeof value !== 'object' || value === null) {
    throw new BadRequest(`"${name}" must be an object of numbers.`);
  }
  const entries = Object.entries(value);
  if (entries.some(([, one]) => typeof one !== 'number')) {
    throw new BadRequest(`"${name}" must be an object of numbers.`);
  }
  return Object.fromEntries(entries as [string, number][]);
}

/** `us-east-1:17,eu-central-1:4`. */
function cursorsOf(text: string | null): Record<string, number> {
  const pairs = (text ?? '').split(',').filter((pair) => pair !== '');
  return Object.fromEntries(
    pairs.map((pair) => {
      const [region = '', cursor = ''] = pair.split(':');
      if (!/^\d+$/.test(cursor)) throw new BadRequest('"after" takes region:cursor,…');
      return [region, Number(cursor)];
    }),
  );
}

function optional<K extends string>(name: K, value: string | null): { [key in K]?: string } {
  return value === null || value === '' ? {} : ({ [name]: value } as { [key in K]: string });
}

function questionOf(query: URLSearchParams) {
  const down = (query.get('down') ?? '').split(',').filter((each) => each !== '');
  return { name: query.get('name') ?? '', type: query.get('type') ?? 'A', down };
}

function limitOf(query: URLSearchParams, fallback: number): number {
  const limit = Number(query.get('limit') ?? fallback);
  return Number.isInteger(limit) && limit > 0 && limit <= 10_000 ? limit : fallback;
}

function json(status: number, value: unknown): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: new TextEncoder().encode(`${JSON.stringify(value)}\n`),
  };
}

function html(page: string): HttpResponse {
  return {
    status: 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'self' 'unsafe-inline'",
    },
    body: new TextEncoder().encode(page),
  };
}
