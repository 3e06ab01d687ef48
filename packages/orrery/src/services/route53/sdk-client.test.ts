/**
 * AWS SDK v3, unmodified: every operation that is built, every paginator, the waiter, and what it
 * is told of operations that are not built.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as sdk from '@aws-sdk/client-route-53';
import json from '../../wire/generated/route53.json' with { type: 'json' };
import { asModel } from '../../wire/models.ts';
import { create, inSync, type RealService, startRealService } from './real-service.fake.ts';

const model = asModel(json);
const sent = new Set<string>();
let cloud: RealService;
let client: sdk.Route53;

before(async () => {
  cloud = await startRealService();
  client = cloud.client;
  client.middlewareStack.add(
    (next, context) => (args) => {
      sent.add(String(context.commandName).replace(/Command$/, ''));
      return next(args);
    },
    { step: 'initialize', name: 'remember' },
  );
});

after(() => cloud.close());

async function all<T, U>(pages: AsyncIterable<T>, items: (page: T) => readonly U[] | undefined) {
  const found: (readonly U[])[] = [];
  for await (const page of pages) found.push(items(page) ?? []);
  return found;
}

const sizes = (pages: readonly (readonly unknown[])[]) => pages.map(({ length }) => length);

test('hosted zones: made, told, listed in pages, changed, deleted', async () => {
  const ids: string[] = [];
  for (const name of ['c.zones.test', 'a.zones.test', 'b.zones.test']) {
    const made = await client.createHostedZone({
      Name: name,
      CallerReference: name,
      HostedZoneConfig: { Comment: `zone ${name}` },
    });
    assert.match(
      made.Location ?? '',
      /^https:\/\/route53\.amazonaws\.com\/2013-04-01\/hostedzone\/Z/,
    );
    assert.equal(made.DelegationSet?.NameServers?.length, 4);
    assert.ok(made.ChangeInfo?.SubmittedAt instanceof Date);
    ids.push(made.HostedZone?.Id ?? '');
  }
  const [id = ''] = ids;
  await assert.rejects(
    client.createHostedZone({ Name: 'c.zones.test', CallerReference: 'c.zones.test' }),
    (error) => error instanceof sdk.HostedZoneAlreadyExists,
  );
  const zones = await all(
    sdk.paginateListHostedZones({ client, pageSize: 2 }, {}),
    (page) => page.HostedZones,
  );
  assert.deepEqual(sizes(zones), [2, 1]);
  assert.deepEqual(
    zones
      .flat()
      .map(({ Id }) => Id)
      .sort(),
    [...ids].sort(),
  );
  const first = await client.listHostedZonesByName({ MaxItems: 2 });
  assert.deepEqual(
    first.HostedZones?.map(({ Name }) => Name),
    ['a.zones.test.', 'b.zones.test.'],
  );
  assert.equal(first.NextDNSName, 'c.zones.test.');
  const rest = await client.listHostedZonesByName({
    DNSName: first.NextDNSName,
    HostedZoneId: first.NextHostedZoneId,
  });
  assert.deepEqual(
    rest.HostedZones?.map(({ Name }) => Name),
    ['c.zones.test.'],
  );
  assert.equal((await client.getHostedZoneCount({})).HostedZoneCount, 3);
  const changed = await client.updateHostedZoneComment({ Id: id, Comment: 'other' });
  assert.equal(changed.HostedZone?.Config?.Comment, 'other');
  assert.equal((await client.getHostedZone({ Id: id })).HostedZone?.Config?.Comment, 'other');
  const limit = await client.getHostedZoneLimit({ HostedZoneId: id, Type: 'MAX_RRSETS_BY_ZONE' });
  assert.deepEqual([limit.Limit?.Value, limit.Count], [10_000, 2]);
  const account = await client.getAccountLimit({ Type: 'MAX_HOSTED_ZONES_BY_OWNER' });
  assert.deepEqual([account.Limit?.Value, account.Count], [500, 3]);
  for (const each of ids) {
    const { ChangeInfo } = await client.deleteHostedZone({ Id: each });
    await inSync(client, ChangeInfo?.Id ?? '');
  }
  await assert.rejects(
    client.getHostedZone({ Id: id }),
    (error) => error instanceof sdk.NoSuchHostedZone && error.$metadata.httpStatusCode === 404,
  );
});

test('private zones: VPCs come and go', async () => {
  const vpc = (VPCId: string): sdk.VPC => ({ VPCId, VPCRegion: 'eu-west-1' });
  const made = await client.createHostedZone({
    Name: 'private.test',
    CallerReference: 'private',
    VPC: vpc('vpc-1'),
    HostedZoneConfig: { PrivateZone: true },
  });
  const HostedZoneId = made.HostedZone?.Id ?? '';
  await client.associateVPCWithHostedZone({ HostedZoneId, VPC: vpc('vpc-2') });
  const { VPCs } = await client.getHostedZone({ Id: HostedZoneId });
  assert.deepEqual(
    VPCs?.map(({ VPCId }) => VPCId),
    ['vpc-1', 'vpc-2'],
  );
  await client.createHostedZone({ Name: 'public.test', CallerReference: 'public' });
  const listed = await client.listHostedZones({ HostedZoneType: 'PrivateHostedZone' });
  assert.deepEqual(
    listed.HostedZones?.map(({ Name }) => Name),
    ['private.test.'],
  );
  const of = await client.listHostedZonesByVPC({ VPCId: 'vpc-2', VPCRegion: 'eu-west-1' });
  assert.deepEqual(
    of.HostedZoneSummaries?.map(({ Name }) => Name),
    ['private.test.'],
  );
  await client.disassociateVPCFromHostedZone({ HostedZoneId, VPC: vpc('vpc-2') });
  await assert.rejects(
    client.disassociateVPCFromHostedZone({ HostedZoneId, VPC: vpc('vpc-1') }),
    (error) => error instanceof sdk.LastVPCAssociation,
  );
  await client.deleteHostedZone({ Id: HostedZoneId });
});

/** The SDK has no paginator for these. */
async function recordPages(HostedZoneId: string, MaxItems: number | undefined) {
  const pages: sdk.ResourceRecordSet[][] = [];
  let next: sdk.ListResourceRecordSetsCommandInput | undefined = { HostedZoneId, MaxItems };
  while (next !== undefined) {
    const page: sdk.ListResourceRecordSetsCommandOutput = await client.listResourceRecordSets(next);
    pages.push(page.ResourceRecordSets ?? []);
    const { NextRecordName, NextRecordType, NextRecordIdentifier } = page;
    const start = {
      StartRecordName: NextRecordName,
      StartRecordType: NextRecordType,
      StartRecordIdentifier: NextRecordIdentifier,
    };
    next = page.IsTruncated === true ? { HostedZoneId, MaxItems, ...start } : undefined;
  }
  return pages;
}

