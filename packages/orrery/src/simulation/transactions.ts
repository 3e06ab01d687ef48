/**
 * One region with the real DynamoDB, clients that transact on a few lists, crashes and bad links, all
 * from a seed; afterwards the history must be strictly serialisable and nothing acknowledged lost.
 * Owns what is drawn and the order of the run. The clients are in `transaction-workload.ts`, the
 * verdict in `checkers/list-append.ts`.
 */
import { createEndpoint } from '../endpoint/endpoint.ts';
import { requestJson } from '../endpoint/internal-json.ts';
import type { Io } from '../io/io.ts';
import { namedRandom } from '../io/simulated/random.ts';
import { createUniverse, type Universe } from '../io/simulated/universe.ts';
import { createDynamoDbService } from '../services/dynamodb/service.ts';
import { explainNotSerializable } from './checkers/list-append.ts';
import {
  type ListHistory,
  type ListWorkload,
  listsTable,
  perform,
  readAll,
  runListClient,
  type TransactionPlant,
} from './transaction-workload.ts';

const region = 'us-east-1';
const elsewhere = 'eu-central-1';
const accountId = '000000000000';
const regionProcess = `region/${region}`;
const settleMs = 2_000;

export interface TransactionPlan {
  readonly seed: number;
  readonly plant: TransactionPlant | null;
  readonly chaosMs: number;
  readonly clients: number;
  readonly keys: number;
  readonly thinkMs: number;
  readonly deadlineMs: number;
  readonly flushLowUs: number;
  readonly flushHighUs: number;
  readonly jitterUs: number;
  readonly buggify: boolean;
  readonly crashes: readonly { readonly atMs: number; readonly downMs: number }[];
  readonly losses: readonly {
    readonly atMs: number;
    readonly durationMs: number;
    readonly probability: number;
  }[];
}

export interface TransactionResult {
  readonly plan: TransactionPlan;
  readonly traceHash: string;
  readonly events: number;
  readonly virtualMs: number;
  readonly operations: number;
  readonly acknowledged: number;
  readonly broken: { readonly invariant: string; readonly detail: string } | undefined;
  readonly sometimes: ReadonlyMap<string, number>;
}

/** The plan of a seed; each part is drawn from a stream of its own. */
export function drawTransactionPlan(
  seed: number,
  plant: TransactionPlant | null = null,
): TransactionPlan {
  const stream = (name: string) => namedRandom(seed, `transactions/${name}`);
  const pick = <T>(name: string, values: readonly T[]): T =>
    values[stream(name).int(0, values.length - 1)] as T;
  const chaosMs = pick('chaos', [5_000, 10_000, 20_000]);
  const faults = stream('faults');
  const isPlantedCrash = plant === 'ack-before-flush';
  const count = (low: number, high: number): unknown[] => Array(faults.int(low, high)).fill(0);
  const slow: readonly [number, number] = [5_000, 100_000];
  const [flushLowUs, flushHighUs] = isPlantedCrash
    ? slow
    : pick('flush', [[100, 1_000], [500, 10_000], slow] as const);
  return {
    seed,
    plant,
    chaosMs,
    clients: pick('clients', [2, 4, 8]),
    keys: pick('keys', [2, 3, 6]),
    thinkMs: pick('think', [10, 40, 150]),
    deadlineMs: pick('deadline', [200, 1_000]),
    flushLowUs,
    flushHighUs,
    jitterUs: pick('jitter', [0, 500, 20_000]),
    buggify: stream('buggify').chance(0.5),
    crashes: count(isPlantedCrash ? 4 : 0, 6).map(() => ({
      atMs: faults.int(200, chaosMs - 500),
      downMs: faults.int(10, 800),
    })),
    losses: count(plant === 'fresh-tokens' ? 2 : 0, 3).map(() => ({
      atMs: faults.int(0, chaosMs - 500),
      durationMs: faults.int(200, 3_000),
      probability: faults.int(1, 5) / 10,
    })),
  };
}

