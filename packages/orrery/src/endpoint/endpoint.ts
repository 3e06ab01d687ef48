/**
 * The endpoint of one process: every AWS API request goes through the list in `ApiCall.run`, in
 * that order and in one file. Owns: the order, and the only `catch`.
 * Refuses to own: any service, any protocol (`wire/`), the sockets (`io`).
 *
 *  E1  Every request gets an answer, with a request id; nothing that a handler throws gets out.
 *  E2  A handler that answers at once is answered at once: no promise is made on its way.
 *  E3  A request is forwarded at most twice (region → global, or edge → region): only a process
 *      whose region is not the wanted one forwards, and the wanted one never does.
 */
import type { Closer, Handler, HttpRequest, HttpResponse, Io, Location, Random } from '../io/io.ts';
import { NetError } from '../io/io.ts';
import { noBytes } from '../stdx/bytes.ts';
import { type ErrorAnswer, WireError } from '../wire/errors.ts';
import type { Route, ServerCodec } from '../wire/protocols/protocol.ts';
import { isRegion } from '../world/regions.ts';
import { type Auth, authenticate } from './authenticate.ts';
import { classify, type Wanted } from './classify.ts';
import { crossOriginHeaders, preflightAnswer } from './cross-origin.ts';
import { errorCodecFor, familyOf } from './error-codecs.ts';
import { type ApiService, Registry } from './registry.ts';
import { longRequestId } from './request-id.ts';
import {
  type Operation,
  SerializedBody,
  SerializedBytes,
  type Service,
  ServiceError,
} from './service.ts';

export interface EndpointOptions {
  readonly io: Io;
  /** This process's region, or `global` for the edge. */
  readonly region: string;
  readonly accountId: string;
  /** In request order; started in this order and stopped in reverse. */
  readonly services: readonly Service[];
  readonly auth: Auth;
  /** The regions of this cloud; unsigned requests to the edge go to the first. */
  readonly regions: readonly string[];
  /** Signing names of services that only the edge has. */
  readonly globalServices: ReadonlySet<string>;
}

export interface Endpoint {
  /** What the front door serves: AWS API calls and calls of users' APIs. */
  readonly handle: Handler;
  /** Serves all addresses of this process, then starts the services. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const bodyBytesMaxDefault = 10 * 1024 * 1024;

/** Lambda may run for fifteen minutes, and its caller waits. */
const forwardDeadlineMs = (service: string): number => (service === 'lambda' ? 910_000 : 65_000);

export function createEndpoint(options: EndpointOptions): Endpoint {
  const { io, services } = options;
  const registry = new Registry(services);
  const random = io.random.split('endpoint');
  const closers: Closer[] = [];

  const serve = (known: Wanted | undefined): Handler => {
    return (request, from) => {
      const call = new ApiCall(options, registry, request, from, random);
      return call.answer(known);
    };
  };
  const frontDoor = serve(undefined);

  return {
    handle: frontDoor,
    async start() {
      closers.push(io.network.serve('front-door', frontDoor));
      for (const service of registry.names()) {
        const wanted = { kind: 'api', service, region: options.region, accessKeyId: undefined };
        closers.push(io.network.serve(service, serve(wanted as Wanted)));
      }
      for (const service of services) {
        for (const [name, handler] of Object.entries(service.internal ?? {})) {
          closers.push(io.network.serve(name, handler));
        }
      }
      for (const service of services) await service.start?.();
    },
    async stop() {
      for (const service of services.toReversed()) await service.stop?.();
      for (const closer of closers.splice(0).toReversed()) await closer.close();
    },
  };
}

/** One request on its way. */
class ApiCall {
  private readonly options: EndpointOptions;
  private readonly registry: Registry;
  private readonly request: HttpRequest;
  private readonly from: Location;
  private readonly random: Random;
  private requestId = '';
  private readonly startedUs: number;
  private codec: ServerCodec | undefined;
  private service = '';
  private operation = '';

  constructor(
    options: EndpointOptions,
    registry: Registry,
    request: HttpRequest,
    from: Location,
    random: Random,
  ) {
    this.options = options;
    this.registry = registry;
    this.request = request;
    this.from = from;
    this.random = random;
    this.startedUs = options.io.clock.monotonicUs();
  }

