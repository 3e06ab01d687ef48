/**
 * Owns the region processes: starts, kills, hangs, resumes and stops them.
 * Refuses to own faults (it is their lever) and what runs inside.
 *
 * Invariants:
 *  1. A region is the leader of a process group with its execution environments: killing the group
 *     leaves none of them behind, also when the region died first.
 *  2. A region that was killed by a signal from outside stays down, as after an outage, and is
 *     reported (`onKilled`); one that ended by its own failure is started again, with back-off.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { RegionState } from '../admin/api.ts';
import type { LinkCondition } from '../io/conditions.ts';
import { CommandError } from './command.ts';
import type { FromRegion, RegionProcessConfig, ToRegion } from './region-messages.ts';

const readyDeadlineMs = 30_000;
const stopDeadlineMs = 3_000;
const backOffMs = [250, 1_000, 5_000, 15_000] as const;

/** Its data are damaged or cannot be read: it stays down, and the others can go on. */
export class UnusableRegionError extends CommandError {}

export interface RegionSupervisorOptions {
  readonly config: RegionProcessConfig;
  /** A signal that nobody here sent has killed the region. */
  readonly onKilled: (region: string, signal: string) => void;
  /** It serves, for the first time or again: what only its memory held must be told anew. */
  readonly onStarted: (region: string) => Promise<void>;
  /** Something a person should read: a crash and its restart, a broken invariant. */
  readonly onAlarm: (region: string, message: string) => void;
}

/** One region's process. Nothing runs before `start`. */
export class RegionSupervisor {
  readonly region: string;
  readonly logFile: string;
  readonly #options: RegionSupervisorOptions;
  #links: readonly LinkCondition[];
  #child: ChildProcess | undefined;
  #state: RegionState = 'down';
  #port: number;
  #expectsExit = false;
  #crashes = 0;
  #restart: NodeJS.Timeout | undefined;

  constructor(options: RegionSupervisorOptions) {
    const { config } = options;
    this.region = config.region;
    this.logFile = join(config.dataDir, 'region.log');
    this.#options = options;
    this.#links = config.links;
    this.#port = config.settings.port;
  }

  state(): RegionState {
    return this.#state;
  }

  pid(): number | null {
    return this.#child?.pid ?? null;
  }

  /** Port of the region's own address; the wanted one before it was ready. */
  port(): number {
    return this.#port;
  }

