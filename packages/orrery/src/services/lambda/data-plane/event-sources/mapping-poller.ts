/**
 * Owns: the shards of one mapping's stream: which are read when. Refuses to own: reading one
 * (shard-poller.ts), and the life of the mapping (event-sources.ts).
 *
 * O1  A shard is begun when its parent has been handled to its end, or is not there any more.
 * O2  A stream that is gone is looked for once a minute; the mapping stays as it is.
 */
import type { Io } from '../../../../io/io.ts';
import type { Checkpoint, MappingRecord, MappingRegistry } from '../../event-source-mappings.ts';
import { compilePattern } from '../../filter-pattern.ts';
import { createStreamSource, type StreamShard, type StreamSource } from '../../stream-source.ts';
import type { Answer, GivenUp } from './delivery.ts';
import { isGone, ShardPoller } from './shard-poller.ts';
import { StopSignal } from './stop-signal.ts';
import { eventOf, type PendingRecord } from './stream-event.ts';

export interface MappingPollerOptions {
  readonly io: Io;
  readonly region: string;
  readonly timeScale: number;
  readonly mapping: MappingRecord;
  readonly registry: MappingRegistry;
  /** The function's answer; a text where it could not be invoked, and why. */
  readonly invoke: (functionName: string, payload: Uint8Array) => Promise<Answer | string>;
  /** Told of records that are given up, in the words that AWS has for an on-failure destination. */
  readonly discarded: (mapping: MappingRecord, notice: object) => void;
}

const lookAgainMs = 60_000;
const retryMs = 1_000;
/** How long DynamoDB keeps a record: no retry outlives it. */
const streamRetentionMs = 86_400_000;

export class MappingPoller {
  readonly #options: MappingPollerOptions;
  readonly #source: StreamSource;
  readonly #stop: StopSignal;
  readonly #checkpoints: Map<string, Checkpoint>;
  readonly #running = new Map<string, Promise<void>>();
  readonly #ended: Promise<void>;

  constructor(options: MappingPollerOptions) {
    const { io, region, mapping, registry } = options;
    this.#options = options;
    this.#source = createStreamSource(io, region, mapping.streamArn);
    this.#stop = new StopSignal(io.timers);
    this.#checkpoints = registry.checkpoints(mapping.uuid);
    this.#ended = this.#run();
  }

  /** Begins nothing new, and resolves when no invocation is under way any more. */
  async stop(): Promise<void> {
    this.#stop.stop();
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#stop.isStopped) {
      const waitMs = await this.#look();
      const ends = [...this.#running.values()];
      if (waitMs === 0 && ends.length > 0) await this.#stop.until(Promise.race(ends));
      else await this.#stop.sleep(waitMs, 'lambda stream look');
    }
    await Promise.all(this.#running.values());
  }

  /** Begins the shards that may be begun; returns when to look again, 0: when one has ended. */
  async #look(): Promise<number> {
    let shards: readonly StreamShard[];
    try {
      shards = await this.#source.shards();
    } catch (error) {
      if (!isGone(error)) return retryMs / this.#options.timeScale;
      this.#report('PROBLEM: Stream not found');
      return lookAgainMs;
    }
    if (this.#stop.isStopped) return 0;
    this.#forgetAllBut(shards);
    const listed = new Set(shards.map(({ id }) => id));
    for (const { id, parentId } of shards) {
      const waits = parentId !== undefined && listed.has(parentId) && !this.#isDone(parentId);
      if (!waits && !this.#isDone(id) && !this.#running.has(id)) this.#begin(id);
    }
    return this.#running.size > 0 ? 0 : lookAgainMs;
  }

  #begin(shardId: string): void {
    const { io, mapping, timeScale } = this.#options;
    const { batchSize, batchingWindowS, parallelizationFactor, recordAgeMaxS } = mapping;
    const poller = new ShardPoller({
      io,
      source: this.#source,
      streamArn: mapping.streamArn,
      shardId,
      checkpoint: this.#checkpoints.get(shardId),
      save: (checkpoint) => this.#save(shardId, checkpoint),
      stop: this.#stop,
      batchSize,
      windowMs: (batchingWindowS * 1000) / timeScale,
      parallelizationFactor,
      filters: mapping.filters.map(compilePattern),
      tools: {
        rules: {
          retryAttemptsMax: mapping.retryAttemptsMax,
          recordAgeMaxMs:
            recordAgeMaxS === -1 ? streamRetentionMs : (recordAgeMaxS * 1000) / timeScale,
          bisects: mapping.bisects,
          reportsItemFailures: mapping.reportsItemFailures,
          timeScale,
        },
        stop: this.#stop,
        nowMs: () => io.clock.wallMs(),
        invoke: (records) => this.#invoke(shardId, records),
        givenUp: (...details) => this.#giveUp(...details),
      },
    });
    this.#running.set(shardId, this.#read(poller, shardId));
  }

  async #read(poller: ShardPoller, shardId: string): Promise<void> {
    try {
      const end = await poller.run();
      // A shard without records left may be listed still: it is not begun again.
      if (end === 'gone') this.#checkpoints.set(shardId, { after: '', isDone: true });
    } catch (error) {
      const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#options.io.probe.always(false, `reading ${shardId} broke: ${detail}`);
      await this.#stop.sleep(lookAgainMs, 'lambda stream broken');
    }
    this.#running.delete(shardId);
  }

