/**
 * The road from the control plane to the name servers: PENDING → INSYNC.
 *
 * Owns: the queue of changes that are accepted but not yet served, and their status.
 *
 * Invariants:
 *  W1  A change and what it propagates commit with the write that caused them; a crash before
 *      INSYNC repeats the propagation after the restart.
 *  W2  Changes become effective in the order in which they were accepted, each `delayMs` after it
 *      was (or at once, where a restart took longer).
 *  W3  INSYNC is told only after the name servers' state is durable.
 */
import type { Entry, Io, Store, Timer, WriteTransaction } from '../../../io/io.ts';
import { noSuchChange } from '../errors.ts';
import { keyOf, partsOf, rangeOf } from '../keys.ts';
import type { Update } from '../record-set.ts';

export interface ChangeRecord {
  readonly id: string;
  readonly status: 'PENDING' | 'INSYNC';
  readonly submittedAtMs: number;
  readonly comment: string | null;
}

interface PendingUpdates {
  /** First, so that it is read without the rest. */
  readonly dueAtMs: number;
  readonly changeId: string | null;
  readonly updates: readonly Update[];
}

/** A change as the API shows it. */
export function changeOutput(change: ChangeRecord): object {
  return {
    Id: `/change/${change.id}`,
    Status: change.status,
    SubmittedAt: change.submittedAtMs,
    ...(change.comment === null ? {} : { Comment: change.comment }),
  };
}

/** The name servers, as far as the control plane is concerned. */
export interface NameServers {
  /** Commits a batch to disk … */
  persist(updates: readonly Update[]): void;
  /** … and answers by it from now on. */
  show(updates: readonly Update[]): void;
  flushed(): Promise<void>;
}

/** Characters of a batch from which it is put into effect in two turns. */
const longBatch = 16_384;

function dueAtMs(pending: string): number {
  const first = /^\{"dueAtMs":(\d+)/.exec(pending)?.[1];
  // Queues of earlier versions have it elsewhere.
  return first === undefined ? (JSON.parse(pending) as PendingUpdates).dueAtMs : Number(first);
}

/** So many changes can be asked for with GetChange; older ones are forgotten. */
const maxChanges = 10_000;

export class Propagation {
  private readonly io: Io;
  private readonly store: Store;
  private readonly nameServers: NameServers;
  private readonly delayMs: number;
  private sequence = 0;
  private timer: Timer | undefined;
  private running = false;
  private stopped = false;

  constructor(io: Io, store: Store, nameServers: NameServers, delayMs: number) {
    this.io = io;
    this.store = store;
    this.nameServers = nameServers;
    this.delayMs = delayMs;
    for (const kind of ['pending', 'change-order']) {
      for (const { key } of store.range({ ...rangeOf(kind), reverse: true, limit: 1 })) {
        this.sequence = Math.max(this.sequence, Number(partsOf(key)[1]) + 1);
      }
    }
  }

  /** Takes up what a former process left. */
  start(): void {
    this.arm();
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
  }

  /** Queues updates within the transaction that causes them. `change` is null for health checks. */
  submit(
    transaction: WriteTransaction,
    updates: readonly Update[],
    change: { readonly id: string; readonly comment: string | null } | null,
  ): ChangeRecord | undefined {
    const nowMs = this.io.clock.wallMs();
    const pending: PendingUpdates = {
      dueAtMs: nowMs + this.delayMs,
      changeId: change?.id ?? null,
      updates,
    };
    const sequence = String(this.sequence++).padStart(16, '0');
    transaction.put(keyOf('pending', sequence), JSON.stringify(pending));
    this.io.timers.after(0, 'route53 propagation', () => this.arm());
    if (change === null) return undefined;
    const record: ChangeRecord = { ...change, status: 'PENDING', submittedAtMs: nowMs };
    transaction.put(keyOf('change', change.id), JSON.stringify(record));
    transaction.put(keyOf('change-order', sequence), change.id);
    this.forgetOld(transaction, Number(sequence));
    return record;
  }

  read(id: string): ChangeRecord {
    const text = this.store.get(keyOf('change', id));
    if (text === undefined) throw noSuchChange(id);
    return JSON.parse(text) as ChangeRecord;
  }

  private forgetOld(transaction: WriteTransaction, sequence: number): void {
    if (sequence % 256 !== 0 || sequence < maxChanges) return;
    const end = keyOf('change-order', String(sequence - maxChanges).padStart(16, '0'));
    const { start } = rangeOf('change-order');
    for (const { key, value } of [...transaction.range({ start, end })]) {
      transaction.delete(key);
      transaction.delete(keyOf('change', value));
    }
  }

  private head(): Entry | undefined {
    for (const entry of this.store.range({ ...rangeOf('pending'), limit: 1 })) return entry;
    return undefined;
  }

  private arm(): void {
    if (this.stopped || this.running || this.timer !== undefined) return;
    const head = this.head();
    if (head === undefined) return;
    // A wall clock that was set back must not hold changes up for longer than the delay.
    const waitMs = Math.min(
      this.delayMs,
      Math.max(0, dueAtMs(head.value) - this.io.clock.wallMs()),
    );
    this.timer = this.io.timers.after(waitMs, 'route53 propagation', () => {
      this.timer = undefined;
      void this.propagateDue();
    });
  }

  private async propagateDue(): Promise<void> {
    this.running = true;
    const head = this.head();
    if (head !== undefined) {
      const { key, value } = head;
      const pending = JSON.parse(value) as PendingUpdates;
      this.nameServers.persist(pending.updates);
      // Who waits behind a long batch gets a turn before the next part of it.
      if (value.length > longBatch) await this.io.timers.sleep(0, 'route53 propagation');
      if (this.stopped) return;
      this.nameServers.show(pending.updates);
      await this.nameServers.flushed();
      if (this.stopped) return;
      this.store.transaction((transaction) => {
        transaction.delete(key);
        if (pending.changeId === null) return;
        const changeKey = keyOf('change', pending.changeId);
        const text = transaction.get(changeKey);
        if (text === undefined) return;
        const change = JSON.parse(text) as ChangeRecord;
        transaction.put(changeKey, JSON.stringify({ ...change, status: 'INSYNC' }));
      });
      this.io.probe.event('route53-insync', {
        change: pending.changeId ?? '',
        updates: pending.updates.length,
      });
    }
    this.running = false;
    this.arm();
  }
}
