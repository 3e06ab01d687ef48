/**
 * Messages in virtual time. Owns: who serves what, latency, loss, and the outcome of every call.
 * Refuses to own faults: it reads `NetworkConditions` at every message, as `io/node` does.
 *
 * N1  Both ways are messages of their own: each pays half the round trip and jitter, and each can
 *     be lost; the caller then waits until its deadline and cannot know which one it was.
 * N2  Bytes are copied; nothing is shared between two processes.
 * N3  A process that is down refuses; one that dies with the request in hand resets.
 */
import { type LinkState, linkState, type NetworkConditions } from '../conditions.ts';
import {
  type Address,
  type Closer,
  type Handler,
  type HttpRequest,
  type HttpResponse,
  type Location,
  NetError,
  type Network,
  type Random,
  type RequestOptions,
} from '../io.ts';
import type { Kernel, Owner } from './kernel.ts';
import { namedRandom } from './random.ts';

export interface NetworkProfile {
  /** Round trip between two locations, integer microseconds. */
  readonly rttUs: (a: Location, b: Location) => number;
  /** At most so much is added to every message. */
  readonly jitterUs: number;
  /** The region that answers at an IP address, if any does. */
  readonly regionOfIp: (ip: string) => string | undefined;
}

interface Caller {
  readonly owner: Owner;
  readonly location: Location;
}

interface Served {
  readonly owner: Owner;
  readonly location: Location;
  readonly handler: Handler;
}

/** One request under way. */
interface Call {
  readonly caller: Owner;
  readonly from: Location;
  readonly to: Location;
  readonly settle: (outcome: HttpResponse | NetError) => void;
  /** The connection stands: from now on the answer has its own time, where it has one. */
  readonly connected: () => void;
}

export class SimulatedNetwork {
  readonly conditions: NetworkConditions = { links: [] };
  readonly #kernel: Kernel;
  readonly #seed: number;
  readonly #profile: NetworkProfile;
  readonly #served = new Map<string, Served>();
  readonly #inHand = new Map<Owner, Set<Call>>();
  readonly #streams = new Map<string, Random>();

  constructor(kernel: Kernel, seed: number, profile: NetworkProfile) {
    this.#kernel = kernel;
    this.#seed = seed;
    this.#profile = profile;
  }

  networkOf(caller: Caller): Network {
    return {
      request: (to, request, options) => this.#request(caller, to, request, options),
      connect: async (to, options) => {
        await this.#request(caller, to, undefined, options);
      },
      serve: (service, handler) => this.#serve(caller, service, handler),
    };
  }

  /** What the network sees of a death: requests in hand are reset, services refuse. */
  crash(owner: Owner): void {
    for (const call of this.#inHand.get(owner) ?? []) {
      this.#answer(call, 'network.reset', new NetError('ECONNRESET', true));
    }
    this.#inHand.delete(owner);
    for (const [address, served] of this.#served) {
      if (served.owner === owner) this.#served.delete(address);
    }
  }

  #serve(caller: Caller, service: string, handler: Handler): Closer {
    this.#kernel.assertRunning(caller.owner, 'network');
    const address = `${caller.location}/${service}`;
    if (this.#served.has(address)) throw new Error(`${address} is served already`);
    const served = { owner: caller.owner, location: caller.location, handler };
    this.#served.set(address, served);
    return {
      close: async () => {
        if (this.#served.get(address) === served) this.#served.delete(address);
      },
    };
  }

  #request(
    { owner, location }: Caller,
    to: Address,
    request: HttpRequest | undefined,
    options: RequestOptions,
  ): Promise<HttpResponse> {
    this.#kernel.assertRunning(owner, 'network');
    const region = 'ip' in to ? this.#profile.regionOfIp(to.ip) : to.region;
    const service = 'ip' in to ? 'front-door' : to.service;
    return new Promise((resolve, reject) => {
      let open = true;
      const settle = (outcome: HttpResponse | NetError): void => {
        if (!open) return;
        open = false;
        this.#kernel.cancel(deadline);
        if (outcome instanceof NetError) reject(outcome);
        else resolve(cut(outcome, options.bodyBytes));
      };
      const expireIn = (ms: number) =>
        this.#kernel.schedule(owner, ms * 1000, 'network.deadline', () =>
          settle(new NetError('ETIMEDOUT', true, `no answer in ${ms} ms`)),
        );
      let deadline = expireIn(options.deadlineMs);
      const from = options.from ?? location;
      // An address that is no region's is nowhere in this world: nothing answers.
      if (region === undefined) return;
      const connected = (): void => {
        if (options.answerMs === undefined || !open) return;
        this.#kernel.cancel(deadline);
        deadline = expireIn(options.answerMs + this.#wayBackMs(region, from));
      };
      const call: Call = { caller: owner, from, to: region, settle, connected };
      const sent = request && {
        ...request,
        headers: { ...request.headers },
        body: copyOf(request.body),
      };
      this.#send(from, region, 'network.request', () => this.#arrive(call, service, sent));
    });
  }

