/**
 * Owns: restJson1. The operation is the method and path; members travel as bound, the rest is JSON.
 */
import type { HttpRequest, HttpResponse } from '../../io/io.ts';
import { assert } from '../../stdx/assert.ts';
import { noBytes, utf8DecodeStrict, utf8Encode } from '../../stdx/bytes.ts';
import type { BoundMember } from '../bindings.ts';
import { type ErrorAnswer, type Fail, WireError } from '../errors.ts';
import { JsonReader } from '../json-reader.ts';
import { JsonWriter } from '../json-writer.ts';
import type { ServiceModel } from '../model.ts';
import { parseJson, readJsonError } from './json-body.ts';
import {
  type ClientAnswer,
  type ClientCodec,
  type CodecOptions,
  errorNameOf,
  fieldsOf,
  knownError,
  type Route,
  type ServerCodec,
  statusOf,
} from './protocol.ts';
import { RestOperations } from './rest.ts';

/** restJson1 of one service, both sides. */
export class RestJson implements ServerCodec, ClientCodec {
  private readonly model: ServiceModel;
  private readonly fail: Fail;
  private readonly rest: RestOperations;
  private readonly reader: JsonReader;
  private readonly writer: JsonWriter;

  constructor(model: ServiceModel, options: CodecOptions) {
    this.model = model;
    this.fail = failOf(model);
    const blobs = options.blobs ?? 'bytes';
    this.reader = new JsonReader(model, { blobs, usesWireNames: true, fail: this.fail });
    this.writer = new JsonWriter(model, true);
    this.rest = new RestOperations(model, options, this.fail);
  }

  route(request: HttpRequest): Route {
    return this.rest.route(request);
  }

  read(route: Route, request: HttpRequest): unknown {
    const { input: bindings } = this.rest.operation(route.operation);
    const input = this.rest.readOutside(route, request);
    if (bindings.payload !== undefined) {
      const payload = this.readPayload(bindings.payload, request.body);
      if (payload !== undefined) input[bindings.payload.name] = payload;
    } else if (bindings.body.length > 0) {
      this.readBody(bindings.body, request.body, input);
    }
    return this.rest.validated(route, input);
  }

  private readPayload(payload: BoundMember, body: Uint8Array): unknown {
    if (payload.shape.type === 'blob') return body.length === 0 ? undefined : body;
    const text = this.text(body);
    if (text === '') return undefined;
    if (payload.shape.type === 'string') return text;
    return this.reader.read(payload.member.shape, this.json(text));
  }

  private readBody(
    members: readonly BoundMember[],
    body: Uint8Array,
    result: Record<string, unknown>,
  ): void {
    const text = this.text(body);
    const value = text === '' ? {} : this.json(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw this.fail('Unexpected value type in payload');
    }
    for (const { name, member, wireName } of members) {
      const item = Object.hasOwn(value, wireName)
        ? (value as Readonly<Record<string, unknown>>)[wireName]
        : undefined;
      if (item !== undefined && item !== null) result[name] = this.reader.read(member.shape, item);
    }
  }

  private text(body: Uint8Array): string {
    const text = utf8DecodeStrict(body);
    if (text === undefined) throw this.fail('Invalid UTF-8');
    return text;
  }

  private json(text: string): unknown {
    const value = parseJson(text);
    if (value === undefined) throw this.fail('The request body is not JSON');
    return value;
  }

  write(operation: string, output: unknown, requestId: string): HttpResponse {
    const { output: bindings } = this.rest.operation(operation);
    const value = (output ?? {}) as Readonly<Record<string, unknown>>;
    const { status, headers } = this.rest.writeOutside(operation, value);
    let body = noBytes;
    let contentType = 'application/json';
    if (bindings.payload !== undefined) {
      const payload = value[bindings.payload.name];
      if (bindings.payload.shape.type === 'blob') {
        // Lambda answers what the function made as JSON; other payloads are bytes.
        body = payloadBytes(payload);
      } else if (bindings.payload.shape.type === 'string') {
        contentType = 'text/plain';
        body = payloadBytes(payload);
      } else if (payload !== undefined) {
        body = this.encode(this.writer.write(bindings.payload.member.shape, payload));
      }
    } else if (status !== 204 && bindings.body.length > 0) {
      body = this.encode(this.writeBody(bindings.body, value));
    }
    return this.answer(status, { 'content-type': contentType, ...headers }, body, requestId);
  }

