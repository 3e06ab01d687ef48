import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ServiceError } from '../../../endpoint/service.ts';
import { createWorld, type Region } from '../../lambda/lambda.fake.ts';
import { createApiGatewayService } from '../service.ts';

async function inWorld(body: (region: Region) => Promise<void>): Promise<void> {
  const options = { accountId: '000000000000', region: 'eu-west-1' };
  const world = await createWorld({}, {}, (io) => createApiGatewayService(io, options));
  await world.run(body);
}

const functionArn = 'arn:aws:lambda:eu-west-1:000000000000:function:orders';

async function errorOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'none',
    (error: ServiceError) => `${error.code} ${error.status} ${error.message}`,
  );
}

type Items = { Items: Record<string, unknown>[]; NextToken?: string };

describe('APIs', () => {
  it('are made with everything by Target', async () => {
    await inWorld(async ({ callMore }) => {
      const api = await callMore<{ ApiId: string; ApiEndpoint: string }>('CreateApi', {
        Name: 'orders',
        ProtocolType: 'HTTP',
        Target: functionArn,
        Tags: { team: 'a' },
      });
      assert.match(api.ApiId, /^[a-z0-9]{10}$/);
      assert.equal(api.ApiEndpoint, `https://${api.ApiId}.execute-api.eu-west-1.amazonaws.com`);
      const { ApiId } = api;
      const [route] = (await callMore<Items>('GetRoutes', { ApiId })).Items;
      const [stage] = (await callMore<Items>('GetStages', { ApiId })).Items;
      const [integration] = (await callMore<Items>('GetIntegrations', { ApiId })).Items;
      const [deployment] = (await callMore<Items>('GetDeployments', { ApiId })).Items;
      assert.equal(route?.['RouteKey'], '$default');
      assert.equal(route?.['Target'], `integrations/${String(integration?.['IntegrationId'])}`);
      assert.equal(integration?.['PayloadFormatVersion'], '2.0');
      assert.equal(stage?.['StageName'], '$default');
      assert.equal(stage?.['DeploymentId'], deployment?.['DeploymentId']);
      const ResourceArn = `arn:aws:apigateway:eu-west-1::/apis/${ApiId}`;
      await callMore('TagResource', { ResourceArn, Tags: { stage: 'x' } });
      await callMore('UntagResource', { ResourceArn, TagKeys: ['team'] });
      assert.deepEqual(await callMore('GetTags', { ResourceArn }), { Tags: { stage: 'x' } });
      await callMore('DeleteApi', { ApiId });
      assert.equal(
        await errorOf(callMore('GetApi', { ApiId })),
        `NotFoundException 404 Invalid API identifier specified 000000000000:${ApiId}`,
      );
    });
  });

  it('come in pages', async () => {
    await inWorld(async ({ callMore }) => {
      for (const Name of ['a', 'b', 'c'])
        await callMore('CreateApi', { Name, ProtocolType: 'HTTP' });
      const first = await callMore<Items>('GetApis', { MaxResults: '2' });
      const rest = await callMore<Items>('GetApis', { NextToken: first.NextToken });
      assert.equal(first.Items.length, 2);
      assert.equal(rest.Items.length, 1);
      assert.equal(rest.NextToken, undefined);
    });
  });

  it('deploy their changes where the stage says so, and keep one automatic deployment', async () => {
    await inWorld(async ({ callMore }) => {
      const { ApiId } = await callMore<{ ApiId: string }>('CreateApi', {
        Name: 'orders',
        ProtocolType: 'HTTP',
        Target: functionArn,
      });
      const stageOf = () =>
        callMore<{ DeploymentId: string }>('GetStage', { ApiId, StageName: '$default' });
      const before = await stageOf();
      await callMore('CreateRoute', { ApiId, RouteKey: 'GET /pets' });
      const after = await stageOf();
      assert.notEqual(after.DeploymentId, before.DeploymentId);
      assert.equal((await callMore<Items>('GetDeployments', { ApiId })).Items.length, 1);
    });
  });

  it('refuse what cannot be', async () => {
    await inWorld(async ({ callMore }) => {
      const { ApiId } = await callMore<{ ApiId: string }>('CreateApi', {
        Name: 'orders',
        ProtocolType: 'HTTP',
      });
      const { IntegrationId } = await callMore<{ IntegrationId: string }>('CreateIntegration', {
        ApiId,
        IntegrationType: 'AWS_PROXY',
        IntegrationUri: functionArn,
      });
      const Target = `integrations/${IntegrationId}`;
      await callMore('CreateRoute', { ApiId, RouteKey: 'GET /pets', Target });
      const cases: [string, Record<string, unknown>, RegExp][] = [
        ['CreateApi', { Name: 'a', ProtocolType: 'WEBSOCKET' }, /^BadRequestException 400 Orrery/],
        [
          'CreateRoute',
          { RouteKey: 'GET /pets' },
          /^ConflictException 409 Route with key GET \/pets/,
        ],
        ['CreateRoute', { RouteKey: 'pets' }, /not formatted properly for HTTP protocol/],
        [
          'CreateRoute',
          { RouteKey: 'GET /a', Target: 'integrations/none' },
          /Invalid route target/,
        ],
        ['CreateRoute', { RouteKey: 'GET /a', AuthorizationType: 'JWT' }, /no authorizers yet/],
        ['CreateIntegration', { IntegrationType: 'HTTP_PROXY' }, /AWS_PROXY integrations/],
        ['DeleteIntegration', { IntegrationId }, /^ConflictException 409 Cannot delete/],
        ['CreateStage', { StageName: 'a/b' }, /Stage name only allows/],
        ['GetStage', { StageName: 'none' }, /^NotFoundException 404/],
        [
          'UpdateIntegration',
          { IntegrationId, TimeoutInMillis: 30_001 },
          /between 50 ms and 30000/,
        ],
      ];
      for (const [operation, input, expected] of cases) {
        assert.match(await errorOf(callMore(operation, { ApiId, ...input })), expected);
      }
    });
  });
});

