/**
 * Strict serialisability of transactions that append unique values to lists and read lists, after
 * Kingsbury and Alvaro, "Elle: Inferring Isolation Anomalies from Experimental Observations" (2020).
 *
 * A list tells the order of all that was appended to it, so dependencies follow from what was read:
 * who wrote before whom (ww), who read whose write (wr), who read before whose write (rw). With the
 * order of real time they must have no cycle. Linear in the number of operations and values.
 */

export interface ListTransaction {
  /** Names it in explanations. */
  readonly name: string;
  readonly appends: readonly (readonly [key: string, value: string])[];
  /** Lists as they were before its own appends. */
  readonly reads: readonly (readonly [key: string, list: readonly string[]])[];
  /** `failed`: certainly appended nothing; what it read counts all the same. */
  readonly outcome: 'ok' | 'failed' | 'unknown';
  readonly invokedUs: number;
  /** Infinity where the outcome is unknown. */
  readonly completedUs: number;
}

type EdgeKind = 'ww' | 'wr' | 'rw' | 'rt';

interface Edge {
  readonly to: number;
  readonly kind: EdgeKind;
}

/** Says why no order of the transactions explains the history; undefined where one does. */
export function explainNotSerializable(history: readonly ListTransaction[]): string | undefined {
  const writers = new Map<string, number>();
  for (const [index, { appends }] of history.entries()) {
    for (const [key, value] of appends) writers.set(`${key} ${value}`, index);
  }
  const orders = longestLists(history);
  return (
    explainImpossibleRead(history, writers, orders) ??
    explainLostAppend(history, orders) ??
    explainCycle(history, writers, orders)
  );
}

type Orders = ReadonlyMap<string, readonly string[]>;

function longestLists(history: readonly ListTransaction[]): Orders {
  const orders = new Map<string, readonly string[]>();
  for (const [key, list] of history.flatMap(({ reads }) => reads)) {
    if (list.length > (orders.get(key)?.length ?? -1)) orders.set(key, list);
  }
  return orders;
}

/** Lists with values twice, of nobody or of a failure, and lists that are no prefix of one order. */
function explainImpossibleRead(
  history: readonly ListTransaction[],
  writers: ReadonlyMap<string, number>,
  orders: Orders,
): string | undefined {
  for (const [key, order] of orders) {
    if (new Set(order).size < order.length) {
      const twice = order.find((value, i) => order.indexOf(value) < i);
      return `${twice} was appended to ${key} twice`;
    }
    for (const value of order) {
      const writer = history[writers.get(`${key} ${value}`) ?? -1];
      if (writer === undefined) return `${value} is in ${key}, and nobody appended it`;
      if (writer.outcome !== 'failed') continue;
      return `${value} is in ${key}, and ${writer.name} was refused`;
    }
  }
  for (const { name, reads } of history) {
    for (const [key, list] of reads) {
      const order = orders.get(key) ?? [];
      const at = list.findIndex((value, i) => value !== order[i]);
      if (at === -1) continue;
      return `${name} found ${list[at]} at place ${at} of ${key}, others ${order[at]}`;
    }
  }
  return undefined;
}

/** What was acknowledged must be there for whoever reads later. */
function explainLostAppend(
  history: readonly ListTransaction[],
  orders: Orders,
): string | undefined {
  const lastReadUs = new Map<string, number>();
  for (const { reads, invokedUs } of history) {
    for (const [key] of reads) lastReadUs.set(key, Math.max(lastReadUs.get(key) ?? 0, invokedUs));
  }
  const present = new Set(
    [...orders].flatMap(([key, order]) => order.map((value) => `${key} ${value}`)),
  );
  for (const { name, appends, outcome, completedUs } of history) {
    if (outcome !== 'ok') continue;
    for (const [key, value] of appends) {
      if (present.has(`${key} ${value}`) || completedUs >= (lastReadUs.get(key) ?? 0)) continue;
      return `${name} appended ${value} to ${key}, and it is lost`;
    }
  }
  return undefined;
}

