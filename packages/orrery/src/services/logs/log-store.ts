/**
 * Owns: log groups, streams and events of one region: events in chunks on disk, an index of the
 * chunks in memory.
 * Refuses to own: AWS's request forms (control-plane/, data-plane/).
 *
 * G1  What one request brings for one stream is one chunk: writing costs per batch, not per line.
 * G2  A group keeps its newest `eventsMax` events and `bytesMax` bytes; older chunks go first.
 * G3  Events older than the group's retention are not shown and go with the next append.
 * G4  Order within a stream: time, then arrival.
 */
import type { Io, Store, WriteTransaction } from '../../io/io.ts';
import { prefixRange, textKey } from '../../stdx/text-keys.ts';
import type { BatchHead, LogEvent } from './api.ts';

const eventsMax = 50_000;
const bytesMax = 67_108_864;
const dayMs = 86_400_000;

interface Chunk {
  readonly sequence: number;
  readonly stream: string;
  readonly count: number;
  readonly bytes: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly ingestedMs: number;
}

/** What one request brings for one stream. */
export interface LogBatch {
  readonly head: BatchHead;
  /** JSON of a list of LogEvent. */
  readonly events: string;
}

export interface LogStreamState {
  readonly name: string;
  readonly createdAtMs: number;
  firstMs: number | undefined;
  lastMs: number | undefined;
  ingestedMs: number | undefined;
  chunks: number;
}

export interface LogGroupState {
  readonly name: string;
  readonly createdAtMs: number;
  retentionDays: number | null;
  readonly streams: Map<string, LogStreamState>;
  chunks: Chunk[];
  events: number;
  bytes: number;
}

export interface StoredEvent {
  readonly stream: string;
  readonly timestampMs: number;
  readonly ingestedMs: number;
  readonly message: string;
  /** Orders events of a group: time, arrival. Names the event on the wire. */
  readonly id: string;
}

export interface Selection {
  readonly group: LogGroupState;
  readonly streams: (stream: string) => boolean;
  readonly startMs: number;
  readonly endMs: number;
}

export class LogStore {
  readonly #io: Io;
  readonly #store: Store;
  readonly groups = new Map<string, LogGroupState>();
  #sequence = 0;

  private constructor(io: Io, store: Store) {
    this.#io = io;
    this.#store = store;
  }

  /** Opens the store `logs` of this process. Throws `StorageError`. */
  static async open(io: Io): Promise<LogStore> {
    const logs = new LogStore(io, await io.storage.open('logs'));
    logs.#load();
    return logs;
  }

  flushed(): Promise<void> {
    return this.#store.flushed();
  }

