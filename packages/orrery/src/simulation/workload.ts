/**
 * Clients: processes of their own in each region, each with one operation under way at a time.
 * Owns what they ask for. Every value that is ever written is unique, and names its writer.
 */
import type { Io, Random } from '../io/io.ts';
import type { History, Operation } from './history.ts';
import { type OperationKind, operationKinds, type Plan, type Workload } from './plan.ts';
import type { Target } from './target.ts';

/** A client of a region that works until a time of the world, given as `isOver`. */
export async function runClient(
  io: Io,
  region: string,
  plan: Plan,
  target: Target,
  history: History,
  world: { readonly nowUs: () => number; readonly isOver: () => boolean },
): Promise<void> {
  const { workload } = plan;
  const random = io.random.split('workload');
  const seen = new Map<string, string | null>();
  for (let count = 0; ; count += 1) {
    await io.timers.sleep(pauseMs(io, random, workload), 'think');
    if (world.isOver()) return;
    const operation = draw(io, random, workload, region, count, seen, world.nowUs());
    const completion = await target.perform(io, operation);
    const completedUs = completion.outcome === 'unknown' ? Number.POSITIVE_INFINITY : world.nowUs();
    history.operations.push({ ...operation, ...completion, completedUs });
    remember(seen, operation, completion);
  }
}

function pauseMs(io: Io, random: Random, workload: Workload): number {
  if (workload.periodMs === 0) return random.int(1, 2 * workload.thinkMs);
  return workload.periodMs - (io.clock.wallMs() % workload.periodMs);
}

function draw(
  io: Io,
  random: Random,
  workload: Workload,
  region: string,
  count: number,
  seen: ReadonlyMap<string, string | null>,
  invokedUs: number,
): Operation {
  const shared = drawKey(io, random, workload);
  const kind = drawKind(random, workload, shared);
  const key = kind === 'create' ? `entry-${io.id}:${count}` : shared;
  return {
    client: io.id,
    region,
    kind,
    key,
    value: writesValue(kind) ? `${io.id}:${count}` : undefined,
    expected: seen.get(key) ?? null,
    invokedUs,
  };
}

function writesValue(kind: OperationKind): boolean {
  return kind !== 'delete' && kind !== 'get' && kind !== 'consistent-get';
}

/** `register-…` is never deleted, `record-…` may be. In rhythm, all clients choose the same one. */
function drawKey(io: Io, random: Random, workload: Workload): string {
  const { registers, records, periodMs } = workload;
  const total = Math.max(1, registers + records);
  const drawn = random.int(0, total - 1);
  const index = periodMs === 0 ? drawn : Math.floor(io.clock.wallMs() / periodMs) % total;
  return index < registers ? `register-${index}` : `record-${index - registers}`;
}

function drawKind(random: Random, workload: Workload, key: string): OperationKind {
  const allowed = operationKinds.filter(
    (kind) => workload.weights[kind] > 0 && (kind !== 'delete' || key.startsWith('record-')),
  );
  const total = allowed.reduce((sum, kind) => sum + workload.weights[kind], 0);
  let left = random.int(1, Math.max(1, total));
  for (const kind of allowed) {
    left -= workload.weights[kind];
    if (left <= 0) return kind;
  }
  return 'consistent-get';
}

/** What the client will next expect to find: what it read or wrote last. */
function remember(
  seen: Map<string, string | null>,
  operation: Operation,
  completion: { readonly outcome: string; readonly observed?: string | null },
): void {
  if (completion.outcome !== 'ok' || operation.kind === 'create') return;
  if (operation.value !== undefined) seen.set(operation.key, operation.value);
  else if (operation.kind === 'delete') seen.set(operation.key, null);
  else if (completion.observed !== undefined) seen.set(operation.key, completion.observed);
}
