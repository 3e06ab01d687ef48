/** AWS::Lambda::Permission, on the Lambda API. Every change makes a new statement. */
import { optionalText, pick, requiredText } from './properties.ts';
import type { ResourceType } from './resource-type.ts';

const statementIdMax = 100;

export const lambdaPermission: ResourceType = {
  name: 'AWS::Lambda::Permission',
  replaceOn: [],

  async create(properties, context) {
    const StatementId = context.physicalName(statementIdMax);
    await context.call('lambda', 'AddPermission', {
      FunctionName: requiredText(properties, 'FunctionName'),
      StatementId,
      ...pick(properties, [
        'Action',
        'Principal',
        'SourceArn',
        'SourceAccount',
        'EventSourceToken',
        'PrincipalOrgID',
        'FunctionUrlAuthType',
      ]),
    });
    return { physicalId: StatementId, attributes: { Id: StatementId } };
  },

  async delete(handle, properties, context) {
    await context.call('lambda', 'RemovePermission', {
      FunctionName: optionalText(properties, 'FunctionName'),
      StatementId: handle.physicalId,
    });
  },
};
