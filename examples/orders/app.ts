/**
 * Orders, active in three regions at once: the app that a client reaches by one name,
 * `api.<domain>`, and that keeps taking orders when a region is gone.
 *
 *   OrdersGlobal     the hosted zone, the proof of the domain, and the table with a replica in
 *                    every region (in the first region of the list)
 *   Orders-<region>  HTTP API, function, custom domain, health check and latency record
 *
 * No stack refers to a resource of another: the table has a fixed name and the zone is found by
 * its name. So the regions deploy side by side, and one of them can be away while another deploys.
 */
import { App, type Environment } from 'aws-cdk-lib';
import { GlobalStack } from './stacks/global-stack.ts';
import { RegionalStack } from './stacks/regional-stack.ts';

const app = new App();
const domainName: string =
  app.node.tryGetContext('domainName') ?? process.env['ORDERS_DOMAIN'] ?? 'orders.test';
const hostedZoneId: string | undefined = app.node.tryGetContext('hostedZoneId');

/** The account of whoever deploys; the CDK finds it. */
function environment(region: string): Environment {
  const account = process.env['CDK_DEFAULT_ACCOUNT'];
  return account === undefined ? { region } : { account, region };
}

const regions = ['us-east-1', 'eu-central-1', 'ap-northeast-1'] as const;

const globalStack = new GlobalStack(app, 'OrdersGlobal', {
  env: environment(regions[0]),
  domainName,
  hostedZoneId,
  replicaRegions: regions.slice(1),
});

for (const region of regions) {
  const stack = new RegionalStack(app, `Orders-${region}`, {
    env: environment(region),
    domainName,
  });
  stack.addStackDependency(globalStack);
}
