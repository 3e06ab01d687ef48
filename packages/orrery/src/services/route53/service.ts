/**
 * Route 53: the service on one screen. Registers the operations, and ties the two planes together:
 * the control plane writes its own store and hands what is to be served to `Propagation`; the data
 * plane (name servers and health checkers) lives on what has been propagated.
 */
import { jsonHandler } from '../../endpoint/internal-json.ts';
import { type Operation, type Service, ServiceError } from '../../endpoint/service.ts';
import type { Handler, Io } from '../../io/io.ts';
import json from '../../wire/generated/route53.json' with { type: 'json' };
import { asModel } from '../../wire/models.ts';
import type { GeoDatabase } from '../../world/geo-database.ts';
import { placeToRegionRttMs } from '../../world/latency.ts';
import { type Place, placeByName } from '../../world/places.ts';
import type { HealthChecksResponse, RoutingControlsResponse } from './api.ts';
import { changeResourceRecordSets } from './control-plane/change-resource-record-sets.ts';
import {
  changeCidrCollection,
  createCidrCollection,
  deleteCidrCollection,
  listCidrBlocks,
  listCidrCollections,
  listCidrLocations,
} from './control-plane/cidr-collections.ts';
import { getGeoLocation, listGeoLocations } from './control-plane/geo-locations.ts';
import {
  getCheckerIpRanges,
  getHealthCheckLastFailureReason,
  getHealthCheckStatus,
} from './control-plane/health-check-status.ts';
import {
  createHealthCheck,
  deleteHealthCheck,
  getHealthCheck,
  getHealthCheckCount,
  listHealthChecks,
  updateHealthCheck,
} from './control-plane/health-checks.ts';
import {
  createHostedZone,
  deleteHostedZone,
  getHostedZone,
  getHostedZoneCount,
  listHostedZones,
  listHostedZonesByName,
  updateHostedZoneComment,
} from './control-plane/hosted-zones.ts';
import { getAccountLimit, getHostedZoneLimit } from './control-plane/limits.ts';
import { getChange, listResourceRecordSets } from './control-plane/list-resource-record-sets.ts';
import type { ControlPlane } from './control-plane/plane.ts';
import { Propagation } from './control-plane/propagation.ts';
import {
  changeTagsForResource,
  listTagsForResource,
  listTagsForResources,
} from './control-plane/tags.ts';
import { testDnsAnswer } from './control-plane/test-dns-answer.ts';
import { associateVpc, disassociateVpc, listHostedZonesByVpc } from './control-plane/vpcs.ts';
import { buildIndexes } from './control-plane/zone-index.ts';
import { DataPlane } from './data-plane/data-plane.ts';
import type { QuerySource } from './data-plane/dns-server.ts';
import type { BiasFormula } from './data-plane/geoproximity.ts';

export interface Route53Options {
  /** Route 53's API shows no account; taken so that all services are made alike. */
  readonly accountId?: string;
  /** Health-check intervals, TTLs and propagation are divided by it; 1 unless told otherwise. */
  readonly timeScale?: number;
  /** From PENDING to INSYNC, before the time scale; 500 unless told otherwise. */
  readonly propagationMs?: number;
  /** Where addresses of real clients are; a small table of well-known blocks if absent. */
  readonly geoDatabase?: GeoDatabase;
  /** Round-trip milliseconds that latency routing goes by; `world/latency.ts` if absent. */
  readonly latencyMs?: (place: Place, region: string) => number;
  /**
   * Equal answers a second that one network gets over UDP; 0 is no limit. 1000 if absent, and then
   * askers on this machine are not limited.
   */
  readonly dnsRateLimit?: number;
  /** How a negative bias of geoproximity counts; as AWS's guide of 2026 says if absent. */
  readonly biasFormula?: BiasFormula;
  /** Whether a change of health tells, as events, which places are sent elsewhere; no if absent. */
  readonly watchesAnswers?: boolean;
  /** Whether health checkers wait for `startProbing`, until what they probe is up; no if absent. */
  readonly holdsProbes?: boolean;
  /** Where an asker of unknown whereabouts is taken to be: a place's name; `ashburn` if absent. */
  readonly defaultPlace?: string;
}

export interface Route53Service extends Service {
  /** The answer to a DNS packet, or undefined where none must be sent. Never throws. */
  answer(packet: Uint8Array, source: QuerySource): Uint8Array | undefined;
  /** Lets health checkers begin that were held; no effect on others. */
  startProbing(): void;
  /** As `answer`, for datagrams, whose sender may be forged: within `dnsRateLimit`. */
  answerDatagram(packet: Uint8Array, source: QuerySource): Uint8Array | undefined;
}