function explainCycle(
  history: readonly ListTransaction[],
  writers: ReadonlyMap<string, number>,
  orders: Orders,
): string | undefined {
  const edges: Edge[][] = history.map(() => []);
  const add = (from: number | undefined, to: number | undefined, kind: EdgeKind): void => {
    if (from !== undefined && to !== undefined && from !== to) edges[from]?.push({ to, kind });
  };
  const writerOf = (key: string, value: string | undefined): number | undefined =>
    value === undefined ? undefined : writers.get(`${key} ${value}`);
  for (const [key, order] of orders) {
    for (let i = 1; i < order.length; i += 1) {
      add(writerOf(key, order[i - 1]), writerOf(key, order[i]), 'ww');
    }
  }
  for (const [index, { reads }] of history.entries()) {
    for (const [key, list] of reads) {
      add(writerOf(key, list.at(-1)), index, 'wr');
      add(index, writerOf(key, orders.get(key)?.[list.length]), 'rw');
    }
  }
  addRealTime(history, edges);
  const cycle = findCycle(edges);
  if (cycle === undefined) return undefined;
  const steps = cycle.filter(({ from }) => from < history.length);
  return steps
    .map(({ from, kind }) => `${history[from]?.name} —${kind === 'rt' ? 'before' : kind}→`)
    .join(' ')
    .concat(` ${history[steps[0]?.from ?? 0]?.name}`);
}

/** Each completion is a node of its own, one after the other: what began later comes after it. */
function addRealTime(history: readonly ListTransaction[], edges: Edge[][]): void {
  const completed = [...history.keys()]
    .filter((index) => Number.isFinite(history[index]?.completedUs))
    .sort((a, b) => (history[a]?.completedUs ?? 0) - (history[b]?.completedUs ?? 0));
  const first = edges.length;
  for (const [place, index] of completed.entries()) {
    edges.push(place + 1 < completed.length ? [{ to: first + place + 1, kind: 'rt' }] : []);
    edges[index]?.push({ to: first + place, kind: 'rt' });
  }
  for (const [index, { invokedUs }] of history.entries()) {
    let low = 0;
    let high = completed.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = history[completed[middle] ?? -1];
      if ((other?.completedUs ?? Number.POSITIVE_INFINITY) < invokedUs) low = middle + 1;
      else high = middle;
    }
    if (low > 0) edges[first + low - 1]?.push({ to: index, kind: 'rt' });
  }
}

interface Step {
  readonly from: number;
  readonly kind: EdgeKind;
}

/** The edges of one cycle in order; a depth-first search without recursion. */
function findCycle(edges: readonly (readonly Edge[])[]): Step[] | undefined {
  const done = new Uint8Array(edges.length);
  const next = new Uint32Array(edges.length);
  for (let root = 0; root < edges.length; root += 1) {
    if (done[root] !== 0) continue;
    const path = [root];
    const placeOnPath = new Map([[root, 0]]);
    while (path.length > 0) {
      const node = path.at(-1) as number;
      const edge = edges[node]?.[next[node] ?? 0];
      if (edge === undefined) {
        done[node] = 1;
        placeOnPath.delete(node);
        path.pop();
        continue;
      }
      next[node] = (next[node] ?? 0) + 1;
      const start = placeOnPath.get(edge.to);
      if (start !== undefined) return stepsOf(path.slice(start), edges, next);
      if (done[edge.to] !== 0) continue;
      placeOnPath.set(edge.to, path.length);
      path.push(edge.to);
    }
  }
  return undefined;
}

function stepsOf(
  cycle: readonly number[],
  edges: readonly (readonly Edge[])[],
  next: Uint32Array,
): Step[] {
  return cycle.map((from) => {
    const edge = edges[from]?.[(next[from] ?? 1) - 1];
    return { from, kind: edge?.kind ?? 'rt' };
  });
}
