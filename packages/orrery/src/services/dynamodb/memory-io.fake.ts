/**
 * An `Io` for this folder's tests: an ordered map as the store, a clock and timers that a test moves
 * by hand. The two real implementations are in `io/`.
 */
import type { Entry, Io, RangeOptions, Store, ValueView, WriteTransaction } from '../../io/io.ts';

/** A store whose content outlives `close`, so that it can be opened again. */
export function memoryStore(content = new Map<string, string>()): Store {
  const name = (key: Uint8Array): string => Buffer.from(key).toString('latin1');
  let keys: string[] | undefined;
  const range = function* (options: RangeOptions): Iterable<Entry> {
    keys ??= [...content.keys()].sort();
    const [start, end] = [name(options.start), name(options.end)];
    let found = keys.filter((key) => key >= start && key < end);
    if (options.reverse) found = found.reverse();
    for (const key of found.slice(0, options.limit)) {
      yield { key: Buffer.from(key, 'latin1'), value: content.get(key) ?? '' };
    }
  };
  const view: WriteTransaction = {
    get: (key) => content.get(name(key)),
    view: (key) => {
      const value = content.get(name(key));
      return value === undefined ? undefined : viewOf(value);
    },
    range,
    visit: (options, visit) => {
      for (const { key, value } of range(options)) {
        if (!visit({ ...viewOf(value), key: () => key })) return;
      }
    },
    put: (key, value) => {
      content.set(name(key), value);
      keys = undefined;
    },
    delete: (key) => {
      content.delete(name(key));
      keys = undefined;
    },
  };
  const transaction: Store['transaction'] = (run) => {
    const before = new Map(content);
    try {
      return run(view);
    } catch (error) {
      content.clear();
      for (const [key, value] of before) content.set(key, value);
      keys = undefined;
      throw error;
    }
  };
  return {
    ...{ get: view.get, view: view.view, range, visit: view.visit },
    transaction,
    grouped: transaction,
    onUndone: () => {},
    flushed: async () => {},
    close: async () => {},
  };
}

function viewOf(value: string): ValueView {
  return { bytes: Buffer.from(value), length: Buffer.byteLength(value) };
}

export interface MemoryIo {
  readonly io: Io;
  /** Moves the clock on and runs what is due. */
  advance(milliseconds: number): void;
  /** Runs what is due now, and not what that adds; false where nothing is. */
  step(): boolean;
}

export function memoryIo(region = 'us-east-1', content = new Map<string, string>()): MemoryIo {
  let nowMs = Date.UTC(2026, 10, 24);
  let uuids = 0;
  let timers: { dueMs: number; run: () => void }[] = [];
  const after = (delayMs: number, _label: string, run: () => void) => {
    const timer = { dueMs: nowMs + delayMs, run };
    timers.push(timer);
    return {
      cancel: () => {
        timers = timers.filter((other) => other !== timer);
      },
    };
  };
  const absent = (): never => {
    throw new Error('not in this fake');
  };
  const io: Io = {
    id: `region/${region}`,
    location: region,
    clock: { wallMs: () => nowMs, monotonicUs: () => nowMs * 1000 },
    timers: { after, every: absent, sleep: absent },
    random: {
      u32: absent,
      float: absent,
      int: absent,
      chance: absent,
      bytes: absent,
      uuid: () => {
        uuids += 1;
        return `00000000-0000-4000-8000-${String(uuids).padStart(12, '0')}`;
      },
      split: () => io.random,
    },
    network: { request: absent, connect: absent, serve: absent },
    storage: { open: async () => memoryStore(content) },
    processes: { materialize: absent, launch: absent },
    probe: { event: () => {}, always: () => {}, sometimes: () => {}, buggify: () => false },
  };
  const step = (): boolean => {
    const due = timers.filter((timer) => timer.dueMs <= nowMs);
    timers = timers.filter((timer) => !due.includes(timer));
    for (const timer of due) timer.run();
    return due.length > 0;
  };
  return {
    io,
    step,
    advance: (milliseconds) => {
      nowMs += milliseconds;
      while (step());
    },
  };
}
