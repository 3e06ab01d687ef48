import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { zipSync } from 'fflate';
import type { ServiceError } from '../../../endpoint/service.ts';
import { createWorld, functionInput, json, type Region } from '../lambda.fake.ts';

const players = {
  hello: { handler: () => 'first' },
  second: { handler: () => 'second' },
};

async function inWorld(
  body: (region: Region) => Promise<void>,
  options: { transitionMs?: number } = {},
): Promise<void> {
  const world = await createWorld(players, options);
  await world.run(body);
}

async function errorOf(promise: Promise<unknown>): Promise<ServiceError> {
  return promise.then(
    () => assert.fail('no error'),
    (error: ServiceError) => error,
  );
}

interface Configuration {
  State: string;
  LastUpdateStatus?: string;
  RevisionId: string;
  CodeSha256: string;
  LastModified: string;
  Timeout: number;
}

describe('CreateFunction', () => {
  it('goes from Pending to Active and tells its configuration', async () => {
    await inWorld(
      async (region) => {
        const made = await region.call<Configuration>('CreateFunction', functionInput('hello'));
        assert.equal(made.State, 'Pending');
        assert.match(made.CodeSha256, /^[A-Za-z0-9+/]{43}=$/);
        assert.match(made.LastModified, /^2026-01-01T00:00:0\d\.\d{3}\+0000$/);
        await region.io.timers.sleep(2_000, 'active');
        const { Configuration: now } = await region.call<{ Configuration: Configuration }>(
          'GetFunction',
          { FunctionName: 'hello' },
        );
        assert.equal(now.State, 'Active');
        assert.equal(now.LastUpdateStatus, 'Successful');
        assert.equal(now.Timeout, 3);
        const again = await errorOf(region.call('CreateFunction', functionInput('hello')));
        assert.equal(again.code, 'ResourceConflictException');
        assert.equal(again.message, 'Function already exist: hello');
      },
      { transitionMs: 1_500 },
    );
  });

  it('keeps functions and ends their transition over a crash', async () => {
    const world = await createWorld(players, { transitionMs: 5_000 });
    await world.run((region) => region.call('CreateFunction', functionInput('hello')));
    world.restart();
    await world.run(async (region) => {
      await region.io.timers.sleep(6_000, 'active');
      const answer = await region.call('Invoke', { FunctionName: 'hello' });
      assert.equal(json(answer['Payload']), 'first');
    });
  });

  it('refuses what AWS refuses, in its words', async () => {
    const cases: [Record<string, unknown>, string, RegExp][] = [
      [{ FunctionName: 'a b' }, 'ValidationException', /at 'functionName' failed to satisfy/],
      [{ FunctionName: 'x'.repeat(65) }, 'ValidationException', /less than or equal to 64/],
      [{ Role: 'admin' }, 'ValidationException', /^1 validation error detected: Value 'admin' at/],
      [{ Runtime: 'nodejs16.x' }, 'InvalidParameterValueException', /no longer supported/],
      [{ Runtime: 'cobol' }, 'InvalidParameterValueException', /enum value set/],
      [{ Runtime: 'python3.14' }, 'InvalidParameterValueException', /does not run python3.14/],
      [{ Timeout: 901 }, 'ValidationException', /less than or equal to 900/],
      [{ Timeout: 0 }, 'ValidationException', /greater than or equal to 1/],
      [{ MemorySize: 64 }, 'ValidationException', /greater than or equal to 128/],
      [{ MemorySize: 10_241 }, 'ValidationException', /less than or equal to 10240/],
      [{ Handler: 'a b' }, 'ValidationException', /at 'handler'/],
      [{ Handler: undefined }, 'InvalidParameterValueException', /mandatory/],
      [
        { Environment: { Variables: { AWS_REGION: 'x' } } },
        'InvalidParameterValueException',
        /Reserved keys used in this request: AWS_REGION$/,
      ],
      [
        { Environment: { Variables: { BIG: 'x'.repeat(4_094) } } },
        'InvalidParameterValueException',
        /exceeded the 4KB limit/,
      ],
      [{ Code: {} }, 'InvalidParameterValueException', /provide a source/],
      [
        { Code: { ZipFile: Buffer.from('this is not a zip file at all') } },
        'InvalidParameterValueException',
        /^Could not unzip uploaded file\. Please check your file/,
      ],
      [
        { Code: { ZipFile: zipSync({}) } },
        'InvalidParameterValueException',
        /^Uploaded file must be a non-empty zip$/,
      ],
      [
        { Code: { ZipFile: zipSync({ '../evil.js': Buffer.from('x') }) } },
        'InvalidParameterValueException',
        /leads out of it$/,
      ],
      [{ Layers: ['arn:aws:lambda:x'] }, 'InvalidParameterValueException', /no layers/],
    ];
    await inWorld(async (region) => {
      for (const [change, code, message] of cases) {
        const error = await errorOf(region.call('CreateFunction', functionInput('hello', change)));
        assert.equal(error.code, code, error.message);
        assert.match(error.message, message);
      }
      const { Functions } = await region.call<{ Functions: unknown[] }>('ListFunctions', {});
      assert.deepEqual(Functions, []);
    });
  });

  it('fetches its code from S3', async () => {
    const zip = zipSync({ 'index.mjs': Buffer.from('second') });
    await inWorld(async (region) => {
      region.io.network.serve('s3', (request) =>
        request.path === '/assets/a%20b/code.zip'
          ? { status: 200, headers: {}, body: zip }
          : {
              status: 404,
              headers: {},
              body: Buffer.from(
                '<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.' +
                  '</Message></Error>',
              ),
            },
      );
      const at = (S3Key: string) => ({ Code: { S3Bucket: 'assets', S3Key } });
      const error = await errorOf(
        region.call('CreateFunction', functionInput('hello', at('missing'))),
      );
      assert.equal(
        error.message,
        'Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The ' +
          'specified key does not exist.',
      );
      await region.call('CreateFunction', functionInput('hello', at('a b/code.zip')));
      const answer = await region.call('Invoke', { FunctionName: 'hello' });
      assert.equal(json(answer['Payload']), 'second');
    });
  });
});

