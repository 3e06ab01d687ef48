/**
 * Owns: the functions of one region, durable in one store and at hand in memory.
 * Refuses to own: what may be in a function (control-plane/) and running it (data-plane/).
 *
 * F1  A record is immutable; a change is a new record with a new RevisionId.
 * F2  Memory is what the store holds: it is changed only after the transaction committed.
 * F3  `generation` grows with every change of code or configuration: environments of an older
 *     one are ended once they are idle.
 */
import type { Io, Store } from '../../io/io.ts';
import { prefixRange, textKey } from '../../stdx/text-keys.ts';
import type { PolicyStatement } from './api.ts';

export interface FunctionRecord {
  readonly name: string;
  readonly arn: string;
  readonly runtime: string;
  readonly role: string;
  readonly handler: string;
  readonly description: string;
  readonly timeoutS: number;
  readonly memoryMb: number;
  readonly ephemeralStorageMb: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly architecture: string;
  readonly tracingMode: string;
  readonly logGroup: string;
  /** Hex SHA-256 of the zip file: name of its code. */
  readonly codeDigest: string;
  readonly codeSize: number;
  readonly codeSha256: string;
  readonly lastModifiedMs: number;
  readonly revisionId: string;
  readonly state: 'Pending' | 'Active';
  readonly lastUpdateStatus: 'Successful' | 'InProgress';
  /** When the transition in hand ends; 0 where there is none. */
  readonly transitionEndsAtMs: number;
  readonly generation: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly reservedConcurrency: number | null;
  readonly policy: readonly PolicyStatement[];
  readonly policyRevisionId: string;
  /** Accepted and given back by GetFunctionConfiguration, without effect (README). */
  readonly declared: Readonly<Record<string, unknown>>;
}

type Listener = (name: string, record: FunctionRecord | undefined) => void;

const prefix = 'function/';

export class FunctionRegistry {
  readonly #store: Store;
  readonly #byName = new Map<string, FunctionRecord>();
  readonly #listeners: Listener[] = [];
  #reservedTotal = 0;

  private constructor(store: Store) {
    this.#store = store;
  }

  /** Throws `StorageError` where the disk refuses. */
  static async open(io: Io): Promise<FunctionRegistry> {
    const store = await io.storage.open('lambda');
    const registry = new FunctionRegistry(store);
    for (const { value } of store.range(prefixRange(prefix))) {
      const record = JSON.parse(value) as FunctionRecord;
      registry.#byName.set(record.name, record);
      registry.#reservedTotal += record.reservedConcurrency ?? 0;
    }
    return registry;
  }

  /** The store itself, for code and the asynchronous queue, which live beside the records. */
  get store(): Store {
    return this.#store;
  }

  get(name: string): FunctionRecord | undefined {
    return this.#byName.get(name);
  }

  /** Reserved concurrency of all functions together. */
  get reservedTotal(): number {
    return this.#reservedTotal;
  }

  /** By name, ascending. */
  list(): FunctionRecord[] {
    return [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  put(record: FunctionRecord): void {
    this.#store.transaction((transaction) => {
      transaction.put(textKey(prefix + record.name), JSON.stringify(record));
    });
    this.#changed(record.name, record);
  }

  remove(name: string): void {
    this.#store.transaction((transaction) => transaction.delete(textKey(prefix + name)));
    this.#changed(name, undefined);
  }

  #changed(name: string, record: FunctionRecord | undefined): void {
    const before = this.#byName.get(name)?.reservedConcurrency ?? 0;
    this.#reservedTotal += (record?.reservedConcurrency ?? 0) - before;
    if (record === undefined) this.#byName.delete(name);
    else this.#byName.set(name, record);
    for (const listener of this.#listeners) listener(name, record);
  }

  /** Called after every change, also of a removed function. */
  onChange(listener: Listener): void {
    this.#listeners.push(listener);
  }

  flushed(): Promise<void> {
    return this.#store.flushed();
  }
}
