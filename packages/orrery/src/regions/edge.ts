/**
 * The edge: Route 53 and the other services that AWS has once, not per region.
 * Given an `io`; never picks one. Owns no behaviour of its own.
 */
import { createEndpoint, type Endpoint } from '../endpoint/endpoint.ts';
import type { Io } from '../io/io.ts';
import { createIamService } from '../services/iam/service.ts';
import {
  createRoute53Service,
  type Route53Options,
  type Route53Service,
} from '../services/route53/service.ts';
import { createStsService } from '../services/sts/service.ts';
import type { GeoDatabase } from '../world/geo-database.ts';
import { latencyNetworks } from '../world/latency-table.ts';
import { placeByName } from '../world/places.ts';
import { accountId, authOf, type CloudSettings, globalServices } from './options.ts';

export interface EdgeServices {
  readonly endpoint: Endpoint;
  readonly route53: Route53Service;
}

/**
 * Opens the global services' stores, registers them on `io.network` and starts them. A geo-IP
 * database places addresses that are not Orrery's own.
 */
export async function openEdgeServices(
  io: Io,
  settings: CloudSettings,
  geoDatabase?: GeoDatabase,
): Promise<EdgeServices> {
  const { timeScale, defaultPlace, dnsRateLimit } = settings;
  const route53 = await createRoute53Service(io, {
    accountId,
    timeScale,
    defaultPlace,
    watchesAnswers: true,
    holdsProbes: true,
    ...(dnsRateLimit !== undefined && { dnsRateLimit }),
    ...worldOf(settings, geoDatabase),
  });
  const services = [route53, await createIamService(io), createStsService(io)];
  const endpoint = createEndpoint({
    io,
    region: 'global',
    accountId,
    services,
    auth: authOf(settings),
    regions: settings.regions,
    globalServices,
  });
  await endpoint.start();
  return { endpoint, route53 };
}

/** Where clients are, and how far from the regions: the user's files over the model. */
function worldOf(
  { latencyTable, defaultPlace }: CloudSettings,
  geoDatabase: GeoDatabase | undefined,
): Pick<Route53Options, 'geoDatabase' | 'latencyMs'> {
  const place = placeByName(defaultPlace);
  if (latencyTable === undefined || place === undefined) {
    return geoDatabase === undefined ? {} : { geoDatabase };
  }
  const { database, rttMs } = latencyNetworks(latencyTable, geoDatabase, place);
  return { geoDatabase: database, latencyMs: rttMs };
}
