/**
 * Every error that Route 53 returns: code, status, and AWS's words where they are known.
 */
import { ServiceError } from '../../endpoint/service.ts';

export const noSuchHostedZone = (id: string): ServiceError =>
  new ServiceError('NoSuchHostedZone', `No hosted zone found with ID: ${id}`, { status: 404 });

export const hostedZoneAlreadyExists = (): ServiceError =>
  new ServiceError(
    'HostedZoneAlreadyExists',
    'A hosted zone has already been created with the specified caller reference.',
    { status: 409 },
  );

export const hostedZoneNotEmpty = (): ServiceError =>
  new ServiceError(
    'HostedZoneNotEmpty',
    'The specified hosted zone contains non-required resource record sets  and so cannot be deleted.',
  );

export const invalidDomainName = (name: string): ServiceError =>
  new ServiceError('InvalidDomainName', `${name} is not a valid domain name`);

export const noSuchChange = (id: string): ServiceError =>
  new ServiceError('NoSuchChange', `A change with the specified change ID does not exist: ${id}`, {
    status: 404,
  });

export const noSuchHealthCheck = (id: string): ServiceError =>
  new ServiceError('NoSuchHealthCheck', `A health check with id ${id} does not exist.`, {
    status: 404,
  });

export const healthCheckAlreadyExists = (): ServiceError =>
  new ServiceError(
    'HealthCheckAlreadyExists',
    'A health check with this caller reference already exists, with other settings.',
    { status: 409 },
  );

export const healthCheckVersionMismatch = (): ServiceError =>
  new ServiceError(
    'HealthCheckVersionMismatch',
    'The value of HealthCheckVersion in the request does not match the value in the health check.',
    { status: 409 },
  );

export const healthCheckInUse = (id: string): ServiceError =>
  new ServiceError(
    'HealthCheckInUse',
    `Health check ${id} is a child of a calculated health check.`,
  );

/** A batch that breaks a rule; AWS puts all that is wrong with it in one pair of brackets. */
export const invalidChangeBatch = (messages: readonly string[]): ServiceError =>
  new ServiceError('InvalidChangeBatch', `[${messages.join(', ')}]`, { fields: { messages } });

export const invalidInput = (message: string): ServiceError =>
  new ServiceError('InvalidInput', message);

/** A member outside its range, in the words of AWS's validation. */
export const constraint = (value: unknown, path: string, rule: string): ServiceError =>
  invalidInput(
    `1 validation error detected: Value '${String(value)}' at '${path}' failed to satisfy ` +
      `constraint: ${rule}`,
  );

export const notBuilt = (what: string): ServiceError =>
  new ServiceError('NotImplemented', `${what} is not built yet in this Route 53.`, { status: 501 });
