/** AWS::Route53::HealthCheck, on the Route 53 API. */
import type { CreateHealthCheckCommandOutput } from '@aws-sdk/client-route-53';
import { sameJson } from '../engine/plan.ts';
import type { Properties } from '../template/template.ts';
import { optionalObject, pick } from './properties.ts';
import type { ResourceType } from './resource-type.ts';

/** What the API does not change once a health check stands. */
const fixed = ['Type', 'RequestInterval', 'MeasureLatency', 'RoutingControlArn'];

function configOf(properties: Properties): Record<string, unknown> {
  const config = optionalObject(properties, 'HealthCheckConfig') ?? {};
  return {
    ...config,
    ...pick(config, [], {
      numbers: ['FailureThreshold', 'HealthThreshold', 'Port', 'RequestInterval'],
      booleans: ['EnableSNI', 'Inverted', 'MeasureLatency'],
    }),
  };
}

export const healthCheck: ResourceType = {
  name: 'AWS::Route53::HealthCheck',
  replaceOn: [],
  replaces(previous, next) {
    const [before, after] = [configOf(previous), configOf(next)];
    return fixed.some((name) => !sameJson(before[name], after[name]));
  },

  async create(properties, context) {
    const { HealthCheck } = await context.call<CreateHealthCheckCommandOutput>(
      'route53',
      'CreateHealthCheck',
      { CallerReference: context.token(), HealthCheckConfig: configOf(properties) },
    );
    const HealthCheckId = HealthCheck?.Id ?? '';
    return { physicalId: HealthCheckId, attributes: { HealthCheckId } };
  },

  async update(handle, properties, _previous, context) {
    const config = Object.entries(configOf(properties)).filter(([name]) => !fixed.includes(name));
    await context.call('route53', 'UpdateHealthCheck', {
      HealthCheckId: handle.physicalId,
      ...Object.fromEntries(config),
    });
    return handle;
  },

  async delete(handle, _properties, context) {
    await context.call('route53', 'DeleteHealthCheck', { HealthCheckId: handle.physicalId });
  },
};
