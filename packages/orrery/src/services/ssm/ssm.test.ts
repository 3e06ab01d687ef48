import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type FakeCloud, fakeCloud } from '../cloudformation/cloud.fake.ts';
import { createSsmService } from './service.ts';

const region = 'us-east-1';

async function cloud(): Promise<FakeCloud> {
  return await fakeCloud({
    regions: [region],
    regionServices: async (io) => [await createSsmService(io, { region })],
    edgeServices: () => Promise.resolve([]),
  });
}

describe('SSM', () => {
  it('comes bootstrapped for the CDK', async () => {
    const { call } = await cloud();
    const { Parameter } = await call<{ Parameter: { Value: string } }>('ssm', 'GetParameter', {
      Name: '/cdk-bootstrap/hnb659fds/version',
    });
    assert.equal(Parameter.Value, '30');
  });

  it('keeps parameters with versions', async () => {
    const { call, universe } = await cloud();
    const put = (Name: string, Value: string, more = {}): Promise<unknown> =>
      call('ssm', 'PutParameter', { Name, Value, Type: 'String', ...more });
    await put('/a/one', '1');
    await put('/a/deep/two', '2');
    await assert.rejects(put('/a/one', '3'), { code: 'ParameterAlreadyExists' });
    assert.deepEqual(await put('/a/one', '3', { Overwrite: true }), {
      Version: 2,
      Tier: 'Standard',
    });
    await assert.rejects(put('/a b', '1'), { code: 'ValidationException' });
    await assert.rejects(put('/a', 'x'.repeat(4097)), { code: 'ValidationException' });
    universe.crash(`region/${region}`);
    universe.restart(`region/${region}`);
    await universe.runUntil(universe.nowUs + 1_000_000);
    const get = async (operation: string, input: object): Promise<string[]> => {
      type Found = { Parameters: { Name: string; Value: string }[] };
      const { Parameters } = await call<Found>('ssm', operation, { ...input });
      return Parameters.map(({ Name, Value }) => `${Name}=${Value}`);
    };
    assert.deepEqual(await get('GetParameters', { Names: ['/a/one', '/none'] }), ['/a/one=3']);
    assert.deepEqual(await get('GetParametersByPath', { Path: '/a' }), ['/a/one=3']);
    const all = { Path: '/a', Recursive: true };
    assert.deepEqual(await get('GetParametersByPath', all), ['/a/deep/two=2', '/a/one=3']);
    const long = call('ssm', 'GetParameter', { Name: 'x'.repeat(5000) });
    await assert.rejects(long, { code: 'ParameterNotFound' });
    await call('ssm', 'DeleteParameter', { Name: '/a/one' });
    await assert.rejects(call('ssm', 'GetParameter', { Name: '/a/one' }), {
      code: 'ParameterNotFound',
    });
    await assert.rejects(call('ssm', 'DeleteParameter', { Name: '/a/one' }), {
      code: 'ParameterNotFound',
    });
  });
});
