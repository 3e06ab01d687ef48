/**
 * Owns: one execution environment: a process at a time, an event at a time, and the way from
 * launch over init and invocation to reset.
 * Refuses to own: how many there are (pool.ts) and the Runtime API's form (runtime-api.ts).
 *
 *   (no process) ─launch→ init ─next→ ready ⇄ event delivered / answered
 *        ↑                  │ fails or takes over 10 s: again, as part of the invocation
 *        └── timeout, exit ─┴──────────────┘ (the environment stays, "suppressed init" follows)
 *
 * V1  At most one invocation is in hand; each settles exactly once. Others may stand behind it, ahead of
 *     their turn, where the process holds events itself: they can be withdrawn until they begin.
 * V2  What a process of an earlier launch says or does no longer counts.
 * V3  An invocation ends at its timeout, whatever the process does: it is killed.
 */
import type { ChildProcess, Io, ProcessExit, Timer } from '../../../io/io.ts';
import { assert } from '../../../stdx/assert.ts';
import type { FunctionRecord } from '../functions.ts';
import type { LambdaSettings } from '../options.ts';
import type { EnvironmentLog } from './environment-log.ts';
import { Accepted, type Invocation, type NotBegun, newTraceId } from './invocation.ts';
import { endLine, initReportLine, reportLine, startLine, timeoutLine } from './log-lines.ts';
import { MemoryGauge } from './memory-gauge.ts';
import { exited, type Outcome, responseBytesMax, responseTooLarge, timedOut } from './outcome.ts';
import {
  type Answered,
  type RuntimeEvent,
  type RuntimePort,
  runtimeApi,
  type Verdict,
} from './runtime-api.ts';
import { environmentVariables } from './variables.ts';

type Phase = 'none' | 'init' | 'suppressed-init' | 'ready';

const initLimitMs = 10_000;
const mebibyte = 1_048_576;

export interface EnvironmentParts {
  readonly io: Io;
  readonly settings: LambdaSettings;
  readonly record: FunctionRecord;
  readonly label: string;
  readonly log: EnvironmentLog;
  /** The directory of the code. */
  readonly directory: () => Promise<string>;
  /** The first init is over, however it ended; may be told again. */
  readonly onStarted: () => void;
}

export class Environment implements RuntimePort {
  readonly record: FunctionRecord;
  /** For the pool: monotonic time of the last return. */
  lastUsedUs = 0;
  readonly #parts: EnvironmentParts;
  readonly #io: Io;
  readonly #log: EnvironmentLog;
  #child: ChildProcess | undefined;
  #launches = 0;
  #phase: Phase = 'none';
  #closed = false;
  /** The calls of `next` that wait. */
  readonly #deliver: ((event: RuntimeEvent) => void)[] = [];
  /** First the invocation in hand, then those handed over ahead of their turn. */
  readonly #line: Accepted[] = [];
  #initStartedUs = 0;
  #initTimer: Timer | undefined;
  #initMs: number | undefined;
  #initError: string | undefined;
  readonly #memory: MemoryGauge;

  constructor(parts: EnvironmentParts) {
    this.#parts = parts;
    this.#io = parts.io;
    this.#log = parts.log;
    this.record = parts.record;
    this.#memory = new MemoryGauge(parts.io.clock, () => this.#child?.memoryBytes());
  }

