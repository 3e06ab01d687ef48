/**
 * Why a resource failed, in the words that stand in its event. Owns the words; they follow those of
 * AWS's resource handlers.
 */
import { ServiceError } from '../../../endpoint/service.ts';
import { NetError } from '../../../io/io.ts';

/** A reason that is ready to be shown. */
export class ResourceFailure extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'ResourceFailure';
  }
}

/** The event's reason for whatever a resource type threw. */
export function failureReason(error: unknown, service: string, token: string): string {
  if (error instanceof ResourceFailure) return error.message;
  if (error instanceof ServiceError) {
    const said =
      error.code === 'ValidationError' && service === 'CloudFormation'
        ? error.message
        : `Resource handler returned message: "${error.message} (Service: ${service}, ` +
          `Status Code: ${error.status}, Error Code: ${error.code})" ` +
          `(RequestToken: ${token}, HandlerErrorCode: ${handlerErrorCode(error)})`;
    return said;
  }
  if (error instanceof NetError) {
    return (
      `Resource handler returned message: "${service} cannot be reached: ${error.message}" ` +
      `(RequestToken: ${token}, HandlerErrorCode: NetworkFailure)`
    );
  }
  return `Internal failure: ${error instanceof Error ? error.message : String(error)}`;
}

/** Whether an error says that the thing does not exist. */
export function isNotFound(error: unknown): boolean {
  if (!(error instanceof ServiceError)) return false;
  return error.status === 404 || /NotFound|NoSuch|DoesNotExist/.test(error.code);
}

/** Whether an error says that the thing exists already. */
export function isAlreadyExists(error: unknown): boolean {
  if (!(error instanceof ServiceError)) return false;
  return /AlreadyExists|ResourceInUse|Conflict|AlreadyOwned/.test(error.code);
}

function handlerErrorCode(error: ServiceError): string {
  if (isAlreadyExists(error)) return 'AlreadyExists';
  if (isNotFound(error)) return 'NotFound';
  if (/Throttl|TooManyRequests/.test(error.code)) return 'Throttling';
  if (/AccessDenied|NotAuthorized/.test(error.code)) return 'AccessDenied';
  return error.status >= 500 ? 'ServiceInternalError' : 'InvalidRequest';
}
