import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fakeCloud } from '../cloudformation/cloud.fake.ts';
import { createIamService } from './service.ts';

const trust = JSON.stringify({ Version: '2012-10-17', Statement: [] });

describe('IAM', () => {
  it('keeps roles and their policies, at the edge', async () => {
    const { call, universe } = await fakeCloud({
      regions: ['us-east-1'],
      regionServices: () => Promise.resolve([]),
      edgeServices: async (io) => [await createIamService(io)],
    });
    const iam = <T>(operation: string, input: Record<string, unknown> = {}): Promise<T> =>
      call('iam', operation, { RoleName: 'worker', ...input });
    type Answer = { Role: { Arn: string; AssumeRolePolicyDocument: string } };
    const made = await iam<Answer>('CreateRole', {
      AssumeRolePolicyDocument: trust,
      Path: '/app/',
    });
    assert.equal(made.Role.Arn, 'arn:aws:iam::000000000000:role/app/worker');
    await assert.rejects(iam('CreateRole', { AssumeRolePolicyDocument: trust }), {
      code: 'EntityAlreadyExists',
      status: 409,
    });
    await assert.rejects(iam('CreateRole', { RoleName: 'x', AssumeRolePolicyDocument: '{' }), {
      code: 'MalformedPolicyDocument',
    });
    await assert.rejects(iam('GetRole', { RoleName: 'x'.repeat(5000) }), { code: 'NoSuchEntity' });
    await iam('PutRolePolicy', { PolicyName: 'p', PolicyDocument: trust });
    await iam('AttachRolePolicy', { PolicyArn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' });
    universe.crash('edge');
    universe.restart('edge');
    await universe.runUntil(universe.nowUs + 1_000_000);
    const found = await iam<Answer>('GetRole');
    assert.equal(decodeURIComponent(found.Role.AssumeRolePolicyDocument), trust);
    assert.deepEqual((await iam<{ PolicyNames: string[] }>('ListRolePolicies')).PolicyNames, ['p']);
    await assert.rejects(iam('DeleteRole'), /must detach all policies first/);
    await iam('DetachRolePolicy', { PolicyArn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' });
    await assert.rejects(iam('DeleteRole'), /must delete policies first/);
    await iam('DeleteRolePolicy', { PolicyName: 'p' });
    await iam('DeleteRole');
    await assert.rejects(iam('GetRole'), { code: 'NoSuchEntity', status: 404 });
  });
});
