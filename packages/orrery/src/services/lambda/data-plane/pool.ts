/**
 * Owns: the execution environments of a region: who gets one, when one is made, and when one ends.
 * Refuses to own: what happens inside one (environment.ts).
 *
 * P1  An environment runs one event at a time; the most recently used one that is free goes first.
 * P2  Concurrency is counted from acceptance to answer, against the reservation of the function
 *     or the unreserved rest of the account; above it the call is throttled at once, as by AWS.
 * P3  Processes never exceed `maxEnvironments`: beyond, the idlest one of another function makes
 *     room; where all are busy a call waits, at most `environmentWaitMs`, then it is throttled.
 *     (AWS has no such limit; one machine has.)
 * P4  Environments of an older generation of a function get no more events (F3).
 * P5  A function that answers in less time than a process needs to wake up is not given more
 *     processes than keep the processors busy: a call waits for one of those at hand, at most
 *     `briefWaitMs`. (Beside the machine's own, AWS would have an environment for each.) Where its
 *     process holds events itself, the call waits there, and is taken back if it has not begun by then.
 * P6  Environments start few at a time: on a machine with more to do than it can, those that start together
 *     take long together, and each call that comes meanwhile would start one more. A call takes whichever
 *     comes first: an environment that is free, or leave to start one (after `startWaitMs` it has that).
 */
import type { ServiceError } from '../../../endpoint/service.ts';
import type { Io, Timer } from '../../../io/io.ts';
import { assert } from '../../../stdx/assert.ts';
import type { CodeStore } from '../code.ts';
import { type ThrottleReason, tooManyRequests } from '../errors.ts';
import type { FunctionRecord, FunctionRegistry } from '../functions.ts';
import type { LambdaSettings } from '../options.ts';
import { Environment } from './environment.ts';
import { EnvironmentLog } from './environment-log.ts';
import type { Invocation } from './invocation.ts';
import { logStreamName } from './log-lines.ts';
import type { LogSink } from './log-sink.ts';
import type { Outcome } from './outcome.ts';
import { StandingLine } from './standing-line.ts';
import { WaitingRoom } from './waiting-room.ts';

const waitersMax = 1000;
/** An environment that answers within this is worth waiting for, and so long a call waits for one. */
const briefWaitMs = 2;
const briefUs = 1_000;
/** How many environments of such a function work at once before calls wait. */
const briefMax = 2;
/** How slowly a function's quickest answers are forgotten. */
const forgetting = 1 / 64;
const memoryWatchMs = 100;
/** How long a call waits at most before it starts one more environment than may start at a time. */
const startWaitMs = 1_000;
const reapEveryMsMax = 30_000;

interface Group {
  /** A stack: the most recently used one on top. */
  readonly idle: Environment[];
  /** Accepted and not yet answered. */
  inFlight: number;
  /** Environments with an event in hand. */
  readonly busy: Set<Environment>;
  /** About the quickest of the latest answers, in microseconds. */
  quickestUs: number;
  /** Calls that wait for one of those (P5, P6). */
  readonly room: WaitingRoom;
  made: number;
}

interface Waiter {
  readonly record: FunctionRecord;
  readonly timer: Timer;
  readonly resolve: (environment: Environment | undefined) => void;
}

export interface Ran {
  readonly outcome: Outcome;
  readonly environment: Environment;
}

export class EnvironmentPool {
  readonly #io: Io;
  readonly #settings: LambdaSettings;
  readonly #registry: FunctionRegistry;
  readonly #code: CodeStore;
  readonly #sink: LogSink;
  readonly #groups = new Map<string, Group>();
  readonly #all = new Set<Environment>();
  readonly #busy = new Set<Environment>();
  /** Those whose first init is not over. */
  readonly #starting = new Set<Environment>();
  readonly #standing: StandingLine;
  #waiters: Waiter[] = [];
  #unreservedInFlight = 0;
  #isClosed = false;
  #reaper: Timer | undefined;
  #watcher: Timer | undefined;

