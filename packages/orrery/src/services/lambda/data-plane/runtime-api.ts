/**
 * Owns: the Lambda Runtime API (2018-06-01) as a child process sees it: paths, headers, statuses.
 * Refuses to own: what state the environment is in (environment.ts decides through `RuntimePort`).
 */
import type { HttpRequest, HttpResponse } from '../../../io/io.ts';

/** One event on its way to the function. */
export interface RuntimeEvent {
  readonly requestId: string;
  readonly invocationId: string;
  readonly deadlineMs: number;
  readonly functionArn: string;
  readonly traceId: string;
  readonly clientContext: string | undefined;
  readonly payload: Uint8Array;
}

export type Verdict = 'accepted' | 'unknown-request' | 'wrong-invocation' | 'too-large' | 'state';

/** Which event an answer is for. */
export interface Answered {
  readonly requestId: string;
  readonly invocationId: string | undefined;
  /** How long the handler took, where the runtime says so (our own, in a thread). */
  readonly tookUs: number | undefined;
}

/** What the environment does with the calls of its process. */
export interface RuntimePort {
  /** Resolves with the next event, however long that takes. */
  next(): Promise<RuntimeEvent> | undefined;
  respond(answered: Answered, payload: Uint8Array): Verdict;
  fail(answered: Answered, payload: Uint8Array, errorType: string | undefined): Verdict;
  failInit(payload: Uint8Array, errorType: string | undefined): Verdict;
}

const prefix = '/2018-06-01/runtime/';
const invocationPath = /^invocation\/([^/]{1,128})\/(response|error)$/;
const accepted: HttpResponse = json(202, { status: 'OK' });
const errorTypeHeader = 'lambda-runtime-function-error-type';

/** The `serve` handler of one process. */
export function runtimeApi(port: RuntimePort): (request: HttpRequest) => Promise<HttpResponse> {
  return async (request) => {
    const { method, path, headers, body } = request;
    if (!path.startsWith(prefix)) return refused(404, 'NotFound', `no such path: ${path}`);
    const call = path.slice(prefix.length);
    if (call === 'invocation/next' && method === 'GET') {
      const event = port.next();
      if (event === undefined) return answer('state');
      return eventResponse(await event);
    }
    if (method !== 'POST') return refused(404, 'NotFound', `no such call: ${method} ${path}`);
    if (call === 'init/error') return answer(port.failInit(body, headers[errorTypeHeader]));
    const match = invocationPath.exec(call);
    if (match === null) return refused(404, 'NotFound', `no such call: ${method} ${path}`);
    const took = headers['orrery-took-us'];
    const answered: Answered = {
      requestId: match[1] ?? '',
      invocationId: headers['lambda-runtime-invocation-id'],
      tookUs: took === undefined ? undefined : Number(took),
    };
    return match[2] === 'response'
      ? answer(port.respond(answered, body))
      : answer(port.fail(answered, body, headers[errorTypeHeader]));
  };
}

function eventResponse(event: RuntimeEvent): HttpResponse {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'lambda-runtime-aws-request-id': event.requestId,
    'lambda-runtime-invocation-id': event.invocationId,
    'lambda-runtime-deadline-ms': String(event.deadlineMs),
    'lambda-runtime-invoked-function-arn': event.functionArn,
    'lambda-runtime-trace-id': event.traceId,
  };
  if (event.clientContext !== undefined) {
    headers['lambda-runtime-client-context'] = event.clientContext;
  }
  return { status: 200, headers, body: event.payload };
}

function answer(verdict: Verdict): HttpResponse {
  switch (verdict) {
    case 'accepted':
      return accepted;
    case 'unknown-request':
      return refused(400, 'InvalidRequestID', 'Invalid request ID');
    case 'wrong-invocation':
      return refused(400, 'InvalidInvocationId', 'Invalid invocation ID');
    case 'too-large':
      return refused(413, 'RequestEntityTooLarge', 'Exceeded maximum allowed payload size');
    case 'state':
      return refused(403, 'InvalidStateTransition', 'Transition is not allowed');
  }
}

function refused(status: number, errorType: string, errorMessage: string): HttpResponse {
  return json(status, { errorMessage, errorType });
}

function json(status: number, value: unknown): HttpResponse {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from(JSON.stringify(value)),
  };
}