describe('domain names and mappings', () => {
  it('are checked against what is there', async () => {
    await inWorld(async ({ callMore }) => {
      const DomainName = 'api.orders.test';
      const DomainNameConfigurations = [{ CertificateArn: 'arn:aws:acm:x:0:certificate/a' }];
      await callMore('CreateDomainName', { DomainName, DomainNameConfigurations });
      const { ApiId } = await callMore<{ ApiId: string }>('CreateApi', {
        Name: 'orders',
        ProtocolType: 'HTTP',
        Target: functionArn,
      });
      const mapping = { DomainName, ApiId, Stage: '$default' };
      const { ApiMappingId } = await callMore<{ ApiMappingId: string }>(
        'CreateApiMapping',
        mapping,
      );
      const cases: [string, Record<string, unknown>, RegExp][] = [
        ['CreateDomainName', { DomainName, DomainNameConfigurations }, /^ConflictException 409/],
        ['CreateDomainName', { DomainName: 'nodots', DomainNameConfigurations }, /Invalid domain/],
        ['CreateDomainName', { DomainName: 'a.test' }, /Exactly one domain name configuration/],
        ['CreateApiMapping', mapping, /^ConflictException 409 ApiMapping key already exists/],
        ['CreateApiMapping', { ...mapping, ApiMappingKey: '/a' }, /API mapping key should match/],
        ['CreateApiMapping', { ...mapping, Stage: 'none' }, /Invalid stage identifier/],
        ['DeleteApi', { ApiId }, /remove all base path mappings/],
      ];
      for (const [operation, input, expected] of cases) {
        assert.match(await errorOf(callMore(operation, input)), expected, operation);
      }
      await callMore('UpdateApiMapping', { DomainName, ApiMappingId, ApiMappingKey: 'v1' });
      const { Items } = await callMore<Items>('GetApiMappings', { DomainName });
      assert.equal(Items[0]?.['ApiMappingKey'], 'v1');
      await callMore('DeleteApiMapping', { DomainName, ApiMappingId });
      await callMore('DeleteDomainName', { DomainName });
      assert.match(await errorOf(callMore('GetDomainName', { DomainName })), /^NotFoundException/);
    });
  });
});
