/** What a simulated run is run against: the interface between plans and a system under test. */
import type { Io } from '../io/io.ts';
import type { Version } from '../services/dynamodb/api.ts';
import type { Commit, Completion, Operation } from './history.ts';
import type { Plan } from './plan.ts';

/** What a region holds under one key after all has settled. Null for a tombstone. */
export interface Held {
  readonly value: string | null;
  readonly version: Version;
}

export type Replica = ReadonlyMap<string, Held>;

/** One system, made anew for each run. */
export interface Target {
  /** Kinds of probe events that a large campaign must have seen. */
  readonly mustTell: readonly string[];
  /** Boots (and after a crash boots again) everything of one region. */
  boot(io: Io): Promise<void>;
  /** Called once, as a client of the first region, before the work begins: creates the table. */
  prepare(io: Io): Promise<void>;
  /**
   * Called as a client of the first region, before or amid work and faults (`Plan.replicasAtMs`):
   * brings the table to all regions, however often it has to ask.
   */
  addReplicas(io: Io): Promise<void>;
  /** Carries out one operation of a client. Throws only where the service refuses a valid request. */
  perform(io: Io, operation: Operation): Promise<Completion>;
  /** The fault: replication of a region stands still, or goes on. False where nobody listened. */
  pauseReplication(io: Io, region: string, paused: boolean): Promise<boolean>;
  /** All that a region holds; undefined where it does not answer. */
  replica(io: Io, region: string): Promise<Replica | undefined>;
  /** The own writes of a region that one committed transaction of its storage holds. */
  ownWrites(region: string, store: string, writes: StoredWrites): Iterable<OwnWrite>;
  /** Changes of a region that wait for some peer; undefined where it does not answer. */
  backlog(io: Io, region: string): Promise<number | undefined>;
}

/** What now stands under each key that a transaction wrote; undefined where it deleted. */
export type StoredWrites = readonly (readonly [key: Uint8Array, value: string | undefined])[];

export type OwnWrite = Omit<Commit, 'atUs' | 'region'>;

export type CreateTarget = (plan: Plan) => Target;