  writeText(operation: string, text: string, requestId: string): HttpResponse {
    const status = this.rest.operation(operation).status;
    const headers = { 'content-type': 'application/json' };
    return this.answer(status, headers, utf8Encode(text), requestId);
  }

  private writeBody(
    members: readonly BoundMember[],
    value: Readonly<Record<string, unknown>>,
  ): Record<string, unknown> {
    const body: Record<string, unknown> = {};
    for (const { name, member, wireName } of members) {
      const item = value[name];
      if (item === undefined || item === null) continue;
      body[wireName] = this.writer.write(member.shape, item);
    }
    return body;
  }

  private encode(value: unknown): Uint8Array {
    return utf8Encode(JSON.stringify(value));
  }

  writeError(error: ErrorAnswer, requestId: string): HttpResponse {
    const known = knownError(this.model, error.code);
    const status = statusOf(this.model, error);
    const fields = fieldsOf(error);
    const members = known?.shape.members ?? {};
    const written = known === undefined ? fields : this.writer.write(known.name, fields);
    const wantsType = Object.hasOwn(members, 'Type') && fields['Type'] === undefined;
    const body = {
      ...(wantsType && { Type: status < 500 ? 'User' : 'Service' }),
      ...(written as object),
      ...this.messageOf(error),
    };
    const headers = {
      'content-type': 'application/json',
      'x-amzn-errortype': errorNameOf(this.model, error),
    };
    return this.answer(status, headers, this.encode(body), requestId);
  }

  private messageOf(error: ErrorAnswer): Record<string, unknown> {
    const known = knownError(this.model, error.code);
    const name = known?.messageMember ?? 'message';
    const reference = known?.shape.members[name];
    const wireName = typeof reference === 'object' ? reference.wireName : undefined;
    return { [wireName ?? name]: error.message };
  }

  private answer(
    status: number,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array,
    requestId: string,
  ): HttpResponse {
    const length = status === 204 ? {} : { 'content-length': String(body.length) };
    return { status, headers: { ...headers, ...length, 'x-amzn-requestid': requestId }, body };
  }

  request(operation: string, input: unknown): HttpRequest {
    const { input: bindings } = this.rest.operation(operation);
    const value = input as Readonly<Record<string, unknown>>;
    const head = this.rest.requestHead(operation, value);
    let body = noBytes;
    if (bindings.payload !== undefined) {
      const payload = value[bindings.payload.name];
      const isText = ['blob', 'string'].includes(bindings.payload.shape.type);
      if (isText) body = payloadBytes(payload);
      else if (payload !== undefined) {
        body = this.encode(this.writer.write(bindings.payload.member.shape, payload));
      }
    } else if (bindings.body.length > 0) {
      body = this.encode(this.writeBody(bindings.body, value));
    }
    const own = { 'content-type': 'application/json', 'content-length': String(body.length) };
    return { ...head, headers: { ...own, ...head.headers }, body };
  }

  response(operation: string, response: HttpResponse): ClientAnswer {
    if (response.status >= 300) {
      return { ok: false, error: readJsonError(this.model, this.reader, response) };
    }
    const { output: bindings } = this.rest.operation(operation);
    const output = this.rest.readResponseOutside(operation, response);
    if (bindings.payload !== undefined) {
      const payload = this.readPayload(bindings.payload, response.body);
      if (payload !== undefined) output[bindings.payload.name] = payload;
    } else if (bindings.body.length > 0) {
      this.readBody(bindings.body, response.body, output);
    }
    return { ok: true, output };
  }
}

function payloadBytes(payload: unknown): Uint8Array {
  if (payload === undefined || payload === null) return noBytes;
  if (typeof payload === 'string') return utf8Encode(payload);
  assert(payload instanceof Uint8Array, 'a payload is bytes or text');
  return payload;
}

/** Each of these services has its own word for a body that it cannot read. */
function failOf(model: ServiceModel): Fail {
  if (Object.hasOwn(model.shapes, 'InvalidRequestContentException')) {
    const start = 'Could not parse request body into json';
    return (message) => new WireError('InvalidRequestContentException', `${start}: ${message}`);
  }
  const isGateway = model.namespace === 'com.amazonaws.apigatewayv2';
  const code = isGateway ? 'BadRequestException' : 'SerializationException';
  return (message) => new WireError(code, message);
}
