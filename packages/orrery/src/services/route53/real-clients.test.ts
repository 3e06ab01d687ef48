/**
 * Route 53 as strangers meet it: AWS SDK v3 and boto3 over HTTP, Node's resolver and dig over UDP
 * and TCP, and health checks of a region, all over real sockets.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { Resolver } from 'node:dns/promises';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { type ChangeBatch, Route53 } from '@aws-sdk/client-route-53';
import { createEndpoint } from '../../endpoint/endpoint.ts';
import { listenDns } from '../../io/node/listen-dns.ts';
import { listenHttp } from '../../io/node/listen-http.ts';
import { createNodeIo, type NodeIo } from '../../io/node/node-io.ts';
import { placeByName } from '../../world/places.ts';
import type { Explanation } from './api.ts';
import { response } from './cloud.fake.ts';
import { createRoute53Service, type Route53Service } from './service.ts';

const run = promisify(execFile);
const root = mkdtempSync(join(tmpdir(), 'orrery-route53-'));
const closers: (() => Promise<unknown>)[] = [];
let edge: NodeIo;
let service: Route53Service;
let client: Route53;
let resolver: Resolver;
let url = '';
let dnsPort = 0;

function processAt(id: string, location: string): Promise<NodeIo> {
  return createNodeIo({
    id,
    location,
    dataDirectory: join(root, location),
    runDirectory: join(root, 'run'),
    rttMs: () => 0,
    conditions: { links: [] },
    sink: { event: () => {}, broken: () => {} },
  });
}

before(async () => {
  edge = await processAt('edge', 'global');
  service = await createRoute53Service(edge, { timeScale: 20 });
  const endpoint = createEndpoint({
    io: edge,
    region: 'global',
    accountId: '000000000000',
    services: [service],
    auth: { mode: 'open' },
    regions: ['us-east-1'],
    globalServices: new Set(['route53']),
  });
  await endpoint.start();
  const host = '127.0.0.1';
  const http = await listenHttp({
    what: 'the endpoint',
    host,
    port: 0,
    handler: (request) => endpoint.handle(request, 'global'),
  });
  const dns = await listenDns({
    what: 'the DNS server',
    host,
    port: 0,
    answer: (packet, source) => service.answer(packet, source),
  });
  url = `http://${host}:${http.port}`;
  dnsPort = dns.port;
  client = new Route53({
    endpoint: url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    maxAttempts: 1,
  });
  resolver = new Resolver({ timeout: 2000, tries: 1 });
  resolver.setServers([`${host}:${dnsPort}`]);
  closers.push(
    () => http.close(),
    () => dns.close(),
    () => endpoint.stop(),
    () => edge.close(),
  );
});

after(async () => {
  client.destroy();
  for (const close of closers) await close();
  rmSync(root, { recursive: true, force: true });
});

async function zoneWith(name: string, changes: ChangeBatch['Changes']): Promise<string> {
  const made = await client.createHostedZone({ Name: name, CallerReference: name });
  const id = made.HostedZone?.Id ?? '';
  const changed = await client.changeResourceRecordSets({
    HostedZoneId: id,
    ChangeBatch: { Changes: changes },
  });
  await inSync(changed.ChangeInfo?.Id ?? '');
  return id;
}

async function inSync(Id: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if ((await client.getChange({ Id })).ChangeInfo?.Status === 'INSYNC') return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`${Id} stays PENDING`);
}

const create = (Name: string, Type: 'A' | 'TXT' | 'MX' | 'SRV' | 'CNAME', ...values: string[]) => ({
  Action: 'CREATE' as const,
  ResourceRecordSet: {
    Name,
    Type,
    TTL: 300,
    ResourceRecords: values.map((Value) => ({ Value })),
  },
});

test('SDK v3 makes a zone, changes it, lists it; Node resolves it', async () => {
  const id = await zoneWith('sdk.test', [
    create('www.sdk.test', 'A', '192.0.2.1', '192.0.2.2'),
    create('txt.sdk.test', 'TXT', '"say \\"hi\\"" "twice"'),
    create('sdk.test', 'MX', '10 mail.sdk.test'),
    create('_x._tcp.sdk.test', 'SRV', '1 2 8443 www.sdk.test.'),
    create('*.any.sdk.test', 'CNAME', 'www.sdk.test'),
  ]);
  const listed = await client.listResourceRecordSets({ HostedZoneId: id });
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
  const got = await client.getHostedZone({ Id: id });
  assert.equal(got.HostedZone?.ResourceRecordSetCount, 7);
  assert.equal(got.DelegationSet?.NameServers?.length, 4);
  assert.deepEqual((await resolver.resolve4('www.sdk.test')).sort(), ['192.0.2.1', '192.0.2.2']);
  assert.deepEqual(await resolver.resolveTxt('txt.sdk.test'), [['say "hi"', 'twice']]);
  const [mail] = await resolver.resolveMx('sdk.test');
  assert.deepEqual([mail?.priority, mail?.exchange], [10, 'mail.sdk.test']);
  assert.deepEqual(await resolver.resolveCname('some.any.sdk.test'), ['www.sdk.test']);
  assert.equal((await resolver.resolveSoa('sdk.test')).minttl, 86400);
  await assert.rejects(resolver.resolve4('no.sdk.test'), { code: 'ENOTFOUND' });
  await assert.rejects(resolver.resolve6('www.sdk.test'), { code: 'ENODATA' });
  await assert.rejects(resolver.resolve4('www.example.com'), { code: 'EREFUSED' });
});

test('SDK v3 reads errors, and what is not built', async () => {
  await assert.rejects(client.getHostedZone({ Id: 'ZNONE' }), {
    name: 'NoSuchHostedZone',
    message: 'No hosted zone found with ID: ZNONE',
  });
  const id = await zoneWith('errors.test', [create('a.errors.test', 'A', '192.0.2.1')]);
  const again = { Changes: [create('a.errors.test', 'A', '192.0.2.1')] };
  await assert.rejects(client.changeResourceRecordSets({ HostedZoneId: id, ChangeBatch: again }), {
    name: 'InvalidChangeBatch',
    message:
      "[Tried to create resource record set [name='a.errors.test.', type='A'] but it already exists]",
  });
  await assert.rejects(client.listTrafficPolicies({}), { name: 'NotImplemented' });
});

test('a region that stops answering its checks is out of the answers, and explained', async () => {
  const region = await processAt('region/eu-central-1', 'eu-central-1');
  let status = 200;
  region.network.serve('front-door', () => response(status));
  const check = await client.createHealthCheck({
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
  await zoneWith('live.test', [near('eu-central-1', { HealthCheckId }), near('us-east-1', {})]);
  const explain = async (): Promise<Explanation> => {
    const body = Buffer.from(JSON.stringify({ name: 'api.live.test', place: 'frankfurt' }));
    const to = { region: 'global', service: 'route53-internal' };
    const request = { method: 'POST', path: '/explain', headers: {}, body };
    const answer = await edge.network.request(to, request, { deadlineMs: 1000 });
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
  const seen = await client.getHealthCheckStatus({ HealthCheckId });
  assert.equal(seen.HealthCheckObservations?.length, 16);
  assert.ok(seen.HealthCheckObservations?.[0]?.StatusReport?.CheckedTime instanceof Date);
  status = 200;
  await until('127.0.12.1');
  await client.deleteHealthCheck({ HealthCheckId });
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
    edge.network.request(to, { method: 'POST', path: '/', headers, body }, { deadlineMs: 1000 });
  const answer = await post(query);
  assert.equal(answer.status, 200);
  assert.equal(Buffer.from(answer.body).readUInt16BE(6), 2);
  assert.equal((await post(new Uint8Array(3))).status, 204);
});

async function has(program: string, ...args: string[]): Promise<boolean> {
  return run(program, args).then(
    () => true,
    () => false,
  );
}

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
  await zoneWith('dig.test', [
    near('ap-northeast-1', '192.0.2.1'),
    near('eu-central-1', '192.0.2.2'),
  ]);
  const dig = async (...args: string[]) =>
    (await run('dig', ['@127.0.0.1', '-p', String(dnsPort), ...args])).stdout;
  const tokyo = await dig('near.dig.test', '+subnet=133.11.0.0/16');
  assert.match(tokyo, /near\.dig\.test\.\s+15\s+IN\s+A\s+192\.0\.2\.1/);
  assert.match(tokyo, /CLIENT-SUBNET: 133\.11\.0\.0\/16\/24/);
  const place = placeByName('frankfurt');
  assert.match(await dig('near.dig.test', `+subnet=${place?.subnet}`, '+tcp'), /A\s+192\.0\.2\.2/);
  assert.match(await dig('no.dig.test'), /status: NXDOMAIN[\s\S]*SOA/);
  assert.match(await dig('example.com'), /status: REFUSED/);
  assert.match(await dig('dig.test', 'AXFR'), /Transfer failed/);
});

test('boto3 does the same', async (context) => {
  if (!(await has('python3', '-c', 'import boto3'))) {
    return context.skip('boto3 is not on this machine');
  }
  const script = `
import boto3, botocore
c = boto3.client('route53', endpoint_url='${url}', region_name='us-east-1',
  aws_access_key_id='a', aws_secret_access_key='b')
z = c.create_hosted_zone(Name='boto.test', CallerReference='boto')
record = {'Name': 'www.boto.test', 'Type': 'A', 'TTL': 60, 'ResourceRecords': [{'Value': '192.0.2.7'}]}
change = c.change_resource_record_sets(HostedZoneId=z['HostedZone']['Id'],
  ChangeBatch={'Changes': [{'Action': 'UPSERT', 'ResourceRecordSet': record}]})
c.get_waiter('resource_record_sets_changed').wait(Id=change['ChangeInfo']['Id'],
  WaiterConfig={'Delay': 1, 'MaxAttempts': 10})
try:
  c.change_resource_record_sets(HostedZoneId=z['HostedZone']['Id'],
    ChangeBatch={'Changes': [{'Action': 'CREATE', 'ResourceRecordSet': record}]})
except botocore.exceptions.ClientError as e:
  print(e.response['Error']['Code'])
pages = c.get_paginator('list_resource_record_sets').paginate(
  HostedZoneId=z['HostedZone']['Id'], PaginationConfig={'PageSize': '1'})
print(' '.join(r['Type'] for p in pages for r in p['ResourceRecordSets']))
`;
  const { stdout } = await run('python3', ['-c', script]);
  assert.equal(stdout, 'InvalidChangeBatch\nNS SOA A\n');
  assert.deepEqual(await resolver.resolve4('www.boto.test'), ['192.0.2.7']);
});
