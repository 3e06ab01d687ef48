/**
 * Owns: what the two transaction operations share: reasons of cancellation, and that a transaction
 * has every item once.
 */
import { ServiceError } from '../../../endpoint/service.ts';
import { type CancellationReason, validationError } from '../errors.ts';
import type { AttributeMap } from '../values/attribute-value.ts';

export const transactionBytesMax = 4 * 1024 * 1024;

/** Codes of exceptions as reasons name them. Any other exception is not one action's own. */
const codes: Readonly<Record<string, string>> = {
  ConditionalCheckFailedException: 'ConditionalCheckFailed',
  DuplicateItemException: 'DuplicateItem',
  ItemCollectionSizeLimitExceededException: 'ItemCollectionSizeLimitExceeded',
  ProvisionedThroughputExceededException: 'ProvisionedThroughputExceeded',
  ThrottlingException: 'ThrottlingError',
  ValidationException: 'ValidationError',
};

/** What `run` returns, or why its action cancels the transaction. */
export function attempt<T extends object>(run: () => T): T | CancellationReason {
  try {
    return run();
  } catch (error) {
    const code = error instanceof ServiceError ? codes[error.code] : undefined;
    if (!(error instanceof ServiceError) || code === undefined) throw error;
    const item = error.fields['Item'] as AttributeMap | undefined;
    return { Code: code, Message: error.message, ...(item !== undefined && { Item: item }) };
  }
}

export function isReason(result: object): result is CancellationReason {
  return 'Code' in result;
}

/** Throws where two actions are about one item. */
export function refuseRepeated(
  located: readonly ({ readonly key: Buffer } | CancellationReason)[],
): void {
  const seen = new Set<string>();
  for (const one of located) {
    if (isReason(one)) continue;
    const text = one.key.toString('latin1');
    if (seen.has(text)) {
      throw validationError('Transaction request cannot include multiple operations on one item');
    }
    seen.add(text);
  }
}
