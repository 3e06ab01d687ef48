import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { regionIp } from '../../../world/addresses.ts';
import { batch, type FrontDoor, records, response, TestCloud } from '../cloud.fake.ts';
import type { HealthCheckConfig } from '../record-set.ts';
import { checkerRegions } from './checkers.ts';
import { isHealthyByVotes, nextVote, statusOf, type Vote } from './vote.ts';

const web = (region: string, more: Partial<HealthCheckConfig> = {}): HealthCheckConfig => ({
  Type: 'HTTP',
  IPAddress: regionIp(region),
  ResourcePath: '/health',
  RequestInterval: 10,
  FailureThreshold: 3,
  ...more,
});

let reference = 0;
async function check(cloud: TestCloud, config: HealthCheckConfig): Promise<string> {
  reference++;
  const made = await cloud.call('CreateHealthCheck', {
    CallerReference: `r${reference}`,
    HealthCheckConfig: config,
  });
  return made.HealthCheck.Id;
}

async function state(cloud: TestCloud, id: string) {
  const handler = cloud.service?.internal?.['route53-internal'];
  assert.ok(handler);
  const request = { method: 'POST', path: '/health-checks', headers: {}, body: new Uint8Array(0) };
  const answer = await handler(request, 'global');
  const { healthChecks } = JSON.parse(Buffer.from(answer.body).toString()) as {
    healthChecks: {
      id: string;
      healthy: boolean;
      healthyVotes: number;
      votes: number;
      lastFailure: string | null;
    }[];
  };
  const found = healthChecks.find((each) => each.id === id);
  assert.ok(found);
  return found;
}

describe('votes', () => {
  test('a vote turns after as many results in a row as the threshold, both ways', () => {
    const results = fc.array(fc.boolean(), { maxLength: 60 });
    fc.assert(
      fc.property(results, fc.integer({ min: 1, max: 10 }), (list, threshold) => {
        let vote: Vote = { healthy: true, against: 0 };
        for (const [index, success] of list.entries()) {
          const before = vote.healthy;
          vote = nextVote(vote, success, threshold);
          const last = list.slice(Math.max(0, index + 1 - threshold), index + 1);
          const turns = last.length === threshold && last.every((each) => each !== before);
          if (turns) assert.equal(vote.healthy, !before);
          else assert.equal(vote.healthy, before);
          assert.ok(vote.against < threshold);
        }
      }),
    );
  });

  test('more than 18 % keeps an endpoint up: 3 of 16, 2 of 6', () => {
    assert.deepEqual(
      [2, 3].map((n) => isHealthyByVotes(n, 16)),
      [false, true],
    );
    assert.deepEqual(
      [1, 2].map((n) => isHealthyByVotes(n, 6)),
      [false, true],
    );
    assert.equal(isHealthyByVotes(18, 100), false);
  });

  test('inverted flips, disabled is healthy before that', () => {
    const status = (Inverted: boolean, Disabled: boolean, healthy: boolean) =>
      statusOf({ Type: 'HTTP', Inverted, Disabled }, healthy);
    assert.deepEqual([status(false, false, true), status(false, false, false)], [true, false]);
    assert.deepEqual([status(true, false, true), status(true, false, false)], [false, true]);
    assert.deepEqual([status(false, true, false), status(true, true, false)], [true, false]);
  });
});

