/**
 * Every error that the control plane of API Gateway v2 returns. (What its data plane answers is
 * no modelled error: data-plane/answers.ts.)
 */
import { ServiceError } from '../../endpoint/service.ts';

export function notFound(what: string, id: string): ServiceError {
  return new ServiceError('NotFoundException', `Invalid ${what} identifier specified ${id}`, {
    status: 404,
  });
}

export function badRequest(message: string): ServiceError {
  return new ServiceError('BadRequestException', message, { status: 400 });
}

export function conflict(message: string): ServiceError {
  return new ServiceError('ConflictException', message, { status: 409 });
}
