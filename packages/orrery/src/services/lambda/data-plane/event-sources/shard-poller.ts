/**
 * Owns: reading one shard from its checkpoint to its end, record by record into the lanes, and the
 * checkpoint. Refuses to own: which shards there are, and when one may begin (mapping-poller.ts).
 *
 * H1  The checkpoint stands where everything before has been handled, given up or filtered out, and
 *     nothing after it counts: a process that dies goes on there, and may handle some once more.
 * H2  Records of one item are in one lane, so that none overtakes another.
 * H3  What is read ahead is bounded, in records and in bytes.
 * H4  An open shard that was read to its end costs one waiting request, which a new record ends;
 *     it is read at most four times a second (÷ time scale), as on AWS.
 */
import { ServiceError } from '../../../../endpoint/service.ts';
import { type Io, NetError } from '../../../../io/io.ts';
import { crc32 } from '../../../../stdx/digest.ts';
import type { Checkpoint } from '../../event-source-mappings.ts';
import type { Matcher } from '../../filter-pattern.ts';
import {
  compareSequenceNumbers,
  type StreamRecord,
  type StreamSource,
} from '../../stream-source.ts';
import { type DeliveryTools, deliver } from './delivery.ts';
import { Lane } from './lane.ts';
import { Progress } from './progress.ts';
import type { StopSignal } from './stop-signal.ts';
import { eventRecord, pendingRecord } from './stream-event.ts';

export interface ShardPollerOptions {
  readonly io: Pick<Io, 'clock' | 'probe'>;
  readonly source: StreamSource;
  readonly streamArn: string;
  readonly shardId: string;
  /** Undefined where the shard has not been begun. */
  readonly checkpoint: Checkpoint | undefined;
  readonly save: (checkpoint: Checkpoint) => void;
  readonly stop: StopSignal;
  readonly batchSize: number;
  /** As this cloud counts time. */
  readonly windowMs: number;
  readonly parallelizationFactor: number;
  readonly filters: readonly Matcher[];
  readonly tools: Omit<DeliveryTools, 'handled' | 'givenUp'> & {
    readonly givenUp: (shardId: string, ...details: Parameters<DeliveryTools['givenUp']>) => void;
  };
}

/** Handled to its end; not to be found any more; or stopped before that. */
export type ShardEnd = 'done' | 'gone' | 'stopped';

const pollMs = 250;
const waitMs = 20_000;
const retryMs = 1_000;
const pageRecordsMax = 1_000;
/** A page that holds so much may have been cut off by its size. */
const pageBytesFull = 300_000;
/** Small batches are read ahead: otherwise each would wait for a read. */
const aheadRecordsMin = 100;
const aheadBytesMax = 12_582_912;

export class ShardPoller {
  readonly #options: ShardPollerOptions;
  readonly #lanes: readonly Lane[];
  readonly #progress: Progress;
  #saved: string;
  /** The number of the last record that was read. */
  #read: string;
  /** Of the stream's newest record when it was last asked for: an empty page has no less. */
  #known = '';
  #iterator: string | undefined;
  #room: (() => void) | undefined;

  constructor(options: ShardPollerOptions) {
    this.#options = options;
    this.#saved = options.checkpoint?.after ?? '';
    this.#read = this.#saved;
    this.#progress = new Progress(this.#saved);
    const { batchSize, windowMs, stop, parallelizationFactor } = options;
    this.#lanes = Array.from(
      { length: parallelizationFactor },
      () =>
        new Lane({
          batchSize,
          windowMs,
          stop,
          deliver: (records) => deliver(this.#tools, records),
          onRoom: () => this.#room?.(),
        }),
    );
  }

