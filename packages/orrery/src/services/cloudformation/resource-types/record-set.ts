/**
 * AWS::Route53::RecordSet and RecordSetGroup, on the Route 53 API: one change batch per step, and
 * the step is done when the change is INSYNC.
 */
import type {
  ChangeResourceRecordSetsCommandOutput,
  GetChangeCommandOutput,
  ListHostedZonesByNameCommandOutput,
} from '@aws-sdk/client-route-53';
import { ResourceFailure } from '../engine/resource-failure.ts';
import type { Properties } from '../template/template.ts';
import {
  objectsOf,
  optionalNumber,
  optionalObject,
  optionalText,
  pick,
  requiredText,
  textsOf,
} from './properties.ts';
import type { ResourceContext, ResourceType } from './resource-type.ts';

type Action = 'CREATE' | 'UPSERT' | 'DELETE';

/** The property that names a record set's place: another value is another record set. */
const identity = ['Name', 'Type', 'SetIdentifier', 'HostedZoneId', 'HostedZoneName'];

export const recordSet: ResourceType = {
  name: 'AWS::Route53::RecordSet',
  replaceOn: identity,
  async create(properties, context) {
    const physicalId = requiredText(properties, 'Name').replace(/\.$/, '');
    const handle = { physicalId, attributes: {} };
    const action = context.resumed ? 'UPSERT' : 'CREATE';
    await change(properties, [[action, properties]], context, () => context.made(handle));
    return handle;
  },
  async update(handle, properties, _previous, context) {
    await change(properties, [['UPSERT', properties]], context);
    return handle;
  },
  async delete(_handle, properties, context) {
    await change(properties, [['DELETE', properties]], context);
  },
};

export const recordSetGroup: ResourceType = {
  name: 'AWS::Route53::RecordSetGroup',
  replaceOn: ['HostedZoneId', 'HostedZoneName'],
  async create(properties, context) {
    const handle = { physicalId: context.physicalName(128), attributes: {} };
    const action = context.resumed ? 'UPSERT' : 'CREATE';
    const sets = objectsOf(properties, 'RecordSets');
    await change(
      properties,
      sets.map((set) => [action, set]),
      context,
      () => context.made(handle),
    );
    return handle;
  },
  async update(handle, properties, previous, context) {
    const key = (set: Properties): string =>
      JSON.stringify(identity.map((name) => set[name] ?? ''));
    const sets = objectsOf(properties, 'RecordSets');
    const kept = new Set(sets.map(key));
    const gone = objectsOf(previous, 'RecordSets').filter((set) => !kept.has(key(set)));
    await change(
      properties,
      [
        ...gone.map((set): [Action, Properties] => ['DELETE', set]),
        ...sets.map((set): [Action, Properties] => ['UPSERT', set]),
      ],
      context,
    );
    return handle;
  },
  async delete(_handle, properties, context) {
    const sets = objectsOf(properties, 'RecordSets');
    await change(
      properties,
      sets.map((set) => ['DELETE', set]),
      context,
    );
  },
};

async function change(
  properties: Properties,
  changes: readonly (readonly [Action, Properties])[],
  context: ResourceContext,
  accepted: () => void = () => {},
): Promise<void> {
  if (changes.length === 0) return;
  const { ChangeInfo } = await context.call<ChangeResourceRecordSetsCommandOutput>(
    'route53',
    'ChangeResourceRecordSets',
    {
      HostedZoneId: await zoneOf(properties, context),
      ChangeBatch: {
        Changes: changes.map(([Action, set]) => ({ Action, ResourceRecordSet: apiForm(set) })),
      },
    },
  );
  accepted();
  const Id = (ChangeInfo?.Id ?? '').replace(/^\/change\//, '');
  if (ChangeInfo?.Status === 'INSYNC') return;
  await context.until(`change ${Id} is INSYNC`, async () => {
    const now = await context.call<GetChangeCommandOutput>('route53', 'GetChange', { Id });
    return now.ChangeInfo?.Status === 'INSYNC';
  });
}

/** The zone by its id, or by its name where exactly one bears it. */
async function zoneOf(properties: Properties, context: ResourceContext): Promise<string> {
  const id = optionalText(properties, 'HostedZoneId');
  if (id !== undefined) return id.replace(/^\/hostedzone\//, '');
  const name = requiredText(properties, 'HostedZoneName').replace(/\.?$/, '.');
  const { HostedZones = [] } = await context.call<ListHostedZonesByNameCommandOutput>(
    'route53',
    'ListHostedZonesByName',
    { DNSName: name, MaxItems: '2' },
  );
  const [found, another] = HostedZones.filter((zone) => zone.Name === name);
  if (found?.Id === undefined) {
    throw new ResourceFailure(`No hosted zones named ${name} found`);
  }
  if (another !== undefined) throw new ResourceFailure(`Multiple hosted zones named ${name} found`);
  return found.Id.replace(/^\/hostedzone\//, '');
}

function apiForm(set: Properties): Record<string, unknown> {
  const alias = optionalObject(set, 'AliasTarget');
  const records = textsOf(set, 'ResourceRecords');
  return {
    ...pick(
      set,
      ['Name', 'Type', 'SetIdentifier', 'Region', 'Failover', 'HealthCheckId', 'GeoLocation'],
      { numbers: ['Weight', 'TTL'], booleans: ['MultiValueAnswer'] },
    ),
    ...pick(set, ['CidrRoutingConfig', 'GeoProximityLocation']),
    ...(records.length === 0 ? {} : { ResourceRecords: records.map((Value) => ({ Value })) }),
    ...(alias === undefined
      ? {}
      : {
          AliasTarget: {
            ...pick(alias, ['HostedZoneId', 'DNSName']),
            EvaluateTargetHealth:
              alias['EvaluateTargetHealth'] === true || alias['EvaluateTargetHealth'] === 'true',
          },
        }),
    ...(optionalNumber(set, 'TTL') === undefined ? {} : { TTL: optionalNumber(set, 'TTL') }),
  };
}
