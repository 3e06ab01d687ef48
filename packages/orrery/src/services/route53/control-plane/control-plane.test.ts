import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { batch, records, TestCloud } from '../cloud.fake.ts';
import type { RecordSet } from '../record-set.ts';

const a = (name: string, ...values: string[]) => records(name, 'A', values);

describe('hosted zones', () => {
  test('are made with four name servers, SOA and NS, and answer when in sync', async () => {
    const cloud = await TestCloud.make();
    const made = await cloud.call('CreateHostedZone', {
      Name: 'Orders.Test',
      CallerReference: 'one',
      HostedZoneConfig: { Comment: 'mine' },
    });
    assert.match(made.HostedZone.Id, /^\/hostedzone\/Z[0-9A-Z]{20}$/);
    assert.match(made.ChangeInfo.Id, /^\/change\/C[0-9A-Z]{20}$/);
    assert.equal(made.ChangeInfo.Status, 'PENDING');
    assert.equal(made.HostedZone.ResourceRecordSetCount, 2);
    const { NameServers } = made['DelegationSet'] as { NameServers: string[] };
    assert.equal(NameServers.length, 4);
    for (const server of NameServers)
      assert.match(server, /^ns-\d+\.awsdns-\d\d\.(com|net|org|co\.uk)$/);
    assert.equal(cloud.dig('orders.test', 'SOA'), 'REFUSED');
    await cloud.sleep(600);
    assert.match(
      cloud.dig('orders.test', 'SOA'),
      /awsdns-hostmaster\.amazon\.com\. 1 7200 900 1209600 86400/,
    );
    const change = await cloud.call('GetChange', { Id: made.ChangeInfo.Id });
    assert.equal(change.ChangeInfo.Status, 'INSYNC');
    const got = await cloud.call('GetHostedZone', { Id: made.HostedZone.Id });
    assert.deepEqual(got['HostedZone'], made['HostedZone']);
    assert.deepEqual(got['DelegationSet'], made['DelegationSet']);
    assert.equal(
      await cloud.refusal('CreateHostedZone', { Name: 'other.test', CallerReference: 'one' }),
      '409 HostedZoneAlreadyExists: A hosted zone has already been created with the specified caller reference.',
    );
  });

  test('are refused with bad names, and what is not built says so', async () => {
    const cloud = await TestCloud.make();
    const create = (Name: string, more = {}) =>
      cloud.refusal('CreateHostedZone', { Name, CallerReference: Name, ...more });
    for (const name of ['a..b', '.', 'é.test', '*.test', `${'x'.repeat(64)}.test`]) {
      assert.match(await create(name), /^400 InvalidDomainName/, name);
    }
    assert.match(await create('a.test', { VPC: { VPCId: 'vpc-1' } }), /vPCRegion/);
    assert.match(await create('a.test', { DelegationSetId: 'N1' }), /^501 NotImplemented/);
    assert.match(await create('a.test', { CallerReference: '' }), /^400 InvalidInput/);
  });

  test('are listed in pages, and by name in the order of reversed labels', async () => {
    const cloud = await TestCloud.make();
    for (const name of ['b.test', 'a.test', 'x.a.test', 'a-b.test', 'com']) await cloud.zone(name);
    assert.equal((await cloud.call('GetHostedZoneCount', {}))['HostedZoneCount'], 5);
    const names: string[] = [];
    let marker: object = {};
    for (let pages = 0; pages < 9; pages++) {
      const page = await cloud.call('ListHostedZones', { MaxItems: 2, ...marker });
      names.push(...(page['HostedZones'] as { Name: string }[]).map(({ Name }) => Name));
      assert.equal(page['IsTruncated'], page['NextMarker'] !== undefined);
      if (page['NextMarker'] === undefined) break;
      marker = { Marker: page['NextMarker'] };
    }
    assert.deepEqual(names.sort(), ['a-b.test.', 'a.test.', 'b.test.', 'com.', 'x.a.test.']);
    const byName = await cloud.call('ListHostedZonesByName', { MaxItems: 3, DNSName: 'test' });
    assert.deepEqual(
      (byName['HostedZones'] as { Name: string }[]).map(({ Name }) => Name),
      ['a-b.test.', 'a.test.', 'x.a.test.'],
    );
    assert.equal(byName['NextDNSName'], 'b.test.');
  });

  test('go only when nothing but SOA and NS is left, and then from the name servers too', async () => {
    const cloud = await TestCloud.make();
    const zone = await cloud.zone('go.test');
    await cloud.change(zone, ['CREATE', a('x.go.test', '192.0.2.1')]);
    assert.match(await cloud.refusal('DeleteHostedZone', { Id: zone }), /^400 HostedZoneNotEmpty/);
    await cloud.change(zone, ['DELETE', a('x.go.test', '192.0.2.1')]);
    await cloud.sleep(600);
    assert.equal(cloud.dig('x.go.test'), 'NXDOMAIN');
    await cloud.call('DeleteHostedZone', { Id: zone });
    await cloud.sleep(600);
    assert.equal(cloud.dig('x.go.test'), 'REFUSED');
    const id = zone.replace('/hostedzone/', '');
    assert.equal(
      await cloud.refusal('GetHostedZone', { Id: zone }),
      `404 NoSuchHostedZone: No hosted zone found with ID: ${id}`,
    );
  });

  test('of one name: the one that was made first answers', async () => {
    const cloud = await TestCloud.make();
    const first = await cloud.zone('twin.test');
    const second = await cloud.zone('twin.test');
    await cloud.change(second, ['CREATE', a('x.twin.test', '192.0.2.2')]);
    await cloud.sleep(600);
    assert.equal(cloud.dig('x.twin.test'), 'NXDOMAIN');
    await cloud.change(first, ['CREATE', a('x.twin.test', '192.0.2.1')]);
    await cloud.sleep(600);
    assert.equal(cloud.dig('x.twin.test'), '192.0.2.1');
  });
});

