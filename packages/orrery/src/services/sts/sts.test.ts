import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { RequestContext } from '../../endpoint/service.ts';
import { createUniverse } from '../../io/simulated/universe.ts';
import { createStsService } from './service.ts';

it('says who is asking, and lends credentials for any role', async () => {
  const universe = await createUniverse({ seed: 1 });
  const { operations } = createStsService(universe.spawn('edge', 'global'));
  const context = { accountId: '000000000000', accessKeyId: 'AKIATEST' } as RequestContext;
  const run = (name: string, input: object): Record<string, Record<string, unknown>> =>
    operations[name]?.(input as never, context) as Record<string, Record<string, unknown>>;
  assert.equal(run('GetCallerIdentity', {})['Account'], '000000000000');
  const RoleArn = 'arn:aws:iam::000000000000:role/cdk/deploy';
  const assumed = run('AssumeRole', { RoleArn, RoleSessionName: 's', DurationSeconds: 900 });
  assert.match(String(assumed['Credentials']?.['AccessKeyId']), /^ASIA[A-Z2-7]{16}$/);
  assert.equal(assumed['Credentials']?.['Expiration'], Date.UTC(2026, 0, 1) + 900_000);
  assert.equal(
    assumed['AssumedRoleUser']?.['Arn'],
    'arn:aws:sts::000000000000:assumed-role/deploy/s',
  );
  assert.throws(() => run('AssumeRole', { RoleArn: 'nonsense' }), { code: 'ValidationError' });
});