  /** Starts it and resolves when it serves. Throws `CommandError` with its own last words. */
  async start(): Promise<void> {
    clearTimeout(this.#restart);
    if (this.#child !== undefined) return;
    this.#expectsExit = false;
    this.#state = 'starting';
    const launched = this.#launch();
    this.#child = launched;
    try {
      this.#port = await this.#ready(launched);
    } catch (error) {
      this.#expectsExit = true;
      signalGroup(launched.pid, 'SIGKILL');
      if (this.#child === launched) this.#child = undefined;
      this.#state = 'down';
      throw error;
    }
    this.#state = 'running';
    await this.#options.onStarted(this.region);
  }

  async kill(): Promise<void> {
    await this.#end((child) => signalGroup(child.pid, 'SIGKILL'));
  }

  /** Lets it close its stores; kills it after three seconds. */
  async stop(): Promise<void> {
    await this.#end((child) => {
      signalGroup(child.pid, 'SIGCONT');
      const deadline = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), stopDeadlineMs);
      child.once('exit', () => clearTimeout(deadline));
      if (child.connected) send(child, { type: 'stop' });
      else signalGroup(child.pid, 'SIGKILL');
    });
  }

  hang(): void {
    if (this.#child === undefined) {
      throw new CommandError(`${this.region} is down: it cannot hang.`);
    }
    signalGroup(this.#child.pid, 'SIGSTOP');
    this.#state = 'hung';
  }

  resume(): void {
    if (this.#child === undefined) return;
    signalGroup(this.#child.pid, 'SIGCONT');
    this.#state = 'running';
  }

  setLinks(links: readonly LinkCondition[]): void {
    this.#links = links;
    if (this.#child?.connected === true) send(this.#child, { type: 'links', links });
  }

  #launch(): ChildProcess {
    const { config } = this.#options;
    mkdirSync(config.dataDir, { recursive: true });
    const log = openSync(this.logFile, 'a');
    const argument: RegionProcessConfig = { ...config, links: this.#links };
    const launched = spawn(
      process.execPath,
      [
        ...nodeFlags,
        ...(process.env['ZZPROF']
          ? ['--cpu-prof', '--cpu-prof-interval=150', '--cpu-prof-dir=/tmp/lead/prof']
          : []),
        join(import.meta.dirname, 'region-process.ts'),
        JSON.stringify(argument),
      ],
      { detached: true, stdio: ['ignore', log, log, 'ipc'] },
    );
    closeSync(log);
    launched.on('exit', (code, signal) => this.#exited(launched, code, signal));
    launched.on('error', (error) => this.#options.onAlarm(this.region, error.message));
    return launched;
  }

  #ready(launched: ChildProcess): Promise<number> {
    return new Promise((ready, fail) => {
      const failed = (why: string, unusable = false): void => {
        clearTimeout(deadline);
        const message = `${this.region} did not start: ${why}`;
        fail(unusable ? new UnusableRegionError(message) : new CommandError(message));
      };
      const deadline = setTimeout(() => {
        failed(`not ready after ${readyDeadlineMs / 1000} s. Its log: ${this.logFile}`);
      }, readyDeadlineMs);
      launched.once('exit', (code, signal) => {
        failed(`it ended with ${signal ?? `exit code ${code}`}. Its log: ${this.logFile}`);
      });
      launched.on('message', (message: FromRegion) => {
        if (message.type === 'failed') failed(message.message, message.unusable);
        if (message.type === 'alarm') this.#options.onAlarm(this.region, message.message);
        if (message.type !== 'ready') return;
        clearTimeout(deadline);
        ready(message.port);
      });
    });
  }

  #exited(ended: ChildProcess, code: number | null, signal: string | null): void {
    signalGroup(ended.pid, 'SIGKILL');
    if (this.#child !== ended) return;
    this.#child = undefined;
    const wasServing = this.#state === 'running' || this.#state === 'hung';
    this.#state = 'down';
    if (this.#expectsExit || !wasServing) return;
    if (signal === 'SIGKILL' || signal === 'SIGTERM') {
      this.#options.onKilled(this.region, signal);
      return;
    }
    const waitMs = backOffMs[Math.min(this.#crashes, backOffMs.length - 1)] ?? 0;
    this.#crashes += 1;
    const how = signal ?? `exit code ${code}`;
    this.#options.onAlarm(
      this.region,
      `its process failed (${how}); starting again in ${waitMs} ms. Its log: ${this.logFile}`,
    );
    this.#restart = setTimeout(() => {
      this.start().catch((error: Error) => this.#options.onAlarm(this.region, error.message));
    }, waitMs);
  }

  async #end(how: (child: ChildProcess) => void): Promise<void> {
    clearTimeout(this.#restart);
    const ending = this.#child;
    if (ending === undefined) return;
    this.#expectsExit = true;
    how(ending);
    if (ending.exitCode === null && ending.signalCode === null) {
      await new Promise((done) => ending.once('exit', done));
    }
    this.#state = 'down';
  }
}

/**
 * Region processes are small and many on few cores: young objects are collected early rather than
 * kept, and on one thread, since several would spend more time on each other than on objects.
 */
const nodeFlags = ['--max-semi-space-size=8', '--no-parallel-scavenge'] as const;

function send(child: ChildProcess, message: ToRegion): void {
  // A channel that closes meanwhile is told by `exit`.
  child.send(message, () => {});
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone already: what we wanted.
  }
}
