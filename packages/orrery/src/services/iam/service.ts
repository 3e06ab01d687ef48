/** AWS IAM (global): roles and their policies, kept as records. Nothing is enforced by them. */
import type { Service } from '../../endpoint/service.ts';
import type { Io } from '../../io/io.ts';
import model from '../../wire/generated/iam.json' with { type: 'json' };
import { asModel } from '../../wire/models.ts';
import * as policies from './control-plane/role-policies.ts';
import * as control from './control-plane/roles.ts';
import { Roles } from './roles.ts';

/** Opens the store `iam` of this process. Throws `StorageError`. */
export async function createIamService(io: Io): Promise<Service> {
  const roles = new Roles(await io.storage.open('iam'));
  return {
    name: 'iam',
    model: asModel(model),
    operations: {
      CreateRole: control.createRole(io, roles),
      GetRole: control.getRole(roles),
      ListRoles: control.listRoles(roles),
      UpdateRole: control.updateRole(roles),
      UpdateAssumeRolePolicy: control.updateAssumeRolePolicy(roles),
      DeleteRole: control.deleteRole(roles),
      PutRolePolicy: policies.putRolePolicy(roles),
      GetRolePolicy: policies.getRolePolicy(roles),
      ListRolePolicies: policies.listRolePolicies(roles),
      DeleteRolePolicy: policies.deleteRolePolicy(roles),
      AttachRolePolicy: policies.attachRolePolicy(roles),
      DetachRolePolicy: policies.detachRolePolicy(roles),
      ListAttachedRolePolicies: policies.listAttachedRolePolicies(roles),
    },
    stop: () => roles.close(),
  };
}
