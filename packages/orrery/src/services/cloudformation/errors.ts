/**
 * Every error that CloudFormation answers with, by the words of AWS. Refuses to own the reasons
 * of failed resources (`engine/resource-failure.ts`): those stand in events, not in answers.
 */
import { ServiceError } from '../../endpoint/service.ts';

/** Also what AWS answers for a stack that does not exist. */
export function validationError(message: string): ServiceError {
  return new ServiceError('ValidationError', message);
}

export function stackNotFound(name: string): ServiceError {
  return validationError(`Stack with id ${name} does not exist`);
}

export function alreadyExists(stackName: string): ServiceError {
  return new ServiceError('AlreadyExistsException', `Stack [${stackName}] already exists`);
}

export function noUpdates(): ServiceError {
  return validationError('No updates are to be performed.');
}

export function insufficientCapabilities(needed: readonly string[]): ServiceError {
  const list = needed.join(', ');
  return new ServiceError('InsufficientCapabilitiesException', `Requires capabilities : [${list}]`);
}

export function changeSetNotFound(name: string): ServiceError {
  return new ServiceError('ChangeSetNotFound', `ChangeSet [${name}] does not exist`, {
    status: 404,
  });
}

export function invalidChangeSetStatus(arn: string, status: string): ServiceError {
  return new ServiceError(
    'InvalidChangeSetStatus',
    `ChangeSet [${arn}] cannot be executed in its current status of [${status}]`,
  );
}
