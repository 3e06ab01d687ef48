import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HttpRequest, HttpResponse } from '../io/io.ts';
import { NetError } from '../io/io.ts';
import { noBytes, utf8Decode, utf8Encode } from '../stdx/bytes.ts';
import dynamodb from '../wire/generated/dynamodb.json' with { type: 'json' };
import lambda from '../wire/generated/lambda.json' with { type: 'json' };
import route53 from '../wire/generated/route53.json' with { type: 'json' };
import { asModel } from '../wire/models.ts';
import { callAws } from './aws-call.ts';
import { type FakeNetwork, fakeIo, fakeProcess } from './io.fake.ts';
import { type RequestContext, type Service, ServiceError } from './service.ts';
import { cannedServices } from './services.fake.ts';

const scope = (region: string, service: string): string =>
  `AWS4-HMAC-SHA256 Credential=AKIATEST/20261124/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`;

function listTables(region?: string, headers: Record<string, string> = {}): HttpRequest {
  return {
    method: 'POST',
    path: '/',
    headers: {
      host: '127.0.0.1:4566',
      'x-amz-target': 'DynamoDB_20120810.ListTables',
      'content-type': 'application/x-amz-json-1.0',
      ...(region !== undefined && { authorization: scope(region, 'dynamodb') }),
      ...headers,
    },
    body: utf8Encode('{}'),
  };
}

const get = (path: string, headers: Record<string, string> = {}): HttpRequest => ({
  method: 'GET',
  path,
  headers: { host: '127.0.0.1:4566', ...headers },
  body: noBytes,
});

/** A DynamoDB whose tables tell where and for whom it was asked. */
function telling(options: Partial<Service> = {}): Service {
  return {
    name: 'dynamodb',
    model: asModel(dynamodb),
    operations: {
      ListTables: (_input: object, context: RequestContext) => ({
        TableNames: [context.region, context.accessKeyId ?? 'nobody', context.from],
      }),
    },
    ...options,
  };
}

const json = (response: HttpResponse): Record<string, unknown> =>
  JSON.parse(utf8Decode(response.body));

