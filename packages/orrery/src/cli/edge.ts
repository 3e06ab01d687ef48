/**
 * The edge with its sockets: the global endpoint, DNS, the client proxy. Owns the listeners and how
 * a client in a place reaches a region. Refuses to own the services (`regions/edge.ts`).
 */
import {
  ControlError,
  type ExplainQuestion,
  type HealthCheckStatus,
  type WorldQuestion,
} from '../admin/api.ts';
import { ServiceError } from '../endpoint/service.ts';
import type { Closer } from '../io/io.ts';
import { listenDns } from '../io/node/listen-dns.ts';
import { listenHttp } from '../io/node/listen-http.ts';
import type { NodeIo } from '../io/node/node-io.ts';
import { createClientResolver, type Remembered } from '../regions/client-resolver.ts';
import { createClientWatch } from '../regions/client-watch.ts';
import { openEdgeServices } from '../regions/edge.ts';
import { createEdgeDoor } from '../regions/edge-door.ts';
import { callInternal } from '../regions/gather.ts';
import { hostNamesOf } from '../regions/host-names.ts';
import type { CloudSettings } from '../regions/options.ts';
import type {
  RoutingControlState,
  RoutingControlsResponse,
  World,
} from '../services/route53/api.ts';
import type { GeoDatabase } from '../world/geo-database.ts';
import { listenProxy } from './proxy.ts';

export interface EdgePorts {
  /** 0 takes a free one. */
  readonly dns: number;
  readonly proxy: number;
}

export interface Edge {
  readonly ports: EdgePorts & { readonly endpoint: number };
  explain(question: ExplainQuestion): Promise<unknown>;
  world(question: WorldQuestion): Promise<World>;
  routingControls(): Promise<readonly RoutingControlState[]>;
  setRoutingControl(name: string, on: boolean): Promise<RoutingControlState>;
  healthChecks(): Promise<readonly HealthCheckStatus[]>;
  hostNames(): Promise<readonly string[]>;
  /** What the resolvers of clients remember, newest first. */
  lookups(limit: number): readonly Remembered[];
  /** Whether the name servers drop every query of clients. Health checkers go on. */
  silenceDns(silent: boolean): void;
  /** Lets health checkers begin: what they probe is up. */
  startProbing(): void;
  close(): Promise<void>;
}

/** Opens the services and takes the ports. Rejects with words where one is taken. */
export async function openEdge(
  io: NodeIo,
  settings: CloudSettings,
  { ports, dataDir }: { readonly ports: EdgePorts; readonly dataDir: string },
): Promise<Edge> {
  const geoDatabase = await geoDatabaseOf(settings.geoip);
  const { endpoint, route53 } = await openEdgeServices(io, settings, geoDatabase);
  const open: Closer[] = [{ close: () => endpoint.stop() }];
  const close = async (): Promise<void> => {
    for (const one of open.splice(0).toReversed()) await one.close();
  };
  const onBug = (error: unknown): void => {
    io.probe.always(false, error instanceof Error ? (error.stack ?? error.message) : String(error));
  };
  const host = '127.0.0.1';
  try {
    let isDnsSilent = false;
    const resolver = createClientResolver({
      clock: io.clock,
      random: io.random.split('client-resolver'),
      timeScale: settings.timeScale,
      settings: settings.resolver,
      // As over TCP: a resolver asks again that way where an answer is too long for UDP.
      answer: (packet) =>
        isDnsSilent ? undefined : route53.answer(packet, { ip: host, tcp: true }),
    });
    let endpointPort = settings.port;
    const door = createEdgeDoor(io, settings, resolver, () => endpointPort);
    const http = await listenHttp({
      what: 'the AWS endpoint',
      host,
      port: settings.port,
      portOption: '--port',
      handler: (request) => door.answer(request) ?? endpoint.handle(request, 'global'),
      onBug,
    });
    endpointPort = http.port;
    open.push(http);
    const dns = await listenDns({
      what: 'the DNS server of Route 53',
      host,
      port: ports.dns,
      portOption: '--dns-port',
      answer: (packet, source) => {
        if (isDnsSilent) return undefined;
        // Over TCP a sender is who it says.
        return source.tcp ? route53.answer(packet, source) : route53.answerDatagram(packet, source);
      },
      onBug,
    });
    open.push(dns);
    const watch = createClientWatch(io.probe, io.clock);
    const proxyOptions = { settings, port: ports.proxy, dataDir, resolver, watch, onBug };
    const proxy = await listenProxy(io, proxyOptions);
    open.push(proxy);
    return {
      ports: { endpoint: http.port, dns: dns.port, proxy: proxy.port },
      explain: (question) => internal(io, '/explain', question),
      world: (question) => internal(io, '/world', question),
      routingControls: async () =>
        (await internal<RoutingControlsResponse>(io, '/routing-controls', {})).routingControls,
      setRoutingControl: (arn, on) => internal(io, '/routing-control', { arn, on }),
      healthChecks: async () =>
        (await internal<{ healthChecks: readonly HealthCheckStatus[] }>(io, '/health-checks', {}))
          .healthChecks,
      hostNames: () => hostNamesOf(io),
      lookups: (limit) => resolver.remembered(limit),
      startProbing: () => route53.startProbing(),
      silenceDns: (silent) => {
        isDnsSilent = silent;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Loaded on demand: few need the reader. */
async function geoDatabaseOf(path: string | undefined): Promise<GeoDatabase | undefined> {
  if (path === undefined) return undefined;
  return (await import('./geo-files.ts')).readGeoDatabase(path);
}

/** Asks Route 53's own address; what it refuses is the caller's mistake. */
async function internal<T>(io: NodeIo, path: string, body: unknown): Promise<T> {
  try {
    const to = { region: 'global', service: 'route53-internal' };
    return await callInternal<T>(io, to, path, body);
  } catch (error) {
    const isCallers = error instanceof ServiceError && error.status === 400;
    throw isCallers ? new ControlError(error.message) : error;
  }
}
