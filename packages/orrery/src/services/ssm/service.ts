/**
 * AWS Systems Manager of one region: Parameter Store, as far as templates and tools use it. Each
 * region comes bootstrapped for the CDK.
 */
import type { Service } from '../../endpoint/service.ts';
import type { Io, Store } from '../../io/io.ts';
import model from '../../wire/generated/ssm.json' with { type: 'json' };
import { asModel } from '../../wire/models.ts';
import * as parameters from './control-plane/parameters.ts';

export interface SsmOptions {
  readonly region: string;
  readonly accountId?: string;
}

/** What every operation works with. */
export interface Ssm {
  readonly io: Io;
  readonly store: Store;
  readonly region: string;
  readonly accountId: string;
}

/** What `cdk bootstrap` of 2026 leaves behind, so that nobody has to run it. */
const bootstrapParameter = '/cdk-bootstrap/hnb659fds/version';
const bootstrapVersion = '30';

/** Opens the store `ssm` of this process. Throws `StorageError`. */
export async function createSsmService(io: Io, options: SsmOptions): Promise<Service> {
  const ssm: Ssm = {
    io,
    store: await io.storage.open('ssm'),
    region: options.region,
    accountId: options.accountId ?? '000000000000',
  };
  parameters.put(ssm, {
    name: bootstrapParameter,
    type: 'String',
    value: bootstrapVersion,
    version: 1,
    modifiedMs: io.clock.wallMs(),
    dataType: 'text',
  });
  return {
    name: 'ssm',
    model: asModel(model),
    operations: {
      PutParameter: parameters.putParameter(ssm),
      GetParameter: parameters.getParameter(ssm),
      GetParameters: parameters.getParameters(ssm),
      GetParametersByPath: parameters.getParametersByPath(ssm),
      DeleteParameter: parameters.deleteParameter(ssm),
      DeleteParameters: parameters.deleteParameters(ssm),
    },
    stop: () => ssm.store.close(),
  };
}