describe('checkers', () => {
  test('sixteen of them, from eight regions, each at its own time, as AWS asks', async () => {
    const cloud = await TestCloud.make();
    cloud.region('eu-central-1');
    const id = await check(cloud, web('eu-central-1', { FullyQualifiedDomainName: 'api.test' }));
    await cloud.sleep(10_700);
    assert.equal(cloud.requests.length, 16);
    assert.deepEqual(new Set(cloud.requests.map(({ from }) => from)), new Set(checkerRegions));
    const { method, path, headers } = cloud.requests[0]?.request ?? {};
    assert.equal(`${method} ${path}`, 'GET /health');
    assert.equal(headers?.['host'], 'api.test');
    assert.equal(
      headers?.['user-agent'],
      `Amazon-Route53-Health-Check-Service (ref ${id}; report http://amzn.to/1vsZADi)`,
    );
    await cloud.sleep(100_000);
    // 10 s after each answer: a little less than 16 in 10 s.
    assert.ok(cloud.requests.length > 16 * 10 && cloud.requests.length <= 16 * 11);
    assert.deepEqual(
      await state(cloud, id).then(({ healthyVotes, votes }) => [healthyVotes, votes]),
      [16, 16],
    );
  });

  test('move answers away from a dead region within interval × threshold, and back', async () => {
    const cloud = await TestCloud.make();
    const zone = await cloud.zone('app.test');
    for (const region of ['us-east-1', 'eu-central-1', 'ap-northeast-1']) {
      cloud.region(region);
      const HealthCheckId = await check(cloud, web(region));
      const where = { SetIdentifier: region, Region: region, HealthCheckId };
      await cloud.change(zone, ['CREATE', records('api.app.test', 'A', [regionIp(region)], where)]);
    }
    await cloud.sleep(20_000);
    const from = (place: string) => cloud.dig('api.app.test', 'A', place);
    assert.equal(from('tokyo'), regionIp('ap-northeast-1'));
    assert.equal(from('sydney'), regionIp('ap-northeast-1'));
    cloud.universe.crash('ap-northeast-1');
    await cloud.sleep(15_000);
    assert.equal(from('tokyo'), regionIp('ap-northeast-1'), 'one or two failures are not enough');
    await cloud.sleep(17_000);
    assert.equal(from('tokyo'), regionIp('us-east-1'));
    assert.equal(from('frankfurt'), regionIp('eu-central-1'));
    cloud.universe.restart('ap-northeast-1');
    await cloud.sleep(32_000);
    assert.equal(from('tokyo'), regionIp('ap-northeast-1'));
  });

  test('a region that hangs is found out too, if later', async () => {
    const cloud = await TestCloud.make();
    cloud.region('us-east-1');
    const id = await check(cloud, web('us-east-1'));
    await cloud.sleep(20_000);
    cloud.universe.pause('us-east-1');
    await cloud.sleep(52_000);
    const { healthy, lastFailure } = await state(cloud, id);
    assert.equal(healthy, false);
    assert.match(
      lastFailure ?? '',
      /^Failure: Connection timed out\. .* Resolved IP: 127\.0\.1\.1$/,
    );
  });

  test('are as fast as the time scale says', async () => {
    const cloud = await TestCloud.make({ timeScale: 10 });
    cloud.region('us-east-1');
    const id = await check(cloud, web('us-east-1'));
    await cloud.sleep(2000);
    cloud.universe.crash('us-east-1');
    await cloud.sleep(4500);
    assert.equal((await state(cloud, id)).healthy, false);
  });

  test('disagree where a partition blinds some; 18 % of them keep the endpoint up', async () => {
    const cloud = await TestCloud.make();
    cloud.region('us-east-1');
    const id = await check(cloud, web('us-east-1'));
    const blind = (regions: readonly string[]) => {
      cloud.universe.conditions.links = regions.map((b) => ({ a: 'us-east-1', b, cut: true }));
    };
    const others = checkerRegions.filter((region) => region !== 'us-east-1');
    await cloud.sleep(15_000);
    blind(others.slice(0, 6));
    await cloud.sleep(60_000);
    const six = await state(cloud, id);
    assert.deepEqual([six.healthy, six.healthyVotes], [true, 4]);
    blind(others);
    await cloud.sleep(60_000);
    const seven = await state(cloud, id);
    assert.deepEqual([seven.healthy, seven.healthyVotes], [false, 2]);
    blind([]);
    await cloud.sleep(60_000);
    assert.equal((await state(cloud, id)).healthyVotes, 16);
  });

  test('only those of the chosen regions probe', async () => {
    const cloud = await TestCloud.make();
    cloud.region('us-east-1');
    const Regions = ['us-east-1', 'eu-west-1', 'sa-east-1'];
    const id = await check(cloud, web('us-east-1', { Regions }));
    await cloud.sleep(11_000);
    assert.equal((await state(cloud, id)).votes, 6);
    assert.deepEqual(new Set(cloud.requests.map(({ from }) => from)), new Set(Regions));
  });

  test('judge codes, bodies and headers as AWS does', async () => {
    const cloud = await TestCloud.make();
    const after = (delayMs: number) => () =>
      new Promise<ReturnType<typeof response>>((resolve) => {
        cloud.universe.at(cloud.universe.nowUs + delayMs * 1000, 'answer', () =>
          resolve(response(200)),
        );
      });
    const judged: readonly [string, HealthCheckConfig, FrontDoor, boolean][] = [
      ['an answer after 1.8 s', web('us-east-1'), after(1800), true],
      ['an answer after 2.2 s', web('us-east-1'), after(2200), false],
      ['200', web('us-east-1'), () => response(200), true],
      ['redirects are not followed, and pass', web('us-east-1'), () => response(302), true],
      ['404', web('us-east-1'), () => response(404), false],
      ['503', web('us-east-1'), () => response(503), false],
      [
        'string',
        web('us-east-1', { Type: 'HTTP_STR_MATCH', SearchString: 'ready' }),
        () => response(200, 'all ready'),
        true,
      ],
      [
        'other case',
        web('us-east-1', { Type: 'HTTP_STR_MATCH', SearchString: 'Ready' }),
        () => response(200, 'all ready'),
        false,
      ],
      [
        'string across the 5,120th octet',
        web('us-east-1', { Type: 'HTTP_STR_MATCH', SearchString: 'ready' }),
        () => response(200, `${'x'.repeat(5116)}ready`),
        false,
      ],
      [
        'string up to the 5,120th octet',
        web('us-east-1', { Type: 'HTTP_STR_MATCH', SearchString: 'ready' }),
        () => response(200, `${'x'.repeat(5115)}ready`),
        true,
      ],
      [
        'endless headers',
        web('us-east-1'),
        () => ({ ...response(200), headers: { x: 'y'.repeat(17_000) } }),
        false,
      ],
      [
        'HTTPS',
        web('us-east-1', { Type: 'HTTPS', FullyQualifiedDomainName: 'a.test' }),
        () => response(200),
        true,
      ],
    ];
    for (const [what, config, door, healthy] of judged) {
      cloud.region('us-east-1', door);
      const id = await check(cloud, { ...config, FailureThreshold: 1 });
      await cloud.sleep(13_500);
      const { healthy: said, lastFailure } = await state(cloud, id);
      assert.equal(said, healthy, `${what}: ${lastFailure}`);
      await cloud.call('DeleteHealthCheck', { HealthCheckId: id });
      await cloud.sleep(600);
    }
  });

  test('resolve names by our own answers: zone, CNAME, AWS name, address, nothing', async () => {
    const cloud = await TestCloud.make();
    cloud.region('us-east-1');
    const zone = await cloud.zone('names.test');
    const other = await cloud.zone('other.test');
    const aws = 'd-1.execute-api.us-east-1.amazonaws.com';
    await cloud.change(
      zone,
      ['CREATE', records('a.names.test', 'A', [regionIp('us-east-1')])],
      ['CREATE', records('c.names.test', 'CNAME', ['x.other.test'])],
    );
    await cloud.change(other, ['CREATE', records('x.other.test', 'CNAME', [aws])]);
    for (const [name, healthy] of [
      ['a.names.test', true],
      ['c.names.test', true],
      [aws, true],
      [regionIp('us-east-1'), true],
      ['gone.names.test', false],
      ['nobody.invalid', false],
      ['not..a name', false],
    ] as const) {
      const config = web('us-east-1', { FullyQualifiedDomainName: name, FailureThreshold: 1 });
      const { IPAddress: _ip, ...byName } = config;
      const id = await check(cloud, byName);
      await cloud.sleep(11_500);
      const { healthy: said, lastFailure } = await state(cloud, id);
      assert.equal(said, healthy, `${name}: ${lastFailure}`);
      if (!healthy) assert.match(lastFailure ?? '', /DNS resolution failed/);
    }
  });
});

