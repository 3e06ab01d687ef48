/**
 * A small replicated key-value service, to prove the framework with: last writer wins by
 * (milliseconds, counter, region), a log per region that is pushed to every peer until acknowledged.
 */
import { type HttpRequest, type HttpResponse, type Io, NetError, type Store } from '../io/io.ts';
import type { Version } from '../services/dynamodb/api.ts';
import { compareVersions } from './checkers/replicas.ts';
import type { Completion, Operation } from './history.ts';
import type { Plan } from './plan.ts';
import type { CreateTarget, Held, OwnWrite, StoredWrites, Target } from './target.ts';

interface Entry extends Held {
  readonly key: string;
}

const bytes = (text: string): Uint8Array => Buffer.from(text);
const request = (body: unknown): HttpRequest => ({
  method: 'POST',
  path: '/',
  headers: {},
  body: bytes(JSON.stringify(body)),
});
const answer = (status: number, body: unknown): HttpResponse => ({
  status,
  headers: {},
  body: bytes(JSON.stringify(body)),
});
const parse = <T>(message: { readonly body: Uint8Array }): T =>
  JSON.parse(String(message.body)) as T;
const items = { start: bytes('item/'), end: bytes('item0') };
const logKey = (sequence: number): Uint8Array => bytes(`log/${String(sequence).padStart(12, '0')}`);

/** How the fake may be wrong on purpose. */
export interface KvMistakes {
  /** Answers some consistent reads with what stood there before the last write. */
  readonly staleReads?: boolean;
  /** Never sends again what a peer did not acknowledge. */
  readonly forgetsAfterFailure?: boolean;
}

export function createKvTarget(mistakes: KvMistakes = {}): CreateTarget {
  return (plan) => new KvTarget(plan, mistakes);
}

class KvTarget implements Target {
  readonly mustTell = [];
  readonly #plan: Plan;
  readonly #mistakes: KvMistakes;

  constructor(plan: Plan, mistakes: KvMistakes) {
    this.#plan = plan;
    this.#mistakes = mistakes;
  }

