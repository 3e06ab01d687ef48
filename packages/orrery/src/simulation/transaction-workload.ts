/**
 * Clients that append unique values to lists, several at once, and read several at once, over
 * DynamoDB's JSON protocol. Owns what they ask for and what they may conclude from the answer.
 *
 *  C1  What a refused condition shows of its item is a read like any other.
 *  C2  A request without answer is sent again under the same client token; one that is then refused
 *      stays unknown, because the first may still arrive.
 */
import { type Io, NetError, type Random } from '../io/io.ts';
import { utf8Decode, utf8Encode } from '../stdx/bytes.ts';
import type { ListTransaction } from './checkers/list-append.ts';

export const listsTable = 'lists';

export const transactionPlants = ['separate-reads', 'ack-before-flush', 'fresh-tokens'] as const;
export type TransactionPlant = (typeof transactionPlants)[number];

export interface ListWorkload {
  readonly region: string;
  readonly keys: readonly string[];
  readonly thinkMs: number;
  readonly deadlineMs: number;
  readonly plant: TransactionPlant | null;
}

export interface ListHistory {
  readonly transactions: ListTransaction[];
  readonly counts: Map<string, number>;
}

export interface World {
  readonly nowUs: () => number;
  readonly isOver: () => boolean;
}

type List = readonly string[];

export interface Request {
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly appends: readonly (readonly [string, string])[];
  /** What it has read once it succeeds, whatever the answer holds. */
  readonly expected: readonly (readonly [string, List])[];
  /** Keys in the order of the actions. */
  readonly keys: readonly string[];
}

/** Runs until the world is over. */
export async function runListClient(
  io: Io,
  workload: ListWorkload,
  history: ListHistory,
  world: World,
): Promise<void> {
  const random = io.random.split('lists');
  const seen = new Map<string, List>();
  for (let count = 0; ; count += 1) {
    await io.timers.sleep(random.int(1, 2 * workload.thinkMs), 'think');
    if (world.isOver()) return;
    const name = `${io.id}:${count}`;
    const request = drawRequest(random, workload, seen, name);
    const isApart = workload.plant === 'separate-reads' && request.action === 'TransactGetItems';
    const asked = isApart ? performApart : perform;
    const done = await asked(io, workload, request, name, history, world);
    history.transactions.push(done);
    for (const [key, list] of done.reads) seen.set(key, list);
  }
}

/** Reads every list at once. */
export function readAll(keys: readonly string[]): Request {
  const TransactItems = keys.map((key) => ({ Get: at(key) }));
  const input = { TransactItems };
  return { action: 'TransactGetItems', input, appends: [], expected: [], keys };
}

function drawRequest(
  random: Random,
  workload: ListWorkload,
  seen: ReadonlyMap<string, List>,
  name: string,
): Request {
  const keys = shuffled(random, workload.keys);
  const some = keys.slice(0, random.int(1, Math.min(4, keys.length)));
  const [first = ''] = keys;
  const chosen = random.int(0, 9);
  if (chosen <= 2) return write(some, undefined, seen, name);
  if (chosen <= 4) return write(some.slice(1), first, seen, name);
  if (chosen <= 6) {
    return single(first, random.chance(0.7) ? (seen.get(first) ?? []) : undefined, name);
  }
  return chosen <= 8 ? readAll(some) : get(first);
}

const value = { ':empty': { L: [] } };

function at(key: string): object {
  return { TableName: listsTable, Key: { pk: { S: key } } };
}

function append(key: string, name: string): Readonly<Record<string, unknown>> {
  return {
    ...at(key),
    UpdateExpression: 'SET l = list_append(if_not_exists(l, :empty), :v)',
    ExpressionAttributeValues: { ...value, ':v': { L: [{ S: name }] } },
  };
}

function lengthIs(length: number): { ConditionExpression: string; values: object } {
  if (length === 0) return { ConditionExpression: 'attribute_not_exists(l)', values: {} };
  const values = { ':n': { N: String(length) } };
  return { ConditionExpression: 'size(l) = :n', values };
}

/** Appends to several lists, where asked only if another one is as long as the client remembers. */
function write(
  keys: readonly string[],
  guard: string | undefined,
  seen: ReadonlyMap<string, List>,
  name: string,
): Request {
  const TransactItems: object[] = keys.map((key) => ({ Update: append(key, name) }));
  const appends = keys.map((key) => [key, name] as const);
  const input = { TransactItems };
  const action = 'TransactWriteItems';
  if (guard === undefined) return { action, input, appends, expected: [], keys };
  const list = seen.get(guard) ?? [];
  const { ConditionExpression, values } = lengthIs(list.length);
  TransactItems.push({
    ConditionCheck: {
      ...at(guard),
      ConditionExpression,
      ...(list.length > 0 && { ExpressionAttributeValues: values }),
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    },
  });
  return { action, input, appends, expected: [[guard, list]], keys: [...keys, guard] };
}