describe('the endpoint', () => {
  it('answers at once where the handler does, and with an id and a checksum', async () => {
    const { endpoint, events } = await fakeProcess({ services: [telling()] });
    const response = endpoint.handle(listTables('eu-central-1'), '@tokyo');
    assert.ok(!(response instanceof Promise));
    assert.deepEqual(json(response), { TableNames: ['eu-central-1', 'AKIATEST', '@tokyo'] });
    assert.match(String(response.headers['x-amzn-requestid']), /^[0-9a-f-]{36}$/);
    assert.match(String(response.headers['x-amz-crc32']), /^\d+$/);
    assert.equal(events.at(-1)?.data['operation'], 'ListTables');
    assert.equal(events.at(-1)?.data['status'], 200);
  });

  it('lets browsers ask before they call from a page, and read the answer there', async () => {
    const { endpoint } = await fakeProcess({ services: [telling()] });
    const origin = 'https://shop.example';
    const asked = 'authorization,content-type,x-amz-date,x-amz-target';
    const question = get('/', {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': asked,
    });
    const { status, headers, body } = await endpoint.handle(
      { ...question, method: 'OPTIONS' },
      '@tokyo',
    );
    assert.deepEqual([status, body.length], [200, 0]);
    assert.equal(headers['access-control-allow-origin'], '*');
    assert.equal(headers['access-control-allow-methods'], 'POST');
    assert.equal(headers['access-control-allow-headers'], asked);
    const answer = await endpoint.handle(listTables('eu-central-1', { origin }), '@tokyo');
    assert.equal(answer.headers['access-control-allow-origin'], '*');
    assert.match(String(answer.headers['access-control-expose-headers']), /x-amzn-RequestId/);
    const other = await endpoint.handle(listTables('eu-central-1'), '@tokyo');
    assert.equal(other.headers['access-control-allow-origin'], undefined);
  });

  it('takes region and service from the scope, and forwards to the region', async () => {
    const network: FakeNetwork = new Map();
    const regions = ['us-east-1', 'eu-central-1'];
    const services = [telling()];
    await fakeProcess({ region: 'us-east-1', regions, services }, network);
    const eu = await fakeProcess({ region: 'eu-central-1', regions, services }, network);
    const edge = await fakeProcess({ region: 'global', regions, services: [] }, network);
    const tables = async (request: HttpRequest, process = edge): Promise<unknown> =>
      json(await process.endpoint.handle(request, 'here'))['TableNames'];
    assert.deepEqual(await tables(listTables('us-east-1')), ['us-east-1', 'AKIATEST', 'global']);
    assert.deepEqual(await tables(listTables('eu-central-1')), [
      'eu-central-1',
      'AKIATEST',
      'global',
    ]);
    assert.deepEqual(await tables(listTables('us-east-1'), eu), [
      'us-east-1',
      'AKIATEST',
      'eu-central-1',
    ]);
    // Unsigned: to the edge it means the first region, to a region that region.
    assert.equal(((await tables(listTables())) as string[])[0], 'us-east-1');
    assert.equal(((await tables(listTables(), eu)) as string[])[0], 'eu-central-1');
  });

  it('sends global services to the edge, whatever region signed', async () => {
    const network: FakeNetwork = new Map();
    const regions = ['eu-central-1'];
    const globalServices = new Set(['route53']);
    const zones = cannedServices().filter(({ name }) => name === 'route53');
    const edge = await fakeProcess(
      { region: 'global', regions, globalServices, services: zones },
      network,
    );
    const region = await fakeProcess({ regions, globalServices, services: [] }, network);
    const path = '/2013-04-01/hostedzonesbyname';
    for (const process of [edge, region]) {
      for (const headers of [{ authorization: scope('ap-south-1', 'route53') }, {}]) {
        const response = await process.endpoint.handle(get(path, headers as never), 'here');
        assert.equal(response.status, 200);
        assert.match(utf8Decode(response.body), /ListHostedZonesByNameResponse/);
      }
    }
  });

  it('says which region does not answer, is not there, or is none', async () => {
    const network: FakeNetwork = new Map();
    const regions = ['us-east-1', 'eu-central-1'];
    const edge = await fakeProcess({ region: 'global', regions, services: [] }, network);
    const down = await edge.endpoint.handle(listTables('us-east-1'), 'here');
    assert.equal(down.status, 503);
    assert.equal(json(down)['__type'], 'ServiceUnavailable');
    assert.match(
      String(json(down)['message']),
      /Region us-east-1 does not answer \(ECONNREFUSED\)/,
    );
    network.set('us-east-1/front-door', () => {
      throw new NetError('ETIMEDOUT', true);
    });
    const hanging = await edge.endpoint.handle(listTables('us-east-1'), 'here');
    assert.equal(hanging.status, 504);
    const absent = json(await edge.endpoint.handle(listTables('ap-south-1'), 'here'));
    assert.equal(
      absent['message'],
      'Region ap-south-1 is not part of this cloud, which has us-east-1, eu-central-1.',
    );
    const none = json(await edge.endpoint.handle(listTables('mars-north-1'), 'here'));
    assert.match(String(none['message']), /^Credential should be scoped to a valid region, not/);
  });

  it('answers 501 for what is not built, and names it', async () => {
    const { endpoint } = await fakeProcess({ services: [telling()] });
    const target = { 'x-amz-target': 'DynamoDB_20120810.ListBackups' };
    const unbuilt = await endpoint.handle(listTables('eu-central-1', target), 'here');
    assert.equal(unbuilt.status, 501);
    assert.equal(
      json(unbuilt)['message'],
      'Orrery does not implement dynamodb:ListBackups. Of dynamodb it has ListTables.',
    );
    const other = { authorization: scope('eu-central-1', 'sqs'), 'x-amz-target': 'AmazonSQS.X' };
    const service = await endpoint.handle(listTables(undefined, other), 'here');
    assert.equal(service.status, 501);
    assert.equal(json(service)['message'], 'Orrery does not implement sqs.');
    const nothing = { 'x-amz-target': 'DynamoDB_20120810.Nothing' };
    const unknown = await endpoint.handle(listTables('eu-central-1', nothing), 'here');
    assert.equal(unknown.status, 400);
    assert.equal(json(unknown)['__type'], 'com.amazon.coral.service#UnknownOperationException');
    const inherited = { 'x-amz-target': 'DynamoDB_20120810.constructor' };
    assert.equal(
      (await endpoint.handle(listTables('eu-central-1', inherited), 'here')).status,
      400,
    );
  });

  it('turns what handlers throw into answers, and bugs into 500 with a trace', async () => {
    const errors: Record<string, () => unknown> = {
      ListTables: () => {
        throw new TypeError('our bug');
      },
      DescribeTable: async () => {
        throw new RangeError('our late bug');
      },
      PutItem: async () => {
        throw new ServiceError('ValidationException', 'no', {
          typePrefix: 'com.amazon.coral.validate',
        });
      },
      GetItem: () => ({ Item: 7 }),
      UpdateTable: () => Promise.reject(new NetError('ETIMEDOUT', true)),
    };
    const { endpoint, events } = await fakeProcess({ services: [telling({ operations: errors })] });
    const ask = async (operation: string, body: string): Promise<HttpResponse> => {
      const headers = { 'x-amz-target': `DynamoDB_20120810.${operation}` };
      const request = { ...listTables('eu-central-1', headers), body: utf8Encode(body) };
      return endpoint.handle(request, 'here');
    };
    for (const [operation, stack] of [
      ['ListTables', /TypeError: our bug\n/],
      ['DescribeTable', /RangeError: our late bug/],
      ['GetItem', /AssertionError: /],
    ] as const) {
      const bug = await ask(operation, '{"TableName":"t","Key":{}}');
      assert.equal(bug.status, 500);
      assert.equal(json(bug)['__type'], 'com.amazonaws.dynamodb.v20120810#InternalServerError');
      const event = events.findLast(({ kind }) => kind === 'endpoint.bug');
      assert.match(String(event?.data['stack']), stack);
      assert.match(String(json(bug)['message']), new RegExp(String(event?.data['requestId'])));
    }
    const bugs = events.filter(({ kind }) => kind === 'endpoint.bug').length;
    const unanswered = await ask('UpdateTable', '{"TableName":"t"}');
    assert.equal(unanswered.status, 500);
    assert.match(String(json(unanswered)['message']), /UpdateTable needs does not answer/);
    assert.equal(events.filter(({ kind }) => kind === 'endpoint.bug').length, bugs);
    assert.ok(events.some(({ kind }) => kind === 'endpoint.unanswered'));
    const refused = await ask('PutItem', '{"TableName":"t","Item":{}}');
    assert.equal(refused.status, 400);
    assert.deepEqual(json(refused), {
      __type: 'com.amazon.coral.validate#ValidationException',
      message: 'no',
    });
  });

  it('bounds the body, and leaves it out of answers to HEAD', async () => {
    const { endpoint } = await fakeProcess({ services: [telling({ bodyBytesMax: 10 })] });
    const request = { ...listTables('eu-central-1'), body: new Uint8Array(11) };
    assert.equal((await endpoint.handle(request, 'here')).status, 413);
    const canned = await fakeProcess({ services: cannedServices() });
    const head = { ...get('/assets/none', { authorization: scope('eu-central-1', 's3') }) };
    const answer = await canned.endpoint.handle({ ...head, method: 'HEAD' }, 'here');
    assert.equal(answer.status, 404);
    assert.equal(answer.body.length, 0);
  });

  it('serves its addresses and stops serving them', async () => {
    const seen: string[] = [];
    const service = telling({
      internal: { 'dynamodb-replica': () => ({ status: 200, headers: {}, body: noBytes }) },
      start: async () => void seen.push('start'),
      stop: async () => void seen.push('stop'),
    });
    const { endpoint, network } = await fakeProcess({ services: [service] });
    assert.deepEqual([...network.keys()].toSorted(), [
      'eu-central-1/dynamodb',
      'eu-central-1/dynamodb-replica',
      'eu-central-1/front-door',
    ]);
    await endpoint.stop();
    assert.equal(network.size, 0);
    assert.deepEqual(seen, ['start', 'stop']);
  });
});

