/**
 * Child processes in virtual time: a plain function plays the program, and speaks to its parent
 * over the private endpoint as a real runtime client does.
 *
 * P1  A child is an owner of its own: it dies with its parent, can be stopped and continued, and
 *     reaches nothing but its parent's endpoint and its own clock, timers and chance.
 */
import type {
  ChildProcess,
  Clock,
  HttpRequest,
  HttpResponse,
  LaunchSpec,
  Processes,
  Random,
  Timers,
} from '../io.ts';
import { type Kernel, makeOwner, type Owner } from './kernel.ts';

/** What a program sees of the world. */
export interface SimulatedChild {
  readonly label: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** A request to the parent's private endpoint: the Runtime API. */
  request(request: HttpRequest): Promise<HttpResponse>;
  print(stream: 'stdout' | 'stderr', text: string): void;
}

/** Resolving is exit code 0, rejecting prints the error and is exit code 1. */
export type Program = (child: SimulatedChild) => Promise<void>;

/** Finds the function that plays a program; undefined where there is none (exit code 127). */
export type FindProgram = (
  spec: LaunchSpec,
  files: ReadonlyMap<string, Uint8Array>,
) => Program | undefined;

/** Clock, timers and chance of an owner: given by the universe, which knows skews. */
export interface OwnerIo {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

const startUs = 40_000;
const loopbackUs = 50;

export class SimulatedProcesses {
  readonly #kernel: Kernel;
  readonly #find: FindProgram;
  readonly #ioOf: (owner: Owner, machine: string) => OwnerIo;
  readonly #files = new Map<string, ReadonlyMap<string, Uint8Array>>();
  readonly #children = new Map<Owner, Set<Owner>>();
  #pids = 1000;

  constructor(kernel: Kernel, find: FindProgram, ioOf: (owner: Owner, machine: string) => OwnerIo) {
    this.#kernel = kernel;
    this.#find = find;
    this.#ioOf = ioOf;
  }

  processesOf(parent: Owner): Processes {
    return {
      materialize: async (digest, files) => {
        const directory = `simulated:/${digest}`;
        if (!this.#files.has(directory)) this.#files.set(directory, new Map(files));
        return directory;
      },
      launch: (spec) => this.#launch(parent, spec),
    };
  }

  /** Children die with their parent, without a word. */
  crash(parent: Owner): void {
    for (const child of this.#children.get(parent) ?? []) child.alive = false;
    this.#children.delete(parent);
  }

  #launch(parent: Owner, spec: LaunchSpec): ChildProcess {
    this.#kernel.assertRunning(parent, 'processes');
    this.#pids += 1;
    const child = makeOwner(`${parent.id}/${spec.label}`, this.#kernel.nowUs);
    const children = this.#children.get(parent) ?? new Set();
    this.#children.set(parent, children.add(child));
    const exit = (code: number | null, signal: string | null): void => {
      if (!child.alive) return;
      child.alive = false;
      children.delete(child);
      this.#kernel.schedule(parent, loopbackUs, 'process.exit', () =>
        spec.onExit({ code, signal }),
      );
    };
    const files = this.#files.get(spec.directory) ?? new Map<string, Uint8Array>();
    const program = this.#find(spec, files);
    this.#kernel.schedule(child, startUs, 'process.start', () => {
      if (program === undefined) {
        exit(127, null);
        return;
      }
      const seen = this.#childIo(parent, child, spec, files);
      program(seen).then(
        () => exit(0, null),
        (error: unknown) => {
          seen.print('stderr', `${String(error)}\n`);
          exit(1, null);
        },
      );
    });
    return {
      pid: this.#pids,
      kill: (signal) => {
        if (signal === 'SIGSTOP') child.paused = true;
        else if (signal === 'SIGCONT') this.#kernel.resume(child);
        else exit(null, signal);
      },
      memoryBytes: () => undefined,
    };
  }

  #childIo(
    parent: Owner,
    child: Owner,
    spec: LaunchSpec,
    files: ReadonlyMap<string, Uint8Array>,
  ): SimulatedChild {
    const kernel = this.#kernel;
    const request = (sent: HttpRequest): Promise<HttpResponse> =>
      new Promise((resolve, reject) => {
        kernel.schedule(parent, loopbackUs, 'process.request', () => {
          const back = (settle: () => void): unknown =>
            kernel.schedule(child, loopbackUs, 'process.response', settle);
          spec.serve(sent).then(
            (response) => back(() => resolve(response)),
            (error: unknown) => back(() => reject(error)),
          );
        });
      });
    return {
      ...this.#ioOf(child, parent.id),
      label: spec.label,
      environment: spec.environment,
      files,
      request,
      print: (stream, text) => {
        kernel.schedule(parent, loopbackUs, 'process.output', () => spec.onOutput(stream, text));
      },
    };
  }
}
