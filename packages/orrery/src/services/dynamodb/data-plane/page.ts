/**
 * Owns: reading one page of a table or index for Query and Scan: limits, filter, projection, and the
 * response's text.
 * Refuses to own: which keys to read (`query.ts`, `scan.ts`).
 *
 * P1  A page ends after `Limit` items, or with the item that brings it to 1 MB; then, and only then,
 *     it has a LastEvaluatedKey.
 * P2  Without filter and projection no item is parsed: its stored text is the response's text. A page
 *     whose text is below 1 MB is below 1 MB as DynamoDB counts.
 * P3  A page that takes longer than a turn is read in several. Each sees the items as they are then, as
 *     DynamoDB's reads of many items do; none is read twice, and none is missed that stands there
 *     all the while.
 */
import { SerializedBody } from '../../../endpoint/service.ts';
import type { ReadTransaction } from '../../../io/io.ts';
import { present } from '../../../stdx/assert.ts';
import { tableNotFound } from '../errors.ts';
import { holds } from '../expressions/evaluate.ts';
import type { Condition } from '../expressions/tree.ts';
import { itemKeyOfEntry } from '../storage/index-entries.ts';
import { type KeyRange, nextKey } from '../storage/key-encoding.ts';
import { projectToIndex } from '../storage/projections.ts';
import { keyAttributes, type StoredIndex, type StoredTable } from '../storage/stored-table.ts';
import type { Turn } from '../turns.ts';
import { type AttributeMap, member, parseMap, setMember } from '../values/attribute-value.ts';
import { itemSize } from '../values/size.ts';
import {
  type CapacityMode,
  type ConsumedCapacity,
  consumedCapacity,
  readUnits,
  wantsCapacity,
} from './capacity.ts';
import { type Engine, servingTable } from './engine.ts';
import { itemJson } from './item-operation.ts';
import { indexOf } from './read-parameters.ts';

const pageBytesMax = 1024 * 1024;

export interface PageRequest {
  readonly table: StoredTable;
  readonly index: StoredIndex | undefined;
  /** The index as it is, where the table is read besides: `index` seems to hold all then. */
  readonly fetchedFor: StoredIndex | undefined;
  readonly range: KeyRange;
  readonly reverse: boolean;
  readonly limit: number | undefined;
  readonly filter: Condition | undefined;
  /** What is told of an item, where it is not all. */
  readonly shape: ((item: AttributeMap) => AttributeMap) | undefined;
  readonly countOnly: boolean;
  readonly consistent: boolean;
  readonly capacity: CapacityMode;
  /** Told what the page costs; may throw. */
  readonly spend: ((units: number) => void) | undefined;
}

/** Reads the page and puts the response together; at once where it does not take long. */
export function readPage(
  engine: Engine,
  request: PageRequest,
): SerializedBody | Promise<SerializedBody> {
  const page = readRows(engine, request);
  return page instanceof Page ? page.response() : page.then((whole) => whole.response());
}

/** Reads the page's rows; in turns where it takes long (P3). */
export function readRows(engine: Engine, request: PageRequest): Page | Promise<Page> {
  const page = new Page(request);
  const turn = engine.turns.begin();
  const left = readOn(engine, page, request.range, turn);
  turn.end();
  return left === undefined ? page : readRest(engine, page, left);
}

async function readRest(engine: Engine, page: Page, range: KeyRange): Promise<Page> {
  const { table, index } = page.request;
  for (let left: KeyRange | undefined = range; left !== undefined; ) {
    const turn = await engine.turns.next(`${table.name} is read on`);
    const now = servingTable(engine, table.name);
    if (now.id !== table.id) throw tableNotFound();
    indexOf(now, { TableName: now.name, ...(index !== undefined && { IndexName: index.name }) });
    left = readOn(engine, page, left, turn);
  }
  return page;
}

/** Reads until the turn is over: what is left of the range then. Undefined once the page is whole. */
function readOn(engine: Engine, page: Page, range: KeyRange, turn: Turn): KeyRange | undefined {
  let left = range;
  for (;;) {
    if (!page.settle(turn)) return left;
    if (page.isFull) return undefined;
    const { behind, over } = addItems(engine.storage.store, page, left, turn);
    if (behind === undefined && page.isSettled) return undefined;
    left = behind ?? { start: left.end, end: left.end };
    if (!over) continue;
    page.pack();
    return left;
  }
}

/** Adds items until the page may be full or the turn is over. */
function addItems(
  transaction: ReadTransaction,
  page: Page,
  range: KeyRange,
  turn: Turn,
): { readonly behind: KeyRange | undefined; readonly over: boolean } {
  const { reverse } = page.request;
  const limit = page.limitLeft;
  const entries = transaction.range({ ...range, reverse, ...(limit !== undefined && { limit }) });
  for (const { key, value } of entries) {
    const text = textOf(transaction, page.request, value);
    page.add(text);
    const over = turn.over(text.length);
    if (!over && page.isSettled && !page.isFull) continue;
    const behind = reverse
      ? { start: range.start, end: Buffer.from(key) }
      : { start: nextKey(key), end: range.end };
    return { behind, over };
  }
  return { behind: undefined, over: false };
}

/** The text of the item as table or index hold it, from what stands in the range. */
function textOf(
  transaction: ReadTransaction,
  { table, index }: PageRequest,
  value: string,
): string {
  if (index === undefined) return itemJson(value);
  const record = transaction.get(itemKeyOfEntry(value));
  const json = itemJson(present(record, 'the item of an index entry'));
  if (index.projection.type === 'ALL') return json;
  return JSON.stringify(projectToIndex(table, index, parseMap(json)));
}

