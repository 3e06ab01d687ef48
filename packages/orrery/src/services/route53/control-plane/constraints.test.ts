/** Bounds of single members over the API, each at its edge and beyond, in AWS's words. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { batch, records, TestCloud } from '../cloud.fake.ts';

const long = (length: number): string => 'x'.repeat(length);
const tooLong = (max: number, path: string): RegExp =>
  new RegExp(
    `^400 InvalidInput: 1 validation error detected: Value '[^']*' at '${path}' failed to satisfy ` +
      `constraint: Member must have length less than or equal to ${max}$`,
  );

describe('members are bounded', () => {
  test('of hosted zones, their comments and their batches', async () => {
    const cloud = await TestCloud.make();
    const create = { Name: 'b.test', CallerReference: 'r' };
    const HostedZoneConfig = { Comment: long(257) };
    assert.match(
      await cloud.refusal('CreateHostedZone', { ...create, HostedZoneConfig }),
      tooLong(256, 'hostedZoneConfig.comment'),
    );
    assert.match(
      await cloud.refusal('CreateHostedZone', { ...create, CallerReference: long(129) }),
      tooLong(128, 'callerReference'),
    );
    const made = await cloud.call('CreateHostedZone', {
      Name: 'b.test',
      CallerReference: long(128),
      HostedZoneConfig: { Comment: long(256) },
    });
    const { Id } = made.HostedZone;
    const Comment = long(257);
    assert.match(
      await cloud.refusal('UpdateHostedZoneComment', { Id, Comment }),
      tooLong(256, 'comment'),
    );
    const Changes = [
      { Action: 'CREATE', ResourceRecordSet: records('a.b.test', 'A', ['192.0.2.1']) },
    ];
    assert.match(
      await cloud.refusal('ChangeResourceRecordSets', {
        HostedZoneId: Id,
        ChangeBatch: { Changes, Comment },
      }),
      tooLong(256, 'changeBatch.comment'),
    );
  });

  test('of health checks', async () => {
    const cloud = await TestCloud.make();
    const refusal = (members: object, more: object = {}): Promise<string> =>
      cloud.refusal('CreateHealthCheck', {
        CallerReference: 'r',
        HealthCheckConfig: { Type: 'HTTP', IPAddress: '192.0.2.1', ...members },
        ...more,
      });
    const at = 'healthCheckConfig.';
    assert.match(await refusal({}, { CallerReference: long(65) }), tooLong(64, 'callerReference'));
    assert.match(await refusal({ ResourcePath: long(256) }), tooLong(255, `${at}resourcePath`));
    assert.match(
      await refusal({ Type: 'HTTP_STR_MATCH', SearchString: long(256) }),
      tooLong(255, `${at}searchString`),
    );
    assert.match(
      await refusal({ FullyQualifiedDomainName: long(256) }),
      tooLong(255, `${at}fullyQualifiedDomainName`),
    );
    assert.match(
      await refusal({ FailureThreshold: 11 }),
      /'11' at 'healthCheckConfig.failureThreshold' .* value less than or equal to 10$/,
    );
    assert.match(await refusal({ Port: 0 }), /'0' at .*port' .* value greater than or equal to 1$/);
  });

  test('of tags', async () => {
    const cloud = await TestCloud.make();
    const ResourceId = await cloud.zone('t.test');
    const refusal = (Key: string, Value: string): Promise<string> =>
      cloud.refusal('ChangeTagsForResource', {
        ResourceType: 'hostedzone',
        ResourceId,
        AddTags: [{ Key, Value }],
      });
    assert.match(await refusal(long(129), ''), tooLong(128, 'addTags.1.member.key'));
    assert.match(await refusal('k', long(257)), tooLong(256, 'addTags.1.member.value'));
  });
});

describe('values of a record set', () => {
  test('stand once, and alone where the type has one', async () => {
    const cloud = await TestCloud.make();
    const HostedZoneId = await cloud.zone('v.test');
    const refusal = (type: string, values: readonly string[]): Promise<string> =>
      cloud.refusal(
        'ChangeResourceRecordSets',
        batch(HostedZoneId, ['CREATE', records('x.v.test', type, values)]),
      );
    assert.equal(
      await refusal('A', ['192.0.2.1', '192.0.2.2', '192.0.2.1']),
      "400 InvalidChangeBatch: [Duplicate Resource Record: '192.0.2.1']",
    );
    assert.equal(
      await refusal('CNAME', ['a.test.', 'b.test.']),
      '400 InvalidChangeBatch: [RRSet with DNS name x.v.test., type CNAME cannot have more than one record.]',
    );
    // Nothing of it was kept.
    const { ResourceRecordSets } = await cloud.call('ListResourceRecordSets', { HostedZoneId });
    assert.equal((ResourceRecordSets as unknown as object[]).length, 2);
  });

  test('of a simple set cannot join weighted ones, and it has no identifier to be named by', async () => {
    const cloud = await TestCloud.make();
    const HostedZoneId = await cloud.zone('v.test');
    const change = (more: object): object =>
      batch(HostedZoneId, ['CREATE', records('x.v.test', 'A', ['192.0.2.1'], more)]);
    await cloud.call('ChangeResourceRecordSets', change({ SetIdentifier: 'one', Weight: 1 }));
    assert.equal(
      await cloud.refusal('ChangeResourceRecordSets', change({})),
      '400 InvalidChangeBatch: [RRSet with DNS name x.v.test., type A cannot be created as a non-simple set exists with the same name and type.]',
    );
  });
});
