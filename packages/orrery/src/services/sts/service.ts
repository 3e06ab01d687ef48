/** AWS STS, as far as deploying tools ask: who am I, and credentials for a role. */
import type { Service } from '../../endpoint/service.ts';
import type { Io } from '../../io/io.ts';
import model from '../../wire/generated/sts.json' with { type: 'json' };
import { asModel } from '../../wire/models.ts';
import { assumeRole, getCallerIdentity } from './control-plane/credentials.ts';

export function createStsService(io: Io): Service {
  return {
    name: 'sts',
    model: asModel(model),
    operations: { GetCallerIdentity: getCallerIdentity(), AssumeRole: assumeRole(io) },
  };
}