/** Batches against a zone that has `www` A, `set` weighted A and `cname`; with what is answered. */
const weighted = (id: string, Weight: number, more: Partial<RecordSet> = {}) =>
  records('set.rules.test', 'A', ['192.0.2.1'], { SetIdentifier: id, Weight, ...more });
const alias = (DNSName: string, HostedZoneId: string): Partial<RecordSet> => ({
  Name: 'alias.rules.test',
  Type: 'A',
  AliasTarget: { HostedZoneId, DNSName, EvaluateTargetHealth: true },
});
const change = (members: object) => ({ ...members }) as Partial<RecordSet>;
const inChange = (action: string, name: string, set = 'null') =>
  `Change with [Action=${action}, Name=${name}, Type=A, SetIdentifier=${set}]`;

const refusals: readonly [string, (readonly [string, Partial<RecordSet>])[], string][] = [
  [
    'exists',
    [['CREATE', a('www.rules.test', '192.0.2.9')]],
    "400 InvalidChangeBatch: [Tried to create resource record set [name='www.rules.test.', type='A'] but it already exists]",
  ],
  [
    'exists, with identifier',
    [['CREATE', weighted('one', 1)]],
    "400 InvalidChangeBatch: [Tried to create resource record set [name='set.rules.test.', type='A', set-identifier='one'] but it already exists]",
  ],
  [
    'delete what is not there',
    [['DELETE', a('no.rules.test', '192.0.2.9')]],
    "400 InvalidChangeBatch: [Tried to delete resource record set [name='no.rules.test.', type='A'] but it was not found]",
  ],
  [
    'delete other values',
    [['DELETE', a('www.rules.test', '192.0.2.9')]],
    "400 InvalidChangeBatch: [Tried to delete resource record set [name='www.rules.test.', type='A'] but the values provided do not match the current values]",
  ],
  [
    'outside the zone',
    [['CREATE', a('www.other.test', '192.0.2.9')]],
    '400 InvalidChangeBatch: [RRSet with DNS name www.other.test. is not permitted in zone rules.test.]',
  ],
  [
    'outside by a letter',
    [['CREATE', a('wwwrules.test', '192.0.2.9')]],
    '400 InvalidChangeBatch: [RRSet with DNS name wwwrules.test. is not permitted in zone rules.test.]',
  ],
  [
    'CNAME at the apex',
    [['CREATE', records('rules.test', 'CNAME', ['x.test'])]],
    '400 InvalidChangeBatch: [RRSet of type CNAME with DNS name rules.test. is not permitted at apex in zone rules.test.]',
  ],
  [
    'CNAME beside others',
    [['CREATE', records('www.rules.test', 'CNAME', ['x.test'])]],
    '400 InvalidChangeBatch: [RRSet of type CNAME with DNS name www.rules.test. is not permitted as it conflicts with other records with the same DNS name in zone rules.test.]',
  ],
  [
    'others beside a CNAME',
    [['CREATE', a('cname.rules.test', '192.0.2.9')]],
    '400 InvalidChangeBatch: [RRSet of type A with DNS name cname.rules.test. is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone rules.test.]',
  ],
  [
    'SOA not at the apex',
    [['CREATE', records('www.rules.test', 'SOA', ['a. b. 1 2 3 4 5'])]],
    '400 InvalidChangeBatch: [RRSet of type SOA with DNS name www.rules.test. is not permitted in zone rules.test.]',
  ],
  [
    'no IPv4 address',
    [['CREATE', a('x.rules.test', '999.0.2.9')]],
    "400 InvalidChangeBatch: [Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) encountered with '999.0.2.9'']",
  ],
  [
    'no IPv6 address',
    [['CREATE', records('x.rules.test', 'AAAA', ['192.0.2.1'])]],
    "400 InvalidChangeBatch: [Invalid Resource Record: 'FATAL problem: AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address) encountered with '192.0.2.1'']",
  ],
  [
    'TXT without quotes',
    [['CREATE', records('x.rules.test', 'TXT', ['plain'])]],
    "400 InvalidChangeBatch: [Invalid Resource Record: 'FATAL problem: InvalidCharacterString (Value should be enclosed in quotation marks) encountered with 'plain'']",
  ],
  [
    'all problems at once',
    [
      ['CREATE', a('x.rules.test', '1')],
      ['CREATE', a('y..rules.test', '192.0.2.9')],
    ],
    "400 InvalidChangeBatch: [Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) encountered with '1'', FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with 'y..rules.test']",
  ],
  [
    'neither values nor alias',
    [['CREATE', change({ Name: 'x.rules.test', Type: 'A' })]],
    `400 InvalidInput: Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found none in ${inChange('CREATE', 'x.rules.test')}`,
  ],
  [
    'values without TTL',
    [
      [
        'UPSERT',
        change({ Name: 'x.rules.test', Type: 'A', ResourceRecords: [{ Value: '192.0.2.9' }] }),
      ],
    ],
    `400 InvalidInput: Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found none in ${inChange('UPSERT', 'x.rules.test')}`,
  ],
  [
    'both',
    [
      [
        'CREATE',
        {
          ...a('x.rules.test', '192.0.2.9'),
          ...alias('www.rules.test', 'Z1'),
          Name: 'x.rules.test',
        },
      ],
    ],
    `400 InvalidInput: Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found more than one in ${inChange('CREATE', 'x.rules.test')}`,
  ],
  [
    'policy without identifier',
    [['CREATE', records('x.rules.test', 'A', ['192.0.2.9'], { Weight: 1 })]],
    `400 InvalidInput: Invalid request: Missing field 'SetIdentifier' in ${inChange('CREATE', 'x.rules.test')}`,
  ],
  [
    'identifier without policy',
    [['CREATE', records('x.rules.test', 'A', ['192.0.2.9'], { SetIdentifier: 'i' })]],
    `400 InvalidInput: Invalid request: Expected exactly one of [Weight, Region, Failover, GeoLocation, MultiValueAnswer, GeoProximityLocation, or CidrRoutingConfig], but found none in ${inChange('CREATE', 'x.rules.test', 'i')}`,
  ],
  [
    'two policies',
    [
      [
        'CREATE',
        records('x.rules.test', 'A', ['192.0.2.9'], {
          SetIdentifier: 'i',
          Weight: 1,
          Failover: 'PRIMARY',
        }),
      ],
    ],
    `400 InvalidInput: Invalid request: Expected exactly one of [Weight, Region, Failover, GeoLocation, MultiValueAnswer, GeoProximityLocation, or CidrRoutingConfig], but found more than one in ${inChange('CREATE', 'x.rules.test', 'i')}`,
  ],
  [
    'another policy',
    [
      [
        'CREATE',
        records('set.rules.test', 'A', ['192.0.2.9'], { SetIdentifier: 'i', Region: 'us-east-1' }),
      ],
    ],
    '400 InvalidChangeBatch: [RRSet with DNS name set.rules.test., type A, SetIdentifier i cannot be created as a non-latency set exists with the same name and type.]',
  ],
  [
    'weights beside simple',
    [['CREATE', records('www.rules.test', 'A', ['192.0.2.9'], { SetIdentifier: 'i', Weight: 1 })]],
    '400 InvalidChangeBatch: [RRSet with DNS name www.rules.test., type A, SetIdentifier i cannot be created as a non-weighted set exists with the same name and type.]',
  ],
  [
    'weights of two TTLs',
    [['CREATE', weighted('two', 1, { TTL: 61 })]],
    '400 InvalidChangeBatch: [RRSet with DNS name set.rules.test. and type A, SetIdentifier two cannot be created as weighted sets must contain the same TTL.]',
  ],
  [
    'multivalue CNAME',
    [
      [
        'CREATE',
        records('x.rules.test', 'CNAME', ['y.test'], {
          SetIdentifier: 'i',
          MultiValueAnswer: true,
        }),
      ],
    ],
    '400 InvalidChangeBatch: [RRSet with DNS name x.rules.test., type CNAME, SetIdentifier i cannot be created as multivalue answer allows no CNAME and no alias.]',
  ],
  [
    'weighted NS',
    [['CREATE', records('x.rules.test', 'NS', ['y.test'], { SetIdentifier: 'i', Weight: 1 })]],
    '400 InvalidChangeBatch: [RRSet with DNS name x.rules.test., type NS, SetIdentifier i cannot be created as type NS allows simple routing only.]',
  ],
  [
    'weight out of range',
    [['CREATE', weighted('two', 256)]],
    "400 InvalidInput: 1 validation error detected: Value '256' at 'changeBatch.changes.1.member.resourceRecordSet.weight' failed to satisfy constraint: Member must have value less than or equal to 255",
  ],
  [
    'unknown region',
    [
      [
        'CREATE',
        records('x.rules.test', 'A', ['192.0.2.9'], { SetIdentifier: 'i', Region: 'us-moon-1' }),
      ],
    ],
    "400 InvalidInput: 1 validation error detected: Value 'us-moon-1' at 'changeBatch.changes.1.member.resourceRecordSet.region' failed to satisfy constraint: Member must be a Region of this cloud",
  ],
  [
    'unknown type',
    [['CREATE', records('x.rules.test', 'LOC', ['1'])]],
    "400 InvalidInput: 1 validation error detected: Value 'LOC' at 'changeBatch.changes.1.member.resourceRecordSet.type' failed to satisfy constraint: Member must satisfy enum value set: [SOA, A, TXT, NS, CNAME, MX, NAPTR, PTR, SRV, SPF, AAAA, CAA, DS, TLSA, SSHFP, SVCB, HTTPS]",
  ],
  [
    'unknown health check',
    [['CREATE', records('x.rules.test', 'A', ['192.0.2.9'], { HealthCheckId: 'none' })]],
    '404 NoSuchHealthCheck: A health check with id none does not exist.',
  ],
  [
    'apex NS deleted',
    [
      [
        'DELETE',
        change({ Name: 'rules.test', Type: 'NS', TTL: 1, ResourceRecords: [{ Value: 'x.' }] }),
      ],
    ],
    "400 InvalidChangeBatch: [Tried to delete resource record set [name='rules.test.', type='NS'] but the values provided do not match the current values]",
  ],
  [
    'alias to nothing',
    [['CREATE', alias('no.rules.test', 'ZONE')]],
    '400 InvalidChangeBatch: [Tried to create an alias that targets no.rules.test., type A in zone ZONE, but that target was not found]',
  ],
  [
    'alias outside',
    [['CREATE', alias('x.test', 'ZONE')]],
    '400 InvalidChangeBatch: [Tried to create an alias that targets x.test., type A in zone ZONE, but the alias target name does not lie within the target zone, Tried to create an alias that targets x.test., type A in zone ZONE, but that target was not found]',
  ],
  [
    'alias of another type',
    [['CREATE', { ...alias('www.rules.test', 'ZONE'), Type: 'AAAA' }]],
    '400 InvalidChangeBatch: [Tried to create an alias that targets www.rules.test., type AAAA in zone ZONE, but that target was not found]',
  ],
  [
    'alias to a service that is not built',
    [['CREATE', alias('x.elb.amazonaws.com', 'Z35')]],
    '501 NotImplemented: An alias to x.elb.amazonaws.com. is not built yet in this Route 53.',
  ],
  [
    'empty batch',
    [],
    "400 InvalidInput: 1 validation error detected: Value '[]' at 'changeBatch.changes' failed to satisfy constraint: Member must have length greater than or equal to 1",
  ],
];

