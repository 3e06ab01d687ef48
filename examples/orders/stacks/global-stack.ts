/** What exists once: the zone, the proof that the domain is ours, and the table. */
import { RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { Certificate, CertificateValidation } from 'aws-cdk-lib/aws-certificatemanager';
import { AttributeType, Billing, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import type { Construct } from 'constructs';

export const tableName = 'orders';

export interface GlobalStackProps extends StackProps {
  readonly domainName: string;
  /** A zone that exists already; without it the stack makes one. */
  readonly hostedZoneId: string | undefined;
  /** Regions that hold a copy of the table beside the stack's own. */
  readonly replicaRegions: readonly string[];
}

export class GlobalStack extends Stack {
  constructor(scope: Construct, id: string, props: GlobalStackProps) {
    super(scope, id, props);
    const { domainName, hostedZoneId, replicaRegions } = props;

    const zone =
      hostedZoneId === undefined
        ? new HostedZone(this, 'Zone', { zoneName: domainName })
        : HostedZone.fromHostedZoneAttributes(this, 'Zone', { hostedZoneId, zoneName: domainName });

    // The validation record of a name is the same in every region of an account. Written once,
    // here, it also validates the certificates that the regional stacks ask for.
    new Certificate(this, 'DomainProof', {
      domainName: `api.${domainName}`,
      validation: CertificateValidation.fromDns(zone),
    });

    new TableV2(this, 'Table', {
      tableName,
      partitionKey: { name: 'id', type: AttributeType.STRING },
      billing: Billing.onDemand(),
      replicas: replicaRegions.map((region) => ({ region })),
      // An example leaves nothing behind that costs money.
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }
}
