/**
 * One live process of the cloud: the machine's clock, timers, chance, network, disk and children
 * behind `Io`. Owns their composition and their end. Refuses to own any of them.
 */
import { join } from 'node:path';
import type { NetworkConditions } from '../conditions.ts';
import type { Io, Location } from '../io.ts';
import { createClock } from './clock.ts';
import { createNetwork } from './network.ts';
import { createProbe, type ProbeSink } from './probe.ts';
import { createProcesses, type Isolation } from './processes.ts';
import { createRandom } from './random.ts';
import { linkSdk } from './runtime-sdk.ts';
import { createStorage, type Durability } from './storage.ts';
import { createTimers } from './timers.ts';

export interface NodeIoOptions {
  /** `region/us-east-1`, `edge`. */
  readonly id: string;
  /** Region id, or `global` for the edge. One process per location listens. */
  readonly location: Location;
  /** This process's own directory: stores, and the code of functions. */
  readonly dataDirectory: string;
  /** Shared by all processes of one cloud: their sockets. */
  readonly runDirectory: string;
  /** Round trip between two different locations, in milliseconds. */
  readonly rttMs: (from: Location, to: Location) => number;
  /** Faults write here; read at every message. */
  readonly conditions: NetworkConditions;
  readonly durability?: Durability;
  /** What execution environments are; processes unless told otherwise. */
  readonly isolation?: Isolation;
  /** A `node_modules` with the AWS SDK that functions may import without bundling it. */
  readonly sdkModules?: string;
  /** Repeats all chance of an earlier run of the same id. */
  readonly seed?: number;
  readonly sink?: ProbeSink;
  /** Greatest body between two processes, and of an answer from a real host. */
  readonly messageLimitBytes?: number;
}

export interface NodeIo extends Io {
  /** Ends timers, requests, listeners, children and stores; resolves when nothing is left. */
  close(): Promise<void>;
}

/** A deployment package of 50 MB, zipped and sent in one piece, must pass. */
const MESSAGE_LIMIT_BYTES = 67_108_864;

/** Starts the process; rejects where its socket cannot be made, with what to do about it. */
export async function createNodeIo(options: NodeIoOptions): Promise<NodeIo> {
  const { id, location, dataDirectory, durability = 'process', isolation = 'process' } = options;
  const probe = createProbe(id, options.sink);
  const timers = createTimers(probe);
  const random = createRandom(id, options.seed);
  const network = await createNetwork({
    location,
    runDirectory: options.runDirectory,
    rttMs: options.rttMs,
    conditions: options.conditions,
    messageLimitBytes: options.messageLimitBytes ?? MESSAGE_LIMIT_BYTES,
    timers,
    random: random.split('network'),
    probe,
  });
  const storage = createStorage(dataDirectory, id, durability);
  const codeDirectory = join(dataDirectory, 'code');
  linkSdk(codeDirectory, options.sdkModules);
  const processes = createProcesses({ directory: codeDirectory, durability, probe, isolation });
  return {
    id,
    location,
    clock: createClock(),
    timers,
    random,
    network,
    storage,
    processes,
    probe,
    close: async () => {
      timers.close();
      await Promise.all([network.close(), processes.close()]);
      await storage.close();
    },
  };
}
