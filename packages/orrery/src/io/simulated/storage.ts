/**
 * Disks in memory. Owns: the stores of one process id over all its lives, what of them a crash
 * leaves, and how long a flush takes.
 *
 * S1  Reads see every committed transaction at once; a crash takes back the unflushed ones from
 *     the newest on, and keeps a random prefix of them: a torn tail never has a hole.
 * S2  `flushed()` resolves after a flush that began after the call. Flushes are grouped: one at a
 *     time, the next takes all that waited.
 */
import { assert } from '../../stdx/assert.ts';
import type {
  Entry,
  EntryView,
  Random,
  RangeOptions,
  Storage,
  Store,
  ValueView,
  WriteTransaction,
} from '../io.ts';
import type { Kernel, Owner } from './kernel.ts';
import { OrderedMap } from './ordered-map.ts';

export interface StorageProfile {
  readonly flushLowUs: number;
  readonly flushHighUs: number;
  /** Chance that a flush takes twenty times as long. */
  readonly stallProbability?: number;
  /** Planted bug: `flushed()` resolves at once, while a crash still loses what was not flushed. */
  readonly ackBeforeFlush?: boolean;
}

/**
 * Told of every committed transaction: what now stands under each key that it wrote, undefined
 * where it deleted. For checkers; services cannot see it.
 */
export type CommitSink = (
  processId: string,
  store: string,
  writes: readonly (readonly [key: Uint8Array, value: string | undefined])[],
) => void;

interface Committed {
  readonly sequence: number;
  /** What stood under each key before, in the order of writing. */
  readonly undo: Undo;
}

type Undo = readonly (readonly [key: string, before: string | undefined])[];

interface DiskStore {
  readonly map: OrderedMap;
  unflushed: Committed[];
  sequence: number;
  opened: Owner | undefined;
}

const keyBytesMax = 1900;

/** The disk of one process id: outlives its crashes. */
export class Disk {
  readonly #stores = new Map<string, DiskStore>();
  readonly #random: Random;
  readonly #sink: CommitSink | undefined;

  constructor(random: Random, sink: CommitSink | undefined) {
    this.#random = random;
    this.#sink = sink;
  }

  /** Takes back what a crash loses; returns how many transactions that were. */
  crash(): number {
    let lost = 0;
    for (const store of this.#stores.values()) {
      const kept = this.#random.int(0, store.unflushed.length);
      for (const { undo } of store.unflushed.splice(kept).reverse()) {
        lost += 1;
        undoWrites(store.map, undo);
      }
      store.unflushed = [];
      store.opened = undefined;
    }
    return lost;
  }

  storageOf(kernel: Kernel, owner: Owner, random: Random, profile: StorageProfile): Storage {
    return {
      open: async (name) => {
        kernel.assertRunning(owner, 'storage');
        const disk = this.#store(name);
        assert(disk.opened === undefined, `store ${name} of ${owner.id} is open already`);
        disk.opened = owner;
        const sink = this.#sink;
        const tell = sink && ((undo: Undo): void => sink(owner.id, name, written(disk.map, undo)));
        return new SimulatedStore(kernel, owner, random.split(name), profile, disk, tell);
      },
    };
  }

  #store(name: string): DiskStore {
    let store = this.#stores.get(name);
    if (store === undefined) {
      store = { map: new OrderedMap(), unflushed: [], sequence: 0, opened: undefined };
      this.#stores.set(name, store);
    }
    return store;
  }
}

class SimulatedStore implements Store {
  readonly #kernel: Kernel;
  readonly #owner: Owner;
  readonly #random: Random;
  readonly #profile: StorageProfile;
  readonly #disk: DiskStore;
  readonly #tell: ((undo: Undo) => void) | undefined;
  readonly #waiting: { readonly sequence: number; readonly resolve: () => void }[] = [];
  #flushing = false;
  #writing = false;

  constructor(
    kernel: Kernel,
    owner: Owner,
    random: Random,
    profile: StorageProfile,
    disk: DiskStore,
    tell: ((undo: Undo) => void) | undefined,
  ) {
    this.#kernel = kernel;
    this.#owner = owner;
    this.#random = random;
    this.#profile = profile;
    this.#disk = disk;
    this.#tell = tell;
  }

  get(key: Uint8Array): string | undefined {
    this.#assertOpen();
    return this.#disk.map.get(textOf(key));
  }

  view(key: Uint8Array): ValueView | undefined {
    return viewOf(this.get(key));
  }

