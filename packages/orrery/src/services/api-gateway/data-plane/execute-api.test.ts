import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HttpResponse } from '../../../io/io.ts';
import {
  createWorld,
  Exit,
  functionInput,
  type Player,
  type Region,
  type World,
} from '../../lambda/lambda.fake.ts';
import { createApiGatewayService } from '../service.ts';

const players: Record<string, Player> = {
  echo: { handler: ({ event }) => event },
  wrap: { handler: ({ event }) => ({ statusCode: 200, body: JSON.stringify(event) }) },
  exits: {
    handler: () => {
      throw new Exit('over');
    },
  },
  naps: { handler: ({ child }) => child.timers.sleep(2_500, 'nap') },
  broken: { handler: () => ({ statusCode: 'none' }) },
  cors: {
    handler: () => ({
      statusCode: 200,
      headers: { 'access-control-allow-origin': 'https://evil.test', 'x-own': '1' },
    }),
  },
};

const options = { accountId: '000000000000', region: 'eu-west-1' };

function gatewayWorld(propagationMs = 0): Promise<World> {
  return createWorld(players, {}, (io) =>
    createApiGatewayService(io, { ...options, propagationMs }),
  );
}

interface Made {
  readonly apiId: string;
  readonly integrationId: string;
}

/** An API with one integration, routes and a `$default` stage; the function may be invoked. */
async function makeApi(
  region: Region,
  player: string,
  routeKeys: readonly string[],
  more: { api?: object; integration?: object; stage?: object } = {},
): Promise<Made> {
  const { callMore } = region;
  await region.call('CreateFunction', functionInput(player));
  const { ApiId } = await callMore<{ ApiId: string }>('CreateApi', {
    Name: player,
    ProtocolType: 'HTTP',
    ...more.api,
  });
  await region.call('AddPermission', {
    FunctionName: player,
    StatementId: 'gateway',
    Action: 'lambda:InvokeFunction',
    Principal: 'apigateway.amazonaws.com',
    SourceArn: `arn:aws:execute-api:eu-west-1:000000000000:${ApiId}/*/*`,
  });
  const { IntegrationId } = await callMore<{ IntegrationId: string }>('CreateIntegration', {
    ApiId,
    IntegrationType: 'AWS_PROXY',
    IntegrationUri: `arn:aws:lambda:eu-west-1:000000000000:function:${player}`,
    PayloadFormatVersion: '2.0',
    ...more.integration,
  });
  for (const RouteKey of routeKeys) {
    await callMore('CreateRoute', { ApiId, RouteKey, Target: `integrations/${IntegrationId}` });
  }
  await callMore('CreateStage', { ApiId, StageName: '$default', AutoDeploy: true, ...more.stage });
  return { apiId: ApiId, integrationId: IntegrationId };
}

interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

function ask(region: Region, host: string, path: string, more: Ask = {}): Promise<HttpResponse> {
  return region.io.network.request(
    { region: 'eu-west-1', service: 'execute-api' },
    {
      method: more.method ?? 'GET',
      path,
      headers: { host, ...more.headers },
      body: more.body ?? new Uint8Array(0),
    },
    { deadlineMs: 40_000 },
  );
}

const hostOf = (apiId: string): string => `${apiId}.execute-api.eu-west-1.amazonaws.com`;
const text = (response: HttpResponse): string => Buffer.from(response.body).toString();
const json = (response: HttpResponse): Record<string, unknown> => JSON.parse(text(response));

async function inWorld(body: (region: Region) => Promise<void>): Promise<void> {
  const world = await gatewayWorld();
  await world.run(body);
}

