/**
 * Owns: reading a whole table, tombstones included, in pages for a replica that is being added.
 * Refuses to own: sending; what happens meanwhile (the change log tells).
 *
 *  S1  Every record that stood here when the first page was read is in a page, in that version or a
 *      later one. The change log from then on holds the rest.
 *  S2  The floor comes with the last page only: before, the new replica would take what the
 *      snapshot still brings for something it had forgotten.
 */
import { ServiceError } from '../../../endpoint/service.ts';
import type { Entry } from '../../../io/io.ts';
import { utf8Encode } from '../../../stdx/bytes.ts';
import type { ApplyRequest, ItemVersion, SnapshotRequest } from '../api.ts';
import { nextKey } from '../storage/key-encoding.ts';
import type { StoredTombstone } from '../storage/table-storage.ts';
import type { ChangesAnswer } from './read-changes.ts';
import { localKey, portableKey, type ReplicaContext, replicatedTable } from './replica-tables.ts';
import { readFloor } from './tombstones.ts';

const limitMax = 1_000;
const bytesMax = 1 << 20;

interface Page {
  readonly limit: number;
  readonly versions: ItemVersion[];
  bytes: number;
  /** Whether the last version is a tombstone: items come first. */
  deleted: boolean;
  last: Uint8Array | undefined;
  full: boolean;
}

/** One page; the header `orrery-next` leads to the following one and is absent on the last. */
export async function readSnapshot(
  context: ReplicaContext,
  request: SnapshotRequest,
): Promise<ChangesAnswer> {
  const { storage } = context;
  const table = replicatedTable(context, request.tableName);
  const limit = Math.min(request.limit, limitMax);
  const from = parseStart(table.id, request.start);
  const page = newPage(limit);
  const { store } = storage;
  if (!from.deleted) readInto(page, storage.rangeRecords(store, table.id, from.key, limit + 1));
  // A small table is one page: its tombstones follow its items.
  const deletedFrom = from.deleted ? from.key : undefined;
  if (!page.full) {
    page.deleted = true;
    const found = storage.rangeTombstones(store, table.id, deletedFrom, limit + 1);
    readInto(page, tombstones(found));
  }
  const next = nextStart(page);
  const body: ApplyRequest = {
    tableName: table.name,
    versions: page.versions,
    ...(next === undefined ? { floor: readFloor(storage.store, table.id) } : {}),
  };
  const answer = utf8Encode(JSON.stringify(body));
  await storage.store.flushed();
  const headers: Record<string, string> = { 'orrery-count': String(page.versions.length) };
  if (next !== undefined) headers['orrery-next'] = next;
  return { headers, body: answer };
}

function newPage(limit: number): Page {
  return { limit, versions: [], bytes: 0, deleted: false, last: undefined, full: false };
}

function readInto(page: Page, entries: Iterable<Entry>): void {
  page.last = undefined;
  for (const { key, value } of entries) {
    const { versions } = page;
    const tooLong = versions.length > 0 && page.bytes + value.length > bytesMax;
    if (versions.length === page.limit || tooLong) {
      page.full = true;
      return;
    }
    page.bytes += value.length;
    page.last = Buffer.from(key);
    versions.push({ key: portableKey(key), record: value, deleted: page.deleted });
  }
}

/** Tombstones as entries by item key, with the text that travels. */
function* tombstones(found: Iterable<StoredTombstone>): Iterable<Entry> {
  for (const { itemKey, record, key } of found) yield { key: itemKey, value: record + key };
}

/** Items (`i:` and the last key), then tombstones (`t:`); absent where nothing is left. */
function nextStart({ last, full, deleted }: Page): string | undefined {
  if (!full) return undefined;
  return `${deleted ? 't' : 'i'}:${last === undefined ? '' : portableKey(last)}`;
}

function parseStart(
  tableId: number,
  start: string | null,
): { key: Uint8Array | undefined; deleted: boolean } {
  if (start === null) return { key: undefined, deleted: false };
  const match = /^([it]):([A-Za-z0-9+/=]*)$/.exec(start);
  if (match === null) throw new ServiceError('ValidationException', 'start is not from here');
  const deleted = match[1] === 't';
  const portable = match[2] ?? '';
  if (portable === '') return { key: undefined, deleted };
  return { key: nextKey(localKey(tableId, portable)), deleted };
}
