/**
 * The seam: everything a service may know of the world outside itself.
 *
 * Owns: the interfaces. Refuses to own: any implementation (`io/node`, `io/simulated`).
 *
 * Invariants that every implementation keeps (checked by `io/io.case.ts` on both):
 *  I1  Time, chance, network, disk and child processes reach a service only through an `Io`.
 *  I2  A timer dies with the process that made it; no callback of a dead process runs.
 *  I3  `Store.transaction` is synchronous and atomic: all of it, or nothing, survives a crash.
 *  I4  What was committed before `flushed()` was called survives a crash once it has resolved.
 *  I5  `Network.request` and `connect` settle within their deadline (or `answerMs` after the
 *      connection), and reject with `NetError` only.
 *  I6  Messages are bytes: nothing is shared by reference between two processes.
 */

/**
 * Where a message starts or ends, for latency and faults: a region id (`us-east-1`), a place with
 * an `@` in front (`@tokyo`), or `global` (the edge: Route 53 and the other global services).
 */
export type Location = string;

/** One operating-system process of the cloud, real or simulated, as its services see it. */
export interface Io {
  /** Unique in the cloud and stable over restarts: `region/us-east-1`, `edge`. */
  readonly id: string;
  readonly location: Location;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly network: Network;
  readonly storage: Storage;
  readonly processes: Processes;
  readonly probe: Probe;
}

export interface Clock {
  /** Wall clock, epoch milliseconds, an integer. It may jump and, in simulation, be skewed. */
  wallMs(): number;
  /** Microseconds since this process started; never goes back. For durations. */
  monotonicUs(): number;
}

export interface Timer {
  cancel(): void;
}

/** Labels appear in the trace and name what differs between two runs. */
export interface Timers {
  after(delayMs: number, label: string, run: () => void): Timer;
  /** The next tick is armed before `run` is called; there is no drift correction. */
  every(intervalMs: number, label: string, run: () => void): Timer;
  sleep(delayMs: number, label: string): Promise<void>;
}

/** A named stream of chance. Split per consumer, so one consumer's draws never shift another's. */
export interface Random {
  /** Uniform in [0, 2^32). */
  u32(): number;
  /** Uniform in [0, 1). */
  float(): number;
  /** Uniform integer in [low, high], both included. */
  int(low: number, high: number): number;
  chance(probability: number): boolean;
  bytes(length: number): Uint8Array;
  /** A version-4 UUID. */
  uuid(): string;
  split(label: string): Random;
}

/** A whole HTTP message. Header names are lower case. `path` holds the query string too. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

export interface HttpResponse {
  readonly status: number;
  /** A list where a header stands several times (`set-cookie`). */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Uint8Array;
  /**
   * Whoever has passed the body on, and knows that nobody looks at its bytes any more, may call this:
   * they serve again then. Nobody must.
   */
  readonly release?: () => void;
}

/** A service of one region, or of the edge (`region: 'global'`). */
export interface ServiceAddress {
  readonly region: string;
  readonly service: string;
}

/**
 * A host by IP address, as clients and health checkers reach it. An address of a region of this
 * cloud (see `world/addresses.ts`) leads to that region's front door whatever the port, 443 (TLS
 * taken as terminated) and 80 included; any other address is reached as it is.
 */
export interface HostAddress {
  readonly ip: string;
  readonly port: number;
  readonly tls: boolean;
  readonly serverName?: string;
}

export type Address = ServiceAddress | HostAddress;

export type NetErrorCode =
  | 'ECONNREFUSED'
  | 'ECONNRESET'
  | 'ETIMEDOUT'
  | 'ENOTFOUND'
  | 'EHOSTUNREACH'
  | 'EPROTO';

/** The only thing that `Network.request` and `connect` reject with. */
export class NetError extends Error {
  readonly code: NetErrorCode;
  /** True where the request may have been carried out although no answer came. */
  readonly maybeApplied: boolean;
  constructor(code: NetErrorCode, maybeApplied: boolean, detail = '') {
    super(detail === '' ? code : `${code}: ${detail}`);
    this.name = 'NetError';
    this.code = code;
    this.maybeApplied = maybeApplied;
  }
}

export interface RequestOptions {
  /** From the call to the last byte of the answer; then ETIMEDOUT with `maybeApplied`. */
  readonly deadlineMs: number;
  /**
   * Once the connection stands, the answer must be there so soon, and `deadlineMs` is over with. Where
   * connection and request are one message, they stand when it arrives, and the way back is added.
   */
  readonly answerMs?: number;
  /** Where the caller stands; its own location unless told otherwise (checkers, client proxy). */
  readonly from?: Location;
  /**
   * The caller wants no more of the body: the answer is there with so many bytes of it (or all,
   * where there are fewer), whatever would follow. 0 is the headers alone.
   */
  readonly bodyBytes?: number;
}

export type Handler = (
  request: HttpRequest,
  from: Location,
) => HttpResponse | Promise<HttpResponse>;

export interface Closer {
  close(): Promise<void>;
}

/**
 * Requests and answers in whole messages. Between two locations a message pays half the modelled
 * round-trip time each way and obeys the faults in force (partition, latency, loss).
 */