describe('execute-api', () => {
  it('hands the function an event in format 2.0', async () => {
    await inWorld(async (region) => {
      const { apiId } = await makeApi(region, 'echo', ['GET /orders/{id}', '$default']);
      const answer = await ask(region, `${hostOf(apiId)}:4566`, '/orders/a%20b?x=1&y=2&x=3&z=a+b', {
        headers: { 'user-agent': 'test', cookie: 'a=1; b=2', 'x-one': '1' },
      });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['content-type'], 'application/json');
      assert.match(String(answer.headers['apigw-requestid']), /^[A-Za-z0-9+/]{15}=$/);
      const { headers, requestContext, ...event } = json(answer);
      assert.deepEqual(event, {
        version: '2.0',
        routeKey: 'GET /orders/{id}',
        rawPath: '/orders/a%20b',
        rawQueryString: 'x=1&y=2&x=3&z=a+b',
        cookies: ['a=1', 'b=2'],
        queryStringParameters: { x: '1,3', y: '2', z: 'a b' },
        pathParameters: { id: 'a b' },
        isBase64Encoded: false,
      });
      const { requestId, time, timeEpoch, ...context } = requestContext as Record<string, unknown>;
      assert.deepEqual(context, {
        accountId: '000000000000',
        apiId,
        domainName: hostOf(apiId),
        domainPrefix: apiId,
        http: {
          method: 'GET',
          path: '/orders/a%20b',
          protocol: 'HTTP/1.1',
          sourceIp: '127.0.0.1',
          userAgent: 'test',
        },
        routeKey: 'GET /orders/{id}',
        stage: '$default',
      });
      assert.equal(requestId, answer.headers['apigw-requestid']);
      assert.match(String(time), /^01\/Jan\/2026:00:00:\d\d \+0000$/);
      assert.equal(typeof timeEpoch, 'number');
      const seen = headers as Record<string, string>;
      assert.equal(seen['x-one'], '1');
      assert.equal(seen['cookie'], undefined);
      assert.equal(seen['x-forwarded-proto'], 'https');
    });
  });

  it('hands over text as text and bytes as base64', async () => {
    await inWorld(async (region) => {
      const { apiId } = await makeApi(region, 'echo', ['POST /']);
      const post = async (type: string, body: string | Uint8Array): Promise<unknown[]> => {
        const answer = await ask(region, hostOf(apiId), '/', {
          method: 'POST',
          headers: type === '' ? {} : { 'content-type': type },
          body: Buffer.from(body),
        });
        const event = json(answer);
        return [event['body'], event['isBase64Encoded']];
      };
      assert.deepEqual(await post('application/json; charset=utf-8', '{"a":"ü"}'), [
        '{"a":"ü"}',
        false,
      ]);
      assert.deepEqual(await post('application/vnd.api+json', '{}'), ['{}', false]);
      assert.deepEqual(await post('', 'plain'), ['plain', false]);
      assert.deepEqual(await post('image/png', 'abc'), ['YWJj', true]);
      assert.deepEqual(await post('text/plain', new Uint8Array([0xff])), ['/w==', true]);
    });
  });

  it('hands over format 1.0 where the integration asks for it', async () => {
    await inWorld(async (region) => {
      const integration = { PayloadFormatVersion: '1.0' };
      const { apiId } = await makeApi(region, 'wrap', ['POST /a/{b}'], { integration });
      const answer = await ask(region, hostOf(apiId), '/a/1?x=1&x=2', {
        method: 'POST',
        headers: { 'x-one': '1', cookie: 'c=1' },
      });
      const { headers, multiValueHeaders, requestContext, ...event } = json(answer);
      assert.deepEqual(event, {
        version: '1.0',
        resource: '/a/{b}',
        path: '/a/1',
        httpMethod: 'POST',
        queryStringParameters: { x: '2' },
        multiValueQueryStringParameters: { x: ['1', '2'] },
        pathParameters: { b: '1' },
        stageVariables: null,
        body: null,
        isBase64Encoded: false,
      });
      assert.equal((headers as Record<string, string>)['cookie'], 'c=1');
      assert.deepEqual((multiValueHeaders as Record<string, string[]>)['x-one'], ['1']);
      const context = requestContext as Record<string, unknown>;
      assert.equal(context['resourcePath'], '/a/{b}');
      assert.equal((context['identity'] as Record<string, unknown>)['accessKey'], null);
      // Without a statusCode there is no response in this format.
      const echo = await makeApi(region, 'echo', ['$default'], { integration });
      assert.equal((await ask(region, hostOf(echo.apiId), '/')).status, 500);
    });
  });

  it('says what AWS says where there is nothing to serve', async () => {
    await inWorld(async (region) => {
      const { apiId } = await makeApi(region, 'echo', ['GET /pets']);
      const cases: [string, string, string, number, string][] = [
        ['GET', 'nobody.test', '/pets', 403, '{"message":"Forbidden"}'],
        ['GET', hostOf('aaaaaaaaaa'), '/pets', 403, '{"message":"Forbidden"}'],
        ['GET', hostOf(apiId), '/cats', 404, '{"message":"Not Found"}'],
        ['POST', hostOf(apiId), '/pets', 404, '{"message":"Not Found"}'],
      ];
      for (const [method, host, path, status, body] of cases) {
        const answer = await ask(region, host, path, { method });
        assert.equal(answer.status, status, `${method} ${host}${path}`);
        assert.equal(text(answer), body);
      }
      const large = { method: 'POST', body: new Uint8Array(10_485_761) };
      assert.equal((await ask(region, hostOf(apiId), '/pets', large)).status, 413);
      const headers = { 'x-large': 'x'.repeat(10_241) };
      assert.equal((await ask(region, hostOf(apiId), '/pets', { headers })).status, 431);
    });
  });

  it('says Internal Server Error for what the function did wrong', async () => {
    await inWorld(async (region) => {
      for (const player of ['exits', 'broken']) {
        const { apiId } = await makeApi(region, player, ['$default']);
        const answer = await ask(region, hostOf(apiId), '/');
        assert.equal(answer.status, 500);
        assert.equal(text(answer), '{"message":"Internal Server Error"}');
      }
    });
  });

  it('says so too where the function may not be invoked, or is gone', async () => {
    await inWorld(async (region) => {
      const { apiId } = await makeApi(region, 'echo', ['$default']);
      assert.equal((await ask(region, hostOf(apiId), '/')).status, 200);
      await region.call('RemovePermission', { FunctionName: 'echo', StatementId: 'gateway' });
      assert.equal((await ask(region, hostOf(apiId), '/')).status, 500);
      await region.call('DeleteFunction', { FunctionName: 'echo' });
      assert.equal((await ask(region, hostOf(apiId), '/')).status, 500);
    });
  });

  it('says Service Unavailable at the timeout of the integration and on a throttle', async () => {
    await inWorld(async (region) => {
      const integration = { TimeoutInMillis: 500 };
      const { apiId } = await makeApi(region, 'naps', ['$default'], { integration });
      const slow = await ask(region, hostOf(apiId), '/');
      assert.equal(slow.status, 503);
      assert.equal(text(slow), '{"message":"Service Unavailable"}');
      await region.call('PutFunctionConcurrency', {
        FunctionName: 'naps',
        ReservedConcurrentExecutions: 0,
      });
      assert.equal((await ask(region, hostOf(apiId), '/')).status, 503);
    });
  });

  it('takes the stage from the path, and what is deployed from the stage', async () => {
    await inWorld(async (region) => {
      const { apiId } = await makeApi(region, 'echo', ['GET /pets'], {
        stage: { StageName: 'dev', AutoDeploy: false, StageVariables: { color: 'blue' } },
      });
      const get = (path: string) => ask(region, hostOf(apiId), path);
      assert.equal((await get('/dev/pets')).status, 404);
      await region.callMore('CreateDeployment', { ApiId: apiId, StageName: 'dev' });
      const answer = await get('/dev/pets');
      assert.equal(answer.status, 200);
      assert.equal(json(answer)['rawPath'], '/dev/pets');
      assert.deepEqual(json(answer)['stageVariables'], { color: 'blue' });
      assert.equal((await get('/pets')).status, 404);
      const local = await ask(region, '127.0.2.1:4566', `/_api/${apiId}/dev/pets?a=1`);
      assert.equal(local.status, 200);
      assert.equal(json(local)['rawQueryString'], 'a=1');
    });
  });

  it('serves custom domain names by their mappings', async () => {
    await inWorld(async (region) => {
      const { callMore } = region;
      const { apiId } = await makeApi(region, 'echo', ['GET /pets', '$default']);
      type Domain = {
        DomainNameConfigurations: { ApiGatewayDomainName: string; HostedZoneId: string }[];
      };
      const domain = await callMore<Domain>('CreateDomainName', {
        DomainName: 'api.orders.test',
        DomainNameConfigurations: [{ CertificateArn: 'arn:aws:acm:eu-west-1:0:certificate/a' }],
      });
      const [configuration] = domain.DomainNameConfigurations;
      assert.equal(configuration?.HostedZoneId, 'ZLY8HYME6SFDD');
      assert.match(
        configuration?.ApiGatewayDomainName ?? '',
        /^d-[a-z0-9]{10}\.execute-api\.eu-west-1\.amazonaws\.com$/,
      );
      const map = (ApiMappingKey: string) =>
        callMore('CreateApiMapping', {
          DomainName: 'api.orders.test',
          ApiId: apiId,
          Stage: '$default',
          ApiMappingKey,
        });
      const get = async (path: string, host = 'API.orders.test'): Promise<string> => {
        const answer = await ask(region, host, path);
        return answer.status === 200 ? String(json(answer)['rawPath']) : String(answer.status);
      };
      assert.equal(await get('/pets'), '404');
      await map('shop');
      assert.equal(await get('/shop/pets'), '/pets');
      assert.equal(await get('/shop'), '/');
      assert.equal(await get('/shopping/pets'), '404');
      await map('');
      assert.equal(await get('/shopping/pets'), '/shopping/pets');
      // One key of several segments makes every key a prefix.
      await map('shop/v2');
      assert.equal(await get('/shop/v2/pets'), '/pets');
      assert.equal(await get('/shopping'), '/ping');
      assert.equal(await get('/pets', configuration?.ApiGatewayDomainName), '/pets');
      await callMore('CreateDomainName', {
        DomainName: '*.wild.test',
        DomainNameConfigurations: [{ CertificateArn: 'arn:aws:acm:eu-west-1:0:certificate/a' }],
      });
      assert.equal(await get('/pets', 'a.wild.test'), '404');
      await callMore('CreateApiMapping', {
        DomainName: '*.wild.test',
        ApiId: apiId,
        Stage: '$default',
      });
      assert.equal(await get('/pets', 'a.wild.test'), '/pets');
      assert.equal(await get('/pets', 'a.b.wild.test'), '403');
    });
  });

  it('answers preflight requests, and ignores the CORS headers of the function', async () => {
    await inWorld(async (region) => {
      const { apiId } = await makeApi(region, 'cors', ['GET /'], {
        api: {
          CorsConfiguration: {
            AllowOrigins: ['https://app.test'],
            AllowMethods: ['GET', 'POST'],
            AllowHeaders: ['content-type'],
            ExposeHeaders: ['x-own'],
            MaxAge: 60,
          },
        },
      });
      const origin = { origin: 'https://app.test' };
      const preflight = await ask(region, hostOf(apiId), '/nowhere', {
        method: 'OPTIONS',
        headers: { ...origin, 'access-control-request-method': 'GET' },
      });
      assert.equal(preflight.status, 204);
      assert.equal(preflight.headers['access-control-allow-origin'], 'https://app.test');
      assert.equal(preflight.headers['access-control-allow-methods'], 'GET,POST');
      assert.equal(preflight.headers['access-control-max-age'], '60');
      const answer = await ask(region, hostOf(apiId), '/', { headers: origin });
      assert.equal(answer.headers['access-control-allow-origin'], 'https://app.test');
      assert.equal(answer.headers['access-control-expose-headers'], 'x-own');
      assert.equal(answer.headers['x-own'], '1');
      const foreign = await ask(region, hostOf(apiId), '/', {
        headers: { origin: 'https://other.test' },
      });
      assert.equal(foreign.headers['access-control-allow-origin'], undefined);
    });
  });

  it('serves what was propagated, and what is on disk after a crash', async () => {
    const world = await gatewayWorld(5_000);
    const apiId = await world.run(async (region) => {
      const made = await makeApi(region, 'echo', ['$default']);
      assert.equal((await ask(region, hostOf(made.apiId), '/')).status, 403);
      await region.io.timers.sleep(6_000, 'propagation');
      assert.equal((await ask(region, hostOf(made.apiId), '/')).status, 200);
      return made.apiId;
    });
    world.restart();
    await world.run(async (region) => {
      assert.equal((await ask(region, hostOf(apiId), '/')).status, 200);
    });
  });
});