  /** Runs one event. Rejects only where the machine refuses (disk): the caller's 5xx. */
  invoke(invocation: Invocation): Promise<Outcome | NotBegun> {
    assert(this.#current === undefined && !this.#closed, 'an environment takes one event at once');
    return new Promise((resolve, reject) => {
      const current = this.#accept(invocation, resolve, reject);
      if (this.#phase === 'none') {
        this.#launch(this.#launches === 0 ? 'init' : 'suppressed-init');
      } else {
        this.#startClock(current);
        this.#deliverNext(current);
      }
    });
  }

  get isBusy(): boolean {
    return this.#line.length > 0;
  }

  /** How many events stand behind the one in hand; undefined where no other has room. */
  get behind(): number | undefined {
    return this.#deliver.length > 0 && this.#line.length > 0 ? this.#line.length - 1 : undefined;
  }

  /** Hands an event over behind the one in hand. Only where `behind` is a number. */
  invokeBehind(invocation: Invocation): Promise<Outcome | NotBegun> {
    return new Promise((resolve, reject) => {
      this.#deliverNext(this.#accept(invocation, resolve, reject));
    });
  }

  /** Takes an event back that stands behind another one: its invocation settles as not begun. */
  withdraw(requestId: string): void {
    const at = this.#line.findIndex((one) => one.invocation.requestId === requestId);
    if (at < 1 || this.#child?.withdraw?.(requestId) !== true) return;
    for (const one of this.#line.splice(at, 1)) one.resolve('not-begun');
  }

  get #current(): Accepted | undefined {
    return this.#line[0];
  }

  #accept(
    invocation: Invocation,
    resolve: Accepted['resolve'],
    reject: Accepted['reject'],
  ): Accepted {
    const accepted = new Accepted(invocation, this.#io.random.uuid(), resolve, reject);
    this.#line.push(accepted);
    return accepted;
  }

  /** Base64 tail of the last invocation's log. */
  tail(): string {
    return this.#log.tail();
  }

  /** Ends the process and the environment. An invocation in hand ends as by a crash. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#kill();
    this.#sendBack();
    this.#settle(
      exited(this.#current?.invocation.requestId ?? '', { code: null, signal: 'SIGKILL' }),
    );
    this.#log.settle();
  }

  /** Kills a process that holds more memory than its function may. */
  watchMemory(): void {
    const current = this.#current;
    if (current === undefined || this.#child === undefined) return;
    const limit = (this.record.memoryMb + this.#parts.settings.memoryAllowanceMb) * mebibyte;
    if (this.#memory.read('now') <= limit) return;
    this.#io.probe.event('lambda.out-of-memory', { function: this.record.name });
    this.#child.kill('SIGKILL');
  }

  // ── the Runtime API's side ────────────────────────────────────────────────────────────────

  next(): Promise<RuntimeEvent> | undefined {
    const delivered = this.#line.reduce((sum, one) => sum + (one.delivered ? 1 : 0), 0);
    if (delivered + this.#deliver.length >= (this.#child?.slots ?? 1)) return undefined;
    if (this.#phase === 'init') {
      this.#initMs = (this.#io.clock.monotonicUs() - this.#initStartedUs) / 1000;
      if (this.#current !== undefined) this.#startClock(this.#current);
    }
    this.#initTimer?.cancel();
    if (this.#phase !== 'ready') this.#parts.onStarted();
    this.#phase = 'ready';
    const event = new Promise<RuntimeEvent>((resolve) => {
      this.#deliver.push(resolve);
    });
    const current = this.#current;
    if (current !== undefined && !current.delivered) this.#deliverNext(current);
    return event;
  }

  respond(answered: Answered, payload: Uint8Array): Verdict {
    const verdict = this.#checkAnswer(answered);
    if (verdict !== 'accepted') return verdict;
    if (payload.length > responseBytesMax) {
      this.#settle(responseTooLarge(), answered.tookUs);
      return 'too-large';
    }
    this.#settle({ payload, failed: false }, answered.tookUs);
    return 'accepted';
  }

  fail(answered: Answered, payload: Uint8Array, errorType: string | undefined): Verdict {
    const verdict = this.#checkAnswer(answered);
    if (verdict !== 'accepted') return verdict;
    const outcome = { payload, failed: true, errorType: errorType ?? 'Unhandled' } as const;
    this.#settle({ ...outcome, status: 'error' }, answered.tookUs);
    return 'accepted';
  }

  failInit(payload: Uint8Array, errorType: string | undefined): Verdict {
    if (this.#phase !== 'init' && this.#phase !== 'suppressed-init') return 'state';
    if (this.#phase === 'init') {
      // The process ends itself now; init runs again then, as part of the invocation.
      this.#initError = errorType ?? 'Runtime.Unknown';
    } else {
      const type = errorType ?? 'Runtime.Unknown';
      this.#settle({ payload, failed: true, status: 'error', errorType: type });
      this.#kill();
    }
    return 'accepted';
  }

  #checkAnswer({ requestId, invocationId }: Answered): Verdict {
    const current = this.#current;
    if (current === undefined || !current.delivered) return 'unknown-request';
    if (requestId !== current.invocation.requestId) return 'unknown-request';
    if (invocationId !== undefined && invocationId !== current.invocationId) {
      return 'wrong-invocation';
    }
    return 'accepted';
  }

  // ── launch, init, exit ────────────────────────────────────────────────────────────────────

  #launch(phase: 'init' | 'suppressed-init'): void {
    this.#launches += 1;
    const launch = this.#launches;
    this.#phase = phase;
    this.#initMs = undefined;
    this.#initError = undefined;
    this.#memory.reset();
    const current = this.#current;
    if (phase === 'suppressed-init' && current !== undefined) this.#startClock(current);
    this.#parts.directory().then(
      (directory) => {
        if (launch === this.#launches && !this.#closed) this.#start(launch, phase, directory);
      },
      (error: unknown) => {
        this.#parts.onStarted();
        this.#phase = 'none';
        this.#line.shift();
        current?.timer?.cancel();
        current?.reject(error);
      },
    );
  }

  #start(launch: number, phase: 'init' | 'suppressed-init', directory: string): void {
    const { settings, label } = this.#parts;
    const port = this.#portOf(launch);
    this.#initStartedUs = this.#io.clock.monotonicUs();
    if (phase === 'init') {
      this.#initTimer = this.#io.timers.after(initLimitMs, 'lambda init limit', () => {
        if (launch === this.#launches) this.#initFailed('timeout');
      });
    }
    this.#child = this.#io.processes.launch({
      label,
      directory,
      runtime: this.record.runtime,
      environment: environmentVariables(this.record, settings, this.#log.stream),
      memoryMb: this.record.memoryMb,
      serve: runtimeApi(port),
      onOutput: (stream, text) => this.#log.output(stream, text),
      onExit: (exit) => {
        if (launch === this.#launches) this.#exited(exit);
      },
    });
  }

  /** The Runtime API for one launch: an answer of an earlier process changes nothing (V2). */
  #portOf(launch: number): RuntimePort {
    const now = (): boolean => launch === this.#launches;
    return {
      next: () => (now() ? this.next() : undefined),
      respond: (...answer) => (now() ? this.respond(...answer) : 'unknown-request'),
      fail: (...answer) => (now() ? this.fail(...answer) : 'unknown-request'),
      failInit: (...answer) => (now() ? this.failInit(...answer) : 'state'),
    };
  }

  /** Init ahead of the invocation did not work: it runs again, under the function's timeout. */
  #initFailed(status: 'timeout' | 'error'): void {
    const initMs = (this.#io.clock.monotonicUs() - this.#initStartedUs) / 1000;
    const errorType = this.#initError ?? 'Runtime.ExitError';
    this.#kill();
    this.#log.settle();
    this.#log.write(initReportLine(initMs, status, errorType));
    if (this.#current !== undefined) this.#launch('suppressed-init');
  }

  #exited(exit: ProcessExit): void {
    const phase = this.#phase;
    this.#child = undefined;
    if (phase === 'init') {
      this.#initFailed('error');
      return;
    }
    const current = this.#current;
    const neverDelivered = current !== undefined && !current.delivered && phase === 'ready';
    this.#reset();
    if (current === undefined) return;
    if (neverDelivered) this.#launch('suppressed-init');
    else {
      this.#sendBack();
      this.#settle(exited(current.invocation.requestId, exit));
    }
  }

  /** Those behind an invocation whose process is gone have not begun. */
  #sendBack(): void {
    for (const one of this.#line.splice(1)) one.resolve('not-begun');
  }

  /** Back to an environment without process; its next invocation begins with init again. */
  #reset(): void {
    this.#child = undefined;
    this.#deliver.length = 0;
    this.#phase = 'none';
    this.#initTimer?.cancel();
    this.#initTimer = undefined;
    this.#launches += 1;
    this.#parts.onStarted();
  }

  #kill(): void {
    const child = this.#child;
    this.#reset();
    child?.kill('SIGKILL');
  }

  // ── one invocation ────────────────────────────────────────────────────────────────────────

  #startClock(current: Accepted): void {
    if (current.startedUs !== 0) return;
    const timeoutMs = this.record.timeoutS * 1000;
    current.startedUs = this.#io.clock.monotonicUs();
    current.deadlineMs = this.#io.clock.wallMs() + timeoutMs;
    current.timer = this.#io.timers.after(timeoutMs, 'lambda timeout', () => this.#timedOut());
    this.#log.begin(startLine(current.invocation.requestId), current.invocation.wantsTail);
  }

  /** Answers a waiting `next`, where there is one, with an accepted invocation. */
  #deliverNext(current: Accepted): void {
    const deliver = this.#deliver.shift();
    if (deliver === undefined) return;
    current.delivered = true;
    const { requestId, payload, clientContext } = current.invocation;
    deliver({
      requestId,
      invocationId: current.invocationId,
      // Of one that stands behind another it is known to a millisecond or two.
      deadlineMs: current.deadlineMs || this.#io.clock.wallMs() + this.record.timeoutS * 1000,
      functionArn: this.record.arn,
      traceId: newTraceId(this.#io),
      clientContext,
      payload,
    });
  }

  #timedOut(): void {
    const current = this.#current;
    if (current === undefined) return;
    const { requestId } = current.invocation;
    const { timeoutS } = this.record;
    this.#memory.read('now');
    this.#kill();
    this.#log.settle();
    this.#log.write(timeoutLine(this.#io.clock.wallMs(), requestId, timeoutS));
    this.#sendBack();
    this.#settle(timedOut(requestId, timeoutS));
  }

  #settle(outcome: Outcome, tookUs?: number): void {
    const current = this.#line.shift();
    if (current === undefined) return;
    current.timer?.cancel();
    const nowUs = this.#io.clock.monotonicUs();
    const { requestId } = current.invocation;
    if (current.startedUs !== 0) {
      const { memoryMb, timeoutS } = this.record;
      const durationMs =
        outcome.status === 'timeout'
          ? timeoutS * 1000
          : (tookUs ?? nowUs - current.startedUs) / 1000;
      const used = Math.min(Math.ceil(this.#memory.read('sometimes') / mebibyte), memoryMb);
      const report = reportLine({
        requestId,
        durationMs,
        memoryMb,
        maxMemoryUsedMb: used,
        initMs: this.#initMs,
        status: outcome.status,
        errorType: outcome.errorType,
      });
      this.#initMs = undefined;
      this.#log.finish([endLine(requestId), report]);
    }
    const next = this.#current;
    if (next?.delivered === true) this.#startClock(next);
    current.resolve(outcome);
  }
}
