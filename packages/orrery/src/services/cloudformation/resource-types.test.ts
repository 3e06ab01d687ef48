// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is CloudFormation's notation
/** Every resource type on the real services: made, changed in place, replaced, deleted. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Service } from '../../endpoint/service.ts';
import type { Io } from '../../io/io.ts';
import { createAcmService } from '../acm/service.ts';
import { createApiGatewayService } from '../api-gateway/service.ts';
import { createDynamoDbService } from '../dynamodb/service.ts';
import { createGlobalTablesService } from '../global-tables/service.ts';
import { createIamService } from '../iam/service.ts';
import { createLambdaService } from '../lambda/service.ts';
import { createLogsService } from '../logs/service.ts';
import { createRoute53Service } from '../route53/service.ts';
import { createS3Service } from '../s3/service.ts';
import { createSsmService } from '../ssm/service.ts';
import { type FakeCloud, fakeCloud } from './cloud.fake.ts';
import { createCloudFormationService } from './service.ts';

const regions = ['us-east-1', 'eu-west-1'];
const accountId = '000000000000';

async function regionServices(io: Io, region: string): Promise<readonly Service[]> {
  const common = { accountId, region };
  const dynamoDb = await createDynamoDbService(io, common);
  return [
    await createApiGatewayService(io, common),
    await createLambdaService(io, { ...common, endpointUrl: 'http://127.0.1.1:4566' }),
    dynamoDb,
    dynamoDb.streams,
    await createGlobalTablesService(io, common),
    await createCloudFormationService(io, common),
    await createS3Service(io, common),
    await createSsmService(io, common),
    await createAcmService(io, common),
    await createLogsService(io, common),
  ];
}

async function cloud(): Promise<FakeCloud> {
  const edgeServices = async (io: Io): Promise<readonly Service[]> => [
    await createRoute53Service(io, {}),
    await createIamService(io),
  ];
  return await fakeCloud({ regions, regionServices, edgeServices });
}

type Resources = Readonly<Record<string, readonly [type: string, properties: object]>>;
type Ids = Readonly<Record<string, string>>;

/** Applies a template, and answers the physical ids. Fails with the reasons of what failed. */
async function apply(on: FakeCloud, operation: string, resources: Resources): Promise<Ids> {
  const StackName = 'one';
  const Resources = Object.fromEntries(
    Object.entries(resources).map(([id, [Type, Properties]]) => [
      id,
      { Type: `AWS::${Type}`, Properties },
    ]),
  );
  await on.call('cloudformation', operation, {
    StackName,
    TemplateBody: JSON.stringify({ Resources }),
    Capabilities: ['CAPABILITY_NAMED_IAM'],
  });
  return await finished(on, StackName);
}

interface Summary {
  readonly LogicalResourceId: string;
  readonly PhysicalResourceId: string;
}

async function finished(on: FakeCloud, StackName: string): Promise<Ids> {
  for (;;) {
    const { Stacks } = await on.call<{ Stacks: { StackStatus: string }[] }>(
      'cloudformation',
      'DescribeStacks',
      { StackName },
    );
    const status = Stacks[0]?.StackStatus ?? '';
    if (/^(CREATE|UPDATE)_COMPLETE$/.test(status)) break;
    if (status.endsWith('IN_PROGRESS')) continue;
    const { StackEvents } = await on.call<{ StackEvents: { ResourceStatusReason?: string }[] }>(
      'cloudformation',
      'DescribeStackEvents',
      { StackName },
    );
    const reasons = StackEvents.flatMap(({ ResourceStatusReason }) => ResourceStatusReason ?? []);
    assert.fail(`${status}: ${reasons.join('\n')}`);
  }
  const { StackResourceSummaries } = await on.call<{ StackResourceSummaries: Summary[] }>(
    'cloudformation',
    'ListStackResources',
    { StackName },
  );
  return Object.fromEntries(
    StackResourceSummaries.map(({ LogicalResourceId, PhysicalResourceId }) => [
      LogicalResourceId,
      PhysicalResourceId,
    ]),
  );
}

async function gone(on: FakeCloud): Promise<void> {
  await on.call('cloudformation', 'DeleteStack', { StackName: 'one' });
  await assert.rejects(finished(on, 'one'), /Stack with id one does not exist/);
}

const ref = (Ref: string): object => ({ Ref });
const arn = (id: string): object => ({ 'Fn::GetAtt': [id, 'Arn'] });
const policy = { Version: '2012-10-17', Statement: [] };

