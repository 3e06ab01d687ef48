/**
 * Child processes of one live process: Lambda execution environments. Owns starting, killing and
 * outliving (none does); refuses to own what an environment is for, how long it may run and how much
 * memory it may take.
 *
 * Invariants:
 *  1. `onExit` is called once per launch, after the last output.
 *  2. Nothing of our environment reaches the child beyond what is listed here.
 *  3. A child, and what it started itself, is gone when this process is, however it ends.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { ChildProcess, LaunchSpec, Probe, ProcessExit, Processes } from '../io.ts';
import { readOutput } from './child-output.ts';
import { materialize } from './code-store.ts';
import { createGuardian, type Guardian } from './guardian.ts';
import { createRuntimeApi, type RuntimeApi } from './runtime-api.ts';
import type { Durability } from './storage.ts';
import { Doorbell } from './thread-memory.ts';
import { ThreadEnvironment } from './threads.ts';

export interface ProcessesOptions {
  /** Where code is put. */
  readonly directory: string;
  readonly durability: Durability;
  readonly probe: Probe;
  readonly isolation: Isolation;
}

/** What an execution environment of a Node runtime is. */
export type Isolation = 'process' | 'thread';

export interface OwnedProcesses extends Processes {
  /** Kills every child; resolves when all have exited. */
  close(): Promise<void>;
}

const runtimeEntry = join(import.meta.dirname, 'runtime-process.mjs');
/** What AWS leaves of a function's memory to the heap of Node. */
const HEAP_SHARE = 0.9;
/** How long after its exit a child's pipes may stay open before they are given up. */
const PIPES_LINGER_MS = 1_000;

interface Program {
  readonly command: string;
  readonly arguments: readonly string[];
  /** Whether it finds the Runtime API on a socket that it is born with. */
  readonly hasSocket: boolean;
}

/** Its number among the child's files. */
const RUNTIME_SOCKET = 3;

/** What to start for a runtime, or undefined where this machine cannot run it. */
function programFor(spec: LaunchSpec, cacheDirectory: string): Program | undefined {
  if (spec.runtime.startsWith('nodejs')) {
    const heapMb = Math.max(16, Math.floor(spec.memoryMb * HEAP_SHARE));
    return {
      command: process.execPath,
      arguments: [`--max-old-space-size=${heapMb}`, runtimeEntry, cacheDirectory],
      hasSocket: true,
    };
  }
  if (spec.runtime.startsWith('provided')) {
    return { command: join(spec.directory, 'bootstrap'), arguments: [], hasSocket: false };
  }
  return undefined;
}

type Spawned = ChildProcessByStdio<null, Readable, Readable>;

class Environment implements ChildProcess {
  readonly #spec: LaunchSpec;
  readonly #guardian: Guardian;
  readonly #onGone: () => void;
  #api: RuntimeApi | undefined;
  #child: Spawned | undefined;
  #killedBeforeStart: NodeJS.Signals | undefined;
  #exit: ProcessExit | undefined;
  #gone = false;

  constructor(spec: LaunchSpec, guardian: Guardian, onGone: () => void) {
    this.#spec = spec;
    this.#guardian = guardian;
    this.#onGone = onGone;
  }

  /** 0 until the child was started, which is soon after the launch. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  async start(program: Program): Promise<void> {
    try {
      this.#api = await createRuntimeApi(this.#spec.serve);
    } catch (error) {
      this.fail(`no port for the Runtime API: ${String(error)}`);
      return;
    }
    if (this.#killedBeforeStart !== undefined) {
      this.#end({ code: null, signal: this.#killedBeforeStart });
      return;
    }
    let child: Spawned;
    try {
      child = spawnClean(program, this.#spec, this.#api.authority);
    } catch (error) {
      this.fail(`cannot start ${program.command}: ${String(error)}`);
      return;
    }
    this.#child = child;
    if (child.pid !== undefined) this.#guardian.watch(child.pid);
    if (program.hasSocket) this.#api.adopt(child.stdio[RUNTIME_SOCKET] as Socket);
    readOutput(child.stdout, (text) => this.#print('stdout', text));
    readOutput(child.stderr, (text) => this.#print('stderr', text));
    child.on('error', (error) => this.fail(`cannot start ${program.command}: ${error.message}`));
    child.on('exit', (code, signal) => this.#exited(child, { code, signal }));
    child.on('close', () => this.#end(this.#exit ?? { code: null, signal: null }));
  }

  #print(stream: 'stdout' | 'stderr', text: string): void {
    if (!this.#gone) this.#spec.onOutput(stream, text);
  }

  /** The program did not start: says so where its own complaints would stand. */
  fail(message: string): void {
    if (this.#child?.pid !== undefined) return;
    this.#print('stderr', `${message}\n`);
    this.#end({ code: 1, signal: null });
  }

  #exited(child: Spawned, exit: ProcessExit): void {
    this.#exit = exit;
    // What it started may hold its pipes, and must not outlive it.
    signalGroup(child.pid, 'SIGKILL');
    if (child.pid !== undefined) this.#guardian.forget(child.pid);
    child.stdout.resume();
    child.stderr.resume();
    setTimeout(() => this.#end(exit), PIPES_LINGER_MS).unref();
  }

  #end(exit: ProcessExit): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#api?.close();
    this.#onGone();
    this.#spec.onExit(exit);
  }