  constructor(
    io: Io,
    settings: LambdaSettings,
    registry: FunctionRegistry,
    code: CodeStore,
    sink: LogSink,
  ) {
    this.#io = io;
    this.#settings = settings;
    this.#registry = registry;
    this.#code = code;
    this.#sink = sink;
    this.#standing = new StandingLine(io, briefWaitMs);
    registry.onChange((name, record) => this.#retire(name, record));
  }

  /** Runs an event. Answers the throttle as a value, so that callers choose what to do with it. */
  async invoke(record: FunctionRecord, invocation: Invocation): Promise<Ran | ServiceError> {
    const group = this.#group(record.name);
    const throttle = this.#throttled(record, group);
    if (throttle !== undefined) return tooManyRequests(throttle);
    const isUnreserved = record.reservedConcurrency === null;
    group.inFlight += 1;
    if (isUnreserved) this.#unreservedInFlight += 1;
    try {
      const before = this.#oneToStandBehind(record, group);
      if (before !== undefined) {
        const ran = await this.#runBehind(group, before, invocation);
        if (ran !== 'not-begun') return ran;
        if (this.#isClosed) return this.#allBusy();
      }
      // Nothing is waited for that is there: calls of the same moment must see each other.
      const soon = before === undefined ? this.#oneSoon(record, group) : undefined;
      const environment =
        (soon instanceof Promise ? await soon : soon) ??
        this.#take(record, group) ??
        (await this.#wait(record));
      if (environment === undefined) return this.#allBusy();
      return await this.#run(group, environment, invocation);
    } finally {
      group.inFlight -= 1;
      if (isUnreserved) this.#unreservedInFlight -= 1;
    }
  }

  #allBusy(): ServiceError {
    return tooManyRequests(
      'ConcurrentInvocationLimitExceeded',
      `Rate Exceeded. (All ${this.#settings.maxEnvironments} environments of this machine ` +
        'are busy; see maxEnvironments.)',
    );
  }

  async #run(group: Group, environment: Environment, invocation: Invocation): Promise<Ran> {
    this.#busy.add(environment);
    group.busy.add(environment);
    this.#watch();
    const startedUs = this.#io.clock.monotonicUs();
    try {
      const outcome = await environment.invoke(invocation);
      assert(outcome !== 'not-begun', 'an event that stands behind no other begins');
      const tookUs = this.#io.clock.monotonicUs() - startedUs;
      const { quickestUs } = group;
      group.quickestUs =
        tookUs < quickestUs ? tookUs : quickestUs + (tookUs - quickestUs) * forgetting;
      return { outcome, environment };
    } finally {
      this.#ended(environment, group);
    }
  }

  /** The busy environment with the shortest line, where the function is quick and there is room (P5). */
  #oneToStandBehind(record: FunctionRecord, group: Group): Environment | undefined {
    if (group.busy.size < briefMax || group.quickestUs > briefUs) return undefined;
    let best: Environment | undefined;
    let fewest = Number.POSITIVE_INFINITY;
    for (const environment of group.busy) {
      const { behind } = environment;
      if (behind === undefined || behind >= fewest) continue;
      if (environment.record.generation !== record.generation) continue;
      best = environment;
      fewest = behind;
    }
    return best;
  }

