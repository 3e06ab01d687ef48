/** Owns: one invocation as an environment holds it, from acceptance to its outcome. */
import type { Io, Timer } from '../../../io/io.ts';
import { traceRoot } from '../../../stdx/trace-id.ts';
import type { Outcome } from './outcome.ts';

export interface Invocation {
  readonly requestId: string;
  readonly payload: Uint8Array;
  readonly clientContext: string | undefined;
  readonly wantsTail: boolean;
}

/** An invocation that stood behind another one and has not begun: it may go elsewhere. */
export type NotBegun = 'not-begun';

/** An invocation in an environment: in hand, or behind the one that is. */
export class Accepted {
  readonly invocation: Invocation;
  readonly invocationId: string;
  readonly resolve: (outcome: Outcome | NotBegun) => void;
  readonly reject: (error: unknown) => void;
  /** When the clock of the function's timeout began; 0 while it has not. */
  startedUs = 0;
  deadlineMs = 0;
  /** Whether the process has it. */
  delivered = false;
  timer: Timer | undefined;

  constructor(
    invocation: Invocation,
    invocationId: string,
    resolve: (outcome: Outcome | NotBegun) => void,
    reject: (error: unknown) => void,
  ) {
    this.invocation = invocation;
    this.invocationId = invocationId;
    this.resolve = resolve;
    this.reject = reject;
  }
}

/** `Root=1-<seconds>-<24 hex>;Parent=<16 hex>;Sampled=0`. */
export function newTraceId(io: Pick<Io, 'random' | 'clock'>): string {
  const uuid = io.random.uuid();
  const parent = `${uuid.slice(14, 18)}${io.random.uuid().slice(24)}`;
  return `${traceRoot(uuid, io.clock.wallMs())};Parent=${parent};Sampled=0`;
}
