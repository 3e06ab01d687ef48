/**
 * Owns: checks of our own mistakes. They stay on in production; what a caller did wrong is a
 * `ServiceError` (endpoint/service.ts), never an assertion.
 */

/** An invariant of ours does not hold: a bug, answered with 500 and reported with its stack. */
export class AssertionError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'AssertionError';
  }
}

/** Throws `AssertionError` where the condition is false. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** Returns the value, which the caller knows to be there; throws `AssertionError` where not. */
export function present<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) throw new AssertionError(`absent: ${what}`);
  return value;
}

/** The end of an exhaustive switch: does not compile where a case is missing. */
export function unreachable(value: never): never {
  throw new AssertionError(`unreachable: ${String(value)}`);
}