describe('updates', () => {
  it('change code and configuration, under the revision that was seen', async () => {
    await inWorld(async (region) => {
      const made = await region.call<Configuration>('CreateFunction', functionInput('hello'));
      const ZipFile = zipSync({ 'index.mjs': Buffer.from('second') });
      const stale = { FunctionName: 'hello', ZipFile, RevisionId: 'another' };
      assert.equal(
        (await errorOf(region.call('UpdateFunctionCode', stale))).code,
        'PreconditionFailedException',
      );
      const updated = await region.call<Configuration>('UpdateFunctionCode', {
        ...stale,
        RevisionId: made.RevisionId,
      });
      assert.notEqual(updated.CodeSha256, made.CodeSha256);
      assert.equal(updated.LastUpdateStatus, 'InProgress');
      const answer = await region.call('Invoke', { FunctionName: 'hello' });
      assert.equal(json(answer['Payload']), 'second');
      const configured = await region.call<Configuration>('UpdateFunctionConfiguration', {
        FunctionName: 'hello',
        Timeout: 20,
      });
      assert.equal(configured.Timeout, 20);
      assert.equal(configured.CodeSha256, updated.CodeSha256);
    });
  });

  it('exclude one another while one is in hand', async () => {
    await inWorld(
      async (region) => {
        await region.call('CreateFunction', functionInput('hello'));
        const update = { FunctionName: 'hello', Timeout: 9 };
        assert.match(
          (await errorOf(region.call('UpdateFunctionConfiguration', update))).message,
          /state: Pending$/,
        );
        await region.io.timers.sleep(1_000, 'active');
        await region.call('UpdateFunctionConfiguration', update);
        const error = await errorOf(region.call('UpdateFunctionConfiguration', update));
        assert.equal(error.code, 'ResourceConflictException');
        assert.match(error.message, /An update is in progress for resource: arn:aws:lambda:/);
      },
      { transitionMs: 900 },
    );
  });

  it('end with deletion', async () => {
    await inWorld(async (region) => {
      await region.call('CreateFunction', functionInput('hello'));
      await region.call('DeleteFunction', { FunctionName: 'hello' });
      for (const operation of ['Invoke', 'GetFunction', 'DeleteFunction', 'GetPolicy']) {
        const error = await errorOf(region.call(operation, { FunctionName: 'hello' }));
        assert.equal(error.code, 'ResourceNotFoundException', operation);
      }
      // The same code may come back.
      await region.call('CreateFunction', functionInput('hello'));
      const answer = await region.call('Invoke', { FunctionName: 'hello' });
      assert.equal(json(answer['Payload']), 'first');
    });
  });
});