describe('status', () => {
  test('of calculated checks follows the children, level by level, inverted too', async () => {
    const cloud = await TestCloud.make();
    const children: string[] = [];
    for (const region of ['us-east-1', 'eu-west-1', 'sa-east-1']) {
      cloud.region(region);
      children.push(await check(cloud, web(region, { FailureThreshold: 1 })));
    }
    const calculated = (HealthThreshold: number, more: Partial<HealthCheckConfig> = {}) =>
      check(cloud, { Type: 'CALCULATED', ChildHealthChecks: children, HealthThreshold, ...more });
    const two = await calculated(2);
    const always = await calculated(0);
    const never = await calculated(4);
    const notTwo = await calculated(2, { Inverted: true });
    const above = await check(cloud, {
      Type: 'CALCULATED',
      ChildHealthChecks: [two, notTwo],
      HealthThreshold: 2,
    });
    const said = async () =>
      (await Promise.all([two, always, never, notTwo, above].map((id) => state(cloud, id)))).map(
        ({ healthy }) => healthy,
      );
    await cloud.sleep(12_000);
    assert.deepEqual(await said(), [true, true, false, false, false]);
    cloud.universe.crash('us-east-1');
    await cloud.sleep(12_000);
    assert.deepEqual(await said(), [true, true, false, false, false]);
    cloud.universe.crash('eu-west-1');
    await cloud.sleep(12_000);
    assert.deepEqual(await said(), [false, true, false, true, false]);
    const inUse = { HealthCheckId: children[0] };
    assert.match(await cloud.refusal('DeleteHealthCheck', inUse), /^400 HealthCheckInUse/);
  });

  test('new is healthy, inverted unhealthy; disabling stops probes; updates have versions', async () => {
    const cloud = await TestCloud.make();
    cloud.region('us-east-1', () => response(500));
    const plain = await check(cloud, web('us-east-1'));
    const inverted = await check(cloud, web('us-east-1', { Inverted: true }));
    await cloud.sleep(600);
    assert.equal((await state(cloud, plain)).healthy, true);
    assert.equal((await state(cloud, inverted)).healthy, false);
    await cloud.sleep(40_000);
    assert.equal((await state(cloud, plain)).healthy, false);
    assert.equal((await state(cloud, inverted)).healthy, true);
    for (const HealthCheckId of [plain, inverted]) {
      await cloud.call('UpdateHealthCheck', {
        HealthCheckId,
        Disabled: true,
        HealthCheckVersion: 1,
      });
    }
    await cloud.sleep(8000);
    assert.equal((await state(cloud, plain)).healthy, true);
    const probes = cloud.requests.length;
    await cloud.sleep(60_000);
    assert.equal(cloud.requests.length, probes);
    const stale = { HealthCheckId: plain, HealthCheckVersion: 1, Port: 81 };
    assert.match(
      await cloud.refusal('UpdateHealthCheck', stale),
      /^409 HealthCheckVersionMismatch/,
    );
    await cloud.call('UpdateHealthCheck', { HealthCheckId: plain, Disabled: false });
    await cloud.sleep(40_000);
    assert.equal((await state(cloud, plain)).healthy, false);
  });

  test('survives a restart of the edge: a dead region stays out', async () => {
    const cloud = await TestCloud.make();
    const zone = await cloud.zone('stay.test');
    cloud.region('us-east-1');
    const id = await check(cloud, web('us-east-1'));
    const primary = { SetIdentifier: 'p', Failover: 'PRIMARY', HealthCheckId: id } as const;
    const secondary = { SetIdentifier: 's', Failover: 'SECONDARY' } as const;
    await cloud.change(
      zone,
      ['CREATE', records('x.stay.test', 'A', ['192.0.2.1'], primary)],
      ['CREATE', records('x.stay.test', 'A', ['192.0.2.2'], secondary)],
    );
    await cloud.sleep(15_000);
    assert.equal(cloud.dig('x.stay.test'), '192.0.2.1');
    cloud.universe.crash('us-east-1');
    await cloud.sleep(40_000);
    assert.equal(cloud.dig('x.stay.test'), '192.0.2.2');
    cloud.starts = false;
    await cloud.restartEdge();
    assert.equal(cloud.dig('x.stay.test'), '192.0.2.2', 'before any checker runs');
    cloud.starts = true;
    await cloud.restartEdge();
    assert.equal(cloud.dig('x.stay.test'), '192.0.2.2');
    assert.equal((await state(cloud, id)).healthyVotes, 0);
    cloud.universe.restart('us-east-1');
    await cloud.sleep(40_000);
    assert.equal(cloud.dig('x.stay.test'), '192.0.2.1');
  });

  test('is told by GetHealthCheckStatus and GetHealthCheckLastFailureReason', async () => {
    const cloud = await TestCloud.make();
    cloud.region('us-east-1', () => response(503));
    const id = await check(cloud, web('us-east-1'));
    await cloud.sleep(11_000);
    cloud.region('us-east-1', () => response(200));
    await cloud.sleep(11_000);
    const statuses = async (operation: string) => {
      const out = await cloud.call(operation, { HealthCheckId: id });
      const list = out['HealthCheckObservations'] as {
        Region: string;
        IPAddress: string;
        StatusReport: { Status: string; CheckedTime: number };
      }[];
      assert.equal(list.length, 16);
      assert.ok(list.every((each) => each.StatusReport.CheckedTime > 0));
      return new Set(list.map((each) => each.StatusReport.Status));
    };
    assert.deepEqual(
      await statuses('GetHealthCheckStatus'),
      new Set(['Success: HTTP Status Code: 200. Resolved IP: 127.0.1.1']),
    );
    assert.deepEqual(
      await statuses('GetHealthCheckLastFailureReason'),
      new Set(['Failure: HTTP Status Code: 503. Resolved IP: 127.0.1.1']),
    );
  });
});

