/** What every region has: the API, its function, and its answer to `api.<domain>`. */
import { join } from 'node:path';
import { CfnOutput, Duration, Stack, type StackProps } from 'aws-cdk-lib';
import { DomainName, HttpApi, HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Certificate, CertificateValidation } from 'aws-cdk-lib/aws-certificatemanager';
import { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Architecture, Runtime } from 'aws-cdk-lib/aws-lambda';
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { CfnRecordSet, HealthCheck, HealthCheckType } from 'aws-cdk-lib/aws-route53';
import type { Construct } from 'constructs';
import { tableName } from './global-stack.ts';

export interface RegionalStackProps extends StackProps {
  readonly domainName: string;
}

const routes: readonly (readonly [HttpMethod, string])[] = [
  [HttpMethod.POST, '/orders'],
  [HttpMethod.GET, '/orders'],
  [HttpMethod.GET, '/orders/{id}'],
  [HttpMethod.GET, '/health'],
];

export class RegionalStack extends Stack {
  constructor(scope: Construct, id: string, props: RegionalStackProps) {
    super(scope, id, props);
    const apiDomainName = `api.${props.domainName}`;

    // One function for all routes: the health checkers, who call every few seconds, keep it warm,
    // so the region that traffic fails over to does not start cold.
    const handler = new NodejsFunction(this, 'Handler', {
      entry: join(import.meta.dirname, '../handlers/index.ts'),
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: 512,
      timeout: Duration.seconds(5),
      environment: { TABLE_NAME: tableName },
      bundling: {
        // The SDK travels with the code, the modules that are used of it and no more.
        externalModules: [],
        format: OutputFormat.CJS,
        mainFields: ['module', 'main'],
        minify: true,
        target: 'node24',
      },
    });
    TableV2.fromTableName(this, 'Table', tableName).grantReadWriteData(handler);

    const domain = new DomainName(this, 'Domain', {
      domainName: apiDomainName,
      certificate: new Certificate(this, 'Certificate', {
        domainName: apiDomainName,
        validation: CertificateValidation.fromDns(),
      }),
    });
    const api = new HttpApi(this, 'Api', {
      apiName: `orders-${this.region}`,
      defaultDomainMapping: { domainName: domain },
    });
    const integration = new HttpLambdaIntegration('Integration', handler);
    for (const [method, path] of routes) {
      api.addRoutes({ path, methods: [method], integration });
    }

    const healthCheck = new HealthCheck(this, 'HealthCheck', {
      type: HealthCheckType.HTTPS,
      fqdn: `${api.apiId}.execute-api.${this.region}.${this.urlSuffix}`,
      resourcePath: '/health',
      requestInterval: Duration.seconds(10),
      failureThreshold: 3,
    });
    new CfnRecordSet(this, 'LatencyRecord', {
      hostedZoneName: `${props.domainName}.`,
      name: `${apiDomainName}.`,
      type: 'A',
      region: this.region,
      setIdentifier: this.region,
      healthCheckId: healthCheck.healthCheckId,
      aliasTarget: {
        dnsName: domain.regionalDomainName,
        hostedZoneId: domain.regionalHostedZoneId,
        evaluateTargetHealth: false,
      },
    });

    new CfnOutput(this, 'Url', { value: `https://${apiDomainName}` });
    new CfnOutput(this, 'RegionalUrl', { value: api.apiEndpoint });
  }
}
