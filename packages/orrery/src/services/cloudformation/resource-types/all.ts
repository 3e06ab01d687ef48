/** Every resource type that is built, by its name. */
import { api, integration, route, stage } from './api-gateway-v2.ts';
import { apiMapping, domainName } from './api-gateway-v2-domain.ts';
import { bucket } from './bucket.ts';
import { cdkMetadata } from './cdk-metadata.ts';
import { certificate } from './certificate.ts';
import { globalTable } from './dynamodb-global-table.ts';
import { table } from './dynamodb-table.ts';
import { eventSourceMapping } from './event-source-mapping.ts';
import { healthCheck } from './health-check.ts';
import { hostedZone } from './hosted-zone.ts';
import { policy, role } from './iam.ts';
import { lambdaFunction } from './lambda-function.ts';
import { lambdaPermission } from './lambda-permission.ts';
import { logGroup } from './log-group.ts';
import { recordSet, recordSetGroup } from './record-set.ts';
import type { ResourceType } from './resource-type.ts';
import { ssmParameter } from './ssm-parameter.ts';

const all: readonly ResourceType[] = [
  api,
  apiMapping,
  bucket,
  cdkMetadata,
  certificate,
  domainName,
  eventSourceMapping,
  globalTable,
  healthCheck,
  hostedZone,
  integration,
  lambdaFunction,
  lambdaPermission,
  logGroup,
  policy,
  recordSet,
  recordSetGroup,
  role,
  route,
  ssmParameter,
  stage,
  table,
];

export const resourceTypes: ReadonlyMap<string, ResourceType> = new Map(
  all.map((type) => [type.name, type]),
);
