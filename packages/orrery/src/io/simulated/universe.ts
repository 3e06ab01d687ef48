/**
 * A whole cloud in one process, in virtual time, from one seed. Owns: simulated processes over
 * their lives, and the assembly of their `Io`. Refuses to own: what runs in them and what goes
 * wrong when (`simulation/`).
 *
 * U1  The same options give the same trace hash, on every machine and every Node.
 * U2  A restart is a new process on the same disk, with the same clock error and new chance.
 * U3  No real asynchronous resource is used (checked at the end of every run).
 */
import { assert, present } from '../../stdx/assert.ts';
import { regionOfIp } from '../../world/addresses.ts';
import { rttMs } from '../../world/latency.ts';
import type { NetworkConditions } from '../conditions.ts';
import type { Clock, Io, Location, Probe, Random, Timer, Timers } from '../io.ts';
import { type DrainMode, drainMode } from './drain.ts';
import { type Failure, Kernel, makeOwner, type Owner, type TraceSink } from './kernel.ts';
import { type NetworkProfile, SimulatedNetwork } from './network.ts';
import { type FindProgram, type OwnerIo, SimulatedProcesses } from './processes.ts';
import { namedRandom } from './random.ts';
import { type CommitSink, Disk, type StorageProfile } from './storage.ts';

/** Starts the services of a process; it may go on for as long as the process lives. */
export type Boot = (io: Io) => Promise<void>;

export interface UniverseOptions {
  readonly seed: number;
  /** Wall clock at the beginning, epoch milliseconds. */
  readonly epochMs?: number;
  readonly network?: Partial<NetworkProfile>;
  readonly storage?: StorageProfile;
  readonly findProgram?: FindProgram;
  /** Whether `probe.buggify` may say yes: a quarter of the points, drawn from the seed. */
  readonly buggify?: boolean;
  readonly traceSink?: TraceSink;
  readonly commitSink?: CommitSink;
  /** False for tests whose body reaches into several processes at once. */
  readonly strict?: boolean;
  /** Overrides what the start-up check found. */
  readonly drainMode?: DrainMode;
}

export interface Universe {
  readonly nowUs: number;
  readonly events: number;
  readonly traceHash: string;
  readonly failures: readonly Failure[];
  /** How often each `sometimes` was reached; 0 where it was asked and never was. */
  readonly sometimes: ReadonlyMap<string, number>;
  /** How many probe events of each kind there were. */
  readonly told: ReadonlyMap<string, number>;
  /** Replace `links` to change them. */
  readonly conditions: NetworkConditions;
  /** Makes a process and boots it in an event of its own. */
  spawn(id: string, location: Location, boot?: Boot): Io;
  /** `kill -9` and loss of power: callbacks die, unflushed transactions are lost from the end. */
  crash(id: string): void;
  /** Boots it again on the same disk. No effect on a living process. */
  restart(id: string): Io;
  /** Stops it as SIGSTOP would; what it should have done waits for `resume`. */
  pause(id: string): void;
  resume(id: string): void;
  isUp(id: string): boolean;
  /** Error of the wall clock of a process, over restarts, until it is set again. */
  setSkewMs(id: string, skewMs: number): void;
  /** An event of the world, such as a fault. */
  at(timeUs: number, label: string, run: () => void): void;
  /** Lets a living process do something, in an event of its own. */
  act(id: string, label: string, run: (io: Io) => Promise<void>): void;
  fail(invariant: string, detail: string): void;
  /** Runs to that time, or to the first failure, or until `stop` says so after an event. */
  runUntil(timeUs: number, stop?: () => boolean): Promise<void>;
  /**
   * Lets a living process do something and moves time until it is done. Undefined where it took
   * longer than the limit or something failed meanwhile.
   */
  perform<T>(id: string, run: (io: Io) => Promise<T>, limitMs: number): Promise<T | undefined>;
}

interface SimulatedProcess {
  readonly id: string;
  readonly location: Location;
  readonly boot: Boot | undefined;
  readonly disk: Disk;
  owner: Owner;
  io: Io;
  lives: number;
}

const defaults = {
  epochMs: Date.UTC(2026, 0, 1),
  storage: { flushLowUs: 200, flushHighUs: 3_000 },
};
const buggifyShare = 0.25;
const buggifyProbability = 0.05;

/** Makes an empty universe. */
export async function createUniverse(options: UniverseOptions): Promise<Universe> {
  return new SimulatedUniverse(options, options.drainMode ?? (await drainMode()));
}

