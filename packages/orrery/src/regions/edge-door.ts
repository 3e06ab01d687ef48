/**
 * What the global endpoint answers beside AWS's APIs: who it is, at its root, and the users' own
 * APIs by host name, as a client in the default place would reach them. Refuses to own all else:
 * `answer` is undefined for it, and the endpoint takes it.
 */
import { type HttpRequest, type HttpResponse, type Io, NetError } from '../io/io.ts';
import { regionOfIp } from '../world/addresses.ts';
import { placeByName } from '../world/places.ts';
import type { ClientResolver } from './client-resolver.ts';
import type { CloudSettings } from './options.ts';
import { hostName, isAwsCall, isThisMachine, json, welcome } from './welcome.ts';

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
      const host = hostName(request);
      if (isThisMachine(host)) {
        const at = { port: port(), endpoint: `http://127.0.0.1:${port()}` };
        return welcome(request, { what: 'its AWS endpoint', regions: settings.regions, ...at });
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

function unreachable(region: string, error: unknown): HttpResponse {
  if (!(error instanceof NetError)) throw error;
  const status = error.code === 'ETIMEDOUT' ? 504 : 503;
  return json(status, { message: `Region ${region} does not answer (${error.code}).` });
}
