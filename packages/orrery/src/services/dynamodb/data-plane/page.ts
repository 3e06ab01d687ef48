/**
 * Owns: reading one page of a table or index for Query and Scan: limits, filter, projection, and the
 * response's text.
 * Refuses to own: which keys to read (`query.ts`, `scan.ts`).
 *
 * P1  A page ends after `Limit` items, or with the item that brings it to 1 MB; then, and only then,
 *     it has a LastEvaluatedKey.
 * P2  Without filter and projection no item is parsed: its stored text is the response's text. A page
 *     whose text is below 1 MB is below 1 MB as DynamoDB counts.
 */
import { SerializedBody } from '../../../endpoint/service.ts';
import type { ReadTransaction } from '../../../io/io.ts';
import { present } from '../../../stdx/assert.ts';
import { holds } from '../expressions/evaluate.ts';
import { type Projection, project } from '../expressions/projection.ts';
import type { Condition } from '../expressions/tree.ts';
import { itemKeyOfEntry } from '../storage/index-entries.ts';
import type { KeyRange } from '../storage/key-encoding.ts';
import { projectToIndex } from '../storage/projections.ts';
import { keyAttributes, type StoredIndex, type StoredTable } from '../storage/stored-table.ts';
import { type AttributeMap, member, parseMap, setMember } from '../values/attribute-value.ts';
import { itemSize } from '../values/size.ts';
import { type CapacityMode, consumedCapacity, readUnits, wantsCapacity } from './capacity.ts';
import { itemJson } from './item-operation.ts';

const pageBytesMax = 1024 * 1024;

export interface PageRequest {
  readonly table: StoredTable;
  readonly index: StoredIndex | undefined;
  readonly range: KeyRange;
  readonly reverse: boolean;
  readonly limit: number | undefined;
  readonly filter: Condition | undefined;
  readonly projection: Projection | undefined;
  readonly countOnly: boolean;
  readonly consistent: boolean;
  readonly capacity: CapacityMode;
  /** Told what the page costs; may throw. */
  readonly spend: ((units: number) => void) | undefined;
}

/** Reads the page and puts the response together. */
export function readPage(transaction: ReadTransaction, request: PageRequest): SerializedBody {
  const page = new Page(request);
  for (const json of items(transaction, request)) {
    if (page.add(json)) break;
  }
  return page.response();
}

/** The texts of the items in the range, as table or index hold them. */
function* items(transaction: ReadTransaction, request: PageRequest): Iterable<string> {
  const { table, index, range, reverse, limit } = request;
  const entries = transaction.range({ ...range, reverse, ...(limit !== undefined && { limit }) });
  for (const { value } of entries) {
    if (index === undefined) {
      yield itemJson(value);
      continue;
    }
    const record = transaction.get(itemKeyOfEntry(value));
    const json = itemJson(present(record, 'the item of an index entry'));
    if (index.projection.type === 'ALL') yield json;
    else yield JSON.stringify(projectToIndex(table, index, parseMap(json)));
  }
}

const sizeBound = (json: string): number => json.length * 3;
const exactSize = (json: string): number => itemSize(parseMap(json));

class Page {
  readonly #request: PageRequest;
  readonly #texts: string[] = [];
  #count = 0;
  #scanned = 0;
  /** Size of the items read so far, or an upper bound of it. */
  #bytes = 0;
  #measureOf: (json: string) => number;
  #unmeasured: string[] = [];
  #last: string | undefined;
  #full = false;

  constructor(request: PageRequest) {
    this.#request = request;
    this.#measureOf = wantsCapacity(request.capacity) ? exactSize : sizeBound;
  }

  /** Takes one item; true once the page is full. */
  add(json: string): boolean {
    const { filter, projection, countOnly, limit } = this.#request;
    const item = filter !== undefined || projection !== undefined ? parseMap(json) : undefined;
    this.#measure(json, item);
    this.#scanned += 1;
    this.#last = json;
    if (filter === undefined || holds(filter, item ?? {})) {
      this.#count += 1;
      if (!countOnly) {
        this.#texts.push(
          projection === undefined ? json : JSON.stringify(project(projection, item ?? {})),
        );
      }
    }
    this.#full = this.#scanned === limit || this.#bytes >= pageBytesMax;
    return this.#full;
  }

  /**
   * The text of an item is never shorter than its size, and a character has three bytes at most, so
   * small pages need no counting: it becomes finer as the page fills.
   */
  #measure(json: string, item: AttributeMap | undefined): void {
    if (this.#measureOf === exactSize) {
      this.#bytes += itemSize(item ?? parseMap(json));
      return;
    }
    this.#unmeasured.push(json);
    this.#bytes += this.#measureOf(json);
    while (this.#bytes >= pageBytesMax && this.#measureOf !== exactSize) {
      this.#measureOf = this.#measureOf === sizeBound ? Buffer.byteLength : exactSize;
      this.#bytes = 0;
      for (const each of this.#unmeasured) this.#bytes += this.#measureOf(each);
    }
    if (this.#measureOf === exactSize) this.#unmeasured = [];
  }

  response(): SerializedBody {
    const { table, index, countOnly, capacity, consistent, spend } = this.#request;
    spend?.(readUnits(this.#bytes, consistent));
    const parts = [`"Count":${this.#count},"ScannedCount":${this.#scanned}`];
    if (!countOnly) parts.unshift(`"Items":[${this.#texts.join(',')}]`);
    if (this.#full && this.#last !== undefined) {
      const key = lastEvaluatedKey(table, index, parseMap(this.#last));
      parts.push(`"LastEvaluatedKey":${JSON.stringify(key)}`);
    }
    if (wantsCapacity(capacity)) {
      const units = readUnits(this.#bytes, consistent);
      const consumed =
        index === undefined
          ? { table: units, indexes: new Map() }
          : { table: 0, indexes: new Map([[index.name, units]]) };
      const text = JSON.stringify(consumedCapacity(table, capacity, consumed));
      parts.push(`"ConsumedCapacity":${text}`);
    }
    return new SerializedBody(`{${parts.join(',')}}`);
  }
}

function lastEvaluatedKey(
  table: StoredTable,
  index: StoredIndex | undefined,
  item: AttributeMap,
): AttributeMap {
  const key: AttributeMap = {};
  const attributes = [
    ...keyAttributes(table),
    ...(index === undefined ? [] : keyAttributes(index)),
  ];
  for (const { name } of attributes) {
    const value = member(item, name);
    if (value !== undefined) setMember(key, name, value);
  }
  return key;
}
