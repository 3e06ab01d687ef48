/**
 * One region: its services, registered in the order in which a request passes them.
 * Given an `io`; never picks one. Owns no behaviour of its own.
 */
import { createEndpoint, type Endpoint } from '../endpoint/endpoint.ts';
import type { Service } from '../endpoint/service.ts';
import type { Io } from '../io/io.ts';
import { createAcmService } from '../services/acm/service.ts';
import { createApiGatewayService } from '../services/api-gateway/service.ts';
import { createCloudFormationService } from '../services/cloudformation/service.ts';
import { createDynamoDbService } from '../services/dynamodb/service.ts';
import { createGlobalTablesService } from '../services/global-tables/service.ts';
import { createLambdaService } from '../services/lambda/service.ts';
import { createLogsService } from '../services/logs/service.ts';
import { createS3Service } from '../services/s3/service.ts';
import { createSsmService } from '../services/ssm/service.ts';
import { regionIp } from '../world/addresses.ts';
import {
  accountId,
  authOf,
  type CloudSettings,
  functionCredentials,
  globalServices,
} from './options.ts';

/** Opens a region's stores, registers its services on `io.network` and starts them. */
export async function openRegion(io: Io, settings: CloudSettings): Promise<Endpoint> {
  const region = io.location;
  const common = { accountId, region };
  const endpointUrl = `http://${regionIp(region)}:${settings.port}`;
  const { timeScale } = settings;
  const dynamoDb = await createDynamoDbService(io, { ...common, capacity: settings.capacity });
  const services: readonly Service[] = await Promise.all([
    // They stop in reverse: what others write to as they end stands first.
    createLogsService(io, common),
    createS3Service(io, common),
    createSsmService(io, common),
    createAcmService(io, common),
    // route53 → api-gateway → lambda → dynamodb → global-tables → (peer region)
    createApiGatewayService(io, common),
    createLambdaService(io, {
      ...common,
      endpointUrl,
      timeScale,
      credentials: functionCredentials,
    }),
    dynamoDb,
    dynamoDb.streams,
    createGlobalTablesService(io, { region }),
    createCloudFormationService(io, common),
  ]);
  const endpoint = createEndpoint({
    io,
    region,
    accountId,
    services,
    auth: authOf(settings),
    regions: settings.regions,
    globalServices,
  });
  await endpoint.start();
  return endpoint;
}
