/**
 * For tests of the endpoint: an `Io` whose network is a table of handlers in this process, and an
 * HTTP server on loopback in front of an endpoint, so that real clients can be tried.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { performance } from 'node:perf_hooks';
import {
  type Address,
  type Handler,
  type HttpRequest,
  type HttpResponse,
  type Io,
  NetError,
  type Random,
} from '../io/io.ts';
import { createEndpoint, type Endpoint, type EndpointOptions } from './endpoint.ts';

export interface FakeEvent {
  readonly kind: string;
  readonly data: Readonly<Record<string, string | number | boolean>>;
}

/** Handlers by `region/service`: what stands there can be reached. */
export type FakeNetwork = Map<string, Handler>;

const notHere = (): never => {
  throw new Error('this test has no such thing');
};

function fakeRandom(): Random {
  let count = 0;
  const random: Random = {
    u32: () => count++,
    float: () => 0.5,
    int: (low) => low,
    chance: () => false,
    bytes: (length) => new Uint8Array(length),
    uuid: () => `00000000-0000-4000-8000-${String(count++).padStart(12, '0')}`,
    split: () => fakeRandom(),
  };
  return random;
}

export function fakeIo(
  region: string,
  network: FakeNetwork,
  events: FakeEvent[],
  wallMs: () => number = () => Date.now(),
): Io {
  return {
    id: `region/${region}`,
    location: region,
    clock: { wallMs, monotonicUs: () => Math.round(performance.now() * 1000) },
    timers: { after: notHere, every: notHere, sleep: notHere },
    random: fakeRandom(),
    network: {
      async request(to: Address, request: HttpRequest): Promise<HttpResponse> {
        const name = 'service' in to ? `${to.region}/${to.service}` : to.ip;
        const handler = network.get(name);
        if (handler === undefined) throw new NetError('ECONNREFUSED', false, name);
        return handler(request, region);
      },
      connect: notHere,
      serve(service, handler) {
        const name = `${region}/${service}`;
        if (network.has(name)) throw new Error(`${name} is served twice`);
        network.set(name, handler);
        return {
          close: async () => {
            network.delete(name);
          },
        };
      },
    },
    storage: { open: notHere },
    processes: { materialize: notHere, launch: notHere },
    probe: {
      event: (kind, data) => events.push({ kind, data }),
      always: (holds, what) => {
        if (!holds) throw new Error(`does not hold: ${what}`);
      },
      sometimes: () => undefined,
      buggify: () => false,
    },
  };
}

export interface FakeCloud {
  readonly network: FakeNetwork;
  readonly events: FakeEvent[];
  readonly endpoint: Endpoint;
}

/** One process with these services, started. */
export async function fakeProcess(
  options: Partial<EndpointOptions> & Pick<EndpointOptions, 'services'>,
  network: FakeNetwork = new Map(),
): Promise<FakeCloud> {
  const region = options.region ?? 'eu-central-1';
  const events: FakeEvent[] = [];
  const endpoint = createEndpoint({
    io: fakeIo(region, network, events),
    region,
    accountId: '000000000000',
    auth: { mode: 'open' },
    regions: ['eu-central-1'],
    globalServices: new Set(),
    ...options,
  });
  await endpoint.start();
  return { network, events, endpoint };
}

export interface FakeServer {
  readonly url: string;
  close(): Promise<void>;
}

/** A real HTTP server on loopback that asks `handle`. */
export async function listen(handle: Handler): Promise<FakeServer> {
  const server = createServer((incoming, outgoing) => {
    const parts: Buffer[] = [];
    incoming.on('data', (part: Buffer) => parts.push(part));
    incoming.on('end', async () => {
      const headers: Record<string, string> = {};
      for (const [name, value] of Object.entries(incoming.headers)) {
        headers[name] = Array.isArray(value) ? value.join(', ') : (value ?? '');
      }
      const request: HttpRequest = {
        method: incoming.method ?? 'GET',
        path: incoming.url ?? '/',
        headers,
        body: Buffer.concat(parts),
      };
      const response = await handle(request, 'test');
      outgoing.writeHead(response.status, response.headers as Record<string, string | string[]>);
      outgoing.end(response.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
