/** Every error that ACM answers with, by the words of AWS. */
import { ServiceError } from '../../endpoint/service.ts';

export function resourceNotFound(arn: string, accountId: string): ServiceError {
  return new ServiceError(
    'ResourceNotFoundException',
    `Could not find certificate ${arn} for account ${accountId}.`,
  );
}

export function invalidDomain(name: string): ServiceError {
  return new ServiceError(
    'ValidationException',
    `1 validation error detected: Value '${name}' at 'domainName' failed to satisfy constraint: ` +
      'Member must satisfy regular expression pattern: ' +
      '(\\*\\.)?(((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9])\\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])',
  );
}