describe('ListFunctions', () => {
  it('pages by name', async () => {
    await inWorld(async (region) => {
      for (const name of ['c', 'a', 'b']) {
        const Code = { ZipFile: zipSync({ 'index.mjs': Buffer.from('hello') }) };
        await region.call('CreateFunction', functionInput(name, { Code }));
      }
      type Page = { Functions: { FunctionName: string }[]; NextMarker?: string };
      const first = await region.call<Page>('ListFunctions', { MaxItems: 2 });
      assert.deepEqual(
        first.Functions.map((one) => one.FunctionName),
        ['a', 'b'],
      );
      const rest = await region.call<Page>('ListFunctions', { Marker: first.NextMarker });
      assert.deepEqual(
        rest.Functions.map((one) => one.FunctionName),
        ['c'],
      );
      assert.equal(rest.NextMarker, undefined);
    });
  });
});

describe('the resource policy', () => {
  const invokeAs = (region: Region, principal: string, sourceArn: string) =>
    region.io.network.request(
      { region: 'eu-west-1', service: 'lambda-invoke' },
      {
        method: 'POST',
        path: '/2015-03-31/functions/arn:aws:lambda:eu-west-1:000000000000:function:hello/invocations',
        headers: { 'x-orrery-principal': principal, 'x-orrery-source-arn': sourceArn },
        body: Buffer.from('{}'),
      },
      { deadlineMs: 5_000 },
    );

  it('decides whether a service may invoke', async () => {
    await inWorld(async (region) => {
      const gateway = 'apigateway.amazonaws.com';
      const source = 'arn:aws:execute-api:eu-west-1:000000000000:abc/$default/GET/pets';
      await region.call('CreateFunction', functionInput('hello'));
      assert.equal((await invokeAs(region, gateway, source)).status, 403);
      const permission = {
        FunctionName: 'hello',
        StatementId: 'gateway',
        Action: 'lambda:InvokeFunction',
        Principal: gateway,
        SourceArn: 'arn:aws:execute-api:eu-west-1:000000000000:abc/*/*/pets',
      };
      await region.call('AddPermission', permission);
      const answer = await invokeAs(region, gateway, source);
      assert.equal(answer.status, 200);
      assert.equal(json(answer.body), 'first');
      assert.equal((await invokeAs(region, 'sns.amazonaws.com', source)).status, 403);
      assert.equal((await invokeAs(region, gateway, source.replace('abc', 'abd'))).status, 403);
      const again = await errorOf(region.call('AddPermission', permission));
      assert.equal(again.code, 'ResourceConflictException');
      const { Policy } = await region.call<{ Policy: string }>('GetPolicy', {
        FunctionName: 'hello',
      });
      assert.deepEqual(JSON.parse(Policy).Statement[0].Principal, { Service: gateway });
      await region.call('RemovePermission', { FunctionName: 'hello', StatementId: 'gateway' });
      assert.equal((await invokeAs(region, gateway, source)).status, 403);
    });
  });
});

describe('tags and reservations', () => {
  it('are set, shown and removed', async () => {
    await inWorld(async (region) => {
      await region.call('CreateFunction', functionInput('hello', { Tags: { a: '1' } }));
      const Resource = 'arn:aws:lambda:eu-west-1:000000000000:function:hello';
      await region.call('TagResource', { Resource, Tags: { b: '2' } });
      await region.call('UntagResource', { Resource, TagKeys: ['a'] });
      assert.deepEqual(await region.call('ListTags', { Resource }), { Tags: { b: '2' } });
      const tooMuch = { FunctionName: 'hello', ReservedConcurrentExecutions: 901 };
      assert.match(
        (await errorOf(region.call('PutFunctionConcurrency', tooMuch))).message,
        /below its minimum value of \[100\]\.$/,
      );
      await region.call('PutFunctionConcurrency', {
        FunctionName: 'hello',
        ReservedConcurrentExecutions: 0,
      });
      const off = await errorOf(region.call('Invoke', { FunctionName: 'hello' }));
      assert.equal(off.code, 'TooManyRequestsException');
      await region.call('DeleteFunctionConcurrency', { FunctionName: 'hello' });
      assert.deepEqual(await region.call('GetFunctionConcurrency', { FunctionName: 'hello' }), {});
    });
  });
});
