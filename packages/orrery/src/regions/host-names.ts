/** The names that clients of this cloud ask for, read through Route 53's own API. */
import type {
  ListHostedZonesResponse,
  ListResourceRecordSetsResponse,
} from '@aws-sdk/client-route-53';
import { callAws } from '../endpoint/aws-call.ts';
import type { Io } from '../io/io.ts';
import route53Json from '../wire/generated/route53.json' with { type: 'json' };
import { asModel } from '../wire/models.ts';

const model = asModel(route53Json);
const address = { region: 'global', service: 'route53' };

/** Names with address records, of the first page of zones and of each zone: for a person to try. */
export async function hostNamesOf(io: Io): Promise<readonly string[]> {
  const call = <T>(operation: string, input: object): Promise<T> =>
    callAws<T>(io, address, model, operation, input, { deadlineMs: 1_000 });
  const { HostedZones = [] } = await call<ListHostedZonesResponse>('ListHostedZones', {});
  const names = new Set<string>();
  for (const zone of HostedZones) {
    const { ResourceRecordSets = [] } = await call<ListResourceRecordSetsResponse>(
      'ListResourceRecordSets',
      { HostedZoneId: zone.Id },
    );
    for (const { Name, Type } of ResourceRecordSets) {
      if (Type === 'A' && Name !== undefined) names.add(Name.replace(/\.$/, ''));
    }
  }
  return [...names];
}
