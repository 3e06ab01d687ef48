/**
 * PutRolePolicy, GetRolePolicy, ListRolePolicies, DeleteRolePolicy; AttachRolePolicy,
 * DetachRolePolicy, ListAttachedRolePolicies.
 */
import type {
  AttachRolePolicyRequest,
  DeleteRolePolicyRequest,
  DetachRolePolicyRequest,
  GetRolePolicyRequest,
  ListAttachedRolePoliciesRequest,
  ListRolePoliciesRequest,
  PutRolePolicyRequest,
} from '@aws-sdk/client-iam';
import { noSuchRolePolicy, notAttached } from '../errors.ts';
import type { Roles } from '../roles.ts';
import { checkDocument } from './roles.ts';

export function putRolePolicy(roles: Roles) {
  return async (input: PutRolePolicyRequest): Promise<undefined> => {
    const role = roles.get(input.RoleName ?? '');
    const document = checkDocument(input.PolicyDocument ?? '');
    const policies = { ...role.policies, [input.PolicyName ?? '']: document };
    await roles.put({ ...role, policies });
    return undefined;
  };
}

export function getRolePolicy(roles: Roles) {
  return ({ RoleName = '', PolicyName = '' }: GetRolePolicyRequest): object => {
    const document = roles.get(RoleName).policies[PolicyName];
    if (document === undefined) throw noSuchRolePolicy(PolicyName);
    return { RoleName, PolicyName, PolicyDocument: encodeURIComponent(document) };
  };
}

export function listRolePolicies(roles: Roles) {
  return ({ RoleName = '' }: ListRolePoliciesRequest): object => ({
    PolicyNames: Object.keys(roles.get(RoleName).policies),
    IsTruncated: false,
  });
}

export function deleteRolePolicy(roles: Roles) {
  return async ({
    RoleName = '',
    PolicyName = '',
  }: DeleteRolePolicyRequest): Promise<undefined> => {
    const role = roles.get(RoleName);
    const { [PolicyName]: gone, ...policies } = role.policies;
    if (gone === undefined) throw noSuchRolePolicy(PolicyName);
    await roles.put({ ...role, policies });
    return undefined;
  };
}

export function attachRolePolicy(roles: Roles) {
  return async ({ RoleName = '', PolicyArn = '' }: AttachRolePolicyRequest): Promise<undefined> => {
    const role = roles.get(RoleName);
    await roles.put({ ...role, attached: [...new Set([...role.attached, PolicyArn])] });
    return undefined;
  };
}

export function detachRolePolicy(roles: Roles) {
  return async ({ RoleName = '', PolicyArn = '' }: DetachRolePolicyRequest): Promise<undefined> => {
    const role = roles.get(RoleName);
    if (!role.attached.includes(PolicyArn)) throw notAttached(PolicyArn);
    await roles.put({ ...role, attached: role.attached.filter((arn) => arn !== PolicyArn) });
    return undefined;
  };
}

export function listAttachedRolePolicies(roles: Roles) {
  return ({ RoleName = '' }: ListAttachedRolePoliciesRequest): object => ({
    AttachedPolicies: roles.get(RoleName).attached.map((PolicyArn) => ({
      PolicyArn,
      PolicyName: PolicyArn.split('/').at(-1) ?? PolicyArn,
    })),
    IsTruncated: false,
  });
}
