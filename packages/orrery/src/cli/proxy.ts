/**
 * The client proxy of a cloud: places from `world/`, names from Orrery's Route 53 through the
 * clients' resolver, requests over `io.network` from the place. Owns only this wiring.
 */
import { join } from 'node:path';
import type { Closer } from '../io/io.ts';
import { startClientProxy } from '../io/node/client-proxy.ts';
import type { NodeIo } from '../io/node/node-io.ts';
import type { ClientResolver } from '../regions/client-resolver.ts';
import { type CloudSettings, latencyModel } from '../regions/options.ts';
import { regionOfIp } from '../world/addresses.ts';
import { type Place, placeByName, places } from '../world/places.ts';

export interface ProxyOptions {
  readonly settings: CloudSettings;
  readonly port: number;
  readonly dataDir: string;
  readonly resolver: ClientResolver;
  readonly onBug: (error: unknown) => void;
}

/** An HTTP API answers within 30 s; a client that waits longer waits for nobody. */
const deadlineMs = 35_000;

/** Takes the proxy's port. Rejects with words where it is taken. */
export function listenProxy(
  io: NodeIo,
  options: ProxyOptions,
): Promise<Closer & { readonly port: number }> {
  const { settings, resolver } = options;
  const rttMs = latencyModel(settings);
  const at = (name: string): string => `@${placeOf(name).name}`;
  return startClientProxy({
    host: '127.0.0.1',
    port: options.port,
    portOption: '--proxy-port',
    authorityPath: join(options.dataDir, 'ca.pem'),
    isPlace: (name) => placeByName(name) !== undefined,
    knownPlaces: places.map((place) => place.name),
    resolve: async (name, hostName) => {
      const resolution = resolver.resolve(placeOf(name), hostName);
      if (resolution.kind === 'none') return { error: resolution.reason };
      const ip = resolution.addresses[0];
      return ip === undefined ? { error: 'NODATA' } : { ip };
    },
    forward: (name, to, request) => io.network.request(to, request, { from: at(name), deadlineMs }),
    rttMs: (name, ip) => {
      const region = regionOfIp(ip);
      return region === undefined ? 0 : rttMs(at(name), region);
    },
    timers: io.timers,
    clock: io.clock,
    onBug: options.onBug,
  });
}

function placeOf(name: string): Place {
  const place = placeByName(name);
  if (place === undefined) throw new RangeError(`no such place: ${name}`);
  return place;
}
