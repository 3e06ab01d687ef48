/**
 * What transactions have written that are to be committed together, and who waits for that. Owns the
 * writes until then. Refuses to own the commit (`storage.ts`).
 *
 * Invariants:
 *  1. What a transaction writes is taken whole once its function has returned, or not at all.
 *  2. Of several writes of one key the last is committed.
 */
import { assert } from '../../stdx/assert.ts';
import type {
  Entry,
  EntryView,
  RangeOptions,
  ReadTransaction,
  ValueView,
  WriteTransaction,
} from '../io.ts';

export interface GroupedWrite {
  readonly key: Uint8Array;
  /** Undefined where the key is deleted. */
  readonly value: string | undefined;
}

export class WriteGroup {
  #writes = new Map<string, GroupedWrite>();
  #waiting: PromiseWithResolvers<void> | undefined;

  get isEmpty(): boolean {
    return this.#writes.size === 0;
  }

  /** The write of that key, if there is one. */
  find(key: Uint8Array): GroupedWrite | undefined {
    return this.#writes.size === 0 ? undefined : this.#writes.get(nameOf(key));
  }

  /** Runs the function on what `store` and the group hold. */
  run<T>(store: ReadTransaction, run: (transaction: WriteTransaction) => T): T {
    const writes = new OwnWrites(store);
    try {
      const result = run(writes);
      assert(!(result instanceof Promise), 'a transaction must not be asynchronous');
      writes.moveTo(this.#writes);
      return result;
    } finally {
      writes.isOver = true;
    }
  }

  /** Resolves or rejects as the commit does. */
  committed(): Promise<void> {
    this.#waiting ??= Promise.withResolvers();
    return this.#waiting.promise;
  }

  /** Commits what there is. Where that fails it returns why, after `undone` was told. */
  commit(write: (writes: Iterable<GroupedWrite>) => void, undone: () => void): unknown {
    const writes = this.#writes;
    const waiting = this.#waiting;
    this.#writes = new Map();
    this.#waiting = undefined;
    try {
      write(writes.values());
    } catch (error) {
      undone();
      waiting?.promise.catch(() => {});
      waiting?.reject(error);
      return error;
    }
    waiting?.resolve();
    return undefined;
  }
}

/** Of one transaction, which writes little: they are found one after the other. */
class OwnWrites implements WriteTransaction {
  isOver = false;
  readonly #store: ReadTransaction;
  readonly #names: string[] = [];
  readonly #writes: GroupedWrite[] = [];

  constructor(store: ReadTransaction) {
    this.#store = store;
  }

  get(key: Uint8Array): string | undefined {
    const at = this.#indexOf(key);
    return at === -1 ? this.#store.get(key) : this.#writes[at]?.value;
  }

  view(key: Uint8Array): ValueView | undefined {
    const at = this.#indexOf(key);
    return at === -1 ? this.#store.view(key) : viewOf(this.#writes[at]?.value);
  }

  range(options: RangeOptions): Iterable<Entry> {
    this.#assertUnwritten();
    return this.#store.range(options);
  }

  visit(options: RangeOptions, visit: (entry: EntryView) => boolean): void {
    this.#assertUnwritten();
    this.#store.visit(options, visit);
  }

  put(key: Uint8Array, value: string): void {
    this.#write(key, value);
  }

  delete(key: Uint8Array): void {
    this.#write(key, undefined);
  }

  moveTo(group: Map<string, GroupedWrite>): void {
    for (const [i, write] of this.#writes.entries()) group.set(this.#names[i] as string, write);
  }

  #write(key: Uint8Array, value: string | undefined): void {
    assert(!this.isOver, 'a transaction is over when its function returns');
    assertKey(key);
    this.#names.push(nameOf(key));
    this.#writes.push({ key, value });
  }

  #indexOf(key: Uint8Array): number {
    assertKey(key);
    return this.#names.length === 0 ? -1 : this.#names.lastIndexOf(nameOf(key));
  }

  #assertUnwritten(): void {
    assert(this.#names.length === 0, 'a grouped transaction reads no range after it has written');
  }
}

export function viewOf(value: string | undefined): ValueView | undefined {
  if (value === undefined) return undefined;
  const bytes = Buffer.from(value);
  return { bytes, length: bytes.length };
}

const KEY_BYTES_MAX = 1_900;

export function assertKey(key: Uint8Array): void {
  assert(
    key.length > 0 && key.length <= KEY_BYTES_MAX,
    `a key is 1 to ${KEY_BYTES_MAX} bytes, this one ${key.length}`,
  );
}

/** One character per byte. */
function nameOf(key: Uint8Array): string {
  const bytes = Buffer.isBuffer(key)
    ? key
    : Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  return bytes.toString('latin1');
}
