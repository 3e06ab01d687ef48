/** Every error that IAM answers with, by the words of AWS. */
import { ServiceError } from '../../endpoint/service.ts';

export function noSuchRole(name: string): ServiceError {
  return new ServiceError('NoSuchEntity', `The role with name ${name} cannot be found.`, {
    status: 404,
  });
}

export function noSuchRolePolicy(name: string): ServiceError {
  return new ServiceError('NoSuchEntity', `The role policy with name ${name} cannot be found.`, {
    status: 404,
  });
}

export function notAttached(arn: string): ServiceError {
  return new ServiceError('NoSuchEntity', `Policy ${arn} was not found.`, { status: 404 });
}

export function roleExists(name: string): ServiceError {
  return new ServiceError('EntityAlreadyExists', `Role with name ${name} already exists.`, {
    status: 409,
  });
}

export function deleteConflict(message: string): ServiceError {
  return new ServiceError('DeleteConflict', message, { status: 409 });
}

export function malformedPolicy(message: string): ServiceError {
  return new ServiceError('MalformedPolicyDocument', message);
}

export function invalidInput(message: string): ServiceError {
  return new ServiceError('ValidationError', message);
}
