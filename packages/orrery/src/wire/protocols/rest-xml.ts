/**
 * Owns: restXml, S3's own manners included: path-style buckets, unwrapped bodies, chunked uploads.
 */
import type { HttpRequest, HttpResponse } from '../../io/io.ts';
import { assert } from '../../stdx/assert.ts';
import { noBytes, utf8Decode, utf8DecodeStrict, utf8Encode } from '../../stdx/bytes.ts';
import { decodeAwsChunked, isAwsChunked } from '../aws-chunked.ts';
import type { Bindings, BoundMember } from '../bindings.ts';
import { type ErrorAnswer, type Fail, WireError } from '../errors.ts';
import type { ServiceModel } from '../model.ts';
import { structureOf } from '../models.ts';
import { parseXml, type XmlElement } from '../xml-reader.ts';
import { escapeXml, XmlShapes } from '../xml-shapes.ts';
import {
  type ClientAnswer,
  type ClientCodec,
  type CodecOptions,
  type Route,
  type ServerCodec,
  statusOf,
  wireCodeOf,
} from './protocol.ts';
import { RestOperations } from './rest.ts';
import { readXmlError, writeXmlError } from './xml-body.ts';

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** restXml of one service, both sides. */
export class RestXml implements ServerCodec, ClientCodec {
  private readonly model: ServiceModel;
  private readonly isS3: boolean;
  private readonly fail: Fail;
  private readonly rest: RestOperations;
  private readonly xml: XmlShapes;

  constructor(model: ServiceModel, options: CodecOptions) {
    this.model = model;
    this.isS3 = model.namespace === 'com.amazonaws.s3';
    this.fail = this.isS3
      ? () => new WireError('MalformedXML', malformedXml)
      : (message) => new WireError('MalformedInput', message);
    this.rest = new RestOperations(model, options, this.fail);
    this.xml = new XmlShapes(model, this.fail);
  }

  route(request: HttpRequest): Route {
    return this.rest.route(request);
  }

  read(route: Route, request: HttpRequest): unknown {
    const { input: bindings } = this.rest.operation(route.operation);
    const input = this.rest.readOutside(route, request);
    const body = isAwsChunked(request.headers)
      ? decodeAwsChunked(request.body, this.fail)
      : request.body;
    this.readBody(bindings, body, input);
    return this.rest.validated(route, input);
  }

  private readBody(bindings: Bindings, body: Uint8Array, result: Record<string, unknown>): void {
    const { payload } = bindings;
    if (payload?.shape.type === 'blob') {
      if (body.length > 0) result[payload.name] = body;
    } else if (payload?.shape.type === 'string') {
      if (body.length > 0) result[payload.name] = utf8Decode(body);
    } else if (payload !== undefined) {
      const root = this.root(body);
      if (root !== undefined) result[payload.name] = this.xml.read(payload.member.shape, root);
    } else if (bindings.body.length > 0) {
      const root = this.root(body);
      if (root === undefined) return;
      const read = this.xml.readStructure(bindings.shape, root);
      for (const { name } of bindings.body) if (read[name] !== undefined) result[name] = read[name];
    }
  }

  private root(body: Uint8Array): XmlElement | undefined {
    if (body.length === 0) return undefined;
    const text = utf8DecodeStrict(body);
    if (text === undefined) throw this.fail('Invalid byte of a UTF-8 sequence.');
    return parseXml(text, this.fail);
  }

  write(name: string, output: unknown, requestId: string): HttpResponse {
    const operation = this.rest.operation(name);
    const value = (output ?? {}) as Readonly<Record<string, unknown>>;
    const { status, headers } = this.rest.writeOutside(name, value);
    const body = this.writeBody(operation.output, operation.outputName, value);
    const type: Record<string, string> =
      body.length > 0 && operation.output.payload?.shape.type !== 'blob'
        ? { 'content-type': this.contentType() }
        : {};
    return this.answer(status, { ...type, ...headers }, body, requestId);
  }