describe('the front door', () => {
  const api: Service = {
    name: 'execute-api-service',
    operations: {},
    internal: {
      'execute-api': ({ path }) => ({ status: 200, headers: {}, body: utf8Encode(`api ${path}`) }),
    },
  };

  it('tells calls of users’ APIs from AWS’s own', async () => {
    const { endpoint } = await fakeProcess({ services: [...cannedServices(), api] });
    const isUsers = async (request: HttpRequest): Promise<boolean> =>
      utf8Decode((await endpoint.handle(request, 'here')).body).startsWith('api ');
    const users: HttpRequest[] = [
      get('/orders/1'),
      get('/orders/1', { authorization: 'Bearer abc' }),
      get('/', { authorization: scope('eu-central-1', 'execute-api') }),
      get('/2015-03-31/functions', { host: 'api.orders.test' }),
      get('/v2/apis', { host: 'abc.execute-api.eu-central-1.amazonaws.com' }),
      get('/orders?Action=DescribeStacks'),
      { ...get('/form', { 'content-type': 'application/x-www-form-urlencoded' }), method: 'POST' },
    ];
    const aws: HttpRequest[] = [
      listTables(),
      get('/v2/apis'),
      get('/2015-03-31/functions'),
      get('/2013-04-01/hostedzone'),
      get('/assets/k?X-Amz-Credential=A%2F20261124%2Feu-central-1%2Fs3%2Faws4_request'),
      get('/?Action=GetCallerIdentity&Version=2011-06-15'),
      get('/assets', { authorization: scope('eu-central-1', 's3') }),
    ];
    for (const request of users) assert.ok(await isUsers(request), JSON.stringify(request));
    for (const request of aws) assert.ok(!(await isUsers(request)), JSON.stringify(request));
  });

  it('of the edge follows the host name of an API to its region', async () => {
    const network: FakeNetwork = new Map();
    const regions = ['us-east-1', 'eu-central-1'];
    await fakeProcess({ regions, services: [api] }, network);
    const edge = await fakeProcess({ region: 'global', regions, services: [] }, network);
    const host = 'abc.execute-api.eu-central-1.amazonaws.com';
    const found = await edge.endpoint.handle(get('/a', { host }), '@tokyo');
    assert.equal(utf8Decode(found.body), 'api /a');
    const nowhere = await edge.endpoint.handle(get('/a'), '@tokyo');
    assert.equal(nowhere.status, 404);
    assert.deepEqual(json(nowhere), { message: 'Not Found' });
  });
});

