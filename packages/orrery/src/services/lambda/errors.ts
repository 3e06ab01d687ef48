/**
 * Every error that Lambda returns: name, status, message. Shapes carry `Type` beside the message.
 * Texts are AWS's own where they are known.
 */
import { ServiceError } from '../../endpoint/service.ts';

const user = { Type: 'User' };

export function resourceNotFound(message: string): ServiceError {
  return new ServiceError('ResourceNotFoundException', message, { status: 404, fields: user });
}

export function functionNotFound(arn: string): ServiceError {
  return resourceNotFound(`Function not found: ${arn}`);
}

export function resourceConflict(message: string): ServiceError {
  return new ServiceError('ResourceConflictException', message, { status: 409, fields: user });
}

export function resourceInUse(message: string): ServiceError {
  return new ServiceError('ResourceInUseException', message, { status: 400, fields: user });
}

export function invalidParameter(message: string): ServiceError {
  return new ServiceError('InvalidParameterValueException', message, { fields: user });
}

/** A broken constraint of the model: `Value 'x' at 'y' failed to satisfy constraint: …`. */
export function constraint(value: unknown, at: string, rule: string): ServiceError {
  return new ServiceError(
    'ValidationException',
    `1 validation error detected: Value '${String(value)}' at '${at}' failed to satisfy ` +
      `constraint: ${rule}`,
  );
}

export function preconditionFailed(): ServiceError {
  return new ServiceError(
    'PreconditionFailedException',
    'The Revision Id provided does not match the latest Revision Id. Call the ' +
      'GetFunction/GetAlias API to retrieve the latest Revision Id',
    { status: 412, fields: user },
  );
}

export function invalidRequestContent(detail: string): ServiceError {
  return new ServiceError(
    'InvalidRequestContentException',
    `Could not parse request body into json: ${detail}`,
    { fields: user },
  );
}

export function requestTooLarge(bytes: number, limit: number): ServiceError {
  return new ServiceError(
    'RequestTooLargeException',
    `${bytes} byte payload is too large for the RequestResponse invocation type ` +
      `(limit ${limit} bytes)`,
    { status: 413, fields: user },
  );
}

export function asyncRequestTooLarge(bytes: number, limit: number): ServiceError {
  return new ServiceError(
    'RequestTooLargeException',
    `${bytes} byte payload is too large for the Event invocation type (limit ${limit} bytes)`,
    { status: 413, fields: user },
  );
}

export type ThrottleReason =
  | 'ConcurrentInvocationLimitExceeded'
  | 'ReservedFunctionConcurrentInvocationLimitExceeded'
  | 'CallerRateLimitExceeded';

export function tooManyRequests(reason: ThrottleReason, message = 'Rate Exceeded.'): ServiceError {
  return new ServiceError('TooManyRequestsException', message, {
    status: 429,
    fields: { Type: 'User', Reason: reason, retryAfterSeconds: '1' },
  });
}

export function accessDenied(principal: string, arn: string): ServiceError {
  return new ServiceError(
    'AccessDeniedException',
    `User: ${principal} is not authorized to perform: lambda:InvokeFunction on resource: ${arn} ` +
      'because no resource-based policy allows the lambda:InvokeFunction action',
    { status: 403 },
  );
}

export function codeStorage(message: string): ServiceError {
  return new ServiceError('ServiceException', message, {
    status: 500,
    fields: { Type: 'Service' },
  });
}
