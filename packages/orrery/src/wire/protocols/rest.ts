/**
 * Owns: what restJson1 and restXml share: routing by URI, and all that travels outside the body.
 */
import type { HttpRequest, HttpResponse } from '../../io/io.ts';
import {
  type Bindings,
  bindingsOf,
  labelTexts,
  readHeaders,
  readUri,
  writeHeaders,
  writeQuery,
} from '../bindings.ts';
import { type Fail, WireError } from '../errors.ts';
import type { ServiceModel } from '../model.ts';
import { structureOf } from '../models.ts';
import { parsePairs, splitPath } from '../query-string.ts';
import { RequiredMembers } from '../required.ts';
import { fillUri, UriRouter } from '../uri-router.ts';
import { type CodecOptions, type Route, validationCode } from './protocol.ts';

export interface RestOperation {
  readonly method: string;
  readonly uri: string;
  readonly status: number;
  readonly inputName: string;
  readonly outputName: string;
  readonly input: Bindings;
  readonly output: Bindings;
}

/** The operations of one rest service, their bindings worked out on first use. */
export class RestOperations {
  private readonly model: ServiceModel;
  private readonly fail: Fail;
  private readonly router: UriRouter;
  private readonly required: RequiredMembers | undefined;
  private readonly known = new Map<string, RestOperation>();

  constructor(model: ServiceModel, options: CodecOptions, fail: Fail) {
    this.model = model;
    this.fail = fail;
    this.router = new UriRouter(model);
    this.required = options.validatesRequired === true ? undefined : new RequiredMembers(model);
  }

  /** The operation that a request means. Throws `WireError` where there is none. */
  route(request: HttpRequest): Route {
    const [path, queryText] = splitPath(request.path);
    const query = parsePairs(queryText);
    if (query === undefined) {
      throw new WireError('MalformedQueryString', 'The query string contains a syntax error.');
    }
    const match = this.router.match(request.method, path, query, request.headers);
    if (match !== undefined) return { ...match, query };
    throw new WireError(
      'UnknownOperationException',
      `Unable to determine service/operation name to be authorized: ${request.method} ${path.slice(0, 200)}`,
      404,
    );
  }

  operation(name: string): RestOperation {
    const known = this.known.get(name);
    if (known !== undefined) return known;
    const operation = this.model.operations[name];
    if (operation?.http === undefined) {
      throw new RangeError(`${this.model.source} has no operation ${name}`);
    }
    const [method, uri, status] = operation.http;
    const made: RestOperation = {
      method,
      uri,
      status,
      inputName: operation.input,
      outputName: operation.output,
      input: bindingsOf(this.model, structureOf(this.model, operation.input), 'input'),
      output: bindingsOf(this.model, structureOf(this.model, operation.output), 'output'),
    };
    this.known.set(name, made);
    return made;
  }

  /** The members of an input that do not stand in the body. */
  readOutside(route: Route, request: HttpRequest): Record<string, unknown> {
    const { input: bindings } = this.operation(route.operation);
    const input: Record<string, unknown> = {};
    readUri(bindings, route.labels, route.query, input, this.fail);
    readHeaders(bindings, request.headers, input, this.fail);
    return input;
  }

  /** The input, or AWS's error where required members are absent. */
  validated(route: Route, input: unknown): unknown {
    const problem = this.required?.problem(this.operation(route.operation).inputName, input);
    if (problem === undefined) return input;
    throw new WireError(validationCode(this.model), problem);
  }

  /** Status and headers of an answer. */
  writeOutside(
    name: string,
    output: Readonly<Record<string, unknown>>,
  ): { readonly status: number; readonly headers: Record<string, string> } {
    const { output: bindings, status } = this.operation(name);
    const own = bindings.status === undefined ? undefined : output[bindings.status.name];
    return {
      status: typeof own === 'number' ? own : status,
      headers: writeHeaders(bindings, output),
    };
  }

  /** Method, path and headers of a request. */
  requestHead(
    name: string,
    input: Readonly<Record<string, unknown>>,
  ): Pick<HttpRequest, 'method' | 'path' | 'headers'> {
    const { method, uri, input: bindings } = this.operation(name);
    const path = fillUri(uri, labelTexts(bindings, input));
    const query = writeQuery(bindings, input);
    const joint = path.includes('?') ? '&' : '?';
    return {
      method,
      path: query === '' ? path : `${path}${joint}${query}`,
      headers: writeHeaders(bindings, input),
    };
  }

  /** The members of an output that do not stand in the body. */
  readResponseOutside(name: string, response: HttpResponse): Record<string, unknown> {
    const { output: bindings } = this.operation(name);
    const output: Record<string, unknown> = {};
    readHeaders(bindings, response.headers, output, this.fail);
    if (bindings.status !== undefined) output[bindings.status.name] = response.status;
    return output;
  }
}
