/**
 * The edge: Route 53 and the other services that AWS has once, not per region.
 * Given an `io`; never picks one. Owns no behaviour of its own.
 */
import { createEndpoint, type Endpoint } from '../endpoint/endpoint.ts';
import type { Io } from '../io/io.ts';
import { createIamService } from '../services/iam/service.ts';
import { createRoute53Service, type Route53Service } from '../services/route53/service.ts';
import { createStsService } from '../services/sts/service.ts';
import { accountId, authOf, type CloudSettings, globalServices } from './options.ts';

export interface EdgeServices {
  readonly endpoint: Endpoint;
  readonly route53: Route53Service;
}

/** Opens the global services' stores, registers them on `io.network` and starts them. */
export async function openEdgeServices(io: Io, settings: CloudSettings): Promise<EdgeServices> {
  const { timeScale, defaultPlace } = settings;
  const route53 = await createRoute53Service(io, { accountId, timeScale, defaultPlace });
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