describe('resource types', () => {
  it('of IAM, Lambda, Logs, SSM and S3', async () => {
    const on = await cloud();
    const make = (size: number, code: string): Resources => ({
      Role: [
        'IAM::Role',
        {
          RoleName: 'worker',
          AssumeRolePolicyDocument: policy,
          ManagedPolicyArns:
            size === 1 ? ['arn:aws:iam::aws:policy/A'] : ['arn:aws:iam::aws:policy/B'],
          Policies: [{ PolicyName: `inline-${size}`, PolicyDocument: policy }],
        },
      ],
      Policy: ['IAM::Policy', { PolicyName: 'p', PolicyDocument: policy, Roles: [ref('Role')] }],
      Function: [
        'Lambda::Function',
        {
          Runtime: 'nodejs24.x',
          Handler: 'index.handler',
          Role: arn('Role'),
          MemorySize: String(256 * size),
          ReservedConcurrentExecutions: size,
          Code: { ZipFile: code },
          ...(size === 1 ? { Environment: { Variables: { AB: '1' } }, Description: 'd' } : {}),
        },
      ],
      Permission: [
        'Lambda::Permission',
        {
          FunctionName: ref('Function'),
          Action: 'lambda:InvokeFunction',
          Principal: `s${size}.amazonaws.com`,
        },
      ],
      Group: ['Logs::LogGroup', { LogGroupName: '/x', RetentionInDays: 7 * size }],
      Parameter: ['SSM::Parameter', { Name: '/x', Type: 'String', Value: `v${size}` }],
      Bucket: ['S3::Bucket', {}],
    });
    const first = await apply(on, 'CreateStack', make(1, 'exports.handler = () => 1;'));
    assert.match(first['Function'] ?? '', /^one-Function-[A-Z0-9]{12}$/);
    assert.match(first['Bucket'] ?? '', /^one-bucket-[a-z0-9]{12}$/);
    const second = await apply(on, 'UpdateStack', make(2, 'exports.handler = () => 2;'));
    assert.notEqual(second['Permission'], first['Permission'], 'a permission is replaced');
    assert.deepEqual({ ...second, Permission: '' }, { ...first, Permission: '' });

    const role = (operation: string): Promise<Record<string, unknown[]>> =>
      on.call('iam', operation, { RoleName: 'worker' });
    assert.deepEqual((await role('ListRolePolicies'))['PolicyNames'], ['p', 'inline-2']);
    const attached = (await role('ListAttachedRolePolicies'))['AttachedPolicies'];
    assert.deepEqual(
      attached?.map((one) => (one as { PolicyName: string }).PolicyName),
      ['B'],
    );

    const found = await on.call<{ Configuration: Record<string, unknown>; Concurrency: unknown }>(
      'lambda',
      'GetFunction',
      { FunctionName: second['Function'] },
    );
    const { MemorySize, Description, Environment } = found.Configuration;
    assert.deepEqual([MemorySize, Description, Environment], [512, '', undefined]);
    assert.deepEqual({ ...(found.Concurrency as object) }, { ReservedConcurrentExecutions: 2 });
    const { Policy } = await on.call<{ Policy: string }>('lambda', 'GetPolicy', {
      FunctionName: second['Function'],
    });
    assert.deepEqual(
      JSON.parse(Policy).Statement.map((one: { Principal: object }) => one.Principal),
      [{ Service: 's2.amazonaws.com' }],
    );
    type Groups = { logGroups: { logGroupName: string; retentionInDays: number }[] };
    const { logGroups } = await on.call<Groups>('logs', 'DescribeLogGroups', {});
    assert.deepEqual(
      logGroups.map((one) => [one.logGroupName, one.retentionInDays]),
      [['/x', 14]],
    );
    const { Parameter } = await on.call<{ Parameter: { Value: string } }>('ssm', 'GetParameter', {
      Name: '/x',
    });
    assert.equal(Parameter.Value, 'v2');
    await gone(on);
    assert.deepEqual(await on.call('iam', 'ListRoles', {}), { Roles: [], IsTruncated: false });
    assert.equal((await on.call<Groups>('logs', 'DescribeLogGroups', {})).logGroups.length, 0);
    assert.equal((await on.call<{ Buckets: object[] }>('s3', 'ListBuckets', {})).Buckets.length, 1);
  });

  it('of event source mappings', async () => {
    const on = await cloud();
    type Mapping = Readonly<Record<string, unknown>>;
    const make = (table: string, settings: object): Resources => ({
      Table: [
        'DynamoDB::Table',
        {
          TableName: table,
          BillingMode: 'PAY_PER_REQUEST',
          AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
          KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
          StreamSpecification: { StreamViewType: 'NEW_IMAGE' },
        },
      ],
      Function: [
        'Lambda::Function',
        {
          Runtime: 'nodejs24.x',
          Handler: 'index.handler',
          Role: 'arn:aws:iam::000000000000:role/any',
          Code: { ZipFile: 'exports.handler = () => 1;' },
        },
      ],
      Mapping: [
        'Lambda::EventSourceMapping',
        {
          FunctionName: ref('Function'),
          EventSourceArn: { 'Fn::GetAtt': ['Table', 'StreamArn'] },
          StartingPosition: 'TRIM_HORIZON',
          ...settings,
        },
      ],
      Id: [
        'SSM::Parameter',
        {
          Name: '/mapping',
          Type: 'String',
          Value: {
            'Fn::Join': [
              '|',
              [
                ref('Mapping'),
                { 'Fn::GetAtt': ['Mapping', 'Id'] },
                { 'Fn::GetAtt': ['Mapping', 'EventSourceMappingArn'] },
              ],
            ],
          },
        },
      ],
    });
    const mapping = (UUID: string | undefined): Promise<Mapping> =>
      on.call<Mapping>('lambda', 'GetEventSourceMapping', { UUID });
    const tagsOf = async ({ EventSourceMappingArn: Resource }: Mapping): Promise<object> => {
      const { Tags } = await on.call<{ Tags: object }>('lambda', 'ListTags', { Resource });
      return { ...Tags };
    };
    const Filters = [{ Pattern: '{"eventName":["INSERT"]}' }];
    const settings = {
      BatchSize: '10',
      BisectBatchOnFunctionError: 'true',
      MaximumRetryAttempts: 3,
      FilterCriteria: { Filters },
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      Tags: [{ Key: 'team', Value: 'a' }],
    };
    const first = await apply(on, 'CreateStack', make('one', settings));
    const made = await mapping(first['Mapping']);
    assert.equal(made['State'], 'Enabled');
    assert.deepEqual([made['BatchSize'], made['BisectBatchOnFunctionError']], [10, true]);
    assert.deepEqual(await tagsOf(made), { team: 'a' });
    const { Parameter } = await on.call<{ Parameter: { Value: string } }>('ssm', 'GetParameter', {
      Name: '/mapping',
    });
    const uuid = first['Mapping'];
    assert.equal(Parameter.Value, [uuid, uuid, made['EventSourceMappingArn']].join('|'));

    const changed = { Enabled: false, Tags: [{ Key: 'stage', Value: 'b' }] };
    const second = await apply(on, 'UpdateStack', make('one', changed));
    assert.deepEqual(second, first);
    const now = await mapping(second['Mapping']);
    assert.equal(now['State'], 'Disabled');
    assert.deepEqual([now['BatchSize'], now['MaximumRetryAttempts']], [100, -1]);
    assert.deepEqual([now['FilterCriteria'], now['FunctionResponseTypes']], [undefined, []]);
    assert.deepEqual(await tagsOf(now), { stage: 'b' });

    const third = await apply(on, 'UpdateStack', make('two', {}));
    assert.notEqual(third['Mapping'], second['Mapping'], 'another stream makes another mapping');
    const { EventSourceMappings } = await on.call<{ EventSourceMappings: Mapping[] }>(
      'lambda',
      'ListEventSourceMappings',
      {},
    );
    assert.deepEqual(
      EventSourceMappings.map(({ UUID, State }) => [UUID, State]),
      [[third['Mapping'], 'Enabled']],
    );
    await gone(on);
    await assert.rejects(mapping(third['Mapping']), /does not exist/);
  });

  it('of API Gateway and ACM', async () => {
    const on = await cloud();
    const make = (n: number, domain: string): Resources => ({
      Certificate: [
        'CertificateManager::Certificate',
        { DomainName: domain, ValidationMethod: 'DNS' },
      ],
      Domain: [
        'ApiGatewayV2::DomainName',
        {
          DomainName: domain,
          DomainNameConfigurations: [
            { CertificateArn: ref('Certificate'), EndpointType: 'REGIONAL' },
          ],
        },
      ],
      Api: [
        'ApiGatewayV2::Api',
        {
          Name: `api-${n}`,
          ProtocolType: 'HTTP',
          CorsConfiguration: { AllowOrigins: ['*'], MaxAge: String(n) },
        },
      ],
      Integration: [
        'ApiGatewayV2::Integration',
        {
          ApiId: ref('Api'),
          IntegrationType: 'AWS_PROXY',
          IntegrationUri: `arn:aws:lambda:us-east-1:000000000000:function:f${n}`,
          PayloadFormatVersion: '2.0',
          TimeoutInMillis: String(1000 * n),
        },
      ],
      Route: [
        'ApiGatewayV2::Route',
        {
          ApiId: ref('Api'),
          RouteKey: `GET /r${n}`,
          Target: { 'Fn::Sub': 'integrations/${Integration}' },
        },
      ],
      Stage: [
        'ApiGatewayV2::Stage',
        { ApiId: ref('Api'), StageName: 'live', AutoDeploy: 'true', Description: `s${n}` },
      ],
      Mapping: [
        'ApiGatewayV2::ApiMapping',
        {
          DomainName: ref('Domain'),
          ApiId: ref('Api'),
          Stage: ref('Stage'),
          ApiMappingKey: `k${n}`,
        },
      ],
    });
    const first = await apply(on, 'CreateStack', make(1, 'a.test.example'));
    const second = await apply(on, 'UpdateStack', make(2, 'a.test.example'));
    assert.deepEqual(second, first);
    const get = <T>(operation: string, input: Record<string, unknown> = {}): Promise<T> =>
      on.call('apigateway', operation, { ApiId: first['Api'], ...input });
    type Integrations = { Items: { IntegrationUri: string; TimeoutInMillis: number }[] };
    const integrations = await get<Integrations>('GetIntegrations');
    assert.deepEqual(
      integrations.Items.map(({ IntegrationUri, TimeoutInMillis }) => [
        IntegrationUri.split(':').at(-1),
        TimeoutInMillis,
      ]),
      [['f2', 2000]],
    );
    type Named = { Name: string; CorsConfiguration: { MaxAge: number } };
    const api = await get<Named>('GetApi');
    assert.deepEqual([api.Name, api.CorsConfiguration.MaxAge], ['api-2', 2]);
    const { Items } = await get<{ Items: { RouteKey: string }[] }>('GetRoutes');
    assert.deepEqual(
      Items.map(({ RouteKey }) => RouteKey),
      ['GET /r2'],
    );
    const stage = await get<{ Description: string }>('GetStage', { StageName: 'live' });
    assert.equal(stage.Description, 's2');
    type Mappings = { Items: { ApiMappingKey: string }[] };
    const mapped = await get<Mappings>('GetApiMappings', { DomainName: 'a.test.example' });
    assert.deepEqual(
      mapped.Items.map(({ ApiMappingKey }) => ApiMappingKey),
      ['k2'],
    );
    const third = await apply(on, 'UpdateStack', make(2, 'b.test.example'));
    assert.equal(third['Domain'], 'b.test.example');
    const { Items: domains } = await get<{ Items: { DomainName: string }[] }>('GetDomainNames');
    assert.deepEqual(
      domains.map(({ DomainName }) => DomainName),
      ['b.test.example'],
    );
    await gone(on);
    assert.equal((await get<{ Items: object[] }>('GetApis')).Items.length, 0);
    assert.equal((await get<{ Items: object[] }>('GetDomainNames')).Items.length, 0);
    const { CertificateSummaryList } = await on.call<{ CertificateSummaryList: object[] }>(
      'acm',
      'ListCertificates',
      {},
    );
    assert.equal(CertificateSummaryList.length, 0);
  });

  it('of Route 53', async () => {
    const on = await cloud();
    const make = (n: number): Resources => ({
      Zone: ['Route53::HostedZone', { Name: 'z.test', HostedZoneConfig: { Comment: `c${n}` } }],
      Check: [
        'Route53::HealthCheck',
        {
          HealthCheckConfig: {
            Type: 'HTTP',
            FullyQualifiedDomainName: 'h.z.test',
            Port: '80',
            ResourcePath: `/${n}`,
            RequestInterval: n === 3 ? 10 : 30,
            FailureThreshold: n,
          },
        },
      ],
      Record: [
        'Route53::RecordSet',
        {
          HostedZoneId: ref('Zone'),
          Name: 'w.z.test',
          Type: 'A',
          TTL: String(60 * n),
          ResourceRecords: [`10.0.0.${n}`],
          SetIdentifier: 'one',
          Weight: '1',
          HealthCheckId: ref('Check'),
        },
      ],
      Group: [
        'Route53::RecordSetGroup',
        {
          HostedZoneId: ref('Zone'),
          RecordSets: ['x', `y${n}`].map((name) => ({
            Name: `${name}.z.test.`,
            Type: 'TXT',
            TTL: 5 * n,
            ResourceRecords: ['"t"'],
          })),
        },
      ],
    });
    const first = await apply(on, 'CreateStack', make(1));
    const second = await apply(on, 'UpdateStack', make(2));
    assert.deepEqual(second, first);
    type Sets = {
      ResourceRecordSets: {
        Name: string;
        Type: string;
        TTL: number;
        ResourceRecords: { Value: string }[];
      }[];
    };
    const { ResourceRecordSets } = await on.call<Sets>('route53', 'ListResourceRecordSets', {
      HostedZoneId: first['Zone'],
    });
    assert.deepEqual(
      ResourceRecordSets.filter(({ Type }) => Type === 'A' || Type === 'TXT').map(
        ({ Name, TTL, ResourceRecords }) => [Name, TTL, ResourceRecords[0]?.Value],
      ),
      [
        ['w.z.test.', 120, '10.0.0.2'],
        ['x.z.test.', 10, '"t"'],
        ['y2.z.test.', 10, '"t"'],
      ],
    );
    type Check = {
      HealthCheck: { HealthCheckConfig: { ResourcePath: string; FailureThreshold: number } };
    };
    const check = (id: string | undefined): Promise<Check> =>
      on.call('route53', 'GetHealthCheck', { HealthCheckId: id });
    const { HealthCheckConfig } = (await check(second['Check'])).HealthCheck;
    assert.deepEqual(
      [HealthCheckConfig.ResourcePath, HealthCheckConfig.FailureThreshold],
      ['/2', 2],
    );
    const third = await apply(on, 'UpdateStack', make(3));
    assert.notEqual(third['Check'], second['Check'], 'another interval is another health check');
    await assert.rejects(check(second['Check']), { code: 'NoSuchHealthCheck' });
    await gone(on);
    const left = await on.call<{ HostedZones: object[] }>('route53', 'ListHostedZones', {});
    assert.equal(left.HostedZones.length, 0);
  });

  it('of DynamoDB', async () => {
    const on = await cloud();
    const make = (n: number): Resources => {
      const attribute = (AttributeName: string) => ({ AttributeName, AttributeType: 'S' });
      const index = (IndexName: string) => ({
        IndexName,
        KeySchema: [{ AttributeName: 'a', KeyType: 'HASH' }],
        Projection: { ProjectionType: 'ALL' },
      });
      const common = {
        AttributeDefinitions: [attribute('id'), attribute('a')],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        BillingMode: 'PAY_PER_REQUEST',
        GlobalSecondaryIndexes: n === 1 ? [index('one')] : [index('two')],
        StreamSpecification: { StreamViewType: 'NEW_AND_OLD_IMAGES' },
        TimeToLiveSpecification: { AttributeName: n === 1 ? 'old' : 'until', Enabled: true },
      };
      const replicas = n === 1 ? ['us-east-1'] : regions;
      return {
        Table: ['DynamoDB::Table', { ...common, DeletionProtectionEnabled: n === 2 }],
        Global: [
          'DynamoDB::GlobalTable',
          { ...common, TableName: 'everywhere', Replicas: replicas.map((Region) => ({ Region })) },
        ],
      };
    };
    const first = await apply(on, 'CreateStack', make(1));
    const second = await apply(on, 'UpdateStack', make(2));
    assert.deepEqual(second, first);
    interface Described {
      readonly Table: {
        readonly DeletionProtectionEnabled: boolean;
        readonly GlobalSecondaryIndexes: { IndexName: string }[];
      };
    }
    const { Table } = await on.call<Described>('dynamodb', 'DescribeTable', {
      TableName: first['Table'],
    });
    assert.equal(Table.DeletionProtectionEnabled, true);
    assert.deepEqual(
      Table.GlobalSecondaryIndexes.map(({ IndexName }) => IndexName),
      ['two'],
    );
    const names = async (region: string): Promise<string[]> =>
      (await on.call<{ TableNames: string[] }>('dynamodb', 'ListTables', {}, region)).TableNames;
    assert.deepEqual(await names('eu-west-1'), ['everywhere']);
    const attribute = async (region: string): Promise<string | undefined> => {
      const { TimeToLiveDescription } = await on.call<{
        TimeToLiveDescription: { AttributeName?: string };
      }>('dynamodb', 'DescribeTimeToLive', { TableName: 'everywhere' }, region);
      return TimeToLiveDescription.AttributeName;
    };
    for (const region of regions) assert.equal(await attribute(region), 'until');
    const unprotected = { ...make(2), Table: make(1)['Table'] ?? ['', {}] } as Resources;
    await apply(on, 'UpdateStack', unprotected);
    await gone(on);
    for (const region of regions) assert.deepEqual(await names(region), []);
  });
});
