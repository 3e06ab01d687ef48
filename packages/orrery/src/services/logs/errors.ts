/**
 * Every error that Logs returns, with AWS's texts.
 */
import { ServiceError } from '../../endpoint/service.ts';

export function groupNotFound(): ServiceError {
  return new ServiceError('ResourceNotFoundException', 'The specified log group does not exist.');
}

export function streamNotFound(): ServiceError {
  return new ServiceError('ResourceNotFoundException', 'The specified log stream does not exist.');
}

export function alreadyExists(what: 'group' | 'stream'): ServiceError {
  return new ServiceError(
    'ResourceAlreadyExistsException',
    `The specified log ${what} already exists`,
  );
}

export function invalidParameter(message: string): ServiceError {
  return new ServiceError('InvalidParameterException', message);
}

/** A name or number that breaks a constraint of the model. */
export function constraint(value: unknown, at: string, rule: string): ServiceError {
  return invalidParameter(
    `1 validation error detected: Value '${String(value)}' at '${at}' failed to satisfy ` +
      `constraint: ${rule}`,
  );
}

export function limitExceeded(): ServiceError {
  return new ServiceError('LimitExceededException', 'Resource limit exceeded.');
}
