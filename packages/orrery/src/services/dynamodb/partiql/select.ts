/**
 * Owns: carrying out a SELECT: which ranges of keys it reads, in which order, and its pages.
 *
 *  S1  Where the partition key is given, as one value or as several, only those partitions are read,
 *      one after the other; otherwise all of the table or index.
 *  S2  A page ends where `readPage` ends one, or after ten partitions. The token of the next names
 *      partition and key, and carries a digest of what it was made for: no other statement, table or
 *      region takes it.
 */
import { SerializedBody } from '../../../endpoint/service.ts';
import { compareBytes } from '../../../stdx/bytes.ts';
import { sha256Base64 } from '../../../stdx/digest.ts';
import type { CapacityMode, ConsumedCapacity } from '../data-plane/capacity.ts';
import { type Engine, servingTable } from '../data-plane/engine.ts';
import { pathsOf, refuseKeyPaths } from '../data-plane/item-operation.ts';
import { readRows } from '../data-plane/page.ts';
import {
  checkProjected,
  encodeStartKey,
  indexOf,
  readIndexOf,
} from '../data-plane/read-parameters.ts';
import type { PageRequest } from '../data-plane/rows.ts';
import { validationError } from '../errors.ts';
import type { Placeholders } from '../expressions/placeholders.ts';
import { partitionHashOf } from '../storage/index-entries.ts';
import { type KeyRange, nextKey, spaces, tableRange } from '../storage/key-encoding.ts';
import { indexRange, itemRange, wholeIndex } from '../storage/key-ranges.ts';
import type { StoredIndex, StoredTable } from '../storage/stored-table.ts';
import { type AttributeMap, type AttributeValue, parseMap } from '../values/attribute-value.ts';
import { validateMap } from '../values/validate-value.ts';
import { conditionOf } from './bind.ts';
import { columnsOf } from './columns.ts';
import { type KeyPlan, planOf } from './key-tests.ts';
import { orderOf } from './order.ts';
import type { Select } from './tree.ts';

export interface SelectRequest {
  readonly Statement: string;
  readonly Parameters?: readonly AttributeValue[];
  readonly ConsistentRead?: boolean;
  readonly NextToken?: string;
  readonly Limit?: number;
  readonly ReturnConsumedCapacity?: CapacityMode;
}

interface Position {
  readonly partition: number;
  /** Absent where the page ended between two partitions. */
  readonly key?: AttributeMap;
}

/** Characters and partitions after which a page ends between two partitions. */
const pageCharactersMax = 1024 * 1024;
const pagePartitionsMax = 10;

/** Its answer: `Items`, `NextToken`, `LastEvaluatedKey` and `ConsumedCapacity`. */
export async function select(
  engine: Engine,
  statement: Select,
  given: Placeholders,
  request: SelectRequest,
): Promise<SerializedBody> {
  const where = conditionOf(statement.where, given);
  const table = servingTable(engine, statement.tableName);
  const { indexName, paths } = statement;
  const input = {
    TableName: table.name,
    ...(indexName !== undefined && { IndexName: indexName }),
    ...(request.ConsistentRead !== undefined && { ConsistentRead: request.ConsistentRead }),
  };
  const index = indexOf(table, input);
  refuseKeyPaths(table, [...(paths ?? []), ...pathsOf(where)]);
  checkProjected(table, index, input, paths);
  const plan = planOf(index ?? table, where);
  const { partitions, reverse } = orderOf(statement, index ?? table, plan);
  const ranges = rangesOf(table, index, { ...plan, partitions });
  const digest = digestOf(engine, table, request);
  const start = request.NextToken === undefined ? undefined : positionOf(request.NextToken, digest);
  const { throttle } = engine;
  const readIndex = readIndexOf(table, index, input, paths);
  const pages = await readRanges(
    engine,
    { ranges, start, reverse, limit: request.Limit },
    (page) => ({
      ...page,
      table,
      ...readIndex,
      filter: plan.filter,
      shape: paths && ((item) => columnsOf(paths, item)),
      countOnly: false,
      consistent: request.ConsistentRead === true,
      capacity: request.ReturnConsumedCapacity,
      spend: throttle && ((units) => throttle.read(table, index, undefined, units)),
    }),
  );
  const { next } = pages;
  const rest = {
    ...(next !== undefined && { NextToken: tokenOf(next, digest) }),
    ...(next?.key !== undefined && { LastEvaluatedKey: next.key }),
    ...(pages.capacity !== undefined && { ConsumedCapacity: pages.capacity }),
  };
  const members = JSON.stringify(rest).slice(1, -1);
  const comma = members === '' ? '' : ',';
  return new SerializedBody(`{"Items":[${pages.json}]${comma}${members}}`);
}