test('record sets: a batch of hundreds, its pages, the waiter, and answers', async () => {
  const count = 350;
  const id = await cloud.zoneWith('records.test', [
    ...Array.from({ length: count }, (_, i) =>
      create(`h${i}.records.test`, 'A', `10.1.${i >> 8}.${i & 255}`),
    ),
  ]);
  const pages = await recordPages(id, undefined);
  assert.deepEqual(sizes(pages), [300, count + 2 - 300]);
  const small = await recordPages(id, 100);
  assert.deepEqual(sizes(small), [100, 100, 100, count + 2 - 300]);
  assert.deepEqual(small.flat(), pages.flat());
  const [ours] = small.flat().filter(({ Name }) => Name === 'h7.records.test.');
  assert.deepEqual(ours?.ResourceRecords, [{ Value: '10.1.0.7' }]);
  const { ChangeInfo } = await client.changeResourceRecordSets({
    HostedZoneId: id,
    ChangeBatch: {
      Comment: 'away',
      Changes: [{ Action: 'DELETE', ResourceRecordSet: ours ?? { Name: '', Type: 'A' } }],
    },
  });
  assert.equal(ChangeInfo?.Status, 'PENDING');
  assert.equal(ChangeInfo.Comment, 'away');
  await inSync(client, ChangeInfo.Id ?? '');
  await assert.rejects(cloud.resolver.resolve4('h7.records.test'), { code: 'ENOTFOUND' });
  const tested = await client.testDNSAnswer({
    HostedZoneId: id,
    RecordName: 'h8.records.test',
    RecordType: 'A',
    ResolverIP: '192.0.2.1',
    EDNS0ClientSubnetIP: '198.51.100.0',
    EDNS0ClientSubnetMask: '24',
  });
  assert.deepEqual([tested.ResponseCode, tested.RecordData], ['NOERROR', ['10.1.0.8']]);
  await assert.rejects(
    client.changeResourceRecordSets({
      HostedZoneId: id,
      ChangeBatch: {
        Changes: [create('h8.records.test', 'A', '10.1.0.8'), create('x.else.test', 'A', 'no')],
      },
    }),
    (error) => error instanceof sdk.InvalidChangeBatch && error.message.startsWith('['),
  );
  await assert.rejects(
    client.getChange({ Id: 'C0000000000000' }),
    (error) => error instanceof sdk.NoSuchChange,
  );
  await assert.rejects(
    client.deleteHostedZone({ Id: id }),
    (error) => error instanceof sdk.HostedZoneNotEmpty,
  );
});

