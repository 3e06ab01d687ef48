/** The orders example on the real services, all regions in one process and in virtual time. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, describe, it } from 'node:test';
import type { Service } from '../../endpoint/service.ts';
import type { Io } from '../../io/io.ts';
import type { SimulatedChild } from '../../io/simulated/processes.ts';
import { createAcmService } from '../../services/acm/service.ts';
import { createApiGatewayService } from '../../services/api-gateway/service.ts';
import { type FakeCloud, fakeCloud } from '../../services/cloudformation/cloud.fake.ts';
import { createCloudFormationService } from '../../services/cloudformation/service.ts';
import { createDynamoDbService } from '../../services/dynamodb/service.ts';
import { createGlobalTablesService } from '../../services/global-tables/service.ts';
import { createIamService } from '../../services/iam/service.ts';
import { createLambdaService } from '../../services/lambda/service.ts';
import { createLogsService } from '../../services/logs/service.ts';
import { createRoute53Service } from '../../services/route53/service.ts';
import { createS3Service } from '../../services/s3/service.ts';
import { createSsmService } from '../../services/ssm/service.ts';
import { createStsService } from '../../services/sts/service.ts';
import type { AppStack, Asset } from './cloud-assembly.ts';
import { type DeployEvent, type DeployOptions, deployApp, undeployApp } from './deploy.ts';
import { loadApp } from './load-app.ts';
import { zipDirectory } from './zip-directory.ts';

const accountId = '000000000000';
const regions = ['us-east-1', 'eu-central-1', 'ap-northeast-1'];
const scratch = mkdtempSync(join(tmpdir(), 'orrery-deploy-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

/** Plays any function: answers every event with its route. */
async function program(child: SimulatedChild): Promise<void> {
  const path = '/2018-06-01/runtime/invocation';
  for (;;) {
    const next = await child.request({
      method: 'GET',
      path: `${path}/next`,
      headers: {},
      body: new Uint8Array(),
    });
    const event = JSON.parse(Buffer.from(next.body).toString()) as { routeKey: string };
    const region = child.environment['AWS_REGION'];
    const answer = { statusCode: 200, body: `${event.routeKey} in ${region}` };
    const id = String(next.headers['lambda-runtime-aws-request-id']);
    const body = Buffer.from(JSON.stringify(answer));
    await child.request({ method: 'POST', path: `${path}/${id}/response`, headers: {}, body });
  }
}

async function regionServices(io: Io, region: string): Promise<readonly Service[]> {
  const common = { accountId, region };
  return [
    await createApiGatewayService(io, common),
    await createLambdaService(io, { ...common, endpointUrl: 'http://127.0.1.1:4566' }),
    await createDynamoDbService(io, common),
    await createGlobalTablesService(io, common),
    await createCloudFormationService(io, common),
    await createS3Service(io, common),
    await createSsmService(io, common),
    await createAcmService(io, common),
    await createLogsService(io, common),
  ];
}

async function cloud(): Promise<FakeCloud> {
  return await fakeCloud({
    regions,
    regionServices,
    edgeServices: async (io) => [
      await createRoute53Service(io, {}),
      await createIamService(io),
      createStsService(io),
    ],
    findProgram: () => program,
  });
}

const path = resolve(import.meta.dirname, '../../../../../examples/orders/app.ts');
const { stacks } = await loadApp(path, { outDirectory: join(scratch, 'orders.out') });

/** Disks are real, and virtual time does not wait for them: read before. */
const bodies = new Map<string, Uint8Array>();
for (const { path: directory } of stacks.flatMap(({ assets }) => assets)) {
  bodies.set(directory, await zipDirectory(directory));
}
const readAsset = (asset: Asset): Promise<Uint8Array> =>
  Promise.resolve(bodies.get(asset.path) ?? new Uint8Array());

interface Run {
  readonly actions: readonly string[];
  readonly events: readonly DeployEvent[];
  readonly ms: number;
}

