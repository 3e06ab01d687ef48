/**
 * The client proxy of a cloud: places from `world/`, names from Orrery's Route 53 through the
 * clients' resolver, requests over `io.network` from the place. Owns only this wiring.
 */
import { join } from 'node:path';
import { type Closer, NetError } from '../io/io.ts';
import { startClientProxy } from '../io/node/client-proxy.ts';
import type { NodeIo } from '../io/node/node-io.ts';
import type { ClientResolver, Resolution } from '../regions/client-resolver.ts';
import type { ClientWatch } from '../regions/client-watch.ts';
import { type CloudSettings, latencyModel } from '../regions/options.ts';
import { regionOfIp } from '../world/addresses.ts';
import { type Place, placeByName, places } from '../world/places.ts';

export interface ProxyOptions {
  readonly settings: CloudSettings;
  readonly port: number;
  readonly dataDir: string;
  readonly resolver: ClientResolver;
  readonly watch: ClientWatch;
  readonly onBug: (error: unknown) => void;
}

/** An HTTP API answers within 30 s; a client that waits longer waits for nobody. */
const deadlineMs = 35_000;

/** Takes the proxy's port. Rejects with words where it is taken. */
export function listenProxy(
  io: NodeIo,
  options: ProxyOptions,
): Promise<Closer & { readonly port: number }> {
  const { settings, resolver, watch } = options;
  const rttMs = latencyModel(settings);
  const at = (name: string): string => `@${placeOf(name).name}`;
  return startClientProxy({
    host: '127.0.0.1',
    port: options.port,
    portOption: '--proxy-port',
    authorityPath: join(options.dataDir, 'ca.pem'),
    isPlace: (name) => placeByName(name) !== undefined,
    knownPlaces: places.map((place) => place.name),
    resolve: async (name, hostName, client) => {
      const place = placeOf(name);
      const resolution = resolver.resolve(place, hostName, client);
      watch.looked({ place: place.name, client, name: hostName }, resolution);
      if (resolution.waitMs > 0) await io.timers.sleep(resolution.waitMs, 'proxy.dns');
      if (resolution.kind === 'none') {
        const { reason, how } = resolution;
        return { error: how === 'fresh' ? reason : `${reason} (${how})` };
      }
      const [ip] = resolution.addresses;
      return ip === undefined ? { error: 'NODATA' } : { ip, source: sourceOf(resolution) };
    },
    forward: async (name, to, request, client) => {
      const who = { place: placeOf(name).name, client, name: to.serverName ?? to.ip };
      const sent = { ip: to.ip, sentAtUs: io.clock.monotonicUs() };
      try {
        const response = await io.network.request(to, request, { from: at(name), deadlineMs });
        const { status } = response;
        watch.ended(who, { ...sent, status, ...(status >= 500 && { why: `status ${status}` }) });
        return response;
      } catch (error) {
        if (error instanceof NetError) watch.ended(who, { ...sent, status: 0, why: error.code });
        throw error;
      }
    },
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

/** `cached; age=3.2; ttl=10`: how an address was come by, in seconds. */
function sourceOf({ how, ageMs, ttlSeconds }: Resolution): string {
  return `${how}; age=${(ageMs / 1000).toFixed(1)}; ttl=${ttlSeconds}`;
}
