/**
 * The network of one live process. Owns what every message pays and meets on its way (latency,
 * partition, loss), the deadline, and which road it takes: a handler of this process, another process
 * of the cloud (`channel.ts`), or a real host (`outbound-http.ts`).
 *
 * Invariants:
 *  1. A request settles once, within its deadline, and rejects with `NetError` only (I5).
 *  2. A message that a fault swallows is never sent; its asker waits until the deadline.
 *  3. After `close` nothing settles and no handler is called: the process is dead.
 */
import { assert } from '../../stdx/assert.ts';
import { regionOfIp } from '../../world/addresses.ts';
import { type LinkState, linkState, type NetworkConditions } from '../conditions.ts';
import {
  type Address,
  type Closer,
  type Handler,
  type HostAddress,
  type HttpRequest,
  type HttpResponse,
  type Location,
  NetError,
  type Network,
  type Probe,
  type Random,
  type RequestOptions,
  type ServiceAddress,
  type Timer,
  type Timers,
} from '../io.ts';
import {
  type Asker,
  ChannelClient,
  type ChannelServer,
  serveChannel,
  socketPath,
} from './channel.ts';
import { connected, type Outbound, openConnection, sendOutbound } from './outbound-http.ts';

export interface NetworkOptions {
  readonly location: Location;
  /** Where the processes of this cloud have their sockets. */
  readonly runDirectory: string;
  readonly rttMs: (from: Location, to: Location) => number;
  readonly conditions: NetworkConditions;
  readonly messageLimitBytes: number;
  readonly timers: Timers;
  readonly random: Random;
  readonly probe: Probe;
}

export interface OwnedNetwork extends Network {
  close(): Promise<void>;
}

/** Name of the service that answers for a region's address. */
const FRONT_DOOR = 'front-door';

class Carrier implements OwnedNetwork {
  readonly options: NetworkOptions;
  readonly #handlers = new Map<string, Handler>();
  readonly #channels = new Map<Location, ChannelClient>();
  #server: ChannelServer | undefined;
  #closed = false;

  constructor(options: NetworkOptions) {
    this.options = options;
  }

