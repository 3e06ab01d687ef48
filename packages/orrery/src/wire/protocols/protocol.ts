/**
 * Owns: what the five protocols have in common: their interface, and how an error finds its shape.
 */
import type { HttpRequest, HttpResponse } from '../../io/io.ts';
import type { ErrorAnswer } from '../errors.ts';
import type { Blobs } from '../json-scalars.ts';
import type { ServiceModel } from '../model.ts';
import type { StructureShape } from '../models.ts';
import type { Pairs } from '../query-string.ts';

export interface CodecOptions {
  /** `base64` leaves blobs of JSON bodies as the text that came. */
  readonly blobs?: Blobs;
  /** The service words its own errors about absent members. */
  readonly validatesRequired?: boolean;
}

/** What a request wants, before its input is read. */
export interface Route {
  readonly operation: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly query: Pairs;
}

/** One service's protocol as the server speaks it. Methods throw `WireError` for bad requests. */
export interface ServerCodec {
  /** Which operation is meant. */
  route(request: HttpRequest): Route;
  /** The operation's input, checked. */
  read(route: Route, request: HttpRequest): unknown;
  write(operation: string, output: unknown, requestId: string): HttpResponse;
  /** An answer whose JSON text the handler has made itself. */
  writeText(operation: string, text: string, requestId: string): HttpResponse;
  /** The same in bytes, with their CRC-32; only where a service has answers of that length. */
  writeBytes?(bytes: Uint8Array, crc: number, requestId: string): HttpResponse;
  writeError(error: ErrorAnswer, requestId: string): HttpResponse;
}

/** One service's protocol as a client speaks it. */
export interface ClientCodec {
  request(operation: string, input: unknown): HttpRequest;
  /** The output, or the error that the answer holds. */
  response(operation: string, response: HttpResponse): ClientAnswer;
}

export type ClientAnswer =
  | { readonly ok: true; readonly output: unknown }
  | { readonly ok: false; readonly error: ErrorAnswer };

interface KnownError {
  readonly name: string;
  readonly shape: StructureShape;
  /** The member that holds the message: `message` or `Message`. */
  readonly messageMember: string;
}

const errorsOfModel = new WeakMap<ServiceModel, ReadonlyMap<string, KnownError>>();

/** The shape of an error code, which may be the shape's name or its code on the wire. */
export function knownError(model: ServiceModel, code: string): KnownError | undefined {
  let errors = errorsOfModel.get(model);
  if (errors === undefined) {
    const found = new Map<string, KnownError>();
    for (const [name, shape] of Object.entries(model.shapes)) {
      if (shape.type !== 'structure' || shape.error === undefined) continue;
      const messageMember =
        Object.keys(shape.members).find((member) => member.toLowerCase() === 'message') ??
        'message';
      const known = { name, shape, messageMember };
      found.set(name, known);
      found.set(shape.error.code, known);
    }
    errors = found;
    errorsOfModel.set(model, errors);
  }
  return errors.get(code);
}

/** The status of an error: its own, or the model's where its own is the default of 400. */
export function statusOf(model: ServiceModel, error: ErrorAnswer): number {
  if (error.status !== 400) return error.status;
  return knownError(model, error.code)?.shape.error?.status ?? 400;
}

/** What the JSON protocols call an error: its shape, whatever its code in the Query protocol. */
export function errorNameOf(model: ServiceModel, error: ErrorAnswer): string {
  return knownError(model, error.code)?.name ?? error.code;
}

/** What the XML protocols call an error: the code that its shape carries. */
export function wireCodeOf(model: ServiceModel, error: ErrorAnswer): string {
  return knownError(model, error.code)?.shape.error?.code ?? error.code;
}

/** Members of an error beside its message, as the handler gave them. */
export function fieldsOf(error: ErrorAnswer): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(error.fields).filter(
      ([name, value]) => name.toLowerCase() !== 'message' && value !== undefined,
    ),
  );
}

/** The code with which a service answers a violated constraint. */
export function validationCode(model: ServiceModel): string {
  const byNamespace: Readonly<Record<string, string>> = {
    'com.amazonaws.route53': 'InvalidInput',
    'com.amazonaws.s3': 'InvalidArgument',
    'com.amazonaws.apigatewayv2': 'BadRequestException',
    'com.amazonaws.cloudwatchlogs': 'InvalidParameterException',
  };
  const fallback = model.protocol === 'awsQuery' ? 'ValidationError' : 'ValidationException';
  return byNamespace[model.namespace] ?? fallback;
}

/** The one text of a header that may stand several times. */
export function headerOf(response: HttpResponse, name: string): string | undefined {
  const value = response.headers[name];
  return typeof value === 'string' || value === undefined ? value : value[0];
}
