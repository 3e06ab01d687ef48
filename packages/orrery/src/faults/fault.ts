/**
 * Faults as values. Owns their types and the interface of what can be done to a cloud (`Levers`).
 * Refuses to own how: processes, sockets and services are the composition root's; no service
 * imports this folder.
 *
 * Invariants:
 *  1. A fault is data: it can be listed, sent, stored and stopped by its id.
 *  2. Conditions of links are derived from the whole set of active faults, never patched: stopping
 *     one fault leaves no trace of it.
 */
import type { LinkCondition } from '../io/conditions.ts';

/** What a caller asks for; checked by the action's `check`. */
export interface FaultSpec {
  /** `region-outage`, or an AWS FIS action id where FIS has the fault. */
  readonly action: string;
  /** Regions, in the order that the action names; ends of links may be places, as `@tokyo`. */
  readonly targets: readonly string[];
  readonly parameters: Readonly<Record<string, number>>;
  /** Ends by itself after this time; stays until stopped where absent. */
  readonly durationMs?: number;
}

export interface Fault extends FaultSpec {
  readonly id: string;
  readonly startedAtMs: number;
  readonly endsAtMs?: number;
  /** How it came: by a caller, by a signal that nobody here sent, or by data that cannot be read. */
  readonly cause: 'requested' | 'process-killed' | 'data-unusable';
}

/** What can be done to a running cloud. Each resolves once it is done. */
export interface Levers {
  killRegion(region: string): Promise<void>;
  startRegion(region: string): Promise<void>;
  hangRegion(region: string): Promise<void>;
  resumeRegion(region: string): Promise<void>;
  pauseReplication(region: string, paused: boolean): Promise<void>;
  /** Whether Route 53's name servers drop the queries of clients. */
  silenceDns(silent: boolean): Promise<void>;
}

export interface FaultAction {
  readonly name: string;
  /** The FIS action id that means the same, where there is one. */
  readonly fisAction?: string;
  readonly summary: string;
  readonly usage: string;
  /** How many regions it takes. */
  readonly targetCount: number;
  /** Its targets are ends of a link: one a region that runs, the other may be any or a place. */
  readonly takesAnyEnd?: boolean;
  /** Name → default; undefined means that it must be given. */
  readonly parameters: Readonly<Record<string, number | undefined>>;
  start?(fault: FaultSpec, levers: Levers): Promise<void>;
  stop?(fault: FaultSpec, levers: Levers): Promise<void>;
  /** Conditions that it puts on links while it is active. */
  links?(fault: FaultSpec): readonly LinkCondition[];
}

/** The caller asked for something that cannot be; the message says what can. */
export class FaultError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FaultError';
  }
}