describe('a change batch that is refused', () => {
  test('says why, and changes nothing', async () => {
    const cloud = await TestCloud.make();
    const zone = (await cloud.zone('rules.test')).replace('/hostedzone/', '');
    await cloud.change(
      zone,
      ['CREATE', a('www.rules.test', '192.0.2.1')],
      ['CREATE', weighted('one', 1)],
      ['CREATE', records('cname.rules.test', 'CNAME', ['www.rules.test'])],
    );
    await cloud.sleep(600);
    const before = await cloud.call('ListResourceRecordSets', { HostedZoneId: zone });
    for (const [what, changes, expected] of refusals) {
      const real = changes.map(([action, set]) => {
        const target = set.AliasTarget;
        if (target?.HostedZoneId !== 'ZONE') return [action, set] as const;
        return [action, { ...set, AliasTarget: { ...target, HostedZoneId: zone } }] as const;
      });
      const good = ['CREATE', a('good.rules.test', '192.0.2.7')] as const;
      for (const tried of real.length === 0 ? [real] : [real, [...real, good]]) {
        const said = await cloud.refusal('ChangeResourceRecordSets', batch(zone, ...tried));
        assert.equal(said.replaceAll(zone, 'ZONE'), expected, what);
      }
    }
    assert.deepEqual(await cloud.call('ListResourceRecordSets', { HostedZoneId: zone }), before);
    await cloud.sleep(600);
    assert.equal(cloud.dig('good.rules.test'), 'NXDOMAIN');
    assert.match(
      await cloud.refusal(
        'ChangeResourceRecordSets',
        batch('ZNONE', ['CREATE', a('x', '1.1.1.1')]),
      ),
      /^404 NoSuchHostedZone/,
    );
  });

  test('or is too large: 1,000 values, where an UPSERT counts twice', async () => {
    const cloud = await TestCloud.make();
    const zone = await cloud.zone('large.test');
    const many = (action: string, count: number) =>
      batch(
        zone,
        ...Array.from(
          { length: count },
          (_, i) => [action, a(`n${i}.large.test`, '192.0.2.1')] as const,
        ),
      );
    const limit = '400 InvalidChangeBatch: [Number of records limit of 1000 exceeded.]';
    assert.equal(await cloud.refusal('ChangeResourceRecordSets', many('CREATE', 1001)), limit);
    assert.equal(await cloud.refusal('ChangeResourceRecordSets', many('UPSERT', 501)), limit);
    assert.equal(await cloud.refusal('ChangeResourceRecordSets', many('UPSERT', 500)), 'accepted');
    const long = records(
      'long.large.test',
      'TXT',
      Array.from({ length: 140 }, (_, i) => `"${i}${'x'.repeat(240)}"`),
    );
    assert.match(
      await cloud.refusal('ChangeResourceRecordSets', batch(zone, ['CREATE', long])),
      /Number of characters limit of 32000 exceeded/,
    );
  });
});

