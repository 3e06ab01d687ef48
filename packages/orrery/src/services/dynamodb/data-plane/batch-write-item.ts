/**
 * BatchWriteItem: up to 25 puts and deletes of several tables. Each is an operation of its own for
 * everybody else; here they are checked together and written in one transaction, or, beyond 4 MB, in
 * several. A large batch is put into text before, in turns.
 */
import type { WriteTransaction } from '../../../io/io.ts';
import {
  collectProblems,
  oneOf,
  type Rules,
  required,
  throwProblems,
  unsatisfied,
} from '../constraints.ts';
import { isThrottled, validationError } from '../errors.ts';
import { javaText } from '../java-text.ts';
import type { StoredTable } from '../storage/stored-table.ts';
import type { AttributeMap } from '../values/attribute-value.ts';
import { validateMap } from '../values/validate-value.ts';
import { collectNameProblems, refuseDuplicates } from './batches.ts';
import {
  addUnits,
  type CapacityMode,
  consumedCapacities,
  type Units,
  unitsOfWrite,
  wantsCapacity,
} from './capacity.ts';
import { chargeOf } from './charge.ts';
import { type Engine, servingTable } from './engine.ts';
import { admitWrite, collectionMetricsOf } from './item-collections.ts';
import { capacityRule, itemOf } from './item-operation.ts';
import { encodeGivenKey, encodeKeyOfItem } from './key-checks.ts';
import { itemBytesMax } from './put-item.ts';

interface WriteRequest {
  readonly PutRequest?: { readonly Item?: AttributeMap };
  readonly DeleteRequest?: { readonly Key?: AttributeMap };
}

export interface BatchWriteItemInput {
  readonly RequestItems?: Readonly<Record<string, readonly WriteRequest[]>>;
  readonly ReturnConsumedCapacity?: CapacityMode;
  readonly ReturnItemCollectionMetrics?: 'SIZE' | 'NONE';
}

const writesMax = 25;
/** Bytes of items from which on a batch is large, and characters that are written at once. */
const largeBytes = 256 * 1024;
const atOnceCharacters = 4 * 1024 * 1024;
const rules: Rules = [capacityRule, ['ReturnItemCollectionMetrics', oneOf('SIZE', 'NONE')]];
const putRules: Rules = [['Item', required]];
const deleteRules: Rules = [['Key', required]];
const requestsShape = 'BatchWriteItemRequestMap';
const lengthWords =
  `Map value must satisfy constraint: [Member must have length less than or equal to ${writesMax}, ` +
  'Member must have length greater than or equal to 1]';

interface Write {
  /** The table as the request names it. */
  readonly name: string;
  readonly request: WriteRequest;
  readonly table: StoredTable;
  readonly key: Buffer;
  readonly map: AttributeMap;
  readonly deletes: boolean;
}

export function batchWriteItem(
  engine: Engine,
  input: BatchWriteItemInput,
): object | Promise<object> {
  const problems: string[] = [];
  collectProblems(input, rules, '', problems);
  const entries = Object.entries(input.RequestItems ?? {});
  if (entries.length === 0) {
    throw validationError('The requestItems parameter is required for BatchWriteItem');
  }
  collectRequestProblems(input.RequestItems ?? {}, problems);
  throwProblems(problems);
  const bytes = checkRequests(entries);
  const locateAll = (): Write[] => {
    const writes = entries.flatMap(([name, requests]) => locate(engine, name, requests));
    refuseDuplicates(writes.map(({ key }) => key));
    return writes;
  };
  const writes = locateAll();
  if (bytes <= largeBytes) {
    const written = new Written(engine, input);
    written.writeSome(writes.map((write) => [write, jsonOf(write)]));
    return written.output();
  }
  return writeInTurns(engine, input, writes, locateAll);
}

const jsonOf = ({ deletes, map }: Write): string | null => (deletes ? null : JSON.stringify(map));

/** Tables may have gone by the time that all is put into text. */
async function writeInTurns(
  engine: Engine,
  input: BatchWriteItemInput,
  given: readonly Write[],
  locateAgain: () => readonly Write[],
): Promise<object> {
  const label = 'a batch is written';
  const texts: (string | null)[] = [];
  let turn = await engine.turns.next(label);
  for (const write of given) {
    const json = jsonOf(write);
    texts.push(json);
    if (turn.over(json?.length)) turn = await engine.turns.next(label);
  }
  const written = new Written(engine, input);
  for (let from = 0; from < given.length; ) {
    const writes = locateAgain();
    const some: [Write, string | null][] = [];
    for (let characters = 0; from < writes.length && characters < atOnceCharacters; from += 1) {
      const json = texts[from] ?? null;
      some.push([writes[from] as Write, json]);
      characters += json?.length ?? 0;
    }
    written.writeSome(some);
    if (from < given.length) await engine.turns.next(label);
  }
  return written.output();
}

