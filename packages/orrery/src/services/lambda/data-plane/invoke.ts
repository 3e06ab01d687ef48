/**
 * Invoke, by its two doors: the AWS operation, and the internal address for services (api.ts).
 *
 * I1  What a caller did wrong is known before anything runs.
 * I2  A failed function is an answer (200), not an error of the service.
 */
import type { InvocationRequest, InvocationResponse } from '@aws-sdk/client-lambda';
import { type RequestContext, ServiceError } from '../../../endpoint/service.ts';
import type { HttpRequest, HttpResponse, Io } from '../../../io/io.ts';
import {
  accessDenied,
  asyncRequestTooLarge,
  constraint,
  functionNotFound,
  invalidRequestContent,
  requestTooLarge,
  resourceConflict,
} from '../errors.ts';
import type { FunctionRecord, FunctionRegistry } from '../functions.ts';
import { functionArn, parseFunctionName } from '../names.ts';
import type { LambdaSettings } from '../options.ts';
import type { AsynchronousQueue } from './asynchronous-queue.ts';
import { allows } from './policy.ts';
import type { EnvironmentPool, Ran } from './pool.ts';

const requestBytesMax = 6_291_456;
const eventBytesMax = 1_048_576;
const clientContextMax = 3_583;
/** Output of a process reaches us by another road than its answer: a tail waits so long for it. */
const tailGraceMs = 10;
const emptyEvent = Buffer.from('{}');

export interface DataPlane {
  readonly io: Io;
  readonly settings: LambdaSettings;
  readonly registry: FunctionRegistry;
  readonly pool: EnvironmentPool;
  readonly queue: AsynchronousQueue;
}

/** The AWS operation. */
export function invoke(plane: DataPlane) {
  return async (
    input: InvocationRequest,
    context: RequestContext,
  ): Promise<InvocationResponse & { StatusCode: number }> => {
    const record = find(plane, input.FunctionName ?? '', input.Qualifier);
    if (record instanceof ServiceError) throw record;
    const type = input.InvocationType ?? 'RequestResponse';
    const body = input.Payload ?? emptyEvent;
    const payload = body.length === 0 ? emptyEvent : body;
    checkRequest(payload, type, input.ClientContext);
    if (type === 'DryRun') return { StatusCode: 204 };
    refusePending(record);
    if (type === 'Event') {
      await plane.queue.add(record.name, context.requestId, payload);
      return { StatusCode: 202 };
    }
    const wantsTail = input.LogType === 'Tail';
    const ran = await plane.pool.invoke(record, {
      requestId: context.requestId,
      payload,
      clientContext: input.ClientContext,
      wantsTail,
    });
    if (ran instanceof ServiceError) throw ran;
    return {
      StatusCode: 200,
      ExecutedVersion: '$LATEST',
      Payload: ran.outcome.payload as Uint8Array<ArrayBuffer> &
        NonNullable<InvocationResponse['Payload']>,
      ...(ran.outcome.failed ? { FunctionError: 'Unhandled' } : {}),
      ...(wantsTail ? { LogResult: await tailOf(plane, ran) } : {}),
    };
  };
}

async function tailOf(plane: DataPlane, ran: Ran): Promise<string> {
  await plane.io.timers.sleep(tailGraceMs, 'lambda log tail');
  return ran.environment.tail();
}

const pathPattern = /^\/2015-03-31\/functions\/([^/?]+)\/invocations$/;

/** The internal address `lambda-invoke`: resource policy instead of IAM, bytes in and out. */
export function invokeForService(plane: DataPlane) {
  return async (request: HttpRequest): Promise<HttpResponse> => {
    const encoded = pathPattern.exec(request.path)?.[1];
    if (encoded === undefined) return refusal(functionNotFound(request.path));
    const text = encoded.includes('%') ? decodeURIComponent(encoded) : encoded;
    const record = find(plane, text, undefined);
    if (record instanceof ServiceError) return refusal(record);
    const principal = request.headers['x-orrery-principal'] ?? '';
    const sourceArn = request.headers['x-orrery-source-arn'] ?? '';
    if (!allows(record, principal, sourceArn, plane.settings.accountId)) {
      return refusal(accessDenied(principal, record.arn));
    }
    if (record.state === 'Pending') return refusal(pending());
    if (request.body.length > requestBytesMax) {
      return refusal(requestTooLarge(request.body.length, requestBytesMax));
    }
    const ran = await plane.pool.invoke(record, {
      requestId: plane.io.random.uuid(),
      payload: request.body,
      clientContext: undefined,
      wantsTail: false,
    });
    if (ran instanceof ServiceError) return refusal(ran);
    const { payload, failed } = ran.outcome;
    return {
      status: 200,
      headers: failed ? failedHeaders : answeredHeaders,
      body: payload,
    };
  };
}

const answeredHeaders = { 'content-type': 'application/json', 'x-amz-executed-version': '$LATEST' };
const failedHeaders = { ...answeredHeaders, 'x-amz-function-error': 'Unhandled' };

function refusal(error: ServiceError): HttpResponse {
  const body = { ...error.fields, message: error.message };
  return {
    status: error.status,
    headers: { 'content-type': 'application/json', 'x-amzn-errortype': error.code },
    body: Buffer.from(JSON.stringify(body)),
  };
}

function find(
  plane: DataPlane,
  text: string,
  qualifier: string | undefined,
): FunctionRecord | ServiceError {
  const parsed = parseFunctionName(text, qualifier);
  const record = plane.registry.get(parsed.name);
  if (record !== undefined && parsed.qualifier === '$LATEST') return record;
  const arn = functionArn(plane.settings.region, plane.settings.accountId, parsed.name);
  return functionNotFound(record === undefined ? arn : `${arn}:${parsed.qualifier}`);
}

function refusePending(record: FunctionRecord): void {
  if (record.state === 'Pending') throw pending();
}

function pending(): ServiceError {
  return resourceConflict(
    'The operation cannot be performed at this time. The function is currently in the ' +
      'following state: Pending',
  );
}

function checkRequest(payload: Uint8Array, type: string, clientContext: string | undefined): void {
  if (type !== 'RequestResponse' && type !== 'Event' && type !== 'DryRun') {
    throw constraint(
      type,
      'invocationType',
      'Member must satisfy enum value set: [Event, RequestResponse, DryRun]',
    );
  }
  if (type === 'Event' && payload.length > eventBytesMax) {
    throw asyncRequestTooLarge(payload.length, eventBytesMax);
  }
  if (payload.length > requestBytesMax) throw requestTooLarge(payload.length, requestBytesMax);
  if ((clientContext?.length ?? 0) > clientContextMax) {
    throw invalidRequestContent(`client context is longer than ${clientContextMax} bytes`);
  }
  const problem = jsonProblem(payload);
  if (problem !== undefined) throw invalidRequestContent(problem);
}

function jsonProblem(payload: Uint8Array): string | undefined {
  try {
    JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString());
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
