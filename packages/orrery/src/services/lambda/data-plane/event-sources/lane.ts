/**
 * Owns: the records of a shard that are handled one batch after another: all of them, or with a
 * ParallelizationFactor those of some items. Decides what makes a batch, and when it is sent.
 * Refuses to own: what becomes of a batch (delivery.ts).
 *
 * N1  One batch at a time; batches and the records in them go in the order in which they came.
 * N2  A batch goes when it is full (BatchSize, or 6 MB), when its window is over, when the shard ends,
 *     or, without a window, as soon as there is something.
 */
import type { StopSignal } from './stop-signal.ts';
import { eventBytesMax, fitting, type PendingRecord } from './stream-event.ts';

export interface LaneOptions {
  readonly batchSize: number;
  /** As this cloud counts time. */
  readonly windowMs: number;
  readonly stop: StopSignal;
  readonly deliver: (records: readonly PendingRecord[]) => Promise<void>;
  /** Called when records have left the queue. */
  readonly onRoom: () => void;
}

export class Lane {
  readonly #options: LaneOptions;
  #queue: PendingRecord[] = [];
  #bytes = 0;
  #running: Promise<void> | undefined;
  #isOver = false;
  /** The window that records gather in; each is another object. */
  #window: { isOver: boolean } | undefined;

  constructor(options: LaneOptions) {
    this.#options = options;
  }

  get length(): number {
    return this.#queue.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(record: PendingRecord): void {
    this.#queue.push(record);
    this.#bytes += record.bytes;
  }

  /** Sends what is to be sent; to be called after records were pushed. */
  pump(): void {
    const { windowMs, stop } = this.#options;
    if (this.#running !== undefined || this.#queue.length === 0 || stop.isStopped) return;
    if (this.#isDue()) {
      this.#running = this.#run();
      return;
    }
    if (this.#window !== undefined) return;
    const window = { isOver: false };
    this.#window = window;
    void stop.sleep(windowMs, 'lambda batching window').then(() => {
      window.isOver = true;
      this.pump();
    });
  }

  /** Nothing more will come. Resolves when all that came has been delivered, or stopped. */
  async end(): Promise<void> {
    this.#isOver = true;
    this.pump();
    while (this.#running !== undefined) await this.#running;
  }

  /** Resolves when no batch is under way any more; after `stop` none begins. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  #isDue(): boolean {
    const { batchSize, windowMs } = this.#options;
    if (windowMs === 0 || this.#window?.isOver === true || this.#isOver) return true;
    return this.#queue.length >= batchSize || this.#bytes >= eventBytesMax;
  }

  async #run(): Promise<void> {
    const { batchSize, deliver, onRoom } = this.#options;
    const batch = this.#queue.slice(0, fitting(this.#queue, batchSize));
    this.#queue = this.#queue.slice(batch.length);
    for (const { bytes } of batch) this.#bytes -= bytes;
    this.#window = undefined;
    onRoom();
    try {
      await deliver(batch);
    } finally {
      this.#running = undefined;
      // The next window begins when the invocation is over, as AWS has it.
      this.pump();
    }
  }
}
