/**
 * Owns: awsQuery. The operation is the parameter `Action` of a form body (or of the URI, as in
 * presigned requests), output is XML in two wrappers.
 */
import type { HttpRequest, HttpResponse } from '../../io/io.ts';
import { noBytes, utf8Decode, utf8DecodeStrict, utf8Encode } from '../../stdx/bytes.ts';
import { type ErrorAnswer, WireError } from '../errors.ts';
import type { OperationModel, ServiceModel } from '../model.ts';
import { structureOf } from '../models.ts';
import { QueryShapes } from '../query-shapes.ts';
import { type Pairs, parsePairs, splitPath } from '../query-string.ts';
import { RequiredMembers } from '../required.ts';
import { parseXml } from '../xml-reader.ts';
import { XmlShapes } from '../xml-shapes.ts';
import {
  type ClientAnswer,
  type ClientCodec,
  type CodecOptions,
  type Route,
  type ServerCodec,
  statusOf,
  validationCode,
  wireCodeOf,
} from './protocol.ts';
import { readXmlError, writeXmlError } from './xml-body.ts';

const fail = (message: string): WireError => new WireError('MalformedInput', message);

/** awsQuery of one service, both sides. */
export class AwsQuery implements ServerCodec, ClientCodec {
  private readonly model: ServiceModel;
  private readonly query: QueryShapes;
  private readonly xml: XmlShapes;
  private readonly required: RequiredMembers | undefined;

  constructor(model: ServiceModel, options: CodecOptions) {
    this.model = model;
    this.query = new QueryShapes(model, fail);
    this.xml = new XmlShapes(model, fail);
    this.required = options.validatesRequired === true ? undefined : new RequiredMembers(model);
  }

  route(request: HttpRequest): Route {
    const inUri = parsePairs(splitPath(request.path)[1]);
    const text = utf8DecodeStrict(request.body);
    const inBody = text === undefined ? undefined : parsePairs(text);
    if (inUri === undefined || inBody === undefined) {
      throw new WireError('MalformedQueryString', 'The query string contains a syntax error.');
    }
    const query: Pairs = inUri.length === 0 ? inBody : [...inUri, ...inBody];
    const operation = query.find(([key]) => key === 'Action')?.[1];
    if (operation === undefined) {
      throw new WireError('MissingAction', 'The request is missing an action parameter.');
    }
    if (!Object.hasOwn(this.model.operations, operation)) {
      const version = query.find(([key]) => key === 'Version')?.[1] ?? this.model.apiVersion;
      throw new WireError(
        'InvalidAction',
        `Could not find operation ${operation.slice(0, 100)} for version ${version.slice(0, 20)}`,
      );
    }
    return { operation, labels: {}, query };
  }

  read(route: Route, _request: HttpRequest): unknown {
    const { input } = this.operation(route.operation);
    const value = this.query.read(input, route.query);
    const problem = this.required?.problem(input, value);
    if (problem === undefined) return value;
    throw new WireError(validationCode(this.model), problem);
  }

  write(operation: string, output: unknown, requestId: string): HttpResponse {
    const shape = this.operation(operation).output;
    const result =
      shape === 'Unit' ? '' : this.xml.write(`${operation}Result`, shape, output ?? {});
    const metadata = `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata>`;
    const name = `${operation}Response`;
    const start = `<${name} xmlns="${this.model.xmlNamespace ?? ''}">`;
    return this.answer(200, `${start}${result}${metadata}</${name}>`, requestId);
  }

  writeText(operation: string): HttpResponse {
    throw new TypeError(`${operation} is not answered in JSON`);
  }

  writeError(error: ErrorAnswer, requestId: string): HttpResponse {
    const coded = { ...error, message: error.message, code: wireCodeOf(this.model, error) };
    const text = writeXmlError(this.model, this.xml, coded, requestId);
    return this.answer(statusOf(this.model, error), text, requestId);
  }

  private answer(status: number, text: string, requestId: string): HttpResponse {
    const body = utf8Encode(text);
    return {
      status,
      headers: {
        'content-type': 'text/xml',
        'content-length': String(body.length),
        'x-amzn-requestid': requestId,
      },
      body,
    };
  }

  request(operation: string, input: unknown): HttpRequest {
    const parameters = this.query.write(this.operation(operation).input, input);
    const action = `Action=${operation}&Version=${this.model.apiVersion}`;
    const body = utf8Encode(action + parameters);
    return {
      method: 'POST',
      path: '/',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': String(body.length),
      },
      body,
    };
  }

  response(operation: string, response: HttpResponse): ClientAnswer {
    if (response.status >= 300) {
      return { ok: false, error: readXmlError(this.model, this.xml, response) };
    }
    const shape = this.operation(operation).output;
    const body = response.body === noBytes ? '' : utf8Decode(response.body);
    if (shape === 'Unit' || body === '') return { ok: true, output: {} };
    const root = parseXml(body, fail);
    const result = root.children.find((child) => child.name === `${operation}Result`);
    const output =
      result === undefined ? {} : this.xml.readStructure(structureOf(this.model, shape), result);
    return { ok: true, output };
  }

  private operation(name: string): OperationModel {
    const operation = this.model.operations[name];
    if (operation !== undefined) return operation;
    throw new RangeError(`${this.model.source} has no operation ${name}`);
  }
}
