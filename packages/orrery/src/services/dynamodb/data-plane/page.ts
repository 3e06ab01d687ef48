/**
 * Owns: reading one page of a table or index for Query and Scan.
 * Refuses to own: which keys to read (`query.ts`, `scan.ts`), what a page is (`rows.ts`).
 *
 * P3  A page that takes longer than a turn is read in several. Each sees the items as they are then, as
 *     DynamoDB's reads of many items do; none is read twice, and none is missed that stands there
 *     all the while.
 */
import type { SerializedBytes } from '../../../endpoint/service.ts';
import type { EntryView, ReadTransaction, ValueView } from '../../../io/io.ts';
import { present } from '../../../stdx/assert.ts';
import { utf8Slice } from '../../../stdx/bytes.ts';
import { tableNotFound } from '../errors.ts';
import { itemStartOf } from '../replication/version.ts';
import { itemKeyOfEntry } from '../storage/index-entries.ts';
import { type KeyRange, nextKey } from '../storage/key-encoding.ts';
import { projectToIndex } from '../storage/projections.ts';
import type { Turn } from '../turns.ts';
import { parseMap } from '../values/attribute-value.ts';
import { type Engine, servingTable } from './engine.ts';
import { indexOf } from './read-parameters.ts';
import { Page, type PageRequest } from './rows.ts';

/** Reads the page and puts the response together; at once where it does not take long. */
export function readPage(
  engine: Engine,
  request: PageRequest,
): SerializedBytes | Promise<SerializedBytes> {
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
    if (over) return left;
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
  let behind: KeyRange | undefined;
  let over = false;
  transaction.visit({ ...range, reverse, ...(limit !== undefined && { limit }) }, (entry) => {
    over = turn.over(addItem(transaction, page, entry));
    if (page.isSettled && page.isFull) return false;
    if (!over && page.isSettled) return true;
    const key = entry.key();
    behind = reverse
      ? { start: range.start, end: Buffer.from(key) }
      : { start: nextKey(key), end: range.end };
    return false;
  });
  return { behind, over };
}

/** Adds the item that an entry of the table or of the index stands for; returns its bytes. */
function addItem(transaction: ReadTransaction, page: Page, entry: EntryView): number {
  const { table, index } = page.request;
  const view = index === undefined ? entry : itemOfEntry(transaction, entry);
  const [start, end] = [itemStartOf(view), view.length];
  if (index === undefined || index.projection.type === 'ALL') page.add(view.bytes, start, end);
  else {
    const item = parseMap(utf8Slice(view.bytes, start, end));
    page.addText(JSON.stringify(projectToIndex(table, index, item)));
  }
  return end - start;
}

function itemOfEntry(transaction: ReadTransaction, { bytes, length }: EntryView): ValueView {
  const record = transaction.view(itemKeyOfEntry(utf8Slice(bytes, 0, length)));
  return present(record, 'the item of an index entry');
}
