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

export const noSuchCidrCollection = (): ServiceError =>
  new ServiceError(
    'NoSuchCidrCollectionException',
    "The CIDR collection you specified, doesn't exist.",
    { status: 404 },
  );

export const noSuchCidrLocation = (): ServiceError =>
  new ServiceError(
    'NoSuchCidrLocationException',
    "The CIDR collection location doesn't match any locations in your account.",
    { status: 404 },
  );

export const cidrCollectionAlreadyExists = (): ServiceError =>
  new ServiceError(
    'CidrCollectionAlreadyExistsException',
    'A CIDR collection with this name and a different caller reference already exists in this account.',
  );

export const cidrCollectionInUse = (): ServiceError =>
  new ServiceError(
    'CidrCollectionInUseException',
    "This CIDR collection is in use, and isn't empty.",
  );

export const cidrBlockInUse = (): ServiceError =>
  new ServiceError('CidrBlockInUseException', 'This CIDR block is already in use.');

export const cidrCollectionVersionMismatch = (): ServiceError =>
  new ServiceError(
    'CidrCollectionVersionMismatchException',
    "The CIDR collection version you provided, doesn't match the one in the ListCidrCollections operation.",
    { status: 409 },
  );

export const noSuchGeoLocation = (): ServiceError =>
  new ServiceError(
    'NoSuchGeoLocation',
    'Amazon Route 53 does not support the specified geographic location.',
    { status: 404 },
  );

export const limitsExceeded = (message: string): ServiceError =>
  new ServiceError('LimitsExceeded', message);

export const conflictingDomainExists = (message: string): ServiceError =>
  new ServiceError('ConflictingDomainExists', message);

export const publicZoneVpcAssociation = (): ServiceError =>
  new ServiceError(
    'PublicZoneVPCAssociation',
    'You cannot associate a VPC with a public hosted zone.',
  );

export const invalidVpcId = (id: string): ServiceError =>
  new ServiceError('InvalidVPCId', `The VPC: ${id} you provided is not authorized or not valid.`);

export const vpcAssociationNotFound = (vpc: string, zone: string): ServiceError =>
  new ServiceError(
    'VPCAssociationNotFound',
    `The VPC: ${vpc} is not associated with the hosted zone: ${zone}.`,
    { status: 404 },
  );

export const lastVpcAssociation = (): ServiceError =>
  new ServiceError(
    'LastVPCAssociation',
    'The VPC is the last one that is associated with the private hosted zone: it cannot be taken away.',
  );
