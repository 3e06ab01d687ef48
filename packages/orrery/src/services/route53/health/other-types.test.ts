/** Checks of the types that are no HTTP: TCP, RECOVERY_CONTROL, CLOUDWATCH_METRIC; and partitions. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { regionIp } from '../../../world/addresses.ts';
import type { HealthCheckState } from '../api.ts';
import { records, response, TestCloud } from '../cloud.fake.ts';
import { checkerRegions } from './checkers.ts';

const arn = 'arn:aws:route53-recovery-control::000000000000:controlpanel/a/routingcontrol/b';

async function internal(cloud: TestCloud, path: string, body: object): Promise<unknown> {
  const handler = cloud.service?.internal?.['route53-internal'];
  assert.ok(handler);
  const answered = await cloud.universe.perform(
    'edge',
    async () => {
      const request = {
        method: 'POST',
        path,
        headers: {},
        body: new Uint8Array(Buffer.from(JSON.stringify(body))),
      };
      return handler(request, 'global');
    },
    1000,
  );
  assert.equal(answered?.status, 200, Buffer.from(answered?.body ?? []).toString());
  return JSON.parse(Buffer.from(answered?.body ?? []).toString());
}

async function state(cloud: TestCloud, id: string): Promise<HealthCheckState> {
  const { healthChecks } = (await internal(cloud, '/health-checks', {})) as {
    healthChecks: HealthCheckState[];
  };
  const found = healthChecks.find((each) => each.id === id);
  assert.ok(found);
  return found;
}

let reference = 0;
async function check(cloud: TestCloud, HealthCheckConfig: object): Promise<string> {
  const CallerReference = `o${reference++}`;
  const made = await cloud.call('CreateHealthCheck', { CallerReference, HealthCheckConfig });
  await cloud.sleep(600);
  return made.HealthCheck.Id;
}

describe('TCP', () => {
  test('a region that takes connections is healthy, whatever it would answer', async () => {
    const cloud = await TestCloud.make();
    cloud.region('us-east-1', () => response(500));
    const id = await check(cloud, {
      Type: 'TCP',
      IPAddress: regionIp('us-east-1'),
      Port: 443,
      RequestInterval: 10,
      FailureThreshold: 2,
      MeasureLatency: true,
    });
    await cloud.sleep(30_000);
    assert.deepEqual(
      [(await state(cloud, id)).healthyVotes, cloud.requests.length],
      [16, 0],
      'no request is sent',
    );
    const latency = (await state(cloud, id)).checkers.find(({ region }) => region === 'sa-east-1');
    assert.ok((latency?.latencyMs ?? 0) > 50, `${latency?.latencyMs} ms from São Paulo`);
    cloud.universe.crash('us-east-1');
    await cloud.sleep(2 * 10_000 + 11_000);
    assert.equal((await state(cloud, id)).healthy, false);
    assert.match((await state(cloud, id)).lastFailure ?? '', /Connection refused/);
    cloud.universe.restart('us-east-1');
    await cloud.sleep(31_000);
    assert.equal((await state(cloud, id)).healthy, true);
  });
});

describe('RECOVERY_CONTROL', () => {
  test('follows its routing control, over a restart too', async () => {
    const cloud = await TestCloud.make();
    const zone = await cloud.zone('rc.test');
    const id = await check(cloud, { Type: 'RECOVERY_CONTROL', RoutingControlArn: arn });
    const record = (Failover: 'PRIMARY' | 'SECONDARY', ip: string, more = {}) =>
      records('x.rc.test', 'A', [ip], { SetIdentifier: Failover, Failover, ...more });
    await cloud.change(
      zone,
      ['CREATE', record('PRIMARY', '192.0.2.1', { HealthCheckId: id })],
      ['CREATE', record('SECONDARY', '192.0.2.2')],
    );
    await cloud.sleep(600);
    assert.equal(cloud.dig('x.rc.test'), '192.0.2.2', 'a new routing control is off');
    await internal(cloud, '/routing-control', { arn, on: true });
    assert.equal(cloud.dig('x.rc.test'), '192.0.2.1');
    await cloud.restartEdge();
    assert.equal(cloud.dig('x.rc.test'), '192.0.2.1');
    await internal(cloud, '/routing-control', { arn, on: false });
    assert.equal(cloud.dig('x.rc.test'), '192.0.2.2');
    assert.match(
      await cloud.refusal('GetHealthCheckStatus', { HealthCheckId: id }),
      /^400 InvalidInput/,
    );
  });
});

describe('CLOUDWATCH_METRIC', () => {
  test('has the status of insufficient data, inverted if so', async () => {
    const cloud = await TestCloud.make();
    const statusOf = async (InsufficientDataHealthStatus: string, Inverted: boolean) => {
      const AlarmIdentifier = { Region: 'eu-central-1', Name: 'errors' };
      const id = await check(cloud, {
        Type: 'CLOUDWATCH_METRIC',
        AlarmIdentifier,
        InsufficientDataHealthStatus,
        Inverted,
      });
      return (await state(cloud, id)).healthy;
    };
    assert.deepEqual(
      [
        await statusOf('Healthy', false),
        await statusOf('Unhealthy', false),
        await statusOf('LastKnownStatus', false),
        await statusOf('Unhealthy', true),
        await statusOf('Healthy', true),
      ],
      [true, false, true, true, false],
    );
  });
});

describe('what each type refuses', () => {
  const alarm = { Region: 'us-east-1', Name: 'a' };
  const tcp = { Type: 'TCP', IPAddress: '127.0.1.1', Port: 5432 };
  const cases: readonly (readonly [what: string, config: object, said: RegExp])[] = [
    ['TCP without a port', { ...tcp, Port: undefined }, /Port is required/],
    ['TCP with a path', { ...tcp, ResourcePath: '/' }, /ResourcePath is not allowed/],
    ['TCP with a string', { ...tcp, SearchString: 'x' }, /SearchString is not allowed/],
    ['no alarm', { Type: 'CLOUDWATCH_METRIC' }, /AlarmIdentifier is required/],
    [
      'an alarm nowhere',
      { Type: 'CLOUDWATCH_METRIC', AlarmIdentifier: { ...alarm, Region: 'us-moon-1' } },
      /'us-moon-1'/,
    ],
    [
      'an alarm and an address',
      { Type: 'CLOUDWATCH_METRIC', AlarmIdentifier: alarm, IPAddress: '127.0.1.1' },
      /IPAddress is not allowed/,
    ],
    [
      'an unknown status',
      { Type: 'CLOUDWATCH_METRIC', AlarmIdentifier: alarm, InsufficientDataHealthStatus: 'Sick' },
      /'Sick'/,
    ],
    ['no control', { Type: 'RECOVERY_CONTROL' }, /RoutingControlArn is required/],
    [
      'a control and an interval',
      { Type: 'RECOVERY_CONTROL', RoutingControlArn: arn, RequestInterval: 10 },
      /RequestInterval is not allowed/,
    ],
    [
      'a control and a threshold',
      { Type: 'RECOVERY_CONTROL', RoutingControlArn: arn, FailureThreshold: 3 },
      /FailureThreshold is not allowed/,
    ],
    [
      'children and an address',
      { Type: 'CALCULATED', ChildHealthChecks: [], HealthThreshold: 1, IPAddress: '127.0.1.1' },
      /IPAddress is not allowed/,
    ],
  ];
  test('with InvalidInput', async () => {
    const cloud = await TestCloud.make();
    for (const [what, HealthCheckConfig, said] of cases) {
      const input = { CallerReference: 'x', HealthCheckConfig };
      const answer = await cloud.refusal('CreateHealthCheck', input);
      assert.match(answer, /^400 InvalidInput/, what);
      assert.match(answer, said, what);
    }
  });

  test('and updates that would change what cannot be changed', async () => {
    const cloud = await TestCloud.make();
    const named = { Type: 'HTTP', FullyQualifiedDomainName: 'a.test', ResourcePath: '/x' };
    const HealthCheckId = await check(cloud, named);
    const update = (more: object) => cloud.refusal('UpdateHealthCheck', { HealthCheckId, ...more });
    assert.match(await update({ IPAddress: '127.0.1.1' }), /cannot be added/);
    assert.match(await update({ ResetElements: ['Port'] }), /resetElements/);
    assert.match(await update({ HealthCheckVersion: 7 }), /^409 HealthCheckVersionMismatch/);
    assert.match(await update({ FailureThreshold: 99 }), /failureThreshold/);
    assert.match(await update({ ResetElements: ['FullyQualifiedDomainName'] }), /Either IPAddress/);
    assert.equal(
      await update({ HealthCheckVersion: 1, ResetElements: ['ResourcePath'] }),
      'accepted',
    );
    const got = await cloud.call('GetHealthCheck', { HealthCheckId });
    assert.equal(got.HealthCheck.HealthCheckVersion, 2);
    assert.equal(
      'ResourcePath' in
        (got.HealthCheck as unknown as { HealthCheckConfig: object }).HealthCheckConfig,
      false,
    );
  });
});

describe('a partition between checkers and an endpoint', () => {
  const world = async (blind: number) => {
    const cloud = await TestCloud.make();
    cloud.region('eu-central-1');
    const id = await check(cloud, {
      Type: 'HTTP',
      IPAddress: regionIp('eu-central-1'),
      RequestInterval: 10,
      FailureThreshold: 3,
    });
    await cloud.sleep(20_000);
    cloud.universe.conditions.links = checkerRegions
      .slice(0, blind)
      .map((a) => ({ a, b: 'eu-central-1', cut: true }));
    await cloud.sleep(3 * 14_500 + 1000);
    return { cloud, id, seen: await state(cloud, id) };
  };

  test('blinds half of them: they disagree, and the endpoint stays in', async () => {
    const { seen } = await world(4);
    assert.deepEqual([seen.healthy, seen.healthyVotes, seen.votes], [true, 8, 16]);
    const sides = new Map(seen.checkers.map(({ region, healthy }) => [region, healthy]));
    assert.deepEqual([...sides.values()], [false, false, false, false, true, true, true, true]);
  });

  test('blinds all but two checkers, 12.5 %: it is out, and in again when it heals', async () => {
    const { cloud, id, seen } = await world(7);
    assert.deepEqual([seen.healthy, seen.healthyVotes], [false, 2]);
    assert.match(seen.lastFailure ?? '', /timed out/);
    cloud.universe.conditions.links = [];
    await cloud.sleep(3 * 14_500 + 1000);
    assert.deepEqual([(await state(cloud, id)).healthyVotes], [16]);
  });

  test('leaves four checkers, 25 %: it stays in', async () => {
    assert.equal((await world(6)).seen.healthy, true);
  });
});