  putGroup(name: string, retentionDays: number | null): LogGroupState {
    const held = this.groups.get(name);
    const createdAtMs = held?.createdAtMs ?? this.#io.clock.wallMs();
    this.#store.transaction((transaction) => {
      transaction.put(
        textKey(`group/${name}`),
        JSON.stringify({ name, createdAtMs, retentionDays }),
      );
    });
    if (held !== undefined) {
      held.retentionDays = retentionDays;
      return held;
    }
    const group = emptyGroup(name, createdAtMs, retentionDays);
    this.groups.set(name, group);
    return group;
  }

  deleteGroup(group: LogGroupState): void {
    this.#store.transaction((transaction) => {
      transaction.delete(textKey(`group/${group.name}`));
      for (const stream of group.streams.keys()) transaction.delete(streamKey(group.name, stream));
      for (const chunk of group.chunks) transaction.delete(chunkKey(group.name, chunk.sequence));
    });
    this.groups.delete(group.name);
  }

  putStream(group: LogGroupState, name: string): LogStreamState {
    const createdAtMs = this.#io.clock.wallMs();
    this.#store.transaction((transaction) => {
      this.#writeStream(transaction, group, name, createdAtMs);
    });
    return addStream(group, name, createdAtMs);
  }

  /** Appends batches in one transaction; groups and streams that are not there are made. */
  append(batches: readonly LogBatch[]): void {
    const nowMs = this.#io.clock.wallMs();
    const chunks: [LogGroupState, Chunk][] = [];
    const known = new Set(this.groups.keys());
    for (const { head } of batches) if (!known.has(head.group)) this.putGroup(head.group, null);
    this.#store.transaction((transaction) => {
      for (const { head, events } of batches) {
        const { stream, count, firstMs, lastMs } = head;
        const group = this.groups.get(head.group);
        if (group === undefined || count === 0) continue;
        if (!group.streams.has(stream)) {
          this.#writeStream(transaction, group, stream, nowMs);
          addStream(group, stream, nowMs);
        }
        this.#sequence += 1;
        const sequence = this.#sequence;
        const bytes = events.length;
        const chunk = { sequence, stream, count, bytes, firstMs, lastMs, ingestedMs: nowMs };
        transaction.put(chunkKey(head.group, sequence), `${JSON.stringify(chunk)}\n${events}`);
        chunks.push([group, chunk]);
      }
    });
    for (const [group, chunk] of chunks) index(group, chunk);
    for (const group of new Set(chunks.map(([group]) => group))) this.#trim(group, nowMs);
  }

  /** Events of a selection in the order of G4. */
  select(selection: Selection): StoredEvent[] {
    const { group, streams, endMs } = selection;
    const startMs = Math.max(selection.startMs, this.#oldestShown(group));
    const found: StoredEvent[] = [];
    for (const chunk of group.chunks) {
      if (chunk.lastMs < startMs || chunk.firstMs >= endMs || !streams(chunk.stream)) continue;
      this.#read(group, chunk, (event) => {
        if (event.timestampMs >= startMs && event.timestampMs < endMs) found.push(event);
      });
    }
    return found.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** The newest events that arrived after a cursor, oldest first, and the cursor behind them. */
  tail(
    groups: readonly LogGroupState[],
    after: number,
    sinceMs: number,
    limit: number,
  ): { events: (StoredEvent & { group: string })[]; cursor: number } {
    const chunks = groups
      .flatMap((group) => group.chunks.map((chunk) => ({ group, chunk })))
      .filter(({ chunk }) => chunk.sequence > after && chunk.lastMs >= sinceMs)
      .sort((a, b) => b.chunk.sequence - a.chunk.sequence);
    const events: (StoredEvent & { group: string })[] = [];
    for (const { group, chunk } of chunks) {
      if (events.length >= limit) break;
      this.#read(group, chunk, (event) => {
        if (event.timestampMs >= sinceMs) events.push({ ...event, group: group.name });
      });
    }
    events.sort((a, b) => (a.id < b.id ? -1 : 1));
    return { events: events.slice(-limit), cursor: this.#sequence };
  }

  #oldestShown(group: LogGroupState): number {
    if (group.retentionDays === null) return 0;
    return this.#io.clock.wallMs() - group.retentionDays * dayMs;
  }

  #read(group: LogGroupState, chunk: Chunk, take: (event: StoredEvent) => void): void {
    const value = this.#store.get(chunkKey(group.name, chunk.sequence));
    if (value === undefined) return;
    const events = JSON.parse(value.slice(value.indexOf('\n') + 1)) as LogEvent[];
    events.forEach(([timestampMs, message], position) => {
      const { stream, ingestedMs } = chunk;
      const id = eventId(timestampMs, chunk.sequence, position);
      take({ stream, timestampMs, ingestedMs, message, id });
    });
  }

  #writeStream(
    transaction: WriteTransaction,
    group: LogGroupState,
    name: string,
    createdAtMs: number,
  ): void {
    const value = JSON.stringify({ group: group.name, name, createdAtMs });
    transaction.put(streamKey(group.name, name), value);
  }

  #trim(group: LogGroupState, nowMs: number): void {
    const oldest = group.retentionDays === null ? 0 : nowMs - group.retentionDays * dayMs;
    const over: Chunk[] = [];
    while (group.chunks.length > 1) {
      const [first] = group.chunks;
      if (first === undefined) break;
      const tooMany = group.events > eventsMax || group.bytes > bytesMax;
      if (!tooMany && first.lastMs >= oldest) break;
      group.chunks.shift();
      group.events -= first.count;
      group.bytes -= first.bytes;
      over.push(first);
    }
    if (over.length === 0) return;
    this.#store.transaction((transaction) => {
      for (const chunk of over) {
        transaction.delete(chunkKey(group.name, chunk.sequence));
        const stream = group.streams.get(chunk.stream);
        if (stream === undefined) continue;
        stream.chunks -= 1;
        if (stream.chunks > 0) continue;
        group.streams.delete(stream.name);
        transaction.delete(streamKey(group.name, stream.name));
      }
    });
  }

  #load(): void {
    for (const { value } of this.#store.range(prefixRange('group/'))) {
      const { name, createdAtMs, retentionDays } = JSON.parse(value) as LogGroupState;
      this.groups.set(name, emptyGroup(name, createdAtMs, retentionDays));
    }
    for (const { value } of this.#store.range(prefixRange('stream/'))) {
      const held = JSON.parse(value) as { group: string; name: string; createdAtMs: number };
      const group = this.groups.get(held.group);
      if (group !== undefined) addStream(group, held.name, held.createdAtMs);
    }
    for (const group of this.groups.values()) {
      for (const { value } of this.#store.range(prefixRange(`chunk/${group.name}\0`))) {
        const chunk = JSON.parse(value.slice(0, value.indexOf('\n'))) as Chunk;
        index(group, chunk);
        this.#sequence = Math.max(this.#sequence, chunk.sequence);
      }
    }
  }
}