type Place = Pick<PageRequest, 'range' | 'reverse' | 'limit'>;

interface Reading {
  readonly ranges: readonly KeyRange[];
  readonly start: Position | undefined;
  readonly reverse: boolean;
  readonly limit: number | undefined;
}

interface Read {
  /** Of the rows, with commas between them. */
  readonly json: string;
  readonly next: Position | undefined;
  readonly capacity: ConsumedCapacity | undefined;
}

/** Reads range after range until a page is full. */
async function readRanges(
  engine: Engine,
  { ranges, start, reverse, limit }: Reading,
  pageOf: (place: Place) => PageRequest,
): Promise<Read> {
  let json = '';
  let left = limit;
  let capacity: ConsumedCapacity | undefined;
  const first = start?.partition ?? 0;
  if (first >= ranges.length) throw wrongToken();
  for (let i = first; i < ranges.length; i += 1) {
    const whole = ranges[i] as KeyRange;
    const request = pageOf({ range: whole, reverse, limit: left });
    const from = start?.partition === i ? start.key : undefined;
    const range = from === undefined ? whole : resumed(request, from);
    const page = await readRows(engine, { ...request, range });
    const text = page.json();
    json += json === '' || text === '' ? text : `,${text}`;
    capacity = sumOf(capacity, page.consumed());
    const key = page.lastEvaluatedKey();
    if (key !== undefined) {
      return { json, next: { partition: i, key: parseMap(key) }, capacity };
    }
    if (left !== undefined) left -= page.scanned;
    const isFull = json.length > pageCharactersMax || i + 1 - first === pagePartitionsMax;
    if (isFull && i + 1 < ranges.length) {
      return { json, next: { partition: i + 1 }, capacity };
    }
  }
  return { json, next: undefined, capacity };
}

/** What is left of the range behind that key. */
function resumed({ table, index, range, reverse }: PageRequest, key: AttributeMap): KeyRange {
  const at = encodeStartKey(table, index, key);
  if (compareBytes(at, range.start) < 0 || compareBytes(at, range.end) >= 0) throw wrongToken();
  return reverse ? { start: range.start, end: at } : { start: nextKey(at), end: range.end };
}

function sumOf(
  sum: ConsumedCapacity | undefined,
  more: ConsumedCapacity | undefined,
): ConsumedCapacity | undefined {
  if (sum === undefined || more === undefined) return more ?? sum;
  const add = (a: unknown, b: unknown): unknown => {
    if (typeof a === 'number' && typeof b === 'number') return a + b;
    if (typeof a !== 'object' || a === null) return b ?? a;
    const other = (b ?? {}) as Record<string, unknown>;
    return Object.fromEntries(
      Object.entries(a).map(([name, one]) => [name, add(one, other[name])]),
    );
  };
  return add(sum, more) as ConsumedCapacity;
}

function rangesOf(
  table: StoredTable,
  index: StoredIndex | undefined,
  { partitions, sort }: KeyPlan,
): KeyRange[] {
  if (partitions === undefined) {
    const all = index === undefined ? undefined : wholeIndex(table.id, index.id);
    return [all ?? tableRange(spaces.items, table.id)];
  }
  return partitions.map((values) => {
    const hash = partitionHashOf(values);
    return index === undefined
      ? itemRange(table.id, hash, sort[0])
      : indexRange(table.id, index.id, hash, sort);
  });
}

function digestOf(engine: Engine, table: StoredTable, request: SelectRequest): string {
  const { Statement: text, Parameters: parameters } = request;
  return sha256Base64(JSON.stringify([engine.region, table.tableId, text, parameters ?? []]));
}

function tokenOf(position: Position, digest: string): string {
  return Buffer.from(JSON.stringify({ ...position, digest })).toString('base64');
}

function positionOf(token: string, digest: string): Position {
  let given: Partial<Position> & { digest?: unknown };
  try {
    given = JSON.parse(Buffer.from(token, 'base64').toString());
  } catch {
    throw validationError('Invalid NextToken');
  }
  if (given === null || typeof given !== 'object' || given.digest !== digest) throw wrongToken();
  const { partition, key } = given;
  if (!Number.isSafeInteger(partition) || (partition ?? -1) < 0) throw wrongToken();
  if (key === undefined) return { partition: partition ?? 0 };
  validateMap(key);
  return { partition: partition ?? 0, key };
}

function wrongToken(): Error {
  return validationError('NextToken does not match request');
}
