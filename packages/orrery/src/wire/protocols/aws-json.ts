/**
 * Owns: awsJson 1.0 and 1.1. The operation stands in X-Amz-Target, input and output are the body.
 */
import type { HttpRequest, HttpResponse } from '../../io/io.ts';
import { noBytes, utf8DecodeStrict, utf8Encode } from '../../stdx/bytes.ts';
import { crc32 } from '../../stdx/digest.ts';
import { type ErrorAnswer, WireError } from '../errors.ts';
import { JsonReader } from '../json-reader.ts';
import { JsonWriter } from '../json-writer.ts';
import type { OperationModel, ServiceModel } from '../model.ts';
import { RequiredMembers } from '../required.ts';
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
  validationCode,
} from './protocol.ts';

const coralService = 'com.amazon.coral.service';
const coralValidate = 'com.amazon.coral.validate';

/** DynamoDB writes `Message` here, whatever its model says. */
const isTitled = ({ code, fields }: ErrorAnswer): boolean =>
  code === 'SerializationException' ||
  (code === 'ConditionalCheckFailedException' && fields['Item'] !== undefined);

const fail = (message: string): WireError =>
  new WireError('SerializationException', message, 400, coralService);

/** awsJson of one service, both sides. */
export class AwsJson implements ServerCodec, ClientCodec {
  private readonly model: ServiceModel;
  private readonly contentType: string;
  private readonly reader: JsonReader;
  private readonly clientReader: JsonReader;
  private readonly writer: JsonWriter;
  private readonly required: RequiredMembers | undefined;
  private readonly routes = new Map<string, Route>();

  constructor(model: ServiceModel, options: CodecOptions) {
    this.model = model;
    this.contentType = `application/x-amz-json-${model.protocol === 'awsJson1_0' ? '1.0' : '1.1'}`;
    const blobs = options.blobs ?? 'bytes';
    this.reader = new JsonReader(model, { blobs, usesWireNames: false, fail });
    this.clientReader = new JsonReader(model, { blobs: 'bytes', usesWireNames: false, fail });
    this.writer = new JsonWriter(model, false);
    this.required = options.validatesRequired === true ? undefined : new RequiredMembers(model);
    for (const operation of Object.keys(model.operations)) {
      this.routes.set(`${model.target}.${operation}`, { operation, labels: {}, query: [] });
    }
  }

  route(request: HttpRequest): Route {
    const target = request.headers['x-amz-target'] ?? '';
    const route = request.method === 'POST' ? this.routes.get(target) : undefined;
    if (route !== undefined) return route;
    throw new WireError('UnknownOperationException', '', 400, coralService);
  }

  read(route: Route, request: HttpRequest): unknown {
    const { input } = this.operation(route.operation);
    const text = utf8DecodeStrict(request.body);
    const body = text === undefined ? undefined : parseJson(text);
    if (body === undefined) throw fail('');
    const value = this.reader.read(input, body);
    const problem = this.required?.problem(input, value);
    if (problem === undefined) return value;
    throw new WireError(validationCode(this.model), problem, 400, coralValidate);
  }

  write(operation: string, output: unknown, requestId: string): HttpResponse {
    const shape = this.operation(operation).output;
    const text = shape === 'Unit' ? '' : JSON.stringify(this.writer.write(shape, output ?? {}));
    return this.answer(200, text, requestId);
  }

  writeText(_operation: string, text: string, requestId: string): HttpResponse {
    return this.answer(200, text, requestId);
  }

  writeBytes(bytes: Uint8Array, crc: number, requestId: string): HttpResponse {
    return this.answerBytes(200, bytes, crc, requestId);
  }

  writeError(error: ErrorAnswer, requestId: string): HttpResponse {
    const known = knownError(this.model, error.code);
    const fields = fieldsOf(error);
    const written = known === undefined ? fields : this.writer.write(known.name, fields);
    const messageKey = isTitled(error) ? 'Message' : known?.messageMember;
    const body = {
      __type: this.typeOf(error),
      ...(error.message !== '' && { [messageKey ?? 'message']: error.message }),
      ...(written as object),
    };
    return this.answer(statusOf(this.model, error), JSON.stringify(body), requestId);
  }

  /** DynamoDB names its errors in full; the other services by their bare code. */
  private typeOf(error: ErrorAnswer): string {
    const code = errorNameOf(this.model, error);
    if (error.typePrefix !== undefined) return `${error.typePrefix.replace(/#$/, '')}#${code}`;
    if (!this.model.namespace.startsWith('com.amazonaws.dynamodb')) return code;
    return `com.amazonaws.dynamodb.v20120810#${code}`;
  }

  private answer(status: number, text: string, requestId: string): HttpResponse {
    const body = text === '' ? noBytes : utf8Encode(text);
    return this.answerBytes(status, body, crc32(body), requestId);
  }

  private answerBytes(
    status: number,
    body: Uint8Array,
    crc: number,
    requestId: string,
  ): HttpResponse {
    return {
      status,
      headers: {
        'content-type': this.contentType,
        'content-length': String(body.length),
        'x-amzn-requestid': requestId,
        'x-amz-crc32': String(crc),
      },
      body,
    };
  }

  request(operation: string, input: unknown): HttpRequest {
    const body = utf8Encode(
      JSON.stringify(this.writer.write(this.operation(operation).input, input)),
    );
    return {
      method: 'POST',
      path: '/',
      headers: {
        'content-type': this.contentType,
        'content-length': String(body.length),
        'x-amz-target': `${this.model.target}.${operation}`,
      },
      body,
    };
  }

  response(operation: string, response: HttpResponse): ClientAnswer {
    if (response.status !== 200) {
      return { ok: false, error: readJsonError(this.model, this.clientReader, response) };
    }
    const { output } = this.operation(operation);
    const text = utf8DecodeStrict(response.body) ?? '';
    const body = text === '' ? {} : parseJson(text);
    if (body === undefined) throw fail('The answer is not JSON');
    return { ok: true, output: this.clientReader.read(output, body) };
  }

  private operation(name: string): OperationModel {
    const operation = this.model.operations[name];
    if (operation !== undefined) return operation;
    throw new RangeError(`${this.model.source} has no operation ${name}`);
  }
}
