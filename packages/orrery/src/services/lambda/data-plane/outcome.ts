/**
 * Owns: what an invocation ends with, and the error payloads that Lambda writes in place of a
 * function that could not.
 */
import type { ProcessExit } from '../../../io/io.ts';

export interface Outcome {
  readonly payload: Uint8Array;
  /** The function failed: X-Amz-Function-Error says `Unhandled`. */
  readonly failed: boolean;
  /** In the REPORT line: `timeout`, `error`. */
  readonly status?: 'timeout' | 'error';
  readonly errorType?: string;
}

/** Largest payload of an answer: 6 MB and the 100 bytes that AWS counts in. */
export const responseBytesMax = 6_291_556;

export function timedOut(requestId: string, timeoutS: number): Outcome {
  const message = `Task timed out after ${timeoutS.toFixed(2)} seconds`;
  return sandboxError('Sandbox.Timedout', requestId, message, 'timeout');
}

export function exited(requestId: string, exit: ProcessExit): Outcome {
  return sandboxError('Runtime.ExitError', requestId, reasonOf(exit), 'error');
}

export function responseTooLarge(): Outcome {
  const errorType = 'Function.ResponseSizeTooLarge';
  const errorMessage = `Response payload size exceeded maximum allowed payload size (${responseBytesMax} bytes).`;
  return { ...failure({ errorType, errorMessage }), status: 'error', errorType };
}

function sandboxError(
  errorType: string,
  requestId: string,
  message: string,
  status: 'timeout' | 'error',
): Outcome {
  const errorMessage = `RequestId: ${requestId} Error: ${message}`;
  return {
    ...failure({ errorType, errorMessage }),
    status,
    ...(status === 'error' ? { errorType } : {}),
  };
}

function failure(body: unknown): { payload: Uint8Array; failed: true } {
  return { payload: Buffer.from(JSON.stringify(body)), failed: true };
}

const signalTexts: Readonly<Record<string, string>> = {
  SIGKILL: 'killed',
  SIGABRT: 'aborted',
  SIGSEGV: 'segmentation fault',
  SIGTERM: 'terminated',
  SIGTRAP: 'trace/breakpoint trap',
  SIGBUS: 'bus error',
  SIGILL: 'illegal instruction',
};

function reasonOf(exit: ProcessExit): string {
  if (exit.signal !== null) {
    const text = signalTexts[exit.signal] ?? exit.signal.toLowerCase();
    return `Runtime exited with error: signal: ${text}`;
  }
  if (exit.code === 0) return 'Runtime exited without providing a reason';
  return `Runtime exited with error: exit status ${exit.code ?? 1}`;
}