  /** `known` where the address says which service is meant; then the caller is one of ours. */
  answer(known: Wanted | undefined): HttpResponse | Promise<HttpResponse> {
    const preflight = preflightAnswer(this.request);
    if (preflight !== undefined) return preflight;
    try {
      const answer = this.run(known);
      if (!(answer instanceof Promise)) return this.finish(answer);
      return answer.then(
        (response) => this.finish(response),
        (error: unknown) => this.finish(this.refuse(error)),
      );
    } catch (error) {
      return this.finish(this.refuse(error));
    }
  }

  /** The path of a request, step by step. */
  private run(known: Wanted | undefined): HttpResponse | Promise<HttpResponse> {
    const wanted = known ?? classify(this.request, this.registry);
    if (wanted.kind === 'data-plane') return this.dataPlane(wanted.region);
    const api = this.select(wanted);
    if (known === undefined) this.authenticate(api);
    const elsewhere = this.placeOf(wanted);
    if (elsewhere !== undefined) return this.forward(elsewhere, 'front-door');
    const { service, codec } = this.present(api, wanted);
    this.checkSize(service);
    const route = codec.route(this.request);
    const operation = this.operationOf(service, route);
    const input = codec.read(route, this.request);
    return this.dispatch(service, codec, operation, input, wanted.accessKeyId);
  }

  private select(wanted: Wanted & { readonly kind: 'api' }): ApiService | undefined {
    this.service = wanted.service ?? '';
    const api = this.registry.find(this.service, this.request);
    this.codec = api?.codec ?? errorCodecFor(this.request, wanted.service);
    this.requestId = api?.service.longRequestIds ? longRequestId(this.random) : this.random.uuid();
    return api;
  }

  private authenticate(api: ApiService | undefined): void {
    const family = familyOf(api?.model, this.request, this.service);
    const { auth, io } = this.options;
    authenticate(this.request, auth, io.clock.wallMs(), family);
  }

  /** The region that has to serve, where it is not this one. */
  private placeOf(wanted: Wanted & { readonly kind: 'api' }): string | undefined {
    const { region: here, regions, globalServices } = this.options;
    if (wanted.service !== undefined && globalServices.has(wanted.service)) {
      return here === 'global' ? undefined : 'global';
    }
    const region = wanted.region ?? (here === 'global' ? regions[0] : here);
    if (region === undefined || region === here) return undefined;
    if (regions.includes(region)) return region;
    const all = regions.join(', ');
    throw new ServiceError(
      familyOf(undefined, this.request, wanted.service) === 'json'
        ? 'InvalidSignatureException'
        : 'SignatureDoesNotMatch',
      isRegion(region)
        ? `Region ${region} is not part of this cloud, which has ${all}.`
        : `Credential should be scoped to a valid region, not '${region}'. This cloud has ${all}.`,
      { status: 403 },
    );
  }

  private forward(region: string, service: string): Promise<HttpResponse> {
    const deadlineMs = forwardDeadlineMs(this.service);
    return this.options.io.network
      .request({ region, service }, this.request, { deadlineMs, from: this.from })
      .catch((error: unknown) => {
        throw error instanceof NetError ? unreachable(region, error) : error;
      });
  }

  /** Users' APIs: served here, or in the region that the host name says. */
  private dataPlane(region: string | undefined): HttpResponse | Promise<HttpResponse> {
    const { services, region: here, regions } = this.options;
    this.service = 'execute-api';
    this.requestId = this.random.uuid();
    this.codec = errorCodecFor(this.request, 'execute-api');
    const handler = services.find((s) => s.internal?.['execute-api'])?.internal?.['execute-api'];
    if (handler !== undefined) return handler(this.request, this.from);
    if (here === 'global' && region !== undefined && regions.includes(region)) {
      return this.forward(region, 'execute-api');
    }
    throw new ServiceError('NotFoundException', 'Not Found', { status: 404 });
  }

  private present(
    api: ApiService | undefined,
    wanted: Wanted & { readonly kind: 'api' },
  ): ApiService {
    if (api !== undefined) return api;
    const name = wanted.service ?? 'the service that this request is for';
    throw notImplemented(`Orrery does not implement ${name}.`);
  }