/** Runs a plan to its end, or to the first broken invariant. */
export async function runTransactions(plan: TransactionPlan): Promise<TransactionResult> {
  const universe = await createUniverse({
    seed: plan.seed,
    buggify: plan.buggify,
    network: { jitterUs: plan.jitterUs },
    storage: {
      flushLowUs: plan.flushLowUs,
      flushHighUs: plan.flushHighUs,
      ackBeforeFlush: plan.plant === 'ack-before-flush',
    },
  });
  const history: ListHistory = { transactions: [], counts: new Map() };
  await carryOut(universe, plan, history);
  const { transactions } = history;
  if (universe.failures.length === 0) {
    const explanation = explainNotSerializable(transactions);
    if (explanation !== undefined) universe.fail('transactions are serialisable', explanation);
  }
  const [failure] = universe.failures;
  return {
    plan,
    traceHash: universe.traceHash,
    events: universe.events,
    virtualMs: Math.round(universe.nowUs / 1000),
    operations: transactions.length,
    acknowledged: transactions.filter(({ outcome }) => outcome === 'ok').length,
    broken: failure && { invariant: failure.invariant, detail: failure.detail },
    sometimes: situations(universe, history),
  };
}

async function carryOut(
  universe: Universe,
  plan: TransactionPlan,
  history: ListHistory,
): Promise<void> {
  universe.spawn(regionProcess, region, boot);
  universe.spawn('administrator', region);
  const keys = Array.from({ length: plan.keys }, (_, i) => `list-${i}`);
  await universe.perform('administrator', createTable, 60_000);
  let over = false;
  const world = { nowUs: () => universe.nowUs, isOver: () => over };
  const { thinkMs, deadlineMs, plant } = plan;
  const workload: ListWorkload = { region, keys, thinkMs, deadlineMs, plant };
  for (let client = 1; client <= plan.clients; client += 1) {
    const location = client % 2 === 0 ? elsewhere : region;
    universe.spawn(`client/${client}`, location, (io) =>
      runListClient(io, workload, history, world),
    );
  }
  scheduleFaults(universe, plan);
  await universe.runUntil(universe.nowUs + plan.chaosMs * 1000);
  over = true;
  universe.conditions.links = [];
  universe.restart(regionProcess);
  // Whatever is under way ends with its deadlines and last attempts.
  await universe.runUntil(universe.nowUs + (settleMs + 6 * deadlineMs) * 1000);
  if (universe.failures.length > 0) return;
  const last = await universe.perform(
    'administrator',
    (io) => perform(io, { ...workload, plant: null }, readAll(keys), 'the end', history, world),
    60_000,
  );
  if (last?.outcome === 'ok') history.transactions.push(last);
  else universe.fail('a healthy region answers', JSON.stringify(last ?? 'no answer'));
}

function scheduleFaults(universe: Universe, plan: TransactionPlan): void {
  const startUs = universe.nowUs;
  for (const { atMs, downMs } of plan.crashes) {
    universe.at(startUs + atMs * 1000, 'crash', () => universe.crash(regionProcess));
    universe.at(startUs + (atMs + downMs) * 1000, 'restart', () => {
      universe.restart(regionProcess);
    });
  }
  for (const { atMs, durationMs, probability } of plan.losses) {
    universe.at(startUs + atMs * 1000, 'messages are lost', () => {
      universe.conditions.links = [region, elsewhere].map((b) => ({
        a: region,
        b,
        lossProbability: probability,
      }));
    });
    universe.at(startUs + (atMs + durationMs) * 1000, 'messages arrive', () => {
      universe.conditions.links = [];
    });
  }
}

async function boot(io: Io): Promise<void> {
  const endpoint = createEndpoint({
    io,
    region,
    accountId,
    services: [await createDynamoDbService(io, { region, accountId })],
    auth: { mode: 'open' },
    regions: [region],
    globalServices: new Set(),
  });
  await endpoint.start();
}

async function createTable(io: Io): Promise<void> {
  await io.timers.sleep(50, 'the region starts');
  const input = {
    TableName: listsTable,
    AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    BillingMode: 'PAY_PER_REQUEST',
  };
  await requestJson(io.network, { region, service: 'dynamodb' }, '/', input, {
    deadlineMs: 5_000,
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'DynamoDB_20120810.CreateTable',
    },
  });
}

/** What a campaign has to reach to be worth anything; 0 is worth telling. */
function situations(universe: Universe, history: ListHistory): Map<string, number> {
  const final = new Set(history.transactions.at(-1)?.reads.flatMap(([, list]) => list));
  const committed = history.transactions.filter(
    ({ outcome, name, appends }) => outcome === 'unknown' && appends.length > 0 && final.has(name),
  );
  const reached = new Map([
    ['a condition was refused', 0],
    ['a transaction was asked for again', 0],
    ['an outcome stayed unknown', 0],
    ...history.counts,
    ['an unknown outcome had been committed', committed.length],
  ]);
  for (const [what, count] of universe.sometimes) reached.set(what, count);
  return reached;
}
