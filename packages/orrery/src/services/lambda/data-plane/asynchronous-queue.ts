/**
 * Owns: asynchronous invocations: the durable queue, retries and back-off.
 * Refuses to own: destinations and dead-letter queues (not built: README).
 *
 * Q1  An accepted event is on disk before it is acknowledged and until it is done with; after a
 *     restart it runs again (at least once, as AWS says).
 * Q2  A function error is retried twice, after one minute and two (÷ time scale). A throttle is
 *     retried from one second on, doubled up to five minutes, for six hours; it uses up no retry.
 * Q3  The queue is bounded; what does not fit is throttled.
 */
import { ServiceError } from '../../../endpoint/service.ts';
import type { Io } from '../../../io/io.ts';
import { prefixRange, textKey } from '../../../stdx/text-keys.ts';
import { tooManyRequests } from '../errors.ts';
import type { FunctionRegistry } from '../functions.ts';
import type { LambdaSettings } from '../options.ts';
import type { EnvironmentPool } from './pool.ts';

const eventsMax = 10_000;
const functionRetryMs = [60_000, 120_000];
const throttleRetryFirstMs = 1_000;
const throttleRetryMaxMs = 300_000;
const ageMaxMs = 21_600_000;
const concurrentMax = 20;

interface QueuedEvent {
  readonly id: string;
  readonly functionName: string;
  readonly requestId: string;
  readonly payload: string;
  readonly acceptedAtMs: number;
  readonly attempts: number;
  readonly throttles: number;
}

export class AsynchronousQueue {
  readonly #io: Io;
  readonly #settings: LambdaSettings;
  readonly #registry: FunctionRegistry;
  readonly #pool: EnvironmentPool;
  readonly #ready: QueuedEvent[] = [];
  #held = 0;
  #running = 0;
  #sequence = 0;
  #closed = false;

  constructor(io: Io, settings: LambdaSettings, registry: FunctionRegistry, pool: EnvironmentPool) {
    this.#io = io;
    this.#settings = settings;
    this.#registry = registry;
    this.#pool = pool;
  }

  /** Takes up what an earlier process accepted and did not finish. */
  resume(): void {
    for (const { value } of this.#registry.store.range(prefixRange('event/'))) {
      const event = JSON.parse(value) as QueuedEvent;
      this.#held += 1;
      this.#ready.push(event);
    }
    this.#pump();
  }

  /** Resolves when the event is durable. Throws the throttle where the queue is full. */
  async add(functionName: string, requestId: string, payload: Uint8Array): Promise<void> {
    if (this.#held >= eventsMax) throw tooManyRequests('CallerRateLimitExceeded');
    this.#sequence += 1;
    const nowMs = this.#io.clock.wallMs();
    const order = `${String(nowMs).padStart(15, '0')}-${String(this.#sequence).padStart(8, '0')}`;
    const event: QueuedEvent = {
      id: `${order}-${requestId}`,
      functionName,
      requestId,
      payload: Buffer.from(payload).toString('base64'),
      acceptedAtMs: nowMs,
      attempts: 0,
      throttles: 0,
    };
    this.#held += 1;
    this.#write(event);
    await this.#registry.flushed();
    this.#ready.push(event);
    this.#pump();
  }

  /** Events not done with, those that wait for a retry included. */
  get length(): number {
    return this.#held;
  }

  close(): void {
    this.#closed = true;
  }

  #pump(): void {
    while (!this.#closed && this.#running < concurrentMax) {
      const event = this.#ready.shift();
      if (event === undefined) return;
      this.#running += 1;
      void this.#run(event).finally(() => {
        this.#running -= 1;
        this.#pump();
      });
    }
  }

  async #run(event: QueuedEvent): Promise<void> {
    const record = this.#registry.get(event.functionName);
    // A deleted function and a reservation of 0 end the event; AWS sends it to a destination.
    if (record === undefined || record.reservedConcurrency === 0) {
      this.#done(event, record === undefined ? 'function deleted' : 'ZeroReservedConcurrency');
      return;
    }
    const ran = await this.#pool
      .invoke(record, {
        requestId: event.requestId,
        payload: Buffer.from(event.payload, 'base64'),
        clientContext: undefined,
        wantsTail: false,
      })
      .catch((error: unknown) => new ServiceError('ServiceException', String(error)));
    if (this.#closed) return;
    if (ran instanceof ServiceError) this.#again({ ...event, throttles: event.throttles + 1 });
    else if (ran.outcome.failed) this.#failed({ ...event, attempts: event.attempts + 1 });
    else this.#done(event, '');
  }

  #failed(event: QueuedEvent): void {
    const wait = functionRetryMs[event.attempts - 1];
    if (wait === undefined) this.#done(event, 'RetriesExhausted');
    else this.#later(event, wait / this.#settings.timeScale);
  }

  #again(event: QueuedEvent): void {
    const ageMs = this.#io.clock.wallMs() - event.acceptedAtMs;
    if (ageMs > ageMaxMs / this.#settings.timeScale) {
      this.#done(event, 'EventAgeExceeded');
      return;
    }
    const wait = Math.min(throttleRetryFirstMs * 2 ** (event.throttles - 1), throttleRetryMaxMs);
    this.#later(event, wait / this.#settings.timeScale);
  }

  #later(event: QueuedEvent, waitMs: number): void {
    this.#write(event);
    this.#io.timers.after(waitMs, 'lambda asynchronous retry', () => {
      this.#ready.push(event);
      this.#pump();
    });
  }

  #write(event: QueuedEvent): void {
    this.#registry.store.transaction((transaction) => {
      transaction.put(textKey(`event/${event.id}`), JSON.stringify(event));
    });
  }

  #done(event: QueuedEvent, dropped: string): void {
    this.#held -= 1;
    this.#registry.store.transaction((transaction) => {
      transaction.delete(textKey(`event/${event.id}`));
    });
    if (dropped !== '') {
      const { functionName, requestId } = event;
      this.#io.probe.event('lambda.event-dropped', { functionName, requestId, why: dropped });
    }
  }
}