  kill(signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): void {
    if (this.#child !== undefined) {
      if (this.#exit === undefined) signalGroup(this.#child.pid, signal);
    } else if (signal === 'SIGKILL' || signal === 'SIGTERM') {
      this.#killedBeforeStart = signal;
    }
  }

  memoryBytes(): number | undefined {
    if (this.#child?.pid === undefined || this.#exit !== undefined) return undefined;
    try {
      const status = readFileSync(`/proc/${this.#child.pid}/status`, 'latin1');
      const resident = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
      return resident === undefined ? undefined : Number(resident) * 1_024;
    } catch {
      return undefined;
    }
  }
}

/** Starts a program in its code's directory. Throws for what no environment can hold (NUL bytes). */
function spawnClean(program: Program, spec: LaunchSpec, authority: string): Spawned {
  return spawn(program.command, program.arguments, {
    cwd: spec.directory,
    env: { ...variablesOf(spec), AWS_LAMBDA_RUNTIME_API: authority },
    stdio: ['ignore', 'pipe', 'pipe', ...(program.hasSocket ? (['pipe'] as const) : [])],
    // A group of its own: interrupts of our terminal do not reach it, and it is killed as a whole.
    detached: true,
    // The types know of three files only.
  }) as Spawned;
}

/** All that a program gets of an environment, whatever it runs in. */
function variablesOf(spec: LaunchSpec): Record<string, string> {
  return {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    AWS_EXECUTION_ENV: `AWS_Lambda_${spec.runtime}`,
    ...spec.environment,
    LAMBDA_TASK_ROOT: spec.directory,
  };
}

/** Signals a child and what it started. It may be gone already. */
function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function startThread(
  spec: LaunchSpec,
  bell: Doorbell,
  cacheDirectory: string,
  onGone: () => void,
): ChildProcess {
  const environment = new ThreadEnvironment(spec, bell, onGone);
  // Whoever launches it has it before anything happens to it.
  queueMicrotask(() => environment.start(variablesOf(spec), cacheDirectory));
  return environment;
}

function startProcess(
  spec: LaunchSpec,
  guardian: Guardian,
  cacheDirectory: string,
  onGone: () => void,
): ChildProcess {
  const environment = new Environment(spec, guardian, onGone);
  const program = programFor(spec, cacheDirectory);
  if (program === undefined) {
    const message = `Orrery runs nodejs and provided runtimes; ${spec.runtime} cannot be run here.`;
    queueMicrotask(() => environment.fail(message));
  } else void environment.start(program);
  return environment;
}

export function createProcesses(options: ProcessesOptions): OwnedProcesses {
  const { directory, durability, probe, isolation } = options;
  const guardian = createGuardian();
  const bell = new Doorbell();
  const cacheDirectory = join(directory, '.compiled');
  const running = new Map<ChildProcess, Promise<void>>();
  const substituted = new Set<string>();
  const own = `nodejs${process.versions.node.split('.')[0]}.x`;

  const launch = (spec: LaunchSpec): ChildProcess => {
    const isNode = spec.runtime.startsWith('nodejs');
    if (isNode && spec.runtime !== own && !substituted.has(spec.runtime)) {
      substituted.add(spec.runtime);
      probe.event('process.runtime-substituted', { asked: spec.runtime, used: own });
    }
    let gone = (): void => {};
    const ended = new Promise<void>((resolve) => {
      gone = resolve;
    });
    const onGone = (): void => {
      running.delete(environment);
      gone();
    };
    const environment =
      isNode && isolation === 'thread'
        ? startThread(spec, bell, cacheDirectory, onGone)
        : startProcess(spec, guardian, cacheDirectory, onGone);
    running.set(environment, ended);
    return environment;
  };

  return {
    materialize: (digest, files) => materialize(directory, digest, files, durability),
    launch,
    close: async () => {
      const all = [...running];
      for (const [environment] of all) environment.kill('SIGKILL');
      await Promise.all(all.map(([, ended]) => ended));
      guardian.close();
    },
  };
}