/** Appends to one list; where a list is given, only if the list is as long. */
function single(key: string, list: List | undefined, name: string): Request {
  const plain = append(key, name);
  const condition = list === undefined ? undefined : lengthIs(list.length);
  const input = {
    ...plain,
    ...(condition && {
      ConditionExpression: condition.ConditionExpression,
      ExpressionAttributeValues: {
        ...(plain['ExpressionAttributeValues'] as object),
        ...condition.values,
      },
    }),
    ReturnValues: 'ALL_OLD',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
  return { action: 'UpdateItem', input, appends: [[key, name]], expected: [], keys: [key] };
}

function get(key: string): Request {
  const input = { ...at(key), ConsistentRead: true };
  return { action: 'GetItem', input, appends: [], expected: [], keys: [key] };
}

/** The planted bug: lists that are read one by one, told as if they had been read at once. */
async function performApart(
  ...[io, workload, request, name, history, world]: Parameters<typeof perform>
): Promise<ListTransaction> {
  const all: ListTransaction[] = [];
  for (const key of request.keys) {
    all.push(await perform(io, workload, get(key), name, history, world));
  }
  const isOk = all.every(({ outcome }) => outcome === 'ok');
  const last = all.at(-1);
  return {
    name,
    appends: [],
    reads: isOk ? all.flatMap(({ reads }) => reads) : [],
    outcome: isOk ? 'ok' : 'unknown',
    invokedUs: all[0]?.invokedUs ?? 0,
    completedUs: isOk && last !== undefined ? last.completedUs : Number.POSITIVE_INFINITY,
  };
}

/** Asks, and asks again where no answer came and a token makes that safe. */
export async function perform(
  io: Io,
  workload: ListWorkload,
  request: Request,
  name: string,
  history: ListHistory,
  world: World,
): Promise<ListTransaction> {
  const invokedUs = world.nowUs();
  const isRetried = request.action === 'TransactWriteItems';
  let unanswered = 0;
  for (;;) {
    const token = workload.plant === 'fresh-tokens' ? `${name}#${unanswered}` : name;
    const input = isRetried ? { ...request.input, ClientRequestToken: token } : request.input;
    const answer = await send(io, workload, request.action, input);
    const told = answer === 'unknown' || answer === 'refused' ? answer : judge(request, answer);
    const again = told === 'unknown' && isRetried && unanswered < 4;
    if (again) {
      unanswered += 1;
      await io.timers.sleep(20 << unanswered, 'wait before asking again');
      continue;
    }
    const { outcome, reads } = typeof told === 'string' ? nothing(told) : told;
    // What was sent before may still arrive after a refusal.
    const left = outcome === 'failed' && unanswered > 0 ? 'unknown' : outcome;
    if (left === 'ok' && unanswered > 0) note(history, 'a transaction was asked for again');
    if (outcome === 'failed' && reads.length > 0) note(history, 'a condition was refused');
    if (left === 'unknown') note(history, 'an outcome stayed unknown');
    const completedUs = left === 'unknown' ? Number.POSITIVE_INFINITY : world.nowUs();
    const kept = left === 'unknown' ? [] : reads;
    return { name, appends: request.appends, reads: kept, outcome: left, invokedUs, completedUs };
  }
}

function note({ counts }: ListHistory, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}

interface Verdict {
  readonly outcome: ListTransaction['outcome'];
  readonly reads: ListTransaction['reads'];
}

function nothing(told: 'unknown' | 'refused'): Verdict {
  return { outcome: told === 'unknown' ? 'unknown' : 'failed', reads: [] };
}

interface Item {
  readonly l?: { readonly L: readonly { readonly S: string }[] };
}

interface Body {
  readonly __type?: string;
  readonly message?: string;
  readonly Item?: Item;
  readonly Attributes?: Item;
  readonly Responses?: readonly { readonly Item?: Item }[];
  readonly CancellationReasons?: readonly { readonly Code: string; readonly Item?: Item }[];
}

interface Answer {
  readonly status: number;
  readonly body: Body;
}

function listOf(item: Item | undefined): List {
  return (item?.l?.L ?? []).map(({ S }) => S);
}

/** What an answer says of the lists. Throws where the service says what it must not. */
function judge(request: Request, { status, body }: Answer): Verdict {
  const { action, keys } = request;
  const [key = ''] = keys;
  const code = body.__type?.split('#')[1];
  if (code === 'ConditionalCheckFailedException') {
    return { outcome: 'failed', reads: [[key, listOf(body.Item)]] };
  }
  if (code === 'TransactionCanceledException') {
    const reasons = body.CancellationReasons ?? [];
    const reads = reasons.flatMap(({ Code, Item }, i) =>
      Code === 'ConditionalCheckFailed' ? [[keys[i] ?? '', listOf(Item)] as const] : [],
    );
    if (reads.length > 0) return { outcome: 'failed', reads };
  }
  if (status !== 200) throw new Error(`${action} was refused: ${status} ${JSON.stringify(body)}`);
  switch (action) {
    case 'GetItem':
      return { outcome: 'ok', reads: [[key, listOf(body.Item)]] };
    case 'UpdateItem':
      return { outcome: 'ok', reads: [[key, listOf(body.Attributes)]] };
    case 'TransactGetItems':
      return {
        outcome: 'ok',
        reads: keys.map((one, i) => [one, listOf(body.Responses?.[i]?.Item)] as const),
      };
    default:
      return { outcome: 'ok', reads: request.expected };
  }
}

async function send(
  io: Io,
  { region, deadlineMs }: Pick<ListWorkload, 'region' | 'deadlineMs'>,
  action: string,
  input: object,
): Promise<Answer | 'unknown' | 'refused'> {
  const request = {
    method: 'POST',
    path: '/',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `DynamoDB_20120810.${action}`,
    },
    body: utf8Encode(JSON.stringify(input)),
  };
  try {
    const response = await io.network.request({ region, service: 'dynamodb' }, request, {
      deadlineMs,
    });
    if (response.status >= 500) return 'unknown';
    return { status: response.status, body: JSON.parse(utf8Decode(response.body)) as Body };
  } catch (error) {
    if (!(error instanceof NetError)) throw error;
    return error.maybeApplied ? 'unknown' : 'refused';
  }
}

function shuffled<T>(random: Random, values: readonly T[]): T[] {
  const result = [...values];
  for (let index = result.length - 1; index > 0; index -= 1) {
    const other = random.int(0, index);
    [result[index], result[other]] = [result[other] as T, result[index] as T];
  }
  return result;
}