describe('callAws', () => {
  it('calls services of the cloud in their own protocols', async () => {
    const { network } = await fakeProcess({ services: cannedServices() });
    const io = fakeIo('eu-central-1', network, []);
    const call = (service: string, model: unknown, operation: string, input: object) =>
      callAws(io, { region: 'eu-central-1', service }, asModel(model), operation, input, {
        deadlineMs: 1000,
      });
    const input = { FunctionName: 'a:b', Payload: utf8Encode('{}') };
    const invoked = await call('lambda', lambda, 'Invoke', input);
    assert.equal(utf8Decode(invoked['Payload'] as Uint8Array), '{"ok":true}');
    assert.equal(invoked['FunctionError'], 'Unhandled');
    const change = { HostedZoneId: 'Z1', ChangeBatch: { Changes: [] } };
    const changed = await call('route53', route53, 'ChangeResourceRecordSets', change);
    assert.deepEqual(changed['ChangeInfo'], {
      Id: '/change/C1',
      Status: 'PENDING',
      SubmittedAt: 1_700_000_000_000,
    });
    const got = await call('dynamodb', dynamodb, 'GetItem', { TableName: 't', Key: {} });
    assert.deepEqual((got['Item'] as Record<string, unknown>)['data'], {
      B: Buffer.from([1, 2, 3]),
    });
    const bad = { ...change, HostedZoneId: 'ZBAD' };
    await assert.rejects(call('route53', route53, 'ChangeResourceRecordSets', bad), {
      code: 'InvalidChangeBatch',
      message: '[first, second]',
      status: 400,
      fields: { messages: ['first', 'second'] },
    });
    const none = { FunctionName: 'none' };
    await assert.rejects(call('lambda', lambda, 'GetFunction', none), {
      code: 'ResourceNotFoundException',
      status: 404,
      fields: { Type: 'User' },
    });
    await assert.rejects(call('s3', lambda, 'Invoke', input), ServiceError);
    await assert.rejects(call('sqs', lambda, 'Invoke', input), NetError);
  });
});