  range(options: RangeOptions): Iterable<Entry> {
    this.#assertOpen();
    return rangeOf(this.#disk.map, options);
  }

  visit(options: RangeOptions, visit: (entry: EntryView) => boolean): void {
    visitAll(this.range(options), visit);
  }

  transaction<T>(run: (transaction: WriteTransaction) => T): T {
    this.#assertOpen();
    assert(!this.#writing, 'transactions do not nest');
    const { map } = this.#disk;
    const undo: [string, string | undefined][] = [];
    const transaction = new SimulatedTransaction(map, undo);
    this.#writing = true;
    try {
      const result = run(transaction);
      assert(!(result instanceof Promise), 'a transaction is synchronous');
      if (undo.length > 0) {
        this.#disk.sequence += 1;
        this.#disk.unflushed.push({ sequence: this.#disk.sequence, undo });
        this.#tell?.(undo);
      }
      return result;
    } catch (error) {
      undoWrites(map, undo);
      throw error;
    } finally {
      transaction.over = true;
      this.#writing = false;
    }
  }

  grouped<T>(run: (transaction: WriteTransaction) => T): T {
    return this.transaction((transaction) => {
      (transaction as SimulatedTransaction).isGrouped = true;
      return run(transaction);
    });
  }

  /** Here no commit fails. */
  onUndone(): void {}

  flushed(): Promise<void> {
    this.#assertOpen();
    if (this.#disk.unflushed.length === 0) return Promise.resolve();
    const { sequence } = this.#disk;
    const done = new Promise<void>((resolve) => this.#waiting.push({ sequence, resolve }));
    if (!this.#flushing) this.#flush();
    return this.#profile.ackBeforeFlush === true ? Promise.resolve() : done;
  }

  async close(): Promise<void> {
    await this.flushed();
    this.#disk.opened = undefined;
  }

  #flush(): void {
    this.#flushing = true;
    const through = this.#disk.sequence;
    const { flushLowUs, flushHighUs, stallProbability = 0 } = this.#profile;
    const stalls = stallProbability > 0 && this.#random.chance(stallProbability);
    const delayUs = this.#random.int(flushLowUs, flushHighUs) * (stalls ? 20 : 1);
    this.#kernel.schedule(this.#owner, delayUs, 'storage.flushed', () => {
      const rest = this.#disk.unflushed.findIndex(({ sequence }) => sequence > through);
      this.#disk.unflushed.splice(0, rest === -1 ? this.#disk.unflushed.length : rest);
      const still = this.#waiting.findIndex(({ sequence }) => sequence > through);
      const ready = this.#waiting.splice(0, still === -1 ? this.#waiting.length : still);
      this.#flushing = false;
      if (this.#waiting.length > 0) this.#flush();
      for (const { resolve } of ready) resolve();
    });
  }

  #assertOpen(): void {
    assert(this.#disk.opened === this.#owner && this.#owner.alive, 'the store is closed');
    this.#kernel.assertRunning(this.#owner, 'store');
  }
}

class SimulatedTransaction implements WriteTransaction {
  over = false;
  isGrouped = false;
  readonly #map: OrderedMap;
  readonly #undo: [string, string | undefined][];

  constructor(map: OrderedMap, undo: [string, string | undefined][]) {
    this.#map = map;
    this.#undo = undo;
  }

  get(key: Uint8Array): string | undefined {
    this.#assertRunning();
    return this.#map.get(textOf(key));
  }

  view(key: Uint8Array): ValueView | undefined {
    return viewOf(this.get(key));
  }

  range(options: RangeOptions): Iterable<Entry> {
    this.#assertRunning();
    const mayRead = !this.isGrouped || this.#undo.length === 0;
    assert(mayRead, 'a grouped transaction reads no range after it has written');
    return rangeOf(this.#map, options);
  }

  visit(options: RangeOptions, visit: (entry: EntryView) => boolean): void {
    visitAll(this.range(options), visit);
  }

  put(key: Uint8Array, value: string): void {
    this.#assertRunning();
    assert(key.length > 0 && key.length <= keyBytesMax, `key of ${key.length} bytes`);
    const text = textOf(key);
    this.#undo.push([text, this.#map.get(text)]);
    this.#map.set(text, value);
  }

  delete(key: Uint8Array): void {
    this.#assertRunning();
    const text = textOf(key);
    const before = this.#map.get(text);
    if (before === undefined) return;
    this.#undo.push([text, before]);
    this.#map.delete(text);
  }

  #assertRunning(): void {
    assert(!this.over, 'a transaction is used after its end');
  }
}

function* rangeOf(map: OrderedMap, options: RangeOptions): Generator<Entry> {
  const limit = options.limit ?? Number.POSITIVE_INFINITY;
  if (limit <= 0) return;
  let count = 0;
  const keys = map.keys(textOf(options.start), textOf(options.end), options.reverse === true);
  for (const key of keys) {
    yield { key: Buffer.from(key, 'latin1'), value: map.get(key) ?? '' };
    count += 1;
    if (count >= limit) return;
  }
}

/** With something behind it, as on a real disk: who reads too far shall see it. */
function viewOf(value: string | undefined): ValueView | undefined {
  if (value === undefined) return undefined;
  const length = Buffer.byteLength(value);
  return { bytes: Buffer.from(`${value}\0beyond`), length };
}

function visitAll(entries: Iterable<Entry>, visit: (entry: EntryView) => boolean): void {
  for (const { key, value } of entries) {
    const view = viewOf(value) as ValueView;
    const goesOn = visit({ ...view, key: () => key });
    // Lent no longer.
    view.bytes.fill(0);
    if (!goesOn) return;
  }
}

function written(map: OrderedMap, undo: Undo): [Uint8Array, string | undefined][] {
  const keys = new Set(undo.map(([key]) => key));
  return [...keys].map((key) => [Buffer.from(key, 'latin1'), map.get(key)]);
}

function undoWrites(map: OrderedMap, undo: Undo): void {
  for (let index = undo.length - 1; index >= 0; index -= 1) {
    const [key, before] = undo[index] as readonly [string, string | undefined];
    if (before === undefined) map.delete(key);
    else map.set(key, before);
  }
}

/** One character per byte: texts of that kind order as their bytes do. */
function textOf(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
}
