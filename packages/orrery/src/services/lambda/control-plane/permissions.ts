/**
 * AddPermission, RemovePermission and GetPolicy: the resource policy of a function.
 */
import type {
  AddPermissionRequest,
  AddPermissionResponse,
  GetPolicyRequest,
  GetPolicyResponse,
  RemovePermissionRequest,
} from '@aws-sdk/client-lambda';
import { ServiceError } from '../../../endpoint/service.ts';
import type { PolicyStatement } from '../api.ts';
import { constraint, preconditionFailed, resourceConflict, resourceNotFound } from '../errors.ts';
import type { FunctionRecord } from '../functions.ts';
import { type ControlPlane, findFunction } from './control-plane.ts';

const policyBytesMax = 20_480;

export function addPermission(plane: ControlPlane) {
  return async (input: AddPermissionRequest): Promise<AddPermissionResponse> => {
    const record = findFunction(plane, input.FunctionName, input.Qualifier);
    checkPolicyRevision(record, input.RevisionId);
    const statement = statementOf(record, input);
    if (record.policy.some((one) => one.Sid === statement.Sid)) {
      throw resourceConflict(
        `The statement id (${statement.Sid}) provided already exists. Please provide a new ` +
          'statement id, or remove the existing statement.',
      );
    }
    const policy = [...record.policy, statement];
    const bytes = Buffer.byteLength(policyText(policy));
    if (bytes > policyBytesMax) {
      throw new ServiceError(
        'PolicyLengthExceededException',
        `The final policy size (${bytes}) is bigger than the limit (${policyBytesMax}).`,
        { fields: { Type: 'User' } },
      );
    }
    plane.registry.put({ ...record, policy, policyRevisionId: plane.io.random.uuid() });
    await plane.registry.flushed();
    return { Statement: JSON.stringify(statement) };
  };
}

export function removePermission(plane: ControlPlane) {
  return async (input: RemovePermissionRequest): Promise<Record<string, never>> => {
    const record = findFunction(plane, input.FunctionName, input.Qualifier);
    checkPolicyRevision(record, input.RevisionId);
    const policy = record.policy.filter((one) => one.Sid !== input.StatementId);
    if (policy.length === record.policy.length) {
      throw resourceNotFound(`Statement ${input.StatementId} is not found in resource policy.`);
    }
    plane.registry.put({ ...record, policy, policyRevisionId: plane.io.random.uuid() });
    await plane.registry.flushed();
    return {};
  };
}

export function getPolicy(plane: ControlPlane) {
  return (input: GetPolicyRequest): GetPolicyResponse => {
    const record = findFunction(plane, input.FunctionName, input.Qualifier);
    if (record.policy.length === 0) {
      throw resourceNotFound('The resource you requested does not exist.');
    }
    return { Policy: policyText(record.policy), RevisionId: record.policyRevisionId };
  };
}

function policyText(policy: readonly PolicyStatement[]): string {
  return JSON.stringify({ Version: '2012-10-17', Id: 'default', Statement: policy });
}

function checkPolicyRevision(record: FunctionRecord, revisionId: string | undefined): void {
  if (revisionId !== undefined && revisionId !== record.policyRevisionId) {
    throw preconditionFailed();
  }
}

function statementOf(record: FunctionRecord, input: AddPermissionRequest): PolicyStatement {
  const sid = input.StatementId ?? '';
  if (!/^[a-zA-Z0-9-_]{1,100}$/.test(sid)) {
    throw constraint(
      sid,
      'statementId',
      'Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)',
    );
  }
  const action = input.Action ?? '';
  if (!/^(lambda:[*]|lambda:[a-zA-Z]+|[*])$/.test(action)) {
    throw constraint(
      action,
      'action',
      'Member must satisfy regular expression pattern: (lambda:[*]|lambda:[a-zA-Z]+|[*])',
    );
  }
  const condition = conditionOf(input);
  return {
    Sid: sid,
    Effect: 'Allow',
    Principal: principalOf(input.Principal ?? ''),
    Action: action,
    Resource: record.arn,
    ...(condition === undefined ? {} : { Condition: condition }),
  };
}

function principalOf(principal: string): PolicyStatement['Principal'] {
  if (principal === '*') return '*';
  if (/^[a-z0-9.-]+\.amazonaws\.com(\.cn)?$/.test(principal)) return { Service: principal };
  if (/^\d{12}$/.test(principal)) return { AWS: `arn:aws:iam::${principal}:root` };
  if (/^arn:aws[a-z-]*:(iam|sts)::\d{12}:/.test(principal)) return { AWS: principal };
  throw new ServiceError(
    'InvalidParameterValueException',
    'The provided principal was invalid. Please check the principal and try again.',
    { fields: { Type: 'User' } },
  );
}

function conditionOf(input: AddPermissionRequest): PolicyStatement['Condition'] {
  const condition: Record<string, Record<string, string>> = {};
  if (input.SourceAccount !== undefined) {
    condition['StringEquals'] = { 'AWS:SourceAccount': input.SourceAccount };
  }
  if (input.SourceArn !== undefined) {
    condition['ArnLike'] = { 'AWS:SourceArn': input.SourceArn };
  }
  return Object.keys(condition).length === 0 ? undefined : condition;
}