  /** Without a request a connection is all that is wanted. */
  #arrive(call: Call, service: string, request: HttpRequest | undefined): void {
    const address = `${call.to}/${service}`;
    const served = this.#served.get(address);
    if (served === undefined || !served.owner.alive) {
      this.#answer(call, 'network.refused', new NetError('ECONNREFUSED', false, address));
      return;
    }
    if (request === undefined) {
      this.#answer(call, 'network.connected', connected);
      return;
    }
    call.connected();
    const { owner, handler } = served;
    this.#kernel.hash.bytes(request.body);
    const inHand = this.#inHandOf(owner).add(call);
    const finish = (label: string, outcome: HttpResponse | NetError): void => {
      if (inHand.delete(call)) this.#answer(call, label, outcome);
    };
    this.#kernel.schedule(owner, 0, `serve ${service} ${request.method} ${request.path}`, () => {
      const failed = (error: unknown): void => {
        if (this.#kernel.strict) this.#kernel.fail('handlers answer', String(error), owner.id);
        finish('network.reset', new NetError('ECONNRESET', true));
      };
      const answered = (response: HttpResponse): void => finish('network.response', response);
      try {
        const response = handler(request, call.from);
        if (response instanceof Promise) response.then(answered, failed);
        else answered(response);
      } catch (error) {
        failed(error);
      }
    });
  }

  /** At most, unless it is lost. */
  #wayBackMs(from: Location, to: Location): number {
    const { rttUs, jitterUs } = this.#profile;
    const { extraLatencyMs } = linkState(this.conditions, from, to);
    return (rttUs(from, to) / 2 + jitterUs) / 1000 + extraLatencyMs;
  }

  #answer(call: Call, label: string, outcome: HttpResponse | NetError): void {
    const copy =
      outcome instanceof NetError
        ? outcome
        : { ...outcome, headers: { ...outcome.headers }, body: copyOf(outcome.body) };
    if (!(copy instanceof NetError)) {
      this.#kernel.hash.number(copy.status);
      this.#kernel.hash.bytes(copy.body);
    }
    this.#send(call.to, call.from, label, () => call.settle(copy), call.caller);
  }

  /** One message: arrives as an event of its receiver (of the world, where that is not known yet). */
  #send(
    from: Location,
    to: Location,
    label: string,
    arrive: () => void,
    receiver: Owner = this.#kernel.world,
  ): void {
    const stream = this.#stream(from, to);
    const jitterUs = stream.int(0, this.#profile.jitterUs);
    const state: LinkState = linkState(this.conditions, from, to);
    const lost = state.lossProbability > 0 && stream.chance(state.lossProbability);
    if (state.cut || lost) {
      this.#kernel.observe(from, `network.vanished to ${to}`);
      return;
    }
    const delayUs = this.#profile.rttUs(from, to) / 2 + state.extraLatencyMs * 1000 + jitterUs;
    this.#kernel.schedule(receiver, delayUs, label, arrive);
  }

  #inHandOf(owner: Owner): Set<Call> {
    let calls = this.#inHand.get(owner);
    if (calls === undefined) {
      calls = new Set();
      this.#inHand.set(owner, calls);
    }
    return calls;
  }

  #stream(from: Location, to: Location): Random {
    const name = `network/${from}->${to}`;
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      stream = namedRandom(this.#seed, name);
      this.#streams.set(name, stream);
    }
    return stream;
  }
}

const connected: HttpResponse = { status: 0, headers: {}, body: new Uint8Array(0) };

function cut(response: HttpResponse, bodyBytes = Number.POSITIVE_INFINITY): HttpResponse {
  if (response.body.length <= bodyBytes) return response;
  return { ...response, body: response.body.subarray(0, bodyBytes) };
}

/** A copy with its own memory (`slice` of a Buffer would be a view). */
function copyOf(body: Uint8Array): Uint8Array {
  return body.length === 0 ? body : Buffer.from(body);
}