  private checkSize(service: Service): void {
    const max = service.bodyBytesMax ?? bodyBytesMaxDefault;
    if (this.request.body.length <= max) return;
    const message = `Request must be smaller than ${max} bytes`;
    throw new ServiceError('RequestEntityTooLargeException', message, { status: 413 });
  }

  private operationOf(service: Service, route: Route): Operation {
    this.operation = route.operation;
    const operation = Object.hasOwn(service.operations, route.operation)
      ? service.operations[route.operation]
      : undefined;
    if (operation !== undefined) return operation;
    const built = Object.keys(service.operations).toSorted().join(', ');
    const name = `${service.name}:${route.operation}`;
    throw notImplemented(`Orrery does not implement ${name}. Of ${service.name} it has ${built}.`);
  }

  private dispatch(
    service: Service,
    codec: ServerCodec,
    operation: Operation,
    input: unknown,
    accessKeyId: string | undefined,
  ): HttpResponse | Promise<HttpResponse> {
    const output = operation(input as never, {
      service: service.name,
      operation: this.operation,
      region: this.options.region,
      accountId: this.options.accountId,
      requestId: this.requestId,
      from: this.from,
      accessKeyId,
    });
    return output instanceof Promise
      ? output.then((value: unknown) => this.serialise(codec, value))
      : this.serialise(codec, output);
  }

  private serialise(codec: ServerCodec, output: unknown): HttpResponse {
    if (output instanceof SerializedBytes && codec.writeBytes !== undefined) {
      const response = codec.writeBytes(output.bytes, output.crc32, this.requestId);
      return output.release === undefined ? response : { ...response, release: output.release };
    }
    return output instanceof SerializedBody
      ? codec.writeText(this.operation, output.text, this.requestId)
      : codec.write(this.operation, output, this.requestId);
  }

  /** Anything thrown on the way, as the answer that the service's clients understand. */
  private refuse(error: unknown): HttpResponse {
    const codec = this.codec ?? errorCodecFor(this.request, undefined);
    if (error instanceof ServiceError || error instanceof WireError) {
      return codec.writeError(error, this.requestId);
    }
    const { service, operation, requestId } = this;
    const code = internalCodes[service] ?? 'InternalFailure';
    if (error instanceof NetError) {
      const reason = error.message;
      this.options.io.probe.event('endpoint.unanswered', { service, operation, requestId, reason });
      const message = `What ${operation} needs does not answer (${error.code}). Try again.`;
      const answer = { code, message, status: 500, fields: {}, typePrefix: undefined };
      return codec.writeError(answer, requestId);
    }
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.options.io.probe.event('endpoint.bug', { service, operation, requestId, stack });
    return codec.writeError(internalError(code, requestId), requestId);
  }

  private finish(response: HttpResponse): HttpResponse {
    const { service, operation, requestId, from } = this;
    const { io, region } = this.options;
    io.probe.event('endpoint.answer', {
      service,
      operation,
      region,
      from,
      status: response.status,
      durationUs: io.clock.monotonicUs() - this.startedUs,
      requestId,
    });
    if (service === 'dynamodb' && this.request.headers['origin'] !== undefined) {
      return { ...response, headers: { ...response.headers, ...crossOriginHeaders } };
    }
    return this.request.method === 'HEAD' ? { ...response, body: noBytes } : response;
  }
}

function notImplemented(message: string): ServiceError {
  return new ServiceError('NotImplemented', message, { status: 501 });
}

const internalCodes: Readonly<Record<string, string>> = {
  dynamodb: 'InternalServerError',
  lambda: 'ServiceException',
  logs: 'ServiceUnavailableException',
  s3: 'InternalError',
};

function internalError(code: string, requestId: string): ErrorAnswer {
  const message = `Orrery has a bug here; the trace has its stack under request id ${requestId}.`;
  return { code, message, status: 500, fields: {}, typePrefix: undefined };
}

function unreachable(region: string, error: NetError): ServiceError {
  const isLate = error.code === 'ETIMEDOUT';
  return new ServiceError(
    isLate ? 'GatewayTimeout' : 'ServiceUnavailable',
    `Region ${region} does not answer (${error.code}). It may be down, hanging or cut off.`,
    { status: isLate ? 504 : 503 },
  );
}
