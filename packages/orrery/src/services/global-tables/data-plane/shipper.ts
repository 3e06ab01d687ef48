/**
 * Owns: sending this region's writes of one table to one peer, until the peer has them.
 * Refuses to own: what a write is and who wins (DynamoDB), who the peers are (`replicator.ts`).
 *
 *  P1  The cursor advances over the contiguous prefix of acknowledged batches only. Batches are in
 *      flight side by side and may arrive in any order: applying is indifferent to it.
 *  P2  After a failure everything not acknowledged is forgotten and read again from the log: memory
 *      is bounded however long the peer is away.
 *  P3  While the peer fails there is one batch in flight, after a capped back-off with jitter, so a
 *      peer that returns is found within about `retryMsMax + deadlineMs` and not trampled.
 *  P4  A lone write leaves at once. Under load a read waits a few milliseconds for company.
 */
import { ServiceError } from '../../../endpoint/service.ts';
import { type Io, NetError, type Random } from '../../../io/io.ts';
import { assert } from '../../../stdx/assert.ts';
import type { ApplyResponse, HlcTimestamp } from '../../dynamodb/api.ts';
import type { PeerStatus, ShipperState } from '../api.ts';
import type { Cursor } from '../replication-state.ts';
import { createLatencyMeter } from './latency-meter.ts';
import { applyAt, type Changes, readChanges, stampedAtMs } from './replica-address.ts';

export interface ShippingOptions {
  /** Batches, and bytes of batches, that may be unacknowledged at a time. */
  readonly windowBatches: number;
  readonly windowBytes: number;
  /** Versions in a batch. */
  readonly batchLimit: number;
  /** Under load: how long a read waits for more than one change. */
  readonly lingerMs: number;
  /** How long a read waits for the first change; also how late a table that is gone is noticed. */
  readonly pollMs: number;
  readonly deadlineMs: number;
  readonly retryMsMin: number;
  readonly retryMsMax: number;
}

export const shippingDefaults: ShippingOptions = {
  // A batch every 5 ms over the longest round trip of 400 ms, and room to spare.
  windowBatches: 128,
  windowBytes: 4 << 20,
  batchLimit: 256,
  lingerMs: 4,
  pollMs: 10_000,
  deadlineMs: 3_000,
  retryMsMin: 50,
  retryMsMax: 1_000,
};

export interface ShipperSetup {
  readonly tableName: string;
  readonly region: string;
  readonly peer: string;
  readonly start: Cursor;
  readonly save: (cursor: Cursor) => void;
  /** Through which every peer of the table has everything: DynamoDB may trim its log. */
  readonly trimThrough: () => number;
  /** The table is no longer here, or no longer replicated. */
  readonly onGone: () => void;
  readonly options: ShippingOptions;
}

interface Batch {
  readonly through: number;
  readonly stamped: HlcTimestamp;
  readonly bytes: number;
  acknowledged: boolean;
}

/** Reads poll this long while batches are in flight, so that a failure is noticed soon. */
const pollInFlightMs = 100;

export class Shipper {
  readonly #io: Pick<Io, 'clock' | 'timers' | 'network' | 'probe'>;
  readonly #setup: ShipperSetup;
  readonly #random: Random;
  readonly #latency = createLatencyMeter();
  readonly #inFlight: Batch[] = [];
  #cursor: Cursor;
  /** Read so far; ahead of the cursor by what is in flight. */
  #readThrough: number;
  #bytesInFlight = 0;
  #failures = 0;
  #failedRead = false;
  /** A batch or a read has failed since the last recovery. */
  #broken = false;
  #paused = false;
  #stopped = false;
  #behind = false;
  #lastError: string | null = null;
  #wake: () => void = () => {};

  constructor(io: Io, setup: ShipperSetup) {
    this.#io = io;
    this.#setup = setup;
    this.#random = io.random.split(`shipper/${setup.tableName}/${setup.peer}`);
    this.#cursor = setup.start;
    this.#readThrough = setup.start.sequence;
  }

  start(): void {
    void this.#run();
  }

  stop(): void {
    this.#stopped = true;
    this.#wake();
  }

  setPaused(paused: boolean): void {
    this.#paused = paused;
    this.#wake();
  }

  /** Every own write stamped at or below this was acknowledged by the peer. */
  delivered(): HlcTimestamp {
    return this.#cursor.stamped;
  }

  status(): Omit<PeerStatus, 'queueDepth' | 'lagMs'> {
    return {
      peer: this.#setup.peer,
      state: this.#state(),
      paused: this.#paused,
      cursor: this.#cursor.sequence,
      batchesInFlight: this.#inFlight.length,
      replicationLatencyMs: this.#latency.summary(),
      lastError: this.#lastError,
    };
  }

