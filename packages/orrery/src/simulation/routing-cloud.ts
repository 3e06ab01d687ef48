/**
 * Route 53 as a whole (API, health checkers, name servers) and the front doors of regions, in virtual
 * time, for `routing.ts`. Owns their processes and the records; refuses to own what goes wrong and what
 * must hold.
 */
import type {
  CreateHealthCheckResponse,
  CreateHostedZoneResponse,
  ResourceRecordSet,
} from '@aws-sdk/client-route-53';
import { callAws } from '../endpoint/aws-call.ts';
import { createEndpoint } from '../endpoint/endpoint.ts';
import type { HttpResponse, Io, Network } from '../io/io.ts';
import type { Universe } from '../io/simulated/universe.ts';
import { createRoute53Service, type Route53Service } from '../services/route53/service.ts';
import { types } from '../wire/dns/constants.ts';
import { clientSubnetOption } from '../wire/dns/edns.ts';
import { parseMessage, queryMessage, serializeMessage } from '../wire/dns/message.ts';
import { dataText } from '../wire/dns/record-data.ts';
import route53Json from '../wire/generated/route53.json' with { type: 'json' };
import { asModel } from '../wire/models.ts';
import { regionIp, regionOfIp } from '../world/addresses.ts';
import type { Place } from '../world/places.ts';
import type { RoutingPlan } from './routing-plan.ts';

const accountId = '000000000000';
const route53Address = { region: 'global', service: 'route53' };
const model = asModel(route53Json);
export const edge = 'edge';
export const administrator = 'administrator';
export const appName = 'api.sim.test';
/** What a status name answers where its region is taken for ill. */
const illIp = '192.0.2.1';

export interface RoutingCloud {
  /** The answer to a packet; undefined where the edge is down. */
  answer(packet: Uint8Array): Uint8Array | undefined;
  /** The regions that a place is answered; undefined where nobody answers. */
  dig(place: Place): readonly string[] | undefined;
  /** Whether Route 53 takes a region for healthy, as DNS answers say. */
  isTakenForWell(region: string, place: Place): boolean | undefined;
}

/** Boots the edge and the doors; `isFailing` says what a door answers at this moment. */
export function bootRouting(
  universe: Universe,
  plan: RoutingPlan,
  isFailing: (region: string) => boolean,
): RoutingCloud {
  let service: Route53Service | undefined;
  universe.spawn(edge, 'global', async (io) => {
    const heard = plan.plant === 'deaf-checkers' ? { ...io, network: deaf(io, plan) } : io;
    const route53 = await createRoute53Service(heard, { accountId });
    const endpoint = createEndpoint({
      io: heard,
      region: 'global',
      accountId,
      services: [route53],
      auth: { mode: 'open' },
      regions: plan.regions,
      globalServices: new Set(['route53']),
    });
    await endpoint.start();
    service = route53;
  });
  universe.spawn(administrator, 'global');
  for (const region of plan.regions) {
    universe.spawn(region, region, async (io) => {
      io.network.serve('front-door', () => response(isFailing(region) ? 503 : 200));
    });
  }
  const answer = (packet: Uint8Array): Uint8Array | undefined =>
    universe.isUp(edge) ? service?.answer(packet, { ip: '127.0.0.1', tcp: true }) : undefined;
  const addresses = (name: string, place: Place): readonly string[] | undefined => {
    const edns = { options: [clientSubnetOption(place.subnet)] };
    const packet = answer(serializeMessage(queryMessage({ id: 1, name, type: types.A, edns })));
    if (packet === undefined) return undefined;
    return parseMessage(packet)
      .answers.filter(({ type }) => type === types.A)
      .map(({ type, data }) => dataText(type, data));
  };
  const first = new Map<Place, readonly string[]>();
  return {
    answer,
    dig: (place) => {
      const found = addresses(appName, place)?.map((ip) => regionOfIp(ip) ?? ip);
      if (plan.plant !== 'stale-answers' || found === undefined) return found;
      if (!first.has(place)) first.set(place, found);
      return first.get(place);
    },
    isTakenForWell: (region, place) => {
      const [ip] = addresses(statusName(region), place) ?? [];
      return ip === undefined ? undefined : ip !== illIp;
    },
  };
}