test('health checks: made, changed by version, listed in pages, tagged, deleted', async () => {
  const made: string[] = [];
  for (const Port of [81, 82, 83]) {
    const { HealthCheck } = await client.createHealthCheck({
      CallerReference: `port ${Port}`,
      HealthCheckConfig: { Type: 'TCP', IPAddress: '127.0.0.1', Port, Disabled: true },
    });
    made.push(HealthCheck?.Id ?? '');
  }
  const [HealthCheckId = ''] = made;
  assert.equal((await client.getHealthCheckCount({})).HealthCheckCount, 3);
  const pages = await all(
    sdk.paginateListHealthChecks({ client, pageSize: 2 }, {}),
    (page) => page.HealthChecks,
  );
  assert.deepEqual(sizes(pages), [2, 1]);
  const changed = await client.updateHealthCheck({
    HealthCheckId,
    HealthCheckVersion: 1,
    FailureThreshold: 5,
    ResetElements: ['FullyQualifiedDomainName'],
  });
  assert.equal(changed.HealthCheck?.HealthCheckVersion, 2);
  await assert.rejects(
    client.updateHealthCheck({ HealthCheckId, HealthCheckVersion: 1, FailureThreshold: 2 }),
    (error) => error instanceof sdk.HealthCheckVersionMismatch,
  );
  const got = await client.getHealthCheck({ HealthCheckId });
  assert.equal(got.HealthCheck?.HealthCheckConfig?.FailureThreshold, 5);
  const status = await client.getHealthCheckStatus({ HealthCheckId });
  assert.ok(Array.isArray(status.HealthCheckObservations));
  const failure = await client.getHealthCheckLastFailureReason({ HealthCheckId });
  assert.ok(Array.isArray(failure.HealthCheckObservations));
  assert.ok(((await client.getCheckerIpRanges({})).CheckerIpRanges?.length ?? 0) >= 16);
  await client.changeTagsForResource({
    ResourceType: 'healthcheck',
    ResourceId: HealthCheckId,
    AddTags: [
      { Key: 'Name', Value: 'front' },
      { Key: 'old', Value: 'x' },
    ],
  });
  await client.changeTagsForResource({
    ResourceType: 'healthcheck',
    ResourceId: HealthCheckId,
    RemoveTagKeys: ['old'],
  });
  const where = { ResourceType: 'healthcheck', ResourceId: HealthCheckId } as const;
  const one = await client.listTagsForResource(where);
  assert.deepEqual(one.ResourceTagSet?.Tags, [{ Key: 'Name', Value: 'front' }]);
  const many = await client.listTagsForResources({
    ResourceType: 'healthcheck',
    ResourceIds: made,
  });
  assert.deepEqual(
    many.ResourceTagSets?.map(({ Tags }) => Tags?.length ?? 0),
    [1, 0, 0],
  );
  for (const id of made) await client.deleteHealthCheck({ HealthCheckId: id });
  await assert.rejects(
    client.getHealthCheck({ HealthCheckId }),
    (error) => error instanceof sdk.NoSuchHealthCheck,
  );
});

