/**
 * Python's clients, where they are on the machine: boto3, and two programs that keep zones in
 * step through the API, octoDNS and Lexicon. Each is skipped, in words, where it is not.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually } from '../../../test/eventually.ts';
import { clientSubnetOption } from '../../wire/dns/edns.ts';
import { parseMessage, queryMessage, serializeMessage } from '../../wire/dns/message.ts';
import { dataText } from '../../wire/dns/record-data.ts';
import { placeByName } from '../../world/places.ts';
import { has, output, type RealService, startRealService } from './real-service.fake.ts';

let cloud: RealService;
let folder = '';

before(async () => {
  cloud = await startRealService();
  folder = mkdtempSync(join(tmpdir(), 'orrery-python-'));
});

after(async () => {
  await cloud.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a script for which this cloud is AWS. */
const python = (script: string): Promise<string> =>
  output('python3', [
    '-c',
    `import os
os.environ.update(AWS_ENDPOINT_URL='${cloud.url}', AWS_DEFAULT_REGION='us-east-1',
  AWS_ACCESS_KEY_ID='a', AWS_SECRET_ACCESS_KEY='b', AWS_EC2_METADATA_DISABLED='true')
${script}`,
  ]);

/** Values that a resolver at a place is told, sorted. */
function answersAt(name: string, place: string): readonly string[] {
  const option = clientSubnetOption(placeByName(place)?.subnet ?? '');
  const query = queryMessage({ id: 1, name, type: 1, edns: { options: [option] } });
  const packet = cloud.service.answer(serializeMessage(query), { ip: '127.0.0.1', tcp: true });
  const { answers } = parseMessage(packet ?? new Uint8Array());
  return answers.map(({ type, data }) => dataText(type, data)).sort();
}