function emptyGroup(
  name: string,
  createdAtMs: number,
  retentionDays: number | null,
): LogGroupState {
  return { name, createdAtMs, retentionDays, streams: new Map(), chunks: [], events: 0, bytes: 0 };
}

function addStream(group: LogGroupState, name: string, createdAtMs: number): LogStreamState {
  const stream: LogStreamState = {
    name,
    createdAtMs,
    firstMs: undefined,
    lastMs: undefined,
    ingestedMs: undefined,
    chunks: 0,
  };
  group.streams.set(name, stream);
  return stream;
}

/** A batch of events that are at hand. */
export function batchOf(group: string, stream: string, events: readonly LogEvent[]): LogBatch {
  let firstMs = Number.POSITIVE_INFINITY;
  let lastMs = 0;
  for (const [timestampMs] of events) {
    firstMs = Math.min(firstMs, timestampMs);
    lastMs = Math.max(lastMs, timestampMs);
  }
  const head = { group, stream, count: events.length, firstMs, lastMs };
  return { head, events: JSON.stringify(events) };
}

function index(group: LogGroupState, chunk: Chunk): void {
  group.chunks.push(chunk);
  group.events += chunk.count;
  group.bytes += chunk.bytes;
  const stream = group.streams.get(chunk.stream);
  if (stream === undefined) return;
  stream.chunks += 1;
  stream.firstMs = Math.min(stream.firstMs ?? chunk.firstMs, chunk.firstMs);
  stream.lastMs = Math.max(stream.lastMs ?? chunk.lastMs, chunk.lastMs);
  stream.ingestedMs = chunk.ingestedMs;
}

/** 56 digits, as CloudWatch's event ids have. */
function eventId(timestampMs: number, sequence: number, position: number): string {
  const time = String(Math.max(timestampMs, 0)).padStart(20, '0');
  return `${time}${String(sequence).padStart(20, '0')}${String(position).padStart(16, '0')}`;
}

function streamKey(group: string, stream: string): Uint8Array {
  return textKey(`stream/${group}\0${stream}`);
}

function chunkKey(group: string, sequence: number): Uint8Array {
  return textKey(`chunk/${group}\0${String(sequence).padStart(16, '0')}`);
}
