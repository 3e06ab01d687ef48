/**
 * What the global endpoint answers beside AWS's APIs: who it is, at its root, and the users' own
 * APIs by host name, as a client in the default place would reach them. Refuses to own all else:
 * `answer` is undefined for it, and the endpoint takes it.
 */
import { type HttpRequest, type HttpResponse, type Io, NetError } from '../io/io.ts';
import { regionIp, regionOfIp } from '../world/addresses.ts';
import { placeByName } from '../world/places.ts';
import type { ClientResolver } from './client-resolver.ts';
import type { CloudSettings } from './options.ts';

/** An HTTP API answers within 30 s; a client that waits longer waits for nobody. */
const deadlineMs = 35_000;

export interface EdgeDoor {
  /** Undefined: not for this door. */
  answer(request: HttpRequest): HttpResponse | Promise<HttpResponse> | undefined;
}

/** `port` is where the endpoint listens, asked when it is known. */
export function createEdgeDoor(
  io: Io,
  settings: CloudSettings,
  resolver: ClientResolver,
  port: () => number,
): EdgeDoor {
  const { defaultPlace } = settings;
  const regionOfHost = (host: string): string | undefined => {
    const place = placeByName(defaultPlace);
    if (place === undefined) return undefined;
    const resolution = resolver.resolve(place, host);
    if (resolution.kind === 'none') return undefined;
    return regionOfIp(resolution.addresses[0] ?? '');
  };
  return {
    answer: (request) => {
      if (isAwsCall(request)) return undefined;
      const host = (request.headers['host'] ?? '').replace(/:\d+$/, '').toLowerCase();
      if (isThisMachine(host)) {
        const isRoot = request.method === 'GET' && request.path === '/';
        return isRoot ? welcome(settings.regions, port()) : undefined;
      }
      if (host.endsWith('.amazonaws.com')) return undefined;
      const region = regionOfHost(host);
      if (region === undefined || !settings.regions.includes(region)) return undefined;
      const to = { region, service: 'front-door' };
      return io.network
        .request(to, request, { deadlineMs, from: `@${defaultPlace}` })
        .catch((error: unknown) => unreachable(region, error));
    },
  };
}

function isAwsCall({ headers, path }: HttpRequest): boolean {
  return (
    headers['authorization']?.startsWith('AWS4-') === true ||
    headers['x-amz-target'] !== undefined ||
    path.includes('X-Amz-Signature=')
  );
}

function isThisMachine(host: string): boolean {
  return host === '' || host === 'localhost' || /^[\d.]+$|^\[[\da-f:]+\]$/.test(host);
}

function welcome(regions: readonly string[], port: number): HttpResponse {
  return json(200, {
    orrery: 'A working model of a multi-region AWS. This is its AWS endpoint: give it to any SDK.',
    endpoint: `http://127.0.0.1:${port}`,
    regions: Object.fromEntries(regions.map((id) => [id, `http://${regionIp(id)}:${port}`])),
    help: 'orrery --help',
  });
}

function unreachable(region: string, error: unknown): HttpResponse {
  if (!(error instanceof NetError)) throw error;
  const status = error.code === 'ETIMEDOUT' ? 504 : 503;
  return json(status, { message: `Region ${region} does not answer (${error.code}).` });
}

function json(status: number, value: unknown): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(`${JSON.stringify(value, null, 2)}\n`),
  };
}