  #state(): ShipperState {
    if (this.#stopped) return 'stopped';
    if (this.#paused) return 'paused';
    return this.#failures > 0 ? 'retrying' : 'streaming';
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      if (this.#broken) await this.#recover();
      else if (this.#paused || this.#isFull()) await this.#woken();
      else await this.#readAndShip();
    }
  }

  async #readAndShip(): Promise<void> {
    const { tableName, region, options, trimThrough, onGone } = this.#setup;
    const after = this.#readThrough;
    let changes: Changes;
    try {
      changes = await readChanges(this.#io.network, region, {
        tableName,
        after,
        limit: options.batchLimit,
        waitMs: this.#inFlight.length > 0 ? pollInFlightMs : options.pollMs,
        lingerMs: this.#behind ? 0 : options.lingerMs,
        trimThrough: trimThrough(),
      });
    } catch (error) {
      if (error instanceof ServiceError && error.code === 'ResourceNotFoundException') onGone();
      this.#failedRead = true;
      this.#fail(error);
      return;
    }
    if (this.#failedRead) this.#healthy();
    // Whatever changed while it waited is looked at first; what was read is read again.
    if (this.#stopped || this.#paused || this.#broken) return;
    assert(changes.through >= after, 'changes come in order');
    this.#behind = changes.head > changes.through;
    if (changes.through === after && this.#inFlight.length > 0) return;
    this.#readThrough = changes.through;
    this.#ship(changes);
  }

  #ship(changes: Changes): void {
    const batch: Batch = {
      through: changes.through,
      stamped: changes.stamped,
      bytes: changes.body.length,
      acknowledged: changes.count === 0,
    };
    this.#inFlight.push(batch);
    this.#bytesInFlight += batch.bytes;
    if (batch.acknowledged) this.#advance();
    else void this.#send(batch, changes);
  }

  async #send(batch: Batch, { body, oldest }: Changes): Promise<void> {
    const { peer, options } = this.#setup;
    const sentUs = this.#io.clock.monotonicUs();
    let response: ApplyResponse;
    try {
      response = await applyAt(this.#io.network, peer, body, options.deadlineMs);
    } catch (error) {
      // What a recovery has forgotten is being sent anew: its end says nothing.
      const index = this.#inFlight.indexOf(batch);
      if (index === -1) return;
      this.#forget(index);
      this.#fail(error);
      return;
    }
    if (oldest !== undefined) this.#measure(oldest, sentUs, response.tookUs);
    batch.acknowledged = true;
    this.#healthy();
    this.#advance();
    this.#wake();
  }

  /** See `LatencySummary`. A clock that runs ahead here shows as 0, never as negative. */
  #measure(oldest: HlcTimestamp, sentUs: number, tookUs: number): void {
    const { clock } = this.#io;
    const wayBackMs = Math.max(0, clock.monotonicUs() - sentUs - tookUs) / 2_000;
    const latencyMs = clock.wallMs() - stampedAtMs(oldest) - wayBackMs;
    this.#latency.record(Math.max(0, Math.round(latencyMs * 10) / 10));
  }

  #advance(): void {
    let moved = false;
    while (this.#inFlight[0]?.acknowledged === true) {
      const batch = this.#inFlight.shift() as Batch;
      this.#bytesInFlight -= batch.bytes;
      moved ||= batch.through > this.#cursor.sequence || batch.stamped > this.#cursor.stamped;
      this.#cursor = { sequence: batch.through, stamped: batch.stamped };
    }
    // A late answer to a shipper that was stopped must not bring back a cursor that was dropped.
    if (moved && !this.#stopped) this.#setup.save(this.#cursor);
  }

  #isFull(): boolean {
    const { windowBatches, windowBytes } = this.#setup.options;
    const window = this.#failures > 0 ? 1 : windowBatches;
    return this.#inFlight.length >= window || this.#bytesInFlight >= windowBytes;
  }

  #fail(error: unknown): void {
    if (!(error instanceof NetError || error instanceof ServiceError)) throw error;
    this.#lastError = error instanceof NetError ? error.message : `${error.code}: ${error.message}`;
    if (!this.#broken) {
      this.#broken = true;
      this.#failures += 1;
    }
    this.#wake();
  }

  #healthy(): void {
    this.#failures = 0;
    this.#failedRead = false;
    this.#lastError = null;
  }

  /** From that place on, batches are neither in flight nor acknowledged any more. */
  #forget(from: number): void {
    for (const batch of this.#inFlight.splice(from)) this.#bytesInFlight -= batch.bytes;
  }

  async #recover(): Promise<void> {
    const { tableName, peer, options } = this.#setup;
    const doublings = Math.min(this.#failures - 1, 16);
    const cappedMs = Math.min(options.retryMsMax, options.retryMsMin * 2 ** doublings);
    const delayMs = Math.ceil(cappedMs * (0.5 + this.#random.float() / 2));
    this.#io.probe.event('global-tables.retry', { tableName, peer, delayMs });
    await this.#io.timers.sleep(delayMs, 'global-tables.retry');
    this.#forget(0);
    this.#readThrough = this.#cursor.sequence;
    this.#broken = false;
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