describe('change batches', () => {
  test('may delete and create one name in any order, CNAME and all', async () => {
    const cloud = await TestCloud.make();
    const zone = await cloud.zone('order.test');
    const cname = records('x.order.test', 'CNAME', ['y.order.test']);
    await cloud.change(zone, ['CREATE', a('x.order.test', '192.0.2.1')]);
    await cloud.change(zone, ['CREATE', cname], ['DELETE', a('x.order.test', '192.0.2.1')]);
    await cloud.sleep(600);
    assert.equal(cloud.dig('x.order.test'), 'CNAME y.order.test.');
    await cloud.change(zone, ['DELETE', cname], ['CREATE', a('x.order.test', '192.0.2.2')]);
    await cloud.change(zone, ['UPSERT', a('X.ORDER.TEST.', '192.0.2.3', '192.0.2.4')]);
    await cloud.change(zone, ['DELETE', a('x.order.test', '192.0.2.4', '192.0.2.3')]);
    await cloud.sleep(600);
    assert.equal(cloud.dig('x.order.test'), 'NXDOMAIN');
  });

  test('become answers after the propagation delay, in order, and GetChange says when', async () => {
    const cloud = await TestCloud.make({ propagationMs: 5000 });
    const zone = await cloud.zone('slow.test');
    await cloud.sleep(5100);
    const first = await cloud.change(zone, ['CREATE', a('x.slow.test', '192.0.2.1')]);
    await cloud.sleep(1000);
    const second = await cloud.change(zone, ['UPSERT', a('x.slow.test', '192.0.2.2')]);
    await cloud.sleep(3900);
    assert.equal(cloud.dig('x.slow.test'), 'NXDOMAIN');
    await cloud.sleep(200);
    assert.equal(cloud.dig('x.slow.test'), '192.0.2.1');
    const status = async (change: typeof first) =>
      (await cloud.call('GetChange', { Id: change.ChangeInfo.Id })).ChangeInfo.Status;
    assert.deepEqual([await status(first), await status(second)], ['INSYNC', 'PENDING']);
    await cloud.sleep(1000);
    assert.equal(cloud.dig('x.slow.test'), '192.0.2.2');
    assert.equal(await status(second), 'INSYNC');
    assert.match(await cloud.refusal('GetChange', { Id: 'CNONE' }), /^404 NoSuchChange/);
  });

  test('outlive a crash of the edge: served ones are served, pending ones arrive', async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const cloud = await TestCloud.make({ propagationMs: 2000 }, seed);
      const zone = await cloud.zone('crash.test');
      await cloud.change(zone, ['CREATE', a('old.crash.test', '192.0.2.1')]);
      await cloud.sleep(2100);
      const change = await cloud.change(zone, ['CREATE', a('new.crash.test', '192.0.2.2')]);
      await cloud.sleep(seed * 250);
      await cloud.restartEdge();
      assert.equal(cloud.dig('old.crash.test'), '192.0.2.1');
      await cloud.sleep(2100);
      assert.equal(cloud.dig('new.crash.test'), '192.0.2.2');
      const after = await cloud.call('GetChange', { Id: change.ChangeInfo.Id });
      assert.equal(after.ChangeInfo.Status, 'INSYNC');
    }
  });

  test('of a thousand records apply quickly', async () => {
    const cloud = await TestCloud.make();
    const zone = await cloud.zone('bulk.test');
    await cloud.sleep(600);
    const changes = Array.from(
      { length: 1000 },
      (_, i) => ['CREATE', a(`n${i}.bulk.test`, '192.0.2.1')] as const,
    );
    await cloud.change(zone, ...changes);
    await cloud.sleep(600);
    assert.equal(cloud.dig('n999.bulk.test'), '192.0.2.1');
    const got = await cloud.call('GetHostedZone', { Id: zone });
    assert.equal(got.HostedZone.ResourceRecordSetCount, 1002);
  });
});

