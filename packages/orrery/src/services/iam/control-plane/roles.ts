/** CreateRole, GetRole, ListRoles, UpdateRole, UpdateAssumeRolePolicy, DeleteRole. */
import type {
  CreateRoleRequest,
  DeleteRoleRequest,
  GetRoleRequest,
  UpdateAssumeRolePolicyRequest,
  UpdateRoleRequest,
} from '@aws-sdk/client-iam';
import type { RequestContext } from '../../../endpoint/service.ts';
import type { Io } from '../../../io/io.ts';
import { deleteConflict, invalidInput, malformedPolicy, roleExists } from '../errors.ts';
import type { RoleRecord, Roles } from '../roles.ts';

const sessionSecondsDefault = 3600;

export function createRole(io: Io, roles: Roles) {
  return async (input: CreateRoleRequest, context: RequestContext): Promise<object> => {
    const name = input.RoleName ?? '';
    if (!/^[\w+=,.@-]{1,64}$/.test(name)) {
      throw invalidInput(
        'The specified value for roleName is invalid. It must contain only alphanumeric ' +
          'characters and/or the following: +=,.@_-',
      );
    }
    const trustPolicy = checkDocument(input.AssumeRolePolicyDocument ?? '');
    if (roles.find(name) !== undefined) throw roleExists(name);
    const path = input.Path ?? '/';
    const role: RoleRecord = {
      name,
      id: `AROA${io.random.uuid().replaceAll('-', '').slice(0, 17).toUpperCase()}`,
      arn: `arn:aws:iam::${context.accountId}:role${path}${name}`,
      path,
      createdMs: io.clock.wallMs(),
      trustPolicy,
      maxSessionDurationSeconds: input.MaxSessionDuration ?? sessionSecondsDefault,
      tags: (input.Tags ?? []) as RoleRecord['tags'],
      policies: {},
      attached: [],
      ...(input.Description === undefined ? {} : { description: input.Description }),
    };
    await roles.put(role);
    return { Role: describe(role) };
  };
}

export function getRole(roles: Roles) {
  return ({ RoleName = '' }: GetRoleRequest): object => ({ Role: describe(roles.get(RoleName)) });
}

export function listRoles(roles: Roles) {
  return (): object => ({ Roles: roles.all().map(describe), IsTruncated: false });
}

export function updateRole(roles: Roles) {
  return async (input: UpdateRoleRequest): Promise<object> => {
    const role = roles.get(input.RoleName ?? '');
    await roles.put({
      ...role,
      ...(input.Description === undefined ? {} : { description: input.Description }),
      maxSessionDurationSeconds: input.MaxSessionDuration ?? role.maxSessionDurationSeconds,
    });
    return {};
  };
}

export function updateAssumeRolePolicy(roles: Roles) {
  return async (input: UpdateAssumeRolePolicyRequest): Promise<undefined> => {
    const role = roles.get(input.RoleName ?? '');
    await roles.put({ ...role, trustPolicy: checkDocument(input.PolicyDocument ?? '') });
    return undefined;
  };
}

export function deleteRole(roles: Roles) {
  return async ({ RoleName = '' }: DeleteRoleRequest): Promise<undefined> => {
    const role = roles.get(RoleName);
    if (role.attached.length > 0) {
      throw deleteConflict('Cannot delete entity, must detach all policies first.');
    }
    if (Object.keys(role.policies).length > 0) {
      throw deleteConflict('Cannot delete entity, must delete policies first.');
    }
    await roles.delete(RoleName);
    return undefined;
  };
}

/** The document as given. Throws MalformedPolicyDocument where it is no policy at all. */
export function checkDocument(text: string): string {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw malformedPolicy('This policy contains invalid Json');
  }
  if (typeof document !== 'object' || document === null || !('Statement' in document)) {
    throw malformedPolicy('Syntax errors in policy.');
  }
  return text;
}

function describe(role: RoleRecord): object {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.id,
    Arn: role.arn,
    CreateDate: role.createdMs,
    AssumeRolePolicyDocument: encodeURIComponent(role.trustPolicy),
    Description: role.description,
    MaxSessionDuration: role.maxSessionDurationSeconds,
    Tags: role.tags,
  };
}