/** Opens the stores `route53` and `route53-dns`, and serves what they hold. */
export async function createRoute53Service(
  io: Io,
  options: Route53Options = {},
): Promise<Route53Service> {
  const timeScale = options.timeScale ?? 1;
  const defaultPlace = placeByName(options.defaultPlace ?? 'ashburn');
  if (defaultPlace === undefined) throw new RangeError(`no such place: ${options.defaultPlace}`);
  const data = await DataPlane.open(io, {
    timeScale,
    defaultPlace,
    geoDatabase: options.geoDatabase,
    latencyMs: options.latencyMs ?? placeToRegionRttMs,
    biasFormula: options.biasFormula ?? '2026',
    rateLimit: rateLimitOf(options),
    watchesAnswers: options.watchesAnswers === true,
  });
  const store = await io.storage.open('route53');
  buildIndexes(store);
  const delayMs = (options.propagationMs ?? 500) / timeScale;
  const propagation = new Propagation(io, store, data.state, delayMs);
  const plane: ControlPlane = { io, store, propagation };
  const answer = (packet: Uint8Array, source: QuerySource) => data.answer(packet, source);
  const operations = {
    CreateHostedZone: createHostedZone(plane),
    GetHostedZone: getHostedZone(plane),
    GetHostedZoneCount: getHostedZoneCount(plane),
    ListHostedZones: listHostedZones(plane),
    ListHostedZonesByName: listHostedZonesByName(plane),
    UpdateHostedZoneComment: updateHostedZoneComment(plane),
    DeleteHostedZone: deleteHostedZone(plane),
    AssociateVPCWithHostedZone: associateVpc(plane),
    DisassociateVPCFromHostedZone: disassociateVpc(plane),
    ListHostedZonesByVPC: listHostedZonesByVpc(plane),
    GetAccountLimit: getAccountLimit(plane),
    GetHostedZoneLimit: getHostedZoneLimit(plane),
    ChangeResourceRecordSets: changeResourceRecordSets(plane),
    ListResourceRecordSets: listResourceRecordSets(plane),
    GetChange: getChange(plane),
    TestDNSAnswer: testDnsAnswer(plane, answer, defaultPlace),
    CreateHealthCheck: createHealthCheck(plane),
    GetHealthCheck: getHealthCheck(plane),
    GetHealthCheckCount: getHealthCheckCount(plane),
    ListHealthChecks: listHealthChecks(plane),
    UpdateHealthCheck: updateHealthCheck(plane),
    DeleteHealthCheck: deleteHealthCheck(plane),
    GetHealthCheckStatus: getHealthCheckStatus(plane, data.checkers),
    GetHealthCheckLastFailureReason: getHealthCheckLastFailureReason(plane, data.checkers),
    GetCheckerIpRanges: getCheckerIpRanges(),
    CreateCidrCollection: createCidrCollection(plane),
    ChangeCidrCollection: changeCidrCollection(plane),
    ListCidrCollections: listCidrCollections(plane),
    ListCidrLocations: listCidrLocations(plane),
    ListCidrBlocks: listCidrBlocks(plane),
    DeleteCidrCollection: deleteCidrCollection(plane),
    GetGeoLocation: getGeoLocation(),
    ListGeoLocations: listGeoLocations(),
    ChangeTagsForResource: changeTagsForResource(plane),
    ListTagsForResource: listTagsForResource(plane),
    ListTagsForResources: listTagsForResources(plane),
  } satisfies Record<string, Operation>;
  return {
    name: 'route53',
    model: asModel(json),
    operations,
    internal: { dns: dnsHandler(data), 'route53-internal': internalHandler(data) },
    answer,
    startProbing: () => data.start(),
    answerDatagram: (packet, source) => data.answerDatagram(packet, source),
    start: async () => {
      propagation.start();
      if (options.holdsProbes !== true) data.start();
    },
    stop: async () => {
      propagation.stop();
      data.stop();
      await store.close();
      await data.state.close();
    },
  };
}

/** Askers on this machine are limited only where somebody asked for it: load tests come from here. */
function rateLimitOf({ dnsRateLimit: perSecond }: Route53Options) {
  return { perSecond: perSecond ?? 1000, includesLoopback: perSecond !== undefined };
}

/** DNS over this cloud's network: what the client proxy and functions without sockets use. */
function dnsHandler(data: DataPlane): Handler {
  return (request) => {
    const ip = request.headers['x-orrery-source'] ?? '';
    const tcp = request.headers['x-orrery-transport'] === 'tcp';
    const packet = data.answer(request.body, { ip, tcp });
    const headers = { 'content-type': 'application/dns-message' };
    return packet === undefined
      ? { status: 204, headers: {}, body: new Uint8Array(0) }
      : { status: 200, headers, body: packet };
  };
}

function internalHandler(data: DataPlane): Handler {
  const text = (value: unknown): string | undefined =>
    typeof value === 'string' && value !== '' ? value : undefined;
  const texts = (value: unknown): readonly string[] =>
    Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
  const orInvalid = <T>(result: T | string): T => {
    if (typeof result === 'string') throw new ServiceError('InvalidInput', result);
    return result;
  };
  return jsonHandler({
    '/explain': ({ name, type, place, ip, vpc, down }) => {
      const who = { place: text(place), ip: text(ip), vpc: text(vpc), down: texts(down) };
      return orInvalid(data.explain(text(name) ?? '', text(type) ?? 'A', who));
    },
    '/world': ({ name, type, down }) =>
      orInvalid(data.world(text(name) ?? '', text(type) ?? 'A', texts(down))),
    '/routing-controls': (): RoutingControlsResponse => ({
      routingControls: data.routingControls(),
    }),
    '/routing-control': async ({ arn, on }) => {
      if (text(arn) === undefined || typeof on !== 'boolean') {
        throw new ServiceError('InvalidInput', 'arn (a text) and on (true or false) are required');
      }
      return orInvalid(await data.setRoutingControl(String(arn), on));
    },
    '/health-checks': (): HealthChecksResponse => ({ healthChecks: data.checkers.states() }),
  });
}
