/**
 * Route 53 as strangers meet it: AWS SDK v3 over HTTP, Node's resolver and dig over UDP and TCP,
 * and health checks of a region, all over real sockets.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { placeByName } from '../../world/places.ts';
import type { Explanation } from './api.ts';
import { response } from './cloud.fake.ts';
import { create, has, output, type RealService, startRealService } from './real-service.fake.ts';

let cloud: RealService;

before(async () => {
  cloud = await startRealService();
});

after(() => cloud.close());

test('SDK v3 makes a zone, changes it, lists it; Node resolves it', async () => {
  const id = await cloud.zoneWith('sdk.test', [
    create('www.sdk.test', 'A', '192.0.2.1', '192.0.2.2'),
    create('txt.sdk.test', 'TXT', '"say \\"hi\\"" "twice"'),
    create('sdk.test', 'MX', '10 mail.sdk.test'),
    create('_x._tcp.sdk.test', 'SRV', '1 2 8443 www.sdk.test.'),
    create('*.any.sdk.test', 'CNAME', 'www.sdk.test'),
  ]);
  const listed = await cloud.client.listResourceRecordSets({ HostedZoneId: id });
  assert.deepEqual(
    listed.ResourceRecordSets?.map((set) => `${set.Name} ${set.Type}`),
    [
      'sdk.test. MX',
      'sdk.test. NS',
      'sdk.test. SOA',
      '_x._tcp.sdk.test. SRV',
      '\\052.any.sdk.test. CNAME',
      'txt.sdk.test. TXT',
      'www.sdk.test. A',
    ],
  );
  assert.equal(listed.IsTruncated, false);
  const got = await cloud.client.getHostedZone({ Id: id });
  assert.equal(got.HostedZone?.ResourceRecordSetCount, 7);
  assert.equal(got.DelegationSet?.NameServers?.length, 4);
  assert.deepEqual((await cloud.resolver.resolve4('www.sdk.test')).sort(), [
    '192.0.2.1',
    '192.0.2.2',
  ]);
  assert.deepEqual(await cloud.resolver.resolveTxt('txt.sdk.test'), [['say "hi"', 'twice']]);
  const [mail] = await cloud.resolver.resolveMx('sdk.test');
  assert.deepEqual([mail?.priority, mail?.exchange], [10, 'mail.sdk.test']);
  assert.deepEqual(await cloud.resolver.resolveCname('some.any.sdk.test'), ['www.sdk.test']);
  assert.equal((await cloud.resolver.resolveSoa('sdk.test')).minttl, 86400);
  await assert.rejects(cloud.resolver.resolve4('no.sdk.test'), { code: 'ENOTFOUND' });
  await assert.rejects(cloud.resolver.resolve6('www.sdk.test'), { code: 'ENODATA' });
  await assert.rejects(cloud.resolver.resolve4('www.example.com'), { code: 'EREFUSED' });
});

test('SDK v3 reads errors, and what is not built', async () => {
  await assert.rejects(cloud.client.getHostedZone({ Id: 'ZNONE' }), {
    name: 'NoSuchHostedZone',
    message: 'No hosted zone found with ID: ZNONE',
  });
  const id = await cloud.zoneWith('errors.test', [create('a.errors.test', 'A', '192.0.2.1')]);
  const again = { Changes: [create('a.errors.test', 'A', '192.0.2.1')] };
  await assert.rejects(
    cloud.client.changeResourceRecordSets({ HostedZoneId: id, ChangeBatch: again }),
    {
      name: 'InvalidChangeBatch',
      message:
        "[Tried to create resource record set [name='a.errors.test.', type='A'] but it already exists]",
    },
  );
  await assert.rejects(cloud.client.listTrafficPolicies({}), { name: 'NotImplemented' });
});

test('a region that stops answering its checks is out of the answers, and explained', async () => {
  const region = await cloud.processAt('region/eu-central-1', 'eu-central-1');
  let status = 200;
  region.network.serve('front-door', () => response(status));
  const check = await cloud.client.createHealthCheck({
    CallerReference: 'real',
    HealthCheckConfig: {
      Type: 'HTTP',
      FullyQualifiedDomainName: 'd-1.execute-api.eu-central-1.amazonaws.com',
      ResourcePath: '/health',
      RequestInterval: 10,
      FailureThreshold: 2,
    },
  });
  const HealthCheckId = check.HealthCheck?.Id ?? '';
  const near = (Region: 'eu-central-1' | 'us-east-1', more: object) => ({
    Action: 'CREATE' as const,
    ResourceRecordSet: {
      Name: 'api.live.test',
      Type: 'A' as const,
      SetIdentifier: Region,
      Region,
      ...more,
      AliasTarget: {
        HostedZoneId: 'Z1U9ULNL0V5AJ3',
        DNSName: `d-1.execute-api.${Region}.amazonaws.com`,
        EvaluateTargetHealth: true,
      },
    },
  });
  await cloud.zoneWith('live.test', [
    near('eu-central-1', { HealthCheckId }),
    near('us-east-1', {}),
  ]);
  const explain = async (): Promise<Explanation> => {
    const body = Buffer.from(JSON.stringify({ name: 'api.live.test', place: 'frankfurt' }));
    const to = { region: 'global', service: 'route53-internal' };
    const request = { method: 'POST', path: '/explain', headers: {}, body };
    const answer = await cloud.edge.network.request(to, request, { deadlineMs: 1000 });
    return JSON.parse(Buffer.from(answer.body).toString()) as Explanation;
  };
  const until = async (value: string): Promise<Explanation> => {
    for (let tries = 0; tries < 200; tries++) {
      const explained = await explain();
      if (explained.answers[0]?.value === value) return explained;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.fail(`no answer ${value}`);
  };
  await until('127.0.12.1');
  status = 503;
  const out = await until('127.0.1.1');
  assert.match(out.text, /- eu-central-1: eu-central-1, [\d.]+ ms, health check .* is unhealthy/);
  assert.match(out.text, /\* us-east-1: us-east-1, [\d.]+ ms, no health check → alias d-1/);
  const seen = await cloud.client.getHealthCheckStatus({ HealthCheckId });
  assert.equal(seen.HealthCheckObservations?.length, 16);
  assert.ok(seen.HealthCheckObservations?.[0]?.StatusReport?.CheckedTime instanceof Date);
  status = 200;
  await until('127.0.12.1');
  await cloud.client.deleteHealthCheck({ HealthCheckId });
  await region.close();
});

test('DNS travels inside the cloud, too', async () => {
  const query = Buffer.from(
    '123400000001000000000000' + '03777777' + '0373646b' + '0474657374' + '00' + '00010001',
    'hex',
  );
  const headers = { 'x-orrery-source': '198.18.1.1' };
  const to = { region: 'global', service: 'dns' };
  const post = (body: Uint8Array) =>
    cloud.edge.network.request(
      to,
      { method: 'POST', path: '/', headers, body },
      { deadlineMs: 1000 },
    );
  const answer = await post(query);
  assert.equal(answer.status, 200);
  assert.equal(Buffer.from(answer.body).readUInt16BE(6), 2);
  assert.equal((await post(new Uint8Array(3))).status, 204);
});

test('dig sees place, TTL, scope, TCP, and refusals', async (context) => {
  if (!(await has('dig', '-v'))) return context.skip('dig is not on this machine');
  const near = (Region: 'ap-northeast-1' | 'eu-central-1', value: string) => ({
    Action: 'CREATE' as const,
    ResourceRecordSet: {
      ...create('near.dig.test', 'A', value).ResourceRecordSet,
      SetIdentifier: Region,
      Region,
    },
  });
  await cloud.zoneWith('dig.test', [
    near('ap-northeast-1', '192.0.2.1'),
    near('eu-central-1', '192.0.2.2'),
  ]);
  const dig = (...args: string[]) =>
    output('dig', ['@127.0.0.1', '-p', String(cloud.dnsPort), ...args]);
  const tokyo = await dig('near.dig.test', '+subnet=133.11.0.0/16');
  assert.match(tokyo, /near\.dig\.test\.\s+15\s+IN\s+A\s+192\.0\.2\.1/);
  assert.match(tokyo, /CLIENT-SUBNET: 133\.11\.0\.0\/16\/24/);
  const place = placeByName('frankfurt');
  assert.match(await dig('near.dig.test', `+subnet=${place?.subnet}`, '+tcp'), /A\s+192\.0\.2\.2/);
  assert.match(await dig('no.dig.test'), /status: NXDOMAIN[\s\S]*SOA/);
  assert.match(await dig('example.com'), /status: REFUSED/);
  assert.match(await dig('dig.test', 'AXFR'), /Transfer failed/);
});
