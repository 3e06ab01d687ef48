/** Private zones and split horizon; several zones of one name; limits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ednsOptions, typeNumber } from '../../../wire/dns/constants.ts';
import { parseMessage, queryMessage, serializeMessage } from '../../../wire/dns/message.ts';
import { dataText } from '../../../wire/dns/record-data.ts';
import { regionIp } from '../../../world/addresses.ts';
import { records, TestCloud } from '../cloud.fake.ts';

const vpc = (VPCId: string, VPCRegion: string) => ({ VPCId, VPCRegion });

/** An answer's values, or its response code, for an address and a word to the server. */
function ask(cloud: TestCloud, name: string, ip: string, selector?: string): string {
  const data = new Uint8Array(Buffer.from(selector ?? ''));
  const options = selector === undefined ? [] : [{ code: ednsOptions.SELECTOR, data }];
  const query = queryMessage({ id: 1, name, type: typeNumber('A') ?? 0, edns: { options } });
  const bytes = cloud.service?.answer(serializeMessage(query), { ip, tcp: false });
  assert.ok(bytes);
  const { answers, rcode } = parseMessage(bytes);
  return (
    answers.map(({ type, data: value }) => dataText(type, value)).join(' ') || `rcode ${rcode}`
  );
}

test('a private zone answers its VPCs, and nobody else (split horizon)', async () => {
  const cloud = await TestCloud.make();
  const open = await cloud.zone('s.test');
  const made = await cloud.call('CreateHostedZone', {
    Name: 's.test',
    CallerReference: 'private',
    VPC: vpc('vpc-1', 'eu-central-1'),
    HostedZoneConfig: { PrivateZone: true },
  });
  const inner = made.HostedZone.Id;
  await cloud.change(open, ['CREATE', records('x.s.test', 'A', ['192.0.2.1'])]);
  await cloud.change(open, ['CREATE', records('open.s.test', 'A', ['192.0.2.3'])]);
  await cloud.change(inner, ['CREATE', records('x.s.test', 'A', ['10.0.0.1'])]);
  await cloud.sleep(600);
  const frankfurt = regionIp('eu-central-1');
  assert.equal(ask(cloud, 'x.s.test', '127.0.0.1'), '192.0.2.1');
  assert.equal(ask(cloud, 'x.s.test', frankfurt), '10.0.0.1');
  assert.equal(ask(cloud, 'x.s.test', '127.0.0.1', 'vpc=vpc-1'), '10.0.0.1');
  assert.equal(ask(cloud, 'x.s.test', '127.0.0.1', 'vpc=vpc-9'), '192.0.2.1');
  assert.equal(ask(cloud, 'x.s.test', regionIp('us-east-1')), '192.0.2.1');
  assert.equal(ask(cloud, 'open.s.test', frankfurt), 'rcode 3', 'the public zone is not asked');
  const us = vpc('vpc-2', 'us-east-1');
  await cloud.call('AssociateVPCWithHostedZone', { HostedZoneId: inner, VPC: us });
  await cloud.sleep(600);
  assert.equal(ask(cloud, 'x.s.test', regionIp('us-east-1')), '10.0.0.1');
  const got = await cloud.call('GetHostedZone', { Id: inner });
  assert.deepEqual(
    got['VPCs'],
    [vpc('vpc-1', 'eu-central-1'), us].map((each) => ({ ...each })),
  );
  assert.equal(got['DelegationSet'], undefined);
  const listed = await cloud.call('ListHostedZonesByVPC', us);
  assert.equal((listed['HostedZoneSummaries'] as object[]).length, 1);
  await cloud.restartEdge();
  assert.equal(ask(cloud, 'x.s.test', frankfurt), '10.0.0.1', 'after a restart');
});

test('what VPCs and zones refuse each other', async () => {
  const cloud = await TestCloud.make();
  const open = await cloud.zone('s.test');
  const one = vpc('vpc-1', 'eu-central-1');
  const create = { Name: 'p.test', VPC: one, HostedZoneConfig: { PrivateZone: true } };
  const made = await cloud.call('CreateHostedZone', { ...create, CallerReference: 'a' });
  const HostedZoneId = made.HostedZone.Id;
  const said = (operation: string, input: object) => cloud.refusal(operation, input);
  assert.match(
    await said('CreateHostedZone', { ...create, CallerReference: 'b' }),
    /^400 ConflictingDomainExists/,
  );
  assert.match(
    await said('CreateHostedZone', { ...create, VPC: undefined, CallerReference: 'c' }),
    /you must specify a VPC/,
  );
  assert.match(
    await said('AssociateVPCWithHostedZone', { HostedZoneId: open, VPC: one }),
    /^400 PublicZoneVPCAssociation/,
  );
  assert.match(
    await said('DisassociateVPCFromHostedZone', { HostedZoneId, VPC: one }),
    /^400 LastVPCAssociation/,
  );
  const other = vpc('vpc-2', 'us-east-1');
  assert.match(
    await said('DisassociateVPCFromHostedZone', { HostedZoneId, VPC: other }),
    /^404 VPCAssociationNotFound/,
  );
  const test_ = { HostedZoneId, RecordName: 'p.test', RecordType: 'SOA' };
  assert.match(await said('TestDNSAnswer', test_), /not supported for private/);
});

test('of zones of one name the one whose name server is asked answers', async () => {
  const cloud = await TestCloud.make();
  const zones: { id: string; server: string }[] = [];
  for (const n of [1, 2]) {
    const input = { Name: 'twin.test', CallerReference: `${n}` };
    const made = await cloud.call('CreateHostedZone', input);
    const set = made['DelegationSet'] as { NameServers: string[] };
    zones.push({ id: made.HostedZone.Id, server: set.NameServers[0] ?? '' });
    await cloud.change(made.HostedZone.Id, [
      'CREATE',
      records('x.twin.test', 'A', [`192.0.2.${n}`]),
    ]);
  }
  await cloud.sleep(600);
  assert.equal(ask(cloud, 'x.twin.test', '127.0.0.1'), '192.0.2.1', 'the oldest, unless told');
  for (const [i, { id, server }] of zones.entries()) {
    assert.equal(ask(cloud, 'x.twin.test', '127.0.0.1', `ns=${server}.`), `192.0.2.${i + 1}`);
    const tested = await cloud.call('TestDNSAnswer', {
      HostedZoneId: id,
      RecordName: 'x.twin.test',
      RecordType: 'A',
    });
    assert.deepEqual(tested['RecordData'], [`192.0.2.${i + 1}`]);
  }
  assert.equal(ask(cloud, 'x.twin.test', '127.0.0.1', 'ns=ns-1.example.'), 'rcode 5');
  const limit = await cloud.call('GetHostedZoneLimit', {
    HostedZoneId: zones[0]?.id,
    Type: 'MAX_RRSETS_BY_ZONE',
  });
  assert.deepEqual(
    [limit['Limit'], limit['Count']],
    [{ Type: 'MAX_RRSETS_BY_ZONE', Value: 10_000 }, 3],
  );
  const account = await cloud.call('GetAccountLimit', { Type: 'MAX_HOSTED_ZONES_BY_OWNER' });
  assert.equal(account['Count'], 2);
});