test('boto3: change, waiter, error, every paginator', async (context) => {
  if (!(await has('python3', '-c', 'import boto3'))) {
    return context.skip('python3 with boto3 is not on this machine');
  }
  const stdout = await python(`
import boto3, botocore
from botocore import xform_name
c = boto3.client('route53')
ids = [c.create_hosted_zone(Name=n, CallerReference=n)['HostedZone']['Id']
  for n in ('boto.test', 'b.boto.test', 'c.boto.test')]
record = {'Name': 'www.boto.test', 'Type': 'A', 'TTL': 60, 'ResourceRecords': [{'Value': '192.0.2.7'}]}
change = c.change_resource_record_sets(HostedZoneId=ids[0],
  ChangeBatch={'Changes': [{'Action': 'UPSERT', 'ResourceRecordSet': record}]})
c.get_waiter('resource_record_sets_changed').wait(Id=change['ChangeInfo']['Id'],
  WaiterConfig={'Delay': 1, 'MaxAttempts': 10})
try:
  c.change_resource_record_sets(HostedZoneId=ids[0],
    ChangeBatch={'Changes': [{'Action': 'CREATE', 'ResourceRecordSet': record}]})
except botocore.exceptions.ClientError as e:
  print(e.response['Error']['Code'])
for port in (1, 2, 3):
  c.create_health_check(CallerReference=str(port), HealthCheckConfig={'Type': 'TCP',
    'IPAddress': '127.0.0.1', 'Port': port, 'Disabled': True})
col = [c.create_cidr_collection(Name=n, CallerReference=n)['Collection']['Id'] for n in ('x', 'y')][0]
c.change_cidr_collection(Id=col, Changes=[{'LocationName': n, 'Action': 'PUT', 'CidrList': [b]}
  for n, b in (('a', '10.1.0.0/16'), ('b', '10.2.0.0/16'), ('d', '10.3.0.0/16'))])
inputs = {'list_resource_record_sets': {'HostedZoneId': ids[0]},
  'list_cidr_blocks': {'CollectionId': col}, 'list_cidr_locations': {'CollectionId': col},
  'list_vpc_association_authorizations': {'HostedZoneId': ids[0]}}
for operation in sorted(c.meta.service_model.operation_names):
  name = xform_name(operation)
  if not c.can_paginate(name):
    continue
  paginator = c.get_paginator(name)
  size = {'PageSize': 2} if 'limit_key' in paginator._pagination_cfg else {}
  pages = paginator.paginate(**inputs.get(name, {}), PaginationConfig=size)
  try:
    print(operation, [len(v) for p in pages for v in p.values() if isinstance(v, list)])
  except botocore.exceptions.ClientError as e:
    print(operation, e.response['ResponseMetadata']['HTTPStatusCode'])
`);
  const lines = new Map(
    stdout
      .trim()
      .split('\n')
      .map((line) => [line.split(' ')[0], line.slice(line.indexOf(' ') + 1)]),
  );
  assert.ok(lines.has('InvalidChangeBatch'), stdout);
  for (const operation of [
    'ListHostedZones',
    'ListResourceRecordSets',
    'ListHealthChecks',
    'ListCidrLocations',
    'ListCidrBlocks',
  ]) {
    assert.equal(lines.get(operation), '[2, 1]', operation);
  }
  assert.equal(lines.get('ListCidrCollections'), '[2]');
  for (const [operation = '', result] of lines) {
    if (Object.hasOwn(cloud.service.operations, operation)) assert.match(result, /^\[/, operation);
    else if (operation !== 'InvalidChangeBatch') assert.equal(result, '501', operation);
  }
  assert.deepEqual(await cloud.resolver.resolve4('www.boto.test'), ['192.0.2.7']);
});

const octodnsConfig = (zones: string) => `
providers:
  config: {class: octodns.provider.yaml.YamlProvider, directory: ${zones}, enforce_order: false}
  aws: {class: octodns_route53.Route53Provider, access_key_id: a, secret_access_key: b}
zones:
  octo.test.: {sources: [config], targets: [aws]}
`;

const octodnsZone = (home: string) => `
'':
  - {type: A, values: [192.0.2.1, 192.0.2.2]}
  - {type: MX, value: {exchange: mail.octo.test., preference: 10}}
  - {type: TXT, values: ['v=spf1 -all', 'a \\; b', ${'x'.repeat(300)}]}
  - {type: CAA, value: {flags: 0, tag: issue, value: ca.octo.test}}
www: {type: CNAME, value: octo.test.}
home: {type: A, value: ${home}}
'*.any': {type: A, value: 192.0.2.9}
_sip._tcp: {type: SRV, value: {priority: 1, weight: 2, port: 5060, target: www.octo.test.}}
sub: {type: NS, values: [ns1.else.test., ns2.else.test.]}
naptr:
  type: NAPTR
  value: {flags: S, order: 10, preference: 100, regexp: '!^.*$!sip:a@octo.test!', replacement: ., service: SIP+D2U}
near:
  type: A
  ttl: 60
  value: 127.0.0.30
  octodns: {healthcheck: {protocol: TCP, port: 1}}
  dynamic:
    pools:
      asia: {fallback: europe, values: [{value: 127.0.0.31}]}
      europe: {fallback: america, values: [{value: 127.0.0.32}]}
      america: {values: [{value: 127.0.0.34, status: up}]}
    rules:
      - {geos: [AS, OC], pool: asia}
      - {geos: [EU, AF], pool: europe}
      - {pool: america}
`;

test('octoDNS syncs a zone, finds nothing left to do, and follows a change', async (context) => {
  if (!(await has('python3', '-c', 'import octodns_route53'))) {
    return context.skip('python3 with octodns and octodns-route53 is not on this machine');
  }
  const zones = join(folder, 'zones');
  mkdirSync(zones);
  const config = join(folder, 'config.yaml');
  writeFileSync(config, octodnsConfig(zones));
  const sync = async (home: string): Promise<number> => {
    writeFileSync(join(zones, 'octo.test.yaml'), octodnsZone(home));
    return Number(
      await python(`
from octodns.manager import Manager
print(Manager('${config}').sync(dry_run=False, force=True))`),
    );
  };
  assert.equal(await sync('192.0.2.40'), 11);
  assert.equal(await sync('192.0.2.40'), 0);
  await eventually(() => assert.deepEqual(answersAt('home.octo.test', 'tokyo'), ['192.0.2.40']));
  assert.equal(await sync('192.0.2.41'), 1);
  await eventually(() => assert.deepEqual(answersAt('home.octo.test', 'tokyo'), ['192.0.2.41']));
  assert.deepEqual(
    (await cloud.resolver.resolveTxt('octo.test')).map((each) => each.join('')).sort(),
    ['a ; b', 'v=spf1 -all', 'x'.repeat(300)],
  );
  const checks = await cloud.client.listHealthChecks({});
  const own = checks.HealthChecks?.filter(({ HealthCheckConfig: c }) =>
    c?.IPAddress?.startsWith('127.0.0.3'),
  );
  assert.ok((own?.length ?? 0) >= 2, 'octoDNS made health checks of its own');
  // Its alias trees: geolocation → failover → failover. Nothing listens there, so in the end
  // all that is checked is down, and what is marked as up answers everywhere.
  await eventually(
    () => {
      for (const place of ['tokyo', 'frankfurt', 'boston']) {
        assert.deepEqual(answersAt('near.octo.test', place), ['127.0.0.34'], place);
      }
    },
    { timeoutMs: 30_000 },
  );
});

test('Lexicon adds, lists, changes and deletes records', async (context) => {
  if (!(await has('python3', '-c', 'import lexicon, boto3'))) {
    return context.skip('python3 with dns-lexicon and boto3 is not on this machine');
  }
  const made = await cloud.client.createHostedZone({ Name: 'example.com', CallerReference: 'l' });
  const id = made.HostedZone?.Id ?? '';
  // It wants a name below a public suffix. The list of these would come from the network, but one
  // is shipped with it.
  const stdout = await python(`
import functools, tldextract
tldextract.TLDExtract = functools.partial(tldextract.TLDExtract, suffix_list_urls=())
from lexicon.client import Client
from lexicon.config import ConfigResolver
config = ConfigResolver().with_dict({'provider_name': 'route53', 'domain': 'example.com',
  'route53': {'auth_access_key': 'a', 'auth_access_secret': 'b'}})
with Client(config) as on:
  print(on.create_record('A', 'www.example.com', '192.0.2.1'))
  print(on.create_record('TXT', '_acme-challenge.example.com', 'token'))
  print(on.create_record('TXT', '_acme-challenge.example.com', 'second'))
  print(sorted(r['content'] for r in on.list_records('TXT')))
  print(on.update_record(None, 'A', 'www.example.com', '192.0.2.2'))
  print(on.delete_record(None, 'TXT', '_acme-challenge.example.com', 'token'))
  print([r['content'] for r in on.list_records('TXT')])
`);
  assert.deepEqual(stdout.trim().split('\n'), [
    'True',
    'True',
    'True',
    "['second', 'token']",
    'True',
    'True',
    "['second']",
  ]);
  const { ResourceRecordSets } = await cloud.client.listResourceRecordSets({ HostedZoneId: id });
  assert.deepEqual(
    ResourceRecordSets?.filter(({ Type }) => Type === 'A' || Type === 'TXT').map(
      ({ Name, ResourceRecords }) => [Name, ResourceRecords?.map(({ Value }) => Value)],
    ),
    [
      ['_acme-challenge.example.com.', ['"second"']],
      ['www.example.com.', ['192.0.2.2']],
    ],
  );
});
