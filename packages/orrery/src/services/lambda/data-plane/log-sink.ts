/**
 * Owns: the way of log lines from Lambda to the Logs service of the region: gathered, sent in
 * batches, one request in flight.
 * Refuses to own: what the lines say (log-lines.ts).
 *
 * L1  Memory is bounded: while Logs does not answer, what exceeds the bound is dropped, counted,
 *     and a line in the stream says how many lines are missing.
 * L2  A line that cannot be delivered never fails an invocation.
 */
import type { Io } from '../../../io/io.ts';

const flushAfterMs = 100;
const flushAtBytes = 262_144;
const heldBytesMax = 8_388_608;
const deadlineMs = 10_000;
/** CloudWatch's own limit for one event, less its overhead. */
const messageBytesMax = 262_118;

interface Held {
  readonly group: string;
  readonly stream: string;
  readonly events: [number, string][];
  dropped: number;
}

export class LogSink {
  readonly #io: Io;
  readonly #region: string;
  #held = new Map<string, Held>();
  #heldBytes = 0;
  #armed = false;
  #sending: Promise<void> | undefined;
  #beforeFlush: (() => void)[] = [];

  constructor(io: Io, region: string) {
    this.#io = io;
    this.#region = region;
  }

  append(group: string, stream: string, timestampMs: number, message: string): void {
    let held = this.#held.get(stream);
    if (held === undefined) {
      held = { group, stream, events: [], dropped: 0 };
      this.#held.set(stream, held);
    }
    if (this.#heldBytes > heldBytesMax) {
      held.dropped += 1;
      return;
    }
    held.events.push([timestampMs, message.slice(0, messageBytesMax)]);
    this.#heldBytes += message.length + 40;
    this.#arm();
  }

  /** Runs `run` once, before the next batch is put together: for lines that wait for others. */
  beforeFlush(run: () => void): void {
    this.#beforeFlush.push(run);
    this.#arm();
  }

  /** Sends what is held; for shutdown and tests. */
  async flush(): Promise<void> {
    await this.#sending;
    this.#runBeforeFlush();
    await this.#send();
  }

  #arm(): void {
    if (this.#armed || this.#sending !== undefined) return;
    this.#armed = true;
    const wait = this.#heldBytes > flushAtBytes ? 0 : flushAfterMs;
    this.#io.timers.after(wait, 'lambda logs', () => {
      this.#armed = false;
      this.#runBeforeFlush();
      void this.#send();
    });
  }

  #runBeforeFlush(): void {
    const runs = this.#beforeFlush;
    this.#beforeFlush = [];
    for (const run of runs) run();
  }

  #send(): Promise<void> {
    if (this.#sending !== undefined || this.#held.size === 0) return Promise.resolve();
    this.#sending = this.#sendHeld().finally(() => {
      this.#sending = undefined;
      if (this.#held.size > 0 || this.#beforeFlush.length > 0) this.#arm();
    });
    return this.#sending;
  }

  async #sendHeld(): Promise<void> {
    const batches = [...this.#held.values()].map(({ group, stream, events, dropped }) => {
      if (dropped > 0) {
        events.push([this.#io.clock.wallMs(), `[orrery] ${dropped} log lines were dropped here`]);
      }
      return { group, stream, events };
    });
    this.#held = new Map();
    this.#heldBytes = 0;
    const request = {
      method: 'POST',
      path: '/append',
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(JSON.stringify({ batches })),
    };
    try {
      const to = { region: this.#region, service: 'logs-internal' };
      const response = await this.#io.network.request(to, request, { deadlineMs });
      if (response.status !== 200) this.#lost(batches.length, String(response.status));
    } catch (error) {
      this.#lost(batches.length, error instanceof Error ? error.message : String(error));
    }
  }

  #lost(batches: number, why: string): void {
    this.#io.probe.event('lambda.logs-lost', { batches, why });
  }
}