class SimulatedUniverse implements Universe {
  readonly #options: UniverseOptions;
  readonly #kernel: Kernel;
  readonly #network: SimulatedNetwork;
  readonly #children: SimulatedProcesses;
  readonly #processes = new Map<string, SimulatedProcess>();
  readonly #skewMs = new Map<string, number>();
  readonly #buggified = new Map<string, Random | undefined>();

  constructor(options: UniverseOptions, mode: DrainMode) {
    this.#options = options;
    this.#kernel = new Kernel(mode, options.strict !== false, options.traceSink);
    this.#network = new SimulatedNetwork(this.#kernel, options.seed, {
      rttUs: options.network?.rttUs ?? ((a, b) => Math.round(rttMs(a, b) * 1000)),
      jitterUs: options.network?.jitterUs ?? 500,
      regionOfIp: options.network?.regionOfIp ?? regionOfIp,
    });
    this.#children = new SimulatedProcesses(
      this.#kernel,
      options.findProgram ?? (() => undefined),
      (owner, machine) => this.#ownerIo(owner, machine, owner.id),
    );
  }

  get nowUs(): number {
    return this.#kernel.nowUs;
  }
  get events(): number {
    return this.#kernel.events;
  }
  get traceHash(): string {
    return this.#kernel.hash.hex();
  }
  get failures(): readonly Failure[] {
    return this.#kernel.failures;
  }
  get sometimes(): ReadonlyMap<string, number> {
    return this.#kernel.sometimes;
  }
  get told(): ReadonlyMap<string, number> {
    return this.#kernel.told;
  }
  get conditions(): NetworkConditions {
    return this.#network.conditions;
  }

  spawn(id: string, location: Location, boot?: Boot): Io {
    assert(!this.#processes.has(id), `process ${id} exists`);
    const random = namedRandom(this.#options.seed, `disk/${id}`);
    const disk = new Disk(random, this.#options.commitSink);
    const owner = makeOwner(id, this.#kernel.nowUs);
    const io = this.#makeIo(owner, location, disk, 1);
    this.#processes.set(id, { id, location, boot, disk, owner, io, lives: 1 });
    this.#boot(owner, io, boot);
    return io;
  }

  crash(id: string): void {
    const simulated = this.#process(id);
    if (!simulated.owner.alive) return;
    simulated.owner.alive = false;
    this.#kernel.observe(id, 'crash');
    this.#children.crash(simulated.owner);
    this.#network.crash(simulated.owner);
    const lost = simulated.disk.crash();
    this.#sometimes(lost > 0, 'a crash lost unflushed transactions');
  }

  restart(id: string): Io {
    const simulated = this.#process(id);
    if (simulated.owner.alive) return simulated.io;
    simulated.lives += 1;
    simulated.owner = makeOwner(id, this.#kernel.nowUs);
    simulated.io = this.#makeIo(
      simulated.owner,
      simulated.location,
      simulated.disk,
      simulated.lives,
    );
    this.#kernel.observe(id, 'restart');
    this.#boot(simulated.owner, simulated.io, simulated.boot);
    return simulated.io;
  }

  pause(id: string): void {
    this.#process(id).owner.paused = true;
  }

  resume(id: string): void {
    this.#kernel.resume(this.#process(id).owner);
  }

  isUp(id: string): boolean {
    const { owner } = this.#process(id);
    return owner.alive && !owner.paused;
  }

  setSkewMs(id: string, skewMs: number): void {
    this.#skewMs.set(id, skewMs);
  }

  at(timeUs: number, label: string, run: () => void): void {
    this.#kernel.schedule(this.#kernel.world, timeUs - this.#kernel.nowUs, label, run);
  }

  act(id: string, label: string, run: (io: Io) => Promise<void>): void {
    const { owner, io } = this.#process(id);
    this.#kernel.schedule(owner, 0, label, () => void run(io));
  }

  fail(invariant: string, detail: string): void {
    this.#kernel.fail(invariant, detail, 'world');
  }

  runUntil(timeUs: number, stop?: () => boolean): Promise<void> {
    return this.#kernel.runUntil(timeUs, stop);
  }

  async perform<T>(
    id: string,
    run: (io: Io) => Promise<T>,
    limitMs: number,
  ): Promise<T | undefined> {
    const { owner, io } = this.#process(id);
    let done = false;
    let result: T | undefined;
    let error: unknown;
    this.#kernel.schedule(owner, 0, 'perform', () => {
      run(io).then(
        (value) => {
          result = value;
          done = true;
        },
        (reason: unknown) => {
          error = reason;
          done = true;
        },
      );
    });
    await this.#kernel.runUntil(this.#kernel.nowUs + limitMs * 1000, () => done);
    if (error !== undefined) throw error;
    return result;
  }

  #process(id: string): SimulatedProcess {
    return present(this.#processes.get(id), `process ${id}`);
  }

  #boot(owner: Owner, io: Io, boot: Boot | undefined): void {
    if (boot === undefined) return;
    // A rejection is not caught here: it counts as thrown uncaught, as it would end a real process.
    this.#kernel.schedule(owner, 0, 'boot', () => void boot(io));
  }

  #makeIo(owner: Owner, location: Location, disk: Disk, lives: number): Io {
    const { clock, timers, random } = this.#ownerIo(owner, owner.id, `${owner.id}#${lives}`);
    const profile = this.#options.storage ?? defaults.storage;
    const delays = namedRandom(this.#options.seed, `flush/${owner.id}#${lives}`);
    return {
      id: owner.id,
      location,
      clock,
      timers,
      random,
      network: this.#network.networkOf({ owner, location }),
      storage: disk.storageOf(this.#kernel, owner, delays, profile),
      processes: this.#children.processesOf(owner),
      probe: this.#probe(owner),
    };
  }

  #ownerIo(owner: Owner, machine: string, stream: string): OwnerIo {
    const kernel = this.#kernel;
    const epochMs = this.#options.epochMs ?? defaults.epochMs;
    const clock: Clock = {
      wallMs: () => {
        kernel.readClock();
        return epochMs + Math.floor(kernel.nowUs / 1000) + (this.#skewMs.get(machine) ?? 0);
      },
      monotonicUs: () => {
        kernel.readClock();
        return kernel.nowUs - owner.startedUs;
      },
    };
    const random = namedRandom(this.#options.seed, `process/${stream}`);
    return { clock, timers: timersOf(kernel, owner), random };
  }

  #probe(owner: Owner): Probe {
    const kernel = this.#kernel;
    return {
      event: (kind, data) => {
        kernel.told.set(kind, (kernel.told.get(kind) ?? 0) + 1);
        const values = Object.values(data).join(' ');
        // Somebody caught our own mistake and answered politely: here it must not pass unseen.
        if (kind.endsWith('.bug')) kernel.fail('there are no bugs', `${kind} ${values}`, owner.id);
        else kernel.observe(owner.id, `${kind} ${values}`);
      },
      always: (holds, what) => {
        if (!holds) kernel.fail(what, 'probe.always', owner.id);
      },
      sometimes: (reached, what) => this.#sometimes(reached, what),
      buggify: (point, probability = buggifyProbability) =>
        this.#buggifyStream(owner, point)?.chance(probability) === true,
    };
  }

  #sometimes(reached: boolean, what: string): void {
    const { sometimes } = this.#kernel;
    sometimes.set(what, (sometimes.get(what) ?? 0) + (reached ? 1 : 0));
  }

  /** The stream of a point that is switched on in this universe, by the seed. */
  #buggifyStream(owner: Owner, point: string): Random | undefined {
    if (this.#options.buggify !== true) return undefined;
    const name = `buggify/${point}`;
    const key = `${name}/${owner.id}`;
    if (!this.#buggified.has(key)) {
      const on = namedRandom(this.#options.seed, name).chance(buggifyShare);
      this.#buggified.set(key, on ? namedRandom(this.#options.seed, key) : undefined);
    }
    return this.#buggified.get(key);
  }
}

function timersOf(kernel: Kernel, owner: Owner): Timers {
  const after = (delayMs: number, label: string, run: () => void): Timer => {
    kernel.assertRunning(owner, 'timers');
    const event = kernel.schedule(owner, Math.max(0, delayMs) * 1000, label, run);
    return { cancel: () => kernel.cancel(event) };
  };
  return {
    after,
    every: (intervalMs, label, run) => {
      let timer: Timer;
      const tick = (): void => {
        timer = after(intervalMs, label, tick);
        run();
      };
      timer = after(intervalMs, label, tick);
      return { cancel: () => timer.cancel() };
    },
    sleep: (delayMs, label) =>
      new Promise((resolve) => {
        after(delayMs, label, resolve);
      }),
  };
}