describe('ListResourceRecordSets', () => {
  test('goes by reversed labels, type and identifier, and pages without loss', async () => {
    const cloud = await TestCloud.make();
    const zone = await cloud.zone('list.test');
    const set = (id: string) =>
      records('w.list.test', 'A', ['192.0.2.1'], { SetIdentifier: id, Weight: 1 });
    await cloud.change(
      zone,
      ['CREATE', set('b')],
      ['CREATE', set('a')],
      ['CREATE', a('z.a.list.test', '192.0.2.1')],
      ['CREATE', a('a.list.test', '192.0.2.1')],
      ['CREATE', records('a.list.test', 'TXT', ['"x"'])],
      ['CREATE', records('a.list.test', 'AAAA', ['::1'])],
      ['CREATE', a('a-b.list.test', '192.0.2.1')],
      ['CREATE', a('*.list.test', '192.0.2.1')],
    );
    const expected = [
      'list.test. NS',
      'list.test. SOA',
      '\\052.list.test. A',
      'a-b.list.test. A',
      'a.list.test. A',
      'a.list.test. AAAA',
      'a.list.test. TXT',
      'z.a.list.test. A',
      'w.list.test. A a',
      'w.list.test. A b',
    ];
    const line = (each: RecordSet) =>
      [each.Name, each.Type, each.SetIdentifier].filter((part) => part !== undefined).join(' ');
    for (const size of [1, 2, 3, 7, 100]) {
      const seen: string[] = [];
      let start: object = {};
      for (let pages = 0; pages < 20; pages++) {
        const page = await cloud.call('ListResourceRecordSets', {
          HostedZoneId: zone,
          MaxItems: size,
          ...start,
        });
        seen.push(...(page['ResourceRecordSets'] as RecordSet[]).map(line));
        if (page['IsTruncated'] !== true) break;
        start = {
          StartRecordName: page['NextRecordName'],
          StartRecordType: page['NextRecordType'],
          ...(page['NextRecordIdentifier'] !== undefined && {
            StartRecordIdentifier: page['NextRecordIdentifier'],
          }),
        };
      }
      assert.deepEqual(seen, expected, `pages of ${size}`);
    }
    const refused = { HostedZoneId: zone, StartRecordType: 'A' };
    assert.match(await cloud.refusal('ListResourceRecordSets', refused), /^400 InvalidInput/);
  });
});