  /** Resolves when no invocation for this shard is under way any more. */
  async run(): Promise<ShardEnd> {
    const { stop } = this.#options;
    let end: ShardEnd | undefined;
    while (end === undefined && !stop.isStopped) {
      try {
        end = await this.#turn();
      } catch (error) {
        end = await this.#afterError(error);
      }
    }
    // What was read of a shard that is gone can still be handled, and cannot be read again.
    await Promise.all(this.#lanes.map((lane) => (end === 'gone' ? lane.end() : lane.idle())));
    return end ?? 'stopped';
  }

  /** Reads once and hands on what it finds. */
  async #turn(): Promise<ShardEnd | undefined> {
    const { source, stop, shardId, io } = this.#options;
    const startedUs = io.clock.monotonicUs();
    this.#iterator ??= await source.iterator(shardId, this.#read);
    const limit = Math.max(1, Math.min(pageRecordsMax, this.#freeRecords()));
    const page = await source.records(this.#iterator, limit);
    // What comes after the stop would be read again.
    if (stop.isStopped) return 'stopped';
    this.#accept(page.records);
    if (page.next === undefined) return await this.#finish();
    this.#iterator = page.next;
    if (this.#isFull()) await this.#untilRoom();
    else if (page.records.length === 0) await this.#untilMore(startedUs);
    else if (page.records.length < limit && page.bytes < pageBytesFull) {
      await this.#untilDue(startedUs, pollMs);
    }
    return undefined;
  }

  #accept(records: readonly StreamRecord[]): void {
    const { streamArn, filters } = this.#options;
    for (const record of records) {
      const event = eventRecord(record, streamArn);
      const passes = filters.length === 0 || filters.some((matches) => matches(event));
      this.#progress.add(record.dynamodb.SequenceNumber, !passes);
      if (passes) this.#enqueue(event, record);
    }
    this.#read = records.at(-1)?.dynamodb.SequenceNumber ?? this.#read;
    this.#save();
    for (const lane of this.#lanes) lane.pump();
  }

  #enqueue(event: object, record: StreamRecord): void {
    const pending = pendingRecord(event, record);
    const lane =
      this.#lanes[this.#lanes.length === 1 ? 0 : crc32(pending.key) % this.#lanes.length];
    lane?.push(pending);
  }

  async #finish(): Promise<ShardEnd> {
    await Promise.all(this.#lanes.map((lane) => lane.end()));
    if (this.#progress.size > 0) return 'stopped';
    this.#options.save({ after: this.#progress.mark, isDone: true });
    return 'done';
  }

  /** Until something new may be there. The numbers are the stream's, not of this shard alone. */
  async #untilMore(startedUs: number): Promise<void> {
    const { source, stop } = this.#options;
    const after = greater(this.#read, this.#known);
    let dueMs = pollMs;
    const waiting = source.wait(after, waitMs).then(
      (head) => {
        this.#known = greater(this.#known, head);
      },
      () => {
        dueMs = retryMs;
      },
    );
    await stop.until(waiting);
    await this.#untilDue(startedUs, dueMs);
  }

  async #untilDue(startedUs: number, everyMs: number): Promise<void> {
    const { stop, io, tools } = this.#options;
    const passedMs = (io.clock.monotonicUs() - startedUs) / 1000;
    const leftMs = everyMs / tools.rules.timeScale - passedMs;
    if (leftMs > 0) await stop.sleep(leftMs, 'lambda stream poll');
  }

  /** How many records more may be read ahead. */
  #freeRecords(): number {
    const { batchSize, parallelizationFactor } = this.#options;
    const ahead = this.#lanes.reduce((sum, lane) => sum + lane.length, 0);
    return Math.max(batchSize * parallelizationFactor, aheadRecordsMin) - ahead;
  }

  #isFull(): boolean {
    const bytes = this.#lanes.reduce((sum, lane) => sum + lane.bytes, 0);
    return this.#freeRecords() <= 0 || bytes >= aheadBytesMax;
  }

  async #untilRoom(): Promise<void> {
    while (this.#isFull() && !this.#options.stop.isStopped) {
      const room = new Promise<void>((resolve) => {
        this.#room = resolve;
      });
      await this.#options.stop.until(room);
    }
  }

  get #tools(): DeliveryTools {
    const { tools, shardId } = this.#options;
    const finish = (records: readonly { readonly sequence: string }[]): void => {
      for (const { sequence } of records) this.#progress.finish(sequence);
      this.#save();
    };
    return {
      ...tools,
      handled: finish,
      givenUp: (records, why, invocations) => {
        tools.givenUp(shardId, records, why, invocations);
        finish(records);
      },
    };
  }

  #save(): void {
    if (this.#progress.mark === this.#saved) return;
    this.#saved = this.#progress.mark;
    this.#options.save({ after: this.#saved, isDone: false });
  }

  async #afterError(error: unknown): Promise<ShardEnd | undefined> {
    const { stop, io, shardId, streamArn, tools } = this.#options;
    if (!(error instanceof ServiceError) && !(error instanceof NetError)) throw error;
    this.#iterator = undefined;
    if (isGone(error)) return 'gone';
    if (error.code === 'ExpiredIteratorException') return undefined;
    // What the stream has lost cannot be had: on with the oldest record that is left.
    if (error.code === 'TrimmedDataAccessException') this.#read = '';
    const reason = `${error.code}: ${error.message}`;
    io.probe.event('lambda.stream-not-read', { streamArn, shardId, after: this.#read, reason });
    await stop.sleep(retryMs / tools.rules.timeScale, 'lambda stream read again');
    return undefined;
  }
}

function greater(a: string, b: string): string {
  return compareSequenceNumbers(a, b) > 0 ? a : b;
}

/** The stream or the shard is not there any more. */
export function isGone(error: unknown): boolean {
  return error instanceof ServiceError && error.code === 'ResourceNotFoundException';
}