  async #invoke(shardId: string, records: readonly PendingRecord[]): Promise<Answer | undefined> {
    const { io, mapping, invoke } = this.#options;
    const answer = await invoke(mapping.functionName, eventOf(records));
    const failed = typeof answer === 'string' || answer.failed;
    io.probe.event('lambda.stream-batch', {
      uuid: mapping.uuid,
      functionName: mapping.functionName,
      shardId,
      records: records.length,
      outcome: typeof answer === 'string' ? answer : failed ? 'failed' : 'ok',
    });
    if (typeof answer === 'string') {
      this.#report(`PROBLEM: ${answer}`);
      return undefined;
    }
    this.#report(failed ? 'PROBLEM: Function call failed' : 'OK');
    return answer;
  }

  #giveUp(
    shardId: string,
    records: readonly PendingRecord[],
    why: GivenUp,
    invocations: number,
  ): void {
    const { io, mapping, discarded } = this.#options;
    const { uuid, functionName, functionArn, streamArn } = mapping;
    io.probe.event('lambda.stream-records-discarded', {
      uuid,
      functionName,
      records: records.length,
      why,
    });
    const [first, last] = [records[0], records.at(-1)];
    discarded(mapping, {
      requestContext: { functionArn, condition: why, approximateInvokeCount: invocations },
      version: '1.0',
      timestamp: new Date(io.clock.wallMs()).toISOString(),
      DDBStreamBatchInfo: {
        shardId,
        startSequenceNumber: first?.sequence,
        endSequenceNumber: last?.sequence,
        approximateArrivalOfFirstRecord: new Date(first?.createdMs ?? 0).toISOString(),
        approximateArrivalOfLastRecord: new Date(last?.createdMs ?? 0).toISOString(),
        batchSize: records.length,
        streamArn,
      },
    });
  }

  #save(shardId: string, checkpoint: Checkpoint): void {
    this.#checkpoints.set(shardId, checkpoint);
    const { registry, mapping } = this.#options;
    this.#write(() => registry.setCheckpoint(mapping.uuid, shardId, checkpoint));
  }

  /** What a disk that refuses has not taken costs a repetition after a restart, no record. */
  #write(run: () => void): void {
    const { io, registry, mapping } = this.#options;
    const refused = (error: unknown): void =>
      io.probe.event('lambda.stream-checkpoint-refused', {
        uuid: mapping.uuid,
        reason: String(error),
      });
    try {
      run();
      registry.flushed().catch(refused);
    } catch (error) {
      refused(error);
    }
  }

  #forgetAllBut(shards: readonly StreamShard[]): void {
    const { registry, mapping } = this.#options;
    const listed = new Set(shards.map(({ id }) => id));
    for (const shardId of [...this.#checkpoints.keys()]) {
      if (listed.has(shardId) || this.#running.has(shardId)) continue;
      this.#checkpoints.delete(shardId);
      this.#write(() => registry.setCheckpoint(mapping.uuid, shardId, undefined));
    }
  }

  #isDone(shardId: string): boolean {
    return this.#checkpoints.get(shardId)?.isDone === true;
  }

  #report(result: string): void {
    const { registry, mapping } = this.#options;
    this.#write(() => registry.setResult(mapping.uuid, result));
  }
}
