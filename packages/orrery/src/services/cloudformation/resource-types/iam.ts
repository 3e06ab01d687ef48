/** AWS::IAM::Role and AWS::IAM::Policy, on the IAM API. */
import type { CreateRoleCommandOutput } from '@aws-sdk/client-iam';
import type { Handle } from '../engine/records.ts';
import { ResourceFailure } from '../engine/resource-failure.ts';
import type { Properties } from '../template/template.ts';
import {
  defined,
  documentText,
  objectsOf,
  optionalNumber,
  optionalText,
  pick,
  requiredText,
  textsOf,
} from './properties.ts';
import type { ResourceContext, ResourceType } from './resource-type.ts';

const roleNameMax = 64;

export const role: ResourceType = {
  name: 'AWS::IAM::Role',
  replaceOn: ['RoleName', 'Path'],
  nameProperty: 'RoleName',

  async create(properties, context) {
    const RoleName = optionalText(properties, 'RoleName') ?? context.physicalName(roleNameMax);
    const created = await context.call<CreateRoleCommandOutput>(
      'iam',
      'CreateRole',
      defined({
        ...pick(properties, ['Path', 'Description', 'PermissionsBoundary', 'Tags']),
        RoleName,
        AssumeRolePolicyDocument: documentText(properties, 'AssumeRolePolicyDocument'),
        MaxSessionDuration: optionalNumber(properties, 'MaxSessionDuration'),
      }),
    );
    const handle: Handle = {
      physicalId: RoleName,
      attributes: { Arn: created.Role?.Arn ?? '', RoleId: created.Role?.RoleId ?? '' },
    };
    context.made(handle);
    await attach(RoleName, properties, context);
    return handle;
  },

  async update(handle, properties, previous, context) {
    const RoleName = handle.physicalId;
    await context.call('iam', 'UpdateAssumeRolePolicy', {
      RoleName,
      PolicyDocument: documentText(properties, 'AssumeRolePolicyDocument'),
    });
    await detach(RoleName, previous, context, properties);
    await attach(RoleName, properties, context);
    return handle;
  },

  async delete(handle, properties, context) {
    await detach(handle.physicalId, properties, context, {});
    await context.call('iam', 'DeleteRole', { RoleName: handle.physicalId });
  },
};

async function attach(
  RoleName: string,
  properties: Properties,
  context: ResourceContext,
): Promise<void> {
  for (const PolicyArn of textsOf(properties, 'ManagedPolicyArns')) {
    await context.call('iam', 'AttachRolePolicy', { RoleName, PolicyArn });
  }
  for (const policy of objectsOf(properties, 'Policies')) {
    await context.call('iam', 'PutRolePolicy', {
      RoleName,
      PolicyName: requiredText(policy, 'PolicyName'),
      PolicyDocument: documentText(policy, 'PolicyDocument'),
    });
  }
}

/** Takes away what `previous` had and `kept` has not. */
async function detach(
  RoleName: string,
  previous: Properties,
  context: ResourceContext,
  kept: Properties,
): Promise<void> {
  const arns = new Set(textsOf(kept, 'ManagedPolicyArns'));
  for (const PolicyArn of textsOf(previous, 'ManagedPolicyArns')) {
    if (!arns.has(PolicyArn))
      await context.call('iam', 'DetachRolePolicy', { RoleName, PolicyArn });
  }
  const names = new Set(objectsOf(kept, 'Policies').map((one) => requiredText(one, 'PolicyName')));
  for (const policy of objectsOf(previous, 'Policies')) {
    const PolicyName = requiredText(policy, 'PolicyName');
    if (!names.has(PolicyName)) {
      await context.call('iam', 'DeleteRolePolicy', { RoleName, PolicyName });
    }
  }
}

export const policy: ResourceType = {
  name: 'AWS::IAM::Policy',
  replaceOn: ['PolicyName'],

  async create(properties, context) {
    refuseOthers(properties);
    await put(properties, textsOf(properties, 'Roles'), context);
    return { physicalId: context.physicalName(roleNameMax), attributes: {} };
  },

  async update(handle, properties, previous, context) {
    refuseOthers(properties);
    const roles = textsOf(properties, 'Roles');
    const gone = textsOf(previous, 'Roles').filter((name) => !roles.includes(name));
    await remove(previous, gone, context);
    await put(properties, roles, context);
    return handle;
  },

  async delete(_handle, properties, context) {
    await remove(properties, textsOf(properties, 'Roles'), context);
  },
};

async function put(
  properties: Properties,
  roles: readonly string[],
  context: ResourceContext,
): Promise<void> {
  const PolicyName = requiredText(properties, 'PolicyName');
  const PolicyDocument = documentText(properties, 'PolicyDocument');
  for (const RoleName of roles) {
    await context.call('iam', 'PutRolePolicy', { RoleName, PolicyName, PolicyDocument });
  }
}

async function remove(
  properties: Properties,
  roles: readonly string[],
  context: ResourceContext,
): Promise<void> {
  const PolicyName = requiredText(properties, 'PolicyName');
  for (const RoleName of roles) {
    await context.call('iam', 'DeleteRolePolicy', { RoleName, PolicyName });
  }
}

function refuseOthers(properties: Properties): void {
  for (const name of ['Users', 'Groups']) {
    if (textsOf(properties, name).length > 0) {
      throw new ResourceFailure(`AWS::IAM::Policy: ${name} are not built; Roles are.`);
    }
  }
}
