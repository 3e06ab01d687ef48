/**
 * What the suite for every `Io` asks of an implementation, and what its parts share. Owns no question.
 */
import type { LinkCondition } from './conditions.ts';
import type { Io, Location } from './io.ts';

export interface IoHarness {
  /** Starts the process of that id, or starts it again on the same disk after `crash`. */
  start(id: string, location: Location): Promise<Io>;
  /** Ends it as `kill -9` would: nothing of it runs any more; what was not flushed may be lost. */
  crash(io: Io): Promise<void>;
  /** Replaces the link conditions in force. */
  setConditions(links: readonly LinkCondition[]): void;
  /** Runs the body to its end, moving time on where time is virtual. Called from outside `Io`. */
  run<T>(body: () => Promise<T>): Promise<T>;
  /** Ends every process and removes every disk. */
  dispose(): Promise<void>;
}

export interface HarnessOptions {
  /** Seed of all chance; two harnesses with one seed draw the same. */
  readonly seed: number;
  /** Modelled round trip between two different locations. */
  readonly rttMs: number;
}

export type CreateHarness = (options: HarnessOptions) => Promise<IoHarness>;

export const east = 'us-east-1';
export const west = 'eu-west-1';
export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
export const bytes = (value: string): Uint8Array => new Uint8Array(Buffer.from(value));

/** Runs one test inside a harness of its own. */
export async function within(
  create: CreateHarness,
  body: (harness: IoHarness) => Promise<void>,
  options: Partial<HarnessOptions> = {},
): Promise<void> {
  const harness = await create({ seed: 7, rttMs: 0, ...options });
  try {
    await harness.run(() => body(harness));
  } finally {
    await harness.dispose();
  }
}

export const startEast = (harness: IoHarness): Promise<Io> => harness.start(`region/${east}`, east);
export const startWest = (harness: IoHarness): Promise<Io> => harness.start(`region/${west}`, west);
