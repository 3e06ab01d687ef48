/**
 * Owns: the rows of one page of Query, Scan or SELECT: what is told of each, how large the page is, and
 * where it ends. The response is put together as UTF-8 while the rows come.
 * Refuses to own: reading them (`page.ts`).
 *
 * P1  A page ends after `Limit` items, or with the item that brings it to 1 MB; then, and only then,
 *     it has a LastEvaluatedKey.
 * P2  Without filter and projection no item is parsed, nor even made a text of: its stored bytes are the
 *     response's. A page whose text is below 1 MB is below 1 MB as DynamoDB counts.
 */
import { SerializedBytes } from '../../../endpoint/service.ts';
import { utf8Slice } from '../../../stdx/bytes.ts';
import { crc32 } from '../../../stdx/digest.ts';
import { Utf8Builder } from '../../../stdx/utf8-builder.ts';
import { holds } from '../expressions/evaluate.ts';
import type { Condition } from '../expressions/tree.ts';
import type { KeyAttribute, KeyRange } from '../storage/key-encoding.ts';
import { projectToIndex } from '../storage/projections.ts';
import { keyAttributes, type StoredIndex, type StoredTable } from '../storage/stored-table.ts';
import type { Turn } from '../turns.ts';
import { type AttributeMap, parseMap } from '../values/attribute-value.ts';
import { memberTexts } from '../values/member-texts.ts';
import { itemSize } from '../values/size.ts';
import {
  type CapacityMode,
  type ConsumedCapacity,
  consumedCapacity,
  readUnits,
  wantsCapacity,
} from './capacity.ts';

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

const comma = 44;
const exactSize = (json: string): number => itemSize(parseMap(json));

export class Page {
  readonly request: PageRequest;
  /** What is told of the items: those that the filter lets through. */
  readonly #told = new Utf8Builder();
  readonly #itemsStart: number;
  /** Whether items are told as they are stored; their places in what is told are remembered then. */
  readonly #isPlain: boolean;
  readonly #ends: number[] = [];
  #count = 0;
  #scanned = 0;
  /** Size of the items read so far, or an upper bound of it. */
  #bytes = 0;
  /** Whether each item is measured as it comes: where somebody asks, and once bounds are too large. */
  #isExact: boolean;
  /** Texts that are told otherwise than they are stored, while `#bytes` is only a bound. */
  #unmeasured: string[] = [];
  /** How many items are measured exactly; undefined while bounds are good enough. */
  #measured: number | undefined;
  /** Undefined where it stands at the end of what is told. */
  #last: string | undefined;
  /** Of `fetchedFor`: size of its entries, and units for the items. */
  #entryBytes = 0;
  #fetchedUnits = 0;

  constructor(request: PageRequest) {
    const { filter, shape, fetchedFor, countOnly, capacity } = request;
    this.request = request;
    this.#isPlain = filter === undefined && shape === undefined && fetchedFor === undefined;
    this.#isExact = wantsCapacity(capacity);
    if (!countOnly) this.#told.text('{"Items":[');
    this.#itemsStart = this.#told.length;
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

  /** Takes one item, whose text stands in these bytes. */
  add(bytes: Uint8Array, start: number, end: number): void {
    if (!this.#isPlain) {
      this.#addText(utf8Slice(bytes, start, end));
      return;
    }
    const told = this.#told;
    if (this.#count > 0) told.character(comma);
    told.copy(bytes, start, end);
    this.#ends.push(told.length);
    this.#count += 1;
    this.#scanned += 1;
    if (this.#isExact) this.#bytes += exactSize(this.#itemAt(this.#count - 1));
    else this.#bound(end - start);
  }

  /** The same of a text. */
  addText(json: string): void {
    if (!this.#isPlain) this.#addText(json);
    else {
      const bytes = Buffer.from(json);
      this.add(bytes, 0, bytes.length);
    }
  }

  #addText(json: string): void {
    const { filter, shape, countOnly, fetchedFor } = this.request;
    const item = parseMap(json);
    if (this.#isExact) this.#bytes += itemSize(item);
    else {
      this.#unmeasured.push(json);
      this.#bound(Buffer.byteLength(json));
    }
    if (fetchedFor !== undefined) this.#fetched(item);
    this.#scanned += 1;
    this.#last = json;
    if (filter !== undefined && !holds(filter, item)) return;
    this.#count += 1;
    if (countOnly) return;
    if (this.#count > 1) this.#told.character(comma);
    this.#told.text(shape === undefined ? json : JSON.stringify(shape(item)));
  }

  /** The text of an item is never shorter than its size, so small pages need no counting. */
  #bound(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < pageBytesMax) return;
    this.#isExact = true;
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
      const json = this.#isPlain
        ? this.#itemAt(this.#measured)
        : (this.#unmeasured[this.#measured] ?? '');
      if (json === '') {
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

  /** The item of that number, where items are told as they are stored; empty behind the last. */
  #itemAt(index: number): string {
    const end = this.#ends[index];
    const before = this.#ends[index - 1];
    const start = before === undefined ? this.#itemsStart : before + 1;
    return end === undefined ? '' : this.#told.slice(start, end);
  }

  /** JSON of the items, with commas between them. */
  json(): string {
    return this.#told.slice(this.#itemsStart, this.#told.length);
  }

  /** JSON of it; undefined where the page ends with the last item of the range. */
  lastEvaluatedKey(): string | undefined {
    if (!this.isFull) return undefined;
    const last = this.#isPlain ? this.#itemAt(this.#count - 1) : this.#last;
    if (last === undefined || last === '') return undefined;
    return memberTexts(last, keyNamesOf(this.request));
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

  /** To be asked once: what is told goes into it. */
  response(): SerializedBytes {
    const consumed = this.consumed();
    const key = this.lastEvaluatedKey();
    const text = `"Count":${this.#count},"ScannedCount":${this.#scanned}`;
    const last = key === undefined ? '' : `,"LastEvaluatedKey":${key}`;
    const cost = consumed === undefined ? '' : `,"ConsumedCapacity":${JSON.stringify(consumed)}`;
    const rest = `${text}${last}${cost}}`;
    const { countOnly } = this.request;
    const told = countOnly ? new Utf8Builder() : this.#told;
    told.text(countOnly ? `{${rest}` : `],${rest}`);
    const { bytes, release } = told.take();
    return new SerializedBytes(bytes, crc32(bytes), release);
  }
}

/** By what is read: it is replaced when it changes. */
const keyNames = new WeakMap<StoredTable | StoredIndex, readonly string[]>();

/** Names of the key attributes of the table and, behind them, of the index. */
function keyNamesOf({ table, index }: PageRequest): readonly string[] {
  const read = index ?? table;
  let names = keyNames.get(read);
  if (names === undefined) {
    const attributes = index === undefined ? keyAttributes(table) : bothKeys(table, index);
    names = [...new Set(attributes.map(({ name }) => name))];
    keyNames.set(read, names);
  }
  return names;
}

function bothKeys(table: StoredTable, index: StoredIndex): readonly KeyAttribute[] {
  return [...keyAttributes(table), ...keyAttributes(index)];
}
