/**
 * Owns: every error that this service returns: name, status, message.
 * Texts are DynamoDB's own, oddities of grammar and spacing included.
 */
import { ServiceError } from '../../endpoint/service.ts';
import type { AttributeMap } from './values/attribute-value.ts';

export const invalidPrefix = 'One or more parameter values were invalid: ';

export function validationError(message: string): ServiceError {
  return new ServiceError('ValidationException', message, {
    typePrefix: 'com.amazon.coral.validate',
  });
}

/** `ValidationException` with DynamoDB's usual beginning. */
export function invalidParameter(message: string): ServiceError {
  return validationError(invalidPrefix + message);
}

/**
 * Runs the checks that need nothing but the request. Operations that write one item tell what these
 * find as they tell of a member; what the table or the item is needed for, they tell plainly.
 */
export function inEnvelope<T>(checks: () => T): T {
  try {
    return checks();
  } catch (error) {
    if (!(error instanceof ServiceError) || error.code !== 'ValidationException') throw error;
    if (/^\d+ validation errors? detected: /.test(error.message)) throw error;
    throw validationError(`1 validation error detected: ${error.message}`);
  }
}

export function serializationError(message: string): ServiceError {
  return new ServiceError('SerializationException', message, {
    typePrefix: 'com.amazon.coral.service',
  });
}

export function conditionFailed(item: AttributeMap | undefined): ServiceError {
  return new ServiceError('ConditionalCheckFailedException', 'The conditional request failed', {
    fields: item === undefined ? {} : { Item: item },
  });
}

/** A collection of a table with local indexes may not have more than 10 GB. */
export function collectionTooLarge(): ServiceError {
  return new ServiceError('ItemCollectionSizeLimitExceededException', 'Collection size exceeded.');
}

/** The data plane's answer for a table that is not there (or not yet, or not any more). */
export function tableNotFound(): ServiceError {
  return new ServiceError('ResourceNotFoundException', 'Requested resource not found');
}

/** The control plane's answer. */
export function namedTableNotFound(tableName: string): ServiceError {
  return new ServiceError(
    'ResourceNotFoundException',
    `Requested resource not found: Table: ${tableName} not found`,
  );
}

export function arnNotFound(arn: string): ServiceError {
  return new ServiceError(
    'ResourceNotFoundException',
    `Requested resource not found: ResourcArn: ${arn} not found`,
  );
}

export function resourceInUse(message: string): ServiceError {
  return new ServiceError('ResourceInUseException', message);
}

export function limitExceeded(message: string): ServiceError {
  return new ServiceError('LimitExceededException', message);
}

export function accessDenied(message: string): ServiceError {
  return new ServiceError('AccessDeniedException', message);
}

/** Part of an operation that is built, but not this part. */
export function notBuilt(what: string): ServiceError {
  return new ServiceError('NotImplemented', `${what} is not built in this emulator`, {
    status: 501,
  });
}

/** What became of one action of a transaction; `None` where the action itself was fine. */
export interface CancellationReason {
  readonly Code: string;
  readonly Message?: string;
  readonly Item?: AttributeMap;
}

/** One reason for each action, in the order of the request. */
export function transactionCanceled(reasons: readonly CancellationReason[]): ServiceError {
  const codes = reasons.map(({ Code }) => Code).join(', ');
  return new ServiceError(
    'TransactionCanceledException',
    `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
    { fields: { CancellationReasons: reasons } },
  );
}

/** PartiQL's INSERT found an item with that key. */
export function duplicateItem(): ServiceError {
  return new ServiceError('DuplicateItemException', 'Duplicate primary key exists in table');
}

export function idempotentParameterMismatch(): ServiceError {
  return new ServiceError(
    'IdempotentParameterMismatchException',
    'The request uses the same client token as a previous, but non-identical request.',
  );
}

export interface ThrottlingReason {
  readonly reason: string;
  /** ARN of the table or index. */
  readonly resource: string;
}

const limitReached =
  'Throughput exceeds the maximum OnDemandThroughput configured on table or index';
const beyondCapacity =
  'Throughput exceeds the current capacity of your table or index. DynamoDB is automatically ' +
  'scaling your table or index so please try again shortly. If exceptions persist, check if you ' +
  'have a hot key: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/' +
  'bp-partition-key-design.html';

/** Too much was asked of a table or index. */
export function throttled(
  provisioned: boolean,
  reasons: readonly ThrottlingReason[],
): ServiceError {
  if (provisioned) {
    return new ServiceError(
      'ProvisionedThroughputExceededException',
      'The level of configured provisioned throughput for the table was exceeded. Consider ' +
        'increasing your provisioning level with the UpdateTable API.',
      { fields: { ThrottlingReasons: reasons } },
    );
  }
  const atLimit = reasons.some(({ reason }) => reason.includes('MaxOnDemand'));
  return new ServiceError('ThrottlingException', atLimit ? limitReached : beyondCapacity, {
    fields: { throttlingReasons: reasons },
  });
}

export function isThrottled(error: unknown): boolean {
  return (
    error instanceof ServiceError &&
    (error.code === 'ProvisionedThroughputExceededException' ||
      error.code === 'ThrottlingException')
  );
}