  async #runBehind(
    group: Group,
    environment: Environment,
    invocation: Invocation,
  ): Promise<Ran | 'not-begun'> {
    this.#standing.add(environment, invocation.requestId);
    try {
      const outcome = await environment.invokeBehind(invocation);
      return outcome === 'not-begun' ? outcome : { outcome, environment };
    } finally {
      this.#ended(environment, group);
    }
  }

  /** One event of an environment is answered: where it was the last, the environment is free. */
  #ended(environment: Environment, group: Group): void {
    if (environment.isBusy || !this.#busy.delete(environment)) return;
    group.busy.delete(environment);
    this.#release(environment, group);
  }

  /** Environments now, with and without an event in hand. */
  get counts(): { environments: number; busy: number; waiting: number } {
    return {
      environments: this.#all.size,
      busy: this.#busy.size,
      waiting: this.#waiters.length,
    };
  }

  /** Ends every environment; calls in hand end as by a crash. */
  close(): void {
    this.#isClosed = true;
    this.#reaper?.cancel();
    this.#watcher?.cancel();
    for (const waiter of this.#waiters) waiter.timer.cancel();
    for (const waiter of this.#waiters.splice(0)) waiter.resolve(undefined);
    for (const environment of this.#all) environment.close();
    this.#all.clear();
    for (const group of this.#groups.values()) {
      group.room.close();
      group.idle.length = 0;
    }
  }

  #group(name: string): Group {
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = {
        idle: [],
        inFlight: 0,
        busy: new Set(),
        quickestUs: Number.POSITIVE_INFINITY,
        room: new WaitingRoom(this.#io),
        made: 0,
      };
      this.#groups.set(name, group);
    }
    return group;
  }

  #throttled(record: FunctionRecord, group: Group): ThrottleReason | undefined {
    if (record.reservedConcurrency !== null) {
      return group.inFlight >= record.reservedConcurrency
        ? 'ReservedFunctionConcurrentInvocationLimitExceeded'
        : undefined;
    }
    const unreservedMax = this.#settings.accountConcurrency - this.#registry.reservedTotal;
    return this.#unreservedInFlight >= unreservedMax
      ? 'ConcurrentInvocationLimitExceeded'
      : undefined;
  }

  #takeIdle(record: FunctionRecord, group: Group): Environment | undefined {
    for (let top = group.idle.pop(); top !== undefined; top = group.idle.pop()) {
      if (top.record.generation === record.generation) return top;
      this.#end(top);
    }
    return undefined;
  }

  #take(record: FunctionRecord, group: Group): Environment | undefined {
    const idle = this.#takeIdle(record, group);
    if (idle !== undefined) return idle;
    if (this.#all.size < this.#settings.maxEnvironments || this.#evict()) return this.#make(record);
    return undefined;
  }

  #make(record: FunctionRecord): Environment {
    const { region, logBytesPerInvocation } = this.#settings;
    const group = this.#group(record.name);
    group.made += 1;
    const hex = this.#io.random.uuid().replaceAll('-', '');
    const stream = logStreamName(this.#io.clock.wallMs(), hex);
    const environment = new Environment({
      io: this.#io,
      settings: this.#settings,
      record,
      label: `${region}/${record.name}#${group.made}`,
      log: new EnvironmentLog(this.#io, this.#sink, record.logGroup, stream, logBytesPerInvocation),
      directory: () => this.#code.directory(record.codeDigest),
      onStarted: () => this.#started(environment),
    });
    this.#starting.add(environment);
    this.#all.add(environment);
    return environment;
  }

  /** Ends the environment that has been idle longest. False where none is idle. */
  #evict(): boolean {
    let oldest: Environment | undefined;
    for (const { idle } of this.#groups.values()) {
      const bottom = idle[0];
      if (bottom !== undefined && bottom.lastUsedUs < (oldest?.lastUsedUs ?? Infinity)) {
        oldest = bottom;
      }
    }
    if (oldest === undefined) return false;
    this.#group(oldest.record.name).idle.shift();
    this.#end(oldest);
    return true;
  }

  /** An environment that is at hand soon, where that is better than another one (P5, P6). */
  #oneSoon(
    record: FunctionRecord,
    group: Group,
  ): Promise<Environment | undefined> | Environment | undefined {
    if (group.busy.size >= briefMax && group.quickestUs <= briefUs) {
      return group.room.wait(record, briefWaitMs, false);
    }
    const idle = this.#takeIdle(record, group);
    if (idle !== undefined || this.#starting.size < this.#settings.startsMax) return idle;
    return group.room.wait(record, startWaitMs, true);
  }

  #started(environment: Environment): void {
    if (!this.#starting.delete(environment)) return;
    let oldest: WaitingRoom | undefined;
    for (const { room } of this.#groups.values()) {
      const sinceUs = room.startSinceUs;
      if (sinceUs !== undefined && sinceUs < (oldest?.startSinceUs ?? Infinity)) oldest = room;
    }
    oldest?.letStart();
  }

  #wait(record: FunctionRecord): Promise<Environment | undefined> {
    if (this.#waiters.length >= waitersMax) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const waitMs = this.#settings.environmentWaitMs;
      const timer = this.#io.timers.after(waitMs, 'lambda environment wait', () => {
        this.#waiters = this.#waiters.filter((one) => one !== waiter);
        resolve(undefined);
      });
      const waiter: Waiter = { record, timer, resolve };
      this.#waiters.push(waiter);
    });
  }

  #release(environment: Environment, group: Group): void {
    if (!this.#all.has(environment)) return;
    const current = this.#registry.get(environment.record.name);
    const fresh = current?.generation === environment.record.generation;
    environment.lastUsedUs = this.#io.clock.monotonicUs();
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      waiter.timer.cancel();
      const fits =
        waiter.record.name === environment.record.name &&
        waiter.record.generation === environment.record.generation;
      if (!fits) this.#end(environment);
      waiter.resolve(fits ? environment : this.#make(waiter.record));
      return;
    }
    if (!fresh) {
      this.#end(environment);
      return;
    }
    if (group.room.give(environment)) return;
    group.idle.push(environment);
    this.#armReaper();
  }

  #end(environment: Environment): void {
    this.#all.delete(environment);
    environment.close();
  }

  #retire(name: string, record: FunctionRecord | undefined): void {
    const group = this.#groups.get(name);
    if (group === undefined) return;
    const old = group.idle.filter((one) => one.record.generation !== record?.generation);
    if (old.length > 0) {
      const kept = group.idle.filter((one) => !old.includes(one));
      group.idle.splice(0, group.idle.length, ...kept);
      for (const environment of old) this.#end(environment);
    }
    if (record === undefined && group.inFlight === 0) this.#groups.delete(name);
  }

  #armReaper(): void {
    if (this.#reaper !== undefined) return;
    const wait = Math.min(this.#settings.idleMs, reapEveryMsMax);
    this.#reaper = this.#io.timers.after(wait, 'lambda reaper', () => {
      this.#reaper = undefined;
      const before = this.#io.clock.monotonicUs() - this.#settings.idleMs * 1000;
      let left = 0;
      for (const { idle } of this.#groups.values()) {
        const stay = idle.findIndex((one) => one.lastUsedUs > before);
        const over = idle.splice(0, stay === -1 ? idle.length : stay);
        for (const environment of over) this.#end(environment);
        left += idle.length;
      }
      if (left > 0) this.#armReaper();
    });
  }

  #watch(): void {
    if (this.#watcher !== undefined) return;
    this.#watcher = this.#io.timers.after(memoryWatchMs, 'lambda memory watch', () => {
      this.#watcher = undefined;
      for (const environment of this.#busy) environment.watchMemory();
      if (this.#busy.size > 0) this.#watch();
    });
  }
}