  private writeBody(
    bindings: Bindings,
    shapeName: string,
    value: Readonly<Record<string, unknown>>,
  ): Uint8Array {
    const { payload } = bindings;
    if (payload !== undefined) return this.writePayload(payload, value[payload.name]);
    const isEmpty = bindings.body.length === 0;
    if (shapeName === 'Unit' || (isEmpty && this.isS3)) return noBytes;
    const root = bindings.shape.xmlName ?? shapeName;
    const namespace = ` xmlns="${this.model.xmlNamespace ?? ''}"`;
    if (this.isS3 && shapeName === 'GetBucketLocationOutput') {
      // The one answer of S3 that is a bare value: the root element is the member itself.
      const region = String(value['LocationConstraint'] ?? '');
      const text = `<LocationConstraint${namespace}>${escapeXml(region)}</LocationConstraint>`;
      return utf8Encode(declaration + text);
    }
    const content = this.xml.writeMembers(bindings.shape, value, bindings.outside);
    return utf8Encode(`${declaration}<${root}${namespace}>${content}</${root}>`);
  }

  private writePayload(payload: BoundMember, value: unknown): Uint8Array {
    if (value === undefined || value === null) return noBytes;
    if (typeof value === 'string') return utf8Encode(value);
    if (payload.shape.type === 'blob') {
      assert(value instanceof Uint8Array, `${payload.name} is bytes`);
      return value;
    }
    const shape = structureOf(this.model, payload.member.shape);
    const root = payload.member.wireName ?? shape.xmlName ?? payload.member.shape;
    const namespace = ` xmlns="${this.model.xmlNamespace ?? ''}"`;
    return utf8Encode(declaration + this.xml.write(root, payload.member.shape, value, namespace));
  }

  writeText(operation: string): HttpResponse {
    throw new TypeError(`${operation} is not answered in JSON`);
  }

  writeError(error: ErrorAnswer, requestId: string): HttpResponse {
    const coded = { ...error, message: error.message, code: wireCodeOf(this.model, error) };
    const body = utf8Encode(writeXmlError(this.model, this.xml, coded, requestId));
    const status = statusOf(this.model, error);
    return this.answer(status, { 'content-type': this.contentType() }, body, requestId);
  }

  private contentType(): string {
    return this.isS3 ? 'application/xml' : 'text/xml';
  }

  private answer(
    status: number,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array,
    requestId: string,
  ): HttpResponse {
    const ids: Record<string, string> = this.isS3
      ? { 'x-amz-request-id': requestId, 'x-amz-id-2': requestId }
      : { 'x-amzn-requestid': requestId };
    const length = status === 204 ? {} : { 'content-length': String(body.length) };
    return { status, headers: { ...length, ...headers, ...ids }, body };
  }

  request(name: string, input: unknown): HttpRequest {
    const operation = this.rest.operation(name);
    const value = input as Readonly<Record<string, unknown>>;
    const head = this.rest.requestHead(name, value);
    const hasBody = operation.input.payload !== undefined || operation.input.body.length > 0;
    const body = hasBody ? this.writeBody(operation.input, operation.inputName, value) : noBytes;
    const own = { 'content-type': 'application/xml', 'content-length': String(body.length) };
    return { ...head, headers: { ...own, ...head.headers }, body };
  }

  response(name: string, response: HttpResponse): ClientAnswer {
    if (response.status >= 300) {
      return { ok: false, error: readXmlError(this.model, this.xml, response) };
    }
    const { output: bindings, outputName } = this.rest.operation(name);
    const output = this.rest.readResponseOutside(name, response);
    if (this.isS3 && outputName === 'GetBucketLocationOutput') {
      const text = this.root(response.body)?.text ?? '';
      return { ok: true, output: text === '' ? output : { ...output, LocationConstraint: text } };
    }
    this.readBody(bindings, response.body, output);
    return { ok: true, output };
  }
}

const malformedXml =
  'The XML you provided was not well-formed or did not validate against our published schema';
