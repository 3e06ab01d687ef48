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
import type { BatchHead } from '../../logs/api.ts';

const flushAfterMs = 100;
const flushAtBytes = 262_144;
const heldBytesMax = 8_388_608;
const deadlineMs = 10_000;
/** CloudWatch's own limit for one event, less its overhead. */
const messageBytesMax = 262_118;

/** A stream's lines on their way, as they go: JSON of `[milliseconds, message]`, comma by comma. */
class Held {
  readonly group: string;
  readonly stream: string;
  /** Outside the heap: lines by the thousand would otherwise be copied as they grow old. */
  #bytes: Buffer = Buffer.allocUnsafeSlow(heldBytesMin);
  #length = 0;
  #count = 0;
  #firstMs = Number.POSITIVE_INFINITY;
  #lastMs = 0;
  dropped = 0;

  constructor(group: string, stream: string) {
    this.group = group;
    this.stream = stream;
  }

  get isEmpty(): boolean {
    return this.#count === 0 && this.dropped === 0;
  }

  /** Returns how many bytes it takes. */
  add(timestampMs: number, message: string): number {
    const event = `${this.#count === 0 ? '[' : ','}[${timestampMs},${JSON.stringify(message)}]`;
    // UTF-8 has at most three bytes per unit of UTF-16.
    const room = this.#length + event.length * 3;
    if (room > this.#bytes.length) {
      this.#bytes = Buffer.concat([this.#bytes.subarray(0, this.#length)], room * 2);
    }
    const written = this.#bytes.write(event, this.#length);
    this.#length += written;
    this.#count += 1;
    if (timestampMs < this.#firstMs) this.#firstMs = timestampMs;
    if (timestampMs > this.#lastMs) this.#lastMs = timestampMs;
    return written;
  }

  /** Both lines of its batch (logs/api.ts); it is empty afterwards. */
  take(): Buffer[] {
    const { group, stream } = this;
    const [count, firstMs, lastMs] = [this.#count, this.#firstMs, this.#lastMs];
    const head: BatchHead = { group, stream, count, firstMs, lastMs };
    const events = Buffer.from(this.#bytes.subarray(0, this.#length));
    if (this.#bytes.length > heldBytesKept) this.#bytes = Buffer.allocUnsafeSlow(heldBytesMin);
    this.#length = 0;
    this.#count = 0;
    this.#firstMs = Number.POSITIVE_INFINITY;
    this.#lastMs = 0;
    this.dropped = 0;
    return [Buffer.from(`${JSON.stringify(head)}\n`), events, endOfEvents];
  }
}

const endOfEvents = Buffer.from(']\n');
const heldBytesMin = 4_096;
const heldBytesKept = 1_048_576;

export class LogSink {
  readonly #io: Io;
  readonly #region: string;
  readonly #held = new Map<string, Held>();
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
      held = new Held(group, stream);
      this.#held.set(stream, held);
    }
    if (this.#heldBytes > heldBytesMax) {
      held.dropped += 1;
      return;
    }
    const kept = message.length > messageBytesMax ? message.slice(0, messageBytesMax) : message;
    this.#heldBytes += held.add(timestampMs, kept);
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
    if (this.#sending !== undefined || this.#heldBytes === 0) return Promise.resolve();
    this.#sending = this.#sendHeld().finally(() => {
      this.#sending = undefined;
      if (this.#heldBytes > 0 || this.#beforeFlush.length > 0) this.#arm();
    });
    return this.#sending;
  }

  async #sendHeld(): Promise<void> {
    const lines: Buffer[] = [];
    let batches = 0;
    for (const held of this.#held.values()) {
      // A stream that was silent for the time of a batch has no place here.
      if (held.isEmpty) this.#held.delete(held.stream);
      else {
        const { dropped } = held;
        if (dropped > 0) {
          held.add(this.#io.clock.wallMs(), `[orrery] ${dropped} log lines were dropped here`);
        }
        lines.push(...held.take());
        batches += 1;
      }
    }
    this.#heldBytes = 0;
    const request = {
      method: 'POST',
      path: '/append',
      headers: {},
      body: Buffer.concat(lines),
    };
    try {
      const to = { region: this.#region, service: 'logs-internal' };
      const response = await this.#io.network.request(to, request, { deadlineMs });
      if (response.status !== 200) this.#lost(batches, String(response.status));
    } catch (error) {
      this.#lost(batches, error instanceof Error ? error.message : String(error));
    }
  }

  #lost(batches: number, why: string): void {
    this.#io.probe.event('lambda.logs-lost', { batches, why });
  }
}