const statusName = (region: string): string => `${region}.status.sim.test`;

const response = (status: number): HttpResponse => ({
  status,
  headers: {},
  body: new Uint8Array(0),
});

/** The planted bug: whoever asks the first region is told that all is well. */
function deaf(io: Io, plan: RoutingPlan): Network {
  const ip = regionIp(plan.regions[0] ?? '');
  return {
    request: async (to, request, options) =>
      'ip' in to && to.ip === ip ? response(200) : io.network.request(to, request, options),
    connect: (to, options) => io.network.connect(to, options),
    serve: (name, handler) => io.network.serve(name, handler),
  };
}

/** Makes the zone, a health check per region, and the records. */
export async function makeRecords(io: Io, plan: RoutingPlan): Promise<void> {
  const call = <T>(operation: string, input: object): Promise<T> =>
    callAws<T>(io, route53Address, model, operation, input, { deadlineMs: 5_000 });
  await io.timers.sleep(50, 'the edge starts');
  const { HostedZone } = await call<CreateHostedZoneResponse>('CreateHostedZone', {
    Name: 'sim.test',
    CallerReference: 'sim',
  });
  const changes: ResourceRecordSet[] = [];
  for (const [at, region] of plan.regions.entries()) {
    const { HealthCheck } = await call<CreateHealthCheckResponse>('CreateHealthCheck', {
      CallerReference: region,
      HealthCheckConfig: {
        Type: 'HTTP',
        IPAddress: regionIp(region),
        RequestInterval: plan.intervalSeconds,
        FailureThreshold: plan.plant === 'hasty-checkers' ? 1 : plan.failureThreshold,
      },
    });
    const HealthCheckId = HealthCheck?.Id;
    const ResourceRecords = [{ Value: regionIp(region) }];
    const common = { Type: 'A', TTL: plan.ttlSeconds, ResourceRecords, HealthCheckId } as const;
    const set = { Name: appName, SetIdentifier: region, ...routingOf(plan, region, at) };
    if (plan.policy === 'alias') {
      const DNSName = `${region}.pool.sim.test`;
      changes.push({ ...common, Name: DNSName });
      const HostedZoneId = HostedZone?.Id?.replace('/hostedzone/', '');
      const AliasTarget = { HostedZoneId, DNSName, EvaluateTargetHealth: true };
      changes.push({ ...set, Type: 'A', AliasTarget });
    } else changes.push({ ...common, ...set });
    const status = { ...common, Name: statusName(region), TTL: 1 };
    changes.push({ ...status, SetIdentifier: 'well', Failover: 'PRIMARY' });
    changes.push({
      ...{ Name: status.Name, Type: 'A', TTL: 1, SetIdentifier: 'ill', Failover: 'SECONDARY' },
      ResourceRecords: [{ Value: illIp }],
    });
  }
  await call('ChangeResourceRecordSets', {
    HostedZoneId: HostedZone?.Id,
    ChangeBatch: {
      Changes: changes.map((ResourceRecordSet) => ({ Action: 'CREATE', ResourceRecordSet })),
    },
  });
  await io.timers.sleep(1_000, 'the records propagate');
}

function routingOf(plan: RoutingPlan, region: string, at: number): Partial<ResourceRecordSet> {
  switch (plan.policy) {
    case 'alias':
    case 'latency':
      return { Region: region as NonNullable<ResourceRecordSet['Region']> };
    case 'weighted':
      // The last one has weight 0: it answers when all others are ill.
      return { Weight: at === plan.regions.length - 1 ? 0 : 1 + at };
    case 'failover':
      return { Failover: at === 0 ? 'PRIMARY' : 'SECONDARY' };
    case 'multivalue':
      return { MultiValueAnswer: true };
  }
}
