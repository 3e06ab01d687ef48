/**
 * BatchWriteItem: up to 25 puts and deletes of several tables. Each is an operation of its own for
 * everybody else; here they are checked together and written in one transaction.
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

export function batchWriteItem(engine: Engine, input: BatchWriteItemInput): object {
  const problems: string[] = [];
  collectProblems(input, rules, '', problems);
  const entries = Object.entries(input.RequestItems ?? {});
  if (entries.length === 0) {
    throw validationError('The requestItems parameter is required for BatchWriteItem');
  }
  collectRequestProblems(input.RequestItems ?? {}, problems);
  throwProblems(problems);
  checkRequests(entries);
  const writes = entries.flatMap(([name, requests]) => locate(engine, name, requests));
  refuseDuplicates(writes.map(({ key }) => key));

  const units = new Map<StoredTable, Units>();
  const unprocessed: Record<string, WriteRequest[]> = {};
  const written: Write[] = [];
  engine.storage.transaction((transaction) => {
    for (const [i, write] of writes.entries()) {
      const isLast = i === writes.length - 1;
      if (writeOne(engine, transaction, write, isLast && written.length === 0, input, units))
        written.push(write);
      else unprocessed[write.name] = [...(unprocessed[write.name] ?? []), write.request];
    }
  });
  const capacities = consumedCapacities(units, input.ReturnConsumedCapacity);
  return {
    UnprocessedItems: unprocessed,
    ...(capacities && { ConsumedCapacity: capacities }),
    ...collectionMetricsOf(engine, written, input.ReturnItemCollectionMetrics),
  };
}

/** False where it is throttled, which only `throws` where nothing of the batch was written. */
function writeOne(
  engine: Engine,
  transaction: WriteTransaction,
  { table, key, map, deletes }: Write,
  throws: boolean,
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
  const json = after === undefined ? null : JSON.stringify(after);
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

function checkRequests(entries: readonly (readonly [string, readonly WriteRequest[]])[]): void {
  const count = entries.reduce((sum, [, requests]) => sum + requests.length, 0);
  if (count > writesMax) {
    throw validationError('Too many items requested for the BatchWriteItem call');
  }
  for (const [, requests] of entries) {
    for (const request of requests) checkRequest(request);
  }
}

function checkRequest({ PutRequest: put, DeleteRequest: remove }: WriteRequest): void {
  if ((put === undefined) === (remove === undefined)) {
    const what = put === undefined ? 'is empty' : 'has more than one datatypes set';
    throw validationError(
      `Supplied AttributeValue ${what}, must contain exactly one of the supported datatypes`,
    );
  }
  const size = validateMap(put?.Item ?? remove?.Key ?? {});
  if (put !== undefined && size > itemBytesMax) {
    throw validationError('Item size has exceeded the maximum allowed size');
  }
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
