/** Every error that Systems Manager answers with, by the words of AWS. */
import { ServiceError } from '../../endpoint/service.ts';

export function parameterNotFound(name: string): ServiceError {
  return new ServiceError('ParameterNotFound', name);
}

export function parameterAlreadyExists(): ServiceError {
  return new ServiceError(
    'ParameterAlreadyExists',
    'The parameter already exists. To overwrite this value, set the overwrite option in the ' +
      'request to true.',
  );
}

export function validationException(message: string): ServiceError {
  return new ServiceError('ValidationException', message);
}
