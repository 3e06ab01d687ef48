/**
 * BatchGetItem: up to 100 items of several tables. What does not fit into 16 MB comes back as
 * UnprocessedKeys.
 */
import type { SerializedBody, SerializedBytes } from '../../../endpoint/service.ts';
import { collectProblems, type Rules, throwProblems, unsatisfied } from '../constraints.ts';
import { isThrottled, validationError } from '../errors.ts';
import { project, projectionOf } from '../expressions/projection.ts';
import type { Path } from '../expressions/tree.ts';
import type { LegacyInput } from '../legacy/parameters.ts';
import type { StoredTable } from '../storage/stored-table.ts';
import type { Turn } from '../turns.ts';
import { type AttributeMap, parseMap } from '../values/attribute-value.ts';
import { itemSize } from '../values/size.ts';
import { newerWording, validateMap } from '../values/validate-value.ts';
import { collectNameProblems, duplicateKeys, refuseDuplicates } from './batches.ts';
import {
  type CapacityMode,
  type ConsumedCapacity,
  consumedCapacity,
  readUnits,
  wantsCapacity,
} from './capacity.ts';
import { type Engine, servingTable } from './engine.ts';
import { bindPaths } from './get-item.ts';
import {
  capacityRule,
  checkExpressionParameters,
  type ExpressionInput,
  itemJson,
  itemOf,
  refuseKeyPaths,
} from './item-operation.ts';
import { encodeGivenKey } from './key-checks.ts';
import { LongText } from './long-text.ts';
import { partitionOf } from './throttle.ts';

interface KeysAndAttributes extends ExpressionInput, Pick<LegacyInput, 'AttributesToGet'> {
  readonly Keys?: readonly AttributeMap[];
  readonly ConsistentRead?: boolean;
  readonly ProjectionExpression?: string;
}

export interface BatchGetItemInput {
  readonly RequestItems?: Readonly<Record<string, KeysAndAttributes>>;
  readonly ReturnConsumedCapacity?: CapacityMode;
}

const keysMax = 100;
const bytesMax = 16 * 1024 * 1024;
const rules: Rules = [capacityRule];
const atLeastOne = 'Member must have length greater than or equal to 1';

interface TableRequest {
  readonly name: string;
  readonly given: KeysAndAttributes;
  readonly table: StoredTable;
  readonly keys: readonly Buffer[];
  readonly paths: readonly Path[] | undefined;
}

type Output = SerializedBody | SerializedBytes;

export function batchGetItem(engine: Engine, input: BatchGetItemInput): Output | Promise<Output> {
  const problems: string[] = [];
  collectProblems(input, rules, '', problems);
  const entries = Object.entries(input.RequestItems ?? {});
  if (input.RequestItems == null) {
    throw validationError('The requestItems parameter is required for BatchGetItem');
  }
  collectNameProblems(input.RequestItems, 'BatchGetRequestMap', problems);
  collectListProblems(entries, problems);
  throwProblems(problems);
  checkCount(entries);
  checkOneStyle(entries.map(([, given]) => given));
  const bound = entries.map(([name, given]) => [name, given, bindOne(given)] as const);
  const requests = bound.map(([name, given, paths]) => locate(engine, name, given, paths));
  // A table may stand there by its name and by its ARN.
  if (requests.length > 1) refuseDuplicates(requests.flatMap(({ keys }) => keys));
  return readAll(engine, new Reading(engine, requests, input.ReturnConsumedCapacity));
}

/** This operation's lists are looked at by the newer layer of checks, which shows no value. */
function collectListProblems(
  entries: readonly (readonly [string, KeysAndAttributes])[],
  problems: string[],
): void {
  if (entries.length === 0) {
    problems.push(unsatisfied(undefined, 'RequestItems', atLeastOne));
  }
  for (const [name, { Keys: keys, AttributesToGet: names }] of entries) {
    const at = `RequestItems.${name}.member.`;
    if (keys == null) {
      problems.push(
        unsatisfied('null', `requestItems.${name}.member.keys`, 'Member must not be null'),
      );
    } else if (keys.length === 0) {
      problems.push(unsatisfied(undefined, `${at}Keys`, atLeastOne));
    } else if (keys.length > keysMax) {
      const words = `Member must have length less than or equal to ${keysMax}`;
      problems.push(unsatisfied(undefined, `${at}Keys`, words));
    }
    if (names?.length === 0) {
      problems.push(unsatisfied(undefined, `${at}AttributesToGet`, atLeastOne));
    }
  }
}

function checkCount(entries: readonly (readonly [string, KeysAndAttributes])[]): void {
  const keys = entries.reduce((sum, [, given]) => sum + (given.Keys?.length ?? 0), 0);
  if (keys > keysMax) throw validationError('Too many items requested for the BatchGetItem call');
}

/** Expressions of one table do not go with the older parameters of another. */
function checkOneStyle(given: readonly KeysAndAttributes[]): void {
  const both = {
    ProjectionExpression: given.find((one) => one.ProjectionExpression != null),
    AttributesToGet: given.find((one) => one.AttributesToGet != null),
  };
  checkExpressionParameters(both, ['ProjectionExpression'], ['AttributesToGet']);
}