export interface Network {
  request(to: Address, request: HttpRequest, options: RequestOptions): Promise<HttpResponse>;
  /** Opens a TCP connection and closes it at once: settles as `request` does. */
  connect(to: HostAddress, options: RequestOptions): Promise<void>;
  /** Serves `{region: this process's, service}`; at most one handler per service. */
  serve(service: string, handler: Handler): Closer;
}

export interface Entry {
  readonly key: Uint8Array;
  readonly value: string;
}

export interface RangeOptions {
  readonly start: Uint8Array;
  readonly end: Uint8Array;
  /** From `end` (exclusive) down to `start` (inclusive). */
  readonly reverse?: boolean;
  readonly limit?: number;
}

/** A value as the store holds it: its text in UTF-8, lent until the store is used again. */
export interface ValueView {
  readonly bytes: Uint8Array;
  /** How many of the bytes, from the first, are the value; what follows means nothing. */
  readonly length: number;
}

/** The same of an entry of a range. */
export interface EntryView extends ValueView {
  /** A copy of the key, also when other values were looked at meanwhile. */
  key(): Uint8Array;
}

/** Keys are at most 1,900 bytes and order as unsigned bytes. Values are text. */
export interface ReadTransaction {
  get(key: Uint8Array): string | undefined;
  /** `get` without making a text of it, for those who only pass the bytes on. */
  view(key: Uint8Array): ValueView | undefined;
  /** `start` inclusive, `end` exclusive. Consume it before the next write or await. */
  range(options: RangeOptions): Iterable<Entry>;
  /** `range` likewise: shows entry by entry until `visit` says false. Not within another one. */
  visit(options: RangeOptions, visit: (entry: EntryView) => boolean): void;
}

export interface WriteTransaction extends ReadTransaction {
  put(key: Uint8Array, value: string): void;
  delete(key: Uint8Array): void;
}

export interface Store extends ReadTransaction {
  /** Runs `run` at once and commits what it wrote; a throw inside commits nothing. Not nested. */
  transaction<T>(run: (transaction: WriteTransaction) => T): T;
  /**
   * `transaction` for those who write little and often: all see at once what it wrote, and it is
   * committed together with what else comes in these moments, before `flushed()` resolves. It reads no
   * range after it has written, and leaves its keys' bytes alone. Where that commit fails, all of it is
   * undone, and `flushed()` rejects.
   */
  grouped<T>(run: (transaction: WriteTransaction) => T): T;
  /** Told when a group was undone, before anyone else is: what is remembered of it is wrong. */
  onUndone(listener: () => void): void;
  /** Resolves when all that is committed so far survives a crash. Acknowledge only after it. */
  flushed(): Promise<void>;
  close(): Promise<void>;
}

export interface Storage {
  /** Opens (or makes) the store of that name, of this process alone. Throws `StorageError`. */
  open(name: string): Promise<Store>;
}

/** The disk refuses: unreadable, full, corrupt. The message says what to do next. */
export class StorageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'StorageError';
  }
}

export interface ProcessExit {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A child process with a private HTTP endpoint towards its parent: the Lambda Runtime API. */
export interface LaunchSpec {
  /** For traces and listings: `us-east-1/orders-create#3`. */
  readonly label: string;
  /** What `materialize` returned: the directory of the code. */
  readonly directory: string;
  /** `nodejs22.x`, `nodejs24.x`; the implementation picks the program and the runtime client. */
  readonly runtime: string;
  /** AWS_LAMBDA_RUNTIME_API and LAMBDA_TASK_ROOT are added. Nothing of the parent's leaks in. */
  readonly environment: Readonly<Record<string, string>>;
  readonly memoryMb: number;
  /** Answers the child's requests; a long poll may wait as long as it likes. */
  readonly serve: (request: HttpRequest) => Promise<HttpResponse>;
  /** Called with what the child prints, as it comes, in pieces of at most 64 KiB. */
  readonly onOutput: (stream: 'stdout' | 'stderr', text: string) => void;
  /** Called once, also after `kill`, also when the program could not be started. */
  readonly onExit: (exit: ProcessExit) => void;
}

export interface ChildProcess {
  readonly pid: number;
  kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): void;
  /** How many `next` it may have waiting, to hold events ahead of the one in hand; 1 if absent. */
  readonly slots?: number;
  /** Takes back an event that it was given and has not begun; false where it has. */
  withdraw?(requestId: string): boolean;
  /** Resident bytes now; undefined where it cannot be told. */
  memoryBytes(): number | undefined;
}

export interface Processes {
  /** Puts files on disk once per digest and returns their directory. */
  materialize(digest: string, files: ReadonlyMap<string, Uint8Array>): Promise<string>;
  launch(spec: LaunchSpec): ChildProcess;
}

export type ProbeData = Readonly<Record<string, string | number | boolean>>;

/** Observation, and in simulation deliberate mischief. It never decides anything. */
export interface Probe {
  event(kind: string, data: ProbeData): void;
  /** An invariant; a false one fails a simulation and is logged loudly in live mode. */
  always(holds: boolean, what: string): void;
  /** A situation that a campaign must reach at least once. */
  sometimes(reached: boolean, what: string): void;
  /** Always false in live mode. */
  buggify(point: string, probability?: number): boolean;
}