  async boot(io: Io): Promise<void> {
    await bootKv(io, this.#plan, this.#mistakes);
  }

  async prepare(): Promise<void> {}
  async addReplicas(): Promise<void> {}
  async pauseReplication(): Promise<boolean> {
    return true;
  }

  async perform(io: Io, operation: Operation): Promise<Completion> {
    const to = { region: operation.region, service: 'kv' };
    const deadline = { deadlineMs: this.#plan.workload.deadlineMs };
    try {
      const response = await io.network.request(to, request(operation), deadline);
      if (response.status === 409) return { outcome: 'failed' };
      return { outcome: 'ok', ...parse<{ observed?: string | null }>(response) };
    } catch (error) {
      if (!(error instanceof NetError)) throw error;
      return { outcome: error.maybeApplied ? 'unknown' : 'failed' };
    }
  }

  async replica(io: Io, region: string): Promise<ReadonlyMap<string, Held> | undefined> {
    const to = { region, service: 'kv-dump' };
    const response = await io.network.request(to, request({}), { deadlineMs: 5_000 });
    return new Map(parse<[string, Held][]>(response));
  }

  *ownWrites(region: string, _store: string, writes: StoredWrites): Iterable<OwnWrite> {
    for (const [key, text] of writes) {
      if (!String(key).startsWith('item/') || text === undefined) continue;
      const { value, version } = JSON.parse(text) as Held;
      if (version.region === region) yield { key: String(key).slice(5), value, version };
    }
  }

  async backlog(io: Io, region: string): Promise<number | undefined> {
    const to = { region, service: 'kv-backlog' };
    return parse<number>(await io.network.request(to, request({}), { deadlineMs: 5_000 }));
  }
}

async function bootKv(io: Io, plan: Plan, mistakes: KvMistakes): Promise<void> {
  const store = await io.storage.open('kv');
  const region = io.location;
  const number = (name: string): number => Number(store.get(bytes(name)) ?? 0);
  const held = (key: string): Held | undefined => {
    const text = store.get(bytes(`item/${key}`));
    return text === undefined ? undefined : (JSON.parse(text) as Held);
  };
  const compare = (a: Version, b: Version): number =>
    plan.plant === 'ties-by-arrival' && a.timestamp === b.timestamp ? 1 : compareVersions(a, b);
  let clockMs = number('clock');
  let last = number('sequence');

  const stamp = (): Version => {
    clockMs = Math.max(clockMs + (io.clock.wallMs() > clockMs ? 0 : 1), io.clock.wallMs());
    return { timestamp: String(clockMs).padStart(16, '0'), region };
  };
  const previous = new Map<string, string | null>();
  const write = (key: string, value: string | null): void => {
    previous.set(key, held(key)?.value ?? null);
    const version = stamp();
    last += 1;
    store.transaction((t) => {
      t.put(bytes(`item/${key}`), JSON.stringify({ value, version }));
      t.put(logKey(last), key);
      t.put(bytes('clock'), String(clockMs));
      t.put(bytes('sequence'), String(last));
    });
  };

  io.network.serve('kv', async (message) => {
    const { kind, key, value = null, expected } = parse<Operation>(message);
    const before = held(key);
    const observed = before?.value ?? null;
    if (kind === 'get' || kind === 'consistent-get') {
      // What is read must not be lost after it was told.
      await store.flushed();
      const stale = mistakes.staleReads === true && io.random.chance(0.2);
      return answer(200, { observed: stale ? (previous.get(key) ?? null) : observed });
    }
    if ((kind === 'conditional-put' || kind === 'create') && observed !== expected) {
      return answer(409, {});
    }
    if (kind !== 'delete' || before !== undefined) write(key, kind === 'delete' ? null : value);
    await store.flushed();
    return answer(200, kind === 'update' ? { observed } : {});
  });
  io.network.serve('kv-apply', async (message) => {
    for (const entry of parse<Entry[]>(message)) {
      // At once: the next local write must be newer than all that this region has seen.
      clockMs = Math.max(clockMs, Number(entry.version.timestamp));
      apply(io, store, entry, compare);
    }
    await store.flushed();
    return answer(200, {});
  });
  io.network.serve('kv-dump', () =>
    answer(
      200,
      [...store.range(items)].map(({ key, value }) => [String(key).slice(5), JSON.parse(value)]),
    ),
  );
  const peers = plan.regions.filter((peer) => peer !== region);
  io.network.serve('kv-backlog', () =>
    answer(
      200,
      peers.reduce((sum, peer) => sum + last - number(`cursor/${peer}`), 0),
    ),
  );
  for (const peer of peers) void push(io, store, peer, held, mistakes);
}

function apply(
  io: Io,
  store: Store,
  entry: Entry,
  compare: (a: Version, b: Version) => number,
): void {
  const key = bytes(`item/${entry.key}`);
  const text = store.get(key);
  const here = text === undefined ? undefined : (JSON.parse(text) as Held);
  if (here !== undefined && compare(entry.version, here.version) <= 0) return;
  const { value, version } = entry;
  store.transaction((t) => {
    t.put(key, JSON.stringify({ value, version }));
    const clock = Math.max(Number(t.get(bytes('clock')) ?? 0), Number(version.timestamp));
    t.put(bytes('clock'), String(clock));
  });
  io.probe.sometimes(
    here !== undefined && here.version.region !== version.region,
    'one region overwrites another',
  );
}

async function push(
  io: Io,
  store: Store,
  peer: string,
  held: (key: string) => Held | undefined,
  mistakes: KvMistakes,
): Promise<void> {
  const cursorKey = bytes(`cursor/${peer}`);
  for (;;) {
    const cursor = Number(store.get(cursorKey) ?? 0);
    // Only what survives a crash is sent: otherwise a peer would know more than its source.
    await store.flushed();
    const waiting = [...store.range({ start: logKey(cursor + 1), end: bytes('log0'), limit: 50 })];
    const entries = [...new Set(waiting.map(({ value }) => value))].map((key) => ({
      key,
      ...(held(key) as Held),
    }));
    const through = cursor + waiting.length;
    await store.flushed();
    if (entries.length > 0) {
      const to = { region: peer, service: 'kv-apply' };
      const failed = await io.network.request(to, request(entries), { deadlineMs: 2_000 }).then(
        () => false,
        () => true,
      );
      io.probe.sometimes(failed, 'replication is retried');
      if (!failed || mistakes.forgetsAfterFailure === true) {
        store.transaction((t) => t.put(cursorKey, String(through)));
        continue;
      }
    }
    await io.timers.sleep(50, 'push');
  }
}