/** What was written, and what was not. */
class Written {
  readonly #engine: Engine;
  readonly #input: BatchWriteItemInput;
  readonly #units = new Map<StoredTable, Units>();
  readonly #unprocessed: Record<string, WriteRequest[]> = {};
  readonly #written: Write[] = [];
  #left: number;

  constructor(engine: Engine, input: BatchWriteItemInput) {
    this.#engine = engine;
    this.#input = input;
    this.#left = Object.values(input.RequestItems ?? {}).reduce((sum, one) => sum + one.length, 0);
  }

  /** In one transaction. */
  writeSome(writes: readonly (readonly [Write, string | null])[]): void {
    const [engine, units] = [this.#engine, this.#units];
    engine.storage.transaction((transaction) => {
      for (const [write, json] of writes) {
        this.#left -= 1;
        const throws = this.#left === 0 && this.#written.length === 0;
        const isWritten = writeOne(
          engine,
          transaction,
          { ...write, json, throws },
          this.#input,
          units,
        );
        if (isWritten) this.#written.push(write);
        else this.#putOff(write);
      }
    });
  }

  #putOff({ name, request }: Write): void {
    this.#unprocessed[name] = [...(this.#unprocessed[name] ?? []), request];
  }

  output(): object {
    const { ReturnConsumedCapacity: mode, ReturnItemCollectionMetrics: metrics } = this.#input;
    const capacities = consumedCapacities(this.#units, mode);
    return {
      UnprocessedItems: this.#unprocessed,
      ...(capacities && { ConsumedCapacity: capacities }),
      ...collectionMetricsOf(this.#engine, this.#written, metrics),
    };
  }
}

interface WriteNow extends Write {
  readonly json: string | null;
  /** Nothing else of the batch was written, and nothing will be. */
  readonly throws: boolean;
}

/** False where it is throttled, unless it `throws`. */
function writeOne(
  engine: Engine,
  transaction: WriteTransaction,
  { table, key, map, deletes, json, throws }: WriteNow,
  { ReturnConsumedCapacity: mode }: BatchWriteItemInput,
  units: Map<StoredTable, Units>,
): boolean {
  const record = engine.storage.readRecord(transaction, key);
  const after = deletes ? undefined : map;
  try {
    chargeOf(engine, table, key, record)?.(after);
  } catch (error) {
    if (throws || !isThrottled(error)) throw error;
    return false;
  }
  admitWrite(engine, transaction, table, key, record, after);
  engine.writer.write(transaction, table, key, record, json, map);
  if (wantsCapacity(mode)) addUnits(units, table, unitsOfWrite(table, itemOf(record), after));
  return true;
}

/** Adds what is wrong with the lists of requests, and with the members of each. */
function collectRequestProblems(
  given: NonNullable<BatchWriteItemInput['RequestItems']>,
  problems: string[],
): void {
  collectNameProblems(given, requestsShape, problems);
  const entries = Object.entries(given);
  if (entries.some(([, requests]) => requests.length === 0 || requests.length > writesMax)) {
    const value = `'${javaText(given, requestsShape)}'`;
    problems.push(unsatisfied(value, 'requestItems', lengthWords));
  }
  for (const [name, requests] of entries) {
    requests.forEach(({ PutRequest: put, DeleteRequest: remove }, i) => {
      const prefix = `requestItems.${name}.member.${i + 1}.member.`;
      if (put != null) collectProblems(put, putRules, `${prefix}putRequest.`, problems);
      if (remove != null) collectProblems(remove, deleteRules, `${prefix}deleteRequest.`, problems);
    });
  }
}

/** Returns the bytes of all items and keys. */
function checkRequests(entries: readonly (readonly [string, readonly WriteRequest[]])[]): number {
  const count = entries.reduce((sum, [, requests]) => sum + requests.length, 0);
  if (count > writesMax) {
    throw validationError('Too many items requested for the BatchWriteItem call');
  }
  let bytes = 0;
  for (const [, requests] of entries) {
    for (const request of requests) bytes += checkRequest(request);
  }
  return bytes;
}

function checkRequest({ PutRequest: put, DeleteRequest: remove }: WriteRequest): number {
  if ((put === undefined) === (remove === undefined)) {
    // AWS says so of a request that has neither, too.
    throw validationError(
      'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the ' +
        'supported datatypes',
    );
  }
  const size = validateMap(put?.Item ?? remove?.Key ?? {});
  if (put !== undefined && size > itemBytesMax) {
    throw validationError('Item size has exceeded the maximum allowed size');
  }
  return size;
}

function locate(engine: Engine, name: string, requests: readonly WriteRequest[]): Write[] {
  const table = servingTable(engine, name);
  return requests.map((request) => {
    const { PutRequest: put, DeleteRequest: remove } = request;
    const deletes = put === undefined;
    const map = put?.Item ?? remove?.Key ?? {};
    const key = deletes ? encodeGivenKey(table, map) : encodeKeyOfItem(table, map);
    return { name, request, table, key, map, deletes };
  });
}
