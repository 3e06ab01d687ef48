/**
 * Owns: the event source mappings of one region, and how far each has read: durable in the store of
 * the functions, at hand in memory. Refuses to own: what may be in a mapping (control-plane/) and
 * the reading (data-plane/event-sources/).
 *
 * E1  A record is immutable; a change is a new record. Listeners hear of it after it is committed.
 * E2  A mapping's checkpoints are written and removed with it; a checkpoint of a mapping that is
 *     gone is never written.
 */
import type { Store } from '../../io/io.ts';
import { prefixRange, textKey } from '../../stdx/text-keys.ts';

export type MappingState =
  | 'Creating'
  | 'Enabling'
  | 'Enabled'
  | 'Disabling'
  | 'Disabled'
  | 'Updating'
  | 'Deleting';

export type StartingPosition = 'TRIM_HORIZON' | 'LATEST';

/** What a user may change of a mapping. */
export interface MappingSettings {
  readonly functionName: string;
  readonly functionArn: string;
  readonly isEnabled: boolean;
  readonly batchSize: number;
  readonly batchingWindowS: number;
  readonly parallelizationFactor: number;
  /** -1: as long as the stream keeps a record. */
  readonly recordAgeMaxS: number;
  /** -1: without end. */
  readonly retryAttemptsMax: number;
  readonly bisects: boolean;
  /** FunctionResponseTypes has ReportBatchItemFailures. */
  readonly reportsItemFailures: boolean;
  /** Texts of patterns, any of which lets a record pass; none: all records pass. */
  readonly filters: readonly string[];
  /** Accepted and given back without effect (README). */
  readonly declared: Readonly<Record<string, unknown>>;
}

export interface MappingRecord extends MappingSettings {
  readonly uuid: string;
  readonly arn: string;
  readonly streamArn: string;
  readonly startingPosition: StartingPosition;
  readonly createdMs: number;
  readonly lastModifiedMs: number;
  readonly state: MappingState;
  readonly tags: Readonly<Record<string, string>>;
}

/** How far a shard has been handled. */
export interface Checkpoint {
  /** Everything up to this sequence number; empty: from the oldest record on. */
  readonly after: string;
  /** The shard is closed, and everything in it has been handled. */
  readonly isDone: boolean;
}

type Listener = (record: MappingRecord | undefined, uuid: string) => void;

const recordPrefix = 'mapping/';
const checkpointPrefix = (uuid: string): string => `mapping-checkpoint/${uuid}/`;
const resultKey = (uuid: string): Uint8Array => textKey(`mapping-result/${uuid}`);

export const nothingProcessed = 'No records processed';

export class MappingRegistry {
  readonly #store: Store;
  readonly #byUuid = new Map<string, MappingRecord>();
  readonly #listeners: Listener[] = [];

  constructor(store: Store) {
    this.#store = store;
    for (const { value } of store.range(prefixRange(recordPrefix))) {
      const record = JSON.parse(value) as MappingRecord;
      this.#byUuid.set(record.uuid, record);
    }
  }

  get(uuid: string): MappingRecord | undefined {
    return this.#byUuid.get(uuid);
  }

  /** In the order in which they were made. */
  list(): MappingRecord[] {
    const order = (a: MappingRecord, b: MappingRecord): number =>
      a.createdMs - b.createdMs || (a.uuid < b.uuid ? -1 : 1);
    return [...this.#byUuid.values()].sort(order);
  }

  /** Checkpoints are given with a new mapping that does not begin with the oldest record. */
  put(record: MappingRecord, checkpoints: ReadonlyMap<string, Checkpoint> = new Map()): void {
    this.#store.transaction((transaction) => {
      transaction.put(textKey(recordPrefix + record.uuid), JSON.stringify(record));
      for (const [shardId, checkpoint] of checkpoints) {
        const key = textKey(checkpointPrefix(record.uuid) + shardId);
        transaction.put(key, JSON.stringify(checkpoint));
      }
    });
    this.#byUuid.set(record.uuid, record);
    for (const listener of this.#listeners) listener(record, record.uuid);
  }

  remove(uuid: string): void {
    const shardIds = [...this.checkpoints(uuid).keys()];
    this.#store.transaction((transaction) => {
      transaction.delete(textKey(recordPrefix + uuid));
      transaction.delete(resultKey(uuid));
      for (const shardId of shardIds) {
        transaction.delete(textKey(checkpointPrefix(uuid) + shardId));
      }
    });
    this.#byUuid.delete(uuid);
    for (const listener of this.#listeners) listener(undefined, uuid);
  }

  /** By shard; a shard without one has not been begun. */
  checkpoints(uuid: string): Map<string, Checkpoint> {
    const prefix = checkpointPrefix(uuid);
    const found = new Map<string, Checkpoint>();
    for (const { key, value } of this.#store.range(prefixRange(prefix))) {
      const shardId = Buffer.from(key).toString().slice(prefix.length);
      found.set(shardId, JSON.parse(value) as Checkpoint);
    }
    return found;
  }

  /** Writes a checkpoint, or forgets that of a shard which its stream does not have any more. */
  setCheckpoint(uuid: string, shardId: string, checkpoint: Checkpoint | undefined): void {
    if (!this.#byUuid.has(uuid)) return;
    const key = textKey(checkpointPrefix(uuid) + shardId);
    this.#store.transaction((transaction) => {
      if (checkpoint === undefined) transaction.delete(key);
      else transaction.put(key, JSON.stringify(checkpoint));
    });
  }

  /** What the last invocation came to, in Lambda's words. */
  result(uuid: string): string {
    return this.#store.get(resultKey(uuid)) ?? nothingProcessed;
  }

  setResult(uuid: string, text: string): void {
    if (!this.#byUuid.has(uuid) || this.result(uuid) === text) return;
    this.#store.transaction((transaction) => transaction.put(resultKey(uuid), text));
  }

  onChange(listener: Listener): void {
    this.#listeners.push(listener);
  }

  flushed(): Promise<void> {
    return this.#store.flushed();
  }
}