const sizeBound = (json: string): number => json.length * 3;
const exactSize = (json: string): number => itemSize(parseMap(json));

export class Page {
  readonly request: PageRequest;
  /** Of the items that the filter lets through, unless only their number is wanted. */
  #texts: string[] = [];
  /** What earlier turns have put together of them. */
  readonly #packed: string[] = [];
  #count = 0;
  #scanned = 0;
  /** Size of the items read so far, or an upper bound of it. */
  #bytes = 0;
  #measureOf: (json: string) => number;
  /** Texts by which `#bytes` is only a bound, or that it does not have yet. */
  #unmeasured: string[] = [];
  /** How many of them are measured exactly; undefined while bounds are good enough. */
  #measured: number | undefined;
  #last: string | undefined;
  /** Of `fetchedFor`: size of its entries, and units for the items. */
  #entryBytes = 0;
  #fetchedUnits = 0;

  constructor(request: PageRequest) {
    this.request = request;
    this.#measureOf = wantsCapacity(request.capacity) ? exactSize : sizeBound;
  }

  get scanned(): number {
    return this.#scanned;
  }

  /** Whether no item fits any more; to be asked once it is settled. */
  get isFull(): boolean {
    return this.#scanned === this.request.limit || this.#bytes >= pageBytesMax;
  }

  /** False while items wait to be measured exactly. */
  get isSettled(): boolean {
    return this.#measured === undefined;
  }

  /** How many items may still come; undefined for any number. */
  get limitLeft(): number | undefined {
    const { limit } = this.request;
    return limit === undefined ? undefined : limit - this.#scanned;
  }

  /** Takes one item. */
  add(json: string): void {
    const { filter, shape, countOnly } = this.request;
    const item = filter !== undefined || shape !== undefined ? parseMap(json) : undefined;
    this.#measure(json, item);
    if (this.request.fetchedFor !== undefined) this.#fetched(item ?? parseMap(json));
    this.#scanned += 1;
    this.#last = json;
    if (filter !== undefined && !holds(filter, item ?? {})) return;
    this.#count += 1;
    if (countOnly) return;
    this.#texts.push(shape === undefined ? json : JSON.stringify(shape(item ?? {})));
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
    if (this.#bytes >= pageBytesMax && this.#measureOf === sizeBound) {
      this.#measureOf = Buffer.byteLength;
      this.#bytes = 0;
      for (const each of this.#unmeasured) this.#bytes += Buffer.byteLength(each);
    }
    if (this.#bytes < pageBytesMax) return;
    this.#measureOf = exactSize;
    this.#bytes = 0;
    this.#measured = 0;
  }

  /** The table is read item by item, each for itself. */
  #fetched(item: AttributeMap): void {
    const { table, fetchedFor: index, consistent } = this.request;
    if (index === undefined) return;
    this.#entryBytes += itemSize(projectToIndex(table, index, item));
    this.#fetchedUnits += readUnits(itemSize(item), consistent);
  }

  /** Measures what waits for it; false where the turn is over before that is done. */
  settle(turn: Turn): boolean {
    while (this.#measured !== undefined) {
      const json = this.#unmeasured[this.#measured];
      if (json === undefined) {
        this.#measured = undefined;
        this.#unmeasured = [];
        return true;
      }
      this.#bytes += exactSize(json);
      this.#measured += 1;
      if (turn.over(json.length)) return false;
    }
    return true;
  }

  /** Puts together what there is: for many small items that is work, which then each turn shares. */
  pack(): void {
    if (this.#texts.length === 0) return;
    this.#packed.push(this.#texts.join(','));
    this.#texts = [];
  }

  /** JSON of the items, with commas between them. */
  json(): string {
    this.pack();
    return this.#packed.join(',');
  }

  /** Undefined where the page ends with the last item of the range. */
  lastEvaluatedKey(): AttributeMap | undefined {
    if (!this.isFull || this.#last === undefined) return undefined;
    return keyOf(this.request, parseMap(this.#last));
  }

  /** Tells what the page costs; undefined where nobody wants to know. */
  consumed(): ConsumedCapacity | undefined {
    const { table, index, fetchedFor, capacity, consistent, spend } = this.request;
    const bytes = fetchedFor === undefined ? this.#bytes : this.#entryBytes;
    const units = readUnits(bytes, consistent);
    spend?.(units + this.#fetchedUnits);
    if (!wantsCapacity(capacity)) return undefined;
    return consumedCapacity(
      table,
      capacity,
      index === undefined
        ? { table: units, indexes: new Map() }
        : { table: this.#fetchedUnits, indexes: new Map([[index.name, units]]) },
    );
  }

  response(): SerializedBody {
    const consumed = this.consumed();
    const parts = [`"Count":${this.#count},"ScannedCount":${this.#scanned}`];
    if (!this.request.countOnly) parts.unshift(`"Items":[${this.json()}]`);
    const key = this.lastEvaluatedKey();
    if (key !== undefined) parts.push(`"LastEvaluatedKey":${JSON.stringify(key)}`);
    if (consumed !== undefined) parts.push(`"ConsumedCapacity":${JSON.stringify(consumed)}`);
    return new SerializedBody(`{${parts.join(',')}}`);
  }
}

function keyOf({ table, index }: PageRequest, item: AttributeMap): AttributeMap {
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
