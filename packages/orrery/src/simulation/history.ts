/**
 * What clients asked for and what they were told: the only evidence that checkers of the client's
 * view accept. Owns the record, decides nothing.
 */
import type { Version } from '../services/dynamodb/api.ts';
import type { OperationKind } from './plan.ts';

export interface Operation {
  readonly client: string;
  /** The region that it was sent to. */
  readonly region: string;
  readonly kind: OperationKind;
  readonly key: string;
  /** What it writes; every write's value is unique. Undefined for reads and deletes. */
  readonly value: string | undefined;
  /** `conditional-put`: the value that must stand there, null for none. */
  readonly expected: string | null;
  readonly invokedUs: number;
}

/**
 * `ok`: acknowledged. `failed`: certainly without effect. `unknown`: no answer, or one that leaves
 * it open; it may take effect at any later time.
 */
export type Outcome = 'ok' | 'failed' | 'unknown';

export interface Completion {
  readonly outcome: Outcome;
  /** Reads: what was there. `update`: what was there before. Null for nothing, undefined: not told. */
  readonly observed?: string | null;
}

export interface Completed extends Operation, Completion {
  /** Infinity where the outcome is unknown. */
  readonly completedUs: number;
}

/** A version that a region's storage took in, as seen by the simulator's own eyes. */
export interface Commit {
  readonly region: string;
  readonly key: string;
  /** Null for a delete. */
  readonly value: string | null;
  readonly version: Version;
  readonly atUs: number;
}

export interface History {
  readonly operations: Completed[];
  /** Own writes of regions, in the order of committing; some of them may be lost in a crash. */
  readonly commits: Commit[];
}

export function emptyHistory(): History {
  return { operations: [], commits: [] };
}

export function isWrite(operation: Operation): boolean {
  return operation.kind !== 'get' && operation.kind !== 'consistent-get';
}