test('CIDR collections: made, changed, listed in pages, deleted', async () => {
  const { Collection } = await client.createCidrCollection({ Name: 'isps', CallerReference: 'c' });
  const Id = Collection?.Id ?? '';
  await client.createCidrCollection({ Name: 'other', CallerReference: 'd' });
  await client.changeCidrCollection({
    Id,
    CollectionVersion: 1,
    Changes: ['a', 'b', 'c'].map((LocationName, i) => ({
      LocationName,
      Action: 'PUT',
      CidrList: [`10.${i}.0.0/16`, `10.${i + 8}.0.0/16`],
    })),
  });
  const collections = await all(
    sdk.paginateListCidrCollections({ client, pageSize: 1 }, {}),
    (page) => page.CidrCollections,
  );
  assert.deepEqual(sizes(collections), [1, 1]);
  const locations = await all(
    sdk.paginateListCidrLocations({ client, pageSize: 2 }, { CollectionId: Id }),
    (page) => page.CidrLocations,
  );
  assert.deepEqual(sizes(locations), [2, 1]);
  const blocks = await all(
    sdk.paginateListCidrBlocks({ client, pageSize: 4 }, { CollectionId: Id }),
    (page) => page.CidrBlocks,
  );
  assert.deepEqual(sizes(blocks), [4, 2]);
  await assert.rejects(
    client.deleteCidrCollection({ Id }),
    (error) => error instanceof sdk.CidrCollectionInUseException,
  );
  await client.changeCidrCollection({
    Id,
    Changes: ['a', 'b', 'c'].map((LocationName, i) => ({
      LocationName,
      Action: 'DELETE_IF_EXISTS',
      CidrList: [`10.${i}.0.0/16`, `10.${i + 8}.0.0/16`],
    })),
  });
  await client.deleteCidrCollection({ Id });
});

test('geolocations: one, and all in pages', async () => {
  const one = await client.getGeoLocation({ CountryCode: 'US', SubdivisionCode: 'NY' });
  assert.equal(one.GeoLocationDetails?.SubdivisionName, 'New York');
  const names: string[] = [];
  let next: sdk.ListGeoLocationsCommandInput | undefined = { MaxItems: 100 };
  while (next !== undefined) {
    const page: sdk.ListGeoLocationsCommandOutput = await client.listGeoLocations(next);
    names.push(
      ...(page.GeoLocationDetailsList ?? []).map(
        ({ ContinentCode, CountryCode, SubdivisionCode }) =>
          [ContinentCode, CountryCode, SubdivisionCode].join('/'),
      ),
    );
    next =
      page.IsTruncated === true
        ? {
            MaxItems: 100,
            StartContinentCode: page.NextContinentCode,
            StartCountryCode: page.NextCountryCode,
            StartSubdivisionCode: page.NextSubdivisionCode,
          }
        : undefined;
  }
  assert.equal(new Set(names).size, names.length);
  assert.ok(names.length > 300, String(names.length));
  assert.ok(names.includes('/US/NY') && names.includes('AF//') && names.includes('/*/'));
});

/** Just enough of an input that the SDK sends it: its labels and what it requires. */
function leastInput(operation: string): Record<string, unknown> {
  const shape = model.shapes[model.operations[operation]?.input ?? ''];
  if (shape === undefined || !('members' in shape)) return {};
  return Object.fromEntries(
    Object.entries(shape.members)
      .filter(([name, member]) => {
        const isLabel = typeof member === 'object' && member.location === 'label';
        return isLabel || shape.required?.includes(name);
      })
      .map(([name, member]) => {
        const target = model.shapes[typeof member === 'string' ? member : member.shape];
        const isNumber = target?.type === 'number';
        return [name, target?.type === 'structure' ? {} : isNumber ? 1 : 'x1'];
      }),
  );
}

test('operations that are not built answer 501 and name themselves', async () => {
  const built = cloud.service.operations;
  const absent = Object.keys(model.operations).filter((name) => !Object.hasOwn(built, name));
  const commands = sdk as unknown as Record<string, new (input: object) => sdk.GetChangeCommand>;
  for (const name of absent) {
    const Command = commands[`${name}Command`];
    assert.ok(Command, name);
    await assert.rejects(client.send(new Command(leastInput(name))), (error) => {
      assert.ok(error instanceof sdk.Route53ServiceException, `${name}: ${error}`);
      assert.equal(error.name, 'NotImplemented', name);
      assert.equal(error.$metadata.httpStatusCode, 501);
      assert.ok(error.message.includes(name), error.message);
      return true;
    });
  }
});

test('the tests above left no operation out', () => {
  assert.deepEqual(
    Object.keys(model.operations).filter((name) => !sent.has(name)),
    [],
  );
});
