/**
 * Owns: errors that the protocols themselves find in a request, and what a protocol must know of
 * any error to put it on the wire. A service's own errors are `ServiceError` (endpoint/service.ts),
 * which has the same members.
 */

export interface ErrorAnswer {
  readonly code: string;
  readonly message: string;
  readonly status: number;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly typePrefix: string | undefined;
}

/** The caller's request cannot be read as the operation that it names. */
export class WireError extends Error implements ErrorAnswer {
  readonly code: string;
  readonly status: number;
  readonly fields: Readonly<Record<string, unknown>> = {};
  readonly typePrefix: string | undefined;
  constructor(code: string, message: string, status = 400, typePrefix?: string) {
    super(message);
    this.name = code;
    this.code = code;
    this.status = status;
    this.typePrefix = typePrefix;
  }
}

/** Makes the error of an unreadable value, in the code that the service uses for it. */
export type Fail = (message: string) => WireError;