async function deploy(
  on: FakeCloud,
  what: readonly AppStack[],
  more: DeployOptions = {},
): Promise<Run> {
  const events: DeployEvent[] = [];
  const startUs = on.universe.nowUs;
  const deployed = await on.perform((io) =>
    deployApp(io, what, { readAsset, report: (event) => events.push(event), ...more }),
  );
  return {
    actions: deployed.map(({ name, action }) => `${name} ${action}`).sort(),
    events,
    ms: (on.universe.nowUs - startUs) / 1000,
  };
}

const every = (action: string): string[] =>
  ['Orders-ap-northeast-1', 'Orders-eu-central-1', 'Orders-us-east-1', 'OrdersGlobal'].map(
    (name) => `${name} ${action}`,
  );

/** The front door of a region, by the host name of a client's request. */
async function get(on: FakeCloud, region: string, host: string, url: string) {
  const response = await on.perform((io) =>
    io.network.request(
      { region, service: 'front-door' },
      { method: 'GET', path: url, headers: { host }, body: new Uint8Array() },
      { deadlineMs: 30_000 },
    ),
  );
  return `${response.status} ${Buffer.from(response.body).toString()}`;
}

describe('the orders example', () => {
  it('is deployed to three regions, is not touched again, changes, and goes', async () => {
    const on = await cloud();
    const first = await deploy(on, stacks);
    assert.deepEqual(first.actions, every('create'));
    assert.deepEqual(first.events[0], {
      ...first.events[0],
      kind: 'assets',
      uploaded: 3,
      present: 0,
    });

    for (const region of regions) {
      const table = await on.call<{ Table: { TableStatus: string } }>(
        'dynamodb',
        'DescribeTable',
        { TableName: 'orders' },
        region,
      );
      assert.equal(table.Table.TableStatus, 'ACTIVE');
      assert.equal(
        await get(on, region, 'api.orders.test', '/health'),
        `200 GET /health in ${region}`,
      );
      assert.equal(
        await get(on, region, 'api.orders.test', '/orders/7'),
        `200 GET /orders/{id} in ${region}`,
      );
    }
    const { HostedZones } = await on.call<{ HostedZones: { Id: string; Name: string }[] }>(
      'route53',
      'ListHostedZones',
      {},
    );
    assert.deepEqual(
      HostedZones.map(({ Name }) => Name),
      ['orders.test.'],
    );
    const records = await on.call<{ ResourceRecordSets: { Region?: string }[] }>(
      'route53',
      'ListResourceRecordSets',
      { HostedZoneId: HostedZones[0]?.Id.replace('/hostedzone/', '') },
    );
    const served = records.ResourceRecordSets.flatMap(({ Region }) => Region ?? []);
    assert.deepEqual(served.sort(), [...regions].sort());

    const again = await deploy(on, stacks);
    assert.deepEqual(again.actions, every('unchanged'));
    assert.deepEqual(again.events[0], { ...again.events[0], uploaded: 0, present: 3 });

    const changed = stacks.map((stack) => ({
      ...stack,
      templateBody: stack.templateBody.replace('"MemorySize": 512', '"MemorySize": 1024'),
    }));
    const update = await deploy(on, changed);
    assert.deepEqual(update.actions, [...every('update').slice(0, 3), 'OrdersGlobal unchanged']);
    const { FunctionName } = await functionOf(on, 'eu-central-1');
    const { MemorySize } = await on.call<{ MemorySize: number }>(
      'lambda',
      'GetFunctionConfiguration',
      { FunctionName },
      'eu-central-1',
    );
    assert.equal(MemorySize, 1024);

    await on.perform((io) => undeployApp(io, stacks));
    for (const region of regions) {
      const tables = await on.call('dynamodb', 'ListTables', {}, region);
      assert.deepEqual(tables, { TableNames: [] });
      assert.deepEqual(await on.call('lambda', 'ListFunctions', {}, region), { Functions: [] });
    }
    assert.equal((await on.call<{ Roles: object[] }>('iam', 'ListRoles', {})).Roles.length, 0);
    const zones = await on.call<{ HostedZones: object[] }>('route53', 'ListHostedZones', {});
    assert.equal(zones.HostedZones.length, 0);
    assert.deepEqual(on.universe.failures, []);
  });

  it('goes on after a crash in the middle, whenever that is', async () => {
    const whole = await cloud();
    const beganUs = whole.universe.nowUs;
    await deploy(whole, stacks);
    const wholeMs = (whole.universe.nowUs - beganUs) / 1000;
    for (const share of [0.001, 0.01, 0.03, 0.1, 0.25, 0.5, 0.7, 0.8, 0.85, 0.9]) {
      const atMs = Math.round(wholeMs * share);
      for (const victim of ['region/us-east-1', 'edge']) {
        const on = await cloud();
        on.universe.at(on.universe.nowUs + atMs * 1000, 'crash', () => on.universe.crash(victim));
        const what = `${victim} crashes after ${atMs} ms`;
        await assert.rejects(deploy(on, stacks), { name: 'AppError' }, what);
        on.universe.restart(victim);
        await on.universe.runUntil(on.universe.nowUs + 2_000_000);
        await deploy(on, stacks);
        for (const region of regions) {
          const answer = await get(on, region, 'api.orders.test', '/orders');
          assert.equal(answer, `200 GET /orders in ${region}`, what);
        }
        await on.perform((io) => undeployApp(io, stacks));
        assert.deepEqual(await on.call('dynamodb', 'ListTables', {}), { TableNames: [] }, what);
      }
    }
  });

  it('waits for an edge that restarts', async () => {
    for (const atMs of [100, 1700, 3100, 3200, 3250, 3300, 3500]) {
      const on = await cloud();
      const startUs = on.universe.nowUs;
      on.universe.at(startUs + atMs * 1000, 'crash', () => on.universe.crash('edge'));
      on.universe.at(startUs + (atMs + 2000) * 1000, 'restart', () => on.universe.restart('edge'));
      const { actions } = await deploy(on, stacks);
      assert.deepEqual(actions, every('create'), `a crash after ${atMs} ms`);
      const { ResourceRecordSets } = await on.call<{ ResourceRecordSets: object[] }>(
        'route53',
        'ListResourceRecordSets',
        { HostedZoneId: await zoneId(on) },
      );
      assert.equal(ResourceRecordSets.length, 5, 'NS, SOA and a record per region');
    }
  });

  it('needs the regions that it names', async () => {
    const on = await cloud();
    await assert.rejects(
      deploy(on, stacks, { regions: ['us-east-1', 'eu-central-1'] }),
      /Orders-ap-northeast-1 belongs to ap-northeast-1\nStart with --regions us-east-1,eu-central-1,ap-northeast-1/,
    );
  });

  it('that fails says which resource and why, and can be deployed again', async () => {
    const on = await cloud();
    const broken = stacks.map((stack) => ({
      ...stack,
      templateBody: stack.templateBody.replaceAll('nodejs24.x', 'nodejs4.x'),
    }));
    await assert.rejects(deploy(on, broken), (error: Error) => {
      assert.equal(error.name, 'AppError');
      assert.match(error.message, /Orders-us-east-1 \(us-east-1\): ROLLBACK_COMPLETE/);
      assert.match(error.message, /Handler886CB40B \(AWS::Lambda::Function\): .*nodejs4\.x/);
      return true;
    });
    const { actions } = await deploy(on, stacks);
    assert.deepEqual(actions, [...every('create').slice(0, 3), 'OrdersGlobal unchanged']);
  });
});

async function zoneId(on: FakeCloud): Promise<string> {
  const { HostedZones } = await on.call<{ HostedZones: { Id: string }[] }>(
    'route53',
    'ListHostedZones',
    {},
  );
  assert.equal(HostedZones.length, 1);
  return HostedZones[0]?.Id.replace('/hostedzone/', '') ?? '';
}

async function functionOf(on: FakeCloud, region: string): Promise<{ FunctionName: string }> {
  const { Functions } = await on.call<{ Functions: { FunctionName: string }[] }>(
    'lambda',
    'ListFunctions',
    {},
    region,
  );
  assert.equal(Functions.length, 1);
  return { FunctionName: Functions[0]?.FunctionName ?? '' };
}