function bindOne(given: KeysAndAttributes): readonly Path[] | undefined {
  checkExpressionParameters(given, ['ProjectionExpression'], ['AttributesToGet']);
  const seen = new Set<string>();
  for (const key of given.Keys ?? []) {
    validateMap(key, newerWording);
    const text = JSON.stringify(Object.entries(key).sort(([a], [b]) => (a < b ? -1 : 1)));
    if (seen.has(text)) throw duplicateKeys();
    seen.add(text);
  }
  return bindPaths(given);
}

function locate(
  engine: Engine,
  name: string,
  given: KeysAndAttributes,
  paths: readonly Path[] | undefined,
): TableRequest {
  const table = servingTable(engine, name);
  const keys = (given.Keys ?? []).map((key) => encodeGivenKey(table, key));
  if (paths !== undefined) refuseKeyPaths(table, paths);
  return { name, given, table, keys, paths };
}

/** At once where it does not take long; otherwise in turns. */
function readAll(engine: Engine, reading: Reading): Output | Promise<Output> {
  const turn = engine.turns.begin();
  const done = reading.readOn(turn);
  turn.end();
  return done ? reading.output() : readRest(engine, reading);
}

async function readRest(engine: Engine, reading: Reading): Promise<Output> {
  for (let done = false; !done; ) {
    done = reading.readOn(await engine.turns.next('a batch is read on'));
  }
  return reading.output();
}

/** What is done of a batch. */
class Reading {
  readonly #engine: Engine;
  readonly #requests: readonly TableRequest[];
  readonly #mode: CapacityMode;
  readonly #text = new LongText();
  readonly #unprocessed: Record<string, object> = {};
  readonly #capacities: ConsumedCapacity[] = [];
  /** Where it goes on: which table, which of its keys. */
  #table = 0;
  #key = 0;
  /** Of the table that is being read. */
  #found = 0;
  #left: AttributeMap[] = [];
  #units = 0;
  /** Of all. */
  #bytes = 0;
  #read = 0;
  #throttled: Error | undefined;

  constructor(engine: Engine, requests: readonly TableRequest[], mode: CapacityMode) {
    this.#engine = engine;
    this.#requests = requests;
    this.#mode = mode;
    this.#text.add('{"Responses":{');
  }

  /** Reads until the turn is over; true once nothing is left. */
  readOn(turn: Turn): boolean {
    for (;;) {
      const request = this.#requests[this.#table];
      if (request === undefined) return true;
      if (this.#key === 0) {
        this.#text.add(`${this.#table === 0 ? '' : ','}${JSON.stringify(request.name)}:[`);
      }
      while (this.#key < request.keys.length) {
        const length = this.#readKey(request, this.#key);
        this.#key += 1;
        if (turn.over(length) && this.#key < request.keys.length) return false;
      }
      this.#endTable(request);
    }
  }

  /** Characters that it adds. */
  #readKey({ given, table, keys, paths }: TableRequest, i: number): number {
    if (this.#bytes >= bytesMax) {
      this.#left.push(given.Keys?.[i] ?? {});
      return 0;
    }
    const { storage, throttle } = this.#engine;
    const key = keys[i] as Buffer;
    const record = storage.readRecord(storage.store, key);
    if (throttle !== undefined || wantsCapacity(this.#mode)) {
      const cost = readUnits(itemSize(itemOf(record) ?? {}), given.ConsistentRead === true);
      const problem = throttleProblem(this.#engine, table, key, cost);
      if (problem !== undefined) {
        this.#throttled ??= problem;
        this.#left.push(given.Keys?.[i] ?? {});
        return 0;
      }
      this.#units += cost;
    }
    this.#read += 1;
    if (record === undefined) return 0;
    const json = itemJson(record);
    this.#bytes += Buffer.byteLength(json);
    const text =
      paths === undefined ? json : JSON.stringify(project(projectionOf(paths), parseMap(json)));
    if (this.#found > 0) this.#text.add(',');
    this.#text.add(text);
    this.#found += 1;
    return json.length;
  }

  #endTable({ name, given, table }: TableRequest): void {
    this.#text.add(']');
    if (this.#left.length > 0) this.#unprocessed[name] = { ...given, Keys: this.#left };
    const units = { table: this.#units, indexes: new Map<string, number>() };
    const consumed = consumedCapacity(table, this.#mode, units);
    if (consumed !== undefined) this.#capacities.push(consumed);
    this.#table += 1;
    this.#key = 0;
    this.#found = 0;
    this.#left = [];
    this.#units = 0;
  }

  output(): Output {
    if (this.#read === 0 && this.#throttled !== undefined) throw this.#throttled;
    const capacity = wantsCapacity(this.#mode)
      ? `,"ConsumedCapacity":${JSON.stringify(this.#capacities)}`
      : '';
    this.#text.add(`},"UnprocessedKeys":${JSON.stringify(this.#unprocessed)}${capacity}}`);
    return this.#text.end();
  }
}

/** Why the item is not read now, if so. */
function throttleProblem(
  { throttle }: Engine,
  table: StoredTable,
  key: Uint8Array,
  units: number,
): Error | undefined {
  try {
    throttle?.read(table, undefined, partitionOf(key), units);
    return undefined;
  } catch (error) {
    if (isThrottled(error)) return error as Error;
    throw error;
  }
}