describe('the control plane of health checks', () => {
  test('keeps what it is given, with defaults, once per caller reference', async () => {
    const cloud = await TestCloud.make();
    const given = {
      CallerReference: 'same',
      HealthCheckConfig: { Type: 'HTTPS', FullyQualifiedDomainName: 'a.test' },
    };
    const made = await cloud.call('CreateHealthCheck', given);
    const again = await cloud.call('CreateHealthCheck', given);
    assert.equal(again.HealthCheck.Id, made.HealthCheck.Id);
    const other = { ...given, HealthCheckConfig: { ...given.HealthCheckConfig, Port: 8443 } };
    assert.match(await cloud.refusal('CreateHealthCheck', other), /^409 HealthCheckAlreadyExists/);
    const got = await cloud.call('GetHealthCheck', { HealthCheckId: made.HealthCheck.Id });
    assert.deepEqual(
      (got.HealthCheck as unknown as { HealthCheckConfig: object }).HealthCheckConfig,
      {
        Port: 443,
        FullyQualifiedDomainName: 'a.test',
        RequestInterval: 30,
        FailureThreshold: 3,
        MeasureLatency: false,
        EnableSNI: true,
        Type: 'HTTPS',
        Inverted: false,
        Disabled: false,
      },
    );
    assert.equal((await cloud.call('GetHealthCheckCount', {}))['HealthCheckCount'], 1);
    const list = await cloud.call('ListHealthChecks', {});
    assert.equal((list['HealthChecks'] as object[]).length, 1);
  });

  test('refuses what AWS refuses', async () => {
    const cloud = await TestCloud.make();
    const refused = (HealthCheckConfig: object) =>
      cloud.refusal('CreateHealthCheck', { CallerReference: 'x', HealthCheckConfig });
    const http = { Type: 'HTTP', IPAddress: '127.0.1.1' };
    for (const config of [
      { Type: 'HTTP' },
      { ...http, IPAddress: '1.2.3' },
      { ...http, RequestInterval: 20 },
      { ...http, FailureThreshold: 0 },
      { ...http, FailureThreshold: 11 },
      { ...http, Port: 65536 },
      { ...http, SearchString: 'x' },
      { ...http, Type: 'HTTP_STR_MATCH' },
      { ...http, Regions: ['us-east-1', 'eu-west-1'] },
      { ...http, Regions: ['us-east-1', 'eu-west-1', 'eu-central-1'] },
      { ...http, Type: 'PING' },
      { Type: 'CALCULATED', ChildHealthChecks: [] },
    ]) {
      assert.match(await refused(config), /^400 InvalidInput/, JSON.stringify(config));
    }
    const child = { Type: 'CALCULATED', ChildHealthChecks: ['none'], HealthThreshold: 1 };
    assert.match(await refused(child), /^404 NoSuchHealthCheck/);
    assert.match(
      await cloud.refusal('GetHealthCheck', { HealthCheckId: 'none' }),
      /^404 NoSuchHealthCheck/,
    );
  });

  test('a deleted check never takes a record out', async () => {
    const cloud = await TestCloud.make();
    const zone = await cloud.zone('del.test');
    cloud.region('us-east-1', () => response(500));
    const id = await check(cloud, web('us-east-1', { FailureThreshold: 1 }));
    const primary = { SetIdentifier: 'p', Failover: 'PRIMARY', HealthCheckId: id } as const;
    const secondary = { SetIdentifier: 's', Failover: 'SECONDARY' } as const;
    await cloud.call(
      'ChangeResourceRecordSets',
      batch(
        zone,
        ['CREATE', records('x.del.test', 'A', ['192.0.2.1'], primary)],
        ['CREATE', records('x.del.test', 'A', ['192.0.2.2'], secondary)],
      ),
    );
    await cloud.sleep(12_000);
    assert.equal(cloud.dig('x.del.test'), '192.0.2.2');
    await cloud.call('DeleteHealthCheck', { HealthCheckId: id });
    await cloud.sleep(600);
    assert.equal(cloud.dig('x.del.test'), '192.0.2.1');
  });
});