describe('tags and TestDNSAnswer', () => {
  test('tags are added, replaced and removed', async () => {
    const cloud = await TestCloud.make();
    const zone = (await cloud.zone('tags.test')).replace('/hostedzone/', '');
    const resource = { ResourceType: 'hostedzone', ResourceId: zone };
    const tags = async () =>
      ((await cloud.call('ListTagsForResource', resource))['ResourceTagSet'] as { Tags: object[] })
        .Tags;
    const add = [
      { Key: 'a', Value: '1' },
      { Key: 'b', Value: '2' },
    ];
    await cloud.call('ChangeTagsForResource', { ...resource, AddTags: add });
    await cloud.call('ChangeTagsForResource', {
      ...resource,
      AddTags: [{ Key: 'b', Value: '3' }],
      RemoveTagKeys: ['a'],
    });
    assert.deepEqual(await tags(), [{ Key: 'b', Value: '3' }]);
    const none = { ResourceType: 'healthcheck', ResourceId: 'none' };
    assert.match(await cloud.refusal('ListTagsForResource', none), /^404 NoSuchHealthCheck/);
    const odd = { ResourceType: 'bucket', ResourceId: 'none' };
    assert.match(await cloud.refusal('ListTagsForResource', odd), /^400 InvalidInput/);
  });

  test('TestDNSAnswer says what a resolver there would be told', async () => {
    const cloud = await TestCloud.make();
    const zone = await cloud.zone('ask.test');
    const near = (Region: string, value: string) =>
      records('x.ask.test', 'A', [value], { SetIdentifier: Region, Region });
    await cloud.change(
      zone,
      ['CREATE', near('us-east-1', '192.0.2.1')],
      ['CREATE', near('ap-northeast-1', '192.0.2.2')],
    );
    await cloud.sleep(600);
    const ask = async (more: object) => {
      const out = await cloud.call('TestDNSAnswer', {
        HostedZoneId: zone,
        RecordName: 'x.ask.test',
        RecordType: 'A',
        ...more,
      });
      return [out['ResponseCode'], ...(out['RecordData'] as string[])];
    };
    assert.deepEqual(await ask({}), ['NOERROR', '192.0.2.1']);
    assert.deepEqual(await ask({ EDNS0ClientSubnetIP: '133.11.0.1' }), ['NOERROR', '192.0.2.2']);
    assert.deepEqual(await ask({ ResolverIP: '13.112.0.1' }), ['NOERROR', '192.0.2.2']);
    assert.deepEqual(await ask({ RecordName: 'no.ask.test' }), ['NXDOMAIN']);
    assert.deepEqual(await ask({ RecordType: 'TXT' }), ['NOERROR']);
  });
});
