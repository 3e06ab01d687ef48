/**
 * What a service looks like to the endpoint. Owns the types of the contract between the two and
 * `ServiceError`. Refuses to own parsing (`wire/`) or order (`endpoint.ts`).
 */
import type { Handler, Location } from '../io/io.ts';
import type { ServiceModel } from '../wire/model.ts';

/** What a handler may know of its request beyond the input. */
export interface RequestContext {
  readonly service: string;
  readonly operation: string;
  /** The region that serves, or `global`. */
  readonly region: string;
  readonly accountId: string;
  readonly requestId: string;
  readonly from: Location;
  /** Access key of the signature, where there was one. */
  readonly accessKeyId: string | undefined;
}

/**
 * One AWS operation: input and output are plain objects keyed by member name, absent members
 * undefined; blobs are Uint8Array (base64 text where the service asks for `blobs: 'base64'`),
 * timestamps epoch milliseconds. Throws `ServiceError` for the caller's mistakes.
 */
export type Operation = (input: never, context: RequestContext) => unknown;

export interface Service {
  /** The SigV4 signing name: `dynamodb`, `route53`, `lambda`, `apigateway`, `cloudformation` … */
  readonly name: string;
  /** Absent for services that AWS has not (`internal` only). */
  readonly model?: ServiceModel;
  readonly operations: Readonly<Record<string, Operation>>;
  readonly blobs?: 'bytes' | 'base64';
  /** The service words its own errors about absent members; the wire's check is left out. */
  readonly validatesRequired?: boolean;
  /** Request ids of 52 letters and digits instead of UUIDs, as DynamoDB's are. */
  readonly longRequestIds?: boolean;
  /** Longest request body; 10 MiB unless told otherwise. */
  readonly bodyBytesMax?: number;
  /** Addresses that are not AWS APIs, by service name: `execute-api`, `replication`, `dns` … */
  readonly internal?: Readonly<Record<string, Handler>>;
  /** Called once, after every service of the process is registered. */
  start?(): Promise<void>;
  stop?(): Promise<void>;
}

export interface ServiceErrorOptions {
  /** HTTP status. Where it is absent or 400, an error that the model knows has the model's. */
  readonly status?: number;
  /** Further modelled members: `Item`, `CancellationReasons`, `Messages`, `Type` … */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Set where AWS answers with another namespace than the model's (coral validation). */
  readonly typePrefix?: string;
}

/** The caller's mistake, or a state that AWS has an error for. Anything else thrown is our bug. */
export class ServiceError extends Error {
  readonly code: string;
  readonly status: number;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly typePrefix: string | undefined;
  constructor(code: string, message: string, options: ServiceErrorOptions = {}) {
    super(message);
    this.name = code;
    this.code = code;
    this.status = options.status ?? 400;
    this.fields = options.fields ?? {};
    this.typePrefix = options.typePrefix;
  }
}

/** An output that the handler has serialised itself (JSON protocols only): the hot path's road. */
export class SerializedBody {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** The same as UTF-8, with its checksum: long ones are made piece by piece. */
export class SerializedBytes {
  readonly bytes: Uint8Array;
  /** Of all bytes, as `stdx/digest.ts` makes it. */
  readonly crc32: number;
  /** Takes the bytes back (`HttpResponse.release`). */
  readonly release: (() => void) | undefined;
  constructor(bytes: Uint8Array, crc32: number, release?: () => void) {
    this.bytes = bytes;
    this.crc32 = crc32;
    this.release = release;
  }
}