  async listen(): Promise<void> {
    const { runDirectory, location, messageLimitBytes } = this.options;
    const path = socketPath(runDirectory, location);
    this.#server = await serveChannel(path, messageLimitBytes, (service, request, from) =>
      this.handle(service, request, from),
    );
  }

  request(to: Address, request: HttpRequest, options: RequestOptions): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return;
      new Exchange(this, to, request, options, resolve, reject).start();
    });
  }

  connect(to: HostAddress, options: RequestOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return;
      new Exchange(this, to, undefined, options, () => resolve(), reject).start();
    });
  }

  /** Whether a service of this process would take a connection. */
  serves(service: string): boolean {
    return this.#handlers.has(service);
  }

  serve(service: string, handler: Handler): Closer {
    assert(!this.#handlers.has(service), `the service ${service} has a handler already`);
    this.#handlers.set(service, handler);
    return {
      close: async () => {
        if (this.#handlers.get(service) === handler) this.#handlers.delete(service);
      },
    };
  }

  /** Calls the handler of a service of this process. */
  async handle(service: string, request: HttpRequest, from: Location): Promise<HttpResponse> {
    if (this.#closed) return new Promise<HttpResponse>(() => {});
    const handler = this.#handlers.get(service);
    if (handler === undefined) {
      throw new NetError('ECONNREFUSED', false, `${this.options.location} has no ${service}`);
    }
    try {
      return await handler(request, from);
    } catch (error) {
      const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.options.probe.always(false, `the handler of ${service} threw: ${detail}`);
      throw new NetError('ECONNRESET', true, `${service} broke off`);
    }
  }

  channel(location: Location): ChannelClient {
    let channel = this.#channels.get(location);
    if (channel === undefined) {
      const { runDirectory, messageLimitBytes } = this.options;
      channel = new ChannelClient(socketPath(runDirectory, location), messageLimitBytes);
      this.#channels.set(location, channel);
    }
    return channel;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#handlers.clear();
    for (const channel of this.#channels.values()) channel.close();
    await this.#server?.close();
  }
}

/** Either a service of a location, or a host that is not of this cloud. */
function resolveAddress(to: Address): ServiceAddress | HostAddress {
  if (!('ip' in to)) return to;
  const region = regionOfIp(to.ip);
  return region === undefined ? to : { region, service: FRONT_DOOR };
}

function cut(response: HttpResponse, bodyBytes: number): HttpResponse {
  if (response.body.length <= bodyBytes) return response;
  return { ...response, body: response.body.subarray(0, bodyBytes) };
}

class Exchange implements Asker {
  readonly #carrier: Carrier;
  readonly #to: ServiceAddress | HostAddress;
  readonly #from: Location;
  readonly #target: Location;
  /** Undefined where a connection is all that is wanted. */
  readonly #request: HttpRequest | undefined;
  readonly #bodyBytes: number;
  readonly #deadlineMs: number;
  readonly #resolve: (response: HttpResponse) => void;
  readonly #reject: (error: NetError) => void;
  readonly #answerMs: number | undefined;
  #deadline: Timer;
  #onTheWay: Timer | undefined;
  #forget: (() => void) | undefined;
  #outbound: Outbound | undefined;
  #settled = false;

  constructor(
    carrier: Carrier,
    to: Address,
    request: HttpRequest | undefined,
    options: RequestOptions,
    resolve: (response: HttpResponse) => void,
    reject: (error: NetError) => void,
  ) {
    this.#carrier = carrier;
    this.#to = resolveAddress(to);
    this.#from = options.from ?? carrier.options.location;
    this.#target = 'ip' in this.#to ? this.#to.ip : this.#to.region;
    this.#request = request;
    this.#bodyBytes = options.bodyBytes ?? Number.POSITIVE_INFINITY;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#answerMs = options.answerMs;
    this.#deadlineMs = options.deadlineMs;
    this.#deadline = this.#arm(options.deadlineMs);
  }

  start(): void {
    this.#travel(this.#from, this.#target, () => this.#deliver());
  }

  /** A host has taken the connection: from now on the answer has its own time. */
  connected(): void {
    if (this.#answerMs === undefined || this.#settled) return;
    this.#deadline.cancel();
    const { conditions } = this.#carrier.options;
    const back = linkState(conditions, this.#target, this.#from);
    this.#deadline = this.#arm(this.#answerMs + this.#delayMs(back, this.#target, this.#from));
  }

  #arm(delayMs: number): Timer {
    return this.#carrier.options.timers.after(delayMs, 'network.deadline', () => this.#expire());
  }

  /** What a message takes for its way, unless it is lost. */
  #delayMs(link: LinkState, from: Location, to: Location): number {
    const { rttMs } = this.#carrier.options;
    const modelled = from === to || 'ip' in this.#to ? 0 : rttMs(from, to) / 2;
    return modelled + link.extraLatencyMs;
  }

  /** Carries one message: after the way's latency, or never. */
  #travel(from: Location, to: Location, arrive: () => void): void {
    const { conditions, random, timers } = this.#carrier.options;
    const link = linkState(conditions, from, to);
    if (link.cut || (link.lossProbability > 0 && random.chance(link.lossProbability))) return;
    const delayMs = this.#delayMs(link, from, to);
    if (delayMs > 0) this.#onTheWay = timers.after(delayMs, 'network.latency', arrive);
    else if ('ip' in this.#to) arrive();
    else queueMicrotask(arrive);
  }

  #deliver(): void {
    if (this.#settled) return;
    const to = this.#to;
    const request = this.#request;
    const { location, messageLimitBytes, runDirectory } = this.#carrier.options;
    if (request === undefined) {
      if ('ip' in to) this.#outbound = openConnection({ host: to.ip, port: to.port }, this);
      else if (to.region !== location) {
        // A process that stands still takes connections all the same, as a real host does.
        this.#outbound = openConnection({ path: socketPath(runDirectory, to.region) }, this);
      } else if (this.#carrier.serves(to.service)) this.answered(connected);
      else this.failed(new NetError('ECONNREFUSED', false, `${location} has no ${to.service}`));
    } else if ('ip' in to) {
      const limits = {
        bodyBytesMax: messageLimitBytes,
        bodyBytes: this.#bodyBytes,
        deadlineMs: this.#deadlineMs,
      };
      this.#outbound = sendOutbound(to, request, limits, this);
    } else if (to.region === location) {
      this.connected();
      this.#carrier.handle(to.service, request, this.#from).then(
        (response) => this.answered(response),
        (error) => this.failed(error as NetError),
      );
    } else {
      const channel = this.#carrier.channel(to.region);
      this.connected();
      this.#forget = channel.ask(to.service, request, this.#from, this);
    }
  }

  answered(response: HttpResponse): void {
    this.#travel(this.#target, this.#from, () => {
      if (this.#settle()) this.#resolve(cut(response, this.#bodyBytes));
    });
  }

  failed(error: NetError): void {
    this.#travel(this.#target, this.#from, () => {
      if (this.#settle()) this.#reject(error);
    });
  }

  #expire(): void {
    const maybeApplied = this.#outbound?.wasSent() ?? true;
    if (this.#settle()) this.#reject(new NetError('ETIMEDOUT', maybeApplied, this.#target));
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#deadline.cancel();
    this.#onTheWay?.cancel();
    this.#forget?.();
    this.#outbound?.abort();
    return true;
  }
}

/** Listens at its location; rejects with a message that says what to do where it cannot. */
export async function createNetwork(options: NetworkOptions): Promise<OwnedNetwork> {
  const carrier = new Carrier(options);
  await carrier.listen();
  return carrier;
}
